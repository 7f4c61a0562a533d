//! A signed Ethereum transaction on disk (docs/formats/signed.md): JSON, or the raw bytes in hex.
//!
//! The bytes are decoded and their signer recovered on every reading; the id is theirs or the file is refused.

use alloy_primitives::{B256, Bytes};
use hex::FromHex;
use serde::{Deserialize, Serialize};

use super::EvmDraft;
use crate::{
    chain::ethereum::{SignedTransaction, decode, sign},
    explain::Failure,
    flow::FlowError,
    network::{AnyNetwork, EvmChain},
};

/// Version of the signed file.
const SCHEMA: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    fastness_signed: u32,
    network: &'static EvmChain,
    id: B256,
    raw: Bytes,
}

/// Reads what `fastness sign` wrote, or a raw transaction in hex or binary.
///
/// # Errors
/// Neither; the bytes do not hash to the id; or it is for another network than `asked`.
pub fn read_signed(bytes: &[u8], asked: Option<AnyNetwork>) -> Result<SignedTransaction, Failure> {
    let signed = if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        read_file(bytes)?
    } else {
        decode::signed(&raw(bytes)?)?.0
    };
    match asked.filter(|wanted| *wanted != AnyNetwork::Evm(signed.chain)) {
        Some(wanted) => Err(FlowError::OtherChain { found: signed.chain.name, wanted: wanted.name() }.into()),
        None => Ok(signed),
    }
}

/// What another process signed of a draft: it must be that plan, with its own delegation signed where it has one.
///
/// # Errors
/// As [`read_signed`], or it is another transaction.
pub fn read_signed_plan(draft: &EvmDraft, bytes: &[u8]) -> Result<SignedTransaction, Failure> {
    let signed = read_signed(bytes, Some(AnyNetwork::Evm(draft.plan.chain)))?;
    if sign::is_plan(&draft.plan, &signed)? { Ok(signed) } else { Err(FlowError::ReviewChanged.into()) }
}

fn read_file(bytes: &[u8]) -> Result<SignedTransaction, Failure> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| {
        FlowError::NotSigned(if error.is_eof() {
            "it ends too early; the copy is not complete".to_owned()
        } else {
            format!("line {} is not what a signed Ethereum transaction holds there", error.line())
        })
    })?;
    if file.fastness_signed != SCHEMA {
        return Err(FlowError::NotSigned(format!("it is of version {}", file.fastness_signed)).into());
    }
    let (signed, _) = decode::signed(&file.raw)?;
    if signed.hash != file.id || signed.chain != file.network {
        return Err(FlowError::NotSigned("its bytes are not the transaction that it names".to_owned()).into());
    }
    Ok(signed)
}

/// Hex with or without 0x, or the bytes themselves.
fn raw(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let trimmed = bytes.trim_ascii();
    let Ok(text) = std::str::from_utf8(trimmed) else { return Ok(bytes.to_vec()) };
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(bytes.to_vec());
    }
    Ok(Vec::from_hex(digits).map_err(|_| FlowError::NotSigned("its hex digits are not whole bytes".to_owned()))?)
}

/// The file's text.
///
/// # Errors
/// Never for a transaction that was signed or read here.
pub fn signed_text(signed: &SignedTransaction) -> Result<String, Failure> {
    let raw = signed.bytes.clone().into();
    let file = File { fastness_signed: SCHEMA, network: signed.chain, id: signed.hash, raw };
    let text =
        serde_json::to_string_pretty(&file).map_err(|_| FlowError::NotSigned("it cannot be written".to_owned()))?;
    Ok(text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLANNED: &str = r#"{"fastness_draft": 1, "network": "eip155:1", "from": "0xa9D329B459730dd0043e761D38424452F8B3cDE4", "unsigned": "0x02eb01800184465330178252089470997970c51812dc3a010c7d01b50e0d17dc79c8880de0b6b3a764000080c0"}"#;
    /// The same, signed with the account that the story tests' words have (tests/vectors/derivation.json).
    const SIGNED: &[u8] = b"0x02f86d01800184465330178252089470997970c51812dc3a010c7d01b50e0d17dc79c8880de0b6b3a764000080c001a0f1acc4d7a420d37c3d8270865f5c2cfe9bbaed6ff54741f6592147ababb842bd9f7ef36a05e11ed96a9c0e4fca9d49bad093f93bc108ed9d8fc6b5f2a1e9a80b";

    fn compared(draft: &str) -> Result<SignedTransaction, Failure> {
        read_signed_plan(&EvmDraft::read(draft.as_bytes(), None).unwrap(), SIGNED)
    }

    #[test]
    fn what_was_signed_is_the_plan_that_was_given() {
        assert!(compared(PLANNED).is_ok());
        for (what, planned, other) in [
            ("the nonce", "0x02eb0180", "0x02eb0101"),
            ("the payee", "70997970c5", "70997970c6"),
            ("the amount", "0de0b6b3a764", "0de0b6b3a765"),
            ("the sender", "0xa9D329B459730dd0043e761D38424452F8B3cDE4", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
        ] {
            let draft = PLANNED.replacen(planned, other, 1);
            assert_ne!(draft, PLANNED);
            assert_eq!(compared(&draft).unwrap_err().entry().code, "flow.review_changed", "{what}");
        }
    }
}
