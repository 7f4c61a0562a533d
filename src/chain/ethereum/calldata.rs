//! What a call does: one sentence, the beneficiaries, what is moved, a tree, and what has to be agreed to by name.
//!
//! Built-in standards are known; a table of well-known functions is a guess; the rest is unknown and signed only by retyping
//! its digest. A match counts only if the arguments, encoded again, are the very same bytes.

use alloy_dyn_abi::JsonAbiExt;
use alloy_json_abi::Function;
use alloy_primitives::Address;

pub use super::call_summary::{Reading, Transacted};
use super::{
    Ownership,
    addressees::{self, Definition},
    call_reader::{Decoded, Inner, Reader},
    contracts,
    safe::EXEC_TRANSACTION,
    standard_calls,
    standards::{self, Source},
    swaps,
    units::native,
};
use crate::review::{Certainty, Measure};

/// Calls within calls that are read.
const MAX_DEPTH: usize = 4;
/// Depth of the tree to which bytes among arguments are tried as calls.
const MAX_CARRIED: usize = 12;
const GUESSED: &str = "a function is only guessed from its first four bytes; another one can have the same";
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

impl<'a> Reader<'a> {
    fn payment(&mut self, to: Address) {
        let value = native(self.facts.chain, self.facts.value);
        // Nothing is lost where nothing is sent, whatever the recipient.
        if !value.value.is_zero() {
            self.gains(to);
        }
        self.say(0, format!("Send {value} to {}", self.name(to)));
        self.tells_coins = true;
        self.reading.moved = Some(value);
    }

    fn creation(&mut self) {
        let bytes = self.facts.data.len();
        self.say(0, format!("Create a contract from {bytes} bytes of code"));
        self.reading.certainty = Certainty::Typed;
        if self.ours.typed_signatures.iter().any(|typed| typed == CONSTRUCTOR) {
            return self.read(bytes);
        }
        self.reading.certainty = Certainty::Unknown;
        self.blind("it creates a contract, whose code nobody here can read", 0);
    }

    /// Reads one call; `depth` is how many calls it is inside of.
    pub(super) fn call(&mut self, to: Address, data: &[u8], depth: usize) {
        // The called contract has the coins, whatever the function is called.
        if !self.value.is_zero() {
            self.gains(to);
        }
        if depth > MAX_DEPTH {
            self.gains(to);
            return self.blind("it holds calls within calls, too deep to be read", depth);
        }
        let Some((selector, arguments)) = data.split_first_chunk::<4>() else {
            return self.unknown(to, data, depth);
        };
        if let Some(decoded) = self.typed(*selector, arguments) {
            self.certainty(Certainty::Typed);
            self.read(data.len());
            self.judge_typed(to, *selector, arguments, &decoded);
            self.reading.measure = Measure::Open;
            return self.plain_call(to, &decoded, depth);
        }
        match standards::by_selector(*selector) {
            Some((source, function)) => match decode(function, arguments) {
                Some(decoded) => {
                    self.read(data.len());
                    self.matched(to, source, &decoded, depth);
                }
                None => self.unknown(to, data, depth),
            },
            None => self.unknown(to, data, depth),
        }
    }

    /// The beneficiaries of a function whose signature was typed. The names in it are the person's own, and decide
    /// nothing.
    fn judge_typed(&mut self, to: Address, selector: [u8; 4], arguments: &[u8], typed: &Decoded) {
        let known = standards::by_selector(selector).and_then(|(_, function)| decode(function, arguments));
        let is_pinned = |known: &Decoded| contracts::is_pinned(self.facts.chain.id, to, &known.function.name);
        match known.filter(is_pinned) {
            Some(known) => self.judge(&known, Definition::Known),
            None => self.judge(typed, Definition::Unknown),
        }
    }

    fn matched(&mut self, to: Address, source: Source, decoded: &Decoded, depth: usize) {
        match source {
            Source::Standard => self.standard(to, decoded, depth),
            Source::Control => {
                self.judge(decoded, Definition::Unknown);
                self.plain_call(to, decoded, depth);
                self.blind(&format!("{} hands over control of the contract", decoded.function.name), depth);
            }
            Source::WellKnown => {
                self.reading.measure = Measure::Open;
                if contracts::is_pinned(self.facts.chain.id, to, &decoded.function.name) {
                    self.judge(decoded, Definition::Known);
                    if let Some(sentence) = swaps::sentence(self, to, decoded, depth) {
                        return self.told(to, decoded, depth, sentence);
                    }
                } else {
                    self.certainty(Certainty::Guess);
                    self.judge(decoded, Definition::Unknown);
                    self.blind(GUESSED, depth);
                }
                self.plain_call(to, decoded, depth);
            }
        }
    }

    /// A call that a standard defines. Its meaning tells the beneficiary; the other addresses in it are judged too.
    fn standard(&mut self, to: Address, decoded: &Decoded, depth: usize) {
        let measured = self.measured;
        standard_calls::standard(self, to, decoded, depth);
        if self.measured == measured {
            self.reading.measure = Measure::Open;
        }
        let among = addressees::among(&decoded.function, &decoded.arguments, Definition::Unknown);
        self.reading.named.extend(among.into_iter().map(|(address, _)| address));
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
        let sentence = format!("Call {} on {}", decoded.function.name, self.name(to));
        self.told(to, decoded, depth, sentence);
    }

    /// A call with its sentence, then every argument.
    fn told(&mut self, to: Address, decoded: &Decoded, depth: usize, sentence: String) {
        self.gains(to);
        self.say(depth, sentence);
        self.arguments(decoded, depth);
    }

    /// The call's own lines in the tree.
    pub(super) fn arguments(&mut self, decoded: &Decoded, depth: usize) {
        self.tree.line(depth, &decoded.function.signature(), "");
        for (param, value) in decoded.function.inputs.iter().zip(&decoded.arguments) {
            self.tree.value(depth + 1, param, value);
        }
        // What a Safe is told to call is read as its inner call.
        if decoded.function.signature() != EXEC_TRANSACTION {
            addressees::bytes_among(&decoded.arguments).into_iter().for_each(|bytes| self.carried(bytes, depth + 1));
        }
    }

    /// Bytes among the arguments: the called contract may take them for a call, or for a list of payees. Which of these they
    /// are only that contract knows, so that they are shown as what they can be read as, and agreed to by their digest.
    fn carried(&mut self, bytes: &[u8], depth: usize) {
        let read = bytes.split_first_chunk::<4>().and_then(|(selector, arguments)| {
            standards::by_selector(*selector).and_then(|(_, function)| decode(function, arguments))
        });
        match read {
            Some(decoded) if depth <= MAX_CARRIED => {
                self.blind("the bytes of an argument read as a call, which another contract may make", depth);
                self.tree.line(depth, "bytes that read as a call", "");
                self.judge(&decoded, Definition::Unknown);
                self.arguments(&decoded, depth + 1);
            }
            Some(_) => self.blind("it holds calls within calls, too deep to be read", depth),
            None => {
                // Bytes that are long enough may hold an address in any layout, which only their contract knows.
                if bytes.len() >= Address::len_bytes() {
                    self.blind("the bytes of an argument, which nobody here can read", depth);
                }
                addressees::in_words(bytes).into_iter().for_each(|address| self.gains(address));
            }
        }
    }

    fn unknown(&mut self, to: Address, data: &[u8], depth: usize) {
        self.gains(to);
        self.certainty(Certainty::Unknown);
        self.say(depth, format!("Call an unknown function of {}", self.name(to)));
        self.tree.line(depth, "calldata", &super::tree::unread_text(data));
        self.blind("nobody here can read its calldata", depth);
    }

    /// A call that this one makes.
    pub(super) fn inner(&mut self, call: &Inner<'_>, depth: usize) {
        let with = if call.value.is_zero() {
            String::new()
        } else {
            format!(" with {}", native(self.facts.chain, call.value))
        };
        let name = match call.times {
            1 => "inner call".to_owned(),
            times => format!("{times} inner calls, all the same"),
        };
        self.tree.line(depth, &name, &format!("{}{with}{}", self.name(call.to), call.failing));
        let outer = (self.times, self.value);
        (self.times, self.value) = (self.times.saturating_mul(call.times), call.value);
        if call.data.is_empty() {
            self.gains(call.to);
        } else {
            self.tree.opened(call.data.len().saturating_mul(self.times));
            self.call(call.to, call.data, depth);
        }
        (self.times, self.value) = outer;
    }
}

/// The arguments of a function, if they are encoded as the ABI says and in no other way.
fn decode(function: &Function, arguments: &[u8]) -> Option<Decoded> {
    let values = function.abi_decode_input(arguments).ok()?;
    let again = function.abi_encode_input_raw(&values).ok()?;
    (again == arguments).then(|| Decoded { function: addressees::with_members(function), arguments: values })
}
