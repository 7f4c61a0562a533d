//! Whether a transaction may enter the mempool of this chain now, in the order in which Bitcoin Core asks (`PreChecks`).
//!
//! Decides and changes nothing; chain.rs acts on the answer. Replacement is judged in replacement.rs.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use bitcoin::{OutPoint, Sequence, Transaction, TxOut, Txid, consensus::serialize, relative};
use bitcoinconsensus::{Utxo, VERIFY_ALL_PRE_TAPROOT, VERIFY_TAPROOT, verify_with_flags};

use super::{
    chain::PracticeChain,
    index::{CoinOrigin, value_out},
    mempool::{Admission, MempoolEntry, RelayLimits},
    policy::MATURITY,
    reject::Reject,
    replacement, standard,
};

/// `MAX_STANDARD_TX_SIGOPS_COST`: a fifth of a block's.
const MAX_SIGOPS: u64 = 16_000;
/// `DEFAULT_BYTES_PER_SIGOP`: what one signature operation counts for in virtual bytes.
const BYTES_PER_SIGOP: u64 = 20;
/// `DEFAULT_CLUSTER_LIMIT` and `DEFAULT_CLUSTER_SIZE_LIMIT_KVB`.
const MAX_CLUSTER: (usize, u64) = (64, 101_000);
/// Lock times below this are heights, others are seconds (`LOCKTIME_THRESHOLD`).
const LOCK_TIME_THRESHOLD: u32 = 500_000_000;

/// What the mempool would do with a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub txid: Txid,
    /// Virtual bytes.
    pub vsize: u64,
    /// Fee in satoshi.
    pub fee: u64,
    /// Waiting transactions it replaces, their descendants included.
    pub replaces: Vec<Txid>,
}

/// An output about to be spent, and when it was made.
struct Spent {
    output: TxOut,
    /// Height of its block; the next block's while it waits.
    height: u32,
    origin: CoinOrigin,
}

impl PracticeChain {
    /// Judges `transaction` against the tip and the mempool.
    pub(crate) fn admission(&self, transaction: Transaction, limits: RelayLimits) -> Result<Admission, Reject> {
        standard::check_shape(&transaction)?;
        standard::check_standard(&self.policy, &transaction)?;
        let txid = transaction.compute_txid();
        if !is_final(&transaction, self.next_height(), self.median_time()) {
            return Err(Reject::plain("non-final"));
        }
        check_unknown(self, &transaction, txid)?;
        let spent = find_inputs(self, &transaction, txid)?;
        if !sequences_are_final(self, &transaction, &spent) {
            return Err(Reject::plain("non-BIP68-final"));
        }
        let fee = check_values(self, &transaction, &spent)?;
        let prevouts: Vec<TxOut> = spent.into_iter().map(|spent| spent.output).collect();
        standard::check_spends(&transaction, &prevouts)?;
        let entry = measure(transaction, txid, prevouts, fee)?;
        if limits == RelayLimits::Apply {
            check_fee(self, &entry)?;
        }
        let replaces = replacement::judge(self, &entry)?;
        if limits == RelayLimits::Apply {
            check_cluster(self, &entry, &replaces)?;
        }
        verify_scripts(&entry)?;
        Ok(Admission { entry, replaces })
    }
}

fn check_unknown(chain: &PracticeChain, transaction: &Transaction, txid: Txid) -> Result<(), Reject> {
    match chain.mempool.get(&txid) {
        Some(entry) if entry.transaction.compute_wtxid() == transaction.compute_wtxid() => {
            Err(Reject::plain("txn-already-in-mempool"))
        }
        Some(_) => Err(Reject::plain("txn-same-nonwitness-data-in-mempool")),
        None => Ok(()),
    }
}

fn find_inputs(chain: &PracticeChain, transaction: &Transaction, txid: Txid) -> Result<Vec<Spent>, Reject> {
    transaction.input.iter().map(|input| find(chain, &input.previous_output)).collect::<Option<_>>().ok_or_else(|| {
        if chain.has_unspent_output(&txid) { Reject::plain("txn-already-known") } else { Reject::missing_inputs() }
    })
}

fn find(chain: &PracticeChain, outpoint: &OutPoint) -> Option<Spent> {
    if let Some(coin) = chain.index.coin(outpoint) {
        return Some(Spent { output: coin.output.clone(), height: coin.height, origin: coin.origin });
    }
    let output = chain.mempool.output(outpoint)?.clone();
    Some(Spent { output, height: chain.next_height(), origin: CoinOrigin::Payment })
}

/// `IsFinalTx` for the next block, with the median time past of the tip as its time (BIP-113).
fn is_final(transaction: &Transaction, height: u32, time: u32) -> bool {
    let lock = transaction.lock_time.to_consensus_u32();
    let passed = if lock < LOCK_TIME_THRESHOLD { height } else { time };
    lock == 0 || lock < passed || transaction.input.iter().all(|input| input.sequence == Sequence::MAX)
}

/// BIP-68: each input's relative lock, in blocks or in units of 512 seconds of median time past.
fn sequences_are_final(chain: &PracticeChain, transaction: &Transaction, spent: &[Spent]) -> bool {
    let applies = transaction.version.0 >= 2;
    !applies
        || transaction.input.iter().zip(spent).all(|(input, spent)| match input.sequence.to_relative_lock_time() {
            None => true,
            Some(relative::LockTime::Blocks(blocks)) => spent.height + u32::from(blocks.value()) <= chain.next_height(),
            Some(relative::LockTime::Time(units)) => {
                let made = chain.median_time_at(spent.height.saturating_sub(1));
                made.saturating_add(u32::from(units.value()) * 512) <= chain.median_time()
            }
        })
}

/// `CheckTxInputs`: maturity and the balance of values. Returns the fee.
fn check_values(chain: &PracticeChain, transaction: &Transaction, spent: &[Spent]) -> Result<u64, Reject> {
    let mut value_in = 0u64;
    for coin in spent {
        let depth = chain.next_height().saturating_sub(coin.height);
        if coin.origin == CoinOrigin::Coinbase && depth < MATURITY {
            return Err(Reject::immature(depth));
        }
        value_in = value_in.saturating_add(coin.output.value.to_sat());
    }
    let value_out = value_out(transaction).unwrap_or(u64::MAX);
    value_in.checked_sub(value_out).ok_or_else(|| Reject::in_below_out(value_in, value_out))
}

fn measure(transaction: Transaction, txid: Txid, prevouts: Vec<TxOut>, fee: u64) -> Result<MempoolEntry, Reject> {
    let spends: HashMap<OutPoint, &TxOut> =
        transaction.input.iter().map(|input| input.previous_output).zip(&prevouts).collect();
    let cost = transaction.total_sigop_cost(|outpoint| spends.get(outpoint).map(|output| (*output).clone()));
    let sigops = u64::try_from(cost).unwrap_or(u64::MAX);
    if sigops > MAX_SIGOPS {
        return Err(Reject::because("bad-txns-too-many-sigops", sigops.to_string()));
    }
    let weight = transaction.weight().to_wu();
    let vsize = weight.max(sigops * BYTES_PER_SIGOP).div_ceil(4);
    Ok(MempoolEntry { transaction: Arc::new(transaction), txid, prevouts, fee, vsize, weight, sigops })
}

fn check_fee(chain: &PracticeChain, entry: &MempoolEntry) -> Result<(), Reject> {
    if entry.fee > 0 && entry.transaction.output.iter().any(standard::is_dust) {
        return Err(Reject::because("dust", "tx with dust output must be 0-fee".to_owned()));
    }
    let floor = chain.policy.mempool_min.fee(entry.vsize);
    if entry.fee < floor {
        return Err(Reject::fee_below("mempool min fee not met", entry.fee, floor));
    }
    let relay = chain.policy.min_relay.fee(entry.vsize);
    if entry.fee < relay {
        return Err(Reject::fee_below("min relay fee not met", entry.fee, relay));
    }
    Ok(())
}

fn check_cluster(chain: &PracticeChain, entry: &MempoolEntry, replaces: &BTreeSet<Txid>) -> Result<(), Reject> {
    let parents = entry.transaction.input.iter().map(|input| input.previous_output.txid);
    let cluster = chain.mempool.cluster(parents);
    let stays = || cluster.iter().filter(|txid| !replaces.contains(*txid));
    let size: u64 = stays().filter_map(|txid| chain.mempool.get(txid)).map(|relative| relative.vsize).sum();
    if stays().count() + 1 > MAX_CLUSTER.0 || size + entry.vsize > MAX_CLUSTER.1 {
        return Err(Reject::plain("too-large-cluster"));
    }
    if chain.mempool.len() >= chain.policy.capacity {
        return Err(Reject::plain("mempool full"));
    }
    Ok(())
}

/// Every input against the output it really spends, by Bitcoin Core's own code, with every rule it offers.
fn verify_scripts(entry: &MempoolEntry) -> Result<(), Reject> {
    let bytes = serialize(entry.transaction.as_ref());
    let spent: Vec<Utxo> = entry.prevouts.iter().filter_map(as_utxo).collect();
    for (index, prevout) in entry.prevouts.iter().enumerate() {
        let (script, value) = (prevout.script_pubkey.as_bytes(), prevout.value.to_sat());
        let flags = VERIFY_ALL_PRE_TAPROOT | VERIFY_TAPROOT;
        verify_with_flags(script, value, &bytes, Some(&spent), index, flags).map_err(|_| {
            let outpoint = entry.transaction.input.get(index).map_or(OutPoint::null(), |input| input.previous_output);
            Reject::script(index, (entry.txid, entry.transaction.compute_wtxid()), outpoint)
        })?;
    }
    Ok(())
}

/// The library's view of an output. An output too large for it is left out, and the library then refuses the count.
fn as_utxo(output: &TxOut) -> Option<Utxo> {
    let script = output.script_pubkey.as_bytes();
    Some(Utxo {
        script_pubkey: script.as_ptr(),
        script_pubkey_len: u32::try_from(script.len()).ok()?,
        value: i64::try_from(output.value.to_sat()).ok()?,
    })
}
