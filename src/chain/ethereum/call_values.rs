//! Arguments of a call by their place, and amounts of tokens in words.
//!
//! Amounts are in the token's own decimals where they are known, else whole numbers that are said to be so.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256};

use crate::{
    address::evm_text,
    amount::{Denomination, Units},
    chain::ethereum::{allowance, call_reader::Reader},
    token::Token,
};

/// Arguments by place. A place that is not there cannot be: the function's own types were decoded.
pub(crate) struct Values<'a>(pub(crate) &'a [DynSolValue]);

impl Values<'_> {
    pub(crate) fn address(&self, place: usize) -> Address {
        self.0.get(place).and_then(DynSolValue::as_address).unwrap_or_default()
    }

    pub(crate) fn uint(&self, place: usize) -> U256 {
        self.0.get(place).and_then(DynSolValue::as_uint).map_or(U256::ZERO, |(number, _)| number)
    }

    pub(super) fn bytes(&self, place: usize) -> &[u8] {
        self.0.get(place).and_then(DynSolValue::as_bytes).unwrap_or_default()
    }
}

pub(crate) fn denomination(reader: &Reader<'_>, token: Address) -> Option<Denomination> {
    let pinned = Token::at(reader.facts.chain.id, token).map(Token::denomination);
    let added = || reader.ours.added_tokens.iter().find(|(address, _)| *address == token);
    pinned.or_else(|| added().map(|(_, denomination)| denomination.clone()))
}

pub(crate) fn units(reader: &Reader<'_>, token: Address, value: U256) -> Option<Units> {
    denomination(reader, token).map(|denomination| denomination.of(value))
}

/// An amount of a token in words; an unknown token is named by its contract.
pub(crate) fn amount(reader: &Reader<'_>, token: Address, value: U256) -> String {
    match units(reader, token, value) {
        Some(units) => units.to_string(),
        None => format!("{value} smallest units of the token {}", evm_text(token, reader.facts.chain)),
    }
}

pub(crate) fn named(reader: &Reader<'_>, token: Address) -> String {
    let known = denomination(reader, token).map(|denomination| denomination.symbol.to_string());
    known.unwrap_or_else(|| format!("the token {}", evm_text(token, reader.facts.chain)))
}

pub(crate) fn moved(reader: &mut Reader<'_>, token: Address, value: U256, depth: usize) {
    let raw = || Denomination::new("smallest units", 0).of(value);
    let amount = units(reader, token, value).unwrap_or_else(raw);
    reader.leaves(token, &amount);
    if depth == 0 {
        reader.reading.moved = Some(amount);
    }
}

pub(crate) fn is_unlimited(reader: &Reader<'_>, token: Address, value: U256) -> bool {
    allowance::is_unlimited(reader.facts.chain, token, value)
}

/// As [`amount`], with `UNLIMITED` for what is without limit.
pub(crate) fn or_unlimited(reader: &Reader<'_>, token: Address, value: U256) -> String {
    if is_unlimited(reader, token, value) {
        return format!("UNLIMITED {}", named(reader, token));
    }
    amount(reader, token, value)
}
