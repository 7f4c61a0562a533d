//! The network client: connections (transport/), and what is asked of Bitcoin explorers and of EVM nodes.
//!
//! A family never imports the other one, and the transport imports neither.

mod bitcoin;
mod ethereum;
mod transport;

pub use self::{
    bitcoin::Explorer,
    ethereum::{EvmExplorer, EvmIndexer},
};
