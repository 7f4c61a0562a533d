//! BIP-174: what must not be read, what must be read, and what a signer must refuse.

use bitcoin::Transaction;
use fastness::{
    chain::bitcoin::{
        BitcoinError, Ownership, Plan,
        decode::examine,
        inputs,
        psbt::{Blob, read, read_psbt, to_base64},
    },
    network::Network,
};

use super::{json, list, text};

fn vectors() -> serde_json::Value {
    json(include_str!("bip174.json"))
}

#[test]
fn invalid_ones_are_refused() {
    let vectors = vectors();
    for entry in list(&vectors, "invalid") {
        let found = read_psbt(text(entry, "psbt").as_bytes());
        assert!(matches!(found, Err(BitcoinError::NotAPsbt(_))), "{}", text(entry, "case"));
    }
    assert_eq!(list(&vectors, "invalid").len(), 20);
}

#[test]
fn valid_ones_are_read_and_written_again() {
    let vectors = vectors();
    for entry in list(&vectors, "valid") {
        let (case, shown) = (text(entry, "case"), text(entry, "psbt"));
        let psbt = read_psbt(shown.as_bytes()).expect(case);
        let again = read_psbt(to_base64(&psbt).as_bytes()).expect(case);
        assert_eq!(again, psbt, "{case}");
        let hex = hex::DisplayHex::to_lower_hex_string(&psbt.serialize());
        assert_eq!(read_psbt(hex.as_bytes()).expect(case), psbt, "{case}: as hex");
        assert_eq!(read_psbt(&psbt.serialize()).expect(case), psbt, "{case}: as binary");
        let plan = Plan { network: Network::Testnet3, psbt };
        let examination = examine(&plan, &Ownership::default());
        assert!(!examination.problems.is_empty(), "{case}: none of these coins is ours");
        assert_eq!(examination.review.outputs.len(), plan.psbt.unsigned_tx.output.len());
    }
    assert_eq!(list(&vectors, "valid").len(), 10);
}

/// The first invalid vector is a raw transaction: read as one, and refused where a PSBT is needed.
#[test]
fn a_raw_transaction_is_told_from_a_psbt() {
    let vectors = vectors();
    let shown = text(&list(&vectors, "invalid")[0], "psbt");
    let Ok(Blob::Transaction(transaction)) = read(shown.as_bytes()) else { unreachable!("not a transaction") };
    assert_eq!(
        bitcoin::consensus::encode::deserialize::<Transaction>(&bitcoin::consensus::serialize(&transaction)).unwrap(),
        transaction
    );
}

#[test]
fn a_signer_refuses_for_the_right_reason() {
    let reasons = [
        "it gives a witness output for an input that is not segwit",
        "its redeem script is not the one that the coin commits to",
        "its redeem script is not the one that the coin commits to",
        "its witness script is not the one that the coin commits to",
    ];
    let vectors = vectors();
    let entries = list(&vectors, "fails_signer_checks");
    assert_eq!(entries.len(), reasons.len());
    for (entry, reason) in entries.iter().zip(reasons) {
        let case = text(entry, "case");
        let psbt = read_psbt(text(entry, "psbt").as_bytes()).expect(case);
        let nobody = Ownership::default();
        assert!(inputs::checked(&psbt, &nobody).is_err(), "{case}");
        let problems = examine(&Plan { network: Network::Testnet3, psbt }, &nobody).problems;
        let named =
            |found: &BitcoinError| matches!(found, BitcoinError::Contradiction { problem, .. } if *problem == reason);
        assert!(problems.iter().any(named), "{case}: {problems:?}");
    }
}
