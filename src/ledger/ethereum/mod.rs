//! The rows of Ethereum accounts: addresses, the outbox with its nonces, tokens that were added.
//!
//! It decides nothing about what is paid.

mod accounts;
mod outbox;
#[cfg(test)]
mod tests;
mod tokens;

pub use self::{
    accounts::EvmAccountRow,
    outbox::{EvmWho, Holder, OutboxReceipt, OutboxRow, OutboxState, Reservation},
    tokens::AddedToken,
};
