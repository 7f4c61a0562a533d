//! The house of fastness. Rooms, in the order in which doors open (a room may use only what stands above it):
//!
//! - words, without I/O or secrets: [`amount`], [`network`], [`account`], [`signing`], [`text`], [`explain`]
//! - `practice`: an embedded regtest chain with its own Esplora server on loopback (feature `practice`)
//!
//! `tests/house.rs` holds the table of who may import whom.

pub mod amount;
pub mod explain;
pub mod network;
#[cfg(feature = "practice")]
pub mod practice;
pub mod signing;
pub mod text;
