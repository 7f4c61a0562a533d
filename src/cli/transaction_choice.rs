//! A transaction that a person chooses from a list, where a command was given no id.
//!
//! The list is what this home knows; nothing is asked of the network.

use alloy_primitives::B256;
use fastness::{
    amount::Amount,
    explain::Failure,
    ledger::{
        Limit,
        bitcoin::HistoryRow,
        ethereum::{EvmWho, OutboxRow},
    },
    network::EvmChain,
    text::date,
};

use super::{CliError, bitcoin::net_amount::NetAmount, context::Context, prompt::Prompt};

/// Newest transactions that are offered.
const OFFERED: usize = 200;
const FLAG: &str = "a transaction id";
/// Fewest digits that stand for an id.
const SHORTEST: usize = 6;
/// Digits of a whole id.
const ID_DIGITS: usize = 64;

/// Which transactions are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// All of them.
    Any,
    /// Those that this home sent and that wait for a block.
    Waiting,
}

/// The id that was typed, else the one that the person chooses.
pub(crate) fn chosen(context: &mut Context, typed: Option<&String>, offer: Offer) -> Result<String, Failure> {
    if let Some(typed) = typed {
        return whole(context, typed);
    }
    let prompt = context.prompt().ok_or(CliError::NoTerminal(FLAG))?;
    match context.asked_chain()? {
        Some(chain) => of_chain(context, &prompt, chain, offer),
        None => of_bitcoin(context, &prompt, offer),
    }
}

/// The id that begins with what was typed, as menus and narrow pages show it; what can be no beginning of one stays as it is.
fn whole(context: &mut Context, typed: &str) -> Result<String, Failure> {
    let digits = typed.trim_start_matches("0x");
    let is_short = (SHORTEST..ID_DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_short {
        return Ok(typed.to_owned());
    }
    let chain = if typed.starts_with("0x") { Some(context.chain()?) } else { context.asked_chain()? };
    let ids = match chain {
        Some(chain) => ids_of_chain(context, chain)?,
        None => ids_of_bitcoin(context)?,
    };
    let wanted = digits.to_ascii_lowercase();
    let mut fitting = ids.into_iter().filter(|id| id.trim_start_matches("0x").starts_with(&wanted));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(CliError::Usage(format!("no transaction that is known here begins with `{typed}`")).into()),
        _ => Err(CliError::Usage(format!("several transactions begin with `{typed}`: type more of the id")).into()),
    }
}

fn ids_of_bitcoin(context: &mut Context) -> Result<Vec<String>, Failure> {
    let (ledger, row) = context.account()?;
    Ok(ledger.history(row.id, Limit::None)?.into_iter().map(|row| row.txid).collect())
}

fn ids_of_chain(context: &mut Context, chain: &'static EvmChain) -> Result<Vec<String>, Failure> {
    let (ledger, row) = context.evm_account(chain)?;
    let rows = ledger.evm_outbox(&EvmWho { chain_id: chain.id, from: row.account.address })?;
    Ok(rows.iter().filter_map(|row| row.signed.as_ref()).map(|(hash, _)| hash.to_string()).collect())
}

fn of_bitcoin(context: &mut Context, prompt: &Prompt, offer: Offer) -> Result<String, Failure> {
    let (ledger, row) = context.account()?;
    let mut rows = ledger.history(row.id, Limit::First(OFFERED))?;
    rows.retain(|row| offer == Offer::Any || (row.height.is_none() && row.sent > 0));
    let ids = rows.iter().map(|row| row.txid.clone()).collect();
    asked(prompt, &rows.iter().map(line).collect::<Vec<_>>(), ids)
}

fn line(row: &HistoryRow) -> String {
    let net = NetAmount::of(Amount::sat(row.received), Amount::sat(row.sent));
    let state = row.height.map_or_else(|| "unconfirmed".to_owned(), |height| format!("block {height}"));
    format!("{}  {net}  {state}  {}", date(row.time), row.txid)
}

fn of_chain(context: &mut Context, prompt: &Prompt, chain: &'static EvmChain, offer: Offer) -> Result<String, Failure> {
    let (ledger, row) = context.evm_account(chain)?;
    let mut rows = ledger.evm_outbox(&EvmWho { chain_id: chain.id, from: row.account.address })?;
    rows.retain(|row| row.signed.is_some() && (offer == Offer::Any || row.state.is_waiting()));
    rows.reverse();
    rows.truncate(OFFERED);
    let id = |row: &OutboxRow| row.signed.as_ref().map_or(B256::ZERO, |(hash, _)| *hash).to_string();
    let line =
        |row: &OutboxRow| format!("{}  nonce {}  {}  {}", date(row.created), row.nonce, row.state.name(), id(row));
    asked(prompt, &rows.iter().map(line).collect::<Vec<_>>(), rows.iter().map(id).collect())
}

fn asked(prompt: &Prompt, lines: &[String], ids: Vec<String>) -> Result<String, Failure> {
    let nothing = || CliError::Usage("there is no transaction here to choose from; name one by its id".to_owned());
    if ids.is_empty() {
        return Err(nothing().into());
    }
    let place = prompt.one_found("Which transaction? (type to narrow)", lines)?;
    Ok(ids.into_iter().nth(place).ok_or_else(nothing)?)
}
