//! What the ledger makes of conflicting, vanishing and returning transactions.

use std::collections::BTreeSet;

use bitcoin::{
    Amount, NetworkKind, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
    absolute::LockTime,
    bip32::{ChainCode, ChildNumber, DerivationPath, Fingerprint, Xpub},
    hashes::Hash,
    transaction::Version,
};

use super::*;
use crate::{
    account::{Account, Keychain, ScriptType},
    explain::Explain,
    ledger::{KeyLocation, Ledger, Limit},
    network::Network,
    request::Freeze,
};

/// The generator of the curve: a key like any other for a ledger, which never signs.
const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

fn account(network: Network) -> Account {
    let xpub = Xpub {
        network: NetworkKind::Test,
        depth: 3,
        parent_fingerprint: Fingerprint::from([0; 4]),
        child_number: ChildNumber::Hardened { index: 0 },
        public_key: KEY.parse().expect("a key"),
        chain_code: ChainCode::from([7; 32]),
    };
    let origin: DerivationPath = "84h/1h/0h".parse().expect("a path");
    Account::new(network, ScriptType::P2wpkh, Fingerprint::from([1; 4]), origin, xpub).expect("an account")
}

fn ledger(network: Network) -> (Ledger, AccountRow) {
    let ledger = Ledger::in_memory().expect("a ledger");
    let row = ledger.add_account("main", &account(network), KeyLocation::Here, Past::None).expect("a row");
    (ledger, row)
}

fn pay(from: OutPoint, to: &[ScriptBuf], sat: u64) -> Transaction {
    let input =
        TxIn { previous_output: from, script_sig: ScriptBuf::new(), sequence: Sequence::MAX, witness: Witness::new() };
    let output = |script: &ScriptBuf| TxOut { value: Amount::from_sat(sat), script_pubkey: script.clone() };
    let output = to.iter().map(output).collect();
    Transaction { version: Version::TWO, lock_time: LockTime::ZERO, input: vec![input], output }
}

fn foreign(number: u8) -> OutPoint {
    OutPoint { txid: Txid::from_byte_array([number; 32]), vout: 0 }
}

fn first_of(transaction: &Transaction) -> OutPoint {
    OutPoint { txid: transaction.compute_txid(), vout: 0 }
}

fn script(row: &AccountRow, keychain: Keychain, index: u32) -> ScriptBuf {
    row.account.script(keychain, index).expect("a script")
}

fn at(height: u32) -> Place {
    Place::Block { height, hash: format!("{height:064}"), time: 1_700_000_000 }
}

/// What a sync does with the answer for one script, where every transaction of it is signed.
fn see(ledger: &Ledger, row: &AccountRow, place: (Keychain, u32), seen: &[(&Transaction, Place)]) {
    let signed = seen.iter().map(|(transaction, _)| transaction.compute_txid()).collect();
    see_signed(ledger, row, place, (seen, signed));
}

/// The same where only these are.
fn see_signed(
    ledger: &Ledger,
    row: &AccountRow,
    (keychain, index): (Keychain, u32),
    (seen, signed): (&[(&Transaction, Place)], BTreeSet<Txid>),
) {
    let transactions = seen.iter().map(|(transaction, place)| ((*transaction).clone(), place.clone())).collect();
    if ledger
        .observe(
            row,
            &Observation {
                keychain,
                index,
                transactions,
                signed,
                completeness: Completeness::Whole,
                tip: 1_000,
                said_by: "a.example".to_owned(),
            },
        )
        .expect("observed")
    {
        ledger.settle(row).expect("settled");
    }
}

/// A ledger with a confirmed coin, and a sent payment of it whose change comes back.
fn with_payment() -> (Ledger, AccountRow, Transaction, Transaction) {
    let (ledger, row) = ledger(Network::Regtest);
    let coin = pay(foreign(1), &[script(&row, Keychain::Receive, 0)], 100_000);
    see(&ledger, &row, (Keychain::Receive, 0), &[(&coin, at(10))]);
    ledger.ensure_script(&row, Keychain::Change, 0).expect("a script");
    let payment = pay(first_of(&coin), &[script(&row, Keychain::Change, 0)], 90_000);
    send(&ledger, &row, &payment);
    (ledger, row, coin, payment)
}

fn send(ledger: &Ledger, row: &AccountRow, transaction: &Transaction) {
    let txid = transaction.compute_txid().to_string();
    ledger.record_signed(Network::Regtest, &txid, &bitcoin::consensus::serialize(transaction)).expect("recorded");
    ledger.set_journal_state(Network::Regtest, &txid, JournalState::Sent, "").expect("noted");
    ledger.observe_own(row, transaction).expect("observed");
}

fn prove(ledger: &Ledger, row: &AccountRow, transaction: &Transaction, place: Place) {
    let Place::Block { height, hash, .. } = place else { panic!("a block") };
    ledger.put_proof(row, transaction.compute_txid(), (height, &hash)).expect("noted");
}

fn counted(ledger: &Ledger, row: &AccountRow) -> Vec<String> {
    ledger.history(row.id, Limit::None).expect("a history").into_iter().map(|line| line.txid).collect()
}

#[test]
fn an_unsigned_invention_does_not_push_out_what_we_sent() {
    let (ledger, row, coin, payment) = with_payment();
    let invented = pay(first_of(&coin), &[ScriptBuf::new()], 1);
    see(&ledger, &row, (Keychain::Receive, 0), &[(&coin, at(10)), (&invented, Place::Mempool)]);
    assert!(counted(&ledger, &row).contains(&payment.compute_txid().to_string()));
    assert_eq!(ledger.balance(row.id).expect("a balance").unconfirmed, 90_000);
    // Said to be in a block, neither; proven to be in one it wins, for then it is signed.
    see(&ledger, &row, (Keychain::Receive, 0), &[(&coin, at(10)), (&invented, at(11))]);
    assert!(counted(&ledger, &row).contains(&payment.compute_txid().to_string()));
    prove(&ledger, &row, &invented, at(11));
    see(&ledger, &row, (Keychain::Receive, 0), &[(&coin, at(10)), (&invented, at(11))]);
    assert!(!counted(&ledger, &row).contains(&payment.compute_txid().to_string()));
}

#[test]
fn what_is_not_signed_for_a_coin_of_ours_counts_nowhere() {
    let (ledger, row) = ledger(Network::Regtest);
    let coin = pay(foreign(1), &[script(&row, Keychain::Receive, 0)], 100_000);
    let invented = pay(first_of(&coin), &[ScriptBuf::new(), script(&row, Keychain::Change, 0)], 40_000);
    for place in [Place::Mempool, at(11)] {
        let seen = [(&coin, at(10)), (&invented, place)];
        see_signed(&ledger, &row, (Keychain::Receive, 0), (&seen, BTreeSet::new()));
        assert_eq!(counted(&ledger, &row), [coin.compute_txid().to_string()]);
        assert_eq!(ledger.balance(row.id).expect("a balance").confirmed, 100_000, "the coin is not spent");
        assert_eq!(ledger.balance(row.id).expect("a balance").unconfirmed, 0);
    }
    // The coin itself is learnt last: what named it before is judged again.
    let (ledger, row) = super::tests::ledger(Network::Regtest);
    see_signed(&ledger, &row, (Keychain::Change, 0), (&[(&invented, Place::Mempool)], BTreeSet::new()));
    assert_eq!(
        ledger.balance(row.id).expect("a balance").unconfirmed,
        40_000,
        "so far it is a payment from a stranger"
    );
    see_signed(&ledger, &row, (Keychain::Receive, 0), (&[(&coin, at(10))], BTreeSet::new()));
    assert_eq!(counted(&ledger, &row), [coin.compute_txid().to_string()]);
    // Signed, it counts.
    see(&ledger, &row, (Keychain::Receive, 0), &[(&coin, at(10)), (&invented, Place::Mempool)]);
    assert_eq!(ledger.balance(row.id).expect("a balance").confirmed, 0);
}

#[test]
fn our_replacement_wins_within_the_same_second() {
    for sat in 80_000..80_020 {
        let (ledger, row, coin, payment) = with_payment();
        let bump = pay(first_of(&coin), &[script(&row, Keychain::Change, 0)], sat);
        send(&ledger, &row, &bump);
        let counted = counted(&ledger, &row);
        assert!(counted.contains(&bump.compute_txid().to_string()));
        assert!(!counted.contains(&payment.compute_txid().to_string()));
    }
}

#[test]
fn what_loses_its_coins_takes_its_children_along() {
    let (ledger, row, coin, payment) = with_payment();
    let child = pay(first_of(&payment), &[script(&row, Keychain::Change, 0)], 80_000);
    send(&ledger, &row, &child);
    assert_eq!(ledger.balance(row.id).expect("a balance").unconfirmed, 80_000);
    let other = pay(first_of(&coin), &[ScriptBuf::new()], 50_000);
    prove(&ledger, &row, &other, at(11));
    see(&ledger, &row, (Keychain::Receive, 0), &[(&coin, at(10)), (&other, at(11))]);
    assert_eq!(ledger.balance(row.id).expect("a balance"), Balance::default(), "no coin of a child that cannot be");
}

#[test]
fn a_frozen_coin_that_comes_back_is_frozen_still() {
    let (ledger, row) = ledger(Network::Regtest);
    let coin = pay(foreign(1), &[script(&row, Keychain::Receive, 0)], 100_000);
    see(&ledger, &row, (Keychain::Receive, 0), &[(&coin, at(10))]);
    assert!(ledger.set_frozen(row.id, first_of(&coin), Freeze::Frozen).expect("frozen"));
    see(&ledger, &row, (Keychain::Receive, 0), &[]);
    assert!(ledger.coins(row.id, Limit::None).expect("coins").is_empty(), "it is gone");
    see(&ledger, &row, (Keychain::Receive, 0), &[(&coin, at(12))]);
    assert_eq!(ledger.coins(row.id, Limit::None).expect("coins")[0].freeze, Freeze::Frozen);
}

#[test]
fn a_known_block_is_not_forgotten_by_sending_again() {
    let (ledger, row, coin, payment) = with_payment();
    see(&ledger, &row, (Keychain::Receive, 0), &[(&coin, at(10)), (&payment, at(11))]);
    ledger.observe_own(&row, &payment).expect("observed");
    assert_eq!(ledger.balance(row.id).expect("a balance").confirmed, 90_000);
}

#[test]
fn taking_back_restores_what_was_replaced() {
    let (ledger, row, coin, payment) = with_payment();
    let before = ledger.unconfirmed(Network::Regtest).expect("ids");
    let bump = pay(first_of(&coin), &[script(&row, Keychain::Change, 0)], 70_000);
    ledger.observe_own(&row, &bump).expect("observed");
    ledger.take_back(&row, bump.compute_txid(), &before).expect("taken back");
    assert_eq!(ledger.balance(row.id).expect("a balance").unconfirmed, 90_000);
    assert_eq!(ledger.unconfirmed(Network::Regtest).expect("ids"), [payment.compute_txid()]);
}

#[test]
fn accounts_that_share_a_transaction_agree() {
    let (ledger, row) = ledger(Network::Regtest);
    let watching =
        ledger.add_account("watch", &account(Network::Regtest), KeyLocation::Elsewhere, Past::Possible).expect("a row");
    let coin = pay(foreign(1), &[script(&row, Keychain::Receive, 0)], 100_000);
    let spend = pay(first_of(&coin), &[ScriptBuf::new()], 90_000);
    for row in [&row, &watching] {
        see(&ledger, row, (Keychain::Receive, 0), &[(&coin, at(10)), (&spend, Place::Mempool)]);
        assert_eq!(ledger.balance(row.id).expect("a balance").confirmed, 0);
    }
    for row in [&row, &watching] {
        see(&ledger, row, (Keychain::Receive, 0), &[(&coin, at(10))]);
        assert_eq!(ledger.balance(row.id).expect("a balance").confirmed, 100_000, "the spend was forgotten");
    }
}

#[test]
fn test_networks_share_scripts_and_not_places() {
    let (ledger, row) = ledger(Network::Signet);
    let other = ledger.add_account("main", &account(Network::Regtest), KeyLocation::Here, Past::None).expect("a row");
    for row in [&row, &other] {
        ledger.ensure_script(row, Keychain::Change, 3).expect("a script");
        let place = ledger.place_of(row.id, &script(row, Keychain::Change, 3)).expect("an answer");
        assert_eq!(place, Some((Keychain::Change, 3)));
    }
}

#[test]
fn invented_amounts_stop_at_the_largest_sum_and_the_ledger_opens() {
    let (ledger, row) = ledger(Network::Regtest);
    let most = u64::try_from(i64::MAX).expect("positive");
    let place = script(&row, Keychain::Receive, 0);
    let invented = pay(foreign(1), &[place.clone(), place], most);
    see(&ledger, &row, (Keychain::Receive, 0), &[(&invented, at(10))]);
    let sums = || {
        let used = ledger.addresses(row.id).expect("addresses").into_iter().map(|row| row.balance).max();
        (ledger.balance(row.id).expect("a balance").confirmed, used)
    };
    assert_eq!(sums(), (most, Some(most)));
    ledger.rebuild().expect("rebuilt");
    assert_eq!(sums(), (most, Some(most)));
}

#[test]
fn a_file_that_is_no_ledger_is_told_from_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    std::fs::write(&path, [7u8; 9000]).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let error = Ledger::open(&path).unwrap_err();
    assert_eq!(
        (error.entry().code, error.to_string().as_str()),
        ("ledger.damaged", "the ledger (ledger.db) is damaged: the file itself")
    );
}
