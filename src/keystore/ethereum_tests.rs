//! Ethereum keys against published values: every layout, the example of EIP-155, and paths that must not be used.

use std::str::FromStr;

use bitcoin::bip32::DerivationPath;
use serde::Deserialize;

use super::{Keys, KeystoreError, Language, Passphrase, Phrase};
use crate::{
    account::{Layout, evm_address_of},
    network::NetworkClass,
    seal::Sealed,
    signing::{EthereumJob, Job, Preimage, Scheme},
};

const VECTORS: &str = include_str!("../../tests/vectors/ethereum.json");
/// Which accounts the vectors hold.
const NUMBERS: [u32; 3] = [0, 1, 19];

#[derive(Deserialize)]
struct Row {
    language: Language,
    mnemonic: String,
    passphrase: String,
    bip44: Vec<String>,
    ledger_live: Vec<String>,
    ledger_legacy: Vec<String>,
}

fn keys(row: &Row, class: NetworkClass) -> Keys {
    let phrase = Phrase::parse_in(row.language, &row.mnemonic).unwrap();
    let passphrase = Some(row.passphrase.clone()).filter(|text| !text.is_empty());
    let passphrase = passphrase.map(|text| Passphrase::new(text).unwrap());
    Keys::from_phrase(&phrase, passphrase.as_ref(), class, &Sealed::for_tests()).unwrap()
}

fn rows() -> Vec<Row> {
    serde_json::from_str(VECTORS).unwrap()
}

#[test]
fn every_layout_is_where_two_other_implementations_find_it() {
    let mut compared = 0;
    for row in rows() {
        for class in [NetworkClass::Main, NetworkClass::Test] {
            let keys = keys(&row, class);
            for (layout, addresses) in [
                (Layout::Bip44, &row.bip44),
                (Layout::LedgerLive, &row.ledger_live),
                (Layout::LedgerLegacy, &row.ledger_legacy),
            ] {
                for (number, expected) in NUMBERS.iter().zip(addresses) {
                    let key = keys.ethereum_public_key(&layout.path(*number).unwrap()).unwrap();
                    assert_eq!(evm_address_of(&key).to_string(), *expected, "{} {number}", layout.name());
                    compared += 1;
                }
            }
        }
    }
    assert_eq!(compared, 18 * 2 * 9);
}

fn path(text: &str) -> DerivationPath {
    DerivationPath::from_str(text).unwrap()
}

#[test]
fn paths_of_one_family_sign_nothing_of_the_other() {
    let row = rows().remove(0);
    let keys = keys(&row, NetworkClass::Main);
    for bad in [
        "m/44'/0'/0'/0/0",
        "m/44'/60'/0'",
        "m/44'/60'/0'/1/0",
        "m/44'/60'/0'/0'/0",
        "m/44'/60'/0'/0/0/0",
        "m/44/60'/0'/0/0",
        "m/84'/60'/0'/0/0",
        "m/44'/61'/0'/0/0",
        "m",
    ] {
        assert!(matches!(keys.ethereum_public_key(&path(bad)), Err(KeystoreError::Path { .. })), "{bad}");
    }
    let ethereum = path("m/44'/60'/0'/0/0");
    let public_key = keys.ethereum_public_key(&ethereum).unwrap();
    let job = Job { path: ethereum, public_key, scheme: Scheme::EcdsaLowR, digest: [7; 32] };
    assert!(matches!(keys.sign(&[job]), Err(KeystoreError::Path { .. })), "no bare hash with an Ethereum key");
}

#[test]
fn a_signature_is_made_only_by_the_key_that_the_job_names() {
    let row = rows().remove(0);
    let keys = keys(&row, NetworkClass::Test);
    let (first, second) = (path("m/44'/60'/0'/0/0"), path("m/44'/60'/0'/0/1"));
    let public_key = keys.ethereum_public_key(&first).unwrap();
    let preimage = Preimage::personal_message(b"hello");
    let job = |path: &DerivationPath| EthereumJob { path: path.clone(), public_key, preimage: preimage.clone() };
    let once = keys.sign_ethereum(&[job(&first)]).unwrap();
    assert_eq!(once, keys.sign_ethereum(&[job(&first)]).unwrap(), "deterministic");
    assert!(matches!(keys.sign_ethereum(&[job(&second)]), Err(KeystoreError::KeyMismatch { .. })));
}
