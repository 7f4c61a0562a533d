//! `privacy`: what each host was told about this home, from our own log (src/cli/disclosures.rs). Asks no host.
//!
//! The log holds hashes of scripts; only the ledger says whose they are, so nothing is learnt from the log alone.

mod owners;
mod report;

use self::report::{Detail, PrivacyReport};
use crate::cli::{
    CliError,
    context::{Assent, Context},
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::{
    explain::Failure,
    store::{forget_log, read_log},
};
use serde::Serialize;

/// Which host was told which of your addresses, accounts and transactions
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// What each host was told, as this home wrote it down before each request
    Report {
        /// Every address, account and transaction, with the first and the last time
        #[arg(long)]
        all: bool,
    },
    /// Empty that log; what hosts know they keep
    Forget,
}

#[derive(Serialize)]
struct Forgotten {
    hosts: usize,
    entries: usize,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        match self.action.as_ref().unwrap_or(&Action::Report { all: false }) {
            Action::Report { all } => report(context, if *all { Detail::All } else { Detail::Summary }),
            Action::Forget => forget(context),
        }
    }
}

fn report(context: &mut Context, detail: Detail) -> Answer {
    // Chains of config.toml have to be known before their names are read.
    context.config()?;
    let mut reading = read_log(&context.home()?.request_log_path())?;
    if let Some(network) = context.asked() {
        let name = network.name();
        reading.told.retain(|told, _| told.network == name);
    }
    answer(PrivacyReport::of(reading, &context.ledger()?, detail)?)
}

fn forget(context: &mut Context) -> Answer {
    let path = context.home()?.request_log_path();
    let told = read_log(&path)?.told;
    let mut hosts: Vec<_> = told.keys().map(|told| &told.host).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let forgotten = Forgotten { hosts: hosts.len(), entries: told.len() };
    agree(context, &forgotten)?;
    forget_log(&path)?;
    answer(forgotten)
}

fn agree(context: &Context, forgotten: &Forgotten) -> Result<(), Failure> {
    if context.consent() == Assent::Given {
        return Ok(());
    }
    let Forgotten { hosts, entries } = forgotten;
    context.ui.say(&format!("The log has {entries} entries about what was told to hosts, {hosts} of them."));
    match context.ui.ask("Type yes to empty it: ", "--yes")?.trim() {
        "yes" => Ok(()),
        _ => Err(CliError::Declined.into()),
    }
}

impl Report for Forgotten {
    fn page(&self, page: &mut Page) {
        page.line("The log is empty. The hosts themselves keep what they were told.");
    }
}
