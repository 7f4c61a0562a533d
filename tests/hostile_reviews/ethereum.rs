//! The page of an Ethereum review.

#[path = "../../src/cli/ethereum/review_page.rs"]
pub(crate) mod review_page;
