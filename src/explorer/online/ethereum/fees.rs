//! The price of gas: what each of several operators says, and the median of it.
//!
//! One operator cannot raise the price: with two the lower is taken, with three the one between, and a large difference is
//! named. What comes of it is bounded again where a transaction is planned (fund.rs, policy.rs).

use alloy_eips::eip1559::{BaseFeeParams, calc_next_block_base_fee};
use serde_json::{Value, json};

use super::{
    EvmExplorer,
    jsonrpc::{Rpc, member, parsed, price, small},
    quorum::{Heard, disagreement, names},
};
use crate::{
    chain::ethereum::FeeFacts,
    explorer::{
        Cause, ExplorerError,
        ethereum::{Disagreement, Matter, Sourced},
        online::transport::endpoint::Endpoint,
    },
    network::{EvmChain, FeeMode},
};

/// Blocks whose tips are looked at.
const FEE_BLOCKS: u64 = 10;
/// Chains on which base fees follow the constants of EIP-1559 itself: Ethereum, Sepolia, Hoodi.
const STANDARD_BASE_FEE: [u64; 3] = [1, 11_155_111, 560_048];
/// The most by which a base fee may move from one block to the next: EIP-1559 allows an eighth, and no chain twice as much.
const BASE_FEE_STEP: u64 = 2;
/// A difference of more than this factor is named.
const SPREAD: u128 = 3;
/// No tip above this many wei per gas is taken from nodes, unless the base fee is so high too (geth suggests no more).
const TIP_CEILING: u128 = 500_000_000_000;
/// And none above this many times the base fee.
const TIP_FACTOR: u128 = 10;

impl EvmExplorer {
    /// The price of gas, as several operators say: the median of each figure, and the operators that differ from it by
    /// far.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn fees(&self) -> Result<Sourced<FeeFacts>, ExplorerError> {
        self.pool.wait(async {
            let heard = self.hear(2, async |node: Rpc<'_>| node.neutral().fees(self.chain).await).await;
            let Heard { said, failures, mut disagreements } = heard;
            let Some(facts) = median_facts(&said) else { return Err(self.pool.error_of(failures)) };
            disagreements.extend(spread(&said, &facts));
            let hosts: Vec<&Endpoint> = said.iter().map(|(host, _)| *host).collect();
            Ok(Sourced::said(facts, names(&hosts), disagreements))
        })
    }
}

/// The median of each figure; the lower one of two. A node that does not state a figure counts as below all that do:
/// otherwise one operator would set it alone where blocks are empty and the honest have nothing to say.
fn median_facts(said: &[(&Endpoint, FeeFacts)]) -> Option<FeeFacts> {
    let (_, first) = said.first()?;
    let median_of = |figure: &dyn Fn(&FeeFacts) -> Option<u128>| {
        let mut figures: Vec<Option<u128>> = said.iter().map(|(_, facts)| figure(facts)).collect();
        figures.sort_unstable();
        figures.get(figures.len().saturating_sub(1) / 2).copied().flatten()
    };
    let next_base_fee = median_of(&|facts| facts.next_base_fee);
    let ceiling = TIP_CEILING.max(next_base_fee.unwrap_or(0).saturating_mul(TIP_FACTOR));
    let tip = |place: usize| median_of(&move |facts| Some(*facts.tips.as_ref()?.get(place)?));
    let tips = match (tip(0), tip(1), tip(2)) {
        (Some(slow), Some(normal), Some(fast)) => Some([slow, normal, fast].map(|tip| tip.min(ceiling))),
        _ => None,
    };
    let gas_price = median_of(&|facts| Some(facts.gas_price)).unwrap_or(first.gas_price);
    Some(FeeFacts { next_base_fee, tips, gas_price, ..first.clone() })
}

/// The operators whose price differs from the median by more than the factor, in either direction. With two sources
/// both are named: which of them is right is unknown.
fn spread(said: &[(&Endpoint, FeeFacts)], median: &FeeFacts) -> Vec<Disagreement> {
    let price = |facts: &FeeFacts| match (facts.next_base_fee, facts.tips) {
        (Some(base), Some([_, tip, _])) => base.saturating_add(tip),
        (Some(base), None) => base,
        (None, _) => facts.gas_price,
    };
    let far = |one: u128, other: u128| one.max(other) > one.min(other).saturating_mul(SPREAD);
    let (ours, both) = (price(median), said.len() == 2);
    let any = said.iter().any(|(_, facts)| far(price(facts), ours));
    let named = said.iter().filter(|(_, facts)| any && (both || far(price(facts), ours)));
    named.map(|(host, facts)| disagreement(host, Matter::Price, &format!("gas costs {} wei", price(facts)))).collect()
}

impl Rpc<'_> {
    /// The price of gas from the newest block and ten before it. What a node tells oddly of tips or of a price is as if it
    /// had told nothing: only the header is needed.
    pub(super) async fn fees(&self, chain: &EvmChain) -> Result<FeeFacts, Cause> {
        let block = self.answer("eth_getBlockByNumber", json!(["latest", false])).await?;
        let number = small(member(&block, "number"))?;
        let gas_price = self.told("eth_gasPrice", json!([])).await?.and_then(|said| price(&said).ok()).unwrap_or(0);
        let facts = FeeFacts {
            block: number,
            block_hash: parsed(member(&block, "hash"))?,
            next_base_fee: None,
            tips: None,
            gas_price,
        };
        if chain.fees == FeeMode::Legacy || member(&block, "baseFeePerGas").is_null() {
            return Ok(facts);
        }
        let params = json!([format!("{FEE_BLOCKS:#x}"), format!("{number:#x}"), [10, 50, 90]]);
        let history = self.told("eth_feeHistory", params).await?.unwrap_or_default();
        let next_base_fee = match next_base_fee(chain, &block, last_base_fee(&history)) {
            // Between the two questions the block may have been reorganised, or another node behind the same name answered.
            Err(Cause::Lied) => {
                let again = self.answer("eth_getBlockByNumber", json!([format!("{number:#x}"), false])).await?;
                let is_same = member(&again, "hash") == member(&block, "hash");
                return Err(if is_same { Cause::Lied } else { Cause::Unsettled });
            }
            other => other?,
        };
        Ok(FeeFacts { next_base_fee: Some(next_base_fee), tips: tips(&history), ..facts })
    }

    /// An answer that can be done without: nothing where the node has none. A node that is too busy has said nothing yet.
    async fn told(&self, method: &str, params: Value) -> Result<Option<Value>, Cause> {
        match self.ask(method, params).await {
            Ok(answer) => Ok(Some(answer)),
            Err(refusal) if refusal.cause() == Cause::Throttled => Err(Cause::Throttled),
            Err(_) => Ok(None),
        }
    }
}

/// The base fee that follows from a header; where the constants are those of EIP-1559 the node must say the same.
fn next_base_fee(chain: &EvmChain, block: &Value, said: Option<u128>) -> Result<u128, Cause> {
    let base = price(member(block, "baseFeePerGas"))?;
    let (used, limit) = (small(member(block, "gasUsed"))?, small(member(block, "gasLimit"))?);
    let base = u64::try_from(base).map_err(|_| Cause::Malformed)?;
    if limit < 2 || used > limit {
        return Err(Cause::Malformed);
    }
    // No chain moves its base fee by more than this between two blocks; what is further away is no answer.
    let near = |said: &u128| {
        *said >= u128::from(base / BASE_FEE_STEP) && *said <= u128::from(base) * u128::from(BASE_FEE_STEP)
    };
    if !STANDARD_BASE_FEE.contains(&chain.id) {
        return Ok(said.filter(near).unwrap_or(u128::from(base)));
    }
    let reckoned = u128::from(calc_next_block_base_fee(used, limit, base, BaseFeeParams::ethereum()));
    // A genesis block is made by hand, and what follows it is the node's own choice.
    if small(member(block, "number")) == Ok(0) {
        return Ok(said.filter(near).unwrap_or(reckoned));
    }
    match said {
        // Nodes without a history of fees answer with zeros.
        Some(said) if said != reckoned && said > 0 => Err(Cause::Lied),
        _ => Ok(reckoned),
    }
}

/// `baseFeePerGas` has one entry more than blocks: the last is the next block's. Nothing where it is no price.
fn last_base_fee(history: &Value) -> Option<u128> {
    price(member(history, "baseFeePerGas").as_array()?.last()?).ok()
}

/// The median of each percentile over the blocks that were not empty: an empty block's tips are zero and say nothing. A row
/// that is not three prices says nothing either.
fn tips(history: &Value) -> Option<[u128; 3]> {
    let mut columns: [Vec<u128>; 3] = Default::default();
    for row in member(history, "reward").as_array()?.iter().take(1024) {
        let Some([low, middle, high]) = three_prices(row).filter(|[_, _, high]| *high > 0) else { continue };
        columns.iter_mut().zip([low, middle, high]).for_each(|(column, tip)| column.push(tip));
    }
    let mut medians = [0; 3];
    for (median, column) in medians.iter_mut().zip(&mut columns) {
        column.sort_unstable();
        *median = *column.get(column.len() / 2)?;
    }
    Some(medians)
}

/// The three percentiles of one block, which rise.
fn three_prices(row: &Value) -> Option<[u128; 3]> {
    let [low, middle, high] = row.as_array()?.as_slice() else { return None };
    let prices = [price(low).ok()?, price(middle).ok()?, price(high).ok()?];
    prices.is_sorted().then_some(prices)
}

#[cfg(test)]
#[path = "fees_tests.rs"]
mod tests;
