//! Replacement by fee: which waiting transactions a newcomer pushes out, and whether it pays enough for that.
//!
//! Full replacement as recent nodes do it: no signal is asked for (BIP-125 rule 1 is gone), rules 3, 4 and 5 stay,
//! and the fee rate must rise.

use std::collections::BTreeSet;

use bitcoin::Txid;

use super::{
    chain::PracticeChain,
    mempool::MempoolEntry,
    reject::{Reject, money},
};

/// BIP-125 rule 5: most transactions that one replacement may push out.
const MAX_EVICTIONS: usize = 100;

/// The transactions that must leave for `entry`, descendants included; empty when it conflicts with nothing.
pub(crate) fn judge(chain: &PracticeChain, entry: &MempoolEntry) -> Result<BTreeSet<Txid>, Reject> {
    let conflicts = conflicts(chain, entry);
    if conflicts.is_empty() {
        return Ok(conflicts);
    }
    let parents = entry.transaction.input.iter().map(|input| input.previous_output.txid);
    if let Some(ancestor) = chain.mempool.ancestors(parents).intersection(&conflicts).next() {
        return Err(Reject::because(
            "bad-txns-spends-conflicting-tx",
            format!("{} spends conflicting transaction {ancestor}", entry.txid),
        ));
    }
    let evicted: BTreeSet<Txid> = conflicts.iter().flat_map(|txid| chain.mempool.descendants(txid)).collect();
    if evicted.len() > MAX_EVICTIONS {
        return Err(Reject::because(
            "too many potential replacements",
            format!(
                "rejecting replacement {}; too many potential replacements ({} > {MAX_EVICTIONS})",
                entry.txid,
                evicted.len()
            ),
        ));
    }
    check_fees(chain, entry, &evicted)?;
    check_rate(chain, entry, &conflicts)?;
    Ok(evicted)
}

fn conflicts(chain: &PracticeChain, entry: &MempoolEntry) -> BTreeSet<Txid> {
    let inputs = entry.transaction.input.iter();
    inputs.filter_map(|input| chain.mempool.spender(&input.previous_output)).map(|(txid, _)| txid).collect()
}

/// BIP-125 rules 3 and 4: more than everything pushed out paid, by at least the relay fee of its own bytes.
fn check_fees(chain: &PracticeChain, entry: &MempoolEntry, evicted: &BTreeSet<Txid>) -> Result<(), Reject> {
    let old: u64 = evicted.iter().filter_map(|txid| chain.mempool.get(txid)).map(|gone| gone.fee).sum();
    let Some(added) = entry.fee.checked_sub(old) else {
        return Err(insufficient(entry, "less fees than conflicting txs", (entry.fee, old)));
    };
    let needed = chain.policy.incremental.fee(entry.vsize);
    if added < needed {
        return Err(insufficient(entry, "not enough additional fees to relay", (added, needed)));
    }
    Ok(())
}

fn insufficient(entry: &MempoolEntry, why: &str, (paid, needed): (u64, u64)) -> Reject {
    let detail = format!("rejecting replacement {}, {why}; {} < {}", entry.txid, money(paid), money(needed));
    Reject::because("insufficient fee", detail)
}

/// A simpler form of Core's feerate diagram: better than every transaction it conflicts with directly.
fn check_rate(chain: &PracticeChain, entry: &MempoolEntry, conflicts: &BTreeSet<Txid>) -> Result<(), Reject> {
    let best = conflicts.iter().filter_map(|txid| chain.mempool.get(txid)).map(MempoolEntry::rate).max();
    if best.is_some_and(|best| entry.rate() <= best) {
        return Err(Reject::because(
            "replacement-failed",
            "insufficient feerate: does not improve feerate diagram".to_owned(),
        ));
    }
    Ok(())
}
