//! The key side of the CLI: seals the process before it asks for a secret, then opens a wallet.
//!
//! Every command that touches a key goes through here. After the seal there is no network, no new process and no new thread.

use std::path::{Path, PathBuf};

use fastness::{
    account::AccountError,
    explain::Failure,
    keystore::{self, Header, Keys, KeystoreError, Passphrase, Password, Unlocked, recover::Workers},
    network::{Network, NetworkClass},
    seal::{FileAccess, Sealed, seal_with_threads},
    store::{WalletName, read_secret},
};
use zeroize::Zeroizing;

use super::{CliError, context::Context, ending, way_out};

/// How often a person may type a password.
pub(crate) const ATTEMPTS: u32 = 3;
/// No password is longer.
const MAX_SECRET: u64 = 4096;
const PASSWORD_FLAG: &str = "--password-fd or --password-file";
const PASSPHRASE_FLAG: &str = "--passphrase-fd";

/// The files of the home that a sealed command needs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Files<'a> {
    /// None.
    Nothing,
    /// A wallet's file, to be opened.
    Wallet(&'a WalletName),
    /// A wallet's file, to be opened, and the ledger, to be written.
    Account(&'a WalletName),
    /// The ledger, to be written.
    Ledger,
    /// The folder of wallets, where a file is replaced.
    Wallets,
    /// The folder of wallets, where a file is made, and the ledger, to be written.
    NewWallet,
}

/// Seals this process. Of the home it reaches `files` and nothing else; it reads `sources`, and where passwords come from.
pub(crate) fn seal(context: &mut Context, files: Files<'_>, sources: &[Option<PathBuf>]) -> Result<Sealed, Failure> {
    seal_to(&access(context, files, sources)?)
}

/// The same with threads that search: they are there before the seal, which lets none start.
pub(crate) fn seal_with_workers(
    context: &mut Context,
    files: Files<'_>,
    sources: &[Option<PathBuf>],
) -> Result<(Sealed, Workers), Failure> {
    let mut workers = Workers::none();
    let start_threads = || {
        way_out::restore_on_the_way_out();
        ending::prepare();
        workers = Workers::start();
    };
    let sealed = seal_with_threads(&access(context, files, sources)?, start_threads)?;
    Ok((sealed, workers))
}

fn access(context: &mut Context, files: Files<'_>, sources: &[Option<PathBuf>]) -> Result<FileAccess, Failure> {
    let secrets = [context.password_source(), context.passphrase_source()];
    let read = secrets.iter().chain(sources).flatten().cloned().collect();
    let mut access = FileAccess { read, write: Vec::new() };
    let home = context.home()?;
    if let Files::Wallet(name) | Files::Account(name) = files {
        access.read.push(home.keystore_path(name));
    }
    if let Files::Wallets | Files::NewWallet = files {
        access.write.push(home.wallets_path());
    }
    if let Files::Account(_) | Files::Ledger | Files::NewWallet = files {
        access.write.extend(home.ledger_files());
    }
    Ok(access)
}

/// Seals this process; of all files it reaches those of `access`.
pub(crate) fn seal_to(access: &FileAccess) -> Result<Sealed, Failure> {
    let start_threads = || {
        way_out::restore_on_the_way_out();
        ending::prepare();
    };
    Ok(seal_with_threads(access, start_threads)?)
}

/// The password of an existing wallet or file: from the option's file, else typed.
pub(crate) fn password(context: &Context, question: &str, _sealed: &Sealed) -> Result<Password, Failure> {
    match context.password_source() {
        Some(path) => Ok(Password::new(from_file(&path)?)?),
        None => Ok(Password::new(take(context.ui.ask_hidden(question, PASSWORD_FLAG)?))?),
    }
}

/// Where a new password comes from, and the option that says so.
pub(crate) struct PasswordSource {
    /// A file, or the person.
    pub(crate) path: Option<PathBuf>,
    /// Names the option, for a process without a terminal.
    pub(crate) flag: &'static str,
}

impl PasswordSource {
    /// The options of every command.
    pub(crate) fn of_everywhere(context: &Context) -> Self {
        Self { path: context.password_source(), flag: PASSWORD_FLAG }
    }

    /// Fails early when there is no terminal to ask on.
    pub(crate) fn require(&self, context: &Context) -> Result<(), Failure> {
        if self.path.is_none() {
            context.ui.terminal(self.flag)?;
        }
        Ok(())
    }
}

/// The passphrase of a wallet that asks for it each time.
pub(crate) fn passphrase(context: &Context, _sealed: &Sealed) -> Result<Passphrase, Failure> {
    match context.passphrase_source() {
        Some(path) => Ok(Passphrase::new(from_file(&path)?)?),
        None => Ok(Passphrase::new(take(context.ui.ask_hidden("Passphrase of this wallet: ", PASSPHRASE_FLAG)?))?),
    }
}

/// A passphrase for a new or restored wallet: typed twice, with a word on what will be hard to type again.
pub(crate) fn new_passphrase(context: &Context, _sealed: &Sealed) -> Result<Passphrase, Failure> {
    let first = match context.passphrase_source() {
        Some(path) => Passphrase::new(from_file(&path)?)?,
        None => {
            let first = Passphrase::new(take(
                context
                    .ui
                    .ask_hidden("Passphrase (part of the wallet, never stored unless asked): ", PASSPHRASE_FLAG)?,
            ))?;
            let second = Passphrase::new(take(context.ui.ask_hidden("The same again: ", PASSPHRASE_FLAG)?))?;
            if !first.same_as(&second) {
                return Err(CliError::EntriesDiffer.into());
            }
            first
        }
    };
    if let Some(oddity) = first.oddity() {
        context.ui.warn(&fastness::review::Warning { code: "odd_passphrase", text: oddity.to_owned() });
    }
    Ok(first)
}

/// Before a password is asked for: the wallet's keys are here, and of the class of networks that they are wanted for.
pub(crate) fn check_wallet(context: &mut Context, wallet: &WalletName, network: Network) -> Result<(), Failure> {
    check_class(context, wallet, network.class(), network.name())
}

/// As [`check_wallet`], for any network.
pub(crate) fn check_class(
    context: &mut Context,
    wallet: &WalletName,
    wanted: NetworkClass,
    network: &'static str,
) -> Result<(), Failure> {
    let class = header_of(context, wallet)?.network_class;
    if class != wanted {
        let found = if class == NetworkClass::Main { "main" } else { "test" };
        return Err(AccountError::WrongNetwork { found, wanted: network }.into());
    }
    Ok(())
}

/// What is public about a wallet whose keys are here.
pub(crate) fn header_of(context: &mut Context, wallet: &WalletName) -> Result<Header, Failure> {
    let path = context.home()?.keystore_path(wallet);
    if !path.exists() && is_watched(context, wallet)? {
        return Err(CliError::WatchOnly(wallet.to_string()).into());
    }
    Ok(keystore::read_header(&path)?)
}

fn is_watched(context: &mut Context, wallet: &WalletName) -> Result<bool, Failure> {
    let ledger = context.ledger()?;
    let name = Some(wallet.as_str());
    Ok(!ledger.accounts(name)?.is_empty() || !ledger.evm_accounts(name)?.is_empty())
}

/// Opens a wallet file with its password. A person may type a wrong one twice; a file that holds a wrong one is asked once.
pub(crate) fn unlock(context: &mut Context, wallet: &WalletName, sealed: &Sealed) -> Result<Unlocked, Failure> {
    Ok(opened(context, wallet, sealed)?.unlocked)
}

/// An open wallet, with the password that opened it.
pub(crate) struct Opened {
    /// The wallet.
    pub(crate) unlocked: Unlocked,
    /// Its password.
    pub(crate) password: Password,
}

/// As [`unlock`], for a command that needs the password once more.
pub(crate) fn opened(context: &mut Context, wallet: &WalletName, sealed: &Sealed) -> Result<Opened, Failure> {
    let path = context.home()?.keystore_path(wallet);
    keystore::read_header(&path)?;
    let mut left = if context.password_source().is_some() { 1 } else { ATTEMPTS };
    let mut question = format!("Password of {wallet}: ");
    loop {
        let password = password(context, &question, sealed)?;
        context.ui.say("Opening the wallet...");
        left -= 1;
        match keystore::unlock(&path, &password, sealed) {
            Err(KeystoreError::WrongPassword) if left > 0 => {
                let tries = if left == 1 { "One try is".to_owned() } else { format!("{left} tries are") };
                question = format!("That does not open this wallet. {tries} left. Password of {wallet}: ");
            }
            other => return Ok(Opened { unlocked: other?, password }),
        }
    }
}

/// The keys of a wallet, asking for its passphrase if it has one that is not stored.
pub(crate) fn keys(context: &mut Context, wallet: &WalletName, sealed: &Sealed) -> Result<Keys, Failure> {
    let unlocked = unlock(context, wallet, sealed)?;
    if unlocked.needs_passphrase() {
        let passphrase = passphrase(context, sealed)?;
        return Ok(unlocked.with_passphrase(&passphrase, sealed)?);
    }
    Ok(unlocked.into_keys(sealed)?)
}

/// The first line of a file or descriptor, without its line end.
pub(crate) fn from_file(path: &Path) -> Result<String, Failure> {
    let bytes = Zeroizing::new(read_secret(path, MAX_SECRET)?);
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|_| CliError::NotText)?;
    Ok(text.to_owned())
}

/// The typed text itself, moved out of its wrapper; its new owner wipes it.
pub(crate) fn take(mut typed: Zeroizing<String>) -> String {
    std::mem::take(&mut *typed)
}
