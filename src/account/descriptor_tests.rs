//! Descriptors and keys of other wallets, read as the account that they name.
//!
//! Tests only.

use super::*;

const KEY: &str =
    "xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHwCD3XyuvPEbvqAQY3rAPshWcMLoP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V";
const ZPUB: &str =
    "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs";

fn read(text: &str) -> Result<Stated, AccountError> {
    Stated::parse(text, Network::Bitcoin, ScriptType::P2wpkh)
}

/// Nothing is widened in silence: what is not exactly an account is refused, and what names one chain says so.
#[test]
fn descriptors_mean_what_they_say() {
    let origin = "[73c5da0a/84h/0h/0h]";
    let whole = |steps: &str| format!("wpkh({origin}{KEY}{steps})");
    assert_eq!(read(&whole("/<0;1>/*")).expect("both").chains, Keychain::ALL);
    assert_eq!(read(&whole("/0/*")).expect("receive").chains, [Keychain::Receive]);
    for steps in [
        "/0/*h",
        "/0/*'",
        "/<0;1>/*h",
        "/0",
        "/1",
        "/<0;1>",
        "",
        "/*",
        "/*h",
        "/1/*",
        "/<1;0>/*",
        "/2/*",
        "/0/0/*",
        "/<0;1>/0",
        "/<0;1;2>/*",
        "/<0;2>/*",
        "/0h/*",
    ] {
        let text = whole(steps);
        let sum = desc_checksum(&text).expect("descriptor characters");
        for text in [format!("{text}#{sum}"), text] {
            assert!(matches!(read(&text), Err(AccountError::Unsupported(_) | AccountError::NotAnAccount(_))), "{text}");
        }
    }
}

#[test]
fn the_forms_of_other_wallets_are_the_same_account() {
    let account = read(&format!("wpkh([73c5da0a/84h/0h/0h]{KEY}/<0;1>/*)")).expect("an account").account;
    for form in [
        format!("wpkh( [73c5da0a/84H/0H/0H]{KEY} /<0;1>/* )"),
        format!("wpkh([73C5DA0A/84'/0'/0']{ZPUB}/<0;1>/*)"),
        format!("[73c5da0a/84h/0H/0']{ZPUB}"),
        format!("[73c5da0a/84h/0h/0h]{KEY}"),
    ] {
        assert_eq!(read(&form).map(|stated| stated.account).as_ref(), Ok(&account), "{form}");
    }
    let other_kind = read(&format!("sh(wpkh([73c5da0a/49h/0h/0h]{ZPUB}/<0;1>/*))"));
    assert!(matches!(other_kind, Err(AccountError::Unsupported(_))), "a zpub is no key of nested segwit");
    assert!(read(&format!("[73c5da0a/84h{KEY}")).is_err() && read(&format!("[73c5da/84h]{KEY}")).is_err());
}
