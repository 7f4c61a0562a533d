//! The pages of `status`: one wallet whole, several as a table.

use fastness::{
    ledger::now,
    network::{Network, NetworkClass},
};

use super::{Backup, NetworkStatus, StatusPage, WalletStatus};
use crate::cli::{
    duration::span,
    page::{Page, Tone},
    report::Report,
};

impl Report for StatusPage {
    fn page(&self, page: &mut Page) {
        match self.wallets.as_slice() {
            [] => {
                page.line(&format!("No wallet yet in {}.", self.home));
                self.write_steps(page);
            }
            [one] => one.write(page),
            several => {
                let rows: Vec<Vec<String>> = several.iter().map(WalletStatus::row).collect();
                page.table(&["wallet", "holds", "waiting", "backup", "asked"], &rows);
                self.write_steps(page);
            }
        }
    }
}

impl StatusPage {
    fn write_steps(&self, page: &mut Page) {
        for (place, step) in self.next.iter().enumerate() {
            step.write(if place == 0 { "Next" } else { "or" }, page);
        }
    }
}

impl WalletStatus {
    fn write(&self, page: &mut Page) {
        page.heading(&self.wallet, &self.asked());
        if let Some(problem) = &self.problem {
            page.toned_field("", (Tone::Stop, problem));
        }
        for network in &self.networks {
            match &network.total {
                Some(total) => page.field("Holds", &format!("{}{}", at(network.network), total.sentence())),
                None => page.toned_field(
                    "Holds",
                    (Tone::Claimed, &format!("unknown: nothing was asked yet{}", on(network.network))),
                ),
            }
            if let Some(evidence) = network.evidence {
                page.field("", evidence);
            }
        }
        if let Some(network) = self.example {
            let text = format!("asked when you want to know: `fastness balance -n {network}`, or another network");
            page.field("Ethereum", &text);
        }
        if self.waiting() > 0 {
            page.toned_field(
                "Waiting",
                (Tone::Claimed, &format!("{}: see `fastness history`", transactions(self.waiting()))),
            );
        }
        page.field("Backup", &self.backup_words());
        self.next.write("Next", page);
    }

    fn row(&self) -> Vec<String> {
        let holds = |network: &NetworkStatus| {
            let sum = network.total.map_or_else(|| "unknown".to_owned(), |total| total.total.to_string());
            format!("{sum}{}", on(network.network))
        };
        let holds: Vec<String> = self.networks.iter().map(holds).collect();
        vec![
            self.wallet.clone(),
            if holds.is_empty() { "-".to_owned() } else { holds.join(", ") },
            if self.waiting() == 0 { "-".to_owned() } else { transactions(self.waiting()) },
            self.backup_words(),
            self.asked().trim_start_matches("asked ").to_owned(),
        ]
    }

    fn waiting(&self) -> u64 {
        self.networks.iter().map(|network| network.waiting).fold(0, u64::saturating_add)
    }

    fn asked(&self) -> String {
        let oldest = self.networks.iter().map(|network| network.asked_seconds_ago).collect::<Option<Vec<_>>>();
        let oldest = oldest.and_then(|ages| ages.into_iter().max());
        oldest.map_or_else(|| "never synced".to_owned(), |seconds| format!("asked {} ago", span(seconds)))
    }

    fn backup_words(&self) -> String {
        match self.backup {
            Backup::Verified { at } => format!("verified {} ago", span(now().saturating_sub(at))),
            Backup::NeverVerified => "never verified".to_owned(),
            Backup::Elsewhere => "watch-only".to_owned(),
            Backup::Unreadable => "unknown: the wallet's file cannot be read".to_owned(),
        }
    }
}

/// `on regtest: ` before what it holds; nothing for real coins.
fn at(network: Network) -> String {
    match network.class() {
        NetworkClass::Main => String::new(),
        NetworkClass::Test => format!("on {network}: "),
    }
}

/// Nothing for real coins, which are meant unless another network is named.
fn on(network: Network) -> String {
    match network.class() {
        NetworkClass::Main => String::new(),
        NetworkClass::Test => format!(" on {network}"),
    }
}

fn transactions(count: u64) -> String {
    if count == 1 { "1 transaction".to_owned() } else { format!("{count} transactions") }
}
