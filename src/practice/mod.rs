//! A real regtest chain in one process, with its own Esplora server on loopback: for the guided tour, for practice by
//! hand, and for the tests. Blocks carry proof of work, scripts are judged by Bitcoin Core's own verification.
//!
//! Must not be used by any other module than cli/ and the tests, must not name a private key (the faucet needs none),
//! and must not listen anywhere but on loopback.

mod admission;
mod chain;
mod coinbase;
mod disk;
mod faucet;
mod index;
mod mempool;
mod merkle;
mod policy;
mod query;
mod reject;
mod replacement;
pub mod server;
mod standard;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::PathBuf};

pub use self::{
    admission::Accepted,
    chain::{Clock, PracticeChain},
    policy::Policy,
    reject::Reject,
    server::Server,
};
use crate::explain::{Entry, Explain, catalogue};

/// Why the practice chain or its server could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PracticeError {
    /// The server was asked to listen where others could reach it.
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    /// The port could not be opened.
    #[error("cannot listen on {address}: {cause}")]
    CannotListen {
        /// Where the server was to listen.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The chain's folder or file could not be read or written.
    #[error("cannot use `{}`: {cause}", path.display())]
    Unusable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Another process has this chain open.
    #[error("the practice chain in `{}` is open elsewhere", .0.display())]
    InUse(PathBuf),
    /// The file is not a practice chain, or bytes inside it have changed.
    #[error("the practice chain in `{}` is damaged at byte {offset}", path.display())]
    Damaged {
        /// The chain's file.
        path: PathBuf,
        /// Where the first bad record begins.
        offset: u64,
    },
    /// A block broke a rule of the chain.
    #[error("the block is not valid: {0}")]
    BadBlock(&'static str),
    /// A reorganisation deeper than the chain.
    #[error("cannot disconnect {depth} blocks of {height}")]
    TooDeep {
        /// Blocks asked for.
        depth: u32,
        /// Blocks above the genesis block.
        height: u32,
    },
    /// The subsidy has run out, or the amount is beyond what the faucet can gather.
    #[error("the faucet cannot gather {sat} sat")]
    FaucetDry {
        /// The amount asked for.
        sat: u64,
    },
    /// The chain's own rules refused the faucet's payment.
    #[error("the faucet's payment was refused: {0}")]
    Refused(Reject),
}

catalogue! {
    NOT_LOOPBACK = "practice.not_loopback", Usage, "Use 127.0.0.1 or [::1]: the practice chain is for this computer only";
    CANNOT_LISTEN = "practice.cannot_listen", Refused, "Choose another port, or 0 for any free one";
    UNUSABLE = "practice.unusable", Refused, "Check the folder's permissions and the free space";
    IN_USE = "practice.in_use", Refused, "Stop the other practice server, or use another folder";
    DAMAGED = "practice.damaged", Verification, "Delete the practice folder and start again: its coins are worth nothing";
    BAD_BLOCK = "practice.bad_block", Bug, "Report this as a bug, and start a new practice chain";
    TOO_DEEP = "practice.too_deep", Usage, "Disconnect no more blocks than there are above the genesis block";
    FAUCET_DRY = "practice.faucet_dry", Refused, "Ask for less, or start a new practice chain";
    REFUSED = "practice.refused", Refused, "Ask for an amount above the dust limit";
}

impl Explain for PracticeError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::NotLoopback(_) => NOT_LOOPBACK,
            Self::CannotListen { .. } => CANNOT_LISTEN,
            Self::Unusable { .. } => UNUSABLE,
            Self::InUse(_) => IN_USE,
            Self::Damaged { .. } => DAMAGED,
            Self::BadBlock(_) => BAD_BLOCK,
            Self::TooDeep { .. } => TOO_DEEP,
            Self::FaucetDry { .. } => FAUCET_DRY,
            Self::Refused(_) => REFUSED,
        }
    }
}
