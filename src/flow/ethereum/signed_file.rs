//! A signed Ethereum transaction on disk (docs/formats/signed.md): JSON, or the raw bytes in hex.
//!
//! The bytes are decoded and their signer recovered on every reading; the id is theirs or the file is refused.

use alloy_primitives::{B256, Bytes};
use hex::FromHex;
use serde::{Deserialize, Serialize};

use crate::{
    chain::ethereum::{SignedTransaction, decode},
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
