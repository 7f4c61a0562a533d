//! The house of fastness. Rooms, in the order in which doors open (a room may use only what stands above it):
//!
//! - words, without I/O or secrets: [`amount`], [`network`], [`address`], [`account`], [`intent`], [`signing`], [`text`], [`explain`]
//! - files: [`store`] (private files, the home directory), [`ledger`] (what is known without any key), [`seal`] (a process
//!   that gave up its powers)
//! - twins that never import each other: [`chain`] (planning and reviewing, without keys)
//! - the only window: [`explorer`] (questions to public explorers, and claims that come back)
//!
//! `tests/house.rs` holds the table of who may import whom.

pub mod account;
pub mod address;
pub mod amount;
pub mod chain;
pub mod explain;
pub mod explorer;
pub mod flow;
pub mod intent;
pub mod ledger;
pub mod network;
pub mod seal;
pub mod signing;
pub mod store;
pub mod text;
