//! What nodes write when they refuse a transaction, mapped to our own words.
//!
//! Pure. The text is a stranger's: it is compared with the fixed lists below and then forgotten, never shown or kept.
//! Texts are those of Bitcoin Core up to v31, with older forms, in the wrappings that Esplora servers put around them.

use serde_json::{Map, Value};

use crate::{
    amount::Asset,
    explorer::{bitcoin::RejectClass, online::bitcoin::esplora::json},
};

/// What a refusal means for the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
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
    ("unspendable output exceeds maximum configured", Class(RejectClass::NonStandard)),
    ("bad-txns-", Class(RejectClass::Invalid)),
    ("coinbase", Class(RejectClass::Invalid)),
    ("fee exceeds maximum configured", Class(RejectClass::FeeTooHigh)),
    ("max-fee-exceeded", Class(RejectClass::FeeTooHigh)),
    ("absurdly-high-fee", Class(RejectClass::FeeTooHigh)),
    ("tx decode failed", Class(RejectClass::Malformed)),
    ("mempool full", Class(RejectClass::Transient)),
];

/// Reads the body of a refusal.
pub(crate) fn classify(body: &[u8]) -> Refusal {
    let Refused { code, message } = unwrap(&String::from_utf8_lossy(body), WRAPPINGS);
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

/// Wrappings around wrappings that are taken off; the deepest known are three.
const WRAPPINGS: u8 = 5;

/// A refusal without its wrappings.
#[derive(Default)]
struct Refused {
    code: Option<i64>,
    message: String,
}

/// Takes off, from outside in: JSON, the words `RPC error`, and the sentences that servers put around the node's words.
fn unwrap(text: &str, most: u8) -> Refused {
    let Some(left) = most.checked_sub(1) else { return Refused::default() };
    match json::parse::<Value>(text.trim().as_bytes()) {
        Ok(Value::Object(object)) => return of_object(&object, left),
        Ok(Value::String(inner)) => return unwrap(&inner, left),
        _ => {}
    }
    let Some((_, reason)) = text.split_once("RPC error") else {
        return Refused { code: None, message: bare(text) };
    };
    let reason = reason.trim_start_matches(':').trim();
    if let Ok(Value::Object(object)) = json::parse(reason.as_bytes()) {
        return of_object(&object, left);
    }
    match reason.split_once(':').map(|(code, message)| (code.trim().parse::<i64>(), message)) {
        Some((Ok(code), message)) => Refused { code: Some(code), message: bare(message) },
        _ => Refused { code: reason.parse().ok(), message: bare(reason) },
    }
}

/// A JSON object: an error itself, or around one, or the answer to a package.
fn of_object(object: &Map<String, Value>, left: u8) -> Refused {
    match (object.get("error"), object.get("tx-results")) {
        (Some(Value::String(inner)), _) => unwrap(inner, left),
        (Some(Value::Object(error)), _) => of_error(error, left),
        (_, Some(Value::Object(results))) => {
            let error = results.values().find_map(|result| result.get("error").and_then(Value::as_str));
            unwrap(error.unwrap_or_default(), left)
        }
        _ => of_error(object, left),
    }
}

/// `{"code":..,"message":..}`; the message of an Electrum server may hold what its own backend wrapped.
fn of_error(error: &Map<String, Value>, left: u8) -> Refused {
    let inner = unwrap(error.get("message").and_then(Value::as_str).unwrap_or_default(), left);
    Refused { code: inner.code.or_else(|| error.get("code").and_then(Value::as_i64)), message: inner.message }
}

/// Takes off what Electrum servers and Blockchair put before the message, and the transaction that may follow it.
fn bare(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix("the transaction was rejected by network rules.").unwrap_or(text).trim_start();
    let text = text.strip_prefix("Invalid transaction. Error:").unwrap_or(text).trim_start();
    let text = text.split("\n[").next().unwrap_or(text).trim();
    // The number of the reason that old nodes put first (BIP-61), as in `18: txn-already-in-mempool`.
    let number = |text: &str| text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once(": ") {
        Some((first, message)) if number(first) => message.to_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
#[path = "reject_tests.rs"]
mod tests;
