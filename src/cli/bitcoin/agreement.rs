//! How agreement to a review is given: by typing the amount at the terminal, or by limits stated beforehand.

use super::review_page::{self, Recipients};
use crate::cli::{
    context::{Assent, Context},
    heading::Heading,
};
use fastness::{
    explain::Failure,
    flow::{
        FlowError, PayeeSource,
        bitcoin::{Limits, Payees},
    },
    review::Review,
};

const FLAG: &str = "--yes with --max-fee, --expect-to or --approve";
/// What is typed to see a list whole.
const SHOW_ALL: &str = "all";

/// What is asked about.
pub(crate) struct AgreementRequest<'a> {
    /// The limits that were stated.
    pub(crate) limits: &'a Limits,
    /// Where payee and amount come from.
    pub(crate) origin: PayeeSource,
    /// What is known of those who are paid.
    pub(crate) payees: &'a Payees,
    /// The owner of it.
    pub(crate) heading: Heading,
}

/// Shows a review and gets agreement to it, in the way the options say.
pub(crate) fn agree(context: &Context, asked: &AgreementRequest<'_>, review: &Review) -> Result<(), Failure> {
    let limits = asked.limits;
    asked.payees.check(review, &limits.unusual)?;
    if context.consent() == Assent::Given || limits.approve.is_some() {
        return limits.agree(review, asked.origin);
    }
    limits.check(review)?;
    show(context, asked, review, Recipients::Largest)?;
    let mut typed = context.ui.ask(&question(review, Recipients::Largest), FLAG)?;
    if typed.trim() == SHOW_ALL && Recipients::Largest.left_out(review) > 0 {
        show(context, asked, review, Recipients::All)?;
        typed = context.ui.ask(&question(review, Recipients::All), FLAG)?;
    }
    let agreed = match review.paid.smallest {
        0 => typed.trim() == "yes",
        _ => review.paid.is_typed_as(&typed),
    };
    if agreed { Ok(()) } else { Err(FlowError::Declined.into()) }
}

fn show(
    context: &Context,
    asked: &AgreementRequest<'_>,
    review: &Review,
    recipients: Recipients,
) -> Result<(), Failure> {
    context.ui.show_page(FLAG, |page| review_page::write(review, &asked.heading, recipients, page))
}

/// What is asked below a review that shows these recipients.
fn question(review: &Review, recipients: Recipients) -> String {
    let all = match recipients.left_out(review) {
        0 => String::new(),
        _ => format!(", {SHOW_ALL} to see every recipient"),
    };
    match to_type(review) {
        Some(amount) => format!("Type the amount to agree ({amount}){all}, anything else to decline: "),
        None => "Nothing leaves your wallet but the fee. Type yes to agree, anything else to decline: ".to_owned(),
    }
}

/// The paid amount as a person types it; nothing where nobody else is paid.
fn to_type(review: &Review) -> Option<String> {
    (review.paid.smallest > 0).then(|| review.paid.plain())
}
