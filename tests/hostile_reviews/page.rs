//! The page that a person sees, as the program writes it for a terminal of 80 columns.

use crate::cli::{
    ethereum::review_page::{self, ReviewPage},
    heading::Heading,
    page::{Medium, Page},
};
use fastness::{chain::ethereum::message::MessageReview, flow::ethereum::EvmContext, review::EvmReview};

const COLUMNS: usize = 80;

/// The review of a transaction.
pub(crate) fn of_transaction(review: &EvmReview) -> String {
    let mut page = Page::new(Medium::Terminal(COLUMNS));
    let (heading, context) = (Heading::of("main/ethereum-0".to_owned()), EvmContext::default());
    ReviewPage { review, heading: &heading, context: &context }.write(&mut page);
    console::strip_ansi_codes(&page.into_text()).into_owned()
}

/// The review of a message: its sentence and its tree.
pub(crate) fn of_message(review: &MessageReview) -> String {
    let mut page = Page::new(Medium::Terminal(COLUMNS));
    page.field("Means", review.sentence.as_str());
    review_page::write_tree(&review.tree, &mut page);
    console::strip_ansi_codes(&page.into_text()).into_owned()
}
