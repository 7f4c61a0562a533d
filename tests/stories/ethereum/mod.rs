//! Ethereum stories: the program against anvil, a real node's code on loopback, started anew for each story.

mod airgap;
mod contracts;
mod hostile;
mod node;
mod payments;
mod scripting;
mod trouble;
