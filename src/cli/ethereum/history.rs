//! `history` on an EVM chain: what this wallet sent, from its own outbox, and what an indexer tells beside it.
//!
//! The two are never mixed: a row of the indexer is shown as its claim. A token is named by our own lists only, and
//! transfers of nothing, with which strangers write themselves into histories, are counted and left out.

use super::evidence::operator;
use crate::cli::{
    book_rows::csv,
    context::{Context, NetworkAccess},
    ethereum::signer::{self, ReviewScope},
    history_filter::{HistoryArgs, HistoryFilter, LineFacts},
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use alloy_primitives::{Address, B256};
use fastness::{
    address::{evm_text, parse_evm},
    amount::{Denomination, Units},
    chain::ethereum::{Ownership, decode},
    contact::ContactName,
    explain::Failure,
    explorer::{
        EvmIndexer,
        ethereum::{EvmMovement, EvmMovements, Moved, Succeeded},
    },
    flow,
    ledger::{
        LabelKind, Ledger,
        ethereum::{EvmWho, OutboxRow, OutboxState},
    },
    network::{AnyNetwork, EvmChain},
    review::{Evidence, EvmReview, Warning},
    text::{SafeText, date},
    token::Token,
};
use serde::Serialize;

/// Rows that are asked for when the person gave no number.
const USUAL: usize = 1000;

/// What was sent from here, and what an indexer tells.
#[derive(Serialize)]
pub(super) struct EvmHistory {
    pub(super) account: String,
    pub(super) network: &'static EvmChain,
    pub(super) transactions: Vec<Own>,
    /// Nothing where no indexer is named, or it did not answer.
    pub(super) claimed: Option<Claimed>,
    #[serde(skip)]
    pub(super) trouble: Option<String>,
    /// Why nodes could not be asked where what waits is.
    #[serde(skip)]
    pub(super) unsettled: Option<String>,
}

/// A transaction of this wallet.
#[derive(Serialize)]
pub(super) struct Own {
    pub(super) id: B256,
    pub(super) nonce: u64,
    pub(super) state: &'static str,
    pub(super) action: SafeText,
    /// The person's note on it.
    pub(super) label: Option<SafeText>,
    pub(super) created: u64,
    pub(super) detail: String,
    /// What leaves beside the fee, where that is one amount; nothing of a call that moves none or several.
    pub(super) moved: Option<Units>,
    /// The contract of what leaves; nothing for the chain's own coin.
    pub(super) token: Option<String>,
    /// Those who gain.
    pub(super) counterparties: Vec<Other>,
    /// Paid for gas, in the chain's own coin, once it is in a block.
    pub(super) fee: Option<Units>,
    /// Number of its block.
    pub(super) block: Option<u64>,
    /// When that block was made; seconds since 1970.
    pub(super) time: Option<u64>,
    /// It is in a block, and did nothing but pay its fee.
    pub(super) failed: bool,
    /// The transaction of this wallet that has its nonce now.
    pub(super) replaced_by: Option<B256>,
}

/// One on the other side.
#[derive(Serialize)]
pub(super) struct Other {
    pub(super) address: String,
    pub(super) contact: Option<ContactName>,
    pub(super) label: Option<SafeText>,
}

impl Other {
    fn of(ledger: &Ledger, chain: &EvmChain, address: Address) -> Result<Self, Failure> {
        let text = evm_text(address, chain);
        let contact = ledger.contact_at(chain.name, &text)?.map(|contact| contact.name);
        Ok(Self { contact, label: ledger.evm_label(address)?, address: text })
    }

    /// Whether it has another name than its address.
    pub(super) const fn is_named(&self) -> bool {
        self.contact.is_some() || self.label.is_some()
    }

    /// The contact, the label, else the whole address.
    pub(super) fn name(&self) -> String {
        let contact = self.contact.as_ref().map(|name| format!("@{name}"));
        let label = || self.label.as_ref().map(|label| format!("{} {}", label.quoted(), self.address));
        contact.or_else(label).unwrap_or_else(|| self.address.clone())
    }
}

/// What an indexer tells that the outbox does not know.
#[derive(Serialize)]
pub(super) struct Claimed {
    pub(super) said_by: String,
    /// One indexer's word; nothing here is compared with another source.
    pub(super) evidence: Evidence,
    pub(super) movements: Vec<Movement>,
    /// Transfers of nothing that were left out.
    pub(super) hidden: usize,
    /// Rows that could not be read and are left out.
    pub(super) unread: usize,
}

#[derive(Serialize)]
pub(super) struct Movement {
    pub(super) id: B256,
    pub(super) block: u64,
    pub(super) time: u64,
    pub(super) direction: &'static str,
    pub(super) peer: Option<String>,
    pub(super) amount: String,
    /// In the smallest unit.
    pub(super) value: String,
    pub(super) token: Option<String>,
    pub(super) failed: bool,
    /// The amount in a unit; nothing of a token that is on no list here.
    #[serde(skip)]
    pub(super) moved: Option<Units>,
    /// The peer with its names here.
    #[serde(skip)]
    pub(super) other: Option<Other>,
}

/// The whole command. An indexer that is named wrongly is an error; one that is silent is a warning.
pub(crate) fn history(context: &mut Context, chain: &'static EvmChain, asked: &HistoryArgs) -> Answer {
    let (mut ledger, row) = context.evm_account(chain)?;
    let filter =
        asked.filter(&context.contacts(AnyNetwork::Evm(chain))?, |to| Ok(evm_text(parse_evm(to, chain)?.0, chain)))?;
    let who = EvmWho { chain_id: chain.id, from: row.account.address };
    let unsettled = settle(context, &mut ledger, chain, who);
    let ours = signer::ownership(context, &ledger, ReviewScope { wallet: &row.wallet, chain, signatures: &[] })?;
    let mut rows = ledger.evm_outbox(&who)?;
    rows.reverse();
    let mut transactions: Vec<Own> = Vec::new();
    for row in &rows {
        transactions.extend(own(&ledger, row, &ours, chain)?);
    }
    let own = transactions;
    let known = KnownAccounts { who, own: &own, ours: &ours, ledger: &ledger };
    let told = context.indexer(chain)?.map(|indexer| claims(&indexer, chain, &filter, &known));
    let (claimed, trouble) = match told {
        None => (None, None),
        Some(Ok(claimed)) => (Some(claimed), None),
        Some(Err(error)) => (None, Some(error.message())),
    };
    let transactions: Vec<Own> =
        own.into_iter().filter(|line| filter.wants(&line.facts())).take(filter.limit).collect();
    let account = format!("{}/{}", row.wallet, row.name);
    let report = EvmHistory { account, network: chain, transactions, claimed, trouble, unsettled };
    if asked.csv {
        report.warnings().iter().for_each(|warning| context.ui.warn(warning));
        return context.ui.for_programs(&csv(report.book_rows())?);
    }
    answer(report)
}

/// Asks nodes where what waits is, so that the list is of now; why that could not be asked, if it could not.
pub(super) fn settle(
    context: &mut Context,
    ledger: &mut Ledger,
    chain: &'static EvmChain,
    who: EvmWho,
) -> Option<String> {
    let waits = |row: &OutboxRow| row.state.is_waiting() && row.state != OutboxState::Signed;
    if context.reach() == NetworkAccess::Offline || !ledger.evm_outbox(&who).is_ok_and(|rows| rows.iter().any(waits)) {
        return None;
    }
    let settled = context.node(chain).and_then(|node| flow::ethereum::refresh(ledger, &node, chain, who.from));
    settled.err().map(|failure| failure.message())
}

pub(super) fn own(
    ledger: &Ledger,
    row: &OutboxRow,
    ours: &Ownership,
    chain: &'static EvmChain,
) -> Result<Option<Own>, Failure> {
    let Some((hash, raw)) = row.signed.as_ref() else { return Ok(None) };
    let Ok((_, plan)) = decode::signed(raw) else { return Ok(None) };
    let review = decode::review(&plan, ours).ok();
    let replaced_by = ledger.replacement_of(row)?.and_then(|by| by.signed).map(|(hash, _)| hash);
    let state = if replaced_by.is_some() { OutboxState::Replaced.name() } else { row.state.name() };
    let gains = review.iter().flat_map(|review| review.beneficiaries.clone());
    let receipt = row.receipt.filter(|_| row.state == OutboxState::Mined);
    let native = Denomination::new(chain.symbol, chain.decimals);
    Ok(Some(Own {
        id: *hash,
        nonce: row.nonce,
        state,
        action: review.as_ref().map_or_else(|| SafeText::new("a delegation"), |review| review.action.clone()),
        label: ledger.label(LabelKind::Tx, &hash.to_string())?,
        created: row.created,
        detail: row.detail.clone(),
        moved: review.as_ref().and_then(|review| review.moved.clone()),
        token: review.as_ref().and_then(|review| token_of(review, chain)),
        counterparties: gains.map(|gains| Other::of(ledger, chain, gains)).collect::<Result<_, _>>()?,
        fee: receipt.map(|receipt| native.of(receipt.fee)),
        block: receipt.map(|receipt| receipt.block),
        time: receipt.map(|receipt| receipt.time),
        failed: receipt.is_some_and(|receipt| receipt.failed),
        replaced_by,
    }))
}

/// The contract of the one token that leaves.
fn token_of(review: &EvmReview, chain: &EvmChain) -> Option<String> {
    match review.leaving.as_slice() {
        [one] if review.value.value.is_zero() => Some(evm_text(one.token, chain)),
        _ => None,
    }
}

impl Own {
    fn facts(&self) -> LineFacts<'_> {
        let others = self.counterparties.iter().map(|other| other.address.as_str()).collect();
        LineFacts { time: self.time.unwrap_or(self.created), block: self.block, others }
    }
}

/// What we know ourselves, to read claims by.
struct KnownAccounts<'a> {
    who: EvmWho,
    own: &'a [Own],
    ours: &'a Ownership,
    ledger: &'a Ledger,
}

fn claims(
    indexer: &EvmIndexer,
    chain: &'static EvmChain,
    filter: &HistoryFilter,
    known: &KnownAccounts<'_>,
) -> Result<Claimed, Failure> {
    let claim = indexer.movements(known.who.from, filter.rows(USUAL))?;
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
    let something: Vec<&EvmMovement> = told.iter().filter(|movement| !is_nothing(movement)).collect();
    let hidden = told.len() - something.len();
    let mut movements = Vec::new();
    for told in something {
        let line = movement(told, chain, known)?;
        if filter.wants(&line.facts()) {
            movements.push(line);
        }
    }
    Ok(Claimed { said_by, evidence: Evidence::Said, hidden, unread, movements })
}

fn movement(told: &EvmMovement, chain: &'static EvmChain, known: &KnownAccounts<'_>) -> Result<Movement, Failure> {
    let out = told.from == known.who.from;
    let peer = if out { told.to } else { Some(told.from) };
    let (value, token) = match told.what {
        Moved::Native(value) | Moved::Internal(value) => (value, None),
        Moved::Token { contract, amount } => (amount, Some(contract)),
    };
    let moved = match token {
        None => Some(Denomination::new(chain.symbol, chain.decimals).of(value)),
        Some(contract) => denomination(contract, chain, known.ours).map(|named| named.of(value)),
    };
    let other = peer.map(|peer| Other::of(known.ledger, chain, peer)).transpose()?;
    Ok(Movement {
        id: told.hash,
        block: told.block,
        time: told.time,
        direction: if out { "out" } else { "in" },
        peer: peer.map(|peer| evm_text(peer, chain)),
        amount: moved.as_ref().map_or_else(|| format!("{value} units of an unknown token"), Units::to_string),
        moved,
        value: value.to_string(),
        token: token.map(|token| evm_text(token, chain)),
        failed: told.succeeded == Succeeded::No,
        other,
    })
}

impl Movement {
    fn facts(&self) -> LineFacts<'_> {
        LineFacts { time: self.time, block: Some(self.block), others: self.peer.iter().map(String::as_str).collect() }
    }
}

/// How a token is counted, by our own lists: the name that a contract gives itself proves nothing.
fn denomination(contract: Address, chain: &'static EvmChain, ours: &Ownership) -> Option<Denomination> {
    let pinned = Token::at(chain.id, contract).map(Token::denomination);
    let added = || ours.added_tokens.iter().find(|(address, _)| *address == contract).map(|(_, named)| named.clone());
    pinned.or_else(added)
}

impl Own {
    fn write(&self, page: &mut Page) {
        let state = if self.failed { "FAILED" } else { self.state };
        page.line(&format!("{}  {state}  {}", date(self.time.unwrap_or(self.created)), self.action));
        let names: Vec<String> = self.counterparties.iter().filter(|other| other.is_named()).map(Other::name).collect();
        if !names.is_empty() {
            page.line(&format!("  {}", names.join(", ")));
        }
        if let Some(label) = &self.label {
            page.line(&format!("  note: {label}"));
        }
        let fee = self.fee.as_ref().map_or_else(String::new, |fee| format!("  fee {fee}"));
        let block = self.block.map_or_else(String::new, |block| format!("  block {block}"));
        page.id_line(&self.id.to_string(), &format!("  nonce {}{block}{fee}", self.nonce));
    }
}

impl Report for EvmHistory {
    fn page(&self, page: &mut Page) {
        page.heading(&self.account, &self.network.to_string());
        if self.transactions.is_empty() {
            page.line("Nothing was sent from here on this network.");
        }
        self.transactions.iter().for_each(|row| row.write(page));
        if let Some(claimed) = &self.claimed {
            page.blank();
            claimed.write(page);
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        self.unsettled.iter().map(|why| not_settled(why)).chain(self.of_the_indexer()).collect()
    }
}

/// That what waits is shown as it was, and why.
pub(super) fn not_settled(why: &str) -> Warning {
    let text = format!("what waits is shown as it was last known, for nodes were not heard ({why})");
    Warning { code: "not_settled", text }
}

impl EvmHistory {
    fn of_the_indexer(&self) -> Vec<Warning> {
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
            let preposition = if sign == "+" { "from" } else { "to" };
            let peer = row.other.as_ref().map_or_else(|| "a new contract".to_owned(), Other::name);
            page.line(&format!("  {preposition} {peer}"));
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
