//! How a person reads a review: every output with its whole address, what comes back, the fee three ways, the rules.

use crate::cli::{
    heading::{Heading, write_payee},
    page::{Page, Tone},
};
use std::cmp::Reverse;

use fastness::{
    amount::{Amount, sat_text},
    review::{AmountProof, Locktime, Review, ReviewedOutput, Role},
};

/// Recipients that a person reads one by one.
const READ_WHOLE: usize = 20;

/// Which recipients are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recipients {
    /// Of more than twenty the twenty largest, and what the others get together.
    Largest,
    /// Every one.
    All,
}

impl Recipients {
    /// How many are left out of a review.
    pub(crate) fn left_out(self, review: &Review) -> usize {
        match self {
            Self::Largest => review.payments().count().saturating_sub(READ_WHOLE),
            Self::All => 0,
        }
    }
}

/// Writes a review.
pub(crate) fn write(review: &Review, heading: &Heading, recipients: Recipients, page: &mut Page) {
    // What is no terminal has room for everybody.
    let recipients = if page.is_plain() { Recipients::All } else { recipients };
    page.heading("Review", &format!("{} · {} · draft {}", review.network, heading.subject, review.draft_name()));
    page.blank();
    write_payments(review, heading, recipients, page);
    // The place of the change within the transaction is random on purpose.
    for role in [Role::Memo, Role::Own, Role::Change] {
        let outputs = review.outputs.iter().filter(|output| output.role == role);
        outputs.for_each(|output| write_output(output, heading, page));
    }
    write_fee(review, page);
    write_total(review, heading, page);
    write_coins(review, page);
    page.field("Rules", &rules(review));
    for warning in &review.warnings {
        page.toned_field("Warning", (Tone::Claimed, &warning.text));
    }
    if let Some(claimed) = &heading.claimed {
        page.toned_field("Claimed", (Tone::Claimed, claimed));
    }
    match (recipients.left_out(review), review.complete()) {
        (0, Some(proof)) => page.nothing_else(proof),
        (0, None) => {}
        _ => {
            page.blank();
            page.toned(Tone::Claimed, "  Not every recipient is shown here; everything else in it is.");
        }
    }
}

/// What leaves for others. Where there are more than a person reads, those that pass for a known address come first, then the
/// largest; of the others the sum, the least and the most are told.
fn write_payments(review: &Review, heading: &Heading, recipients: Recipients, page: &mut Page) {
    let mut payments: Vec<&ReviewedOutput> = review.payments().collect();
    let left_out = recipients.left_out(review);
    if left_out > 0 {
        let known = |output: &ReviewedOutput| output.address.as_deref().and_then(|to| heading.payee(to));
        let is_odd = |output: &ReviewedOutput| known(output).is_some_and(|payee| payee.looks_like.is_some());
        payments
            .sort_by_key(|output| (!is_odd(output) && output.beyond_search.is_none(), Reverse(output.amount.smallest)));
    }
    let others = payments.split_off(payments.len() - left_out);
    payments.into_iter().for_each(|output| write_output(output, heading, page));
    let amounts: Vec<u128> = others.iter().map(|output| output.amount.smallest).collect();
    if let (Some(least), Some(most)) = (amounts.iter().min(), amounts.iter().max()) {
        let amount = |smallest: u128| Amount { smallest, ..review.paid };
        let sum = amounts.iter().fold(0u128, |sum, one| sum.saturating_add(*one));
        let (sum, least, most) = (amount(sum), amount(*least), amount(*most));
        page.toned_field("And", (Tone::Claimed, &format!("{left_out} others: {sum} together, {least} to {most} each")));
    }
}

/// What leaves in all, for how many, and what is left.
fn write_total(review: &Review, heading: &Heading, page: &mut Page) {
    let Some(fee) = review.fee else { return };
    let total = Amount { smallest: review.paid.smallest.saturating_add(fee.smallest), ..review.paid };
    let whom = match review.payments().count() {
        0 => "nobody else: only the fee leaves".to_owned(),
        1 => "1 recipient, fee counted".to_owned(),
        several => format!("{several} recipients, fee counted"),
    };
    let remains = heading.remains.map_or_else(String::new, |remains| format!("; {remains} remain"));
    page.field("In all", &format!("{total} for {whom}{remains}"));
}

fn write_output(output: &ReviewedOutput, heading: &Heading, page: &mut Page) {
    let name = match output.role {
        Role::Pay => "Pay",
        Role::Change => "Change",
        Role::Own => "To self",
        Role::Memo => "Memo",
    };
    if let Some(memo) = &output.memo {
        // Its own quotes are told apart from the one that ends it.
        let memo = memo.as_str().replace('"', "\\\"");
        return page.field(name, &format!("\"{memo}\" (public for ever, carries no money)"));
    }
    let address =
        output.address.as_deref().map_or_else(|| format!("script {}", output.script), |address| page.grouped(address));
    page.field(name, &format!("{}   {address}", output.amount));
    let payee = output.address.as_deref().filter(|_| output.role == Role::Pay).and_then(|to| heading.payee(to));
    if let Some(payee) = payee {
        write_payee(payee, page);
    }
    if let Some(path) = &output.path {
        page.toned_field("", (Tone::Proven, &format!("yours: {path}, re-derived")));
    }
    if let Some(path) = &output.beyond_search {
        let text = format!("your keys derive it at {path}, where no search looks: a restored wallet would not find it");
        page.toned_field("Stop", (Tone::Stop, &text));
    }
}

fn write_fee(review: &Review, page: &mut Page) {
    let (Some(fee), Some(rate)) = (review.fee, review.fee_rate) else {
        return page.toned_field("Fee", (Tone::Stop, "unknown: not every amount is proven"));
    };
    let share = review.fee_basis_points.map_or_else(String::new, |points| match points {
        0 => ", less than 0.01% of the payment".to_owned(),
        _ => format!(", {}.{:02}% of the payment", points / 100, points % 100),
    });
    page.field("Fee", &format!("{}   {rate}{share}", fee.to_sat().map_or_else(|| fee.to_string(), sat_text)));
}

fn write_coins(review: &Review, page: &mut Page) {
    let total = review
        .inputs
        .iter()
        .filter_map(|input| input.amount)
        .fold(0u128, |sum, amount| sum.saturating_add(amount.smallest));
    let total = Amount { asset: review.network.asset(), smallest: total };
    let count = review.inputs.len();
    let coins = if count == 1 { "1 coin".to_owned() } else { format!("{count} coins") };
    let unproven = review.inputs.iter().filter(|input| input.proof == AmountProof::Unproven).count();
    let (tone, proof) = match unproven {
        0 if review.inputs.iter().all(|input| input.proof == AmountProof::PreviousTransaction) => {
            (Tone::Proven, "amounts proven from their transactions")
        }
        0 => (Tone::Proven, "amounts committed to by the signatures"),
        _ => (Tone::Stop, "amounts not proven"),
    };
    page.toned_field("Coins", (tone, &format!("{total}   {coins}, {proof}")));
}

fn rules(review: &Review) -> String {
    let replaceable = if review.replaceable { "replaceable" } else { "not marked replaceable" };
    format!("{replaceable} · {} · {}", locktime_words(&review.locktime), review.sighash)
}

/// When a transaction may be mined, in words.
pub(crate) fn locktime_words(locktime: &Locktime) -> String {
    match locktime {
        Locktime::None => "no locktime".to_owned(),
        Locktime::AfterHeight { height } => format!("not before block {}", height.saturating_add(1)),
        Locktime::AfterTime { date, .. } => format!("not before {date}"),
    }
}
