//! What slow, normal and fast cost on an EVM chain: the most per unit of gas, and for so much gas.
//!
//! Words only: the prices are planned by the library.

use alloy_primitives::U256;
use fastness::{
    amount::{Denomination, GWEI_DECIMALS, Units},
    chain::ethereum::{fund::LevelPrices, units::native},
    network::EvmChain,
};
use serde::Serialize;

/// A speed with the most that it costs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EvmFeeChoice {
    speed: &'static str,
    /// The most for a unit of gas, in wei.
    max_fee_per_gas: u128,
    /// Of it for the block's maker at most, in wei.
    tip_per_gas: u128,
    /// The most for all of the gas.
    most: Units,
}

impl EvmFeeChoice {
    /// What a level costs at most for so much gas.
    pub(crate) fn of(level: LevelPrices, chain: &EvmChain, gas: u64) -> Self {
        let LevelPrices { level, prices } = level;
        let most = native(chain, U256::from(prices.max_fee).saturating_mul(U256::from(gas)));
        Self { speed: level.name(), max_fee_per_gas: prices.max_fee, tip_per_gas: prices.tip, most }
    }

    /// `slow`, `normal` or `fast`.
    pub(crate) const fn name(&self) -> &'static str {
        self.speed
    }

    /// The most for all of the gas.
    pub(crate) const fn most(&self) -> &Units {
        &self.most
    }

    /// "at most 3.2 gwei, 0.000 067 2 ETH".
    pub(crate) fn cost(&self) -> String {
        let gwei = Denomination::new("gwei", GWEI_DECIMALS).of(U256::from(self.max_fee_per_gas));
        format!("at most {gwei}, {}", self.most)
    }
}

/// All choices in a line.
pub(crate) fn words(choices: &[EvmFeeChoice]) -> String {
    choices.iter().map(|choice| format!("{} {}", choice.name(), choice.cost())).collect::<Vec<_>>().join(" \u{b7} ")
}

#[cfg(test)]
mod tests {
    use fastness::{chain::ethereum::fund::Prices, request::FeeLevel};

    use super::*;

    #[test]
    fn a_speed_is_told_with_the_most_it_costs() {
        let chain = EvmChain::by_id(1).unwrap();
        let prices = Prices { max_fee: 3_200_000_000, tip: 1 };
        let slow = EvmFeeChoice::of(LevelPrices { level: FeeLevel::Slow, prices }, chain, 21_000);
        assert_eq!(
            words(&[slow.clone(), slow]),
            "slow at most 3.2 gwei, 0.000 067 2 ETH \u{b7} slow at most 3.2 gwei, 0.000 067 2 ETH"
        );
    }
}
