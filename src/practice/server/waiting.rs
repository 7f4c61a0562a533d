//! Answers about what waits: `/mempool` and `/fee-estimates`.
//!
//! Only reads the chain. Rates are printed from exact integers, never computed as floats.

use std::collections::BTreeMap;

use bitcoin::Txid;
use serde::Serialize;
use serde_json::Number;

use super::reply::{Keep, ServerAnswer, ServerReply, no_endpoint};
use crate::{
    amount::FeeRate,
    practice::{chain::PracticeChain, mempool::MempoolEntry},
};

/// Virtual bytes that one bar of the histogram holds before a new one begins.
const BAR: u64 = 50_000;
/// Entries in `/mempool/recent`.
const RECENT: usize = 10;

#[derive(Serialize)]
struct BacklogJson {
    count: usize,
    vsize: u64,
    total_fee: u64,
    fee_histogram: Vec<(Option<Number>, u64)>,
}

#[derive(Serialize)]
struct RecentJson {
    txid: Txid,
    fee: u64,
    vsize: u64,
    value: u64,
}

pub(super) fn mempool(chain: &PracticeChain, rest: &[&str]) -> ServerAnswer {
    match rest {
        [] => Ok(ServerReply::json(&backlog(chain), Keep::Short)),
        ["txids"] => Ok(ServerReply::json(&chain.mempool_txids(), Keep::Short)),
        ["recent"] => {
            let recent: Vec<RecentJson> = chain.mempool.entries().rev().take(RECENT).map(overview).collect();
            Ok(ServerReply::json(&recent, Keep::Short))
        }
        _ => Err(no_endpoint(&format!("/mempool/{}", rest.join("/")))),
    }
}

pub(super) fn fee_estimates(chain: &PracticeChain) -> ServerAnswer {
    let estimates = chain.policy.estimates.iter();
    let map: BTreeMap<u16, Number> = estimates.filter_map(|(target, rate)| Some((*target, printed(*rate)?))).collect();
    Ok(ServerReply::json(&map, Keep::Short))
}

fn overview(entry: &MempoolEntry) -> RecentJson {
    let value = entry.transaction.output.iter().map(|output| output.value.to_sat()).sum();
    RecentJson { txid: entry.txid, fee: entry.fee, vsize: entry.vsize, value }
}

fn backlog(chain: &PracticeChain) -> BacklogJson {
    let entries = || chain.mempool.entries();
    let mut rates: Vec<(FeeRate, u64)> = entries().map(|entry| (entry.rate(), entry.vsize)).collect();
    rates.sort_by(|left, right| right.cmp(left));
    BacklogJson {
        count: chain.mempool.len(),
        vsize: entries().map(|entry| entry.vsize).sum(),
        total_fee: entries().map(|entry| entry.fee).sum(),
        fee_histogram: histogram(&rates).into_iter().map(|(rate, vsize)| (printed(rate), vsize)).collect(),
    }
}

/// Bars from the highest rate down; each is named by its lowest rate.
fn histogram(rates: &[(FeeRate, u64)]) -> Vec<(FeeRate, u64)> {
    let mut bars: Vec<(FeeRate, u64)> = Vec::new();
    for (rate, vsize) in rates {
        match bars.last_mut() {
            Some((lowest, size)) if *size <= BAR || lowest == rate => {
                *lowest = *rate;
                *size += vsize;
            }
            _ => bars.push((*rate, *vsize)),
        }
    }
    bars
}

/// Satoshi per virtual byte with three decimals.
fn printed(rate: FeeRate) -> Option<Number> {
    format!("{}.{:03}", rate.sat_per_kvb / 1000, rate.sat_per_kvb % 1000).parse().ok()
}
