//! How a person reads a review: every output with its whole address, what comes back, the fee three ways, the rules.

use crate::cli::{
    heading::Heading,
    page::{Page, Tone},
};
use fastness::{
    amount::sat_text,
    review::{AmountProof, Locktime, Review, ReviewedOutput, Role},
};

/// Writes a review.
pub(crate) fn write(review: &Review, heading: &Heading, page: &mut Page) {
    page.heading("Review", &format!("{} · {} · draft {}", review.network, heading.subject, review.draft_name()));
    page.blank();
    let mut outputs: Vec<&ReviewedOutput> = review.outputs.iter().collect();
    // What leaves comes first; the place of the change within the transaction is random on purpose.
    outputs.sort_by_key(|output| {
        [Role::Pay, Role::Memo, Role::Own, Role::Change].iter().position(|role| *role == output.role)
    });
    for output in outputs {
        write_output(output, page);
    }
    write_fee(review, page);
    write_coins(review, page);
    page.field("Rules", &rules(review));
    for warning in &review.warnings {
        page.toned_field("Warning", (Tone::Claimed, &warning.text));
    }
    if let Some(claimed) = &heading.claimed {
        page.toned_field("Claimed", (Tone::Claimed, claimed));
    }
    if let Some(proof) = review.complete() {
        page.nothing_else(proof);
    }
}

fn write_output(output: &ReviewedOutput, page: &mut Page) {
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
    let total = fastness::amount::Amount { asset: review.network.asset(), smallest: total };
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
