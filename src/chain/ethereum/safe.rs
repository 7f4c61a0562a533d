//! What a transaction of a Safe moves beside the call that it makes: the refund of gas.
//!
//! Shared by the calldata of `execTransaction` and by the message that owners sign. Source: Safe.sol, `handlePayment`.

use alloy_primitives::{Address, U256};

/// The function by which a Safe runs what its owners agreed to (Safe.sol).
pub(super) const EXEC_TRANSACTION: &str =
    "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)";
/// Safe's operation of running foreign code as the Safe.
pub(super) const DELEGATECALL: U256 = U256::from_limbs([1, 0, 0, 0]);
/// Why that is never signed unread.
pub(super) const FOREIGN_CODE: &str = "the Safe would run foreign code as itself (operation 1, a delegatecall)";
/// Why a call of a Safe to itself is never signed unread.
pub(super) const OWN_RULES: &str = "the Safe calls itself, which changes its owners, modules or rules";

/// Gas that the call itself costs beside what is in `safeTxGas`: a cold account, a value, a new account (EIP-2929, 150).
const OF_THE_CALL: u64 = 2_600 + 9_000 + 25_000;

/// The refund that a Safe pays for its execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refund {
    pub(super) safe_tx_gas: U256,
    pub(super) base_gas: U256,
    /// In smallest units of the token, per unit of gas.
    pub(super) gas_price: U256,
    /// Zero for the chain's own coin.
    pub(super) token: Address,
    /// Zero for the account that executes it.
    pub(super) receiver: Address,
}

impl Refund {
    /// The most that it can be, in smallest units of its token; nothing without a price.
    pub(super) fn most(&self) -> Option<U256> {
        let gas = self.base_gas.saturating_add(self.safe_tx_gas).saturating_add(U256::from(OF_THE_CALL));
        (!self.gas_price.is_zero()).then(|| gas.saturating_mul(self.gas_price))
    }

    /// `and REFUNDS up to 100 ETH to 0x...`, behind a sentence; empty without a refund.
    pub(super) fn sentence(
        &self,
        amount: impl Fn(Address, U256) -> String,
        name: impl Fn(Address) -> String,
    ) -> String {
        let Some(most) = self.most() else { return String::new() };
        let to = if self.receiver.is_zero() { "whoever executes it".to_owned() } else { name(self.receiver) };
        format!(", and REFUNDS up to {} for gas to {to}", amount(self.token, most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refund_is_told_with_the_most_that_it_can_be() {
        let refund = |base_gas: U256, gas_price: U256| Refund {
            safe_tx_gas: U256::ZERO,
            base_gas,
            gas_price,
            token: Address::ZERO,
            receiver: Address::ZERO,
        };
        let price = U256::from(10_000_000_000u64);
        let of_the_call = price * U256::from(OF_THE_CALL);
        assert_eq!(refund(U256::from(10), price).most(), Some(U256::from(10) * price + of_the_call));
        assert_eq!(refund(U256::MAX, U256::ZERO).most(), None);
        assert_eq!(refund(U256::MAX, U256::MAX).most(), Some(U256::MAX));
        let said = refund(U256::ZERO, price).sentence(|_, most| most.to_string(), |_| String::new());
        assert_eq!(said, format!(", and REFUNDS up to {of_the_call} for gas to whoever executes it"));
    }
}
