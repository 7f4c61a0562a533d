//! The golden table: every known refusal in every wrapping that it can arrive in, and its class.
//!
//! Tests only. The counts are asserted, so that no row is lost in silence.

use proptest::prelude::*;
use serde_json::json;

use super::*;

type Row = (i64, &'static str, Refusal);

/// Rows of the table in the design notes: code, text and class.
const TEXTS: usize = 60;
/// Texts in all their wrappings.
const CASES: usize = 999;

/// Refusals that may mean that the transaction is there, or that its coins are gone.
const OF_STATE: &[Row] = &[
    (-27, "Transaction outputs already in utxo set", Confirmed),
    (-27, "Transaction already in block chain", Confirmed),
    (-25, "bad-txns-inputs-missingorspent", ReadBack),
    (-25, "Missing inputs", ReadBack),
    (-25, "Inputs missing or spent", ReadBack),
    (-26, "txn-already-in-mempool", Known),
    (-26, "txn-already-known", Known),
    (-26, "txn-same-nonwitness-data-in-mempool", Known),
];

/// Refusals over fees, and by nodes that cannot take any.
const OF_FEES: &[Row] = &[
    (-26, "min relay fee not met, 0 < 11", Class(RejectClass::FeeTooLow { need_sat: Some(11) })),
    (-26, "mempool min fee not met, 141 < 1000", Class(RejectClass::FeeTooLow { need_sat: Some(1000) })),
    (-25, "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)", Class(RejectClass::FeeTooHigh)),
    (-22, "TX decode failed. Make sure the tx has at least one input.", Class(RejectClass::Malformed)),
    (-26, "mempool full", Class(RejectClass::Transient)),
    (-37, "Private broadcast queue is full", Class(RejectClass::Transient)),
    (-28, "Loading block index…", Class(RejectClass::Transient)),
    (-28, "Verifying blocks…", Class(RejectClass::Transient)),
];

/// Refusals by policy and consensus, all with code -26, by class.
const OF_RULES: &[(RejectClass, &[&str])] = &[
    (
        RejectClass::ReplacementFeeTooLow,
        &[
            "insufficient fee, rejecting replacement 00ff, not enough additional fees to relay; 0.0000001 < 0.00000011",
            "insufficient fee, rejecting replacement 00ff, less fees than conflicting txs; 0.0005 < 0.001",
            "insufficient feerate: does not improve feerate diagram",
        ],
    ),
    (
        RejectClass::ReplacementRefused,
        &[
            "txn-mempool-conflict",
            "bip125-replacement-disallowed",
            "replacement-adds-unconfirmed, replacement 00ff adds unconfirmed input, idx 0",
            "too many potential replacements, rejecting replacement 00ff; too many potential replacements (101 > 100)",
            "bad-txns-spends-conflicting-tx, 00ff spends conflicting transaction 11ee",
            "replacement-failed",
        ],
    ),
    (
        RejectClass::ChainLimit,
        &[
            "too-large-cluster, too many unconfirmed transactions in the cluster [limit: 64]",
            "too-long-mempool-chain, too many unconfirmed ancestors [limit: 25]",
        ],
    ),
    (
        RejectClass::NonStandard,
        &[
            "dust, tx with dust output must be 0-fee",
            "dust",
            "scriptpubkey",
            "datacarrier",
            "bare-multisig",
            "tx-size",
            "tx-size-small",
            "version",
            "scriptsig-size",
            "scriptsig-not-pushonly",
            "bad-witness-nonstandard",
            "TRUC-violation, version=3 tx 00ff cannot spend from non-version=3 tx 11ee",
            "bad-txns-too-many-sigops",
            "bad-txns-nonstandard-inputs",
        ],
    ),
    (
        RejectClass::TooEarly,
        &["non-final", "non-BIP68-final", "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 5"],
    ),
    (
        RejectClass::BadSignature,
        &[
            "mempool-script-verify-flag-failed (Signature must be zero), input 0 of 00ff (wtxid 11ee), spending 22dd:0",
            "block-script-verify-flag-failed (Script failed an OP_EQUALVERIFY operation), input 0 of 00ff",
            "non-mandatory-script-verify-flag (Witness program hash mismatch)",
            "mandatory-script-verify-flag-failed (Script evaluated without error but finished with a false stack)",
        ],
    ),
    (
        RejectClass::Invalid,
        &[
            "bad-txns-in-belowout, value in (0.10) < value out (0.20)",
            "bad-txns-vin-empty",
            "bad-txns-vout-empty",
            "bad-txns-vout-negative",
            "bad-txns-vout-toolarge",
            "bad-txns-txouttotal-toolarge",
            "bad-txns-inputs-duplicate",
            "bad-txns-prevout-null",
            "bad-txns-oversize",
            "bad-txns-fee-outofrange",
            "bad-txns-inputvalues-outofrange",
            "coinbase",
        ],
    ),
];

fn golden() -> Vec<Row> {
    let of_rules = OF_RULES.iter().flat_map(|(class, texts)| texts.iter().map(|text| (-26, *text, Class(*class))));
    OF_STATE.iter().chain(OF_FEES).copied().chain(of_rules).collect()
}

/// Whether the class is in the text, or in the number alone.
fn is_told_by_number(code: i64) -> bool {
    matches!(code, -28 | -37)
}

/// The wrappings (a), (b), (c) and (f) of the notes, and what else is seen around them. (d) and (e) have no text.
fn wrapped(code: i64, text: &str) -> Vec<String> {
    let node = json!({ "code": code, "message": text });
    let (old, new) =
        (format!("sendrawtransaction RPC error: {node}"), format!("sendrawtransaction RPC error {code}: {text}"));
    let mut all = vec![
        old.clone(),
        new.clone(),
        format!("{new}\n"),
        node.to_string(),
        json!({ "error": node }).to_string(),
        json!({ "error": old }).to_string(),
        json!({ "error": new }).to_string(),
        json!({ "jsonrpc": "2.0", "id": 7, "error": node }).to_string(),
        // Electrum: an error that is a bare string, and one that holds what its daemon wrapped.
        json!({ "id": 7, "error": old }).to_string(),
        json!({ "id": 7, "error": { "code": 1, "message": old } }).to_string(),
    ];
    if is_told_by_number(code) {
        return all;
    }
    let sentence = format!("the transaction was rejected by network rules.\n\n{text}\n[0200ff]");
    all.extend([
        text.to_owned(),
        json!(text).to_string(),
        sentence.clone(),
        json!({ "error": text }).to_string(),
        json!({ "id": 7, "error": { "code": 1, "message": sentence } }).to_string(),
        json!({ "id": 7, "error": { "code": 2, "message": text } }).to_string(),
        package(text),
    ]);
    all
}

/// The answer of `submitpackage` when one of two was refused.
fn package(error: &str) -> String {
    let taken = json!({ "txid": "11".repeat(32), "vsize": 141, "fees": { "base": 0.0000141 } });
    let refused = json!({ "txid": "22".repeat(32), "error": error });
    let results = json!({ "aa".repeat(32): taken, "bb".repeat(32): refused });
    json!({ "package_msg": "transaction failed", "tx-results": results, "replaced-transactions": [] }).to_string()
}

#[test]
fn every_known_text_has_its_class_in_every_wrapping() {
    let mut cases = 0;
    for (code, text, class) in golden() {
        for answer in wrapped(code, text) {
            assert_eq!(classify(answer.as_bytes()), class, "{answer}");
            cases += 1;
        }
    }
    assert_eq!((golden().len(), cases), (TEXTS, CASES));
}

#[test]
fn without_a_message_the_code_speaks() {
    for (code, class) in [
        (-27, Confirmed),
        (-25, ReadBack),
        (-22, Class(RejectClass::Malformed)),
        (-28, Class(RejectClass::Transient)),
        (-37, Class(RejectClass::Transient)),
        (-26, Class(RejectClass::Unstated)),
    ] {
        let cut = json!({ "error": format!(r#"sendrawtransaction RPC error: {{"code":{code}}}"#) });
        let new = format!("sendrawtransaction RPC error {code}: ");
        for answer in [cut.to_string(), new, format!("sendrawtransaction RPC error {code}")] {
            assert_eq!(classify(answer.as_bytes()), class, "{answer}");
        }
    }
}

#[test]
fn what_says_nothing_is_unstated() {
    let nested = (0..20).fold("dust".to_owned(), |inner, _| json!({ "error": inner }).to_string());
    for text in [
        "RPC error",
        "Failed to send raw transaction",
        r#"{"error":"Failed to send raw transaction"}"#,
        "",
        "<html>400</html>",
        "{}",
        "[]",
        "7",
        "Update at evil.example",
        r#"{"package_msg":"transaction failed","tx-results":{}}"#,
        &nested,
    ] {
        assert_eq!(classify(text.as_bytes()), Class(RejectClass::Unstated), "{text}");
    }
}

#[test]
fn a_needed_fee_is_bounded() {
    assert_eq!(needed_fee("min relay fee not met, 0 < 2100000000000001"), None);
    assert_eq!(needed_fee("min relay fee not met, 0 < 99999999999999999999"), None);
    assert_eq!(needed_fee("min relay fee not met"), None);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = classify(&body);
    }
}
