//! Calls that make other calls: multicalls and aggregates. Each inner call is read as a call of its own.
//!
//! Neighbours that are the very same call are one line with their count; different ones are never taken together.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256};

use super::call_reader::{Decoded, Inner, Reader};

/// Whether a function of a standard makes the calls that it is given.
pub(super) fn is_batch(signature: &str) -> bool {
    ["aggregate", "tryAggregate", "multicall"].iter().any(|name| signature.starts_with(name))
}

/// Reads a batch and everything in it.
pub(super) fn read(reader: &mut Reader<'_>, to: Address, decoded: &Decoded, depth: usize) {
    reader.gains(to);
    reader.measured();
    let calls = decoded.arguments.iter().find_map(DynSolValue::as_array).unwrap_or_default();
    reader.say(depth, format!("Make {} calls through {}", calls.len(), reader.name(to)));
    reader.tree.line(depth, &decoded.function.signature(), &format!("{} calls", calls.len()));
    for (param, value) in decoded.function.inputs.iter().zip(&decoded.arguments) {
        if value.as_array().is_none() {
            reader.tree.value(depth + 1, param, value);
        }
    }
    leftover(reader, to, calls, depth);
    for same in calls.chunk_by(|one, next| one == next) {
        match same.first().and_then(|call| inner(to, call)) {
            Some(call) => reader.inner(&Inner { times: same.len(), ..call }, depth + 1),
            None => reader.blind("a call in a batch cannot be read", depth + 1),
        }
    }
}

/// Coins that go to a batch and to none of its calls stay at its contract, and the next caller can take them. Calls to
/// the contract itself share what it was given.
fn leftover(reader: &mut Reader<'_>, to: Address, calls: &[DynSolValue], depth: usize) {
    let values = calls.iter().filter(|call| !matches!(call, DynSolValue::Bytes(_))).filter_map(|call| inner(to, call));
    let sum = values.fold(U256::ZERO, |sum, call| sum.saturating_add(call.value));
    let shares = calls.iter().any(|call| matches!(call, DynSolValue::Bytes(_)));
    if !shares && reader.value > sum {
        reader.blind("coins go along that none of its calls takes", depth);
    }
}

/// One call of a batch: bytes for the contract itself, or a target with perhaps a value.
fn inner(to: Address, call: &DynSolValue) -> Option<Inner<'_>> {
    match call {
        DynSolValue::Bytes(data) => Some(Inner { to, value: U256::ZERO, data, times: 1, failing: "" }),
        DynSolValue::Tuple(members) => {
            let value = members.iter().find_map(DynSolValue::as_uint).map_or(U256::ZERO, |(number, _)| number);
            let to = members.iter().find_map(DynSolValue::as_address)?;
            let data = members.iter().find_map(DynSolValue::as_bytes)?;
            let may_fail = members.iter().find_map(DynSolValue::as_bool) == Some(true);
            let failing = if may_fail { ", which may fail" } else { "" };
            Some(Inner { to, value, data, times: 1, failing })
        }
        _ => None,
    }
}
