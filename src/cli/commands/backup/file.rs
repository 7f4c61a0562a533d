//! `backup file`: writes a whole home into one sealed file.
//!
//! Wallet files stay sealed inside it, each under its own password; the ledger and the settings are sealed by it alone.

use std::path::PathBuf;

use crate::cli::{
    CliError,
    context::Context,
    home_backup::{HomeBackup, HomeBackupAction},
    key_side::{self, PasswordSource},
    new_password::new_password,
    packed_home::{MAX_BYTES, PackedHome, folder_of, shown},
    report::{Answer, answer},
};
use fastness::{
    keystore::{Cost, seal_document},
    seal::FileAccess,
    store::{StoreError, WriteRule, atomic_write},
};

/// Where the file goes, and what is in it.
#[derive(Debug, clap::Args)]
pub(super) struct FileArgs {
    /// File to write (never overwrites)
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Leave the wallet files out: accounts, labels, contacts and history alone
    #[arg(long)]
    without_keys: bool,
}

impl FileArgs {
    pub(super) fn run(&self, context: &mut Context) -> Answer {
        if self.output.symlink_metadata().is_ok() {
            return Err(StoreError::Exists { path: shown(&self.output) }.into());
        }
        let source = PasswordSource::of_everywhere(context);
        source.require(context)?;
        // One snapshot at a time: another backup would take its copy away.
        let _lock = context.payment_lock()?;
        let ledger = context.ledger()?;
        let home = context.home()?.clone();
        let wallets = if self.without_keys { Vec::new() } else { home.wallets()? };
        // Everything is read before the process is sealed: it reaches nothing but the new file's folder afterwards.
        let packed = PackedHome::of(&home, &ledger, &wallets)?;
        let backup = HomeBackup::of(HomeBackupAction::Written, &self.output, &packed).counted(&ledger)?;
        drop(ledger);
        let access =
            FileAccess { read: source.path.clone().into_iter().collect(), write: vec![folder_of(&self.output)] };
        let sealed = key_side::seal_to(&access)?;
        context.ui.say("The file gets a password of its own; it opens no wallet, and without it the file is nothing.");
        let password = new_password(context, &source, &sealed)?;
        context.ui.say("Sealing the file...");
        let plain = packed.to_bytes()?;
        if u64::try_from(plain.as_bytes().len()).unwrap_or(u64::MAX) >= MAX_BYTES {
            return Err(CliError::Usage(
                "the home has more than 1 GiB, and no such file could be read again".to_owned(),
            )
            .into());
        }
        let bytes = seal_document(&plain, &password, Cost::DEFAULT, &sealed)?;
        atomic_write(&self.output, &bytes, WriteRule::New)?;
        answer(backup)
    }
}
