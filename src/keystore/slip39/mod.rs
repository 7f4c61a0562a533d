//! Shamir backups (SLIP-0039): a master secret as shares of words, any sufficient number of which give it back.
//!
//! The master secret is bytes; a caller decides whether they are the entropy of a phrase or a seed (BIP-32). Nothing typed
//! is corrected, and nothing is written or shown here: words leave through [`Share::words`] for the screen only.

mod checksum;
mod cipher;
mod error;
mod field;
mod groups;
mod join;
mod missing;
mod plan;
mod shamir;
mod share;
mod split;
mod words;

pub use error::{CATALOGUE, Slip39Error};
pub use join::{join, sufficient};
pub use missing::{BegunGroup, Missing, missing};
pub use plan::{GroupPlan, SplitPlan};
pub use share::Share;
pub use split::split;

#[cfg(test)]
mod samples;
