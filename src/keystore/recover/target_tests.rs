//! Targets against addresses and keys that the account module makes of the same seed.

use super::*;
use crate::{
    address,
    keystore::{Keys, Phrase},
    network::NetworkClass,
    seal::Sealed,
};

const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const REACH: Reach = Reach { accounts: 3, indexes: 4 };

fn phrase() -> Phrase {
    Phrase::parse(WORDS).unwrap()
}

fn keys(network: Network) -> Keys {
    Keys::from_phrase(&phrase(), None, network.class(), &Sealed::for_tests()).unwrap()
}

fn account(network: Network, script_type: ScriptType, number: u32) -> Account {
    let keys = keys(network);
    let path = Account::standard_path(network, script_type, number).unwrap();
    let xpub = keys.account_xpub(&path).unwrap();
    Account::new(network, script_type, keys.fingerprint(), path, xpub).unwrap()
}

/// The place that is found, which the plain derivation confirms; and no place for another seed.
fn found(target: &RecoveryTarget) -> Option<String> {
    let secp = Secp256k1::new();
    let seed = phrase().seed(None);
    let other = Phrase::generate(crate::keystore::WordCount::Twelve, crate::keystore::Language::English).unwrap();
    assert!(target.find(&secp, &other.seed(None)).is_none());
    let path = target.find(&secp, &seed)?;
    assert!(target.confirms(&secp, &seed, &path));
    assert!(!target.confirms(&secp, &other.seed(None), &path));
    Some(path.to_string())
}

#[test]
fn a_master_fingerprint_is_found() {
    let target = RecoveryTarget::fingerprint(keys(Network::Bitcoin).fingerprint());
    assert_eq!(found(&target).as_deref(), Some(""));
    assert_eq!(found(&RecoveryTarget::fingerprint(Fingerprint::from([1; 4]))), None);
    assert_eq!(target.places(), 1);
}

#[test]
fn an_account_key_is_found_with_and_without_its_path() {
    for network in [Network::Bitcoin, Network::Regtest] {
        for script_type in ScriptType::ALL {
            let account = account(network, script_type, 7);
            let key = account.single_key().unwrap();
            let path = format!("{}'/{}'/7'", script_type.purpose(), network.coin_type());
            let named = RecoveryTarget::account_key(key.xpub, Some(&key.origin)).unwrap();
            let unnamed = RecoveryTarget::account_key(key.xpub, None).unwrap();
            assert_eq!((found(&named), found(&unnamed)), (Some(path.clone()), Some(path)));
            assert_eq!((named.places(), unnamed.places()), (1, 4));
            let elsewhere = Account::standard_path(network, script_type, 8).unwrap();
            assert_eq!(found(&RecoveryTarget::account_key(key.xpub, Some(&elsewhere)).unwrap()), None);
        }
    }
}

#[test]
fn an_account_key_of_no_account_is_refused() {
    let account = account(Network::Bitcoin, ScriptType::P2wpkh, 0);
    let mut key = account.single_key().unwrap().xpub;
    for path in ["84'/0'", "84'/0'/0", "84'/0'/0'/0'"] {
        let path: DerivationPath = path.parse().unwrap();
        assert!(matches!(RecoveryTarget::account_key(key, Some(&path)), Err(RecoverError::Target(_))), "{path}");
    }
    key.depth = 4;
    assert!(matches!(RecoveryTarget::account_key(key, None), Err(RecoverError::Target(_))));
    key.depth = 3;
    key.child_number = ChildNumber::Normal { index: 0 };
    assert!(matches!(RecoveryTarget::account_key(key, None), Err(RecoverError::Target(_))));
}

#[test]
fn an_address_of_every_form_is_found_within_reach() {
    for network in [Network::Bitcoin, Network::Regtest] {
        for script_type in ScriptType::ALL {
            let script = account(network, script_type, 2).script(Keychain::Receive, 3).unwrap();
            let text = address::of(&script, network).unwrap();
            let script = address::parse(&text, network).unwrap();
            let target = |accounts, indexes| {
                found(&RecoveryTarget::bitcoin_address(&script, network, Reach { accounts, indexes }).unwrap())
            };
            let path = format!("{}'/{}'/2'/0/3", script_type.purpose(), network.coin_type());
            assert_eq!(target(3, 4), Some(path));
            assert_eq!((target(2, 4), target(3, 3)), (None, None));
        }
    }
}

#[test]
fn an_ethereum_address_of_every_layout_is_found_within_reach() {
    let keys = keys(Network::Bitcoin);
    assert_eq!(keys.class(), NetworkClass::Main);
    for layout in Layout::ALL {
        for number in 0..4 {
            let path = layout.path(number).unwrap();
            let address = evm_address_of(&keys.ethereum_public_key(&path).unwrap());
            let place = found(&RecoveryTarget::ethereum_address(address, REACH).unwrap());
            let is_beyond = layout == Layout::LedgerLive && number >= REACH.accounts;
            assert_eq!(place, (!is_beyond).then(|| path.to_string()), "{layout:?} {number}");
        }
    }
    assert_eq!(RecoveryTarget::ethereum_address(Address::ZERO, REACH).unwrap().places(), 4 + 2 + 4);
}

#[test]
fn what_cannot_be_looked_for_is_refused() {
    let script = account(Network::Bitcoin, ScriptType::P2wpkh, 0).script(Keychain::Receive, 0).unwrap();
    for (accounts, indexes) in [(0, 1), (1, 0), (101, 100), (1, 10_000), (u32::MAX, 1), (u32::MAX, u32::MAX)] {
        let reach = Reach { accounts, indexes };
        let bitcoin = RecoveryTarget::bitcoin_address(&script, Network::Bitcoin, reach);
        let ethereum = RecoveryTarget::ethereum_address(Address::ZERO, reach);
        for refused in [bitcoin, ethereum] {
            assert!(matches!(refused, Err(RecoverError::Target(_))), "{reach:?}");
        }
    }
    let other = ScriptBuf::new_op_return([1; 20]);
    assert!(matches!(RecoveryTarget::bitcoin_address(&other, Network::Bitcoin, REACH), Err(RecoverError::Target(_))));
}
