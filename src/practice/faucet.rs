//! Coins for practice, without any key: blocks pay a script that needs no signature, and the faucet spends from it.
//!
//! Must not be imagined on a chain with a price: P2WSH(OP_TRUE) belongs to the first taker.

use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness, absolute, transaction};

use super::{
    PracticeError,
    chain::PracticeChain,
    coinbase::{always_true, script, subsidy},
    index::{CoinOrigin, script_hash},
    policy::MATURITY,
};
use crate::amount::FeeRate;

/// Most payments in one transaction: well under the standard weight.
const PAYMENTS: usize = 1_000;
/// Most coins gathered for one transaction.
const INPUTS: usize = 500;
/// Longest and largest (virtual bytes) family of waiting payments to add to, and how many of them to join: what the
/// faucet pays out must leave space for a wallet's own chain of spends.
const FAMILY: (usize, u64) = (16, 15_000);
const FAMILIES: usize = 3;
/// Most blocks mined to gather coins: 100 until the first matures, and as many again as one transaction may spend.
const BLOCKS: usize = 600;
/// Pays a little more than the least.
const EXTRA: FeeRate = FeeRate::from_sat_per_vb(1);

impl PracticeChain {
    /// Puts a payment of `sat` satoshi to `script_pubkey` into the mempool, and returns its id. When coins are missing,
    /// blocks are mined first, and they confirm whatever waits.
    ///
    /// # Errors
    /// The amount is dust or beyond what can be gathered, or the disk failed.
    pub fn faucet(&mut self, script_pubkey: ScriptBuf, sat: u64) -> Result<Txid, PracticeError> {
        let output = TxOut { value: Amount::from_sat(sat), script_pubkey };
        self.pay_from_faucet(vec![output])
    }

    /// Many payments at once, up to 1,000 in a transaction; as [`Self::faucet`].
    ///
    /// # Errors
    /// As [`Self::faucet`]; the payments before the one that failed are done.
    pub fn faucet_many(&mut self, payments: &[(ScriptBuf, u64)]) -> Result<Vec<Txid>, PracticeError> {
        payments
            .chunks(PAYMENTS)
            .map(|chunk| {
                let outputs = chunk.iter().map(|(script_pubkey, sat)| TxOut {
                    value: Amount::from_sat(*sat),
                    script_pubkey: script_pubkey.clone(),
                });
                self.pay_from_faucet(outputs.collect())
            })
            .collect()
    }

    fn pay_from_faucet(&mut self, outputs: Vec<TxOut>) -> Result<Txid, PracticeError> {
        let total = outputs.iter().fold(0u64, |sum, output| sum.saturating_add(output.value.to_sat()));
        for _ in 0..BLOCKS {
            if let Some(payment) = self.faucet_payment(&outputs, total) {
                return self.submit(payment).map_err(PracticeError::Refused);
            }
            if subsidy(self.next_height()) == 0 {
                break;
            }
            self.mine_unsaved(script())?;
        }
        self.save()?;
        Err(PracticeError::FaucetDry { sat: total })
    }

    /// A payment from the coins at hand, or `None` when they do not suffice.
    fn faucet_payment(&self, outputs: &[TxOut], total: u64) -> Option<Transaction> {
        let rate = FeeRate {
            sat_per_kvb: self
                .policy
                .min_relay
                .max(self.policy.mempool_min)
                .sat_per_kvb
                .checked_add(EXTRA.sat_per_kvb)?,
        };
        let mut payment = Transaction {
            version: transaction::Version::TWO,
            lock_time: absolute::LockTime::ZERO,
            input: Vec::new(),
            output: outputs.to_vec(),
        };
        payment.output.push(TxOut { value: Amount::ZERO, script_pubkey: script() });
        let mut gathered = 0u64;
        for (outpoint, value) in self.faucet_coins().take(INPUTS) {
            gathered = gathered.checked_add(value)?;
            payment.input.push(spend(outpoint));
            let needed = total.checked_add(rate.fee(payment.weight().to_vbytes_ceil()))?;
            if let Some(change) = gathered.checked_sub(needed) {
                return Some(with_change(payment, change));
            }
        }
        None
    }

    /// Coins that may be spent now: ripe and confirmed first, oldest first, then change that still waits.
    fn faucet_coins(&self) -> impl Iterator<Item = (OutPoint, u64)> {
        let hash = script_hash(&script());
        let free = |outpoint: &OutPoint| self.mempool.spender(outpoint).is_none();
        let confirmed = self.index.history(&hash).into_iter().flat_map(|history| &history.unspent);
        let confirmed = confirmed.filter_map(move |(height, outpoint)| {
            let coin = self.index.coin(outpoint)?;
            let ripe = coin.origin == CoinOrigin::Payment || height + MATURITY <= self.next_height();
            (ripe && free(outpoint)).then(|| (*outpoint, coin.output.value.to_sat()))
        });
        let waiting = self.mempool.history(hash).filter_map(move |entry| {
            let (vout, change) = (0u32..).zip(&entry.transaction.output).last()?;
            let outpoint = OutPoint { txid: entry.txid, vout };
            let ours = change.script_pubkey == script() && free(&outpoint);
            (ours && self.has_small_family(entry.txid)).then(|| (outpoint, change.value.to_sat()))
        });
        confirmed.chain(waiting.take(FAMILIES))
    }

    fn has_small_family(&self, txid: Txid) -> bool {
        let family = self.mempool.cluster([txid]);
        let vsize: u64 = family.iter().filter_map(|txid| self.mempool.get(txid)).map(|entry| entry.vsize).sum();
        family.len() < FAMILY.0 && vsize < FAMILY.1
    }
}

fn spend(previous_output: OutPoint) -> TxIn {
    TxIn {
        previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::from_slice(&[always_true().as_bytes()]),
    }
}

/// The payment with its change, or without it when it would be dust (the miner gets it).
fn with_change(mut payment: Transaction, sat: u64) -> Transaction {
    if let Some(change) = payment.output.pop()
        && Amount::from_sat(sat) >= change.script_pubkey.minimal_non_dust()
    {
        payment.output.push(TxOut { value: Amount::from_sat(sat), ..change });
    }
    payment
}
