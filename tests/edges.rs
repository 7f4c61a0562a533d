//! Edges of planning and reviewing that random spends reach too rarely: dust beside `all`, mixed sweeps, shared paths.
//!
//! No network, no files.

// Helpers of a test target may stop it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod synthetic;

use bitcoin::TxOut;
use fastness::{
    account::{Account, Keychain, STANDARD_GAP, ScriptType, Search, script_for},
    amount::{FeeRate, Quantity},
    chain::bitcoin::{
        OwnAccount, Ownership, decode,
        plan::plan,
        sweep::{Destination, KeyCoin, SweepRequest, sweep},
    },
    request::{CoinChoice, Fee, FeeLimit, Leftover, Payment, Replacement, Request},
    review::Role,
};
use synthetic::Dice;

fn everything(script: bitcoin::ScriptBuf, rate: u64) -> Request {
    Request {
        payments: vec![Payment { script, quantity: Quantity::All }],
        memo: None,
        fee: Fee::Rate(FeeRate::from_sat_per_vb(rate)),
        fee_limit: FeeLimit::Standard,
        leftover: Leftover::Refuse,
        coins: CoinChoice::Automatic,
        replacement: Replacement::Signalled,
    }
}

#[test]
fn all_is_not_made_smaller_by_dust_that_somebody_sent() {
    let mut dice = Dice(1);
    let mut values = vec![400; 50];
    values.push(10_000_000);
    let wallet = synthetic::wallet(&mut dice, ScriptType::P2wpkh, &values);
    let to = synthetic::stranger(&mut dice);
    let made = plan(&everything(to, 50), &wallet, dice.bytes()).unwrap();
    assert_eq!(made.psbt.unsigned_tx.input.len(), 1, "at 50 sat/vB a coin of 400 sat costs 3,400 to spend");
    assert!(made.psbt.unsigned_tx.output[0].value.to_sat() > 9_990_000);
}

#[test]
fn a_mixed_sweep_is_not_reckoned_too_small() {
    let mut dice = Dice(2);
    let account = synthetic::account(ScriptType::P2wpkh);
    let key = synthetic::account(ScriptType::P2pkh).public_key(Keychain::Receive, 0).unwrap();
    let mut coins = Vec::new();
    for kind in [ScriptType::P2pkh; 9].into_iter().chain([ScriptType::P2wpkh]) {
        let output = TxOut { value: bitcoin::Amount::from_sat(5_000_000), script_pubkey: script_for(kind, key) };
        let parent = synthetic::transaction(&mut dice, vec![output]);
        let outpoint = bitcoin::OutPoint { txid: parent.compute_txid(), vout: 0 };
        coins.push(KeyCoin { outpoint, parent, script_type: kind });
    }
    let request = SweepRequest {
        network: account.network,
        to: Destination::Own { account: Box::new(account.clone()), index: 0 },
        rate: FeeRate::from_sat_per_vb(10),
        fee_limit: FeeLimit::Standard,
    };
    let made = sweep(key, &coins, &request).unwrap();
    let destination = OwnAccount::searched(account, Search::from_start(STANDARD_GAP)).as_destination();
    let review = decode::review(&made, &Ownership::of_key(key).with(vec![destination])).unwrap();
    // Version, locktime and counts; one P2WPKH output; nine legacy inputs with their empty witnesses; one segwit input.
    let weight: u64 = 4 * (8 + 2 + 31) + 2 + 9 * (588 + 1) + 271;
    assert_eq!(review.vsize, weight.div_ceil(4));
    assert!(review.fee_rate.unwrap() >= FeeRate::from_sat_per_vb(10));
}

#[test]
fn accounts_of_several_kinds_can_share_a_path() {
    let mut dice = Dice(3);
    let wallet = synthetic::wallet(&mut dice, ScriptType::P2wpkh, &[1_000_000]);
    let to = synthetic::stranger(&mut dice);
    let made = plan(&everything(to, 2), &wallet, dice.bytes()).unwrap();
    let own = &wallet.account;
    let twin = Account::new(own.network, ScriptType::P2tr, own.fingerprint, own.origin.clone(), own.xpub).unwrap();
    for accounts in [vec![twin.clone(), own.clone()], vec![own.clone(), twin.clone()]] {
        let review = decode::review(&made, &Ownership::new(accounts)).unwrap();
        assert_eq!(review.outputs[0].role, Role::Pay);
        assert!(review.inputs[0].path.is_some());
    }
    assert!(decode::review(&made, &Ownership::new(vec![twin])).is_err(), "a claim that no account bears out is false");
}
