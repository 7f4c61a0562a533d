//! Published vectors: derivation, SLIP-39, SLIP-132, BIP-21, 174, 340, 341, 350, 380. Where each comes from: tests/vectors/README.md.
//!
//! No network, and nothing outside tests/vectors/. A vector that fails is never changed: it is the code that is wrong.

// Helpers of a test target may stop it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "vectors/accounts.rs"]
mod accounts;
#[path = "vectors/addresses.rs"]
mod addresses;
#[path = "vectors/descriptors.rs"]
mod descriptors;
#[path = "vectors/psbt.rs"]
mod psbt;
#[path = "vectors/slip39.rs"]
mod slip39;
#[path = "vectors/taproot.rs"]
mod taproot;

/// Reads a file of JSON that was compiled in.
fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// The text of a field.
fn text<'a>(value: &'a serde_json::Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| unreachable!("a vector without {field}: {value}"))
}

/// The members of a list.
fn list<'a>(value: &'a serde_json::Value, field: &str) -> &'a [serde_json::Value] {
    value[field].as_array().unwrap()
}

/// Bytes from hex.
fn bytes(hex: &str) -> Vec<u8> {
    hex::FromHex::from_hex(hex).unwrap()
}
