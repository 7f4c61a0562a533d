//! Values of the contract ABI as lines of a tree: whole, named, and safe to print.
//!
//! Bounds and what they leave out are those of [`Showing`]. Knows no meaning.

use alloy_dyn_abi::DynSolValue;
use alloy_json_abi::Param;
use alloy_primitives::hex;

use crate::{
    address::evm_text,
    network::EvmChain,
    review::{Showing, Shown},
};

/// Bytes that are not decoded are shown as their start and their hash; beside them there is a gap.
const UNREAD_HEX_BYTES: usize = 96;

/// The tree being written.
pub(super) struct Tree<'a> {
    showing: Showing,
    chain: &'a EvmChain,
}

impl<'a> Tree<'a> {
    /// A tree whose values are all given to it.
    pub(super) const fn new(chain: &'a EvmChain) -> Self {
        Self::of(0, chain)
    }

    /// A tree of this many bytes, all of which have to be [read](Self::read).
    pub(super) const fn of(bytes: usize, chain: &'a EvmChain) -> Self {
        Self { showing: Showing::of(bytes), chain }
    }

    /// A line without children.
    pub(super) fn line(&mut self, depth: usize, name: &str, value: &str) {
        self.showing.line(depth, name, value);
    }

    /// Something that is not shown, or not understood: the whole is signed only by its digest.
    pub(super) fn gap(&mut self, why: &str) {
        self.showing.gap(why);
    }

    /// As [`Showing::read`].
    pub(super) const fn read(&mut self, bytes: usize) {
        self.showing.read(bytes);
    }

    /// As [`Showing::opened`].
    pub(super) const fn opened(&mut self, bytes: usize) {
        self.showing.opened(bytes);
    }

    /// The lines.
    pub(super) fn finish(self) -> Shown {
        self.showing.finish()
    }

    /// A value with its children.
    pub(super) fn value(&mut self, depth: usize, param: &Param, value: &DynSolValue) {
        let name = if param.name.is_empty() { param.ty.as_str() } else { param.name.as_str() };
        match value {
            DynSolValue::Tuple(members) => {
                self.line(depth, name, "");
                for (member, value) in param.components.iter().zip(members) {
                    self.value(depth + 1, member, value);
                }
            }
            DynSolValue::Array(items) | DynSolValue::FixedArray(items) => {
                self.line(depth, name, &format!("{} items", items.len()));
                let ty = param.ty.rsplit_once('[').map_or(param.ty.as_str(), |(ty, _)| ty).to_owned();
                let mut item_param = Param { ty, ..param.clone() };
                for (place, item) in items.iter().enumerate() {
                    item_param.name = format!("[{place}]");
                    self.value(depth + 1, &item_param, item);
                }
            }
            scalar => self.line(depth, name, &scalar_text(scalar, self.chain)),
        }
    }
}

/// A value without children, as a person reads it.
pub(super) fn scalar_text(value: &DynSolValue, chain: &EvmChain) -> String {
    match value {
        DynSolValue::Address(address) => evm_text(*address, chain),
        DynSolValue::Bool(truth) => truth.to_string(),
        DynSolValue::Int(number, _) => number.to_string(),
        DynSolValue::Uint(number, _) => number.to_string(),
        DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(word.get(..*size).unwrap_or_default()),
        DynSolValue::Bytes(bytes) => bytes_text(bytes),
        DynSolValue::String(text) => format!("\"{text}\""),
        _ => "a value of another kind".to_owned(),
    }
}

/// Hex, whole.
pub(super) fn bytes_text(bytes: &[u8]) -> String {
    hex::encode_prefixed(bytes)
}

/// Bytes that are not decoded here: hex, or its start with the number of bytes and their hash. Only beside a gap.
pub(super) fn unread_text(bytes: &[u8]) -> String {
    match bytes.get(..UNREAD_HEX_BYTES) {
        Some(start) if bytes.len() > UNREAD_HEX_BYTES => {
            let hash = alloy_primitives::keccak256(bytes);
            format!("{}... ({} bytes, Keccak-256 {hash})", hex::encode_prefixed(&start[..32]), bytes.len())
        }
        _ => hex::encode_prefixed(bytes),
    }
}
