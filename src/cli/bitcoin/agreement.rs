//! How agreement to a review is given: by typing the amount at the terminal, or by limits stated beforehand.

use super::review_page;
use crate::cli::{
    context::{Assent, Context},
    heading::Heading,
};
use fastness::{
    explain::Failure,
    flow::{FlowError, PayeeSource, bitcoin::Limits},
    review::Review,
};

/// What is asked about.
pub(crate) struct AgreementRequest<'a> {
    /// The limits that were stated.
    pub(crate) limits: &'a Limits,
    /// Where payee and amount come from.
    pub(crate) origin: PayeeSource,
    /// The owner of it.
    pub(crate) heading: Heading,
}

/// Shows a review and gets agreement to it, in the way the options say.
pub(crate) fn agree(context: &Context, asked: &AgreementRequest<'_>, review: &Review) -> Result<(), Failure> {
    let limits = asked.limits;
    if context.consent() == Assent::Given || limits.approve.is_some() {
        return limits.agree(review, asked.origin);
    }
    limits.check(review)?;
    const FLAG: &str = "--yes with --max-fee, --expect-to or --approve";
    context.ui.show_page(FLAG, |page| review_page::write(review, &asked.heading, page))?;
    let amount = to_type(review);
    let question = match &amount {
        Some(amount) => format!("Type the amount to agree ({amount}), anything else to decline: "),
        None => "Nothing leaves your wallet but the fee. Type yes to agree, anything else to decline: ".to_owned(),
    };
    let typed = context.ui.ask(&question, FLAG)?;
    let expected = amount.as_deref().unwrap_or("yes");
    if typed.trim().trim_end_matches("btc").trim_end() == expected { Ok(()) } else { Err(FlowError::Declined.into()) }
}

/// The paid amount as a person types it: plain decimals without trailing zeros.
fn to_type(review: &Review) -> Option<String> {
    let decimals = review.paid.asset.decimals() as usize;
    if review.paid.smallest == 0 {
        return None;
    }
    let digits = format!("{:0>width$}", review.paid.smallest, width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    Some(format!("{whole}.{fraction}").trim_end_matches('0').trim_end_matches('.').to_owned())
}
