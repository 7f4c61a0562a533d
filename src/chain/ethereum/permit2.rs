//! Calls of Permit2: what is moved, from which owner to which recipient. Read at Permit2's own address only.
//!
//! Source: Uniswap's permit2 (IAllowanceTransfer.sol, ISignatureTransfer.sol). It knows no other contract.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256};

use super::{
    call_reader::{Decoded, Reader},
    call_values::{Values, amount, moved},
};

const TRANSFER: &str = "transferFrom(address,address,uint160,address)";
const TRANSFERS: &str = "transferFrom((address,address,uint160,address)[])";
const SIGNED_TRANSFER: &str = "permitTransferFrom(((address,uint256),uint256,uint256),(address,uint256),address,bytes)";
const SIGNED_TRANSFERS: &str =
    "permitTransferFrom(((address,uint256)[],uint256,uint256),(address,uint256)[],address,bytes)";

/// Whether a function is one of Permit2's that move tokens.
pub(super) fn is_a_movement(signature: &str) -> bool {
    [TRANSFER, TRANSFERS, SIGNED_TRANSFER, SIGNED_TRANSFERS].contains(&signature)
}

/// A token on its way from an owner to a recipient.
struct Permit2Transfer {
    token: Address,
    from: Address,
    to: Address,
    value: U256,
}

/// Reads a call of Permit2.
pub(super) fn read(reader: &mut Reader<'_>, decoded: &Decoded, depth: usize) {
    let values = Values(&decoded.arguments);
    match decoded.function.signature().as_str() {
        TRANSFER => moves(reader, &[movement(&decoded.arguments)], depth),
        TRANSFERS => {
            let items = members(decoded.arguments.first());
            let all: Vec<Permit2Transfer> = items.iter().map(|item| movement(members(Some(item)))).collect();
            moves(reader, &all, depth);
        }
        _ => {
            let all = signed(&decoded.arguments, values.address(2));
            moves(reader, &all, depth);
        }
    }
}

/// The members of a tuple, or the items of a list.
fn members(value: Option<&DynSolValue>) -> &[DynSolValue] {
    match value {
        Some(DynSolValue::Tuple(members) | DynSolValue::Array(members)) => members,
        _ => &[],
    }
}

/// From, to, amount, token.
fn movement(arguments: &[DynSolValue]) -> Permit2Transfer {
    let values = Values(arguments);
    Permit2Transfer { from: values.address(0), to: values.address(1), value: values.uint(2), token: values.address(3) }
}

/// What was permitted, each with its transfer's recipient and amount.
fn signed(arguments: &[DynSolValue], from: Address) -> Vec<Permit2Transfer> {
    let permitted = one_or_many(members(arguments.first()).first());
    let transfers = one_or_many(arguments.get(1));
    let movement = |(permitted, transfer): (&DynSolValue, &DynSolValue)| {
        let (token, asked) = (Values(members(Some(permitted))).address(0), Values(members(Some(transfer))));
        Permit2Transfer { token, from, to: asked.address(0), value: asked.uint(1) }
    };
    permitted.iter().zip(transfers).map(movement).collect()
}

/// A list's items, or the one tuple as a list of itself.
fn one_or_many(value: Option<&DynSolValue>) -> &[DynSolValue] {
    match value {
        Some(DynSolValue::Array(items)) => items,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

fn moves(reader: &mut Reader<'_>, all: &[Permit2Transfer], depth: usize) {
    let text = |reader: &Reader<'_>, one: &Permit2Transfer| {
        let owner =
            if one.from == reader.facts.from { String::new() } else { format!(" from {}", reader.name(one.from)) };
        format!("{}{owner} to {}", amount(reader, one.token, one.value), reader.name(one.to))
    };
    if let [one] = all {
        let sentence = format!("Send {} through Permit2", text(reader, one));
        reader.say(depth, sentence);
    } else {
        reader.say(depth, format!("Make {} transfers through Permit2, each listed below", all.len()));
    }
    for one in all {
        reader.gains(one.to);
        if all.len() > 1 {
            let line = text(reader, one);
            reader.tree.line(depth, "sends", &line);
        }
        // A list has no one amount to be typed.
        let at = if all.len() == 1 { depth } else { depth.saturating_add(1) };
        if one.from == reader.facts.from {
            moved(reader, one.token, one.value, at);
        }
    }
}
