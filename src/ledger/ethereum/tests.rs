//! Ethereum accounts, nonces and tokens in the ledger.

use alloy_primitives::{Address, B256};

use super::*;
use crate::{
    account::{EthereumAccount, KeyOrigin, Layout},
    ledger::{Ledger, LedgerError},
    network::NetworkClass,
    text::SafeText,
};

fn who() -> EvmWho {
    EvmWho { chain_id: 1, from: Address::repeat_byte(7) }
}

fn key(number: u8) -> EthereumAccount {
    let keys = [
        "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
    ];
    let origin = KeyOrigin {
        fingerprint: "24581326".parse().unwrap(),
        path: Layout::Bip44.path(u32::from(number)).unwrap(),
        public_key: keys[usize::from(number)].parse().unwrap(),
    };
    EthereumAccount::of_key(NetworkClass::Main, origin)
}

#[test]
fn accounts_are_found_by_name_and_class() {
    let ledger = Ledger::in_memory().unwrap();
    ledger.add_evm_account("main", &key(0), Some((Layout::Bip44, 0))).unwrap();
    ledger.add_evm_account("main", &key(1), Some((Layout::LedgerLive, 1))).unwrap();
    let watched = EthereumAccount::watched(NetworkClass::Main, Address::repeat_byte(9));
    ledger.add_evm_account("main", &watched, None).unwrap();
    let names: Vec<String> = ledger.evm_accounts(Some("main")).unwrap().into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["ethereum-0", "ledger-live-1", "watched-0"]);
    assert_eq!(ledger.evm_account("main", NetworkClass::Main, None).unwrap().account, key(0));
    assert!(ledger.evm_account("main", NetworkClass::Test, None).is_err());
    assert!(ledger.evm_account("main", NetworkClass::Main, Some("ethereum-1")).is_err());
    assert!(matches!(ledger.add_evm_account("main", &key(0), None), Err(LedgerError::AccountExists(_))));
    // An address that is not its key's would be shown to payers.
    ledger
        .db
        .execute("UPDATE evm_accounts SET address = x'0101010101010101010101010101010101010101' WHERE id = 1", [])
        .unwrap();
    assert!(matches!(ledger.evm_accounts(None), Err(LedgerError::Damaged(_))));
}

#[test]
fn nonces_are_reserved_given_back_and_filled() {
    let mut ledger = Ledger::in_memory().unwrap();
    let draft = |ledger: &mut Ledger| ledger.reserve_nonce(&who(), 5, Holder::Draft, "p").unwrap();
    let (first, second, third) = (draft(&mut ledger), draft(&mut ledger), draft(&mut ledger));
    assert_eq!([first.nonce, second.nonce, third.nonce], [5, 6, 7]);
    ledger.release_nonce(second.id).unwrap();
    assert_eq!(draft(&mut ledger).nonce, 6, "a gap is filled first");
    assert!(matches!(ledger.reserve_exact_nonce(&who(), 7, Holder::Draft, "p"), Err(LedgerError::NonceHeld(7))));
    assert_eq!(ledger.reserve_exact_nonce(&who(), 9, Holder::Draft, "p").unwrap().nonce, 9);
    let other = EvmWho { chain_id: 2, ..who() };
    assert_eq!(ledger.reserve_nonce(&other, 5, Holder::Draft, "p").unwrap().nonce, 5, "chains are apart");
    ledger.settle_nonces(&who(), 8).unwrap();
    let states: Vec<_> = ledger.evm_outbox(&who()).unwrap().iter().map(|row| (row.nonce, row.state.name())).collect();
    assert_eq!(states, [(5, "expired"), (6, "expired"), (6, "expired"), (7, "expired"), (9, "drafted")]);
}

#[test]
fn a_process_that_died_before_it_signed_holds_nothing() {
    let mut ledger = Ledger::in_memory().unwrap();
    let dead = ledger.reserve_nonce(&who(), 5, Holder::Process, "p").unwrap();
    let next = ledger.reserve_nonce(&who(), 5, Holder::Process, "p").unwrap();
    assert_eq!((dead.nonce, next.nonce), (5, 5));
    ledger.record_evm_signed(next.id, B256::repeat_byte(1), &[1]).unwrap();
    assert_eq!(ledger.reserve_nonce(&who(), 5, Holder::Process, "p").unwrap().nonce, 6, "signed bytes hold theirs");
}

#[test]
fn bytes_never_change_and_an_interrupted_wish_is_found() {
    let mut ledger = Ledger::in_memory().unwrap();
    let row = ledger.reserve_nonce(&who(), 0, Holder::Process, "wish").unwrap();
    assert_eq!(ledger.interrupted(&who(), "wish").unwrap(), None, "nothing is signed yet");
    ledger.record_evm_signed(row.id, B256::repeat_byte(1), &[1, 2]).unwrap();
    ledger.record_evm_signed(row.id, B256::repeat_byte(1), &[1, 2]).unwrap();
    assert!(matches!(ledger.record_evm_signed(row.id, B256::repeat_byte(2), &[3]), Err(LedgerError::OtherBytes(_))));
    ledger.release_nonce(row.id).unwrap();
    let found = ledger.interrupted(&who(), "wish").unwrap().unwrap();
    assert_eq!((found.nonce, found.state), (0, OutboxState::Signed), "signed bytes are never given back");
    ledger.set_outbox_state(row.id, OutboxState::Mined, "").unwrap();
    assert!(ledger.interrupted(&who(), "wish").unwrap().is_some(), "mined and never told");
    ledger.mark_reported(row.id).unwrap();
    assert_eq!(ledger.interrupted(&who(), "wish").unwrap(), None);
    assert_eq!(ledger.waiting_same(&who(), "wish").unwrap(), None);
    assert_eq!(ledger.outbox_row(1, B256::repeat_byte(1)).unwrap().unwrap().id, row.id);
}

#[test]
fn threads_on_one_file_never_share_a_nonce() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    drop(Ledger::open(&path).unwrap());
    let mut nonces = Vec::new();
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut ledger = Ledger::open(&path).unwrap();
                    let reserve = |_| ledger.reserve_nonce(&who(), 0, Holder::Draft, "p").unwrap().nonce;
                    (0..5).map(reserve).collect::<Vec<_>>()
                })
            })
            .collect();
        nonces.extend(running.into_iter().flat_map(|thread| thread.join().unwrap()));
    });
    nonces.sort_unstable();
    assert_eq!(nonces, (0..40).collect::<Vec<_>>());
}

#[test]
fn added_tokens_and_paid_addresses_are_kept() {
    let ledger = Ledger::in_memory().unwrap();
    let token = AddedToken { address: Address::repeat_byte(1), symbol: SafeText::new("STG"), decimals: 6 };
    ledger.add_token(1, &token).unwrap();
    assert_eq!(ledger.added_tokens(1).unwrap(), [token]);
    assert!(ledger.added_tokens(2).unwrap().is_empty());
    ledger.remember_paid(&[Address::repeat_byte(3), Address::repeat_byte(3)]).unwrap();
    assert_eq!(ledger.evm_paid_addresses().unwrap(), [Address::repeat_byte(3)]);
}
