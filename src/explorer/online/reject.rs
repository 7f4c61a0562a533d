//! What nodes write when they refuse a transaction, mapped to our own words.
//!
//! Pure. The text is a stranger's: it is compared with the fixed lists below and then forgotten, never shown or kept.
//! Texts are those of Bitcoin Core up to v31, with older forms, in the wrappings that Esplora servers put around them.

use serde_json::Value;

use super::esplora_json;
use crate::{amount::Asset, explorer::RejectClass};

/// What a refusal means for the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It waits for a block already.
    Known,
    /// It is in a block already.
    Confirmed,
    /// Its coins are gone or unknown: spent by itself, by another, or not there yet. Reading it back tells.
    ReadBack,
    /// Refused.
    Class(RejectClass),
}

use Refusal::{Class, Confirmed, Known, ReadBack};

/// Beginnings of messages, lower case, with their meaning; the first that fits counts, so longer ones stand first.
const MESSAGES: &[(&str, Refusal)] = &[
    ("txn-already-in-mempool", Known),
    ("txn-already-known", Known),
    ("txn-same-nonwitness-data-in-mempool", Known),
    ("transaction already in mempool", Known),
    ("transaction outputs already in utxo set", Confirmed),
    ("transaction already in block chain", Confirmed),
    ("bad-txns-inputs-missingorspent", ReadBack),
    ("bad-txns-inputs-spent", ReadBack),
    ("missing inputs", ReadBack),
    ("missing-inputs", ReadBack),
    ("inputs missing or spent", ReadBack),
    ("min relay fee not met", Class(RejectClass::FeeTooLow { need_sat: None })),
    ("mempool min fee not met", Class(RejectClass::FeeTooLow { need_sat: None })),
    ("insufficient priority", Class(RejectClass::FeeTooLow { need_sat: None })),
    ("insufficient fee", Class(RejectClass::ReplacementFeeTooLow)),
    ("txn-mempool-conflict", Class(RejectClass::ReplacementRefused)),
    ("bip125-replacement-disallowed", Class(RejectClass::ReplacementRefused)),
    ("replacement-adds-unconfirmed", Class(RejectClass::ReplacementRefused)),
    ("too many potential replacements", Class(RejectClass::ReplacementRefused)),
    ("bad-txns-spends-conflicting-tx", Class(RejectClass::ReplacementRefused)),
    ("replacement-failed", Class(RejectClass::ReplacementRefused)),
    ("too-large-cluster", Class(RejectClass::ChainLimit)),
    ("too-long-mempool-chain", Class(RejectClass::ChainLimit)),
    ("bad-txns-premature-spend-of-coinbase", Class(RejectClass::TooEarly)),
    ("non-final", Class(RejectClass::TooEarly)),
    ("non-bip68-final", Class(RejectClass::TooEarly)),
    ("mempool-script-verify-flag-failed", Class(RejectClass::BadSignature)),
    ("block-script-verify-flag-failed", Class(RejectClass::BadSignature)),
    ("non-mandatory-script-verify-flag", Class(RejectClass::BadSignature)),
    ("mandatory-script-verify-flag-failed", Class(RejectClass::BadSignature)),
    ("bad-txns-too-many-sigops", Class(RejectClass::NonStandard)),
    ("bad-txns-nonstandard-inputs", Class(RejectClass::NonStandard)),
    ("bad-witness-nonstandard", Class(RejectClass::NonStandard)),
    ("dust", Class(RejectClass::NonStandard)),
    ("scriptpubkey", Class(RejectClass::NonStandard)),
    ("scriptsig-", Class(RejectClass::NonStandard)),
    ("datacarrier", Class(RejectClass::NonStandard)),
    ("bare-multisig", Class(RejectClass::NonStandard)),
    ("multi-op-return", Class(RejectClass::NonStandard)),
    ("tx-size", Class(RejectClass::NonStandard)),
    ("version", Class(RejectClass::NonStandard)),
    ("truc-violation", Class(RejectClass::NonStandard)),
    ("bad-txns-", Class(RejectClass::Invalid)),
    ("coinbase", Class(RejectClass::Invalid)),
    ("fee exceeds maximum configured", Class(RejectClass::FeeTooHigh)),
    ("max-fee-exceeded", Class(RejectClass::FeeTooHigh)),
    ("absurdly-high-fee", Class(RejectClass::FeeTooHigh)),
    ("tx decode failed", Class(RejectClass::Malformed)),
    ("mempool full", Class(RejectClass::Transient)),
];

/// Reads the body of a refusal.
pub(super) fn classify(body: &[u8]) -> Refusal {
    let Refused { code, message } = unwrap(body);
    let lower = message.to_ascii_lowercase();
    let fits = |(beginning, _): &&(&str, Refusal)| lower.starts_with(beginning);
    match MESSAGES.iter().find(fits) {
        Some((_, Class(RejectClass::FeeTooLow { .. }))) => {
            Class(RejectClass::FeeTooLow { need_sat: needed_fee(&lower) })
        }
        Some((_, refusal)) => *refusal,
        None => by_code(code),
    }
}

/// What the number alone says, where the server cut the message away. Codes of Bitcoin Core's `rpc/protocol.h`.
const fn by_code(code: Option<i64>) -> Refusal {
    match code {
        Some(-27) => Confirmed,
        Some(-25) => ReadBack,
        Some(-22) => Class(RejectClass::Malformed),
        Some(-28 | -37) => Class(RejectClass::Transient),
        _ => Class(RejectClass::Unstated),
    }
}

/// The second number of `min relay fee not met, 0 < 11`, in satoshi.
fn needed_fee(message: &str) -> Option<u64> {
    let (_, need) = message.split_once('<')?;
    let digits: String = need.trim_start().chars().take_while(char::is_ascii_digit).collect();
    let need: u64 = digits.parse().ok()?;
    (u128::from(need) <= Asset::Bitcoin.supply_limit()).then_some(need)
}

/// A refusal without its wrappings.
struct Refused {
    code: Option<i64>,
    message: String,
}

/// Takes off, from outside in: a JSON object with `error`, the words `RPC error`, and Electrum's sentence with its hex.
fn unwrap(body: &[u8]) -> Refused {
    let text = String::from_utf8_lossy(body);
    let text = match esplora_json::parse::<Value>(text.trim().as_bytes()) {
        Ok(Value::Object(object)) => match object.get("error") {
            Some(Value::String(inner)) => inner.clone(),
            Some(inner @ Value::Object(_)) => return from_object(inner),
            _ => return from_object(&Value::Object(object)),
        },
        _ => text.into_owned(),
    };
    let Some((_, reason)) = text.split_once("RPC error") else {
        return Refused { code: None, message: without_electrum(&text) };
    };
    let reason = reason.trim_start_matches(':').trim();
    if let Ok(object @ Value::Object(_)) = esplora_json::parse::<Value>(reason.as_bytes()) {
        return from_object(&object);
    }
    match reason.split_once(':').map(|(code, message)| (code.trim().parse::<i64>(), message)) {
        Some((Ok(code), message)) => Refused { code: Some(code), message: without_electrum(message) },
        _ => Refused { code: reason.parse().ok(), message: without_electrum(reason) },
    }
}

fn from_object(object: &Value) -> Refused {
    let message = object.get("message").and_then(Value::as_str).unwrap_or_default();
    Refused { code: object.get("code").and_then(Value::as_i64), message: without_electrum(message) }
}

/// Electrum servers put a sentence before the message and the transaction after it.
fn without_electrum(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix("the transaction was rejected by network rules.").unwrap_or(text).trim_start();
    text.split("\n[").next().unwrap_or(text).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every text of the table in the design notes, with its code and class.
    fn golden() -> Vec<(i64, &'static str, Refusal)> {
        let low = |need| Class(RejectClass::FeeTooLow { need_sat: Some(need) });
        let mut rows = vec![
            (-27, "Transaction outputs already in utxo set", Confirmed),
            (-27, "Transaction already in block chain", Confirmed),
            (-25, "bad-txns-inputs-missingorspent", ReadBack),
            (-25, "Missing inputs", ReadBack),
            (-25, "Inputs missing or spent", ReadBack),
            (-26, "txn-already-in-mempool", Known),
            (-26, "txn-already-known", Known),
            (-26, "txn-same-nonwitness-data-in-mempool", Known),
            (-26, "min relay fee not met, 0 < 11", low(11)),
            (-26, "mempool min fee not met, 141 < 1000", low(1000)),
            (
                -25,
                "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)",
                Class(RejectClass::FeeTooHigh),
            ),
            (-22, "TX decode failed. Make sure the tx has at least one input.", Class(RejectClass::Malformed)),
            (-26, "mempool full", Class(RejectClass::Transient)),
            (-37, "", Class(RejectClass::Transient)),
            (-28, "Loading block index...", Class(RejectClass::Transient)),
        ];
        rows.extend(of_policy());
        rows
    }

    fn of_policy() -> Vec<(i64, &'static str, Refusal)> {
        let all =
            |class, texts: &[&'static str]| texts.iter().map(|&text| (-26, text, Class(class))).collect::<Vec<_>>();
        [
            all(RejectClass::ReplacementFeeTooLow, &[
                "insufficient fee, rejecting replacement 00ff, not enough additional fees to relay; 0.0000001 < 0.00000011",
                "insufficient fee, rejecting replacement 00ff, less fees than conflicting txs; 0.0005 < 0.001",
                "insufficient feerate: does not improve feerate diagram",
            ]),
            all(RejectClass::ReplacementRefused, &[
                "txn-mempool-conflict", "bip125-replacement-disallowed", "replacement-adds-unconfirmed",
                "too many potential replacements, rejecting replacement", "bad-txns-spends-conflicting-tx", "replacement-failed",
            ]),
            all(RejectClass::ChainLimit, &["too-large-cluster", "too-long-mempool-chain, too many unconfirmed parents"]),
            all(RejectClass::NonStandard, &[
                "dust, tx with dust output must be 0-fee", "dust", "scriptpubkey", "datacarrier", "bare-multisig", "tx-size",
                "tx-size-small", "version", "scriptsig-size", "scriptsig-not-pushonly", "bad-witness-nonstandard",
                "TRUC-violation, tx is too big", "bad-txns-too-many-sigops",
            ]),
            all(RejectClass::TooEarly, &[
                "non-final", "non-BIP68-final", "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 5",
            ]),
            all(RejectClass::BadSignature, &[
                "mempool-script-verify-flag-failed (Signature must be zero), input 0 of 00ff, spending 00ff:0",
                "block-script-verify-flag-failed (Script failed an OP_EQUALVERIFY operation)",
                "non-mandatory-script-verify-flag (Witness program hash mismatch)",
                "mandatory-script-verify-flag-failed (Script evaluated without error but finished with a false stack)",
            ]),
            all(RejectClass::Invalid, &["bad-txns-in-belowout, value in (0.1) < value out (0.2)", "bad-txns-vout-negative"]),
        ]
        .concat()
    }

    #[test]
    fn every_known_text_has_its_class_in_every_wrapping() {
        for (code, message, class) in golden() {
            let quoted = Value::String(message.to_owned()).to_string();
            let object = format!(r#"{{"code":{code},"message":{quoted}}}"#);
            let old = format!("sendrawtransaction RPC error: {object}");
            let new = format!("sendrawtransaction RPC error {code}: {message}");
            let as_json = Value::String(old.clone());
            let mut wrapped = vec![old, new, object.clone(), format!(r#"{{"error":{object}}}"#)];
            wrapped.push(format!(r#"{{"error":{as_json}}}"#));
            if !message.is_empty() && code != -28 {
                wrapped.push(message.to_owned());
                wrapped.push(format!("the transaction was rejected by network rules.\n\n{message}\n[0200ff]"));
            }
            for text in wrapped {
                assert_eq!(classify(text.as_bytes()), class, "{text}");
            }
        }
    }

    #[test]
    fn without_a_message_the_code_speaks() {
        let cut = |code: i64| format!(r#"{{"error":"sendrawtransaction RPC error: {{\"code\":{code}}}"}}"#);
        for (code, class) in [
            (-27, Confirmed),
            (-25, ReadBack),
            (-22, Class(RejectClass::Malformed)),
            (-28, Class(RejectClass::Transient)),
            (-26, Class(RejectClass::Unstated)),
        ] {
            assert_eq!(classify(cut(code).as_bytes()), class, "{code}");
        }
        for text in [
            "RPC error",
            "Failed to send raw transaction",
            "",
            "<html>400</html>",
            "{}",
            "[]",
            "Update at evil.example",
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
}
