//! `nonce`: what the journal and the node say about an account's nonces, and the gaps between them.

use std::ops::RangeInclusive;

use crate::cli::{
    CliError,
    context::Context,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use fastness::{
    explain::{Failure, Kind},
    explorer::ethereum::EvmAccountState,
    ledger::ethereum::{EvmWho, OutboxRow, OutboxState},
    network::EvmChain,
    review::Warning,
    text::SafeText,
};
use serde::Serialize;

/// Nonces of an Ethereum account: what is used, waits, is set aside or missing
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Every nonce that is not settled, with its transaction
    Status,
    /// Nonces that nobody holds below one that waits: later transactions cannot be mined before them
    Gaps,
    /// Give back the nonces of drafts that will never be signed
    Release {
        /// The nonce, or the first and the last of several as 5..8
        #[arg(value_name = "NONCE")]
        nonces: String,
    },
}

#[derive(Serialize)]
struct NonceLine {
    nonce: u64,
    state: &'static str,
    id: Option<String>,
    detail: String,
    /// The transaction that has its nonce now.
    replaced_by: Option<String>,
}

#[derive(Serialize)]
struct NonceStatus {
    account: String,
    network: &'static EvmChain,
    latest: u64,
    /// The operators behind `latest`, in words.
    standing: String,
    pending: Option<u64>,
    next: u64,
    open: Vec<NonceLine>,
    gaps: Vec<u64>,
    /// What was given back just now.
    released: Vec<u64>,
    #[serde(skip)]
    shows: Shows,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    All,
    Gaps,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let chain = context.chain()?;
        match &self.action {
            Action::Status => answer(status(context, chain, Shows::All)?),
            Action::Gaps => answer(status(context, chain, Shows::Gaps)?),
            Action::Release { nonces } => {
                let released = release(context, chain, nonces)?;
                match status(context, chain, Shows::All) {
                    // It is done, whether or not a node says what is next.
                    Err(failure) if failure.entry().kind == Kind::Network => answer(released),
                    standing => answer(NonceStatus { released: released.released, ..standing? }),
                }
            }
        }
    }
}

/// Gives back every nonce of a range that a draft holds; nothing where none does.
fn release(context: &mut Context, chain: &'static EvmChain, typed: &str) -> Result<Released, Failure> {
    let wanted = range(typed)?;
    let _lock = context.payment_lock()?;
    let (mut ledger, row) = context.evm_account(chain)?;
    let who = EvmWho { chain_id: chain.id, from: row.account.address };
    let mut held = ledger.evm_outbox(&who)?;
    held.retain(|row| wanted.contains(&row.nonce) && row.state == OutboxState::Drafted);
    if held.is_empty() {
        return Err(CliError::Usage(format!("no draft holds nonce {}", SafeText::new(typed))).into());
    }
    ledger.atomically(|ledger| held.iter().try_for_each(|row| ledger.release_nonce(row.id)))?;
    let account = format!("{}/{}", row.wallet, row.name);
    Ok(Released { account, network: chain, released: held.iter().map(|row| row.nonce).collect() })
}

/// What was given back; no node is asked for it.
#[derive(Serialize)]
struct Released {
    account: String,
    network: &'static EvmChain,
    released: Vec<u64>,
}

fn given_back(account: &str, nonces: &[u64]) -> String {
    let nonces: Vec<String> = nonces.iter().map(u64::to_string).collect();
    format!("Given back to {account}: {}.", nonces.join(", "))
}

impl Report for Released {
    fn page(&self, page: &mut Page) {
        page.line(&given_back(&self.account, &self.released));
        page.next("fastness nonce status");
    }
}

/// `5` or `5..8`, both ends counted.
fn range(typed: &str) -> Result<RangeInclusive<u64>, CliError> {
    let (first, last) = typed.split_once("..").unwrap_or((typed, typed));
    let wrong = || CliError::Usage(format!("`{}` is neither a nonce nor a range such as 5..8", SafeText::new(typed)));
    let read = |text: &str| text.trim_start_matches('=').trim().parse::<u64>().map_err(|_| wrong());
    let (first, last) = (read(first)?, read(last)?);
    if first <= last { Ok(first..=last) } else { Err(wrong()) }
}

fn status(context: &mut Context, chain: &'static EvmChain, shows: Shows) -> Result<NonceStatus, Failure> {
    let (ledger, row) = context.evm_account(chain)?;
    let node = context.node(chain)?;
    let state = node.account(row.account.address)?;
    for other in &state.disagreements {
        context.ui.warn(&Warning { code: "operators_differ", text: other.to_string() });
    }
    let (standing, state) = (state.standing(), state.claim.into_value());
    let who = EvmWho { chain_id: chain.id, from: row.account.address };
    let mut rows = ledger.evm_outbox(&who)?;
    rows.retain(|row| row.nonce >= state.nonce && row.state.holds_nonce() && row.state != OutboxState::Reserved);
    let (gaps, next) = gaps(&state, &rows);
    let line = |row: &OutboxRow| -> Result<NonceLine, Failure> {
        let by = ledger.replacement_of(row)?.and_then(|by| by.signed);
        Ok(NonceLine {
            nonce: row.nonce,
            state: if by.is_some() { OutboxState::Replaced.name() } else { row.state.name() },
            id: row.signed.as_ref().map(|(hash, _)| hash.to_string()),
            detail: row.detail.clone(),
            replaced_by: by.map(|(hash, _)| hash.to_string()),
        })
    };
    Ok(NonceStatus {
        account: format!("{}/{}", row.wallet, row.name),
        network: chain,
        latest: state.nonce,
        standing,
        pending: state.pending_nonce,
        next,
        open: rows.iter().map(line).collect::<Result<_, _>>()?,
        gaps,
        released: Vec::new(),
        shows,
    })
}

/// Nonces between the chain's and the highest one held that are not held; and the first that is free.
fn gaps(state: &EvmAccountState, rows: &[OutboxRow]) -> (Vec<u64>, u64) {
    let pool = state.pending_nonce.unwrap_or(0).max(state.nonce);
    let held = |nonce: u64| nonce < pool || rows.iter().any(|row| row.nonce == nonce);
    let highest = rows.iter().map(|row| row.nonce).max().unwrap_or(0);
    let gaps: Vec<u64> = (state.nonce..highest).filter(|nonce| !held(*nonce)).take(1_000).collect();
    let next = (state.nonce..).find(|nonce| !held(*nonce)).unwrap_or(state.nonce);
    (gaps, next)
}

impl Report for NonceStatus {
    fn page(&self, page: &mut Page) {
        if !self.released.is_empty() {
            page.line(&given_back(&self.account, &self.released));
        }
        page.heading(&self.account, &self.network.to_string());
        let pending = self.pending.map_or_else(|| "not said".to_owned(), |pending| pending.to_string());
        page.field(
            "Mined",
            &format!("{} transactions, {}; with the node's pool {pending}", self.latest, self.standing),
        );
        page.field("Next", &self.next.to_string());
        if self.shows == Shows::All {
            for line in &self.open {
                let id = line.id.as_deref().unwrap_or("a draft that is not signed here");
                page.field(&format!("{}", line.nonce), &format!("{}  {id}", line.state));
                if let Some(by) = &line.replaced_by {
                    page.field("", &format!("by {by}"));
                }
            }
        }
        if self.gaps.is_empty() {
            return page.field("Gaps", "none");
        }
        let gaps: Vec<String> = self.gaps.iter().map(u64::to_string).collect();
        page.toned_field("Gaps", (Tone::Claimed, &format!("{}: what comes after waits for them", gaps.join(", "))));
        page.field("Fill", "the next payment takes the lowest of them");
    }
}
