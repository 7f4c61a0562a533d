//! `status`, and the program without a command: where things stand, and what to type next. Reads the ledger and the heads of wallet
//! files; needs no password and asks no one.

mod next_step;
mod page;

use bitcoin::bip32::Fingerprint;
use fastness::{
    explain::Failure,
    keystore::read_header,
    ledger::{
        Ledger, Limit,
        bitcoin::{AccountRow, Balance, HistoryRow},
        now,
    },
    network::Network,
    store::{WalletName, locate_home},
};
use serde::Serialize;

use self::next_step::{NextStep, WalletFacts, beginnings};
use crate::cli::{
    bitcoin::total::Total,
    context::Context,
    ethereum::args::example_network,
    report::{Answer, answer},
};

/// Unconfirmed transactions of others that are looked past for one from here.
const LISTED_WAITING: usize = 50;

/// Where things stand, and what to type next
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Where things stand.
#[derive(Serialize)]
pub(crate) struct StatusPage {
    home: String,
    wallets: Vec<WalletStatus>,
    /// What to type next, the first the most sensible.
    next: Vec<NextStep>,
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
    next: NextStep,
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
    /// The oldest payment from here that is in no block yet.
    sent: Option<String>,
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
        sent: if waiting == 0 { None } else { oldest_sent(ledger, network, rows)? },
        asked_seconds_ago: oldest.map(|at| now().saturating_sub(at)),
    })
}

/// The oldest payment that was sent from here and is in no block yet, of the first of these accounts that has one.
fn oldest_sent(ledger: &Ledger, network: Network, rows: &[&AccountRow]) -> Result<Option<String>, Failure> {
    let sent: Vec<String> = ledger.in_flight(network)?.into_iter().map(|row| row.txid).collect();
    for row in rows {
        let waiting = ledger.history(row.id, Limit::First(sent.len().saturating_add(LISTED_WAITING)))?;
        let ours = |line: &&HistoryRow| line.height.is_none() && sent.contains(&line.txid);
        if let Some(oldest) = waiting.iter().filter(ours).min_by_key(|line| line.time) {
            return Ok(Some(oldest.txid.clone()));
        }
    }
    Ok(None)
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
