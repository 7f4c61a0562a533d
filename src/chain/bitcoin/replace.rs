//! Replacing an unconfirmed transaction of ours: `bump` pays more for the same, `cancel` takes the coins back (BIP-125).
//!
//! A replacement spends every coin of the original, so the two can never both confirm; `bump` keeps recipients, amounts
//! and locktime and changes only fee and change. A payment of everything that is left has neither change nor another coin:
//! its payee gets less by the fee. Pure, like plan.rs.

use bitcoin::{Amount, Transaction, TxOut};

use super::{
    BitcoinError, Coin, CoinState, Plan, Snapshot,
    allowed::is_old_enough,
    fund::{self, Funding, Target},
    plan::{Parts, assemble, candidates, target},
    policy,
    random::Random,
    timing::Timing,
};
use crate::{
    account::{Keychain, Locks},
    amount::{FeeRate, sat_text},
    request::{Fee, FeeLimit, Freeze},
};

/// How far beyond the next change index the original's own change is looked for: drafts that came to nothing set
/// addresses aside, and the next index can lie below them.
const CHANGE_BEYOND: u32 = 200;

/// An unconfirmed transaction of ours with the coins it spends.
#[derive(Clone, Debug)]
pub struct Original {
    /// The signed transaction.
    pub transaction: Transaction,
    /// Every coin it spends, in the order of its inputs.
    pub coins: Vec<Coin>,
    /// What nodes ask for beyond its fee, for each virtual byte of a replacement (BIP-125 rule 4).
    pub incremental_relay: FeeRate,
}

/// What the replacement is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The same payments at a higher fee.
    Bump,
    /// Everything back to our own change chain.
    Cancel,
}

/// The fee of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplacementFee {
    /// The least that nodes accept as a replacement.
    Least,
    /// What the person asked for; too little is an error that names the least.
    Asked(Fee),
    /// This rate, or the least that nodes accept where that is more: for what is to be taken back in any case.
    AtLeast(FeeRate),
}

/// The replacement that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplacementRequest {
    /// What it is to do.
    pub purpose: Purpose,
    /// Its fee.
    pub fee: ReplacementFee,
    /// Which fee is too much.
    pub fee_limit: FeeLimit,
}

impl Original {
    /// What it pays as fee, in satoshi.
    ///
    /// # Errors
    /// A coin is not proven, or the transaction pays more than it spends.
    pub fn fee(&self) -> Result<u64, BitcoinError> {
        let coins: Vec<&Coin> = self.coins.iter().collect();
        let spent = candidates(&coins)?.iter().fold(0u64, |sum, coin| sum.saturating_add(coin.value));
        let paid = self.transaction.output.iter().fold(0u64, |sum, output| sum.saturating_add(output.value.to_sat()));
        spent.checked_sub(paid).ok_or(BitcoinError::Bug("a transaction that pays more than it spends"))
    }

    /// What a replacement with these outputs has to cover, without its fee.
    fn target(&self, snapshot: &Snapshot, outputs: &[TxOut]) -> Result<Target, BitcoinError> {
        target(&snapshot.account, outputs, Fee::Exact(0), Timing::of_replacement(&self.transaction))
    }
}

/// Plans a replacement. `snapshot.coins` may add coins where the change does not suffice (`bump` only).
///
/// # Errors
/// The original cannot be replaced, the fee is too low to replace it or above the stops, or the coins do not suffice.
pub fn replace(
    original: &Original,
    request: ReplacementRequest,
    snapshot: &Snapshot,
    randomness: [u8; 32],
) -> Result<Plan, BitcoinError> {
    let ReplacementRequest { purpose, fee, fee_limit } = request;
    check_spends(original)?;
    if !snapshot.account.network.chain().features.replacement {
        return Err(BitcoinError::BadRequest("nodes of this network do not replace a transaction".to_owned()));
    }
    let mut outputs = match purpose {
        Purpose::Bump => payments(original, snapshot)?,
        Purpose::Cancel => Vec::new(),
    };
    let (coins, funding) = match fund_replacement(original, request, snapshot, &outputs) {
        Err(error @ BitcoinError::InsufficientFunds { .. }) => {
            let (reduced, funding) = from_payment(original, snapshot, &outputs, fee)?.ok_or(error)?;
            outputs = vec![reduced];
            (original.coins.iter().collect(), funding)
        }
        funded => funded?,
    };
    let change = funding.change.map(|value| (snapshot.next_change, value));
    if purpose == Purpose::Cancel && change.is_none() {
        return Err(BitcoinError::BadRequest("after this fee nothing would be left to take back".to_owned()));
    }
    let parts = Parts { coins, outputs, change, timing: Timing::of_replacement(&original.transaction) };
    assemble(&snapshot.account, parts, fee_limit, &mut Random(randomness))
}

/// The coins given must be the ones that the original spends.
fn check_spends(original: &Original) -> Result<(), BitcoinError> {
    let spends = original.transaction.input.iter().map(|input| input.previous_output);
    if !spends.eq(original.coins.iter().map(|coin| coin.outpoint)) {
        return Err(BitcoinError::BadRequest(
            "it spends coins that are not of this account, so it cannot be replaced here".to_owned(),
        ));
    }
    Ok(())
}

/// The outputs that are not our change, in their order.
fn payments(original: &Original, snapshot: &Snapshot) -> Result<Vec<TxOut>, BitcoinError> {
    let mut change_scripts = Vec::new();
    for index in 0..snapshot.next_change.saturating_add(CHANGE_BEYOND) {
        change_scripts.push(snapshot.account.script(Keychain::Change, index)?);
    }
    let is_change = |output: &&TxOut| change_scripts.contains(&output.script_pubkey);
    let kept: Vec<TxOut> = original.transaction.output.iter().filter(|output| !is_change(output)).cloned().collect();
    if kept.is_empty() {
        return Err(BitcoinError::BadRequest("it pays nobody but us; cancel it instead".to_owned()));
    }
    Ok(kept)
}

fn fund_replacement<'a>(
    original: &'a Original,
    request: ReplacementRequest,
    snapshot: &'a Snapshot,
    outputs: &[TxOut],
) -> Result<(Vec<&'a Coin>, Funding), BitcoinError> {
    let locks = snapshot.account.needed_locks()?;
    let mut coins: Vec<&Coin> = original.coins.iter().collect();
    let mut more: Vec<&Coin> = match request.purpose {
        Purpose::Bump => snapshot.coins.iter().filter(|coin| may_be_added(coin, snapshot, locks)).collect(),
        Purpose::Cancel => Vec::new(),
    };
    // The smallest last, so that popping adds the largest coin first and as few as possible.
    more.sort_by_key(|coin| coin.value());
    let target = original.target(snapshot, outputs)?;
    loop {
        match fund_at_least(original, &coins, &target, request.fee) {
            Ok(funding) => return Ok((coins, funding)),
            Err(error @ BitcoinError::InsufficientFunds { .. }) => match more.pop() {
                Some(coin) => coins.push(coin),
                None => return Err(error),
            },
            Err(error) => return Err(error),
        }
    }
}

/// A payment of everything has no change, and perhaps no other coin is left: its one payee pays the fee. Nothing where the
/// original is no such payment.
fn from_payment(
    original: &Original,
    snapshot: &Snapshot,
    outputs: &[TxOut],
    fee: ReplacementFee,
) -> Result<Option<(TxOut, Funding)>, BitcoinError> {
    let ([payment], [_]) = (outputs, original.transaction.output.as_slice()) else { return Ok(None) };
    if payment.script_pubkey.is_op_return() {
        return Ok(None);
    }
    let coins: Vec<&Coin> = original.coins.iter().collect();
    let candidates = candidates(&coins)?;
    let spent = candidates.iter().fold(0u64, |sum, coin| sum.saturating_add(coin.value));
    let vsize = original.target(snapshot, outputs)?.vsize(candidates.len() as u64, None);
    let least = original.least_fee(vsize)?;
    let fee = match fee {
        ReplacementFee::Least => least,
        ReplacementFee::AtLeast(rate) => rate.fee(vsize).max(least),
        ReplacementFee::Asked(Fee::Rate(rate)) => rate.fee(vsize),
        ReplacementFee::Asked(Fee::Exact(fee)) => fee,
    };
    if fee < least {
        return Err(too_little(original, fee, LeastFee { fee: least, vsize })?);
    }
    let value = spent.checked_sub(fee).ok_or_else(|| BitcoinError::insufficient(fee, spent))?;
    if policy::check_dust(&payment.script_pubkey, value, snapshot.account.network).is_err() {
        return Ok(None);
    }
    let reduced = TxOut { value: Amount::from_sat(value), script_pubkey: payment.script_pubkey.clone() };
    Ok(Some((reduced, Funding { chosen: (0..candidates.len()).collect(), change: None, fee, leftover: 0 })))
}

/// The least fee that replaces, and the size that it is for.
struct LeastFee {
    fee: u64,
    vsize: u64,
}

/// A fee that nodes do not take for a replacement.
fn too_little(original: &Original, paid: u64, least: LeastFee) -> Result<BitcoinError, BitcoinError> {
    let old_fee = original.fee()?;
    let old_rate = FeeRate::of(old_fee, original.transaction.vsize() as u64);
    let (rate, paid, old) = (FeeRate::least_for(least.fee, least.vsize), sat_text(paid), sat_text(old_fee));
    let what = format!(
        "a fee of {paid} does not replace the {old} ({old_rate}) it pays now; the least is {}, which is {rate}",
        sat_text(least.fee)
    );
    Ok(BitcoinError::BadRequest(what))
}

/// BIP-125 rule 2: a replacement may add only confirmed coins; and none that the account still locks.
fn may_be_added(coin: &Coin, snapshot: &Snapshot, locks: Locks) -> bool {
    let is_confirmed = matches!(coin.state, CoinState::Confirmed(_)) && !coin.parent.is_coinbase();
    coin.freeze == Freeze::Free && is_confirmed && is_old_enough(coin, snapshot, locks)
}

/// Pays the fee asked for, which must be enough to replace (BIP-125 rules 3 and 4, and a higher rate than before).
fn fund_at_least(
    original: &Original,
    coins: &[&Coin],
    target: &Target,
    fee: ReplacementFee,
) -> Result<Funding, BitcoinError> {
    let candidates = candidates(coins)?;
    let fee = match fee {
        ReplacementFee::Asked(fee) => fee,
        // With change the transaction is largest, so the least fee for that size is enough for any.
        ReplacementFee::Least | ReplacementFee::AtLeast(_) => {
            let vsize = target.vsize(candidates.len() as u64, Some(0));
            let asked = if let ReplacementFee::AtLeast(rate) = fee { rate.fee(vsize) } else { 0 };
            Fee::Exact(original.least_fee(vsize)?.max(asked))
        }
    };
    let funding = fund::spend_exactly(&candidates, &Target { fee, ..*target })?;
    let vsize = target.vsize(candidates.len() as u64, funding.change);
    let least = original.least_fee(vsize)?;
    if funding.fee >= least {
        return Ok(funding);
    }
    Err(too_little(original, funding.fee, LeastFee { fee: least, vsize })?)
}

impl Original {
    /// The least fee in satoshi with which `vsize` vbytes replace it.
    ///
    /// # Errors
    /// A coin is not proven, or it pays more than it spends.
    pub fn least_fee(&self, vsize: u64) -> Result<u64, BitcoinError> {
        let old_fee = self.fee()?;
        let old_rate = FeeRate::of(old_fee, self.transaction.vsize() as u64);
        let pays_for_relay = old_fee.saturating_add(self.incremental_relay.fee(vsize));
        let better_rate = FeeRate { sat_per_kvb: old_rate.sat_per_kvb.saturating_add(1) }.fee(vsize);
        Ok(pays_for_relay.max(better_rate))
    }
}
