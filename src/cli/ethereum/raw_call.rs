//! A call that another program put together: `{to, data, value}` as aggregators, `cast` and `eth_sendTransaction` write it.
//!
//! Reads and bounds it. What it names beside the call (gas, prices, nonce) is not taken over; a sender or a chain that is
//! another one is refused.

use alloy_primitives::{Address, Bytes, U256};
use fastness::{address::parse_evm, explain::Failure, network::EvmChain, text::SafeText};
use serde_json::Value;

use crate::cli::CliError;

/// Members under which programs put the transaction itself.
const WRAPPERS: [&str; 4] = ["transaction", "tx", "transactionRequest", "txData"];

/// A call with calldata as it is.
#[derive(Debug)]
pub(crate) struct RawCall {
    /// The contract.
    pub(crate) to: Address,
    /// Calldata.
    pub(crate) data: Bytes,
    /// Wei that go with it.
    pub(crate) value: U256,
    /// The sender that it names.
    pub(crate) from: Option<Address>,
}

/// The call of a JSON document.
///
/// # Errors
/// It names no recipient, or a member that is not what it is called; or another chain.
pub(crate) fn read(bytes: &[u8], chain: &EvmChain) -> Result<RawCall, Failure> {
    let document: Value = serde_json::from_slice(bytes).map_err(|_| wrong("it is not JSON"))?;
    let call = unwrapped(&document);
    if let Some(id) = member(call, &["chainId", "chain_id"])
        && number(id, "chainId")? != U256::from(chain.id)
    {
        return Err(wrong(&format!("it is for another chain than {}", chain.name)).into());
    }
    let address = |value: &Value, what: &str| {
        let text = value.as_str().ok_or_else(|| wrong(&format!("its `{what}` is no address")))?;
        Ok::<_, Failure>(parse_evm(text, chain)?.0)
    };
    let to = member(call, &["to", "target"]).ok_or_else(|| wrong("it names no `to`"))?;
    let data = member(call, &["data", "input", "calldata"]).map_or(Ok(Bytes::new()), hex)?;
    let value = member(call, &["value"]).map_or(Ok(U256::ZERO), |value| number(value, "value"))?;
    let from = member(call, &["from"]).map(|from| address(from, "from")).transpose()?;
    Ok(RawCall { to: address(to, "to")?, data, value, from })
}

/// Calldata as it is, in hex.
pub(crate) fn hex_data(text: &str) -> Result<Bytes, CliError> {
    text.parse().map_err(|_| wrong("the calldata is not hex"))
}

/// The transaction within an answer of an aggregator, or the parameters of a request.
fn unwrapped(document: &Value) -> &Value {
    if let Some(first) = document.get("params").and_then(|params| params.get(0)) {
        return first;
    }
    WRAPPERS.iter().find_map(|name| document.get(name)).filter(|inner| inner.is_object()).unwrap_or(document)
}

fn member<'a>(call: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| call.get(name)).filter(|value| !value.is_null())
}

fn hex(value: &Value) -> Result<Bytes, CliError> {
    let text = value.as_str().ok_or_else(|| wrong("its `data` is not hex"))?;
    if text.is_empty() { Ok(Bytes::new()) } else { text.parse().map_err(|_| wrong("its `data` is not hex")) }
}

/// A quantity in hex or in decimals, as a text or a whole number.
fn number(value: &Value, what: &str) -> Result<U256, CliError> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let read = match text.strip_prefix("0x") {
        Some("") => Ok(U256::ZERO),
        Some(digits) => U256::from_str_radix(digits, 16),
        None if text.bytes().all(|digit| digit.is_ascii_digit()) && !text.is_empty() => U256::from_str_radix(&text, 10),
        None => return Err(wrong(&format!("its `{what}` is `{}`, no whole number", SafeText::new(&text)))),
    };
    read.map_err(|_| wrong(&format!("its `{what}` is `{}`, no whole number", SafeText::new(&text))))
}

fn wrong(what: &str) -> CliError {
    CliError::Usage(format!("this is no call: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TO: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

    fn call(json: &str) -> Result<RawCall, String> {
        let chain = EvmChain::by_name("base").unwrap();
        read(json.replace("TO", TO).as_bytes(), chain).map_err(|failure| failure.message())
    }

    #[test]
    fn calls_of_other_programs_are_read() {
        for json in [
            r#"{"to": "TO", "data": "0xabcdef", "value": "0x10"}"#,
            r#"{"to": "TO", "input": "0xabcdef", "value": 16, "chainId": 8453, "gas": "0x5208"}"#,
            r#"{"method": "eth_sendTransaction", "params": [{"to": "TO", "data": "0xabcdef", "value": "16"}]}"#,
            r#"{"price": "1", "transaction": {"to": "TO", "data": "0xabcdef", "value": "16", "chainId": "0x2105"}}"#,
            r#"{"tx": {"to": "TO", "calldata": "0xabcdef", "value": "0x10", "from": null}}"#,
        ] {
            let read = call(json).unwrap();
            assert_eq!((read.to.to_string().as_str(), read.data.len(), read.value), (TO, 3, U256::from(16)), "{json}");
        }
        assert_eq!(call(r#"{"to": "TO"}"#).unwrap().data.len(), 0);
    }

    #[test]
    fn what_is_no_call_is_refused() {
        for json in [
            "",
            "[]",
            r#"{"data": "0x"}"#,
            r#"{"to": "0x12"}"#,
            r#"{"to": "TO", "data": "xyz"}"#,
            r#"{"to": "TO", "value": "1.5"}"#,
            r#"{"to": "TO", "value": -1}"#,
            r#"{"to": "TO", "value": 1e3}"#,
            r#"{"to": "TO", "chainId": 1}"#,
            r#"{"to": "TO", "value": "0x1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}"#,
        ] {
            assert!(call(json).is_err(), "{json}");
        }
    }
}
