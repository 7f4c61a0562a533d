//! Every form of a backup is recognised by its content, and what is none says what it is.

use super::*;
use crate::keystore::{Keys, SecretBytes};
use crate::seal::Sealed;

/// Test vector 1 of SeedSigner's SeedQR: its words, its digits, and the bytes of its compact form.
const WORDS: &str = "attack pizza motion avocado network gather crop fresh patrol unusual wild holiday candy pony ranch winter theme error hybrid van cereal salon goddess expire";
const DIGITS: &str = "011513251154012711900771041507421289190620080870026613431420201617920614089619290300152408010643";
const XPRV: &str =
    "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";

fn found(text: &str) -> Restorable {
    recognised(text).unwrap().unwrap_or_else(|| panic!("{text} is recognised"))
}

fn words(restorable: &Restorable) -> String {
    restorable.secret.phrase().unwrap().words().collect::<Vec<_>>().join(" ")
}

#[test]
fn numbers_hex_and_keys_are_told_apart() {
    let seed_qr = found(DIGITS);
    assert_eq!((seed_qr.form, words(&seed_qr).as_str()), (BackupForm::SeedQr, WORDS));
    // In groups, as it is copied from a sheet.
    let grouped: String =
        DIGITS.as_bytes().chunks(4).map(|four| format!("{} ", std::str::from_utf8(four).unwrap())).collect();
    assert_eq!(words(&found(&grouped)), WORDS);
    let phrase = Phrase::parse_in(Language::English, WORDS).unwrap();
    let hex: String = phrase.entropy().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    for text in [hex.clone(), hex.to_uppercase()] {
        let entropy = found(&text);
        assert_eq!((entropy.form, words(&entropy).as_str()), (BackupForm::Entropy, WORDS));
    }
    let compact = of_code(&phrase.entropy()).unwrap();
    assert_eq!((compact.form, words(&compact).as_str()), (BackupForm::CompactSeedQr, WORDS));
    assert!(of_code(&SecretBytes::new(vec![1; 17])).is_err());
    let key = found(XPRV);
    assert_eq!((key.form, key.class), (BackupForm::ExtendedKey, Some(NetworkClass::Main)));
    let keys = Keys::from_secret(&key.secret, None, NetworkClass::Main, &Sealed::for_tests()).unwrap();
    assert_eq!(keys.fingerprint().to_string(), "3442193e");
}

#[test]
fn a_number_without_a_word_and_a_wrong_checksum_are_errors() {
    let beyond = DIGITS.replacen("0115", "2048", 1);
    assert!(matches!(recognised(&beyond), Err(KeystoreError::Phrase(PhraseError::UnknownWord { position: 1, .. }))));
    let other = DIGITS.replacen("0115", "0116", 1);
    assert!(matches!(recognised(&other), Err(KeystoreError::Phrase(PhraseError::Checksum))));
}

#[test]
fn what_brings_no_wallet_back_says_what_it_is() {
    let wif = "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn";
    let descriptor = "wpkh([73c5da0a/84h/1h/0h]tpubDC8msFGeGuwnKG9Upg7DM2b4DaRqg3/<0;1>/*)";
    let xpub = "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8";
    for (text, error) in [
        (wif, RestoreError::SingleKey),
        (&format!("0x{}", "0c".repeat(32)), RestoreError::SingleKey),
        (descriptor, RestoreError::WatchOnly),
        (xpub, RestoreError::WatchOnly),
        ("{\"descriptors\": []}", RestoreError::WatchOnly),
        ("{\"version\":3,\"crypto\":{}}", RestoreError::EthereumKeystore),
        ("{\"version\":3,\"Crypto\":{}}", RestoreError::EthereumKeystore),
        ("{\"header\":{},\"ciphertext\":\"\"}", RestoreError::WalletFile),
        (&XPRV.replacen("xprv", "zprv", 1), RestoreError::OtherPrefix),
    ] {
        assert_eq!(recognised(text).err(), Some(KeystoreError::Restore(error)), "{text}");
    }
}

#[test]
fn words_and_nonsense_are_left_to_the_reader_of_words() {
    for text in [WORDS, "(1) abandon (2) ability", "abandon", "", "{", "1234", "0c", "hello world", "[]"] {
        assert!(recognised(text).unwrap().is_none(), "{text}");
    }
    assert!(recognised(&"1".repeat(MAX_TEXT + 1)).unwrap().is_none());
}

/// Seeds of Electrum's own tests (tests/test_mnemonic.py, MIT): one segwit, one standard; and one that is in no version.
#[test]
fn words_of_electrum_are_known_as_that() {
    let segwit = "wild father tree among universe such mobile favorite target dynamic credit identify";
    let standard = "cram swing cover prefer miss modify ritual silly deliver chunk behind inform able";
    assert_eq!(electrum_kind(segwit), Some("segwit"));
    assert_eq!(electrum_kind(&format!("  {}\n", segwit.to_uppercase())), Some("segwit"));
    assert_eq!(electrum_kind(standard), Some("standard"));
    assert_eq!(electrum_kind("abandon ".repeat(11).as_str()), None);
    assert_eq!(refuse_electrum(segwit), Err(RestoreError::Electrum("segwit")));
    assert_eq!(refuse_electrum(WORDS), Ok(()));
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,200}") {
        let _ = recognised(&text);
        let _ = electrum_kind(&text);
    }
}
