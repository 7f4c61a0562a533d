//! Values of the contract ABI as lines of a tree: whole, named, and safe to print.
//!
//! Bounded: what is beyond the bounds is said to be left out, with how much it is. Knows no meaning.

use alloy_dyn_abi::DynSolValue;
use alloy_json_abi::Param;
use alloy_primitives::hex;

use crate::{address::evm_text, intent::TreeLine, network::EvmChain, text::SafeText};

/// Most lines of one tree: more is not read by anybody.
const MAX_LINES: usize = 200;
/// Bytes of one value that are shown in hex.
const MAX_HEX_BYTES: usize = 96;

/// The tree being written.
pub(super) struct Tree<'a> {
    pub(super) lines: Vec<TreeLine>,
    chain: &'a EvmChain,
}

impl<'a> Tree<'a> {
    pub(super) const fn new(chain: &'a EvmChain) -> Self {
        Self { lines: Vec::new(), chain }
    }

    /// A line without children.
    pub(super) fn line(&mut self, depth: usize, name: &str, value: &str) {
        match self.lines.len() {
            MAX_LINES => self.lines.push(TreeLine {
                depth: 0,
                name: SafeText::new("and more"),
                value: SafeText::new("this tree is too long to be shown whole"),
            }),
            0..MAX_LINES => self.lines.push(TreeLine { depth, name: SafeText::new(name), value: SafeText::new(value) }),
            _ => {}
        }
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
                for (place, item) in items.iter().enumerate().take(MAX_LINES) {
                    let item_param = Param { name: format!("[{place}]"), ty: ty.clone(), ..param.clone() };
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

/// Hex, whole where it is short; else its start, with the number of bytes and their hash.
pub(super) fn bytes_text(bytes: &[u8]) -> String {
    match bytes.get(..MAX_HEX_BYTES) {
        Some(start) if bytes.len() > MAX_HEX_BYTES => {
            let hash = alloy_primitives::keccak256(bytes);
            format!("{}... ({} bytes, Keccak-256 {hash})", hex::encode_prefixed(&start[..32]), bytes.len())
        }
        _ => hex::encode_prefixed(bytes),
    }
}
