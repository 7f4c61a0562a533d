//! `history`: every transaction of an account with its net amount, fee, depth and label. Reads the ledger only.

use crate::cli::{
    context::Context,
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::{
    amount::Amount,
    explain::Failure,
    flow,
    ledger::{
        LabelKind, Ledger, LedgerError, Limit,
        bitcoin::{AccountRow, HistoryRow, Synced},
    },
    review::Evidence,
    text::date,
};
use serde::Serialize;

/// Confirmations of what is proven: its own block and those that prove it.
const PROVEN_DEPTH: u32 = 7;
/// Columns of a line with date, amount and depth.
const ROOM: usize = 72;

/// What happened: net amount, fee, time and label of every transaction
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show only the newest
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

#[derive(Serialize)]
struct TransactionLine {
    txid: String,
    time: u64,
    height: Option<u32>,
    confirmations: u32,
    /// `proven` by us, `agreed` by two organisations, or `said` by the explorer.
    evidence: Evidence,
    received: Amount,
    sent: Amount,
    fee: Option<Amount>,
    label: Option<String>,
    /// Transactions of this wallet that it took the place of.
    replaces: Vec<String>,
}

#[derive(Serialize)]
struct HistoryList {
    account: String,
    tip_height: Option<u32>,
    transactions: Vec<TransactionLine>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if let Some(chain) = context.asked_chain()? {
            return crate::cli::ethereum::history::history(context, chain, self.limit);
        }
        let (ledger, row) = context.account()?;
        let tip_height = row.synced.as_ref().map(Synced::counted_height);
        let limit = self.limit.map_or(Limit::None, Limit::First);
        let lines = ledger.history(row.id, limit)?.into_iter().map(|entry| line(&ledger, &row, entry, tip_height));
        let transactions = lines.collect::<Result<_, _>>()?;
        answer(HistoryList { account: format!("{}/{}", row.wallet, row.name), tip_height, transactions })
    }
}

fn line(ledger: &Ledger, row: &AccountRow, entry: HistoryRow, tip: Option<u32>) -> Result<TransactionLine, Failure> {
    let counted = |(height, tip): (u32, u32)| tip.saturating_sub(height).saturating_add(1);
    // What is proven has the blocks on it that prove it, whatever is said of the tip.
    let proven = if entry.evidence == Evidence::Proven { PROVEN_DEPTH } else { 0 };
    let txid = entry.txid.parse().map_err(|_| LedgerError::Damaged("transaction"))?;
    Ok(TransactionLine {
        time: entry.time,
        height: entry.height,
        confirmations: entry.height.zip(tip).map_or(0, counted).max(proven),
        evidence: entry.evidence,
        received: Amount::sat(entry.received),
        sent: Amount::sat(entry.sent),
        fee: entry.fee.map(Amount::sat),
        label: ledger.label(LabelKind::Tx, &entry.txid)?.map(|text| text.to_string()),
        // Only what spends from this account can take the place of what was signed here.
        replaces: if entry.sent > 0 { flow::bitcoin::replaced_by(ledger, row, txid)? } else { Vec::new() },
        txid: entry.txid,
    })
}

impl TransactionLine {
    /// What the account gained or lost, with its sign.
    fn net(&self) -> String {
        let (received, sent) = (self.received.smallest, self.sent.smallest);
        let (sign, smallest) = if received >= sent { ("+", received - sent) } else { ("-", sent - received) };
        format!("{sign}{}", Amount { smallest, ..self.received })
    }
}

impl Report for HistoryList {
    fn page(&self, page: &mut Page) {
        if self.tip_height.is_none() {
            return page.line("Unknown: no sync has succeeded yet; run `fastness sync`.");
        }
        if self.transactions.is_empty() {
            return page.line(&format!("Nothing has happened in {} so far.", self.account));
        }
        for row in &self.transactions {
            let depth = match (row.height, row.evidence) {
                (None, _) => "unconfirmed".to_owned(),
                (Some(_), Evidence::Proven) => format!("{} conf, proven", row.confirmations),
                (Some(_), Evidence::Agreed) => format!("{} conf, agreed", row.confirmations),
                (Some(_), Evidence::Said) => format!("{} conf", row.confirmations),
            };
            let label = row.label.as_ref().map_or_else(String::new, |label| format!("  {label}"));
            if page.has_room_for(ROOM) {
                page.line(&format!("{}  {:>24}  {depth}{label}", date(row.time), row.net()));
            } else {
                page.line(&format!("{}  {depth}{label}", date(row.time)));
                page.line(&format!("  {}", row.net()));
            }
            let fee = row
                .fee
                .and_then(Amount::to_sat)
                .map_or_else(String::new, |fee| format!("  fee {}", fastness::amount::sat_text(fee)));
            page.line(&format!("  {}{fee}", row.txid));
            for other in &row.replaces {
                page.line(&format!("  in the place of {other}"));
            }
        }
    }
}
