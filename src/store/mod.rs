//! The home directory and the files in it: private from birth, written whole or not at all, read only when they are plain.
//!
//! Holds no secret of its own, knows no file's meaning, talks to no network. It never deletes a file that it did not
//! create in the same call.

mod atomic;
mod home;
mod lock;
mod new_file;
mod read;
mod request_log;

pub use atomic::{WriteRule, atomic_write};
pub use home::{Home, WalletName, locate_home};
pub use lock::Lock;
pub use new_file::{EmptyFile, NewFile};
pub use read::{
    KeptSecret, check_private, is_read_only, make_private, read_kept, read_private, read_public, read_secret,
    read_stream,
};
pub use request_log::{LogReading, LoggedRequest, LostLines, RequestLog, forget_log, read_log};

use std::path::Path;

use crate::{
    explain::{Entry, Explain, catalogue},
    text::SafeText,
};

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// A wallet's name has other characters than `a-z`, `0-9`, `_` and `-`, or not 1 to 64 of them.
    #[error("`{0}` is not a wallet name")]
    BadName(SafeText),
    /// Neither `--home`, nor `FASTNESS_HOME`, nor the platform says where files belong.
    #[error("no home directory is known on this system")]
    NoHome,
    /// Others may read or write what must be ours alone.
    #[error("`{path}` is open to others (mode {mode}): run `chmod {fix} {path}`")]
    Loose {
        /// Which file or directory.
        path: SafeText,
        /// Its permission bits, in octal.
        mode: String,
        /// The mode to give it.
        fix: &'static str,
    },
    /// Another user owns it.
    #[error("`{path}` belongs to another user (uid {owner}): run `sudo chown {us} {path}` if it is yours")]
    ForeignOwner {
        /// Which file or directory.
        path: SafeText,
        /// The owner's user id.
        owner: u32,
        /// Ours.
        us: u32,
    },
    /// A symbolic link, a second hard link, a pipe, a device or a directory stands where a plain file belongs.
    #[error("`{path}` is {found}, not {wanted}: {}", mend(found, path))]
    WrongKind {
        /// Which file or directory.
        path: SafeText,
        /// What stands there.
        found: &'static str,
        /// What belongs there.
        wanted: &'static str,
    },
    /// Bigger than any file of its kind.
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge {
        /// Which file.
        path: SafeText,
        /// Most bytes that are read.
        limit: u64,
    },
    /// There is nothing at this path.
    #[error("`{path}` does not exist")]
    Missing {
        /// Which file.
        path: SafeText,
    },
    /// Something is there already, and it is never overwritten.
    #[error("`{path}` exists already")]
    Exists {
        /// Which file.
        path: SafeText,
    },
    /// Another fastness is writing in this home.
    #[error("another fastness is writing: `{path}` is locked")]
    Locked {
        /// The lock file.
        path: SafeText,
    },
    /// What was read back from the disk is not what was written to it.
    #[error("`{path}` reads back differently from what was written")]
    ReadBack {
        /// Which file.
        path: SafeText,
    },
    /// The system refused, and what was at the path before is there unchanged.
    #[error("cannot {action} `{path}`: {reason}; nothing is changed there")]
    NotWritten {
        /// What was tried, as a verb.
        action: &'static str,
        /// Which file.
        path: SafeText,
        /// The system's own words for the error number.
        reason: SafeText,
    },
    /// The new file is in place, and the disk did not say that it is there for good.
    #[error("`{path}` is written and in place, but the disk did not confirm it: {reason}")]
    Unconfirmed {
        /// Which file.
        path: SafeText,
        /// What failed.
        reason: SafeText,
    },
    /// The system refused: disk full, read-only, no permission.
    #[error("cannot {action} `{path}`: {reason}")]
    System {
        /// What was tried, as a verb.
        action: &'static str,
        /// Which file.
        path: SafeText,
        /// The system's own words for the error number.
        reason: SafeText,
    },
}

catalogue! {
    BAD_NAME = "store.bad_name", Usage, "Use 1 to 64 of the characters a-z, 0-9, - and _";
    NO_HOME = "store.no_home", Usage, "Name a directory with --home";
    LOOSE = "store.loose_permissions", Refused, "Run the chmod in the message, and ask who could have read the file until now";
    FOREIGN_OWNER = "store.foreign_owner", Refused, "Run as the owner of the files, or choose another --home";
    WRONG_KIND = "store.wrong_kind", Refused, "Run the command in the message; links and pipes are not followed";
    TOO_LARGE = "store.too_large", Refused, "Check that this is the file you meant";
    MISSING = "store.missing", Usage, "Check the name and its folder; if it was to be a wallet, `fastness wallets` lists them";
    EXISTS = "store.exists", Refused, "Choose another name; nothing is ever overwritten";
    LOCKED = "store.locked", Refused, "Wait until the other fastness has finished, then try again";
    READ_BACK = "store.read_back", Verification, "Do not trust this disk; write to another one";
    SYSTEM = "store.system", Refused, "Check the space and the permissions of that directory";
    NOT_WRITTEN = "store.not_written", Refused, "Check the space and the permissions of that directory, and run it again";
    UNCONFIRMED = "store.unconfirmed", Unknown, "Look at the file, and at the disk; a power cut may bring back what was there before";
}

impl Explain for StoreError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::BadName(_) => BAD_NAME,
            Self::NoHome => NO_HOME,
            Self::Loose { .. } => LOOSE,
            Self::ForeignOwner { .. } => FOREIGN_OWNER,
            Self::WrongKind { .. } => WRONG_KIND,
            Self::TooLarge { .. } => TOO_LARGE,
            Self::Missing { .. } => MISSING,
            Self::Exists { .. } => EXISTS,
            Self::Locked { .. } => LOCKED,
            Self::ReadBack { .. } => READ_BACK,
            Self::NotWritten { .. } => NOT_WRITTEN,
            Self::Unconfirmed { .. } => UNCONFIRMED,
            Self::System { .. } => SYSTEM,
        }
    }
}

impl StoreError {
    /// The same, once it is certain that nothing was changed.
    fn not_written(self) -> Self {
        match self {
            Self::System { action, path, reason } => Self::NotWritten { action, path, reason },
            other => other,
        }
    }

    /// The same, once the new file is in place.
    fn unconfirmed(self, path: &Path) -> Self {
        Self::Unconfirmed { path: shown(path), reason: SafeText::new(&self.to_string()) }
    }
}

/// The command that puts a plain file where something else stands.
fn mend(found: &str, path: &SafeText) -> String {
    match found {
        "a symbolic link" => format!("run `cp --remove-destination \"$(readlink -f {path})\" {path}`"),
        "a file with several hard links" => format!("run `cp -p {path} {path}.new && mv {path}.new {path}`"),
        "a directory" | "a file" => format!("run `mv {path} {path}.old`"),
        _ => format!("run `rm {path}`"),
    }
}

/// A path as it may be printed.
fn shown(path: &Path) -> SafeText {
    SafeText::new(&path.to_string_lossy())
}

/// The error for a system call that failed at `path`; `action` is a verb.
fn system(action: &'static str, path: &Path, reason: impl Into<std::io::Error>) -> StoreError {
    let reason = reason.into();
    match reason.kind() {
        std::io::ErrorKind::NotFound => StoreError::Missing { path: shown(path) },
        _ => StoreError::System { action, path: shown(path), reason: SafeText::new(&reason.to_string()) },
    }
}
