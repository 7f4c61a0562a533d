//! What else a payment could cost: the estimates for slow, normal and fast, with what each would be for this transaction.

use fastness::{
    amount::{Amount, FeeRate, sat_text},
    explorer::bitcoin::FeeAdvice,
};
use serde::Serialize;

use crate::cli::duration::span;

/// A speed with the blocks within which it should confirm.
#[derive(Clone, Copy, Debug)]
struct Speed {
    name: &'static str,
    target: u16,
}

/// What a person chooses between.
const SPEEDS: [Speed; 3] =
    [Speed { name: "slow", target: 144 }, Speed { name: "normal", target: 6 }, Speed { name: "fast", target: 2 }];
/// Seconds between two blocks of Bitcoin, as its difficulty aims at.
const BLOCK: u64 = 600;

/// A rate that is estimated for a speed.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct FeeChoice {
    speed: &'static str,
    /// Blocks within which it should confirm.
    target: u16,
    rate: FeeRate,
    /// What this transaction would pay; nothing before there is one.
    fee: Option<Amount>,
}

/// The targets of the speeds.
pub(crate) const SPEED_TARGETS: [u16; 3] = [SPEEDS[0].target, SPEEDS[1].target, SPEEDS[2].target];

/// The target of `slow`, `normal` or `fast`.
pub(crate) fn target_of(name: &str) -> Option<u16> {
    SPEEDS.iter().find(|speed| speed.name == name).map(|speed| speed.target)
}

/// The targets to ask for beside the one that is wanted.
pub(crate) fn targets(wanted: u16) -> Vec<u16> {
    [wanted].into_iter().chain(SPEED_TARGETS).collect()
}

/// The choices by the answers to [`targets`]: none where there is no estimate.
pub(crate) fn choices(advice: &[FeeAdvice]) -> Vec<FeeChoice> {
    by_speed(advice.get(1..).unwrap_or_default()).into_iter().flatten().collect()
}

/// The choices by the answers to [`SPEED_TARGETS`], with a gap where there is no estimate.
pub(crate) fn by_speed(advice: &[FeeAdvice]) -> Vec<Option<FeeChoice>> {
    let choice = |(speed, advice): (&Speed, &FeeAdvice)| {
        Some(FeeChoice { speed: speed.name, target: speed.target, rate: advice.rate?, fee: None })
    };
    SPEEDS.iter().zip(advice).map(choice).collect()
}

impl FeeChoice {
    /// The same for a transaction of so many virtual bytes.
    pub(crate) fn of_size(self, vsize: u64) -> Self {
        Self { fee: Some(Amount::sat(self.rate.fee(vsize))), ..self }
    }

    /// `slow`, `normal` or `fast`.
    pub(crate) const fn name(&self) -> &'static str {
        self.speed
    }

    /// "1 sat/vB, 141 sat, within 24 h".
    pub(crate) fn cost(&self) -> String {
        let fee = self.fee.and_then(Amount::to_sat).map_or_else(String::new, |fee| format!(", {}", sat_text(fee)));
        format!("{}{fee}, within {}", self.rate, span(u64::from(self.target) * BLOCK))
    }

    /// "slow 1 sat/vB, 141 sat, within 24 h".
    pub(crate) fn words(&self) -> String {
        format!("{} {}", self.speed, self.cost())
    }
}

/// All choices in a line.
pub(crate) fn words(choices: &[FeeChoice]) -> String {
    choices.iter().map(FeeChoice::words).collect::<Vec<_>>().join(" \u{b7} ")
}

#[cfg(test)]
mod tests {
    use fastness::text::SafeText;

    use super::*;

    #[test]
    fn speeds_are_told_with_their_cost() {
        assert_eq!(targets(9), [9, 144, 6, 2]);
        let advice: Vec<FeeAdvice> = [4, 1, 4, 12]
            .map(|rate| FeeAdvice::of(vec![(SafeText::new("a.example"), FeeRate::from_sat_per_vb(rate))]))
            .into();
        let choices: Vec<FeeChoice> = choices(&advice).into_iter().map(|choice| choice.of_size(141)).collect();
        assert_eq!(
            words(&choices),
            "slow 1 sat/vB, 141 sat, within 24 h \u{b7} normal 4 sat/vB, 564 sat, within 60 min \u{b7} fast 12 sat/vB, 1,692 sat, within 20 min"
        );
        assert!(super::choices(&[FeeAdvice::of(Vec::new()), FeeAdvice::of(Vec::new())]).is_empty());
    }
}
