//! `history` on an EVM chain: what this wallet sent, from its own outbox, and what an indexer tells beside it.
//!
//! The two are never mixed: a row of the indexer is shown as its claim. A token is named by our own lists only, and
//! transfers of nothing, with which strangers write themselves into histories, are counted and left out.

use super::evidence::operator;
use crate::cli::{
    context::Context,
    ethereum::signer::{self, ReviewScope},
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use alloy_primitives::{Address, B256, U256};
use fastness::{
    address::evm_text,
    amount::Denomination,
    chain::ethereum::{Ownership, decode},
    explorer::{
        EvmIndexer, ExplorerError,
        ethereum::{EvmMovement, EvmMovements, Moved, Succeeded},
    },
    ledger::ethereum::{EvmWho, OutboxRow, OutboxState},
    network::EvmChain,
    review::{Evidence, Warning},
    text::{SafeText, date},
    token::Token,
};
use serde::Serialize;

/// Rows that are asked for when the person gave no number.
const USUAL: usize = 1000;

/// What was sent from here, and what an indexer tells.
#[derive(Serialize)]
struct EvmHistory {
    account: String,
    network: &'static EvmChain,
    transactions: Vec<Own>,
    /// Nothing where no indexer is named, or it did not answer.
    claimed: Option<Claimed>,
    #[serde(skip)]
    trouble: Option<String>,
}

/// A transaction of this wallet.
#[derive(Serialize)]
struct Own {
    id: B256,
    nonce: u64,
    state: &'static str,
    action: SafeText,
    created: u64,
    detail: String,
    /// The transaction of this wallet that has its nonce now.
    replaced_by: Option<B256>,
}

/// What an indexer tells that the outbox does not know.
#[derive(Serialize)]
struct Claimed {
    said_by: String,
    /// One indexer's word; nothing here is compared with another source.
    evidence: Evidence,
    movements: Vec<Movement>,
    /// Transfers of nothing that were left out.
    hidden: usize,
    /// Rows that could not be read and are left out.
    unread: usize,
}

#[derive(Serialize)]
struct Movement {
    id: B256,
    block: u64,
    time: u64,
    direction: &'static str,
    peer: Option<String>,
    amount: String,
    /// In the smallest unit.
    value: String,
    token: Option<String>,
    failed: bool,
}

/// The whole command. An indexer that is named wrongly is an error; one that is silent is a warning.
pub(crate) fn history(context: &mut Context, chain: &'static EvmChain, limit: Option<usize>) -> Answer {
    let (ledger, row) = context.evm_account(chain)?;
    let who = EvmWho { chain_id: chain.id, from: row.account.address };
    let ours = signer::ownership(context, &ledger, ReviewScope { wallet: &row.wallet, chain, signatures: &[] })?;
    let mut rows = ledger.evm_outbox(&who)?;
    rows.reverse();
    let mut transactions: Vec<Own> = Vec::new();
    for row in &rows {
        let by = ledger.replacement_of(row)?.and_then(|by| by.signed).map(|(hash, _)| hash);
        transactions.extend(own(row, &ours, by));
    }
    let own = transactions;
    let known = KnownAccounts { who, own: &own, ours: &ours };
    let told = context.indexer(chain)?.map(|indexer| claims(&indexer, chain, limit.unwrap_or(USUAL), &known));
    let (claimed, trouble) = match told {
        None => (None, None),
        Some(Ok(claimed)) => (Some(claimed), None),
        Some(Err(error)) => (None, Some(error.to_string())),
    };
    let transactions = own.into_iter().take(limit.unwrap_or(usize::MAX)).collect();
    let account = format!("{}/{}", row.wallet, row.name);
    answer(EvmHistory { account, network: chain, transactions, claimed, trouble })
}

fn own(row: &OutboxRow, ours: &Ownership, replaced_by: Option<B256>) -> Option<Own> {
    let (hash, raw) = row.signed.as_ref()?;
    let (_, plan) = decode::signed(raw).ok()?;
    let review = decode::review(&plan, ours);
    let action = review.map_or_else(|_| SafeText::new("a delegation"), |review| review.action);
    let (nonce, detail) = (row.nonce, row.detail.clone());
    let state = if replaced_by.is_some() { OutboxState::Replaced.name() } else { row.state.name() };
    Some(Own { id: *hash, nonce, state, action, created: row.created, detail, replaced_by })
}

/// What we know ourselves, to read claims by.
struct KnownAccounts<'a> {
    who: EvmWho,
    own: &'a [Own],
    ours: &'a Ownership,
}

fn claims(
    indexer: &EvmIndexer,
    chain: &'static EvmChain,
    limit: usize,
    known: &KnownAccounts<'_>,
) -> Result<Claimed, ExplorerError> {
    let claim = indexer.movements(known.who.from, limit)?;
    let said_by = operator(&claim);
    let is_new = |movement: &&EvmMovement| {
        let sent = matches!(movement.what, Moved::Native(_)) && movement.from == known.who.from;
        !(sent && known.own.iter().any(|own| own.id == movement.hash))
    };
    let EvmMovements { movements, unread } = claim.into_value();
    let told: Vec<EvmMovement> = movements.iter().filter(is_new).cloned().collect();
    let is_nothing = |movement: &EvmMovement| match movement.what {
        Moved::Native(value) => value.is_zero() && movement.from != known.who.from,
        Moved::Internal(value) | Moved::Token { amount: value, .. } => value.is_zero(),
    };
    let shown: Vec<Movement> =
        told.iter().filter(|movement| !is_nothing(movement)).map(|row| movement(row, chain, known)).collect();
    Ok(Claimed { said_by, evidence: Evidence::Said, hidden: told.len() - shown.len(), unread, movements: shown })
}

fn movement(told: &EvmMovement, chain: &'static EvmChain, known: &KnownAccounts<'_>) -> Movement {
    let out = told.from == known.who.from;
    let peer = if out { told.to } else { Some(told.from) };
    let (amount, value, token) = match told.what {
        Moved::Native(value) | Moved::Internal(value) => {
            (Denomination::new(chain.symbol, chain.decimals).of(value).to_string(), value, None)
        }
        Moved::Token { contract, amount } => {
            (token_amount(contract, amount, chain, known.ours), amount, Some(contract))
        }
    };
    Movement {
        id: told.hash,
        block: told.block,
        time: told.time,
        direction: if out { "out" } else { "in" },
        peer: peer.map(|peer| evm_text(peer, chain)),
        amount,
        value: value.to_string(),
        token: token.map(|token| evm_text(token, chain)),
        failed: told.succeeded == Succeeded::No,
    }
}

/// In the words of our own lists, or as smallest units: the name that a contract gives itself proves nothing.
fn token_amount(contract: Address, amount: U256, chain: &'static EvmChain, ours: &Ownership) -> String {
    let pinned = Token::at(chain.id, contract).map(Token::denomination);
    let added = || ours.added_tokens.iter().find(|(address, _)| *address == contract).map(|(_, named)| named.clone());
    match pinned.or_else(added) {
        Some(named) => named.of(amount).to_string(),
        None => format!("{amount} units of an unknown token"),
    }
}

impl Report for EvmHistory {
    fn page(&self, page: &mut Page) {
        page.heading(&self.account, &self.network.to_string());
        if self.transactions.is_empty() {
            page.line("Nothing was sent from here on this network.");
        }
        for row in &self.transactions {
            page.line(&format!("{}  {}  {}", date(row.created), row.state, row.action));
            page.line(&format!("  {}  nonce {}", row.id, row.nonce));
        }
        if let Some(claimed) = &self.claimed {
            page.blank();
            claimed.write(page);
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        let warning = |code, text: String| vec![Warning { code, text }];
        match (&self.claimed, &self.trouble) {
            (Some(Claimed { unread: 0, .. }), _) => Vec::new(),
            (Some(Claimed { unread, said_by, .. }), _) => {
                let rows = if *unread == 1 { "one row was".to_owned() } else { format!("{unread} rows were") };
                warning("rows_not_read", format!("{rows} not understood in what {said_by} tells, and left out"))
            }
            (None, Some(trouble)) => {
                let text = format!("the indexer was not heard ({trouble}): what came in is not in this list");
                warning("indexer_silent", text)
            }
            (None, None) => warning(
                "own_history",
                "this lists what was sent from this wallet; what came in is told by an indexer, which config.toml may name"
                    .to_owned(),
            ),
        }
    }
}

impl Claimed {
    fn write(&self, page: &mut Page) {
        page.toned_field("", (Tone::Claimed, &format!("What {} alone tells beside this, not proven:", self.said_by)));
        if self.movements.is_empty() {
            page.line("  nothing");
        }
        for row in &self.movements {
            let sign = if row.direction == "in" { "+" } else { "-" };
            let failed = if row.failed { "  failed" } else { "" };
            page.line(&format!("{}  {sign}{}{failed}", date(row.time), row.amount));
            let (preposition, peer) = (if sign == "+" { "from" } else { "to" }, row.peer.as_deref());
            page.line(&format!("  {preposition} {}", peer.unwrap_or("a new contract")));
            if let Some(token) = row.token.as_ref().filter(|_| row.amount.ends_with("unknown token")) {
                page.line(&format!("  token {token}"));
            }
            page.line(&format!("  {}", row.id));
        }
        if self.hidden > 0 {
            page.line(&format!(
                "  {} transfers of nothing are left out: never copy an address from a history.",
                self.hidden
            ));
        }
    }
}
