//! Request -> Draft on an EVM chain: asks the nodes, sets a nonce aside in the journal, plans.
//!
//! A nonce is reserved before the plan exists and given back if none comes of it. What nodes said goes into the draft's
//! context as a claim.

use std::collections::BTreeSet;

use alloy_consensus::Transaction;
use alloy_primitives::{Address, U256};
use sha2::{Digest, Sha256};

use super::{
    EvmContext, EvmDraft,
    asked::{NodeFacts, fees_beside_gas},
    nonce_guard::NonceGuard,
};
use crate::{
    amount::Denomination,
    chain::{
        Chain,
        ethereum::{
            Code, Ethereum, EthereumError, Ownership, Plan, Snapshot, decode,
            fund::{self, LevelPrices},
            transaction::read_unsigned,
        },
    },
    explain::Failure,
    explorer::ethereum::{EvmAccountState, Matter, Sourced},
    flow::{
        FlowError,
        ethereum::planning_context::{PlanningContext, note},
    },
    ledger::{
        LedgerError,
        ethereum::{EvmWho, Holder, Reservation},
    },
    network::EvmChain,
    request::{EvmRequest, EvmValue},
    review::{Evidence, Warning},
    text::SafeText,
};

/// Transactions of one account that a pool may hold: with more waiting, the journal knows what is ours.
const POOL_OF_ONE_ACCOUNT: u64 = 1_024;

/// Which nonce the transaction gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceChoice {
    /// The lowest that neither the chain nor the journal has used.
    Next,
    /// This one, named by the person; refused if the journal holds it.
    Exactly(u64),
    /// The one of a transaction that is to be replaced.
    Replacing(u64),
}

/// The nonce that a plan asks for, and what it is set aside for.
#[derive(Clone, Copy, Debug)]
pub struct NonceRequest<'a> {
    /// Which one.
    pub choice: NonceChoice,
    /// Who holds it until it is signed for.
    pub holder: Holder,
    /// SHA-256 of what was asked, in hex, by which the journal recognises the same wish.
    pub purpose: &'a str,
}

/// A draft with the nonce that is set aside for it.
#[derive(Debug)]
pub struct Planned {
    /// The draft.
    pub draft: EvmDraft,
    /// Its nonce, which is free again once this plan is dropped.
    pub nonce: NonceGuard,
    /// SHA-256 of what was asked, for recognising the same call.
    pub purpose: String,
    /// What operators said otherwise, for the person who decides.
    pub notes: Vec<Warning>,
    /// What other speeds would cost.
    pub levels: Vec<LevelPrices>,
    /// The most gas that the plan may take.
    pub gas_limit: u64,
}

/// SHA-256 of chain, sender, recipient, value and data, or of a key that the person named: running the same command twice is
/// told by it.
#[must_use]
pub fn purpose(chain: &EvmChain, from: Address, request: &EvmRequest, once: Option<&str>) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"fastness/evm/purpose/1");
    hasher.update(chain.id.to_be_bytes());
    hasher.update(from);
    match once {
        Some(key) => hasher.update(key.as_bytes()),
        None => {
            hasher.update(request.to.unwrap_or_default());
            match request.value {
                EvmValue::Exactly(value) => hasher.update(value.to_be_bytes::<32>()),
                EvmValue::All => hasher.update(b"all"),
            }
            hasher.update(&request.data);
            hasher.update(request.delegate.unwrap_or_default());
        }
    }
    hex::DisplayHex::to_lower_hex_string(hasher.finalize().as_slice())
}

/// Plans a request: asks, reserves, plans. If nothing comes of it the nonce is free again.
///
/// # Errors
/// Nodes do not answer, the call would fail, there is too little, or the request breaks a rule.
pub fn plan(
    planning: &mut PlanningContext<'_>,
    request: &EvmRequest,
    nonce: NonceRequest<'_>,
    signatures: &[String],
) -> Result<Planned, Failure> {
    let (state, mut notes) = state(planning)?;
    let facts = NodeFacts::ask(planning, request, state.value())?;
    notes.extend(facts.notes.iter().cloned());
    settle(planning, &state, &mut notes)?;
    let guard = NonceGuard::new(&planning.ledger.share(), reserve(planning, state.value(), nonce)?);
    notes.extend(gap_note(planning, state.value(), guard.nonce())?);
    let snapshot = facts.snapshot(planning, state.value(), guard.nonce());
    let plan = Ethereum::plan(request, &snapshot, [0; 32])?;
    let gas_limit = read_unsigned(&plan.unsigned)?.gas_limit();
    let beside = fees_beside_gas(planning, &plan.unsigned, gas_limit)?;
    check_beside(&plan, &snapshot, beside)?;
    let context = EvmContext {
        fees_beside_gas: beside,
        code: facts.code_said(request),
        simulated: facts.simulated.clone(),
        ..context(planning, &state, &snapshot, signatures)
    };
    let draft = EvmDraft { plan, context };
    let levels = fund::levels(&snapshot.fees, planning.chain);
    Ok(Planned { draft, nonce: guard, purpose: nonce.purpose.to_owned(), notes, levels, gas_limit })
}

/// The account's state as operators say, with its nonce as pools say; and what they do not agree about. About the nonce of
/// blocks they must not contradict each other: a payment would be lost in a gap or take another one's place.
fn state(planning: &PlanningContext<'_>) -> Result<(Sourced<EvmAccountState>, Vec<Warning>), Failure> {
    let from = planning.row.account.address;
    let mut state = planning.node.account(from)?;
    if state.evidence() == Evidence::Said && state.about(Matter::Nonce).next().is_some() {
        let ours = format!("{} says: nonce {} is next", names(&state.said_by), state.value().nonce);
        let others = state.about(Matter::Nonce).map(ToString::to_string);
        return Err(FlowError::NonceDisputed([ours].into_iter().chain(others).collect::<Vec<_>>().join("; ")).into());
    }
    let mut notes = Vec::new();
    notes.extend(note("operators_differ", "operators do not agree about this account", &state.disagreements));
    if let Some(pending) = planning.node.pending_nonce(from)? {
        let next = (*pending.value()).max(state.value().nonce);
        state.claim.value_mut().pending_nonce = Some(next);
        let above: Vec<_> = pending.disagreements;
        notes.extend(note("pools_differ", &format!("pools differ; nonce {next} is taken as the next"), &above));
    }
    Ok((state, notes))
}

fn names(said_by: &[SafeText]) -> String {
    said_by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn native(chain: &EvmChain, wei: U256) -> String {
    Denomination::new(chain.symbol, chain.decimals).of(wei).to_string()
}

/// What was set aside below the chain's nonce is given up, unless one of several operators says so alone: that is told.
fn settle(
    planning: &PlanningContext<'_>,
    state: &Sourced<EvmAccountState>,
    notes: &mut Vec<Warning>,
) -> Result<(), Failure> {
    let nonce = state.value().nonce;
    if state.evidence() == Evidence::Said && planning.node.has_second_source() {
        let text = format!(
            "{} alone says that nonce {nonce} is next, and balance and nonce are its word",
            names(&state.said_by)
        );
        notes.push(Warning { code: "one_operator", text });
        return Ok(());
    }
    let who = EvmWho { chain_id: planning.chain.id, from: planning.row.account.address };
    Ok(planning.ledger.settle_nonces(&who, nonce)?)
}

fn reserve(
    planning: &mut PlanningContext<'_>,
    state: &EvmAccountState,
    nonce: NonceRequest<'_>,
) -> Result<Reservation, Failure> {
    let NonceRequest { choice, holder, purpose: call } = nonce;
    let who = EvmWho { chain_id: planning.chain.id, from: planning.row.account.address };
    Ok(match choice {
        NonceChoice::Next => planning.ledger.reserve_nonce(&who, first_free(state), holder, call)?,
        NonceChoice::Exactly(nonce) if nonce < state.nonce => {
            let what = format!("nonce {nonce} is used; the next free one is {}", state.nonce);
            return Err(EthereumError::BadRequest(what).into());
        }
        NonceChoice::Exactly(nonce) if i64::try_from(nonce).is_err() => {
            return Err(EthereumError::BadRequest(format!("nonce {nonce} is above all that an account reaches")).into());
        }
        NonceChoice::Exactly(nonce) => planning.ledger.reserve_exact_nonce(&who, nonce, holder, call)?,
        NonceChoice::Replacing(nonce) => planning.ledger.reserve_replacement(&who, nonce, holder, call)?,
    })
}

/// Nonces are used in order: what has one above a nonce without a holder waits for that one.
fn gap_note(
    planning: &PlanningContext<'_>,
    state: &EvmAccountState,
    nonce: u64,
) -> Result<Option<Warning>, LedgerError> {
    let who = EvmWho { chain_id: planning.chain.id, from: planning.row.account.address };
    let free = first_free(state);
    let rows = planning.ledger.evm_outbox(&who)?;
    let held: BTreeSet<u64> = rows.iter().filter(|row| row.state.holds_nonce()).map(|row| row.nonce).collect();
    let between = u64::try_from(held.range(free..nonce.max(free)).count()).unwrap_or(u64::MAX);
    let missing = nonce.saturating_sub(free).saturating_sub(between);
    let lowest = (free..nonce).find(|nonce| !held.contains(nonce)).filter(|_| missing > 0);
    Ok(lowest.map(|lowest| {
        let text = match missing {
            1 => format!("nobody holds nonce {lowest}: nonce {nonce} waits until that one is used"),
            several => {
                format!("nobody holds {several} of the nonces from {lowest} on: nonce {nonce} waits until all are used")
            }
        };
        Warning { code: "nonce_gap", text }
    }))
}

/// The first nonce that is neither in a block nor in the node's pool. What waits in a pool has nonces without a gap; a node
/// that claims more than a pool keeps of one account (geth: 16 and 64) is not followed.
fn first_free(state: &EvmAccountState) -> u64 {
    let pending = state.pending_nonce.unwrap_or(0);
    if pending.saturating_sub(state.nonce) <= POOL_OF_ONE_ACCOUNT { state.nonce.max(pending) } else { state.nonce }
}

/// What comes on top of gas for these very bytes has to be there too.
fn check_beside(plan: &Plan, snapshot: &Snapshot, beside: Option<U256>) -> Result<(), EthereumError> {
    let Some(beside) = beside else { return Ok(()) };
    let review = decode::review(
        plan,
        &Ownership { allowed_delegates: plan.delegate.into_iter().collect(), ..Ownership::default() },
    )?;
    let needed = review.worst_total.value.saturating_add(beside);
    if needed <= snapshot.balance {
        return Ok(());
    }
    let text = |wei| native(plan.chain, wei);
    Err(EthereumError::InsufficientFunds { needed: text(needed), available: text(snapshot.balance) })
}

fn context(
    planning: &PlanningContext<'_>,
    state: &Sourced<EvmAccountState>,
    snapshot: &Snapshot,
    signatures: &[String],
) -> EvmContext {
    let origin = planning.row.account.origin.as_ref();
    let same_block = snapshot.fees.block == state.value().block;
    EvmContext {
        wallet: Some(planning.row.wallet.clone()),
        account: Some(planning.row.name.clone()),
        fingerprint: origin.map(|origin| origin.fingerprint.to_string()),
        path: origin.map(|origin| format!("m/{}", origin.path)),
        block: Some(state.value().block),
        block_hash: state.value().block_hash.or_else(|| same_block.then_some(snapshot.fees.block_hash)),
        balance: Some(native(planning.chain, snapshot.balance)),
        said_by: Some(said_by(state)),
        fees_beside_gas: None,
        code: None,
        simulated: None,
        recipient: Some(recipient(snapshot.code_at_to)),
        delegates_to: match snapshot.code_at_from {
            Code::Delegation(to) => Some(to.to_string()),
            Code::None | Code::Contract => None,
        },
        signatures: signatures.to_vec(),
        created: Some(crate::ledger::now()),
    }
}

fn recipient(code: Code) -> String {
    match code {
        Code::None => "an account without code".to_owned(),
        Code::Contract => "a contract".to_owned(),
        Code::Delegation(to) => format!("an account that delegates to {to}"),
    }
}

fn said_by(state: &Sourced<EvmAccountState>) -> String {
    let names = names(&state.said_by);
    if state.evidence() == Evidence::Proven { format!("{names}, with proof") } else { names }
}
