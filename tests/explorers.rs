//! Explorers as they may be: of every make, broken, drowned, lying. What the program makes of them, and what it must not.
//!
//! No test touches an outside network: every explorer is a server on loopback over the practice chain. Long forms:
//! `FASTNESS_SCHEDULES=10000` for more fault schedules than the usual five hundred, `FASTNESS_BEHAVIOURS=all` for every
//! command against every hostile server.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation
)]

#[path = "explorers/behave.rs"]
mod behave;
#[path = "explorers/behaviours.rs"]
mod behaviours;
#[path = "explorers/counts.rs"]
mod counts;
#[path = "explorers/electrumx.rs"]
mod electrumx;
#[path = "explorers/forged.rs"]
mod forged;
#[path = "explorers/full_lists.rs"]
mod full_lists;
#[path = "stories/harness/mod.rs"]
mod harness;
#[path = "explorers/layer.rs"]
mod layer;
#[path = "explorers/lies.rs"]
mod lies;
#[path = "explorers/makes.rs"]
mod makes;
#[path = "explorers/matrix.rs"]
mod matrix;
#[path = "explorers/personality.rs"]
mod personality;
#[path = "explorers/schedules.rs"]
mod schedules;
#[path = "explorers/shown.rs"]
mod shown;
#[path = "explorers/tellings.rs"]
mod tellings;
#[path = "explorers/tls.rs"]
mod tls;
#[path = "explorers/world.rs"]
mod world;

/// In every text that a hostile server writes: an invitation, and codes that would steer a terminal.
pub const CANARY: &str = "\u{1b}[2J\u{1b}]0;evil.example/UPDATE-NOW\u{7}";

/// The same where control characters would spoil the form, as in headers.
pub const INVITATION: &str = "evil.example/UPDATE-NOW";
