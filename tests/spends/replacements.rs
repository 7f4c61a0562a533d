//! Replacements of a spend: bumped, bumped again, cancelled. Each must really replace what it replaces (BIP-125).

use crate::{
    cases::Case,
    checks::{Broken, Spend, ensure, is_settled, signed},
    judge::judge,
};
use bitcoin::{OutPoint, Transaction, TxOut};
use fastness::{
    account::Keychain,
    amount::FeeRate,
    chain::bitcoin::{
        BitcoinError, Coin, Snapshot, policy,
        replace::{Original, Purpose, ReplacementFee, ReplacementRequest, replace},
    },
    keystore::Keys,
    request::FeeLimit,
};

/// How many replacements were made, and how many could not be.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) made: u64,
    pub(crate) refused: u64,
}

/// Bumps the spend twice and cancels it.
pub(crate) fn run(case: &Case, spend: &Spend, keys: &Keys, tally: &mut Tally) -> Result<(), Broken> {
    let mut current = (spend.transaction.clone(), spend.fee);
    let used = |coin: &&Coin| current.0.input.iter().any(|input| input.previous_output == coin.outpoint);
    let coins = case.snapshot.coins.iter().filter(|coin| !used(coin)).cloned().collect();
    let next_change = case.snapshot.next_change + u32::from(spend.has_change);
    let mut snapshot = Snapshot { coins, next_change, ..case.snapshot.clone() };
    for purpose in [Purpose::Bump, Purpose::Bump, Purpose::Cancel] {
        let incremental_relay =
            if current.1.is_multiple_of(5) { FeeRate { sat_per_kvb: 100 } } else { policy::INCREMENTAL_RELAY };
        let original =
            Original { coins: coins_of(&current.0, case)?, transaction: current.0.clone(), incremental_relay };
        ensure(original.fee().as_ref() == Ok(&current.1), || "the fee is read differently".to_owned())?;
        let (fee, fee_limit) = (ReplacementFee::Least, FeeLimit::Absolute(u64::MAX));
        let request = ReplacementRequest { purpose, fee, fee_limit };
        match replace(&original, request, &snapshot, case.randomness) {
            Err(BitcoinError::InsufficientFunds { .. } | BitcoinError::BadRequest(_)) => tally.refused += 1,
            Err(error) => return Err(format!("{purpose:?}: {error}")),
            Ok(plan) => {
                let (transaction, review) = signed(&plan, case, keys)?;
                judge(&transaction, case)?;
                let fee = review.fee.and_then(fastness::amount::Amount::to_sat).ok_or("no fee")?;
                check(purpose, &original, (&transaction, fee), &snapshot)
                    .map_err(|broken| format!("{purpose:?}: {broken}"))?;
                tally.made += 1;
                let spent: Vec<OutPoint> = transaction.input.iter().map(|input| input.previous_output).collect();
                snapshot.coins.retain(|coin| !spent.contains(&coin.outpoint));
                snapshot.next_change += 1;
                current = (transaction, fee);
            }
        }
    }
    Ok(())
}

fn coins_of(transaction: &Transaction, case: &Case) -> Result<Vec<Coin>, Broken> {
    let coin = |outpoint: OutPoint| case.snapshot.coins.iter().find(|coin| coin.outpoint == outpoint).cloned();
    let coins: Option<Vec<Coin>> = transaction.input.iter().map(|input| coin(input.previous_output)).collect();
    coins.ok_or_else(|| "a coin from nowhere".to_owned())
}

fn check(purpose: Purpose, old: &Original, new: (&Transaction, u64), snapshot: &Snapshot) -> Result<(), Broken> {
    let (transaction, fee) = new;
    let spends = |outpoint: OutPoint| transaction.input.iter().any(|input| input.previous_output == outpoint);
    ensure(old.coins.iter().all(|coin| spends(coin.outpoint)), || "both could confirm".to_owned())?;
    let added: Vec<&Coin> = snapshot.coins.iter().filter(|coin| spends(coin.outpoint)).collect();
    ensure(added.iter().all(|coin| is_settled(coin)), || "an unconfirmed coin was added".to_owned())?;
    let old_fee = old.fee().map_err(|error| error.to_string())?;
    let least = old.least_fee(transaction.vsize() as u64).map_err(|error| error.to_string())?;
    ensure(fee >= least, || format!("a fee of {fee}, and nodes want {least}"))?;
    // Reckoned once more without the code's own rule: one sat/vB on top, and a better rate.
    let vsize = transaction.vsize() as u64;
    // Every fifth original is replaced at a node that asks for a tenth of that.
    let relay = old.incremental_relay.sat_per_kvb * vsize;
    ensure(fee * 1000 >= old_fee * 1000 + relay, || "it does not pay for its relay".to_owned())?;
    let better = u128::from(fee) * old.transaction.vsize() as u128 > u128::from(old_fee) * u128::from(vsize);
    ensure(better, || "its rate is not better".to_owned())?;
    ensure(transaction.lock_time == old.transaction.lock_time, || "another locktime".to_owned())?;
    ensure(transaction.is_explicitly_rbf(), || "it cannot be replaced again".to_owned())?;
    payees(purpose, old, transaction, snapshot)
}

/// A bump keeps payees and amounts in their order; a cancel pays only us.
fn payees(purpose: Purpose, old: &Original, new: &Transaction, snapshot: &Snapshot) -> Result<(), Broken> {
    let change: Vec<_> = (0..=snapshot.next_change)
        .map(|index| snapshot.account.script(Keychain::Change, index))
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let others = |transaction: &Transaction| -> Vec<TxOut> {
        transaction.output.iter().filter(|output| !change.contains(&output.script_pubkey)).cloned().collect()
    };
    match purpose {
        // A payment of everything pays its fee itself: the one payee gets less by just that.
        Purpose::Bump if old.transaction.output.len() == 1 && new.output.len() == 1 => {
            let ([was], [is]) = (old.transaction.output.as_slice(), new.output.as_slice()) else { return Ok(()) };
            ensure(was.script_pubkey == is.script_pubkey && is.value <= was.value, || "the payee changed".to_owned())?;
            let added = new.input.len() - old.transaction.input.len();
            ensure(added == 0 || was.value == is.value, || "a coin was added, and the payee gets less".to_owned())
        }
        Purpose::Bump => ensure(others(new) == others(&old.transaction), || "the payees changed".to_owned()),
        Purpose::Cancel => ensure(others(new).is_empty() && new.output.len() == 1, || "it still pays".to_owned()),
    }
}
