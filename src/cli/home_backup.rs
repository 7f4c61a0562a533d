//! A backup of a whole home: what is said of it, proving that it opens, and bringing the home back.
//!
//! Verifying writes nothing; restoring writes into a home that has nothing else.

use std::path::{Path, PathBuf};

use fastness::{
    explain::Failure,
    keystore::open_document,
    ledger::Ledger,
    review::Warning,
    seal::FileAccess,
    store::{Home, read_public},
    text::SafeText,
};
use serde::Serialize;

use super::{
    context::Context,
    key_side::{self, PasswordSource},
    packed_home::{MAX_BYTES, PackedHome, shown},
    page::{Page, Tone},
    report::{Answer, Report, answer},
};

/// What was done with a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HomeBackupAction {
    /// It was written.
    Written,
    /// It was opened, and is whole.
    Verified,
    /// A home was made of it.
    Restored,
}

/// A backup that was written, verified or brought back.
#[derive(Serialize)]
pub(crate) struct HomeBackup {
    action: HomeBackupAction,
    file: SafeText,
    wallets: Vec<String>,
    accounts: usize,
    labels: usize,
    contacts: usize,
    /// Settings (config.toml) are in it: explorers, a proxy, chains.
    settings: bool,
}

impl HomeBackup {
    /// What is known without opening its ledger.
    pub(crate) fn of(action: HomeBackupAction, path: &Path, packed: &PackedHome) -> Self {
        Self {
            action,
            file: shown(path),
            wallets: packed.wallets(),
            accounts: 0,
            labels: 0,
            contacts: 0,
            settings: packed.has_config(),
        }
    }

    /// With what its ledger has.
    pub(crate) fn counted(mut self, ledger: &Ledger) -> Result<Self, Failure> {
        self.accounts = ledger.accounts(None)?.len() + ledger.evm_accounts(None)?.len();
        (self.labels, self.contacts) = (ledger.labels()?.len(), ledger.contacts(None)?.len());
        Ok(self)
    }
}

/// Opens a backup file and writes nothing: its password is right, and it is whole.
pub(crate) fn verify(context: &mut Context, path: &Path) -> Answer {
    let packed = opened(context, path, Vec::new())?;
    answer(HomeBackup::of(HomeBackupAction::Verified, path, &packed))
}

/// Brings a whole home back: into an empty one, or into one that has the same already.
pub(crate) fn restore(context: &mut Context, path: &Path) -> Answer {
    let home: Home = context.home()?.clone();
    let packed = opened(context, path, vec![home.root().to_owned()])?;
    packed.write(&home)?;
    let ledger = Ledger::open(&home.ledger_path())?;
    answer(HomeBackup::of(HomeBackupAction::Restored, path, &packed).counted(&ledger)?)
}

fn opened(context: &mut Context, path: &Path, write: Vec<PathBuf>) -> Result<PackedHome, Failure> {
    let source = PasswordSource::of_everywhere(context);
    source.require(context)?;
    let bytes = read_public(path, MAX_BYTES)?;
    let access = FileAccess { read: source.path.clone().into_iter().collect(), write };
    let sealed = key_side::seal_to(&access)?;
    let password = key_side::password(context, "Password of the backup file: ", &sealed)?;
    PackedHome::read(&open_document(&bytes, &password, &sealed)?)
}

impl Report for HomeBackup {
    fn page(&self, page: &mut Page) {
        let done = match self.action {
            HomeBackupAction::Written => "was written",
            HomeBackupAction::Verified => "opens, and is whole",
            HomeBackupAction::Restored => "is a home again",
        };
        // What was restored is as the file says until keys were compared with it.
        let tone = if self.action == HomeBackupAction::Restored { Tone::Normal } else { Tone::Proven };
        page.toned(tone, &format!("The backup file {done}: {}", self.file));
        let wallets =
            if self.wallets.is_empty() { "none (no keys are in it)".to_owned() } else { self.wallets.join(", ") };
        page.field("Wallets", &wallets);
        if self.action != HomeBackupAction::Verified {
            page.field("Accounts", &self.accounts.to_string());
            page.field("Labels", &self.labels.to_string());
            page.field("Contacts", &self.contacts.to_string());
        }
        let next = match self.action {
            HomeBackupAction::Written => format!("fastness backup verify --from {} (proves that it opens)", self.file),
            HomeBackupAction::Verified => format!("fastness restore --from {} (into an empty home)", self.file),
            HomeBackupAction::Restored => match self.wallets.first() {
                Some(wallet) => {
                    format!("fastness backup verify --wallet {wallet} (proves that its accounts are of its keys)")
                }
                None => "fastness sync".to_owned(),
            },
        };
        page.field("Next", &next);
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |code, text: &str| warnings.push(Warning { code, text: text.to_owned() });
        if self.action == HomeBackupAction::Written && !self.wallets.is_empty() {
            warn(
                "passwords_apart",
                "each wallet in it still needs its own password; keep the words too: they need no file",
            );
        }
        if self.action == HomeBackupAction::Restored {
            warn(
                "accounts_as_filed",
                "accounts and addresses are as the file says until keys were compared with them: verify before you receive",
            );
            if self.settings {
                warn(
                    "settings_as_filed",
                    "config.toml came with it: look at its explorers, its proxy and what may be delegated",
                );
            }
        }
        warnings
    }
}
