//! `practice`: the guided tour, and a practice chain of one's own to serve, mine, pay from and reorganise.
//!
//! The chain is fastness::practice; this folder only starts it, talks to it and shows it. Regtest only, loopback only.

mod checks;
mod child;
mod control;
mod error;
mod figures;
mod report;
mod serve;
mod steps;
mod tour;
mod wire;

use crate::cli::{CliError, context::Context, report::Answer};
use fastness::network::Network;

pub(crate) use self::error::CATALOGUE;

/// Make a whole payment on a private practice chain, at no risk
///
/// Without a command this is the guided tour: nine steps from a new wallet to a payment whose fee is raised, each with
/// the command that does it. It waits after each step; with --yes, --json or no terminal it runs straight through.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Everything happens on this computer, with coins worth nothing. Nothing of your own wallets is touched."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Run a practice chain of your own, until Ctrl-C; it is kept on disk
    Serve(serve::Args),
    /// Mine blocks on the running practice chain
    Mine(control::MineArgs),
    /// Get coins from the running practice chain
    Faucet(control::FaucetArgs),
    /// Take the last blocks of the running practice chain away; their transactions wait again
    Reorg(control::ReorgArgs),
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if let Some(other) = context.asked_network().filter(|network| *network != Network::Regtest) {
            return Err(CliError::Usage(format!("the practice chain is regtest, and --network names {other}")).into());
        }
        match &self.action {
            None => steps::run(context),
            Some(Action::Serve(args)) => args.run(context),
            Some(Action::Mine(args)) => args.run(context),
            Some(Action::Faucet(args)) => args.run(context),
            Some(Action::Reorg(args)) => args.run(context),
        }
    }
}
