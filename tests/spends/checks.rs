//! What must be true of every spend, reckoned here from the finished transaction alone.

use crate::cases::{Case, allowed, target};
use bitcoin::{OutPoint, Sequence, Transaction, consensus::deserialize};
use fastness::{
    account::{Keychain, Locks, STANDARD_GAP, Search},
    amount::Quantity,
    chain::bitcoin::{BitcoinError, Coin, CoinState, OwnAccount, Ownership, Plan, decode, plan::plan, policy, sign},
    keystore::Keys,
    request::{CoinChoice, Fee, Replacement},
    review::{Review, Role},
};

/// Why a case failed.
pub(crate) type Broken = String;

/// A spend that went through.
pub(crate) struct Spend {
    pub(crate) plan: Plan,
    pub(crate) transaction: Transaction,
    pub(crate) fee: u64,
    pub(crate) has_change: bool,
}

/// How a case ended.
pub(crate) enum End {
    Spent(Box<Spend>),
    /// There was not enough, and the test agrees.
    Refused,
    /// Too little would have been left for change, and the test finds no way around it either.
    LeftOver,
}

pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(what()) }
}

/// Plans, reviews, signs and finishes a case, and checks everything about it.
pub(crate) fn run(case: &Case, keys: &Keys) -> Result<End, Broken> {
    let plan = match plan(&case.request, &case.snapshot, case.randomness) {
        Ok(plan) => plan,
        Err(error @ BitcoinError::LeftOver(_)) => return refusal(case, &error).map(|()| End::LeftOver),
        Err(error) => return refusal(case, &error).map(|()| End::Refused),
    };
    let (transaction, review) = signed(&plan, case, keys)?;
    let fee = balance(case, &plan, &transaction, &review)?;
    outputs(case, &transaction, &review)?;
    coins(case, &transaction)?;
    let has_change = review.outputs.iter().any(|output| output.role == Role::Change);
    fee_bounds(case, &transaction, &review, fee)?;
    Ok(End::Spent(Box::new(Spend { plan, transaction, fee, has_change })))
}

/// The case's account, searched as far as its snapshot says: change at its next places is found again.
pub(crate) fn own(case: &Case) -> Ownership {
    let search = Search::after([case.snapshot.next_change; 2], STANDARD_GAP);
    Ownership::of(vec![OwnAccount::searched(case.snapshot.account.clone(), search)])
}

/// The finished transaction (accepted by Bitcoin Core's code) and the review of its plan.
pub(crate) fn signed(plan: &Plan, case: &Case, keys: &Keys) -> Result<(Transaction, Review), Broken> {
    let ours = own(case);
    let review = decode::review(plan, &ours).map_err(|error| format!("review: {error}"))?;
    let jobs = sign::jobs(plan, &ours).map_err(|error| format!("jobs: {error}"))?;
    let signatures = keys.sign(&jobs).map_err(|error| format!("keys: {error}"))?;
    let signed = sign::finish(plan.clone(), &jobs, &signatures).map_err(|error| format!("finish: {error}"))?;
    let transaction: Transaction = deserialize(&signed.bytes).map_err(|error| error.to_string())?;
    let amounts: Vec<Option<u64>> =
        review.inputs.iter().map(|input| input.amount.and_then(fastness::amount::Amount::to_sat)).collect();
    ensure(amounts == signed.input_amounts.iter().copied().map(Some).collect::<Vec<_>>(), || {
        "reviewed amounts are not the signed ones".to_owned()
    })?;
    Ok((transaction, review))
}

/// Inputs are outputs plus fee, with the inputs' values taken from the coins themselves.
fn balance(case: &Case, plan: &Plan, transaction: &Transaction, review: &Review) -> Result<u64, Broken> {
    let value = |outpoint: &OutPoint| {
        let coin = case.snapshot.coins.iter().find(|coin| coin.outpoint == *outpoint)?;
        coin.parent.output.get(usize::try_from(outpoint.vout).ok()?).map(|output| output.value.to_sat())
    };
    let spent: Option<u64> = transaction.input.iter().map(|input| value(&input.previous_output)).sum();
    let spent = spent.ok_or("a coin that is not in the wallet")?;
    let paid: u64 = transaction.output.iter().map(|output| output.value.to_sat()).sum();
    let fee = review.fee.and_then(fastness::amount::Amount::to_sat).ok_or("a review without a fee")?;
    ensure(spent == paid + fee, || format!("{spent} in, {paid} out, {fee} as fee"))?;
    ensure(plan.psbt.unsigned_tx.compute_ntxid() == transaction.compute_ntxid(), || "signed another one".to_owned())?;
    let vsize = transaction.vsize() as u64;
    ensure(vsize <= review.vsize, || format!("{vsize} vbytes, and the review said {}", review.vsize))?;
    Ok(fee)
}

/// Every payment as asked and in order, the memo, and at most one change output, on our next change script.
fn outputs(case: &Case, transaction: &Transaction, review: &Review) -> Result<(), Broken> {
    let next = case.snapshot.account.script(Keychain::Change, case.snapshot.next_change).map_err(|e| e.to_string())?;
    let mut rest = Vec::new();
    let mut change = 0;
    for (output, reviewed) in transaction.output.iter().zip(&review.outputs) {
        if reviewed.role != Role::Change {
            rest.push(output);
            continue;
        }
        change += 1;
        ensure(output.script_pubkey == next, || "change that is not on the next change script".to_owned())?;
        ensure(output.value.to_sat() >= policy::dust_limit(&next, case.snapshot.account.network), || {
            "change that is dust".to_owned()
        })?;
    }
    ensure(change <= 1, || format!("{change} change outputs"))?;
    let memos = usize::from(case.request.memo.is_some());
    ensure(rest.len() == case.request.payments.len() + memos, || format!("{} outputs", rest.len()))?;
    for (payment, output) in case.request.payments.iter().zip(&rest) {
        let exact = match payment.quantity {
            Quantity::All => change == 0,
            Quantity::Exact(amount) => amount.to_sat() == Some(output.value.to_sat()),
        };
        ensure(exact && output.script_pubkey == payment.script, || "a payment is not as asked".to_owned())?;
    }
    let memo = rest.last().filter(|_| memos == 1);
    ensure(memo.is_none_or(|output| output.script_pubkey.is_op_return() && output.value.to_sat() == 0), || {
        "no memo".to_owned()
    })
}

/// Only coins that may be spent; all those named, and for `all` those that hold more than they cost; sequences as asked.
fn coins(case: &Case, transaction: &Transaction) -> Result<(), Broken> {
    let coins = allowed(&case.snapshot, &case.request.coins);
    let allowed: Vec<OutPoint> = coins.iter().map(|coin| coin.outpoint).collect();
    let spent = transaction.input.iter().map(|input| input.previous_output);
    for outpoint in spent.clone() {
        ensure(allowed.contains(&outpoint), || format!("{outpoint} must not be spent"))?;
    }
    let all = case.request.payments.iter().any(|payment| payment.quantity == Quantity::All);
    if matches!(case.request.coins, CoinChoice::Exactly(_)) {
        ensure(spent.clone().count() == allowed.len(), || "not every coin named is spent".to_owned())?;
    } else if all {
        let worth = worth_spending(case).len();
        ensure(spent.count() == worth, || format!("not the {worth} coins that are worth it"))?;
    }
    let wanted = match case.request.replacement {
        Replacement::Signalled => Sequence::ENABLE_RBF_NO_LOCKTIME,
        Replacement::NotSignalled => Sequence::ENABLE_LOCKTIME_NO_RBF,
    };
    ensure(transaction.input.iter().all(|input| input.sequence == wanted), || "another sequence".to_owned())?;
    let height = transaction.lock_time.to_consensus_u32();
    ensure(height <= case.snapshot.tip_height, || "it cannot be mined yet".to_owned())
}

/// Never below the rate asked for; at most 1% and 1 sat an input above it.
fn fee_bounds(case: &Case, transaction: &Transaction, review: &Review, fee: u64) -> Result<(), Broken> {
    let (vsize, inputs) = (transaction.vsize() as u64, transaction.input.len() as u64);
    let asked = match case.request.fee {
        Fee::Rate(rate) => rate.fee(vsize),
        Fee::Exact(fee) => fee,
    };
    ensure(fee >= asked, || format!("fee {fee} is below the {asked} asked for"))?;
    let most = asked + asked / 100 + inputs;
    ensure(fee <= most, || format!("fee {fee} for {vsize} vbytes (reviewed as {}), at most {most}", review.vsize))
}

/// The coins named, or those that may be chosen and hold more than their input costs.
fn worth_spending(case: &Case) -> Vec<&Coin> {
    let cost = match case.request.fee {
        Fee::Rate(rate) => rate.fee(case.snapshot.account.spend_cost(Locks::default()).unwrap().weight.div_ceil(4)),
        Fee::Exact(_) => 0,
    };
    let named = matches!(case.request.coins, CoinChoice::Exactly(_));
    let worth = |coin: &&Coin| named || coin.value().is_some_and(|value| value > cost);
    allowed(&case.snapshot, &case.request.coins).into_iter().filter(worth).collect()
}

/// True if the coins that are worth spending cover `pay`, the fee, and the least change if there is to be one.
fn reach(case: &Case, pay: u64, change: Option<u64>) -> bool {
    let target = target(&case.snapshot, &case.request, pay);
    let coins = worth_spending(case);
    let fee = match case.request.fee {
        Fee::Rate(rate) => rate.fee(target.vsize(coins.len() as u64, change)),
        Fee::Exact(fee) => fee,
    };
    let least = change.map_or(0, |_| target.change_minimum);
    !coins.is_empty() && coins.iter().filter_map(|coin| coin.value()).sum::<u64>() >= pay + fee + least
}

/// A refusal is right only if the test finds no way either.
fn refusal(case: &Case, error: &BitcoinError) -> Result<(), Broken> {
    let exact = |payment: &fastness::request::Payment| match payment.quantity {
        Quantity::Exact(amount) => amount.to_sat(),
        Quantity::All => None,
    };
    let pay: u64 = case.request.payments.iter().filter_map(exact).sum();
    let all = case.request.payments.iter().any(|payment| payment.quantity == Quantity::All);
    match error {
        BitcoinError::InsufficientFunds { .. } => {
            ensure(!reach(case, pay, None), || format!("refused ({error}), and the coins suffice"))
        }
        BitcoinError::LeftOver(_) => {
            ensure(!all && !reach(case, pay, Some(0)), || format!("refused ({error}), and change is possible"))
        }
        BitcoinError::Dust { .. } if all => Ok(()),
        error => Err(format!("refused: {error}")),
    }
}

/// True if the coin is in a block.
pub(crate) fn is_settled(coin: &Coin) -> bool {
    matches!(coin.state, CoinState::Confirmed(_))
}
