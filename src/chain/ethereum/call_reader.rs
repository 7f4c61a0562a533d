//! What is found while calldata is read: beneficiaries, what leaves, the tree, and what has to be agreed to by name.
//!
//! Which function means what is in calldata.rs and the files that it calls; nothing is decoded here.

use alloy_dyn_abi::DynSolValue;
use alloy_json_abi::Function;
use alloy_primitives::{Address, B256, Keccak256, U256};

use crate::{
    address::evm_text,
    amount::Units,
    chain::ethereum::{
        Ownership,
        addressees::{self, Definition, Part},
        call_summary::{Reading, Transacted},
        tree::Tree,
        units::native,
    },
    review::{Certainty, Consent, Leaving, Measure, Showing, Warning},
};

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
    pub(super) times: usize,
    /// Calls whose effect on what leaves was told.
    pub(super) measured: usize,
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
    pub(super) fn new(facts: Transacted<'a>, ours: &'a Ownership) -> Self {
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
    pub(super) fn into_reading(mut self) -> Reading {
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
    pub(super) fn judge(&mut self, decoded: &Decoded, definition: Definition) {
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

    /// Something is not understood: the whole is signed only by its digest.
    pub(super) fn blind(&mut self, why: &str, depth: usize) {
        let inner = if depth == 0 { "" } else { " (a call inside of it)" };
        self.tree.gap(&format!("{why}{inner}"));
        self.reading.measure = Measure::Open;
    }

    /// So many bytes of calldata were decoded, and are shown.
    pub(super) const fn read(&mut self, bytes: usize) {
        self.tree.read(bytes.saturating_mul(self.times));
    }

    pub(super) fn certainty(&mut self, found: Certainty) {
        self.reading.certainty = self.reading.certainty.max(found);
    }
}

/// The digest by which two machines compare calldata: Keccak-256 of its length as a 256-bit number and its bytes (ERC-8213).
pub(super) fn calldata_digest(data: &[u8]) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(U256::from(data.len()).to_be_bytes::<32>());
    hasher.update(data);
    hasher.finalize()
}
