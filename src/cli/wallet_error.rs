//! What can go wrong while a wallet is made, restored or checked, beyond what the keystore itself says.
//!
//! Never holds a word or a password.

use super::cli_error::entries;
use fastness::explain::{Entry, Explain, Kind};

/// Errors of making, restoring and checking wallets.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum WalletError {
    /// The name belongs to another wallet.
    #[error("there is a wallet named `{0}` already")]
    NameInUse(String),
    /// The words were not typed back.
    #[error("the words could not be proven to be on paper, and no wallet was made")]
    BackupUnproven,
    /// The file is there, its accounts are not.
    #[error("the wallet `{wallet}` was written and is whole, but the ledger did not confirm its accounts: {cause}")]
    AccountsMissing {
        /// The wallet.
        wallet: String,
        /// What the ledger said.
        cause: String,
    },
    /// The words make another wallet than expected.
    #[error("these words and this passphrase make the wallet {found}, and {expected} was expected")]
    OtherFingerprint {
        /// Fingerprint that they make.
        found: String,
        /// Fingerprint that was asked for.
        expected: String,
    },
    /// A backup that does not restore the wallet.
    #[error("this backup does not restore `{wallet}`: {why}")]
    OtherBackup {
        /// The wallet.
        wallet: String,
        /// What differs.
        why: String,
    },
    /// A backup that is no phrase at all.
    #[error("this backup restores nothing: {0}")]
    BrokenBackup(String),
    /// No candidate leads to what is known.
    #[error("no candidate leads to what is known of the wallet")]
    NotRecovered,
    /// A search was stopped.
    #[error("the search was stopped before candidate {0}")]
    SearchStopped(u64),
    /// A backup file is for an empty home.
    #[error("the home {0} has other wallets or another ledger already; nothing was written")]
    HomeInUse(String),
    /// What a backup file holds is no home.
    #[error("the backup file holds something else than a home")]
    OtherContent,
    /// The person said no.
    #[error("declined; nothing was written")]
    Declined,
}

entries! {
    NAME_IN_USE = "wallet.name_in_use", Refused, "Name the new one with --wallet NAME; nothing is ever overwritten";
    BACKUP_UNPROVEN = "wallet.backup_unproven", Verification, "Throw that paper away, and start again with `fastness new`";
    ACCOUNTS_MISSING = "wallet.accounts_missing", Refused, "`fastness account list` tells whether they are there; `fastness account add --wallet NAME` adds them";
    OTHER_FINGERPRINT = "wallet.other_fingerprint", Verification, "Check the passphrase first, then every word; nothing was written";
    OTHER_BACKUP = "wallet.other_backup", Verification, "Show the right words with `fastness backup words` while you still have the password";
    BROKEN_BACKUP = "wallet.broken_backup", Verification, "Show the right words with `fastness backup words` while you still have the password";
    NOT_RECOVERED = "wallet.not_recovered", Refused, "Another --mistake, a passphrase, more --accounts or --addresses may fit; compare what is known with its source";
    SEARCH_STOPPED = "wallet.search_stopped", Declined, "Run it again with --start and that number; what was tried before is not tried again";
    HOME_IN_USE = "wallet.home_in_use", Refused, "Name an empty folder with --home; what is here stays as it is";
    OTHER_CONTENT = "wallet.other_content", Verification, "Use another copy of the file; nothing was written";
    DECLINED = "wallet.declined", Declined, "Run it again with other words, another passphrase or another --network";
}

impl Explain for WalletError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::NameInUse(_) => NAME_IN_USE,
            Self::BackupUnproven => BACKUP_UNPROVEN,
            Self::AccountsMissing { .. } => ACCOUNTS_MISSING,
            Self::OtherFingerprint { .. } => OTHER_FINGERPRINT,
            Self::OtherBackup { .. } => OTHER_BACKUP,
            Self::BrokenBackup(_) => BROKEN_BACKUP,
            Self::NotRecovered => NOT_RECOVERED,
            Self::SearchStopped(_) => SEARCH_STOPPED,
            Self::HomeInUse(_) => HOME_IN_USE,
            Self::OtherContent => OTHER_CONTENT,
            Self::Declined => DECLINED,
        }
    }
}
