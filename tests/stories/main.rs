//! Stories: what a person does, from the outside, with the real program against the practice chain. One file a story.
//!
//! No test touches an outside network. Each story has its own home and its own chain.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod harness;

mod accounts;
mod airgap;
mod backups;
mod bad_input;
mod block_rewards;
mod books;
mod children;
mod commands;
mod contacts;
mod core_login;
mod cross_check;
mod error_codes;
mod ethereum;
mod examples;
mod explorer_list;
mod explorer_trouble;
mod families;
mod fees;
mod hostile;
mod old_ledger;
mod ownership;
mod privacy;
mod proxy;
mod read_only;
mod receive;
mod recoveries;
mod replace;
mod restored;
mod scripting;
mod sealed;
mod send;
mod several_explorers;
mod several_keys;
mod sheets;
mod stale_lists;
mod status;
mod sweep;
mod terminal;
mod wallet_names;
mod watch;
mod watch_only;
