//! Derivation against published values, refusal of foreign paths, and signatures that others can check.

use std::str::FromStr;

use bitcoin::{
    Address, CompressedPublicKey,
    secp256k1::{Message, ecdsa, schnorr},
};
use proptest::prelude::*;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

use super::*;
use crate::{
    keystore::{Language, SecretBytes},
    signing::Scheme,
};

const VECTORS: &str = include_str!("../../tests/vectors/derivation.json");

/// Which addresses of the receiving chain the vectors hold.
const RECEIVE: [u32; 3] = [0, 1, 19];

#[derive(Deserialize)]
struct Row {
    language: Language,
    mnemonic: String,
    passphrase: String,
    seed: String,
    fingerprint: String,
    account: u32,
    bip44: Networks,
    bip49: Networks,
    bip84: Networks,
    bip86: Networks,
}

#[derive(Deserialize)]
struct Networks {
    bitcoin: Account,
    testnet: Account,
}

#[derive(Deserialize)]
struct Account {
    xpub: String,
    receive: Vec<String>,
}

fn rows() -> Vec<Row> {
    serde_json::from_str(VECTORS).unwrap()
}

fn path(text: &str) -> DerivationPath {
    DerivationPath::from_str(text).unwrap()
}

fn keys_of(mnemonic: &str, passphrase: &str, language: Language, class: NetworkClass) -> Keys {
    let phrase = Phrase::parse_in(language, mnemonic).unwrap();
    let passphrase = Some(passphrase).filter(|text| !text.is_empty());
    let passphrase = passphrase.map(|text| Passphrase::new(text.to_owned()).unwrap());
    Keys::from_phrase(&phrase, passphrase.as_ref(), class, &Sealed::for_tests()).unwrap()
}

fn zeros(class: NetworkClass) -> Keys {
    let phrase = Phrase::from_entropy(&SecretBytes::new(vec![0; 16]), Language::English).unwrap();
    Keys::from_phrase(&phrase, None, class, &Sealed::for_tests()).unwrap()
}

#[test]
fn published_accounts_are_reproduced() {
    let rows = rows();
    assert_eq!(rows.len(), 18);
    for row in rows {
        for (class, coin) in [(NetworkClass::Main, 0), (NetworkClass::Test, 1)] {
            let keys = keys_of(&row.mnemonic, &row.passphrase, row.language, class);
            assert_eq!(keys.fingerprint().to_string(), row.fingerprint);
            for (purpose, networks) in [(44, &row.bip44), (49, &row.bip49), (84, &row.bip84), (86, &row.bip86)] {
                let account = path(&format!("m/{purpose}'/{coin}'/{}'", row.account));
                let expected = if coin == 0 { &networks.bitcoin } else { &networks.testnet };
                assert_eq!(
                    keys.account_xpub(&account).unwrap().to_string(),
                    expected.xpub,
                    "{} {account}",
                    row.fingerprint
                );
            }
        }
    }
}

#[test]
fn every_unicode_form_makes_the_same_wallet() {
    for row in rows() {
        let (words, extra) = (row.mnemonic.as_str(), row.passphrase.as_str());
        let forms: [(String, String); 4] = [
            (words.nfc().collect(), extra.nfc().collect()),
            (words.nfd().collect(), extra.nfd().collect()),
            (words.nfkc().collect(), extra.nfkc().collect()),
            (words.nfkd().collect(), extra.nfkd().collect()),
        ];
        for (words, extra) in forms {
            let keys = keys_of(&words, &extra, row.language, NetworkClass::Main);
            assert_eq!(keys.fingerprint().to_string(), row.fingerprint, "{}", row.language);
        }
        let phrase = Phrase::parse_in(row.language, words).unwrap();
        let extra = Passphrase::new(row.passphrase.clone()).ok();
        assert_eq!(hex::DisplayHex::to_lower_hex_string(phrase.seed(extra.as_ref()).as_slice()), row.seed);
    }
}

#[test]
fn paths_of_another_form_or_network_are_refused() {
    let (main, test) = (zeros(NetworkClass::Main), zeros(NetworkClass::Test));
    assert!(main.account_xpub(&path("m/84'/0'/0'")).is_ok() && test.account_xpub(&path("m/84'/1'/0'")).is_ok());
    assert!(main.account_xpub(&path("m/48'/0'/0'/2'")).is_ok());
    for (keys, refused) in [
        (&main, "m/84'/1'/0'"),
        (&test, "m/84'/0'/0'"),
        (&main, "m/84'/60'/0'"),
        (&main, "m"),
        (&main, "m/84'"),
        (&main, "m/84'/0'"),
        (&main, "m/84/0'/0'"),
        (&main, "m/84'/0/0'"),
        (&main, "m/84'/0'/0"),
        (&main, "m/84'/0'/0'/0"),
        (&main, "m/84'/0'/0'/0'/0'"),
    ] {
        assert!(matches!(keys.account_xpub(&path(refused)), Err(KeystoreError::Path { .. })), "{refused}");
    }
}

/// A job whose public key is derived from the account's extended public key, as the keyless side would.
fn job(keys: &Keys, text: &str, scheme: Scheme, digest: [u8; 32]) -> Job {
    let path = path(text);
    let levels: &[ChildNumber] = path.as_ref();
    let account = keys.account_xpub(&levels[..3].to_vec().into()).unwrap();
    let public_key = account.derive_pub(&Secp256k1::verification_only(), &levels[3..].to_vec()).unwrap().public_key;
    Job { path, public_key, scheme, digest }
}

#[test]
fn a_key_that_is_not_the_expected_one_signs_nothing() {
    let keys = zeros(NetworkClass::Main);
    let good = job(&keys, "m/84'/0'/0'/0/7", Scheme::EcdsaLowR, [3; 32]);
    let wrong = Job { path: path("m/84'/0'/0'/0/8"), ..good.clone() };
    assert!(matches!(keys.sign(&[good.clone(), wrong]), Err(KeystoreError::KeyMismatch { .. })));
    let foreign = Job { path: path("m/84'/1'/0'/0/7"), ..good.clone() };
    assert!(matches!(keys.sign(&[foreign]), Err(KeystoreError::Path { .. })));
    let deep = Job { path: path("m/84'/0'/0'/0/7/1/1"), ..good.clone() };
    assert!(matches!(keys.sign(&[deep]), Err(KeystoreError::Path { .. })));
    assert_eq!(keys.sign(&[good]).unwrap().len(), 1);
    assert_eq!(keys.sign(&[]), Ok(vec![]));
}

#[test]
fn taproot_signatures_spend_the_published_addresses() {
    let secp = Secp256k1::verification_only();
    for row in rows() {
        let keys = keys_of(&row.mnemonic, &row.passphrase, row.language, NetworkClass::Main);
        for (index, expected) in RECEIVE.into_iter().zip(&row.bip86.bitcoin.receive) {
            let text = format!("m/86'/0'/{}'/0/{index}", row.account);
            let job = job(&keys, &text, Scheme::TaprootKeyPath, [9; 32]);
            let (internal, _) = job.public_key.x_only_public_key();
            let address = Address::p2tr(&secp, internal, None, bitcoin::Network::Bitcoin);
            assert_eq!(&address.to_string(), expected);
            let output = bitcoin::XOnlyPublicKey::from_slice(&address.script_pubkey().as_bytes()[2..]).unwrap();
            let bytes = keys.sign(&[job]).unwrap()[0].bytes;
            let signature = schnorr::Signature::from_slice(&bytes).unwrap();
            assert!(secp.verify_schnorr(&signature, &Message::from_digest([9; 32]), &output).is_ok());
        }
    }
}

#[test]
fn segwit_keys_belong_to_the_published_addresses() {
    for row in rows() {
        let keys = keys_of(&row.mnemonic, &row.passphrase, row.language, NetworkClass::Test);
        for (index, expected) in RECEIVE.into_iter().zip(&row.bip84.testnet.receive) {
            let job = job(&keys, &format!("m/84'/1'/{}'/0/{index}", row.account), Scheme::EcdsaLowR, [9; 32]);
            let address = Address::p2wpkh(&CompressedPublicKey(job.public_key), bitcoin::Network::Testnet);
            assert_eq!(&address.to_string(), expected);
            assert!(keys.sign(&[job]).is_ok());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn signatures_verify_are_low_and_repeat(digest in any::<[u8; 32]>(), index in 0u32..1000) {
        let (keys, secp) = (zeros(NetworkClass::Main), Secp256k1::verification_only());
        let ecdsa_job = job(&keys, &format!("m/84'/0'/0'/1/{index}"), Scheme::EcdsaLowR, digest);
        let public_key = ecdsa_job.public_key;
        let jobs = [ecdsa_job, job(&keys, &format!("m/86'/0'/0'/1/{index}"), Scheme::TaprootKeyPath, digest)];
        let signatures = keys.sign(&jobs).unwrap();
        prop_assert_eq!(&signatures, &keys.sign(&jobs).unwrap());
        prop_assert!(signatures[0].bytes[0] < 0x80, "R is low");
        let signature = ecdsa::Signature::from_compact(&signatures[0].bytes).unwrap();
        let mut low = signature;
        low.normalize_s();
        prop_assert_eq!(low, signature);
        let message = Message::from_digest(digest);
        prop_assert!(secp.verify_ecdsa(&message, &signature, &public_key).is_ok());
        let mut other = digest;
        other[0] ^= 1;
        prop_assert!(secp.verify_ecdsa(&Message::from_digest(other), &signature, &public_key).is_err());
    }
}

/// BIP-85, test cases 1 and 2: the key before it is hashed.
#[test]
fn published_keys_of_child_seeds_are_derived() {
    let words = "install scatter logic circle pencil average fall shoe quantum disease suspect usage";
    let keys = keys_of(words, "", Language::English, NetworkClass::Main);
    for (at, expected) in [
        ("m/83696968'/0'/0'", "cca20ccb0e9a90feb0912870c3323b24874b0ca3d8018c4b96d0b97c0e82ded0"),
        ("m/83696968'/0'/1'", "503776919131758bb7de7beb6c0ae24894f4ec042c26032890c29359216e21ba"),
    ] {
        let key = keys.derive_unchecked(&path(at)).unwrap();
        assert_eq!(hex::DisplayHex::to_lower_hex_string(&key.0.private_key.secret_bytes()), expected);
    }
}

#[test]
fn entropy_of_child_seeds_is_made_of_no_other_key() {
    let keys = zeros(NetworkClass::Main);
    for refused in [
        "m",
        "m/83696968'",
        "m/83696968'/2'",
        "m/83696968'/39'/0'/12'/0'/0'",
        "m/83696968'/39'/0'/12'/0",
        "m/83696968/2'/0'",
        "m/84'/0'/0'",
    ] {
        assert!(matches!(keys.child_entropy(&path(refused)), Err(KeystoreError::Path { .. })), "{refused}");
    }
    for child in ["m/83696968'/2'/0'", "m/83696968'/39'/0'/12'/0'"] {
        assert!(keys.child_entropy(&path(child)).is_ok());
        let job = Job { path: path(child), ..job(&keys, "m/84'/0'/0'/0/7", Scheme::EcdsaLowR, [3; 32]) };
        assert!(matches!(keys.sign(&[job]), Err(KeystoreError::Path { .. })), "{child}");
        assert!(keys.account_xpub(&path(child)).is_err() && keys.ethereum_public_key(&path(child)).is_err());
    }
}
