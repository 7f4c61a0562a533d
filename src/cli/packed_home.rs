//! A whole home in one file: its wallet files, a snapshot of its ledger and its settings, sealed under a password.
//!
//! What is packed is what `backup file` read; what is unpacked is judged before the first byte of it is written, and a home that
//! has something else is left alone.

use std::path::{Path, PathBuf};

use fastness::{
    explain::Failure,
    keystore::{SecretBytes, check_wallet_file},
    ledger::Ledger,
    store::{Home, StoreError, WalletName, WriteRule, atomic_write, read_private},
    text::SafeText,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::wallet_error::WalletError;

/// Most bytes of a ledger or of a backup: a million transactions.
pub(crate) const MAX_BYTES: u64 = 1 << 30;
/// Most bytes of a wallet file, and of the settings.
const MAX_SMALL: u64 = 1 << 20;
/// Names inside a backup.
const LEDGER: &str = "ledger.db";
const CONFIG: &str = "config.toml";
/// How a database begins (SQLite, "Database File Format").
const DATABASE: &[u8] = b"SQLite format 3\0";
const WALLETS: &str = "wallets/";
const KEYSTORE: &str = ".keystore";

/// A file of a home.
pub(crate) struct PackedFile {
    /// Its place in the home.
    name: String,
    bytes: Zeroizing<Vec<u8>>,
}

/// The files of a home.
pub(crate) struct PackedHome(Vec<PackedFile>);

/// The first line of what is sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// Names and sizes of the files that follow.
    files: Vec<(String, usize)>,
}

impl PackedHome {
    /// What a home has, keys included or left out.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(crate) fn of(home: &Home, ledger: &Ledger, wallets: &[WalletName]) -> Result<Self, Failure> {
        let mut files = Vec::new();
        for wallet in wallets {
            let bytes = read_private(&home.keystore_path(wallet), MAX_SMALL)?;
            files.push(PackedFile { name: format!("{WALLETS}{wallet}{KEYSTORE}"), bytes: bytes.into() });
        }
        let snapshot = ledger.snapshot(&home.snapshot_path())?;
        files.push(PackedFile { name: LEDGER.to_owned(), bytes: snapshot.into() });
        if home.config_path().exists() {
            let bytes = read_private(&home.config_path(), MAX_SMALL)?;
            files.push(PackedFile { name: CONFIG.to_owned(), bytes: bytes.into() });
        }
        Ok(Self(files))
    }

    /// The bytes that are sealed: a line of JSON, then the files one after the other.
    pub(crate) fn to_bytes(&self) -> Result<SecretBytes, Failure> {
        let files = self.0.iter().map(|file| (file.name.clone(), file.bytes.len())).collect();
        let line = serde_json::to_vec(&Contents { files }).map_err(|_| super::CliError::Unprintable)?;
        let size: usize = self.0.iter().map(|file| file.bytes.len()).sum();
        let mut bytes = Vec::with_capacity(line.len() + 1 + size);
        bytes.extend_from_slice(&line);
        bytes.push(b'\n');
        self.0.iter().for_each(|file| bytes.extend_from_slice(&file.bytes));
        Ok(SecretBytes::new(bytes))
    }

    /// The files of a backup that was opened. Each is at a place that a home has, and once; a wallet file reads as one.
    ///
    /// # Errors
    /// It is not so.
    pub(crate) fn read(plain: &SecretBytes) -> Result<Self, Failure> {
        let damaged = || WalletError::OtherContent;
        let bytes = plain.as_bytes();
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(damaged)?;
        let (line, rest) = bytes.split_at_checked(end).ok_or_else(damaged)?;
        let contents: Contents = serde_json::from_slice(line).map_err(|_| damaged())?;
        let mut rest = rest.get(1..).ok_or_else(damaged)?;
        let mut files: Vec<PackedFile> = Vec::new();
        for (name, size) in contents.files {
            let (content, after) = rest.split_at_checked(size).ok_or_else(damaged)?;
            rest = after;
            if files.iter().any(|file| file.name == name) || !is_of_a_home(&name) {
                return Err(damaged().into());
            }
            if name.ends_with(KEYSTORE) {
                check_wallet_file(content)?;
            }
            if name == LEDGER && !content.starts_with(DATABASE) {
                return Err(damaged().into());
            }
            files.push(PackedFile { name, bytes: content.to_vec().into() });
        }
        let is_whole = rest.is_empty() && files.iter().any(|file| file.name == LEDGER);
        if is_whole { Ok(Self(files)) } else { Err(damaged().into()) }
    }

    /// Puts the files into a home that has none of them, or the same. The ledger comes last: with it the home is whole.
    ///
    /// # Errors
    /// The home has something else, and then nothing was written; or the disk fails.
    pub(crate) fn write(&self, home: &Home) -> Result<(), Failure> {
        let in_use = || WalletError::HomeInUse(home.root().display().to_string());
        if self.leaves_something(home)? {
            return Err(in_use().into());
        }
        let mut missing = Vec::new();
        for file in &self.0 {
            let path = home.root().join(&file.name);
            match read_private(&path, MAX_BYTES) {
                Ok(found) if found == *file.bytes => {}
                Ok(_) => return Err(in_use().into()),
                Err(StoreError::Missing { .. }) => missing.push((path, file)),
                Err(error) => return Err(error.into()),
            }
        }
        missing.sort_by_key(|(_, file)| file.name == LEDGER);
        for (path, file) in missing {
            atomic_write(&path, &file.bytes, WriteRule::New)?;
        }
        Ok(())
    }

    /// Whether a home has something that the backup has not: a wallet, settings, or the log of a ledger that is gone.
    fn leaves_something(&self, home: &Home) -> Result<bool, Failure> {
        let ours = self.wallets();
        let is_foreign = |wallet: &WalletName| !ours.iter().any(|name| name == wallet.as_str());
        let has_config = home.config_path().exists() && !self.0.iter().any(|file| file.name == CONFIG);
        let has_log = !home.ledger_path().exists()
            && ["-wal", "-shm", "-journal"].iter().any(|end| home.root().join(format!("{LEDGER}{end}")).exists());
        Ok(home.wallets()?.iter().any(is_foreign) || has_config || has_log)
    }

    /// Whether the settings are in it.
    pub(crate) fn has_config(&self) -> bool {
        self.0.iter().any(|file| file.name == CONFIG)
    }

    /// The wallets whose files are in it.
    pub(crate) fn wallets(&self) -> Vec<String> {
        let names = self.0.iter().filter_map(|file| file.name.strip_prefix(WALLETS)?.strip_suffix(KEYSTORE));
        names.map(str::to_owned).collect()
    }
}

/// Whether a name is one of the places of a home, and no other.
fn is_of_a_home(name: &str) -> bool {
    let wallet = name.strip_prefix(WALLETS).and_then(|name| name.strip_suffix(KEYSTORE));
    name == LEDGER || name == CONFIG || wallet.is_some_and(|wallet| wallet.parse::<WalletName>().is_ok())
}

/// The folder that a file is written in, for a sealed process.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A path as it is printed.
pub(crate) fn shown(path: &Path) -> SafeText {
    SafeText::new(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(files: &[(&str, &[u8])]) -> Result<PackedHome, Failure> {
        let files =
            files.iter().map(|(name, bytes)| PackedFile { name: (*name).to_owned(), bytes: bytes.to_vec().into() });
        PackedHome::read(&PackedHome(files.collect()).to_bytes().unwrap())
    }

    #[test]
    fn what_was_packed_is_read_and_nothing_outside_a_home() {
        let home = packed(&[(LEDGER, DATABASE), (CONFIG, b"")]).unwrap();
        assert_eq!(home.0.iter().map(|file| file.bytes.as_slice()).collect::<Vec<_>>(), [DATABASE, b""]);
        assert!(packed(&[(CONFIG, b"")]).is_err() && packed(&[]).is_err(), "no ledger");
        assert!(packed(&[(LEDGER, b"rows")]).is_err(), "no database");
        for name in
            ["../x", "/etc/passwd", "wallets/../x.keystore", "wallets/.keystore", "explorers.json", "wallets/a", ""]
        {
            assert!(packed(&[(LEDGER, DATABASE), (name, b"x")]).is_err(), "{name}");
        }
        assert!(packed(&[(LEDGER, DATABASE), (LEDGER, DATABASE)]).is_err(), "a file twice");
        assert!(packed(&[(LEDGER, DATABASE), ("wallets/main.keystore", b"no wallet")]).is_err());
        for bytes in
            [&b""[..], b"{}", b"{\"files\":[[\"ledger.db\",5]]}\nrows", b"{\"files\":[[\"ledger.db\",3]]}\nrows"]
        {
            assert!(PackedHome::read(&SecretBytes::new(bytes.to_vec())).is_err());
        }
    }
}
