//! The CLI's part of a payment on Ethereum: words into requests, reviews on a page, agreement, and the sealed child.
//!
//! The commands call it; it decides nothing about money or keys. The library's modules do.

pub(crate) mod agreement;
pub(crate) mod args;
pub(crate) mod evidence;
pub(crate) mod export;
pub(crate) mod fee_choice;
pub(crate) mod history;
mod history_books;
pub(crate) mod inspected;
pub(crate) mod lookup;
mod paid_list;
pub(crate) mod payment;
pub(crate) mod payment_list;
pub(crate) mod place;
pub(crate) mod raw_call;
pub(crate) mod receive;
pub(crate) mod replaces;
pub(crate) mod replacing;
pub(crate) mod report;
pub(crate) mod review_page;
pub(crate) mod session;
pub(crate) mod signer;
pub(crate) mod token_balances;
pub(crate) mod transaction;
pub(crate) mod verified_message;
pub(crate) mod views;
