//! When an allowance is without limit: the one answer for calldata, messages and lists.
//!
//! Numbers with their reasons. It asks no person and no host, and shows nothing.

use alloy_primitives::{Address, U256};

use crate::{network::EvmChain, token::Token};

/// Numbers from 2^96-1 on are not meant as amounts: tokens that count in 96 bits (UNI, COMP) never use one up, and 18
/// decimals leave 79 thousand million whole tokens.
const BITS: usize = 96;
/// An allowance of so many times an owner's balance is one that the owner will never reach.
const TIMES_THE_BALANCE: u64 = 1_000_000;

/// Whether an allowance for `token` is without limit: it is 2^96-1 or more, or more than there can be of the token.
#[must_use]
pub fn is_unlimited(chain: &EvmChain, token: Address, value: U256) -> bool {
    let nearly = (U256::from(1) << BITS) - U256::from(1);
    value >= nearly || Token::at(chain.id, token).is_some_and(|token| value > token.most())
}

/// Whether an allowance is so far above a balance that it has no limit in effect: a million times, or more.
#[must_use]
pub fn is_beyond(value: U256, balance: U256) -> bool {
    !balance.is_zero() && value / U256::from(TIMES_THE_BALANCE) >= balance
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;

    use super::*;

    #[test]
    fn what_nobody_means_as_an_amount_is_unlimited() {
        let chain = EvmChain::by_id(1).expect("a chain");
        let usdc = address!("A0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48");
        let unknown = Address::repeat_byte(7);
        let below = |bits: usize| (U256::from(1) << bits) - U256::from(1);
        for bits in [96, 127, 128, 160, 255] {
            assert!(is_unlimited(chain, usdc, below(bits)) && is_unlimited(chain, unknown, below(bits)), "{bits}");
        }
        assert!(is_unlimited(chain, usdc, U256::MAX) && is_unlimited(chain, unknown, U256::MAX));
        assert!(!is_unlimited(chain, unknown, below(96) - U256::from(1)));
        // 1e27 is a milliard of a token of 18 decimals, and more than there is of USDC, which has 6.
        let wei_style = U256::from(10).pow(U256::from(27));
        assert!(is_unlimited(chain, usdc, wei_style) && !is_unlimited(chain, unknown, wei_style));
        assert!(!is_unlimited(chain, usdc, U256::from(10).pow(U256::from(17))), "a hundred milliard USDC can be");
    }

    #[test]
    fn a_million_times_the_balance_is_beyond_it() {
        let balance = U256::from(25_000_000);
        assert!(!is_beyond(balance * U256::from(999_999), balance));
        assert!(is_beyond(balance * U256::from(1_000_000), balance));
        assert!(!is_beyond(U256::MAX, U256::ZERO), "nothing is known by an empty account");
    }
}
