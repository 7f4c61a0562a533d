//! `status`, and the program without a command: where things stand, and what to type next. Reads the ledger and the heads of wallet
//! files; needs no password and asks no one.

use bitcoin::bip32::Fingerprint;
use fastness::{
    explain::Failure,
    explorer,
    keystore::read_header,
    ledger::{
        Ledger,
        bitcoin::{AccountRow, Balance},
        now,
    },
    network::{Network, NetworkClass},
    store::{WalletName, locate_home},
};
use serde::Serialize;

use crate::cli::{
    bitcoin::total::Total,
    context::Context,
    duration::span,
    ethereum::args::example_network,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};

/// A sync older than this is worth another one.
const STALE: u64 = 24 * 3_600;

/// Where things stand, and what to type next
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Where things stand.
#[derive(Serialize)]
pub(crate) struct StatusPage {
    home: String,
    wallets: Vec<WalletStatus>,
    /// What to type next, the first the most sensible.
    next: Vec<Step>,
}

/// A command that can be typed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Step {
    command: String,
    why: &'static str,
}

#[derive(Serialize)]
struct WalletStatus {
    wallet: String,
    /// `here`, or `elsewhere` for what is only watched.
    keys: &'static str,
    networks: Vec<NetworkStatus>,
    evm_accounts: usize,
    /// A network that they can be asked about.
    #[serde(skip)]
    example: Option<&'static str>,
    backup: Backup,
    /// Why the wallet's file cannot be read.
    problem: Option<String>,
    next: Step,
}

/// What is known of the backup of a wallet's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
enum Backup {
    /// It restored the wallet then, in seconds since 1970.
    Verified { at: u64 },
    /// No `backup verify` was made here.
    NeverVerified,
    /// The words are elsewhere.
    Elsewhere,
    /// The wallet's file cannot be read.
    Unreadable,
}

/// All accounts of a wallet on one network.
#[derive(Serialize)]
struct NetworkStatus {
    network: Network,
    accounts: usize,
    /// Absent until every account was asked about: unknown is never zero.
    #[serde(flatten)]
    total: Option<Total>,
    /// How sure it is, in words.
    evidence: Option<&'static str>,
    /// Transactions that are in no block yet.
    waiting: u64,
    asked_seconds_ago: Option<u64>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        answer(status(context)?)
    }
}

/// Where things stand in this home. One that does not exist is not made by looking.
pub(crate) fn status(context: &mut Context) -> Result<StatusPage, Failure> {
    let root = locate_home(context.globals().home.as_deref())?;
    if !root.exists() {
        return Ok(StatusPage { home: root.display().to_string(), wallets: Vec::new(), next: beginnings() });
    }
    let ledger = context.ledger()?;
    let named = context.globals().wallet.clone();
    let mut wallets = Vec::new();
    for name in context.wallet_names(&ledger)? {
        if named.as_ref().is_none_or(|named| named == name.as_str()) {
            wallets.push(wallet(context, &ledger, &name)?);
        }
    }
    let next = match wallets.as_slice() {
        [] => beginnings(),
        some => some.iter().map(|wallet| wallet.next.clone()).collect(),
    };
    Ok(StatusPage { home: context.home()?.root().display().to_string(), wallets, next })
}

impl StatusPage {
    /// Whether there is any wallet.
    pub(crate) const fn is_empty(&self) -> bool {
        self.wallets.is_empty()
    }
}

/// Three ways to begin; the offline build has no practice chain.
fn beginnings() -> Vec<Step> {
    let step = |command: &str, why| Step { command: format!("fastness {command}"), why };
    let mut steps = Vec::new();
    if cfg!(feature = "practice") {
        steps.push(step("practice", "make a whole payment on a private practice chain, at no risk"));
    }
    steps.push(step("new", "create a wallet and back it up"));
    steps.push(step("restore", "bring a wallet back from its words"));
    steps
}

fn wallet(context: &mut Context, ledger: &Ledger, name: &WalletName) -> Result<WalletStatus, Failure> {
    let path = context.home()?.keystore_path(name);
    let header = path.exists().then(|| read_header(&path));
    let networks = networks(ledger, name)?;
    let backup = match &header {
        Some(Ok(header)) => backup(ledger, header.fingerprint)?,
        Some(Err(_)) => Backup::Unreadable,
        None => Backup::Elsewhere,
    };
    // One wallet alone needs no name.
    let named = if context.wallet_names(ledger)?.len() == 1 { String::new() } else { format!(" -w {name}") };
    let next = WalletFacts { named: &named, networks: &networks, backup }.next();
    let evm_rows = ledger.evm_accounts(Some(name.as_str()))?;
    Ok(WalletStatus {
        wallet: name.as_str().to_owned(),
        keys: if header.is_some() { "here" } else { "elsewhere" },
        networks,
        evm_accounts: evm_rows.len(),
        example: evm_rows.first().map(|row| example_network(row.account.class)),
        backup,
        problem: header.and_then(Result::err).map(|error| error.to_string()),
        next,
    })
}

fn backup(ledger: &Ledger, master: Fingerprint) -> Result<Backup, Failure> {
    let verified = ledger.backup_verified(master)?;
    Ok(verified.map_or(Backup::NeverVerified, |at| Backup::Verified { at }))
}

fn networks(ledger: &Ledger, name: &WalletName) -> Result<Vec<NetworkStatus>, Failure> {
    let rows = ledger.accounts(Some(name.as_str()))?;
    let mut all = Vec::new();
    for network in Network::ALL {
        let rows: Vec<&AccountRow> = rows.iter().filter(|row| row.account.network == network).collect();
        if !rows.is_empty() {
            all.push(of_network(ledger, network, &rows)?);
        }
    }
    Ok(all)
}

fn of_network(ledger: &Ledger, network: Network, rows: &[&AccountRow]) -> Result<NetworkStatus, Failure> {
    let balances = rows.iter().map(|row| ledger.balance(row.id)).collect::<Result<Vec<_>, _>>()?;
    let waiting = rows.iter().map(|row| ledger.unconfirmed_transactions(row.id)).sum::<Result<u64, _>>()?;
    let asked: Option<Vec<u64>> = rows.iter().map(|row| row.synced.as_ref().map(|synced| synced.at)).collect();
    let oldest = asked.and_then(|asked| asked.into_iter().min());
    Ok(NetworkStatus {
        network,
        accounts: rows.len(),
        total: oldest.map(|_| Total::of(&balances)),
        evidence: oldest.and_then(|_| evidence(&balances)),
        waiting,
        asked_seconds_ago: oldest.map(|at| now().saturating_sub(at)),
    })
}

/// How sure the confirmed part is; `None` if there is none.
fn evidence(balances: &[Balance]) -> Option<&'static str> {
    let sum = |part: fn(&Balance) -> u64| balances.iter().map(part).fold(0u64, u64::saturating_add);
    let confirmed = sum(|balance| balance.confirmed);
    let (proven, agreed) = (sum(|balance| balance.proven), sum(|balance| balance.agreed));
    match (proven == confirmed, agreed == confirmed) {
        _ if confirmed == 0 => None,
        (true, true) => Some("proven to have arrived; unspent, as two explorers agree"),
        (true, false) => Some("proven to have arrived; unspent, as one explorer says"),
        (false, true) => Some("there and unspent, as two explorers agree"),
        (false, false) => Some("as one explorer says; `fastness balance` tells what is proven"),
    }
}

/// What decides what to type next for a wallet.
struct WalletFacts<'a> {
    /// Names the wallet at the end of a command; empty where it is the only one.
    named: &'a str,
    networks: &'a [NetworkStatus],
    backup: Backup,
}

impl WalletFacts<'_> {
    /// A command, about one network where the wallet is on several.
    fn step(&self, command: &str, about: Option<&NetworkStatus>, why: &'static str) -> Step {
        let network = about.filter(|_| self.networks.len() > 1).map(|about| format!(" -n {}", about.network));
        Step { command: format!("fastness {command}{}{}", network.unwrap_or_default(), self.named), why }
    }

    /// The most sensible command.
    fn next(&self) -> Step {
        let first = |is_it: fn(&&NetworkStatus) -> bool| self.networks.iter().find(is_it);
        let rich = first(|network| network.total.is_some_and(|total| total.total.smallest > 0));
        let can_ask = explorer::IS_BUILT_IN;
        if self.backup == Backup::Unreadable {
            return self.step("wallets", None, "see what is wrong with its file");
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

impl Step {
    fn write(&self, name: &str, page: &mut Page) {
        page.copyable(name, &self.command);
        page.field("", self.why);
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
                Some(total) => page.field("Holds", &format!("{}{}", total.sentence(), on(network.network))),
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
                (Tone::Claimed, &format!("{}; `fastness history` lists it", transactions(self.waiting()))),
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
            self.asked(),
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
