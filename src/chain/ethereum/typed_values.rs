//! The values of typed data: each of its type, in range, and none too many; and their tree in the order of the types.

use std::collections::BTreeMap;

use alloy_primitives::{Address, I256, U256};
use serde_json::{Map, Value};

use super::{
    EthereumError,
    tree::Tree,
    typed_members::{Member, bad, base},
};
use crate::{address::parse_evm, network::EvmChain};

/// Numbers of JSON above 2^53-1 lose digits in many programs (RFC 8259, section 6).
const MOST_IN_JSON: u64 = (1 << 53) - 1;
/// Types within types.
const MAX_DEPTH: usize = 32;

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

/// What a struct may hold beside the members of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extra {
    /// Nothing.
    Refused,
    /// Members that are no part of what is hashed; they are left out.
    LeftOut,
}

/// A struct and everything in it, checked, with every value in one form: numbers that are written in other ways as decimal
/// text, and without members that its type does not list.
pub(super) fn read(
    types: &BTreeMap<String, Vec<Member>>,
    name: &str,
    value: &Value,
    rules: Rules<'_>,
) -> Result<Value, EthereumError> {
    Reading { types, rules }.structure(name, value, 0)
}

/// By what values are read.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    /// The chain, which decides how an address is checked.
    pub(super) chain: &'a EvmChain,
    /// What becomes of members that no type lists.
    pub(super) extra: Extra,
}

struct Reading<'a> {
    types: &'a BTreeMap<String, Vec<Member>>,
    rules: Rules<'a>,
}

impl Reading<'_> {
    fn structure(&self, name: &str, value: &Value, depth: usize) -> Result<Value, EthereumError> {
        if depth > MAX_DEPTH {
            return Err(bad("it is nested too deep"));
        }
        let object = value.as_object().ok_or_else(|| bad(format!("a `{name}` is not an object")))?;
        let members = self.types.get(name).ok_or_else(|| bad(format!("`{name}` is not a type")))?;
        let is_extra = |key: &&String| members.iter().all(|member| member.name != **key);
        if let Some(extra) = object.keys().find(is_extra).filter(|_| self.rules.extra == Extra::Refused) {
            return Err(bad(format!("`{extra}` is not a member of `{name}`")));
        }
        let mut found = Map::new();
        for member in members {
            let value = object.get(&member.name);
            let value = value.ok_or_else(|| bad(format!("`{}` of `{name}` is missing", member.name)))?;
            found.insert(member.name.clone(), self.value(&member.ty, value, depth + 1)?);
        }
        Ok(Value::Object(found))
    }

    fn value(&self, ty: &str, value: &Value, depth: usize) -> Result<Value, EthereumError> {
        if let Some((inner, count)) = ty.strip_suffix(']').and_then(|ty| ty.rsplit_once('[')) {
            let items = value.as_array().ok_or_else(|| bad(format!("a `{ty}` is not a list")))?;
            if !count.is_empty() && count.parse() != Ok(items.len()) {
                return Err(bad(format!("a `{ty}` has {} items", items.len())));
            }
            let items = items.iter().map(|item| self.value(inner, item, depth + 1));
            return items.collect::<Result<_, _>>().map(Value::Array);
        }
        match atomic(ty) {
            Some(atomic) => self.atom(atomic, value).ok_or_else(|| bad(format!("a value is not a `{ty}`")))?,
            None => self.structure(ty, value, depth),
        }
    }

    /// A value of a type that needs no definition; `None` if it is of another kind.
    fn atom(&self, atomic: Atomic, value: &Value) -> Option<Result<Value, EthereumError>> {
        let as_it_is = || Ok(value.clone());
        match atomic {
            Atomic::Uint(bits) => Some(unsigned(value, bits).map(|number| in_decimals(value, &number))),
            Atomic::Int(bits) => Some(signed(value, bits).map(|number| in_decimals(value, &number))),
            Atomic::Bool => truth(value).map(|truth| Ok(Value::Bool(truth))),
            Atomic::Text => value.as_str().map(|_| as_it_is()),
            Atomic::Address => value.as_str().map(|text| address(text, self.rules.chain).map(|_| value.clone())),
            Atomic::Bytes if value.as_str() == Some("") => Some(Ok(Value::from("0x"))),
            Atomic::Bytes => hex_length(value).map(|_| as_it_is()),
            Atomic::FixedBytes(count) => hex_length(value).filter(|length| *length == count).map(|_| as_it_is()),
        }
    }
}

/// A number that is written with white space or another mark of hex, as text; any other as it is.
fn in_decimals(value: &Value, number: &impl std::fmt::Display) -> Value {
    let is_usual = |text: &str| text.trim() == text && !text.starts_with("0X") && !text.starts_with("0x");
    match value.as_str() {
        Some(text) if !is_usual(text) => Value::from(number.to_string()),
        _ => value.clone(),
    }
}

/// True or false, as such or as text.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => text.parse().ok(),
        _ => None,
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
    let text = text.trim();
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = hex.map_or((text, 10), |digits| (digits, 16));
    let plain = |byte: u8| if radix == 16 { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
    (!digits.is_empty() && digits.bytes().all(plain)).then(|| U256::from_str_radix(digits, radix).ok()).flatten()
}

fn signed(value: &Value, bits: usize) -> Result<I256, EthereumError> {
    let wrong = || bad(format!("a value does not fit an `int{bits}`"));
    if value.as_i64().is_some_and(|number| number.unsigned_abs() > MOST_IN_JSON) {
        return Err(wrong());
    }
    let number = match value {
        Value::Number(number) => I256::from_dec_str(&number.to_string()).ok(),
        // Hex has no sign: what it means below zero is read in two ways.
        Value::String(text) if text.trim().starts_with(['-', '+']) => I256::from_dec_str(text.trim()).ok(),
        Value::String(text) => text_number(text).and_then(|number| I256::try_from(number).ok()),
        _ => None,
    };
    let number = number.ok_or_else(wrong)?;
    // One bit is the sign; -2^(bits-1) has one value more than the positive side.
    let size =
        if number.is_negative() { number.wrapping_neg().unsigned_abs() - U256::from(1) } else { number.unsigned_abs() };
    if size.bit_len() < bits { Ok(number) } else { Err(wrong()) }
}

/// The names of all members that no type lists, at any depth.
pub(super) fn left_out(types: &BTreeMap<String, Vec<Member>>, ty: &str, value: &Value, found: &mut Vec<String>) {
    if let Some((inner, _)) = ty.strip_suffix(']').and_then(|ty| ty.rsplit_once('[')) {
        value.as_array().into_iter().flatten().for_each(|item| left_out(types, inner, item, found));
        return;
    }
    let (Some(members), Some(object)) = (types.get(ty), value.as_object()) else { return };
    found.extend(object.keys().filter(|key| members.iter().all(|member| member.name != **key)).cloned());
    for member in members {
        if let Some(value) = object.get(&member.name) {
            left_out(types, &member.ty, value, found);
        }
    }
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
