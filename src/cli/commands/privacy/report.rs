//! The report itself: disclosures by host, with names in place of hashes, as data and as a page.
//!
//! Every line of the log is in it exactly once (once for each account that holds a script). It decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::owners::{Scripts, evm_account};
use crate::cli::{
    page::{Page, Tone},
    report::Report,
};
use fastness::{
    explain::Failure,
    ledger::{Ledger, ethereum::EvmAccountRow},
    store::{LogReading, LoggedRequest},
    text::date,
};
use serde::Serialize;

/// How much is shown to a person. JSON is always complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    Summary,
    All,
}

/// First and last time, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Times {
    first: u64,
    last: u64,
}

impl Times {
    fn and(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }
}

/// An address of one of the accounts.
#[derive(Serialize)]
struct AddressSeen {
    address: String,
    path: String,
    /// What the host was really given.
    script_hash: String,
    #[serde(flatten)]
    times: Times,
}

/// What one host saw of one account.
#[derive(Serialize)]
struct AccountSeen {
    account: String,
    seen: usize,
    /// Addresses that the account has derived so far.
    of: usize,
    first: u64,
    addresses: Vec<AddressSeen>,
}

/// An account of an EVM chain.
#[derive(Serialize)]
struct EvmSeen {
    address: String,
    /// Accounts here that have it; empty for a payee or a contract.
    accounts: Vec<String>,
    #[serde(flatten)]
    times: Times,
}

/// A transaction, or a script that no account here has.
#[derive(Serialize)]
struct IdSeen {
    id: String,
    #[serde(flatten)]
    times: Times,
}

/// What one host was told about one network.
#[derive(Serialize)]
struct HostSeen {
    network: String,
    host: String,
    /// `direct`: it saw this machine's network address too; `proxy`, `here`.
    routes: BTreeSet<String>,
    #[serde(flatten)]
    times: Times,
    accounts: Vec<AccountSeen>,
    /// Scripts that no account here derives: of an account that was removed, or swept.
    unknown_scripts: Vec<IdSeen>,
    evm_accounts: Vec<EvmSeen>,
    transactions: Vec<IdSeen>,
    sent: Vec<IdSeen>,
}

/// Everything that was told.
#[derive(Serialize)]
pub(super) struct PrivacyReport {
    /// Whether the log is whole.
    complete: bool,
    /// What is wrong with it.
    gaps: Vec<String>,
    hosts: Vec<HostSeen>,
    #[serde(skip)]
    detail: Detail,
}

/// A host as the log names it, with the network that it was asked about.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct HostOnNetwork {
    network: String,
    host: String,
}

/// Kind and id to times, and routes, of one host.
#[derive(Default)]
struct GatheredHosts {
    routes: BTreeSet<String>,
    items: BTreeMap<(String, String), Times>,
}

impl PrivacyReport {
    /// The report of a log.
    pub(super) fn of(reading: LogReading, ledger: &Ledger, detail: Detail) -> Result<Self, Failure> {
        let gaps = gaps(&reading);
        let mut hosts: BTreeMap<HostOnNetwork, GatheredHosts> = BTreeMap::new();
        for (LoggedRequest { network, host, kind, id, route }, (first, last)) in reading.told {
            let host = hosts.entry(HostOnNetwork { network, host }).or_default();
            host.routes.insert(route);
            let times = Times { first, last };
            host.items.entry((kind, id)).and_modify(|seen| *seen = seen.and(times)).or_insert(times);
        }
        let mut asked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (HostOnNetwork { network, .. }, gathered) in &hosts {
            let ids = gathered.items.keys().filter(|(kind, _)| kind == "script").map(|(_, id)| id.as_str());
            asked.entry(network).or_default().extend(ids);
        }
        let mut scripts = BTreeMap::new();
        for (network, ids) in asked {
            scripts.insert(network.to_owned(), Scripts::of(ledger, network, &ids)?);
        }
        let evm = ledger.evm_accounts(None)?;
        let none = Scripts::default();
        let host = |(named, gathered): (&HostOnNetwork, &GatheredHosts)| {
            host_seen(named, gathered, scripts.get(&named.network).unwrap_or(&none), &evm)
        };
        Ok(Self { complete: gaps.is_empty(), gaps, hosts: hosts.iter().map(host).collect(), detail })
    }
}

fn host_seen(named: &HostOnNetwork, gathered: &GatheredHosts, scripts: &Scripts, evm: &[EvmAccountRow]) -> HostSeen {
    let HostOnNetwork { network, host } = named;
    let all = gathered.items.values().copied().reduce(Times::and).unwrap_or(Times { first: 0, last: 0 });
    let mut seen = HostSeen {
        network: network.clone(),
        host: host.clone(),
        routes: gathered.routes.clone(),
        times: all,
        accounts: account_views(gathered, scripts),
        unknown_scripts: Vec::new(),
        evm_accounts: Vec::new(),
        transactions: Vec::new(),
        sent: Vec::new(),
    };
    for ((kind, id), &times) in &gathered.items {
        let plain = || IdSeen { id: id.clone(), times };
        match kind.as_str() {
            "script" if scripts.places(id).is_empty() => seen.unknown_scripts.push(plain()),
            "script" => {}
            "transaction" => seen.transactions.push(plain()),
            "sent" => seen.sent.push(plain()),
            _ => {
                let (address, accounts) = evm_account(evm, network, id);
                seen.evm_accounts.push(EvmSeen { address, accounts, times });
            }
        }
    }
    seen
}

/// The addresses a host was asked about, by account, in the order of their paths.
fn account_views(gathered: &GatheredHosts, scripts: &Scripts) -> Vec<AccountSeen> {
    let mut accounts: BTreeMap<&str, BTreeMap<(u32, u32), AddressSeen>> = BTreeMap::new();
    for ((kind, id), &times) in &gathered.items {
        for place in scripts.places(id).iter().filter(|_| kind == "script") {
            let address = AddressSeen {
                address: place.address.clone(),
                path: place.path.clone(),
                script_hash: id.clone(),
                times,
            };
            accounts.entry(&place.account).or_default().insert(place.order, address);
        }
    }
    let view = |(account, addresses): (&str, BTreeMap<(u32, u32), AddressSeen>)| AccountSeen {
        account: account.to_owned(),
        seen: addresses.len(),
        of: scripts.total(account),
        first: addresses.values().map(|seen| seen.times.first).min().unwrap_or_default(),
        addresses: addresses.into_values().collect(),
    };
    accounts.into_iter().map(view).collect()
}

fn gaps(reading: &LogReading) -> Vec<String> {
    let mut gaps = Vec::new();
    if let Some(lost) = reading.lost {
        let (first, last) = (date(lost.first), date(lost.last));
        let entries = if lost.count == 1 { "1 entry".to_owned() } else { format!("{} entries", lost.count) };
        gaps.push(format!("{entries} could not be written, between {first} and {last}"));
    }
    if reading.unreadable > 0 {
        gaps.push(format!("{} of the log cannot be read", counted(reading.unreadable, "line")));
    }
    if reading.too_long {
        gaps.push("the log is longer than is read; its newest part is missing here".to_owned());
    }
    gaps
}

impl Report for PrivacyReport {
    fn page(&self, page: &mut Page) {
        if self.hosts.is_empty() {
            page.line("No host was told anything yet about what is in this home.");
        }
        for host in &self.hosts {
            host.page(page, self.detail);
            page.blank();
        }
        for gap in &self.gaps {
            page.toned(Tone::Stop, &format!("This is not complete: {gap}."));
        }
        if self.detail == Detail::Summary && !self.hosts.is_empty() {
            page.line("Each one: `privacy report --all`. Empty this log: `privacy forget`.");
        }
    }
}

impl HostSeen {
    fn page(&self, page: &mut Page, detail: Detail) {
        page.heading(&self.host, &self.network);
        for account in &self.accounts {
            let AccountSeen { account: name, seen, of, first, .. } = account;
            page.field("Saw", &format!("{seen} of {of} addresses of {name}, since {}", date(*first)));
            if detail == Detail::All {
                account.list(page);
            }
        }
        if !self.unknown_scripts.is_empty() {
            page.field("Saw", &format!("{} of no account here", counted(self.unknown_scripts.len(), "script")));
            ids(page, detail, &self.unknown_scripts);
        }
        self.evm(page, detail);
        for (name, ids_seen) in [("Asked for", &self.transactions), ("Sent", &self.sent)] {
            if !ids_seen.is_empty() {
                page.field(name, &counted(ids_seen.len(), "transaction"));
                ids(page, detail, ids_seen);
            }
        }
        page.field("Last", &format!("{}, {}", date(self.times.last), self.way()));
    }

    fn evm(&self, page: &mut Page, detail: Detail) {
        let (ours, others): (Vec<&EvmSeen>, Vec<&EvmSeen>) =
            self.evm_accounts.iter().partition(|seen| !seen.accounts.is_empty());
        for seen in ours {
            let (owners, since) = (seen.accounts.join(", "), date(seen.times.first));
            page.field("Saw", &format!("{} of {owners}, since {since}", seen.address));
        }
        if !others.is_empty() {
            page.field("Asked for", &format!("{} of others", counted(others.len(), "account")));
            if detail == Detail::All {
                others.iter().for_each(|seen| page.field("", &format!("{}  {}", seen.address, span(seen.times))));
            }
        }
    }

    /// By which ways it was reached, in words.
    fn way(&self) -> String {
        let words = self.routes.iter().map(|route| match route.as_str() {
            "here" => "on this machine",
            "proxy" => "through the proxy",
            _ => "from your own network address",
        });
        words.collect::<Vec<_>>().join(" and ")
    }
}

impl AccountSeen {
    fn list(&self, page: &mut Page) {
        let row = |seen: &AddressSeen| {
            let below: Vec<&str> = seen.path.rsplit('/').take(2).collect();
            let below = below.into_iter().rev().collect::<Vec<_>>().join("/");
            vec![below, seen.address.clone(), day(seen.times.first), day(seen.times.last)]
        };
        let rows: Vec<_> = self.addresses.iter().map(row).collect();
        page.table(&["path", "address", "first", "last"], &rows);
    }
}

fn ids(page: &mut Page, detail: Detail, seen: &[IdSeen]) {
    if detail == Detail::All {
        seen.iter().for_each(|seen| page.field("", &format!("{}  {}", seen.id, span(seen.times))));
    }
}

fn counted<N: PartialEq<N> + std::fmt::Display + From<u8>>(count: N, what: &str) -> String {
    if count == N::from(1) { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn day(seconds: u64) -> String {
    date(seconds).chars().take(10).collect()
}

fn span(times: Times) -> String {
    let (first, last) = (day(times.first), day(times.last));
    if first == last { first } else { format!("{first} to {last}") }
}
