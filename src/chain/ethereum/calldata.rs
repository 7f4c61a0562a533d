//! What a call does: one sentence, who gains, what is moved, a tree, and what has to be agreed to by name.
//!
//! Built-in standards are known; a table of well-known functions is a guess; the rest is unknown and signed only by retyping
//! its digest (threats.md H2, H3). A match counts only if the arguments, encoded again, are the very same bytes.

use alloy_dyn_abi::{DynSolValue, JsonAbiExt};
use alloy_json_abi::Function;
use alloy_primitives::{Address, B256, Keccak256, U256};

pub use super::reading::{Reading, Transacted};
use super::{
    Ownership, meaning,
    plan::native,
    standards::{self, Source},
    tree::Tree,
};
use crate::{
    address::evm_text,
    intent::{Certainty, Consent, Showing, Warning},
};

/// Calls within calls that are read.
const MAX_DEPTH: usize = 4;
/// The word among the typed signatures that says: the person deploys this init code themselves.
pub const CONSTRUCTOR: &str = "constructor";

/// Reads a transaction's calldata.
#[must_use]
pub fn read(facts: &Transacted<'_>, ours: &Ownership) -> Reading {
    let mut reader = Reader::new(*facts, ours);
    match facts.to {
        None => reader.creation(),
        Some(to) if facts.data.is_empty() => reader.payment(to),
        Some(to) => reader.call(to, facts.data, 0),
    }
    reader.into_reading()
}

/// A function with its decoded arguments.
pub(super) struct Decoded {
    pub(super) function: Function,
    pub(super) arguments: Vec<DynSolValue>,
}

/// The reading being made. Nested calls add to it.
pub(super) struct Reader<'a> {
    pub(super) facts: Transacted<'a>,
    pub(super) ours: &'a Ownership,
    pub(super) tree: Tree<'a>,
    pub(super) reading: Reading,
}

impl<'a> Reader<'a> {
    fn new(facts: Transacted<'a>, ours: &'a Ownership) -> Self {
        let reading = Reading {
            action: String::new(),
            certainty: Certainty::Known,
            // One byte that was never read: not complete, until the tree takes its place.
            tree: Showing::of(1).finish(),
            moved: None,
            beneficiaries: Vec::new(),
            consents: Vec::new(),
            warnings: Vec::new(),
        };
        Self { facts, ours, tree: Tree::of(facts.data.len(), facts.chain), reading }
    }

    /// The digest of the whole calldata is retyped, wherever in it the unreadable part is.
    fn into_reading(self) -> Reading {
        let tree = self.tree.finish();
        let blind = tree.consents(calldata_digest(self.facts.data));
        let consents = [self.reading.consents, blind].concat();
        Reading { tree, consents, ..self.reading }
    }

    pub(super) fn name(&self, address: Address) -> String {
        evm_text(address, self.facts.chain)
    }

    pub(super) fn gains(&mut self, address: Address) {
        if !self.reading.beneficiaries.contains(&address) {
            self.reading.beneficiaries.push(address);
        }
    }

    pub(super) fn consent(&mut self, consent: Consent) {
        self.reading.consents.push(consent);
    }

    pub(super) fn warn(&mut self, code: &'static str, text: String) {
        self.reading.warnings.push(Warning { code, text });
    }

    /// The sentence is that of the outermost call.
    pub(super) fn say(&mut self, depth: usize, sentence: String) {
        if depth == 0 {
            self.reading.action = sentence;
        } else {
            self.tree.line(depth, "does", &sentence);
        }
    }

    fn payment(&mut self, to: Address) {
        let value = native(self.facts.chain, self.facts.value);
        // Nothing is lost where nothing is sent, whoever it is sent to.
        if !value.value.is_zero() {
            self.gains(to);
        }
        self.say(0, format!("Send {value} to {}", self.name(to)));
        self.reading.moved = Some(value);
    }

    fn creation(&mut self) {
        let bytes = self.facts.data.len();
        let with = if self.facts.value.is_zero() {
            String::new()
        } else {
            format!(" with {}", native(self.facts.chain, self.facts.value))
        };
        self.say(0, format!("Create a contract from {bytes} bytes of code{with}"));
        self.reading.certainty = Certainty::Typed;
        if self.ours.typed_signatures.iter().any(|typed| typed == CONSTRUCTOR) {
            return self.tree.read(bytes);
        }
        self.reading.certainty = Certainty::Unknown;
        self.blind(self.facts.data, "it creates a contract, whose code nobody here can read");
    }

    fn blind(&mut self, data: &[u8], why: &str) {
        let inner = if data.len() == self.facts.data.len() { "" } else { " (a call inside of it)" };
        self.tree.gap(&format!("{why}{inner}"));
    }

    /// Reads one call; `depth` is how many calls it is inside of.
    pub(super) fn call(&mut self, to: Address, data: &[u8], depth: usize) {
        if depth > MAX_DEPTH {
            return self.blind(data, "it holds calls within calls, too deep to be read");
        }
        let Some((selector, arguments)) = data.split_first_chunk::<4>() else {
            self.gains(to);
            return self.unknown(to, data, depth);
        };
        if let Some(decoded) = self.typed(*selector, arguments) {
            self.certainty(Certainty::Typed);
            self.tree.read(data.len());
            return self.plain_call(to, &decoded, depth);
        }
        match standards::by_selector(*selector) {
            Some((source, function)) => match decode(function, arguments) {
                Some(decoded) => self.matched(to, (source, &decoded), data, depth),
                None => self.unknown(to, data, depth),
            },
            None => self.unknown(to, data, depth),
        }
    }

    fn certainty(&mut self, found: Certainty) {
        self.reading.certainty = self.reading.certainty.max(found);
    }

    fn matched(&mut self, to: Address, (source, decoded): (Source, &Decoded), data: &[u8], depth: usize) {
        self.tree.read(data.len());
        match source {
            Source::Standard => meaning::standard(self, to, decoded, depth),
            Source::Control => {
                self.plain_call(to, decoded, depth);
                decoded.arguments.iter().filter_map(DynSolValue::as_address).for_each(|address| self.gains(address));
                self.blind(data, &format!("{} hands over control of the contract", decoded.function.name));
            }
            Source::WellKnown => {
                self.certainty(Certainty::Guess);
                self.blind(data, "a function is only guessed from its first four bytes; another one can have the same");
                decoded.arguments.iter().filter_map(DynSolValue::as_address).for_each(|address| self.gains(address));
                self.plain_call(to, decoded, depth);
            }
        }
    }

    /// A signature that the person typed here, if its selector matches and its arguments read.
    fn typed(&self, selector: [u8; 4], arguments: &[u8]) -> Option<Decoded> {
        let signatures = self.ours.typed_signatures.iter().filter(|typed| *typed != CONSTRUCTOR);
        let mut functions = signatures.filter_map(|typed| Function::parse(typed).ok());
        let function = functions.find(|function| function.selector() == selector)?;
        // A standard's meaning is more than the signature that was typed for it.
        if standards::by_selector(selector).is_some_and(|(source, _)| source != Source::WellKnown) {
            return None;
        }
        decode(&function, arguments)
    }

    pub(super) fn plain_call(&mut self, to: Address, decoded: &Decoded, depth: usize) {
        self.gains(to);
        let with = if depth > 0 || self.facts.value.is_zero() {
            String::new()
        } else {
            format!(" with {}", native(self.facts.chain, self.facts.value))
        };
        self.say(depth, format!("Call {} on {}{with}", decoded.function.name, self.name(to)));
        self.arguments(decoded, depth);
        if depth == 0 && !self.facts.value.is_zero() {
            self.reading.moved = Some(native(self.facts.chain, self.facts.value));
        }
    }

    /// The call's own lines in the tree.
    pub(super) fn arguments(&mut self, decoded: &Decoded, depth: usize) {
        self.tree.line(depth, &decoded.function.signature(), "");
        for (param, value) in decoded.function.inputs.iter().zip(&decoded.arguments) {
            self.tree.value(depth + 1, param, value);
        }
    }

    fn unknown(&mut self, to: Address, data: &[u8], depth: usize) {
        self.gains(to);
        self.certainty(Certainty::Unknown);
        self.say(depth, format!("Call an unknown function of {}", self.name(to)));
        self.tree.line(depth, "calldata", &super::tree::unread_text(data));
        if depth == 0 && !self.facts.value.is_zero() {
            self.reading.moved = Some(native(self.facts.chain, self.facts.value));
        }
        self.blind(data, "nobody here can read its calldata");
    }

    /// A call that this one makes.
    pub(super) fn inner(&mut self, to: Address, value: U256, data: &[u8], depth: usize) {
        let with = if value.is_zero() { String::new() } else { format!(" with {}", native(self.facts.chain, value)) };
        self.tree.line(depth, "inner call", &format!("{}{with}", self.name(to)));
        if data.is_empty() {
            self.gains(to);
        } else {
            self.tree.opened(data.len());
            self.call(to, data, depth);
        }
    }

    /// As [`Reader::blind`], for the meanings.
    pub(super) fn blindly(&mut self, data: &[u8], why: &str) {
        self.blind(data, why);
    }
}

/// The arguments of a function, if they are encoded as the ABI says and in no other way.
fn decode(function: &Function, arguments: &[u8]) -> Option<Decoded> {
    let values = function.abi_decode_input(arguments).ok()?;
    let again = function.abi_encode_input_raw(&values).ok()?;
    (again == arguments).then(|| Decoded { function: function.clone(), arguments: values })
}
/// The digest by which two machines compare calldata: Keccak-256 of its length as a 256-bit number and its bytes (ERC-8213).
pub(super) fn calldata_digest(data: &[u8]) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(U256::from(data.len()).to_be_bytes::<32>());
    hasher.update(data);
    hasher.finalize()
}
