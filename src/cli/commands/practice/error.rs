//! What can go wrong while practising: no chain to talk to, or a tour whose promise did not come true.
//!
//! Words only. A failing command inside the tour keeps its own code and is not listed here.

use std::path::PathBuf;

use crate::cli::cli_error::entries;
use fastness::{
    explain::{Entry, Explain, Kind},
    text::SafeText,
};

/// Errors of practising.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PracticeCliError {
    /// No server listens there.
    #[error("no practice chain runs at {0}")]
    NoServer(SafeText),
    /// Practice orders go to this computer only.
    #[error("`{0}` is not an http address on this computer")]
    NotHere(SafeText),
    /// Something answers, but no practice chain.
    #[error("what answers at {0} is not a practice chain")]
    NotPractice(SafeText),
    /// The chain said no, in its own words.
    #[error("the practice chain refused: {0}")]
    Refused(SafeText),
    /// The connection ended between order and answer.
    #[error("the connection to {0} ended before the answer; the order may have been carried out")]
    Interrupted(SafeText),
    /// A folder or file of the tour cannot be made.
    #[error("cannot make `{}`: {cause}", path.display())]
    Folder {
        /// What was to be made.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A command of the tour ended badly without saying why in a known way.
    #[error("the tour's `{command}` failed: {why}")]
    Step {
        /// The command as a person types it.
        command: String,
        /// How it ended.
        why: String,
    },
    /// The copy is another wallet.
    #[error("the restored copy has fingerprint {copy}, the wallet {original}")]
    Fingerprint {
        /// Of the wallet that was made.
        original: String,
        /// Of the copy restored from its words.
        copy: String,
    },
    /// Money is missing or too much.
    #[error("{whose} holds {found} sat where {expected} sat were expected")]
    Balance {
        /// The wallet or the shop.
        whose: &'static str,
        /// In satoshi.
        expected: u64,
        /// In satoshi.
        found: String,
    },
    /// Sent, and not in the chain's mempool.
    #[error("the payment {0} does not wait in the practice chain's mempool")]
    NotWaiting(String),
    /// Mined, and not in a block.
    #[error("the payment {0} has no confirmation")]
    NotConfirmed(String),
    /// The fee was raised, and the old payment is still there.
    #[error("the payment {0} was not replaced")]
    NotReplaced(String),
}

entries! {
    NO_SERVER = "practice.no_server", Network, "Start it with `fastness practice serve`, in another terminal";
    NOT_HERE = "practice.not_here", Usage, "Name the practice chain with --port, or leave --explorer away";
    NOT_PRACTICE = "practice.not_practice", Usage, "Name the practice chain's port with --port; `fastness practice serve` prints it";
    CHAIN_REFUSED = "practice.chain_refused", Refused, "Change the order; `fastness practice --help` lists them";
    INTERRUPTED = "practice.interrupted", Unknown, "Look whether it was done, with `fastness sync` and `fastness history`";
    FOLDER = "practice.folder", Refused, "Check the folder's permissions and the free space, or name another home with --home";
    STEP = "practice.step", Verification, "Run that command by hand to see what happens, and please report this";
    FINGERPRINT = "practice.tour_fingerprint", Verification, "Please report this: the words did not bring the same wallet back";
    BALANCE = "practice.tour_balance", Verification, "Please report this: the sums of the tour are known beforehand";
    NOT_WAITING = "practice.tour_not_waiting", Verification, "Please report this: what was sent has to wait for a block";
    NOT_CONFIRMED = "practice.tour_not_confirmed", Verification, "Please report this: a block was mined for the payment";
    NOT_REPLACED = "practice.tour_not_replaced", Verification, "Please report this: only one of two payments may remain";
}

impl Explain for PracticeCliError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::NoServer(_) => NO_SERVER,
            Self::NotHere(_) => NOT_HERE,
            Self::NotPractice(_) => NOT_PRACTICE,
            Self::Refused(_) => CHAIN_REFUSED,
            Self::Interrupted(_) => INTERRUPTED,
            Self::Folder { .. } => FOLDER,
            Self::Step { .. } => STEP,
            Self::Fingerprint { .. } => FINGERPRINT,
            Self::Balance { .. } => BALANCE,
            Self::NotWaiting(_) => NOT_WAITING,
            Self::NotConfirmed(_) => NOT_CONFIRMED,
            Self::NotReplaced(_) => NOT_REPLACED,
        }
    }
}
