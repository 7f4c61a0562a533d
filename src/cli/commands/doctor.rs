//! `doctor`: what this system protects, and what it does not. Looks, and changes nothing but a ledger that is to be rebuilt.
//!
//! The seal comes last: it is the real one, of this very process, and its report is what the system confirmed.

use std::{ffi::OsString, io::Read, os::unix::fs::MetadataExt, path::Path};

use crate::cli::{
    config::Config,
    context::Context,
    key_side,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use fastness::{
    explain::{Failure, Kind},
    explorer::Explorer,
    keystore::read_header,
    ledger::{Ledger, LedgerError, Limit, bitcoin::AccountRow},
    network::Network,
    seal::{FileAccess, Force},
    store::{Home, check_private, locate_home},
    text::SafeText,
};
use serde::Serialize;

/// How every SQLite file begins.
const SQLITE: &[u8] = b"SQLite format 3\0";
/// Variables by which the loader puts other code into this process.
const LOADERS: [&str; 3] = ["LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH"];
/// Permission bits of group and others.
const OTHERS: u32 = 0o077;

/// What this system protects, and what it does not
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Derive balances, coins and histories of ledger.db anew from the transactions in it
    #[arg(long)]
    rebuild_ledger: bool,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Mark {
    /// As it should be.
    Good,
    /// Weaker than it could be, or not there yet.
    Note,
    /// To be repaired.
    Bad,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct SystemCheck {
    name: &'static str,
    mark: Mark,
    meaning: String,
}

#[derive(Serialize)]
struct Diagnosis {
    version: &'static str,
    system: String,
    checks: Vec<SystemCheck>,
    protections: Vec<SystemCheck>,
}

impl SystemCheck {
    fn new(name: &'static str, mark: Mark, meaning: impl Into<String>) -> Self {
        Self { name, mark, meaning: meaning.into() }
    }
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if self.rebuild_ledger {
            return rebuild(context);
        }
        let root = locate_home(context.globals().home.as_deref())?;
        let mut checks = build(context);
        checks.extend(files(&root));
        let sealed = key_side::seal_to(&FileAccess::default())?;
        let protection = |protection: &fastness::seal::Protection| {
            let mark = if protection.force == Force::Full { Mark::Good } else { Mark::Note };
            SystemCheck::new(protection.name, mark, protection.meaning)
        };
        let protections = sealed.report().protections.iter().map(protection).collect();
        let system = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
        answer(Diagnosis { version: env!("CARGO_PKG_VERSION"), system, checks, protections })
    }
}

/// What was derived anew.
#[derive(Serialize)]
struct Rebuilt {
    accounts: usize,
    /// Whether a balance, a coin or a line of a history came out otherwise than it was kept.
    changed: bool,
}

/// What is kept up to date with every change is derived anew from raw transactions, which stay as they are.
fn rebuild(context: &mut Context) -> Answer {
    let mut ledger = context.ledger()?;
    let rows = ledger.all_accounts(None)?;
    let shown = |ledger: &Ledger| -> Result<Vec<_>, LedgerError> {
        let of = |row: &AccountRow| {
            Ok((ledger.balance(row.id)?, ledger.coins(row.id, Limit::None)?, ledger.history(row.id, Limit::None)?))
        };
        rows.iter().map(of).collect()
    };
    let (before, after) = (shown(&ledger)?, ledger.atomically(|ledger| ledger.rebuild().and_then(|()| shown(ledger)))?);
    answer(Rebuilt { accounts: rows.len(), changed: before != after })
}

impl Report for Rebuilt {
    fn page(&self, page: &mut Page) {
        let accounts = if self.accounts == 1 { "1 account".to_owned() } else { format!("{} accounts", self.accounts) };
        page.line(&format!("Derived {accounts} anew from the transactions in ledger.db."));
        page.line(if self.changed { "Something came out otherwise than it was kept." } else { "Nothing changed." });
    }
}

/// What this program was built with, and what it talks through.
fn build(context: &Context) -> Vec<SystemCheck> {
    // Connecting opens nothing: the first question does.
    let network = match Explorer::connect(Network::Regtest, &[]) {
        Ok(_) => "this build can use the network, outside of sealed processes only",
        Err(_) => "this build has no network: the air-gapped one",
    };
    let practice = if cfg!(feature = "practice") { "the practice chain is in it" } else { "it has no practice chain" };
    let terminal = match context.ui.terminal("") {
        Ok(_) => SystemCheck::new("terminal", Mark::Good, "passwords and words are asked for at /dev/tty"),
        Err(_) => SystemCheck::new(
            "terminal",
            Mark::Note,
            "there is none: passwords come from --password-fd or --password-file",
        ),
    };
    let build = SystemCheck::new("build", Mark::Good, format!("{network}; {practice}"));
    [build, terminal].into_iter().chain(preloaded(|name| std::env::var_os(name))).collect()
}

/// What the loader was told to put into this process: no seal holds against code that is inside before it.
fn preloaded(variable: impl Fn(&str) -> Option<OsString>) -> Vec<SystemCheck> {
    let mut checks = Vec::new();
    for name in LOADERS {
        if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
            let value = SafeText::new(&value.to_string_lossy());
            let meaning =
                format!("{name} is set ({value}): code from there runs inside this program and sees its secrets");
            checks.push(SystemCheck::new("loader", Mark::Note, meaning));
        }
    }
    checks
}

/// The home directory and what lies in it.
fn files(root: &Path) -> Vec<SystemCheck> {
    let shown = SafeText::new(&root.to_string_lossy());
    if root.symlink_metadata().is_err() {
        return vec![SystemCheck::new(
            "home",
            Mark::Note,
            format!("{shown} does not exist yet; the first command makes it"),
        )];
    }
    let folders = [("home", root.to_owned()), ("wallets", root.join("wallets"))];
    let mut checks: Vec<SystemCheck> = folders
        .iter()
        .filter_map(|(name, path)| private(path).map(|result| from_result(name, result, "yours alone")))
        .collect();
    if checks.iter().any(|check| check.mark == Mark::Bad) || checks.len() < 2 {
        return checks;
    }
    checks.push(ledger(&root.join("ledger.db")));
    match Home::open(Some(root)) {
        Ok(home) => {
            checks.push(from_result(
                "config",
                Config::read(&home).map(|_| ()).map_err(message),
                "understood, or not there",
            ));
            checks.extend(wallets(&home));
        }
        Err(error) => checks.push(SystemCheck::new("home", Mark::Bad, error.to_string())),
    }
    checks
}

/// Whether a folder, if there is one, is closed to others.
fn private(path: &Path) -> Option<Result<(), String>> {
    let found = path.symlink_metadata().ok()?;
    let shown = SafeText::new(&path.to_string_lossy());
    let us = rustix::process::geteuid().as_raw();
    Some(if !found.is_dir() {
        Err(format!("{shown} is not a directory"))
    } else if found.uid() != us {
        Err(format!("{shown} belongs to another user (uid {})", found.uid()))
    } else if found.mode() & OTHERS != 0 {
        Err(format!("{shown} is open to others (mode {:04o}): run `chmod 700 {shown}`", found.mode() & 0o7777))
    } else {
        Ok(())
    })
}

fn from_result(name: &'static str, result: Result<(), String>, good: &str) -> SystemCheck {
    match result {
        Ok(()) => SystemCheck::new(name, Mark::Good, good),
        Err(problem) => SystemCheck::new(name, Mark::Bad, problem),
    }
}

fn message(failure: Failure) -> String {
    failure.message()
}

/// The ledger's first bytes: opening it with SQLite could already change it.
fn ledger(path: &Path) -> SystemCheck {
    if let Err(error) = check_private(path) {
        return SystemCheck::new("ledger", Mark::Bad, error.to_string());
    }
    let mut start = Vec::new();
    match std::fs::File::open(path).map(|file| file.take(16).read_to_end(&mut start)) {
        Ok(Ok(_)) if start == SQLITE => SystemCheck::new("ledger", Mark::Good, "readable"),
        Ok(Ok(_)) => {
            SystemCheck::new("ledger", Mark::Bad, "ledger.db is not a database: move it away; no keys are in it")
        }
        Ok(Err(error)) => SystemCheck::new("ledger", Mark::Bad, format!("ledger.db cannot be read: {error}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            SystemCheck::new("ledger", Mark::Note, "none yet")
        }
        Err(error) => SystemCheck::new("ledger", Mark::Bad, format!("ledger.db cannot be opened: {error}")),
    }
}

/// Every wallet file's public half.
fn wallets(home: &Home) -> Vec<SystemCheck> {
    let names = match home.wallets() {
        Ok(names) => names,
        Err(error) => return vec![SystemCheck::new("wallet", Mark::Bad, error.to_string())],
    };
    let check = |name: &fastness::store::WalletName| match read_header(&home.keystore_path(name)) {
        Ok(_) => SystemCheck::new("wallet", Mark::Good, format!("{name}: the file is whole")),
        Err(error) => SystemCheck::new("wallet", Mark::Bad, format!("{name}: {error}")),
    };
    names.iter().map(check).collect()
}

impl Report for Diagnosis {
    fn page(&self, page: &mut Page) {
        page.line(&format!("fastness {} on {}", self.version, self.system));
        self.checks.iter().for_each(|check| line(page, check));
        page.blank();
        page.line("A process that asks for a password or words is sealed first. This one just was, and it holds:");
        self.protections.iter().for_each(|check| line(page, check));
    }

    fn exit_code(&self) -> u8 {
        let bad = self.checks.iter().any(|check| check.mark == Mark::Bad);
        if bad { Kind::Verification.exit_code() } else { 0 }
    }
}

fn line(page: &mut Page, check: &SystemCheck) {
    let (tone, word) = match check.mark {
        Mark::Good => (Tone::Proven, ""),
        Mark::Note => (Tone::Claimed, "note: "),
        Mark::Bad => (Tone::Stop, "stop: "),
    };
    // Names that fit the column of names.
    let name = match check.name {
        "file modes" => "modes",
        "core dumps" => "dumps",
        "privileges" => "rights",
        other => other,
    };
    page.toned_field(name, (tone, &format!("{word}{}", check.meaning)));
}

#[cfg(test)]
#[path = "doctor_tests.rs"]
mod tests;
