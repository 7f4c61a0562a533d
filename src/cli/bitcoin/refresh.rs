//! Asking the explorers about accounts, with a bar while it takes long; what a sync found, for a person and for programs.
//!
//! Nothing is judged here: the flow says what changed.

use super::sync_news::SyncNews;
use crate::cli::{
    context::{Context, NetworkAccess},
    duration::span,
    page::{Page, Tone},
};
use fastness::{
    account::Keychain,
    amount::Amount,
    explain::Failure,
    explorer::bitcoin::SAME_MOMENT,
    flow::bitcoin::{AccountSync, SecondSource, SyncReport, SyncScope},
    ledger::{
        Ledger,
        bitcoin::{AccountRow, Past},
        now,
    },
    network::Network,
};
use serde::Serialize;

/// Seconds after which a chain without a new block is suspicious.
pub(crate) const STALE: u64 = 2 * 3_600;

#[derive(Serialize)]
pub(crate) struct SyncedAccount {
    account: String,
    /// What is in an account that the person did not name: this search found it.
    found: Option<Amount>,
    height: u32,
    said_by: String,
    /// How old the newest block is by its header, where that is suspicious: more than two hours, on a public network.
    stale_seconds: Option<u64>,
    scripts_asked: usize,
    scripts_skipped: usize,
    pub(crate) changed: bool,
    news: SyncNews,
    incomplete: usize,
    /// Confirmations proven now by work on their blocks.
    proven: usize,
    second: SecondOpinion,
}

/// What another organisation said of the same scripts.
#[derive(Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum SecondOpinion {
    /// No other one is in the list.
    Nobody,
    /// It did not answer.
    Silent { problem: String },
    /// It answered.
    Heard { operator: String, height: u32, agreed: usize, differing: usize, pending: usize, unasked: usize },
}

impl From<SecondSource> for SecondOpinion {
    fn from(second: SecondSource) -> Self {
        match second {
            SecondSource::Nobody => Self::Nobody,
            SecondSource::Silent(problem) => Self::Silent { problem },
            SecondSource::Heard { operator, height, agreed, differing, pending, unasked, taken_over: _ } => {
                Self::Heard { operator, height, agreed, differing, pending, unasked }
            }
        }
    }
}

/// Syncs the account named with `--account`, else every account of the wallet on the network.
pub(crate) fn all(context: &mut Context, depth: SyncScope) -> Result<Vec<SyncedAccount>, Failure> {
    let (mut ledger, first) = context.account()?;
    let named = context.globals().account.is_some();
    let mut done = Vec::new();
    for row in ledger.accounts(Some(&first.wallet))? {
        if row.account.network != first.account.network || (named && row.id != first.id) {
            continue;
        }
        let before = SyncNews::seen(&ledger, &row)?;
        let report = sync(context, &mut ledger, &row, depth)?;
        let news = SyncNews::since(&before, &SyncNews::seen(&ledger, &row)?);
        done.push(SyncedAccount { news, ..synced(&row, report) });
    }
    if !named {
        done.extend(find(context, &mut ledger, &first, depth)?);
    }
    Ok(done)
}

/// Searches the accounts that another wallet may have made of a restored wallet's words, once or when all is asked; those
/// that were used are listed from then on (BIP-44's account discovery, for every type of script).
pub(crate) fn find(
    context: &mut Context,
    ledger: &mut Ledger,
    wallets: &AccountRow,
    depth: SyncScope,
) -> Result<Vec<SyncedAccount>, Failure> {
    let mut found = Vec::new();
    for row in ledger.candidates(&wallets.wallet, wallets.account.network)? {
        if row.synced.is_some() && depth == SyncScope::Incremental {
            continue;
        }
        let before = SyncNews::seen(ledger, &row)?;
        let report = sync(context, ledger, &row, depth)?;
        if is_used(ledger, &row)? {
            let row = ledger.list_candidate(row)?;
            let balance = ledger.balance(row.id)?;
            let holds = Amount::sat(balance.confirmed.saturating_add(balance.unconfirmed));
            let news = SyncNews::since(&before, &SyncNews::seen(ledger, &row)?);
            found.push(SyncedAccount { found: Some(holds), news, ..synced(&row, report) });
        }
    }
    Ok(found)
}

pub(crate) fn is_used(ledger: &Ledger, row: &AccountRow) -> Result<bool, Failure> {
    Ok(ledger.next_unused(row.id, Keychain::Receive)? > 0 || ledger.next_unused(row.id, Keychain::Change)? > 0)
}

/// The gap within which nothing was found, if the wallet may have a past and none of its accounts shows one.
pub(crate) fn nothing_used(context: &mut Context) -> Result<Option<u32>, Failure> {
    let (ledger, first) = context.account()?;
    let mut rows = ledger.accounts(Some(&first.wallet))?;
    rows.retain(|row| row.account.network == first.account.network);
    for row in &rows {
        if row.past == Past::None || is_used(&ledger, row)? {
            return Ok(None);
        }
    }
    Ok(Some(context.gap()?))
}

pub(crate) fn synced(row: &AccountRow, report: SyncReport) -> SyncedAccount {
    SyncedAccount {
        account: format!("{}/{}", row.wallet, row.name),
        found: None,
        height: report.height,
        said_by: report.operator,
        stale_seconds: stale(row.account.network, report.newest),
        scripts_asked: report.asked,
        scripts_skipped: report.skipped,
        changed: report.changed,
        news: SyncNews::default(),
        incomplete: report.capped,
        proven: report.proven,
        second: report.second.into(),
    }
}

/// For `balance --sync`: every account of the wallet that is shown.
pub(crate) fn refresh_all(context: &mut Context) -> Result<(), Failure> {
    all(context, SyncScope::Incremental).map(|_| ())
}

/// Syncs an account with a progress bar.
pub(crate) fn sync(
    context: &mut Context,
    ledger: &mut Ledger,
    row: &AccountRow,
    depth: SyncScope,
) -> Result<SyncReport, Failure> {
    let explorer = context.explorer(row.account.network)?;
    let bar = context.ui.progress(&format!("Scanning {}/{}", row.wallet, row.name));
    let report = AccountSync { row, explorer: &explorer, scope: depth, gap: context.gap()? }.run(ledger, &mut |scan| {
        bar.set_length(scan.planned as u64);
        bar.set_position(scan.answered as u64);
        bar.set_message(format!("scripts · {} used", scan.used));
    });
    bar.finish_and_clear();
    report
}

/// Syncs before a command that plans, unless `--offline`; returns the account as it is afterwards.
pub(crate) fn refreshed(context: &mut Context) -> Result<(Ledger, AccountRow), Failure> {
    let (mut ledger, row) = context.account()?;
    if context.reach() == NetworkAccess::Online {
        sync(context, &mut ledger, &row, SyncScope::Incremental)?;
    }
    let row = ledger.account(&row.wallet, row.account.network, Some(&row.name))?;
    Ok((ledger, row))
}

/// `1 address`, `7 addresses`.
pub(crate) fn addresses(count: usize) -> String {
    if count == 1 { "1 address".to_owned() } else { format!("{count} addresses") }
}

/// The age of the newest block, if it is more than two hours: an explorer that is behind, or one that keeps us there
///. Private chains stand still as they please.
pub(crate) fn stale(network: Network, newest: Option<u32>) -> Option<u64> {
    let age = now().saturating_sub(u64::from(newest?));
    (network != Network::Regtest && age > STALE).then_some(age)
}

/// The best block that an operator knows.
#[derive(Clone, Copy)]
pub(crate) struct BestBlock<'a> {
    /// Who says so.
    pub(crate) operator: &'a str,
    /// Its height.
    pub(crate) height: u32,
}

/// Which of two is behind, if one is by more than the blocks of a moment.
pub(crate) fn behind(one: BestBlock<'_>, other: BestBlock<'_>) -> Option<String> {
    let (low, high) = if one.height < other.height { (one, other) } else { (other, one) };
    let blocks = high.height - low.height;
    (blocks > SAME_MOMENT).then(|| {
        format!("{} is {blocks} blocks behind: confirmations are counted to block {}.", low.operator, low.height)
    })
}

pub(crate) fn later(unasked: usize) -> String {
    if unasked == 0 {
        String::new()
    } else {
        format!("; {unasked} were not put to it, which allows only so many questions")
    }
}

impl SyncedAccount {
    /// Lines for a person.
    pub(crate) fn write(&self, page: &mut Page) {
        if let Some(amount) = self.found {
            let line = format!("{}: found, with {amount}: another wallet used this account.", self.account);
            page.toned(Tone::Proven, &line);
        }
        let news =
            self.news.words().unwrap_or(if self.changed { "something is new" } else { "nothing new" }.to_owned());
        page.line(&format!("{}: {news} at height {}, said by {}.", self.account, self.height, self.said_by));
        if let Some(age) = self.stale_seconds {
            let line = format!(
                "The newest block that {} shows is {} old: it may be behind, or kept from the network. Is your clock right?",
                self.said_by,
                span(age)
            );
            page.toned(Tone::Stop, &line);
        }
        let skipped = if self.scripts_skipped == 0 {
            String::new()
        } else {
            format!("; {} settled ones wait for a later sync (--full asks all)", self.scripts_skipped)
        };
        page.line(&format!("Asked about {} addresses{skipped}.", self.scripts_asked));
        self.write_second(page);
        if self.incomplete > 0 {
            page.toned(
                Tone::Claimed,
                &format!("{} addresses have more unconfirmed transactions than the explorer lists.", self.incomplete),
            );
        }
    }

    /// What the other organisation says of the same.
    fn write_second(&self, page: &mut Page) {
        match &self.second {
            SecondOpinion::Nobody => page.line("No second explorer was asked: only one is in the list."),
            SecondOpinion::Silent { problem } => {
                page.toned(Tone::Claimed, &format!("No second explorer confirmed that: {problem}."));
            }
            SecondOpinion::Heard { operator, height, agreed, differing, pending, unasked } => {
                let first = BestBlock { operator: &self.said_by, height: self.height };
                if let Some(line) = behind(first, BestBlock { operator, height: *height }) {
                    page.toned(Tone::Claimed, &line);
                }
                page.line(&format!("{operator} says the same of {}{}.", addresses(*agreed), later(*unasked)));
                if *pending > 0 {
                    let what =
                        format!("{operator} has other blocks or other waiting payments for {}.", addresses(*pending));
                    page.toned(Tone::Claimed, &what);
                }
                if *differing > 0 {
                    let what = format!(
                        "{operator} says something else of {}; `fastness balance` names it.",
                        addresses(*differing)
                    );
                    page.toned(Tone::Stop, &what);
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "refresh_tests.rs"]
mod tests;
