//! Where files live: the home directory and the names of the wallets in it.
//!
//! Makes directories 0700 from birth, never loosens or repairs permissions by itself, opens no wallet.

use std::{
    ffi::OsString,
    fmt, fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use rustix::fs::{FileType, lstat};
use serde::{Deserialize, Serialize};

use super::{
    Lock, StoreError,
    atomic::sync_directory,
    read::{check_ours, kind_name},
    shown, system,
};
use crate::text::SafeText;

/// The environment variable that names the home directory.
const VARIABLE: &str = "FASTNESS_HOME";
/// What a wallet's file is called after its name.
const SUFFIX: &str = ".keystore";
/// Longest wallet name: with its suffix and that of a temporary file it fits every file system's 255 bytes.
const MAX_NAME: usize = 64;

/// A wallet's name: 1 to 64 of `a-z`, `0-9`, `_`, `-`. Such a name cannot leave its directory nor hide in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WalletName(String);

impl WalletName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WalletName {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(StoreError::BadName(SafeText::new(text)))
        }
    }
}

impl TryFrom<String> for WalletName {
    type Error = StoreError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<WalletName> for String {
    fn from(name: WalletName) -> Self {
        name.0
    }
}

impl fmt::Display for WalletName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The directory that holds everything of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// Opens the home directory, making it when missing: `given` (from `--home`), else `$FASTNESS_HOME`, else the
    /// platform's data directory.
    ///
    /// # Errors
    /// It is no directory, belongs to another user, is open to others, or cannot be made.
    pub fn open(given: Option<&Path>) -> Result<Self, StoreError> {
        let root = locate_home(given)?;
        ensure_private_directory(&root)?;
        let root = fs::canonicalize(&root).map_err(|reason| system("find", &root, reason))?;
        let home = Self { root };
        ensure_private_directory(&home.wallets_path())?;
        Ok(home)
    }

    /// The directory itself, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of the wallets' files.
    #[must_use]
    pub fn wallets_path(&self) -> PathBuf {
        self.root.join("wallets")
    }

    /// The file of one wallet.
    #[must_use]
    pub fn keystore_path(&self, name: &WalletName) -> PathBuf {
        self.wallets_path().join(format!("{name}{SUFFIX}"))
    }

    /// The database of what is known without any key.
    #[must_use]
    pub fn ledger_path(&self) -> PathBuf {
        self.root.join("ledger.db")
    }

    /// The files of that database which exist: itself, its write-ahead log, and the log's index.
    #[must_use]
    pub fn ledger_files(&self) -> Vec<PathBuf> {
        let names = ["ledger.db", "ledger.db-wal", "ledger.db-shm"];
        names.iter().map(|name| self.root.join(name)).filter(|path| path.exists()).collect()
    }

    /// Where a copy of that database is made for a backup, for a moment.
    #[must_use]
    pub fn snapshot_path(&self) -> PathBuf {
        self.root.join("ledger.snapshot")
    }

    /// How explorers behaved.
    #[must_use]
    pub fn health_path(&self) -> PathBuf {
        self.root.join("explorers.json")
    }

    /// What explorers were told.
    #[must_use]
    pub fn request_log_path(&self) -> PathBuf {
        self.root.join("requests.log")
    }

    /// The settings.
    #[must_use]
    pub fn config_path(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// Takes the right to pay from this home, waiting for it as long as `patience`.
    ///
    /// # Errors
    /// Another fastness holds it, or the system refuses.
    pub fn lock(&self, patience: Duration) -> Result<Lock, StoreError> {
        Lock::acquire_within(&self.root.join("home.lock"), patience)
    }

    /// Takes the right to tell the events of one account, named by its number in the ledger; without it two watchers
    /// would tell each event twice. Waits for it as long as `patience`.
    ///
    /// # Errors
    /// Another fastness holds it, or the system refuses.
    pub fn watch_lock(&self, account: i64, patience: Duration) -> Result<Lock, StoreError> {
        Lock::acquire_within(&self.root.join(format!("watch-{account}.lock")), patience)
    }

    /// The names of all wallets, sorted. Files with other names are not wallets and are left alone.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn wallets(&self) -> Result<Vec<WalletName>, StoreError> {
        let path = self.wallets_path();
        let entries = fs::read_dir(&path).map_err(|reason| system("list", &path, reason))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|reason| system("list", &path, reason))?;
            let file_name = entry.file_name();
            let name = file_name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            names.extend(name.and_then(|name| name.parse().ok()));
        }
        names.sort();
        Ok(names)
    }
}

/// Where the home directory is or would be; nothing is made, and nothing is judged.
///
/// # Errors
/// Nothing says where files belong.
pub fn locate_home(given: Option<&Path>) -> Result<PathBuf, StoreError> {
    choose(given, std::env::var_os(VARIABLE))
}

/// The first of: the option, the environment variable, the platform's own place.
fn choose(given: Option<&Path>, variable: Option<OsString>) -> Result<PathBuf, StoreError> {
    if let Some(path) = given {
        return Ok(path.to_owned());
    }
    if let Some(path) = variable.filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let places = directories::ProjectDirs::from("", "", "fastness").ok_or(StoreError::NoHome)?;
    Ok(places.data_dir().to_owned())
}

/// Makes the directory 0700 from birth when it is missing, then requires it to be a directory of ours, closed to others.
fn ensure_private_directory(path: &Path) -> Result<(), StoreError> {
    make_durably(path)?;
    let stat = lstat(path).map_err(|reason| system("examine", path, reason))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => check_ours(path, &stat, "700"),
        other => Err(StoreError::WrongKind { path: shown(path), found: kind_name(other), wanted: "a directory" }),
    }
}

/// Makes the missing folders from the outermost to this one, and flushes the folder that each was made in.
fn make_durably(path: &Path) -> Result<(), StoreError> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists()).collect();
    for folder in missing.into_iter().rev() {
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(reason) if !folder.exists() => return Err(system("make", folder, reason)),
            _ => {}
        }
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_directory(parent.unwrap_or_else(|| Path::new(".")))?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "home_tests.rs"]
mod tests;
