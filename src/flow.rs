//! The story on one page: Request -> Draft -> Approved -> Signed -> Sent -> Status. Each arrow has exactly one maker here.
//!
//! What comes from a file is read again and judged again; what was signed must equal what was approved. This room must not
//! touch the terminal, and must not make any judgement that chain/, keystore/ or explorer/ make.

mod authorship;
mod deliver;
mod draft_file;
pub mod ethereum;
mod just_sent;
mod limits;
mod original;
mod ownership;
mod repeat;
mod replaces;
mod signed_file;
mod snapshot;
mod sync;
mod track;
mod warmth;
mod witness;

pub use self::{
    deliver::{Alone, Delivery, check_unspent, deliver},
    draft_file::{Context, Draft},
    limits::{Limits, Origin},
    original::{check_original, current, original},
    ownership::{check_ledger, own_account, ownership_of_keys, ownership_of_ledger, searched},
    repeat::{Wish, interrupted, refuse_repeat, refuse_used_key},
    replaces::{Effect, Replaces, replaced_by, replaces},
    signed_file::SignedFile,
    snapshot::snapshot,
    sync::{Depth, SyncReport, sync},
    track::{Tracking, refuse_superseded, track},
    witness::Second,
};
use crate::{
    chain::{
        Chain,
        bitcoin::{Bitcoin, OwnAccount, Ownership, Plan, sign as bitcoin_sign},
    },
    explain::{Entry, Explain, Failure, catalogue},
    intent::{Request, Review},
    keystore::{Keys, SingleKey},
    ledger::{AccountRow, Ledger, Synced},
    signing::Signed,
    text::SafeText,
};

/// Why the story stops, where no other room says so.
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
    OneWitness {
        /// The coin.
        coin: String,
        /// Who says so.
        operator: SafeText,
    },
    /// One explorer alone has the transaction that is to be replaced, and it was not signed here.
    #[error(
        "only {operator} has transaction {txid} with these signatures, and it is not in the journal of this wallet"
    )]
    OneWitnessOfOriginal {
        /// Its id.
        txid: SafeText,
        /// Who has it.
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
    NOT_REPLACEABLE = "flow.not_replaceable", Refused, "Only an unconfirmed transaction of this account that nothing else spends from can be replaced";
    COIN_SPENT = "flow.coin_spent", Refused, "Run `fastness sync --full`, then plan again";
    SUPERSEDED = "flow.superseded", Refused, "Follow the one that replaced it with `fastness track`; nothing is lost";
    ONE_WITNESS = "flow.one_witness", Network, "Try again when another one answers and has the newest blocks (`fastness explorers test`), or trust one alone with --offline-trust";
    KEY_USED = "flow.key_used", Refused, "Another payment needs another key; `fastness track ID` shows what this one paid";
    SAME_PAYMENT = "flow.same_payment", Refused, "Run `fastness track` on it, which sends it again if nobody has it; to pay twice on purpose, add --again";
    PAID_LATELY = "flow.paid_lately", Refused, "If it is meant a second time, add --again; `fastness track ID` shows the first one";
    NONCE_DISPUTED = "flow.nonce_disputed", Verification, "Nothing was signed; name a node that you trust with --explorer, or try again in a minute";
    SENT_NOT_RECORDED = "flow.sent_not_recorded", Unknown, "Do not pay again: make room in the home directory, then run `fastness track` on this id";
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
            Self::OneWitness { .. } | Self::OneWitnessOfOriginal { .. } => ONE_WITNESS,
            Self::Superseded(_) => SUPERSEDED,
            Self::KeyUsed(_) => KEY_USED,
            Self::SamePayment(_) => SAME_PAYMENT,
            Self::PaidLately(_) => PAID_LATELY,
            Self::NonceDisputed(_) => NONCE_DISPUTED,
            Self::SentNotRecorded { .. } => SENT_NOT_RECORDED,
        }
    }
}

/// Request -> Draft: plans from what the ledger knows, and sets the change address aside.
///
/// # Errors
/// The request cannot be fulfilled, or the ledger cannot be used.
pub fn plan(ledger: &Ledger, row: &AccountRow, request: &Request, randomness: [u8; 32]) -> Result<Draft, Failure> {
    let snapshot = snapshot(ledger, row)?;
    draft(ledger, row, Bitcoin::plan(request, &snapshot, randomness)?)
}

/// A plan becomes a draft of this account; its change address is not given out again.
///
/// # Errors
/// The ledger cannot be written.
pub fn draft(ledger: &Ledger, row: &AccountRow, mut plan: Plan) -> Result<Draft, Failure> {
    snapshot::name_own_outputs(ledger, row, &mut plan)?;
    let scripts: Vec<_> = plan.psbt.unsigned_tx.output.iter().map(|output| output.script_pubkey.clone()).collect();
    snapshot::issue_change(ledger, row, &scripts)?;
    let context = Context {
        wallet: Some(row.wallet.clone()),
        account: Some(row.name.clone()),
        tip_height: row.synced.as_ref().map(Synced::counted_height),
        created: Some(crate::ledger::now()),
    };
    Ok(Draft { plan, context })
}

/// A plan that a person or a stated limit agreed to. Made by [`approve`] only.
#[derive(Debug)]
pub struct Approved {
    plan: Plan,
    review: Review,
    /// The accounts that it was judged by, with what is known of their use.
    ours: Ownership,
}

impl Approved {
    /// What was agreed to.
    #[must_use]
    pub const fn review(&self) -> &Review {
        &self.review
    }
}

/// Draft -> Approved: the draft is reviewed from its own bytes, then `agree` decides.
///
/// # Errors
/// The draft must not be signed, or `agree` did not agree.
pub fn approve(
    draft: &Draft,
    ours: &Ownership,
    agree: impl FnOnce(&Review) -> Result<(), Failure>,
) -> Result<Approved, Failure> {
    let review = Bitcoin::review(&draft.plan, ours)?;
    agree(&review)?;
    Ok(Approved { plan: draft.plan.clone(), review, ours: ours.clone() })
}

/// Approved -> Signed: reviews once more with accounts derived from the keys themselves, signs, and proves the result.
///
/// # Errors
/// The keys disagree with the ledger, the review changed, or the result is refused by Bitcoin Core's code.
pub fn sign(approved: Approved, keys: &Keys) -> Result<Signed, Failure> {
    let (plan, jobs, signatures) = signatures(approved, keys)?;
    Ok(Bitcoin::finish(plan, &jobs, &signatures)?)
}

/// Approved -> Signed with a single key, for a sweep: the review must be the same with nothing but that key as ours.
///
/// # Errors
/// As [`sign`].
pub fn sign_sweep(approved: Approved, key: &SingleKey, accounts: Vec<OwnAccount>) -> Result<Signed, Failure> {
    let ours = Ownership::of_key(key.public_key()).with(accounts);
    if Bitcoin::review(&approved.plan, &ours)? != approved.review {
        return Err(FlowError::ReviewChanged.into());
    }
    let jobs = Bitcoin::jobs(&approved.plan, &ours)?;
    let signatures = key.sign(&jobs)?;
    Ok(Bitcoin::finish(approved.plan, &jobs, &signatures)?)
}

/// As [`sign`], as a finalized PSBT for other wallets.
///
/// # Errors
/// As [`sign`].
pub fn sign_psbt(approved: Approved, keys: &Keys) -> Result<bitcoin::Psbt, Failure> {
    let (plan, jobs, signatures) = signatures(approved, keys)?;
    let psbt = bitcoin_sign::finalized(plan.psbt, &jobs, &signatures)?;
    bitcoin_sign::finished(&psbt)?;
    Ok(psbt)
}

type Answered = (Plan, Vec<crate::signing::Job>, Vec<crate::signing::Signature>);

fn signatures(approved: Approved, keys: &Keys) -> Result<Answered, Failure> {
    let ours = ownership_of_keys(&approved.plan, keys, &approved.ours)?;
    if Bitcoin::review(&approved.plan, &ours)? != approved.review {
        return Err(FlowError::ReviewChanged.into());
    }
    let jobs = Bitcoin::jobs(&approved.plan, &ours)?;
    let signatures = keys.sign(&jobs)?;
    Ok((approved.plan, jobs, signatures))
}
