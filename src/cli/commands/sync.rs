//! `sync`: asks the explorers what happened to an account's scripts, with a bar while it takes long.

use crate::cli::{
    bitcoin::refresh::{SyncedAccount, all, nothing_used},
    context::Context,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use fastness::flow::bitcoin::SyncScope;
use serde::Serialize;

/// Ask the explorers what happened
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ask about every address ever derived, not only those that can have changed
    #[arg(long)]
    full: bool,
}

/// Every account that was asked about.
#[derive(Serialize)]
struct SyncedAll {
    changed: bool,
    accounts: Vec<SyncedAccount>,
    /// Unused addresses in a row after which the search ended, where it found nothing at all and these words are older.
    nothing_used_within: Option<u32>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let depth = if self.full { SyncScope::Full } else { SyncScope::Incremental };
        let accounts = all(context, depth)?;
        let nothing_used_within = nothing_used(context)?;
        answer(SyncedAll { changed: accounts.iter().any(|account| account.changed), accounts, nothing_used_within })
    }
}

impl Report for SyncedAll {
    fn page(&self, page: &mut Page) {
        self.accounts.iter().for_each(|account| account.write(page));
        if let Some(gap) = self.nothing_used_within {
            page.toned(
                Tone::Claimed,
                &format!("No address was ever used, with {gap} in a row asked about on each chain."),
            );
            page.line(
                "If these words held coins: other words, another passphrase or network, an account with another number \
                 (`fastness account add --number 1`), or a wider gap (`gap = 200` in config.toml, then `fastness sync --full`).",
            );
        }
    }
}
