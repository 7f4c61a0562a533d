//! What was found: a Review (what a transaction will do) and a Status (how settled it is).
//!
//! No I/O, no secrets, and nothing here decides: chain/ makes the reviews, and flow/ asks for agreement to them.

mod ethereum;
mod payee;
mod shown;
mod status;

use serde::Serialize;

pub use self::{
    ethereum::{Certainty, Consent, EvmFeeReview, EvmReview, Leaving, Measure, ReviewedAuthorization, TreeLine},
    payee::Payee,
    shown::{Complete, Gap, MAX_LINES, MAX_TEXT, Showing, Shown},
    status::{Depth, Evidence, EvmStatus, ExecutionOutcome, Status},
};
use crate::{
    amount::{Amount, FeeRate},
    network::Network,
    text::SafeText,
};

/// What an output of a reviewed transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Goes to another wallet, as far as we can prove.
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
    /// No source proved it: shown by `inspect` only, never signed.
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
