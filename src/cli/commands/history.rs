//! `history`: every transaction of an account with its net amount, who is on the other side, fee, depth and label. On
//! Bitcoin it reads the ledger only.

use crate::cli::{
    bitcoin::{
        depth::{self, BlockDepth},
        net_amount::NetAmount,
    },
    book_rows::{BookRow, csv},
    context::Context,
    history_filter::{HistoryArgs, HistoryFilter, LineFacts},
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::{
    address,
    amount::Amount,
    explain::Failure,
    flow::{
        self,
        bitcoin::{AddressNames, Counterparty},
    },
    ledger::{
        LabelKind, Ledger, LedgerError, Limit,
        bitcoin::{AccountRow, HistoryRow, Synced},
    },
    network::AnyNetwork,
    review::Evidence,
    text::date,
};
use serde::Serialize;

/// Columns of a line with date, amount and depth.
const ROOM: usize = 72;
/// Names on the other side that a page lists.
const NAMED: usize = 3;

/// What happened: net amount, who, fee, time and label of every transaction
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    lines: HistoryArgs,
}

#[derive(Serialize)]
struct TransactionLine {
    txid: String,
    time: u64,
    height: Option<u32>,
    confirmations: u32,
    /// `proven` by us, `agreed` by two organisations, or `said` by the explorer.
    evidence: Evidence,
    /// `in`, `out`, or `self` where nobody else is paid.
    direction: &'static str,
    received: Amount,
    sent: Amount,
    fee: Option<Amount>,
    /// Who is paid, or who pays, as far as the transaction shows it.
    counterparties: Vec<Counterparty>,
    label: Option<String>,
    /// Transactions of this wallet that it took the place of.
    replaces: Vec<String>,
}

#[derive(Serialize)]
struct HistoryList {
    account: String,
    tip_height: Option<u32>,
    transactions: Vec<TransactionLine>,
    #[serde(skip)]
    filtered: bool,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if let Some(chain) = context.asked_chain()? {
            return crate::cli::ethereum::history::history(context, chain, &self.lines);
        }
        let (ledger, row) = context.account()?;
        let network = row.account.network;
        let filter = self.lines.filter(&context.contacts(AnyNetwork::Bitcoin(network))?, |to| {
            Ok(address::of(&address::parse(to, network)?, network).unwrap_or_else(|| to.to_owned()))
        })?;
        let names = AddressNames::of(&ledger, network)?;
        let transactions = lines(&Source { ledger: &ledger, row: &row, names: &names }, &filter)?;
        let account = format!("{}/{}", row.wallet, row.name);
        if self.lines.csv {
            let rows = transactions.iter().map(|line| line.book_row(&account, network.name())).collect();
            return context.ui.for_programs(&csv(rows)?);
        }
        let tip_height = row.synced.as_ref().map(Synced::counted_height);
        answer(HistoryList { account, tip_height, transactions, filtered: !filter.is_open() })
    }
}

/// Where lines come from.
struct Source<'a> {
    ledger: &'a Ledger,
    row: &'a AccountRow,
    names: &'a AddressNames<'a>,
}

fn lines(source: &Source<'_>, filter: &HistoryFilter) -> Result<Vec<TransactionLine>, Failure> {
    let limit = if filter.is_open() { Limit::First(filter.limit) } else { Limit::None };
    let mut lines = Vec::new();
    for entry in source.ledger.history(source.row.id, limit)? {
        let line = source.line(entry)?;
        if filter.wants(&line.facts()) {
            lines.push(line);
        }
        if lines.len() >= filter.limit {
            break;
        }
    }
    Ok(lines)
}

impl Source<'_> {
    fn line(&self, entry: HistoryRow) -> Result<TransactionLine, Failure> {
        let Source { ledger, row, names } = self;
        let txid = entry.txid.parse().map_err(|_| LedgerError::Damaged("transaction"))?;
        let (transaction, _) = ledger.transaction(row, txid)?.ok_or(LedgerError::Damaged("transaction"))?;
        let counterparties = names.others(row, &transaction, entry.sent)?;
        let direction = match entry.sent {
            0 => "in",
            _ if counterparties.is_empty() => "self",
            _ => "out",
        };
        Ok(TransactionLine {
            time: entry.time,
            height: entry.height,
            confirmations: depth::confirmations(&entry, row),
            evidence: entry.evidence,
            direction,
            received: Amount::sat(entry.received),
            sent: Amount::sat(entry.sent),
            fee: entry.fee.map(Amount::sat),
            counterparties,
            label: ledger.label(LabelKind::Tx, &entry.txid)?.map(|text| text.to_string()),
            // Only what spends from this account can take the place of what was signed here.
            replaces: if entry.sent > 0 { flow::bitcoin::replaced_by(ledger, row, txid)? } else { Vec::new() },
            txid: entry.txid,
        })
    }
}

impl TransactionLine {
    fn facts(&self) -> LineFacts<'_> {
        let others = self.counterparties.iter().filter_map(|other| other.address.as_deref()).collect();
        LineFacts { time: self.time, block: self.height.map(u64::from), others }
    }

    fn net(&self) -> NetAmount {
        NetAmount::of(self.received, self.sent)
    }

    fn depth(&self) -> BlockDepth {
        BlockDepth { height: self.height, confirmations: self.confirmations, evidence: self.evidence }
    }

    /// The other side in a few words.
    fn others(&self) -> Option<String> {
        let mut names: Vec<String> = self.counterparties.iter().take(NAMED).map(Counterparty::name).collect();
        match self.counterparties.len().saturating_sub(NAMED) {
            0 => {}
            more => names.push(format!("and {more} more")),
        }
        let preposition = if self.direction == "in" { "from" } else { "to" };
        (!names.is_empty()).then(|| format!("{preposition} {}", names.join(", ")))
    }

    fn book_row(&self, account: &str, network: &'static str) -> BookRow {
        let name = |other: &Counterparty| match &other.contact {
            Some(contact) => contact.to_string(),
            None => other.name(),
        };
        let addresses = self.counterparties.iter().filter_map(|other| other.address.clone());
        BookRow {
            time: BookRow::moment(self.time),
            network,
            account: account.to_owned(),
            direction: self.direction,
            amount: self.net().plain(),
            asset: self.received.asset.symbol().to_owned(),
            fee: self.fee.filter(|_| self.sent.smallest > 0).map_or_else(String::new, Amount::plain),
            fee_asset: self.received.asset.symbol(),
            counterparty: self.counterparties.iter().map(name).collect::<Vec<_>>().join("; "),
            addresses: addresses.collect::<Vec<_>>().join("; "),
            label: self.label.clone().unwrap_or_default(),
            block: self.height.map_or_else(String::new, |height| height.to_string()),
            state: self.depth().to_string(),
            id: self.txid.clone(),
        }
    }

    fn write(&self, page: &mut Page) {
        let label = self.label.as_ref().map_or_else(String::new, |label| format!("  {label}"));
        let (depth, net) = (self.depth(), self.net());
        if page.has_room_for(ROOM) {
            page.line(&format!("{}  {net:>24}  {depth}{label}", date(self.time)));
        } else {
            page.line(&format!("{}  {depth}{label}", date(self.time)));
            page.line(&format!("  {net}"));
        }
        if let Some(others) = self.others() {
            page.line(&format!("  {others}"));
        }
        let fee = self.fee.and_then(Amount::to_sat);
        let fee = fee.map_or_else(String::new, |fee| format!("  fee {}", fastness::amount::sat_text(fee)));
        page.id_line(&self.txid, &fee);
        for other in &self.replaces {
            page.line(&format!("  in the place of {other}"));
        }
    }
}

impl Report for HistoryList {
    fn page(&self, page: &mut Page) {
        if self.tip_height.is_none() && self.transactions.is_empty() {
            return page.line("Unknown: no sync has succeeded yet; run `fastness sync`.");
        }
        if self.transactions.is_empty() {
            let what = if self.filtered { "Nothing of that kind" } else { "Nothing" };
            return page.line(&format!("{what} has happened in {} so far.", self.account));
        }
        self.transactions.iter().for_each(|row| row.write(page));
    }
}
