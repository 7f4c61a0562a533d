//! What to type next: the most sensible command for a wallet, and the ways to begin where there is none.

use fastness::explorer;
use serde::Serialize;

use super::{Backup, NetworkStatus};
use crate::cli::page::Page;

/// A sync older than this is worth another one.
const STALE: u64 = 24 * 3_600;

/// A command that can be typed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct NextStep {
    command: String,
    why: &'static str,
}

/// Three ways to begin; the offline build has no practice chain.
pub(super) fn beginnings() -> Vec<NextStep> {
    let step = |command: &str, why| NextStep { command: format!("fastness {command}"), why };
    let mut steps = Vec::new();
    if cfg!(feature = "practice") {
        steps.push(step("practice", "make a whole payment on a private practice chain, at no risk"));
    }
    steps.push(step("new", "create a wallet and back it up"));
    steps.push(step("restore", "bring a wallet back from its words"));
    steps
}

/// What decides what to type next for a wallet.
pub(super) struct WalletFacts<'a> {
    /// Names the wallet at the end of a command; empty where it is the only one.
    pub(super) named: &'a str,
    pub(super) networks: &'a [NetworkStatus],
    pub(super) backup: Backup,
}

impl WalletFacts<'_> {
    /// A command, about one network where the wallet is on several.
    fn step(&self, command: &str, about: Option<&NetworkStatus>, why: &'static str) -> NextStep {
        let network = about.filter(|_| self.networks.len() > 1).map(|about| format!(" -n {}", about.network));
        NextStep { command: format!("fastness {command}{}{}", network.unwrap_or_default(), self.named), why }
    }

    /// The most sensible command.
    pub(super) fn next(&self) -> NextStep {
        let first = |is_it: fn(&&NetworkStatus) -> bool| self.networks.iter().find(is_it);
        let rich = first(|network| network.total.is_some_and(|total| total.total.smallest > 0));
        let can_ask = explorer::IS_BUILT_IN;
        if self.backup == Backup::Unreadable {
            return self.step("wallets", None, "see what is wrong with its file");
        }
        let ours = self.networks.iter().find_map(|network| Some((network, network.sent.as_ref()?)));
        if let Some((network, txid)) = ours.filter(|_| can_ask) {
            let why = "see where your payment is; one that no explorer has is sent again";
            return self.step(&format!("track {txid}"), Some(network), why);
        }
        if let Some(waiting) = first(|network| network.waiting > 0).filter(|_| can_ask) {
            return self.step("sync", Some(waiting), "ask whether what waits is in a block");
        }
        if rich.is_some() && self.backup == Backup::NeverVerified {
            return self.step("backup verify", None, "prove that your paper brings this wallet back");
        }
        let is_stale = |network: &&NetworkStatus| network.asked_seconds_ago.is_none_or(|age| age > STALE);
        if let Some(stale) = first(is_stale).filter(|_| can_ask) {
            return self.step("sync", Some(stale), "ask the explorers what happened");
        }
        match (rich, self.backup) {
            (None, Backup::Elsewhere) if self.networks.is_empty() => {
                self.step("account list", None, "see what is watched")
            }
            (None, _) => self.step("receive", self.networks.first(), "an address to be paid at"),
            (Some(rich), Backup::Elsewhere) => {
                let why = "write a draft for the machine that has the keys";
                self.step("plan ADDRESS AMOUNT -o FILE", Some(rich), why)
            }
            (Some(rich), _) if can_ask => self.step("send ADDRESS AMOUNT", Some(rich), "pay somebody"),
            (Some(_), _) => self.step("sign FILE", None, "review and sign a draft"),
        }
    }
}

impl NextStep {
    pub(super) fn write(&self, name: &str, page: &mut Page) {
        page.copyable(name, &self.command);
        page.field("", self.why);
    }
}
