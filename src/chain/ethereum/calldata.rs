//! What a call does: one sentence, who gains, what is moved, a tree, and what has to be agreed to by name.
//!
//! Built-in standards are known; a table of well-known functions is a guess; the rest is unknown and signed only by retyping
//! its digest. A match counts only if the arguments, encoded again, are the very same bytes.

use alloy_dyn_abi::{DynSolValue, JsonAbiExt};
use alloy_json_abi::Function;
use alloy_primitives::{Address, B256, Keccak256, U256};

pub use super::call_summary::{Reading, Transacted};
use super::{
    Ownership,
    addressees::{self, Definition, Part},
    contracts,
    plan::native,
    safe::EXEC_TRANSACTION,
    standard_calls,
    standards::{self, Source},
    swaps,
    tree::Tree,
};
use crate::{
    address::evm_text,
    amount::Units,
    review::{Certainty, Consent, Leaving, Measure, Showing, Warning},
};

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

/// A function with its decoded arguments.
pub(super) struct Decoded {
    pub(super) function: Function,
    pub(super) arguments: Vec<DynSolValue>,
}

/// A call that another one makes.
pub(super) struct Inner<'a> {
    pub(super) to: Address,
    /// Native coin that the calling contract gives to it.
    pub(super) value: U256,
    pub(super) data: &'a [u8],
    /// How often in a row the very same call is made.
    pub(super) times: usize,
    /// What becomes of the others when it fails, in words; empty where all fail.
    pub(super) failing: &'static str,
}

/// The reading being made. Nested calls add to it.
pub(super) struct Reader<'a> {
    /// How often the call that is being read is made.
    times: usize,
    /// Calls whose effect on what leaves was told.
    measured: usize,
    /// Coins that go along with the call that is being read.
    pub(super) value: U256,
    /// Whether the sentence says what coins go along with the whole.
    pub(super) tells_coins: bool,
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
            named: Vec::new(),
            leaving: Vec::new(),
            measure: Measure::Whole,
            consents: Vec::new(),
            warnings: Vec::new(),
        };
        let tree = Tree::of(facts.data.len(), facts.chain);
        Self { times: 1, measured: 0, value: facts.value, tells_coins: false, facts, ours, tree, reading }
    }

    /// The digest of the whole calldata is retyped, wherever in it the unreadable part is.
    fn into_reading(mut self) -> Reading {
        if !self.tells_coins && !self.facts.value.is_zero() {
            let coins = native(self.facts.chain, self.facts.value);
            self.reading.action = format!("{} with {coins}", self.reading.action);
            self.reading.moved = Some(coins);
        }
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

    /// Every address among the arguments, at any depth, is judged.
    fn judge(&mut self, decoded: &Decoded, definition: Definition) {
        for (address, part) in addressees::among(&decoded.function, &decoded.arguments, definition) {
            match part {
                Part::Gains => self.gains(address),
                Part::Named if !self.reading.named.contains(&address) => self.reading.named.push(address),
                Part::Named => {}
            }
        }
    }

    /// So much of a token may leave by the call that is being read.
    pub(super) fn leaves(&mut self, token: Address, amount: &Units) {
        self.measured();
        let times = U256::from(self.times);
        let amount = amount.denomination.clone().of(amount.value.saturating_mul(times));
        self.reading.leaving.push(Leaving { token, amount });
    }

    /// The call that is being read moves nothing but what was told.
    pub(super) const fn measured(&mut self) {
        self.measured = self.measured.saturating_add(1);
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

    /// Something is not understood: the whole is signed only by its digest.
    pub(super) fn blind(&mut self, why: &str, depth: usize) {
        let inner = if depth == 0 { "" } else { " (a call inside of it)" };
        self.tree.gap(&format!("{why}{inner}"));
        self.reading.measure = Measure::Open;
    }

    /// So many bytes of calldata were decoded, and are shown.
    const fn read(&mut self, bytes: usize) {
        self.tree.read(bytes.saturating_mul(self.times));
    }

    /// Reads one call; `depth` is how many calls it is inside of.
    pub(super) fn call(&mut self, to: Address, data: &[u8], depth: usize) {
        // Whoever is called has the coins, whatever the function is called.
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
                    self.matched(to, (source, &decoded), depth);
                }
                None => self.unknown(to, data, depth),
            },
            None => self.unknown(to, data, depth),
        }
    }

    /// Who gains by a function whose signature was typed. The names in it are the person's own: they decide nothing.
    fn judge_typed(&mut self, to: Address, selector: [u8; 4], arguments: &[u8], typed: &Decoded) {
        let known = standards::by_selector(selector).and_then(|(_, function)| decode(function, arguments));
        let is_pinned = |known: &Decoded| contracts::is_pinned(self.facts.chain.id, to, &known.function.name);
        match known.filter(is_pinned) {
            Some(known) => self.judge(&known, Definition::Known),
            None => self.judge(typed, Definition::Unknown),
        }
    }

    fn certainty(&mut self, found: Certainty) {
        self.reading.certainty = self.reading.certainty.max(found);
    }

    fn matched(&mut self, to: Address, (source, decoded): (Source, &Decoded), depth: usize) {
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
                        return self.told(to, decoded, (depth, sentence));
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

    /// A call that a standard defines. Who gains is told by its meaning; what it names besides is judged too.
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
        self.told(to, decoded, (depth, sentence));
    }

    /// A call with its sentence, then every argument.
    fn told(&mut self, to: Address, decoded: &Decoded, (depth, sentence): (usize, String)) {
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
                // Bytes that are long enough may name somebody in any layout, which only their contract knows.
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
/// The digest by which two machines compare calldata: Keccak-256 of its length as a 256-bit number and its bytes (ERC-8213).
pub(super) fn calldata_digest(data: &[u8]) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(U256::from(data.len()).to_be_bytes::<32>());
    hasher.update(data);
    hasher.finalize()
}
