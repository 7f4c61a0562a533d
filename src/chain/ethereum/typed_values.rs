//! The values of typed data: each of its type, in range, and none too many; and their tree in the order of the types.

use std::collections::BTreeMap;

use alloy_primitives::{Address, I256, U256};
use serde_json::Value;

use super::{
    EthereumError,
    tree::Tree,
    typed_members::{Member, bad, base},
};
use crate::{address::parse_evm, network::EvmChain};

/// Numbers of JSON above 2^53-1 lose digits in many programs (RFC 8259, section 6).
const MOST_IN_JSON: u64 = (1 << 53) - 1;
/// Types within types.
const MAX_DEPTH: usize = 16;

/// Numbers and their bits, `bytesN` and the rest: the types that need no definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Atomic {
    Uint(usize),
    Int(usize),
    FixedBytes(usize),
    Bytes,
    Text,
    Bool,
    Address,
}

fn atomic(ty: &str) -> Option<Atomic> {
    let number = |digits: &str| digits.parse::<usize>().ok().filter(|_| !digits.starts_with(['0', '+']));
    let bits = |digits: &str| number(digits).filter(|bits| *bits % 8 == 0 && (8..=256).contains(bits));
    match ty {
        "bytes" => Some(Atomic::Bytes),
        "string" => Some(Atomic::Text),
        "bool" => Some(Atomic::Bool),
        "address" => Some(Atomic::Address),
        _ => None
            .or_else(|| ty.strip_prefix("uint").and_then(bits).map(Atomic::Uint))
            .or_else(|| ty.strip_prefix("int").and_then(bits).map(Atomic::Int))
            .or_else(|| {
                ty.strip_prefix("bytes").and_then(number).filter(|n| (1..=32).contains(n)).map(Atomic::FixedBytes)
            }),
    }
}

/// Whether a name is that of a type which needs no definition; `uint` and `int` are, though they may not be used.
pub(super) fn is_atomic(name: &str) -> bool {
    atomic(name).is_some() || name == "uint" || name == "int"
}

/// A type must be atomic or defined, with array brackets that are empty or hold a number.
pub(super) fn check_type(ty: &str, types: &BTreeMap<String, Vec<Member>>) -> Result<(), EthereumError> {
    let unknown = || bad(format!("`{ty}` is not a type"));
    let name = base(ty);
    let mut brackets = ty.get(name.len()..).unwrap_or_default();
    while !brackets.is_empty() {
        let (inside, rest) = brackets.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or_else(unknown)?;
        let number = inside.parse::<usize>().is_ok_and(|count| (1..=1024).contains(&count)) && !inside.starts_with('0');
        if !inside.is_empty() && !number {
            return Err(unknown());
        }
        brackets = rest;
    }
    if atomic(name).is_some() || (types.contains_key(name) && name != "EIP712Domain") { Ok(()) } else { Err(unknown()) }
}

/// Checks a struct and everything in it.
pub(super) fn check(
    types: &BTreeMap<String, Vec<Member>>,
    name: &str,
    value: &Value,
    chain: &EvmChain,
) -> Result<(), EthereumError> {
    Check { types, chain }.structure(name, value, 0)
}

struct Check<'a> {
    types: &'a BTreeMap<String, Vec<Member>>,
    chain: &'a EvmChain,
}

impl Check<'_> {
    fn structure(&self, name: &str, value: &Value, depth: usize) -> Result<(), EthereumError> {
        if depth > MAX_DEPTH {
            return Err(bad("it is nested too deep"));
        }
        let object = value.as_object().ok_or_else(|| bad(format!("a `{name}` is not an object")))?;
        let members = self.types.get(name).ok_or_else(|| bad(format!("`{name}` is not a type")))?;
        if let Some(extra) = object.keys().find(|key| members.iter().all(|member| member.name != **key)) {
            return Err(bad(format!("`{extra}` is not a member of `{name}`")));
        }
        for member in members {
            let value = object.get(&member.name);
            let value = value.ok_or_else(|| bad(format!("`{}` of `{name}` is missing", member.name)))?;
            self.value(&member.ty, value, depth + 1)?;
        }
        Ok(())
    }

    fn value(&self, ty: &str, value: &Value, depth: usize) -> Result<(), EthereumError> {
        if let Some((inner, count)) = ty.strip_suffix(']').and_then(|ty| ty.rsplit_once('[')) {
            let items = value.as_array().ok_or_else(|| bad(format!("a `{ty}` is not a list")))?;
            if !count.is_empty() && count.parse() != Ok(items.len()) {
                return Err(bad(format!("a `{ty}` has {} items", items.len())));
            }
            return items.iter().try_for_each(|item| self.value(inner, item, depth + 1));
        }
        let Some(atomic) = atomic(ty) else { return self.structure(ty, value, depth) };
        let wrong = || bad(format!("a value is not a `{ty}`"));
        match atomic {
            Atomic::Uint(bits) => unsigned(value, bits).map(|_| ()),
            Atomic::Int(bits) => signed(value, bits),
            Atomic::Bool => value.as_bool().map(|_| ()).ok_or_else(wrong),
            Atomic::Text => value.as_str().map(|_| ()).ok_or_else(wrong),
            Atomic::Address => address(value.as_str().ok_or_else(wrong)?, self.chain).map(|_| ()),
            Atomic::Bytes => hex_length(value).map(|_| ()).ok_or_else(wrong),
            Atomic::FixedBytes(count) => {
                hex_length(value).filter(|length| *length == count).map(|_| ()).ok_or_else(wrong)
            }
        }
    }
}

/// An address with its checksum rule.
pub(super) fn address(text: &str, chain: &EvmChain) -> Result<Address, EthereumError> {
    parse_evm(text, chain).map(|(address, _)| address).map_err(bad)
}

/// Number of bytes of an 0x text.
fn hex_length(value: &Value) -> Option<usize> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    (digits.len() % 2 == 0 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits.len() / 2)
}

/// A number without a sign, as JSON number or as text in decimal or hex.
pub(super) fn unsigned(value: &Value, bits: usize) -> Result<U256, EthereumError> {
    if value.as_u64().is_some_and(|number| number > MOST_IN_JSON) {
        return Err(bad("a number above 2^53 is not written as a text, and programs read it in two ways"));
    }
    let number = match value {
        Value::Number(number) => number.as_u64().map(U256::from),
        Value::String(text) => text_number(text),
        _ => None,
    };
    let number = number.ok_or_else(|| bad(format!("a value is not a `uint{bits}`")))?;
    if number.bit_len() > bits {
        return Err(bad(format!("{number} does not fit a `uint{bits}`")));
    }
    Ok(number)
}

fn text_number(text: &str) -> Option<U256> {
    let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |digits| (digits, 16));
    let plain = |byte: u8| if radix == 16 { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
    (!digits.is_empty() && digits.bytes().all(plain)).then(|| U256::from_str_radix(digits, radix).ok()).flatten()
}

fn signed(value: &Value, bits: usize) -> Result<(), EthereumError> {
    let wrong = || bad(format!("a value does not fit an `int{bits}`"));
    if value.as_i64().is_some_and(|number| number.unsigned_abs() > MOST_IN_JSON) {
        return Err(wrong());
    }
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return Err(wrong()),
    };
    let number = I256::from_dec_str(&text).map_err(|_| wrong())?;
    // One bit is the sign; -2^(bits-1) has one value more than the positive side.
    let size =
        if number.is_negative() { number.wrapping_neg().unsigned_abs() - U256::from(1) } else { number.unsigned_abs() };
    if size.bit_len() < bits { Ok(()) } else { Err(wrong()) }
}

/// Every value of type `address` of a struct, at any depth.
pub(super) fn addresses(types: &BTreeMap<String, Vec<Member>>, ty: &str, value: &Value, found: &mut impl FnMut(&str)) {
    if let Some((inner, _)) = ty.strip_suffix(']').and_then(|ty| ty.rsplit_once('[')) {
        value.as_array().into_iter().flatten().for_each(|item| addresses(types, inner, item, found));
    } else if let Some(members) = types.get(ty) {
        for member in members {
            if let Some(value) = value.get(&member.name) {
                addresses(types, &member.ty, value, found);
            }
        }
    } else if let (true, Some(text)) = (ty == "address", value.as_str()) {
        found(text);
    }
}

/// Typed data being written as a tree.
pub(super) struct TypedTree<'a, 'b> {
    /// The members of each type, by its name.
    pub(super) types: &'a BTreeMap<String, Vec<Member>>,
    /// The tree that it is written to.
    pub(super) tree: &'a mut Tree<'b>,
}

impl TypedTree<'_, '_> {
    /// Writes the members of a struct, in the order of its type.
    pub(super) fn structure(&mut self, ty: &str, value: &Value, depth: usize) {
        let types = self.types;
        for member in types.get(ty).into_iter().flatten() {
            if let Some(value) = value.get(&member.name) {
                self.value(&member.name, &member.ty, value, depth);
            }
        }
    }

    fn value(&mut self, name: &str, ty: &str, value: &Value, depth: usize) {
        if let Some((inner, _)) = ty.strip_suffix(']').and_then(|ty| ty.rsplit_once('[')) {
            let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
            self.tree.line(depth, name, &format!("{} items", items.len()));
            for (place, item) in items.iter().enumerate() {
                self.value(&format!("[{place}]"), inner, item, depth + 1);
            }
        } else if self.types.contains_key(ty) {
            self.tree.line(depth, name, "");
            self.structure(ty, value, depth + 1);
        } else {
            self.tree.line(depth, name, &atomic_text(ty, value));
        }
    }
}

/// A value of an atomic type in words.
fn atomic_text(ty: &str, value: &Value) -> String {
    match (ty, value) {
        ("string", Value::String(text)) => format!("\"{text}\""),
        ("bytes", Value::String(text)) => {
            let bytes: alloy_primitives::Bytes = text.parse().unwrap_or_default();
            super::tree::bytes_text(&bytes)
        }
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}
