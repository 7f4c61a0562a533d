//! The house of fastness. Rooms, in the order in which doors open (a room may use only what stands above it):
//!
//! - words, without I/O or secrets: [`amount`], [`network`], [`account`], [`signing`], [`text`], [`explain`]
//! - files and the sealed process: [`store`], [`seal`]
//! - secrets: [`keystore`]
//!
//! `tests/house.rs` holds the table of who may import whom.

pub mod amount;
pub mod explain;
pub mod keystore;
pub mod network;
pub mod seal;
pub mod signing;
pub mod store;
pub mod text;
