//! Ethereum stories: the program against anvil, a real node's code on loopback, started anew for each story.

mod airgap;
mod books;
mod contracts;
mod cross_check;
mod foreseen;
mod history;
mod hostile;
mod killed;
mod messages;
mod names;
pub mod node;
mod odd_nodes;
mod one_word;
mod payment_list;
mod payments;
mod privacy;
mod proxy;
mod relay;
#[path = "../../ethereum/rpc.rs"]
mod rpc;
mod scripting;
mod trouble;
mod uris;
