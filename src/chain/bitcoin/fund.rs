//! Coin selection: branch and bound for a payment without change, else the best of several orders by the waste metric.
//!
//! Deterministic: the same coins and target give the same choice, so a server cannot probe by asking again.
//! Works on numbers alone; knows no scripts, keys or PSBTs.

use super::BitcoinError;
use crate::{account::SpendCost, amount::FeeRate, request::Fee};

/// Rate at which coins are assumed to be spent one day; the waste metric compares with it (Bitcoin Core's default).
const LONG_TERM: FeeRate = FeeRate::from_sat_per_vb(10);
/// Branch and bound gives up after this many steps, as Bitcoin Core does.
const MAX_STEPS: u32 = 100_000;

/// A coin as selection sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Satoshi.
    pub value: u64,
    /// Block height, or `u32::MAX` while unconfirmed.
    pub height: u32,
}

/// What the chosen coins have to cover.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What an input costs: every one of them, and one day that of the change.
    pub spend: SpendCost,
    /// Sum of the outputs other than change, in satoshi.
    pub pay: u64,
    /// Their serialized size in bytes.
    pub outputs_bytes: u64,
    /// Their number.
    pub outputs: u64,
    /// How the fee is chosen.
    pub fee: Fee,
    /// Serialized size of a change output in bytes.
    pub change_bytes: u64,
    /// Least value of a change output in satoshi.
    pub change_minimum: u64,
}

/// The choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funding {
    /// Positions in the list of candidates, ascending.
    pub chosen: Vec<usize>,
    /// Value of the change output, if there is one.
    pub change: Option<u64>,
    /// The fee in satoshi, `leftover` included.
    pub fee: u64,
    /// Part of the fee that was not asked for: too little to be change.
    pub leftover: u64,
}

const fn varint(number: u64) -> u64 {
    match number {
        0..=0xfc => 1,
        0xfd..=0xffff => 3,
        _ => 5,
    }
}

impl Target {
    /// Virtual size in vbytes with `inputs` coins.
    #[must_use]
    pub const fn vsize(&self, inputs: u64, change: Option<u64>) -> u64 {
        let (count, bytes) = match change {
            Some(_) => (self.outputs + 1, self.outputs_bytes + self.change_bytes),
            None => (self.outputs, self.outputs_bytes),
        };
        let marker = if self.spend.has_witness { 2 } else { 0 };
        let weight = 4 * (8 + varint(inputs) + varint(count) + bytes) + marker + inputs * self.spend.weight;
        weight.div_ceil(4)
    }

    fn fee(&self, inputs: u64, change: Option<u64>) -> u64 {
        match self.fee {
            Fee::Exact(fee) => fee,
            Fee::Rate(rate) => rate.fee(self.vsize(inputs, change)),
        }
    }

    /// How far above the fee asked for a payment without change may go. The promise is 1% and one satoshi an input of the
    /// signed size; a signature is now and then a byte shorter than reckoned, and most of the 1% is kept for that.
    const fn tolerance(fee: u64, inputs: u64) -> u64 {
        fee / 250 + inputs / 2
    }

    /// True if a coin of `value` satoshi holds more than its input costs at the rate asked for.
    #[must_use]
    pub fn is_worth_spending(&self, value: u64) -> bool {
        match self.fee {
            Fee::Exact(_) => true,
            Fee::Rate(rate) => value > rate.fee(self.spend.weight.div_ceil(4)),
        }
    }

    fn rate(&self) -> FeeRate {
        match self.fee {
            Fee::Rate(rate) => rate,
            Fee::Exact(fee) => FeeRate::of(fee, self.vsize(1, Some(0))),
        }
    }
}

impl Funding {
    /// The part of the leftover that is no rounding: it goes to the miner because it is too little to be change.
    #[must_use]
    pub fn given_away(&self) -> u64 {
        let asked = self.fee.saturating_sub(self.leftover);
        self.leftover.saturating_sub(Target::tolerance(asked, self.chosen.len() as u64))
    }
}

/// Chooses coins for the target, among those that hold more than their input costs: dust from a stranger must not make
/// a payment fail (with it, more coins could cover less).
///
/// # Errors
/// The candidates that are worth spending do not cover payments and fee.
pub fn select(candidates: &[Candidate], target: &Target) -> Result<Funding, BitcoinError> {
    let (places, worth): (Vec<usize>, Vec<Candidate>) =
        candidates.iter().copied().enumerate().filter(|(_, coin)| target.is_worth_spending(coin.value)).unzip();
    let funding = select_among(&worth, target)?;
    let chosen = funding.chosen.iter().filter_map(|place| places.get(*place).copied()).collect();
    Ok(Funding { chosen, ..funding })
}

fn select_among(candidates: &[Candidate], target: &Target) -> Result<Funding, BitcoinError> {
    let orders = orders(candidates);
    let exact = branch_and_bound(candidates, target, &orders[0]);
    let with_change = orders.iter().filter_map(|order| accumulate(candidates, target, order));
    let best = exact
        .into_iter()
        .chain(with_change)
        .min_by_key(|funding| (waste(funding, target), funding.chosen.len(), funding.chosen.clone()));
    if let Some(funding) = best {
        return Ok(funding);
    }
    // Nothing leaves a proper change: the little that is left over goes to the miner, and the review says so.
    let without = orders.iter().filter_map(|order| accumulate_without_change(candidates, target, order));
    without.min_by_key(|funding| funding.leftover).ok_or_else(|| shortfall(candidates, target))
}

/// All of `candidates` must be spent; what remains is change if it is worth it.
///
/// # Errors
/// They do not cover payments and fee.
pub fn spend_exactly(candidates: &[Candidate], target: &Target) -> Result<Funding, BitcoinError> {
    let all: Vec<usize> = (0..candidates.len()).collect();
    settle(candidates, target, all.clone())
        .or_else(|| settle_without_change(candidates, target, all))
        .ok_or_else(|| shortfall(candidates, target))
}

/// The fee for spending `inputs` coins to the outputs of the target, without change, in satoshi.
#[must_use]
pub fn fee_without_change(target: &Target, inputs: u64) -> u64 {
    target.fee(inputs, None)
}

fn shortfall(candidates: &[Candidate], target: &Target) -> BitcoinError {
    let fee = target.fee(candidates.len().max(1) as u64, None);
    BitcoinError::insufficient(target.pay.saturating_add(fee), sum(candidates, 0..candidates.len()))
}

fn sum(candidates: &[Candidate], chosen: impl IntoIterator<Item = usize>) -> u64 {
    chosen.into_iter().filter_map(|place| candidates.get(place)).fold(0, |total, coin| total.saturating_add(coin.value))
}

/// Largest first, smallest first, oldest first, and the one closest above the target first.
fn orders(candidates: &[Candidate]) -> [Vec<usize>; 3] {
    let sorted = |key: &dyn Fn(&Candidate) -> (u64, u64)| {
        let mut places: Vec<usize> = (0..candidates.len()).collect();
        places.sort_by_key(|place| candidates.get(*place).map(key));
        places
    };
    [
        sorted(&|coin| (u64::MAX - coin.value, u64::from(coin.height))),
        sorted(&|coin| (coin.value, u64::from(coin.height))),
        sorted(&|coin| (u64::from(coin.height), u64::MAX - coin.value)),
    ]
}

/// Takes coins in order until payments, fee and a proper change are covered; then drops those that were not needed.
fn accumulate(candidates: &[Candidate], target: &Target, order: &[usize]) -> Option<Funding> {
    let enough = |chosen: &[usize]| settle(candidates, target, chosen.to_vec());
    trim(order, &|chosen| enough(chosen).is_some()).and_then(|chosen| enough(&chosen))
}

fn accumulate_without_change(candidates: &[Candidate], target: &Target, order: &[usize]) -> Option<Funding> {
    let enough = |chosen: &[usize]| settle_without_change(candidates, target, chosen.to_vec());
    trim(order, &|chosen| enough(chosen).is_some()).and_then(|chosen| enough(&chosen))
}

fn trim(order: &[usize], enough: &dyn Fn(&[usize]) -> bool) -> Option<Vec<usize>> {
    // The shortest prefix that is enough: every coin is worth its input, so being enough grows with the prefix. Bisect.
    if !enough(order) {
        return None;
    }
    let (mut short, mut long) = (0, order.len());
    while short + 1 < long {
        let middle = short.midpoint(long);
        if enough(order.get(..middle)?) { long = middle } else { short = middle }
    }
    let mut chosen = order.get(..long)?.to_vec();
    for place in order.get(..long)? {
        let without: Vec<usize> = chosen.iter().copied().filter(|other| other != place).collect();
        if enough(&without) {
            chosen = without;
        }
    }
    chosen.sort_unstable();
    Some(chosen)
}

/// These coins with change, if they cover payments, fee and the least change.
fn settle(candidates: &[Candidate], target: &Target, chosen: Vec<usize>) -> Option<Funding> {
    let fee = target.fee(chosen.len() as u64, Some(0));
    let change = sum(candidates, chosen.iter().copied()).checked_sub(target.pay)?.checked_sub(fee)?;
    (!chosen.is_empty() && change >= target.change_minimum).then_some(Funding {
        chosen,
        change: Some(change),
        fee,
        leftover: 0,
    })
}

/// These coins without change, if they cover payments and fee.
fn settle_without_change(candidates: &[Candidate], target: &Target, chosen: Vec<usize>) -> Option<Funding> {
    let asked = target.fee(chosen.len() as u64, None);
    let fee = sum(candidates, chosen.iter().copied()).checked_sub(target.pay)?;
    let leftover = fee.checked_sub(asked)?;
    (!chosen.is_empty()).then_some(Funding { chosen, change: None, fee, leftover })
}

/// Bitcoin Core's waste metric: what these inputs cost now over what they would cost one day, plus change or excess.
fn waste(funding: &Funding, target: &Target) -> i128 {
    let weight = funding.chosen.len() as u64 * target.spend.weight;
    let cost = |rate: FeeRate, weight: u64| i128::from(rate.fee(weight.div_ceil(4)));
    let rate = target.rate();
    let inputs = cost(rate, weight) - cost(LONG_TERM, weight);
    let rest = match funding.change {
        Some(_) => cost(rate, 4 * target.change_bytes) + cost(LONG_TERM, target.spend.weight),
        None => i128::from(funding.leftover),
    };
    inputs + rest
}

/// Depth-first search for coins that need no change, largest first, as in Bitcoin Core's SelectCoinsBnB.
fn branch_and_bound(candidates: &[Candidate], target: &Target, order: &[usize]) -> Option<Funding> {
    let mut search = CoinSearch { candidates, target, order, rest: rest_sums(candidates, order), steps: 0, best: None };
    search.descend(0, &mut Vec::new(), 0);
    search.best
}

/// `rest[i]`: the sum of the values from position `i` of the order to its end.
fn rest_sums(candidates: &[Candidate], order: &[usize]) -> Vec<u64> {
    let mut rest = vec![0u64; order.len() + 1];
    for (place, candidate) in order.iter().enumerate().rev() {
        let value = candidates.get(*candidate).map_or(0, |coin| coin.value);
        let after = rest.get(place + 1).copied().unwrap_or(0);
        if let Some(slot) = rest.get_mut(place) {
            *slot = after.saturating_add(value);
        }
    }
    rest
}

struct CoinSearch<'a> {
    candidates: &'a [Candidate],
    target: &'a Target,
    order: &'a [usize],
    rest: Vec<u64>,
    steps: u32,
    best: Option<Funding>,
}

impl CoinSearch<'_> {
    /// Decides on the coin at `depth`. The stack is at most as deep as MAX_DEPTH coins.
    fn descend(&mut self, depth: usize, chosen: &mut Vec<usize>, value: u64) {
        const MAX_DEPTH: usize = 2_000;
        self.steps += 1;
        let inputs = chosen.len() as u64;
        let fee = self.target.fee(inputs.max(1), None);
        let needed = self.target.pay.saturating_add(fee);
        if value >= needed {
            if value - needed <= Target::tolerance(fee, inputs) {
                self.keep(chosen.clone());
            }
            return;
        }
        let rest = self.rest.get(depth).copied().unwrap_or(0);
        if self.steps > MAX_STEPS || depth > MAX_DEPTH || value.saturating_add(rest) < needed {
            return;
        }
        let Some(place) = self.order.get(depth).copied() else { return };
        let coin = self.candidates.get(place).map_or(0, |coin| coin.value);
        chosen.push(place);
        self.descend(depth + 1, chosen, value.saturating_add(coin));
        chosen.pop();
        self.descend(depth + 1, chosen, value);
    }

    fn keep(&mut self, mut chosen: Vec<usize>) {
        chosen.sort_unstable();
        let Some(funding) = settle_without_change(self.candidates, self.target, chosen) else { return };
        let better = self.best.as_ref().is_none_or(|best| waste(&funding, self.target) < waste(best, self.target));
        if better {
            self.best = Some(funding);
        }
    }
}

#[cfg(test)]
#[path = "fund_tests.rs"]
mod tests;
