//! How a person reads the review of an Ethereum transaction: the sentence first, whole addresses, the fee, the calldata.

use crate::cli::{
    heading::{Heading, write_payee},
    page::{Page, Tone},
};
use alloy_primitives::Address;
use fastness::{
    address::evm_text,
    amount::{Denomination, Units},
    flow::ethereum::{EvmContext, Simulated},
    review::{Certainty, Consent, EvmReview, TreeLine},
    text::SafeText,
};

/// Decimals of wei in gwei.
const GWEI: u8 = 9;

/// The review of a transaction, with what belongs to it on its page.
#[derive(Clone, Copy)]
pub(crate) struct ReviewPage<'a> {
    /// The review.
    pub(crate) review: &'a EvmReview,
    /// What the page is about.
    pub(crate) heading: &'a Heading,
    /// What the planning machine claimed.
    pub(crate) context: &'a EvmContext,
}

impl ReviewPage<'_> {
    /// Writes it.
    pub(crate) fn write(self, page: &mut Page) {
        let Self { review, heading, context } = self;
        page.heading("Review", &format!("{} · {} · draft {}", review.chain, heading.subject, review.draft_name()));
        page.blank();
        write_action(review, heading, page);
        write_fee(review, page);
        page.field("Nonce", &review.nonce.to_string());
        write_calldata(review, page);
        write_extras(review, page);
        for warning in &review.warnings {
            page.toned_field("Warning", (Tone::Claimed, &warning.text));
        }
        for consent in &review.consents {
            page.toned_field("Stop", (Tone::Stop, &consent_text(consent)));
        }
        write_claims(review, heading, context, page);
        if let Some(proof) = review.complete() {
            page.nothing_else(proof);
        }
    }
}

fn write_action(review: &EvmReview, heading: &Heading, page: &mut Page) {
    page.field("Action", review.action.as_str());
    let address = |address| page_address(page, &evm_text(address, review.chain));
    let from = address(review.from);
    let to = review.to.map(address);
    let new = review.creates.map(address).unwrap_or_default();
    page.field("From", &from);
    match to {
        Some(to) if review.data_bytes > 0 => page.field("Contract", &to),
        Some(to) => page.field("To", &to),
        None => page.field("To", &format!("a new contract, at {new}, as sender and nonce say")),
    }
    let known = |address: &Address| heading.payee(&evm_text(*address, review.chain));
    if let Some(payee) = review.to.as_ref().and_then(known) {
        write_payee(payee, page);
    }
    for beneficiary in review.beneficiaries.iter().filter(|address| Some(**address) != review.to) {
        let text = page_address(page, &evm_text(*beneficiary, review.chain));
        // The recipient of what the sentence says; with several, every address that gains by it.
        page.field(if review.beneficiaries.len() == 1 { "To" } else { "Gains" }, &text);
        if let Some(payee) = known(beneficiary) {
            write_payee(payee, page);
        }
    }
    // What a single call moves is in its sentence.
    for leaving in review.leaving.iter().filter(|_| review.moved.is_none()) {
        page.field("Moves", &format!("{} in all (token {})", leaving.amount, evm_text(leaving.token, review.chain)));
    }
    if !review.value.value.is_zero() {
        page.field("Value", &review.value.to_string());
    }
}

fn page_address(page: &Page, text: &str) -> String {
    match text.strip_prefix("0x") {
        Some(digits) => format!("0x{}", page.grouped(digits)),
        None => page.grouped(text),
    }
}

/// Gas prices in gwei, exactly.
fn gwei(wei: u128) -> Units {
    Denomination::new("gwei", GWEI).of(alloy_primitives::U256::from(wei))
}

fn write_fee(review: &EvmReview, page: &mut Page) {
    let fee = &review.fee;
    let tip = fee.tip_per_gas.map_or_else(String::new, |tip| format!(", of it {} as tip", gwei(tip)));
    let beside = fee.beside_gas.as_ref().map_or_else(String::new, |beside| {
        format!(" + about {beside} beside gas, for layer-1 data and the operator, as claimed")
    });
    let gas = format!("gas {} x {}{tip}", fee.gas_limit, gwei(fee.max_fee_per_gas));
    let text = format!("at most {} ({gas}){beside}", fee.worst);
    page.field("Fee", &text);
    if !review.value.value.is_zero() || fee.beside_gas.is_some() {
        page.field("In all", &format!("at most {} leave the account", review.worst_total));
    }
}

fn write_calldata(review: &EvmReview, page: &mut Page) {
    let (Some(digest), false) = (review.calldata_digest, review.calldata.is_empty() && review.data_bytes == 0) else {
        return;
    };
    let sure = match review.certainty {
        Certainty::Known => (Tone::Proven, "defined by its standard"),
        Certainty::Typed => (Tone::Normal, "read by the signature that you typed"),
        Certainty::Guess => (Tone::Claimed, "a guess: other functions can have the same four bytes"),
        Certainty::Unknown => (Tone::Stop, "nobody here can read it"),
    };
    page.toned_field("Calldata", (sure.0, &format!("{} bytes, {}", review.data_bytes, sure.1)));
    write_tree(&review.calldata, page);
    page.field("", &format!("calldata digest {digest} (ERC-8213)"));
}

/// A tree, two columns deeper for each level.
pub(crate) fn write_tree(lines: &[TreeLine], page: &mut Page) {
    for line in lines {
        let indent = "  ".repeat(line.depth.min(12));
        let text = if line.value.as_str().is_empty() {
            line.name.to_string()
        } else {
            format!("{} = {}", line.name, line.value)
        };
        page.field("", &format!("{indent}{text}"));
    }
}

fn write_extras(review: &EvmReview, page: &mut Page) {
    for (place, entry) in review.access_list.iter().enumerate() {
        page.field(if place == 0 { "Access" } else { "" }, entry);
    }
    for authorization in &review.authorizations {
        let who = authorization.authority.map_or_else(|| "somebody's account".to_owned(), |who| who.to_string());
        let text = if authorization.delegate.is_zero() {
            format!("{who} no longer delegates its code (nonce {})", authorization.nonce)
        } else {
            format!("{} runs as {who} from now on (nonce {})", authorization.delegate, authorization.nonce)
        };
        page.toned_field("Delegates", (Tone::Claimed, &text));
    }
    page.field("Type", &format!("{} · to sign {}", review.tx_type.number(), review.signing_hash));
}

/// What has to be agreed to by name, with the flag that does it.
pub(crate) fn consent_text(consent: &Consent) -> String {
    match consent {
        Consent::Blind { digest, why } => format!("{why}; only with --blind {digest}"),
        Consent::Unlimited { spender } => {
            format!("{spender} may take without limit; only with --allow-unlimited {spender}")
        }
        Consent::UnusualDestination { to, why } => format!("{to} is {why}; only with --to-unusual {to}"),
        Consent::NoCode { to } => {
            format!(
                "there is no code at {to} on this chain, as nodes say: right contract, wrong network? Only with --no-code {to}"
            )
        }
        Consent::Fails { to, why } => {
            format!("it would fail, and its fee be lost, as nodes say: {why}; only with --may-fail {to}")
        }
        Consent::Delegation { delegate } => {
            format!("the code of this account becomes that of {delegate}; only with --delegate-to {delegate}")
        }
    }
}

/// What came from the online machine and cannot be checked here.
fn write_claims(review: &EvmReview, heading: &Heading, context: &EvmContext, page: &mut Page) {
    let safe = |text: &Option<String>| text.as_deref().map(|text| SafeText::new(text).to_string());
    let mut claims = Vec::from_iter(heading.claimed.clone());
    if let Some(balance) = safe(&context.balance) {
        claims.push(format!("balance {balance}"));
    }
    if let Some(block) = context.block {
        claims.push(format!("block {block}"));
    }
    if let Some(recipient) = safe(&context.recipient) {
        let who = if review.data_bytes == 0 { "recipient" } else { "what is called" };
        claims.push(format!("{who} is {recipient}"));
    }
    if context.simulated == Some(Simulated::Succeeds) {
        claims.push("simulated, and it goes through".to_owned());
    }
    if let Some(said_by) = safe(&context.said_by) {
        claims.push(format!("said by {said_by}"));
    }
    if let Some(delegate) = safe(&context.delegates_to) {
        claims.push(format!("YOUR ACCOUNT RUNS THE CODE OF {delegate}, which may do more than this review says"));
    }
    if !context.signatures.is_empty() {
        let names: Vec<String> = context.signatures.iter().map(|name| SafeText::new(name).to_string()).collect();
        claims.push(format!("it calls {}", names.join(", ")));
    }
    if !claims.is_empty() {
        page.toned_field("Claimed", (Tone::Claimed, &format!("{} (by the planning machine)", claims.join(", "))));
    }
}
