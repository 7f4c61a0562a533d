//! The words of the story: a Request (the wish), a Review (what will happen), a Status (how deep it is).
//!
//! The same words serve every chain. No I/O, no secrets, and nothing here decides: chain/ makes reviews, flow.rs the story.

mod ethereum;
mod shown;

use bitcoin::{OutPoint, ScriptBuf};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{
    amount::{Amount, FeeRate, Quantity},
    network::Network,
    text::SafeText,
};

pub use ethereum::{
    Certainty, Consent, Depth, EvmFee, EvmFeeLimit, EvmFeeReview, EvmRequest, EvmReview, EvmStatus, EvmValue, FeeLevel,
    Leaving, Measure, Outcome, ReviewedAuthorization, TreeLine, TxType,
};
pub use shown::{Complete, Gap, MAX_LINES, MAX_TEXT, Showing, Shown};

/// One recipient and how much it is to get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The output script that the typed address stands for.
    pub script: ScriptBuf,
    /// How much.
    pub quantity: Quantity,
}

/// How the fee is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fee {
    /// At least this rate.
    Rate(FeeRate),
    /// Exactly this many satoshi.
    Exact(u64),
}

/// The fee above which planning stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeLimit {
    /// 500 sat/vB, 0.01 BTC and 10% of the amount.
    Standard,
    /// This many satoshi, named by the person; replaces the three standard stops.
    Absolute(u64),
}

/// Which coins may be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoinChoice {
    /// The wallet's choice among those that are not frozen.
    Automatic,
    /// Exactly these, all of them.
    Exactly(Vec<OutPoint>),
}

/// Whether the transaction says it may be replaced (BIP-125).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// Signals replaceability: sequence 0xfffffffd.
    Signalled,
    /// Does not: sequence 0xfffffffe, which still allows a locktime.
    NotSignalled,
}

/// What becomes of money that is too little for a change output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Planning stops, unless it is no more than 1% of the fee and 1 sat an input.
    Refuse,
    /// It goes to the miner: the person named the most fee they accept.
    ToMiner,
}

/// What a person wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Recipients in the order they were typed.
    pub payments: Vec<Payment>,
    /// Bytes for an OP_RETURN output, at most 80.
    pub memo: Option<Vec<u8>>,
    /// How the fee is chosen.
    pub fee: Fee,
    /// Where planning stops.
    pub fee_limit: FeeLimit,
    /// What is too little for change.
    pub leftover: Leftover,
    /// Which coins may be spent.
    pub coins: CoinChoice,
    /// BIP-125.
    pub replacement: Replacement,
}

/// Whether the person allows a coin to be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freeze {
    /// May be spent.
    Free,
    /// Frozen by the person, or locked by an unresolved payment.
    Frozen,
}

/// What an output of a reviewed transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Goes to somebody else, as far as we can prove.
    Pay,
    /// Comes back to us on our change chain: the script was re-derived and is equal.
    Change,
    /// Comes to one of our own receive addresses: the script was re-derived and is equal.
    Own,
    /// Carries data and no money (OP_RETURN).
    Memo,
}

/// One output of a reviewed transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReviewedOutput {
    /// What it is.
    pub role: Role,
    /// The whole address, if the script has one.
    pub address: Option<String>,
    /// The script in hex.
    pub script: String,
    /// The money.
    pub amount: Amount,
    /// Full derivation path, for [`Role::Change`] and [`Role::Own`].
    pub path: Option<String>,
    /// Full derivation path of a [`Role::Pay`] that our keys derive where no search looks: behind the gap, or in an account that
    /// a restored wallet does not search. It has to be agreed to by name.
    pub beyond_search: Option<String>,
    /// The data of a memo, made safe to print.
    pub memo: Option<SafeText>,
}

/// Why an input's amount is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountProof {
    /// The whole previous transaction is present and hashes to the id that the input names.
    PreviousTransaction,
    /// The signature commits to every amount (BIP-341), so a lie makes it worthless.
    CommittedBySignature,
    /// Nobody proved it: shown by `inspect` only, never signed.
    Unproven,
}

/// One input of a reviewed transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReviewedInput {
    /// `txid:vout`.
    pub outpoint: String,
    /// The money, if known.
    pub amount: Option<Amount>,
    /// The whole address, if the script has one.
    pub address: Option<String>,
    /// Full derivation path, if the script is ours.
    pub path: Option<String>,
    /// Why the amount is believed.
    pub proof: AmountProof,
}

/// Something a person should know before agreeing; never a reason to refuse by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Stable name.
    pub code: &'static str,
    /// One sentence.
    pub text: String,
}

/// When a transaction may be mined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Locktime {
    /// At any time.
    None,
    /// Only in blocks above this height.
    AfterHeight {
        /// Block height.
        height: u32,
    },
    /// Only once the median time of the last eleven blocks has passed this.
    AfterTime {
        /// Seconds since 1970-01-01 00:00 UTC.
        seconds: u32,
        /// The same as `YYYY-MM-DD HH:MM UTC`.
        date: String,
    },
}

/// What a transaction does, recomputed from the very bytes that are to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Review {
    /// The ledger.
    pub network: Network,
    /// SHA-256 over those bytes and every input's amount and script; `--approve` takes it. 64 hex digits.
    pub digest: String,
    /// Transaction id; absent where a signature changes it: with an input that is not native segwit (BIP-141), or unknown.
    pub txid: Option<String>,
    /// Inputs in order.
    pub inputs: Vec<ReviewedInput>,
    /// Outputs in order.
    pub outputs: Vec<ReviewedOutput>,
    /// Sum of what leaves the wallet for others.
    pub paid: Amount,
    /// Fee, if every input's amount is known.
    pub fee: Option<Amount>,
    /// Virtual size once signed, in vbytes (an upper bound).
    pub vsize: u64,
    /// Fee per virtual byte.
    pub fee_rate: Option<FeeRate>,
    /// Fee in hundredths of a percent of `paid`; absent when nothing is paid to others.
    pub fee_basis_points: Option<u64>,
    /// Whether any input signals replaceability (BIP-125).
    pub replaceable: bool,
    /// When it may be mined.
    pub locktime: Locktime,
    /// What the signatures cover, in words.
    pub sighash: &'static str,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

impl Review {
    /// The proof that nothing is in the transaction but what this review shows: what each output is, and the fee.
    #[must_use]
    pub fn complete(&self) -> Option<Complete> {
        let mut showing = Showing::of(self.outputs.len());
        for output in &self.outputs {
            let names_it = output.address.is_some() || output.memo.is_some() || !output.script.is_empty();
            showing.read(usize::from(names_it));
        }
        if self.fee.is_none() {
            showing.gap("its fee is not known");
        }
        showing.finish().complete()
    }

    /// Short name of a draft: the first 8 digits of the digest as `7f3a-91c2`.
    #[must_use]
    pub fn draft_name(&self) -> String {
        format!("{}-{}", self.digest.get(..4).unwrap_or_default(), self.digest.get(4..8).unwrap_or_default())
    }

    /// What it moves, in smallest units that fit 64 bits: what others get, or else (a consolidation) what we keep.
    #[must_use]
    pub fn moved(&self) -> u64 {
        let kept = || self.outputs.iter().filter_map(|output| output.amount.to_sat()).fold(0u64, u64::saturating_add);
        self.paid.to_sat().filter(|paid| *paid > 0).unwrap_or_else(kept)
    }

    /// Outputs that pay others, in order.
    pub fn payments(&self) -> impl Iterator<Item = &ReviewedOutput> {
        self.outputs.iter().filter(|output| output.role == Role::Pay)
    }
}

/// How settled a transaction is, by what explorers said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Status {
    /// No explorer asked knows it.
    NotFound,
    /// Waiting in a mempool.
    Unconfirmed,
    /// In the best chain.
    Confirmed {
        /// Height of its block.
        height: u32,
        /// Blocks on top of and including its own.
        confirmations: u32,
        /// Hash of its block.
        block: String,
    },
    /// A coin it spends was spent by another transaction.
    Replaced {
        /// That transaction's id.
        by: String,
    },
}

impl Serialize for Amount {
    /// `{"smallest":"1250000","asset":"bitcoin"}`: a string, because JSON numbers lose digits in many languages.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut amount = serializer.serialize_struct("Amount", 2)?;
        amount.serialize_field("smallest", &self.smallest.to_string())?;
        amount.serialize_field("asset", &self.asset)?;
        amount.end()
    }
}
