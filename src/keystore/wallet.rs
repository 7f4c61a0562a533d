//! A wallet on disk: made, opened, given another password.
//!
//! A file is proven to open, with the password as typed, before it takes its place; a wrong password never leads to a
//! write; no wallet is ever overwritten by another. What is unlocked is given back as [`Keys`] and wiped when dropped.

use std::path::Path;

use super::{
    Cost, Header, Hexed, Keys, KeystoreError, MasterSecret, Passphrase, PassphraseUse, Password,
    entropy::fresh,
    kdf::Derived,
    sealed_file::{Facts, Plain, SealedFile},
};
use crate::{
    network::NetworkClass,
    seal::Sealed,
    store::{Lock, StoreError, WriteRule, atomic_write, read_private},
    text::SafeText,
};

/// Most bytes of a wallet file; ours have about 3,000.
const MAX_FILE: u64 = 64 * 1024;

/// What to do with the BIP-39 passphrase.
pub enum PassphraseRule {
    /// There is none.
    None,
    /// Ask for it each time; a file without it is not enough to spend.
    Asked(Passphrase),
    /// Keep it in the file beside the words, under the same password.
    Stored(Passphrase),
}

/// A wallet to be written for the first time.
pub struct NewWallet {
    /// What its keys come from.
    pub secret: MasterSecret,
    /// Its passphrase.
    pub passphrase: PassphraseRule,
    /// Real money or test coins.
    pub class: NetworkClass,
    /// What one guess of the password shall cost; [`Cost::DEFAULT`] unless the person says otherwise.
    pub cost: Cost,
}

/// A wallet whose file was opened; its passphrase may still be missing.
pub struct Unlocked {
    header: Header,
    plain: Plain,
}

impl PassphraseRule {
    const fn passphrase(&self) -> Option<&Passphrase> {
        match self {
            Self::None => None,
            Self::Asked(passphrase) | Self::Stored(passphrase) => Some(passphrase),
        }
    }

    const fn in_the_file(&self) -> PassphraseUse {
        match self {
            Self::None => PassphraseUse::None,
            Self::Asked(_) => PassphraseUse::Asked,
            Self::Stored(_) => PassphraseUse::Stored,
        }
    }
}

/// Writes a new wallet file. Before it takes its place, it is opened again with the password and compared.
///
/// # Errors
/// Something exists at `path`; the generator, the disk or a check of our own fails. Then no file was made, but for
/// [`StoreError::Unconfirmed`]: it is there and opens, and the disk did not confirm it.
pub fn create(path: &Path, wallet: NewWallet, password: &Password, sealed: &Sealed) -> Result<Header, KeystoreError> {
    let _lock = Lock::acquire(&lock_path(path))?;
    if path.symlink_metadata().is_ok() {
        return Err(StoreError::Exists { path: SafeText::new(&path.to_string_lossy()) }.into());
    }
    let keys = Keys::from_secret(&wallet.secret, wallet.passphrase.passphrase(), wallet.class, sealed)?;
    let facts = Facts {
        id: Hexed(fresh()?),
        network_class: wallet.class,
        fingerprint: keys.fingerprint(),
        passphrase: wallet.passphrase.in_the_file(),
    };
    let stored = match wallet.passphrase {
        PassphraseRule::Stored(passphrase) => Some(passphrase),
        PassphraseRule::None | PassphraseRule::Asked(_) => None,
    };
    let plain = Plain { secret: wallet.secret, stored };
    let (header, bytes) = write_sealed(facts, &plain, password, wallet.cost)?;
    atomic_write(path, &bytes, WriteRule::New)?;
    Ok(header)
}

/// Reads a wallet's public facts. They are claims until the wallet is unlocked.
///
/// # Errors
/// The file is missing, not private, damaged, newer than this program, or asks for an absurd key derivation.
pub fn read_header(path: &Path) -> Result<Header, KeystoreError> {
    Ok(SealedFile::parse(&read_private(path, MAX_FILE)?)?.header().clone())
}

/// Whether bytes are a wallet file, as far as that can be told without its password.
///
/// # Errors
/// As [`read_header`].
pub fn check_wallet_file(bytes: &[u8]) -> Result<(), KeystoreError> {
    SealedFile::parse(bytes).map(drop)
}

/// Opens a wallet with its password. Takes about a second; the file is only read.
///
/// # Errors
/// As [`read_header`]; and another password, or a file whose content was changed.
pub fn unlock(path: &Path, password: &Password, _sealed: &Sealed) -> Result<Unlocked, KeystoreError> {
    open(&read_private(path, MAX_FILE)?, password)
}

/// Gives the wallet another password: after any crash the old one opens the file or the new one does.
///
/// # Errors
/// As [`unlock`] for the old password, and then nothing was written; or the disk fails, and then the old file stays, but
/// for [`StoreError::Unconfirmed`]: the new password opens it, and the disk did not confirm it.
pub fn change_password(
    path: &Path,
    old: &Password,
    new: &Password,
    cost: Cost,
    _sealed: &Sealed,
) -> Result<Header, KeystoreError> {
    let _lock = Lock::acquire(&lock_path(path))?;
    let Unlocked { header, plain } = open(&read_private(path, MAX_FILE)?, old)?;
    let (header, bytes) = write_sealed(header.facts(), &plain, new, cost)?;
    atomic_write(path, &bytes, WriteRule::Replace)?;
    Ok(header)
}

/// One lock for all wallets of a directory.
fn lock_path(path: &Path) -> std::path::PathBuf {
    path.with_file_name("wallets.lock")
}

fn open(bytes: &[u8], password: &Password) -> Result<Unlocked, KeystoreError> {
    let file = SealedFile::parse(bytes)?;
    let header = file.header().clone();
    let key = Derived::from_password(password, &header.kdf.salt.0, header.cost()?)?;
    let plain = file.open(&key)?;
    Ok(Unlocked { header, plain })
}

/// The bytes of a file with fresh salt and nonce, which were opened again and found to hold the same.
fn write_sealed(
    facts: Facts,
    plain: &Plain,
    password: &Password,
    cost: Cost,
) -> Result<(Header, Vec<u8>), KeystoreError> {
    let header = Header::fresh(facts, &plain.secret, cost)?;
    let key = Derived::from_password(password, &header.kdf.salt.0, cost)?;
    let bytes = SealedFile::seal(header, &key, plain)?.to_bytes()?;
    let again = open(&bytes, password)?;
    let same_passphrase = match (&again.plain.stored, &plain.stored) {
        (None, None) => true,
        (Some(left), Some(right)) => left.same_as(right),
        _ => false,
    };
    if again.plain.secret.same_as(&plain.secret) && same_passphrase {
        Ok((again.header, bytes))
    } else {
        Err(KeystoreError::SelfCheck("the new file holds something else than was put in"))
    }
}

impl Unlocked {
    /// The file's facts, proven by now.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// True if the passphrase has to be asked for.
    #[must_use]
    pub fn needs_passphrase(&self) -> bool {
        self.header.passphrase == PassphraseUse::Asked
    }

    /// What its keys come from.
    #[must_use]
    pub const fn secret(&self) -> &MasterSecret {
        &self.plain.secret
    }

    /// The keys of a wallet with a passphrase that is asked for.
    ///
    /// # Errors
    /// The passphrase makes another wallet than this one.
    pub fn with_passphrase(self, passphrase: &Passphrase, sealed: &Sealed) -> Result<Keys, KeystoreError> {
        self.keys(Some(passphrase), KeystoreError::WrongPassphrase, sealed)
    }

    /// The keys of a wallet without a passphrase, or with one in its file.
    ///
    /// # Errors
    /// The passphrase is missing, or the file's fingerprint is not that of its words.
    pub fn into_keys(self, sealed: &Sealed) -> Result<Keys, KeystoreError> {
        if self.needs_passphrase() {
            return Err(KeystoreError::PassphraseNeeded);
        }
        let damaged = KeystoreError::Damaged("its fingerprint is not that of its words");
        self.keys(self.plain.stored.as_ref(), damaged, sealed)
    }

    fn keys(
        &self,
        passphrase: Option<&Passphrase>,
        other: KeystoreError,
        sealed: &Sealed,
    ) -> Result<Keys, KeystoreError> {
        let keys = Keys::from_secret(&self.plain.secret, passphrase, self.header.network_class, sealed)?;
        if keys.fingerprint() == self.header.fingerprint { Ok(keys) } else { Err(other) }
    }
}

#[cfg(test)]
#[path = "wallet_tests.rs"]
mod tests;
