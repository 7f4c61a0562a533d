//! Wei as an amount of a chain's own coin.

use crate::{
    amount::{Denomination, Units},
    network::EvmChain,
};
use alloy_primitives::U256;

/// An amount of the chain's own coin.
#[must_use]
pub fn native(chain: &EvmChain, wei: U256) -> Units {
    Denomination::new(chain.symbol, chain.decimals).of(wei)
}
