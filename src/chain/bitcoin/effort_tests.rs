//! The work that a draft causes is counted, not timed: one derivation and one hash for each input, whatever it claims.

use bitcoin::{
    Amount, OutPoint, Psbt, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
    absolute::LockTime,
    bip32::{DerivationPath, Fingerprint},
    hashes::Hash,
    transaction::Version,
};

use super::{
    BitcoinError, Ownership, Plan, bounds::Effort, decode::examine_with, inputs, ownership::OwnershipSearch, sign,
};
use crate::{
    account::{Account, Keychain, ScriptType},
    network::Network,
};

const ACCOUNT: &str = "wpkh([73c5da0a/84h/0h/0h]xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHwCD3XyuvPEbvqAQY3rAPshWcMLoP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V/<0;1>/*)";

fn account() -> Account {
    Account::parse(ACCOUNT, Network::Bitcoin, ScriptType::P2wpkh).expect("an account")
}

fn parent(script: &ScriptBuf, number: u32) -> Transaction {
    let from = OutPoint { txid: Txid::all_zeros(), vout: number };
    let input =
        TxIn { previous_output: from, script_sig: ScriptBuf::new(), sequence: Sequence::MAX, witness: Witness::new() };
    let output = TxOut { value: Amount::from_sat(10_000), script_pubkey: script.clone() };
    Transaction { version: Version::TWO, lock_time: LockTime::ZERO, input: vec![input], output: vec![output] }
}

/// A draft that spends so many coins of one address, each with a transaction of its own.
fn draft(coins: u32) -> Plan {
    let account = account();
    let script = account.script(Keychain::Receive, 0).expect("a script");
    let key = account.derived(Keychain::Receive, 0).expect("a place").single_key().expect("a key").public_key;
    let path = account.path(Keychain::Receive, 0).expect("a path");
    let parents: Vec<Transaction> = (0..coins).map(|number| parent(&script, number)).collect();
    let mut transaction = parent(&script, 0);
    transaction.input = parents
        .iter()
        .map(|parent| TxIn {
            previous_output: OutPoint { txid: parent.compute_txid(), vout: 0 },
            ..transaction.input[0].clone()
        })
        .collect();
    let mut psbt = Psbt::from_unsigned_tx(transaction).expect("unsigned");
    for (map, parent) in psbt.inputs.iter_mut().zip(parents) {
        map.non_witness_utxo = Some(parent);
        map.bip32_derivation.insert(key, (account.keys()[0].fingerprint, path.clone()));
    }
    Plan { network: Network::Bitcoin, psbt }
}

fn spent_on(plan: &Plan) -> ([usize; 2], Vec<BitcoinError>) {
    let effort = Effort::allowed_for(&plan.psbt.unsigned_tx);
    let ours = Ownership::new(vec![account()]);
    let examination = examine_with(plan, OwnershipSearch { ours: &ours, effort: &effort });
    (effort.spent(), examination.problems)
}

#[test]
fn every_input_costs_one_derivation_and_one_hash() {
    for coins in [1, 10, 500] {
        let (spent, problems) = spent_on(&draft(coins));
        assert_eq!(problems, []);
        assert_eq!(spent, [usize::try_from(coins).expect("small"); 2]);
    }
}

#[test]
fn no_key_is_derived_for_what_no_node_relays() {
    let ours = Ownership::new(vec![account()]);
    for coins in [1_740, 4_000] {
        let plan = draft(coins);
        let (spent, problems) = spent_on(&plan);
        assert!(matches!(problems.as_slice(), [BitcoinError::TooLarge { .. }]), "{problems:?}");
        assert_eq!(spent[0], 0);
        assert!(matches!(sign::jobs(&plan, &ours), Err(BitcoinError::TooLarge { .. })));
        assert!(matches!(inputs::checked(&plan.psbt, &ours), Err(BitcoinError::TooLarge { .. })));
    }
}

/// Between the least size and the real one the keys of one pass are derived, and it is still refused.
#[test]
fn what_is_too_large_once_signed_is_refused_too() {
    let (_, problems) = spent_on(&draft(1_480));
    assert!(matches!(problems.as_slice(), [BitcoinError::TooLarge { inputs: 1_480, .. }]), "{problems:?}");
}

/// Claims without a fingerprint accuse no wallet and cost a derivation each: so many are looked at and no more.
#[test]
fn claims_without_end_are_a_stop() {
    let mut plan = draft(2);
    let account = account();
    let claims = &mut plan.psbt.inputs[1].bip32_derivation;
    claims.clear();
    for index in 0..500 {
        let key = account.derived(Keychain::Change, index).expect("a place").single_key().expect("a key").public_key;
        let path: DerivationPath = account.path(Keychain::Change, index).expect("a path");
        claims.insert(key, (Fingerprint::default(), path));
    }
    let (spent, problems) = spent_on(&plan);
    assert!(problems.iter().any(|problem| matches!(problem, BitcoinError::TooManyClaims { .. })), "{problems:?}");
    assert!(spent[0] < 100, "{spent:?}");
}
