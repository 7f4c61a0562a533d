//! A call that another program put together: `{to, data, value}` as aggregators, `cast` and `eth_sendTransaction` write it.
//!
//! Reads and bounds it. What it names beside the call (gas, prices, nonce) is not taken over; a sender or a chain that is
//! another one is refused.

use alloy_primitives::{Address, Bytes, U256};
use fastness::{address::parse_evm, chain::ethereum::json_members::JsonMembers, explain::Failure, network::EvmChain};
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
    let call = JsonMembers::within(&document, &WRAPPERS);
    let number = |names: &[&str]| call.number(names).map_err(|what| wrong(&what));
    let text = |names: &[&str]| call.text(names).map_err(|what| wrong(&what));
    if number(&["chainId", "chain_id"])?.is_some_and(|id| id != U256::from(chain.id)) {
        return Err(wrong(&format!("it is for another chain than {}", chain.name)).into());
    }
    let address = |text: &str| Ok::<_, Failure>(parse_evm(text, chain)?.0);
    let to = text(&["to", "target"])?.ok_or_else(|| wrong("it names no `to`"))?;
    let data = text(&["data", "input", "calldata"])?.filter(|data| !data.is_empty());
    let data = data.map_or(Ok(Bytes::new()), |data| data.parse().map_err(|_| wrong("its `data` is not hex")))?;
    let value = number(&["value"])?.unwrap_or_default();
    let from = text(&["from"])?.map(address).transpose()?;
    Ok(RawCall { to: address(to)?, data, value, from })
}

/// Calldata as it is, in hex.
pub(crate) fn hex_data(text: &str) -> Result<Bytes, CliError> {
    text.parse().map_err(|_| wrong("the calldata is not hex"))
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
            r#"{"to": "TO", "data": null, "input": "0xabcdef", "value": "0x10"}"#,
            r#"{"transaction": null, "tx": {"to": "TO", "data": "0xabcdef", "input": "0xABCDEF", "value": 16}}"#,
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
            r#"{"to": "TO", "data": "0xab", "input": "0xcd"}"#,
            r#"{"to": "TO", "data": {"type": "Buffer", "data": [1]}}"#,
            r#"{"to": "TO", "target": "0x0000000000000000000000000000000000000001"}"#,
            r#"{"to": "TO", "value": "0x1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}"#,
        ] {
            assert!(call(json).is_err(), "{json}");
        }
    }
}
