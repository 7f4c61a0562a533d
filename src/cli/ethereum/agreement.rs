//! How agreement to an Ethereum review is given: by typing what is moved at the terminal, or by limits stated beforehand.

use super::review_page::ReviewPage;
use crate::cli::context::{Assent, Context};
use fastness::{
    explain::Failure,
    flow::{FlowError, PayeeSource, ethereum::EvmLimits},
};

const FLAG: &str = "--yes with --max-fee, --expect-to or --approve";

/// Shows a review and gets agreement to it, in the way the options say. Limits and consents hold either way.
pub(crate) fn agree(context: &Context, limits: &EvmLimits, shown: ReviewPage<'_>) -> Result<(), Failure> {
    let review = shown.review;
    if context.consent() == Assent::Given || limits.approve.is_some() {
        return limits.agree(review, PayeeSource::File);
    }
    context.ui.show_page(FLAG, |page| shown.write(page))?;
    limits.check(review)?;
    let amount = review.moved.as_ref().filter(|moved| !moved.value.is_zero()).map(fastness::amount::Units::plain);
    let question = match &amount {
        Some(amount) => format!("Type the amount to agree ({amount}), anything else to decline: "),
        None => "Type yes to agree, anything else to decline: ".to_owned(),
    };
    let typed = context.ui.ask(&question, FLAG)?;
    let agreed = match review.moved.as_ref().filter(|_| amount.is_some()) {
        Some(moved) => moved.is_typed_as(&typed),
        None => typed.trim() == "yes",
    };
    if agreed { Ok(()) } else { Err(FlowError::Declined.into()) }
}
