//! A payment from request to status, one folder for each family of chains, with the same arrows: Request -> Draft ->
//! Approved -> Signed -> Sent -> Status. This file holds the errors that both share.
//!
//! It must not touch the terminal, and must not make any judgement that chain/, keystore/ or explorer/ make.

pub mod bitcoin;
pub mod ethereum;
mod origin;

pub use origin::PayeeSource;

use crate::{
    explain::{Entry, Explain, catalogue},
    text::SafeText,
};

/// A payment that equals one of the last day is taken for a repetition, in seconds.
const LATELY: u64 = 24 * 60 * 60;

/// Why a payment stops, where no other module says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// The file is not a draft.
    #[error("this is not a draft or PSBT: {0}")]
    NotADraft(String),
    /// The file is not a signed transaction.
    #[error("this is not a signed transaction: {0}")]
    NotSigned(String),
    /// A bare PSBT does not say which network it is for.
    #[error("this file does not say which network it is for")]
    NetworkUnknown,
    /// It belongs to another network than the one asked for.
    #[error("this is for {found}, and {wanted} was asked for")]
    OtherNetwork {
        /// Of the file.
        found: crate::network::Network,
        /// Asked for.
        wanted: crate::network::Network,
    },
    /// It belongs to another network of any family than the one asked for.
    #[error("this is for {found}, and {wanted} was asked for")]
    OtherChain {
        /// Of the file.
        found: &'static str,
        /// Asked for.
        wanted: &'static str,
    },
    /// The person did not agree.
    #[error("declined; nothing was signed and nothing was sent")]
    Declined,
    /// It breaks a limit stated on the command line.
    #[error("it breaks a stated limit: {0}")]
    Limit(String),
    /// `--yes` without limits.
    #[error("`--yes` agrees only together with a stated limit")]
    NoLimits,
    /// A file's payee was named by no limit, and `--yes` was to agree to it.
    #[error("the file pays {0}, and nothing on the command line names that payee")]
    PayeeNotNamed(String),
    /// What the ledger holds as our account is not what the keys derive.
    #[error("the ledger's account at {0} is not the one that this wallet's keys derive")]
    LedgerLies(String),
    /// The review after unlocking differs from the one that was agreed to.
    #[error("after unlocking, the review is not the one that was agreed to")]
    ReviewChanged,
    /// No transaction of that id is known here or there.
    #[error("no transaction {0} is known here or to the explorers")]
    UnknownTransaction(SafeText),
    /// The transaction cannot be replaced.
    #[error("transaction {0} {1}")]
    NotReplaceable(SafeText, &'static str),
    /// A coin of the plan was spent elsewhere.
    #[error("coin {0} is already spent by {1}")]
    CoinSpent(String, String),
    /// One explorer alone says that a coin is unspent, and the other one does not answer.
    #[error("only {operator} says that coin {coin} is unspent; no other explorer confirms it")]
    SingleSource {
        /// The coin.
        coin: String,
        /// The host that says so.
        operator: SafeText,
    },
    /// One explorer alone has the transaction that is to be replaced, and it was not signed here.
    #[error(
        "only {operator} has transaction {txid} with these signatures, and it is not in the journal of this wallet"
    )]
    SingleSourceOfOriginal {
        /// Its id.
        txid: SafeText,
        /// The host that has it.
        operator: SafeText,
    },
    /// Our own ledger has a transaction that spends the same coin, sent later.
    #[error("it was replaced by {0}, which spends the same coin and is on its way")]
    Superseded(SafeText),
    /// A key of `--once` that has its payment.
    #[error("the key of --once was used before, for transaction {0}")]
    KeyUsed(String),
    /// The same payment is on its way already.
    #[error("the same payment is or may be on its way already, as transaction {0}")]
    SamePayment(String),
    /// The same payment was made within the last day, and is in a block.
    #[error("the same payment was made within the last 24 hours and is in a block, as transaction {0}")]
    PaidLately(String),
    /// Operators contradict each other about the nonce of an account, and none of them proves it.
    #[error("operators contradict each other about the next nonce: {0}")]
    NonceDisputed(String),
    /// The bytes may have left, and the ledger could not note what became of them.
    #[error("transaction {txid} may be on the network, and that could not be written down: {cause}")]
    SentNotRecorded {
        /// Its id.
        txid: String,
        /// What the ledger said.
        cause: String,
    },
}

catalogue! {
    NOT_A_DRAFT = "flow.not_a_draft", Usage, "Plan again with `fastness plan ... -o FILE`, or export the PSBT again, whole";
    NOT_SIGNED = "flow.not_signed", Usage, "Give the file that `fastness sign` wrote, or a raw transaction in hex";
    NETWORK_UNKNOWN = "flow.network_unknown", Usage, "Name it with --network";
    OTHER_NETWORK = "flow.other_network", Refused, "Use the file with its own network, named with --network";
    DECLINED = "flow.declined", Declined, "Plan again when the payment is right";
    LIMIT = "flow.limit", Refused, "Look at the draft with `fastness inspect`, then change the limit or the payment";
    NO_LIMITS = "flow.no_limits", Usage, "Add --max-fee AMOUNT, --max-total AMOUNT, --expect-to ADDRESS or --approve DIGEST (from `fastness inspect`)";
    PAYEE_NOT_NAMED = "flow.payee_not_named", Usage, "Name every payee with --expect-to ADDRESS, or the draft with --approve DIGEST (from `fastness inspect`)";
    LEDGER_LIES = "flow.ledger_lies", Verification, "Nothing was signed; move ledger.db away and add the accounts again from the keystore";
    REVIEW_CHANGED = "flow.review_changed", Verification, "Nothing was signed; inspect the draft on a machine you trust";
    UNKNOWN_TRANSACTION = "flow.unknown_transaction", Refused, "Check the id, the network and the explorers; `fastness history` lists what is known";
    NOT_REPLACEABLE = "flow.not_replaceable", Refused, "Only an unconfirmed transaction of this account that nothing else spends from can be replaced; for others `bump` pays by spending an output that is yours and free";
    COIN_SPENT = "flow.coin_spent", Refused, "Run `fastness sync --full`, then plan again";
    SUPERSEDED = "flow.superseded", Refused, "Follow the one that replaced it with `fastness track`; nothing is lost";
    SINGLE_SOURCE = "flow.single_source", Network, "Try again when another one answers and has the newest blocks (`fastness explorers test`), or trust one alone with --trust-single-explorer";
    KEY_USED = "flow.key_used", Refused, "Another payment needs another key; `fastness track ID` shows what this one paid";
    SAME_PAYMENT = "flow.same_payment", Refused, "Run `fastness track` on it, which sends it again if nobody has it; to pay twice on purpose, add --again";
    PAID_LATELY = "flow.paid_lately", Refused, "If it is meant a second time, add --again; `fastness track ID` shows the first one";
    NONCE_DISPUTED = "flow.nonce_disputed", Verification, "Nothing was signed; name a node that you trust with --explorer, or try again in a minute";
    SENT_NOT_RECORDED = "flow.sent_not_recorded", Unknown, "Do not pay again: make room in the home directory, then run `fastness track` on this id";
}

impl FlowError {
    /// Whether one explorer alone says something that another could confirm.
    #[must_use]
    pub const fn is_word_of_one(&self) -> bool {
        matches!(self, Self::SingleSource { .. } | Self::SingleSourceOfOriginal { .. })
    }
}

impl Explain for FlowError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::NotADraft(_) => NOT_A_DRAFT,
            Self::NotSigned(_) => NOT_SIGNED,
            Self::NetworkUnknown => NETWORK_UNKNOWN,
            Self::OtherNetwork { .. } => OTHER_NETWORK,
            Self::OtherChain { .. } => OTHER_NETWORK,
            Self::Declined => DECLINED,
            Self::Limit(_) => LIMIT,
            Self::NoLimits => NO_LIMITS,
            Self::PayeeNotNamed(_) => PAYEE_NOT_NAMED,
            Self::LedgerLies(_) => LEDGER_LIES,
            Self::ReviewChanged => REVIEW_CHANGED,
            Self::UnknownTransaction(_) => UNKNOWN_TRANSACTION,
            Self::NotReplaceable(..) => NOT_REPLACEABLE,
            Self::CoinSpent(..) => COIN_SPENT,
            Self::SingleSource { .. } | Self::SingleSourceOfOriginal { .. } => SINGLE_SOURCE,
            Self::Superseded(_) => SUPERSEDED,
            Self::KeyUsed(_) => KEY_USED,
            Self::SamePayment(_) => SAME_PAYMENT,
            Self::PaidLately(_) => PAID_LATELY,
            Self::NonceDisputed(_) => NONCE_DISPUTED,
            Self::SentNotRecorded { .. } => SENT_NOT_RECORDED,
        }
    }
}
