//! What commands of Bitcoin's family share: words into requests, drafts, agreement, delivery, and their pages.
//!
//! No command is here, and nothing of the other family.

pub(crate) mod agreement;
pub(crate) mod coin_choice;
pub(crate) mod delivery;
pub(crate) mod depth;
pub(crate) mod drafting;
pub(crate) mod export;
pub(crate) mod fee_choice;
pub(crate) mod net_amount;
pub(crate) mod outpoint;
pub(crate) mod payment;
pub(crate) mod raw_transaction;
pub(crate) mod refresh;
pub(crate) mod report;
pub(crate) mod review_page;
pub(crate) mod sync_news;
pub(crate) mod total;
