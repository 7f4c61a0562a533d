//! `inspect` of what is for an EVM chain: a draft, a signed file, raw bytes, or JSON as other programs write it.
//!
//! Shows only what the bytes say; signs and sends nothing.

use alloy_primitives::{B256, hex};
use fastness::{
    chain::ethereum::{
        Plan, decode,
        transaction_json::{self, JsonTransaction},
    },
    explain::Failure,
    flow::{
        FlowError,
        ethereum::{self, EvmContext, EvmDraft},
    },
    network::AnyNetwork,
    review::{EvmReview, Payee, Warning},
};
use serde::Serialize;

use super::{lookup, review_page::ReviewPage};
use crate::cli::{
    context::Context,
    heading::Heading,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};

/// A draft or a transaction, explained.
#[derive(Serialize)]
struct EvmInspected {
    kind: &'static str,
    /// Of a signed transaction.
    id: Option<B256>,
    review: EvmReview,
    /// What is known here of those who gain.
    payees: Vec<Payee>,
    raw: String,
    ours: bool,
    #[serde(skip)]
    heading: Heading,
    #[serde(skip)]
    context: EvmContext,
}

/// A transaction that is no draft: signed, or with the sender that its JSON names.
fn transaction(context: &Context, bytes: &[u8]) -> Result<(Option<B256>, Plan), Failure> {
    if !transaction_json::is_transaction(bytes) {
        let signed = ethereum::read_signed(bytes, context.asked())?;
        let (_, plan) = decode::signed(&signed.bytes)?;
        return Ok((Some(signed.hash), plan));
    }
    let asked = match context.asked() {
        Some(AnyNetwork::Evm(chain)) => Some(chain),
        _ => None,
    };
    let (id, plan) = match transaction_json::read(bytes, asked.map(|chain| chain.id))? {
        JsonTransaction::Signed(raw) => {
            let (signed, plan) = decode::signed(&raw)?;
            (Some(signed.hash), plan)
        }
        JsonTransaction::Unsigned(plan) => (None, plan),
    };
    match asked.filter(|asked| *asked != plan.chain) {
        Some(wanted) => Err(FlowError::OtherChain { found: plan.chain.name, wanted: wanted.name }.into()),
        None => Ok((id, plan)),
    }
}

/// `inspect` of a file of an EVM chain.
pub(crate) fn inspect(context: &mut Context, bytes: &[u8], signatures: &[String]) -> Answer {
    let is_draft = bytes.windows(14).any(|window| window == b"fastness_draft");
    let ledger = context.ledger()?;
    let accounts = ledger.evm_accounts(None)?;
    let (kind, id, draft, heading) = if is_draft {
        let draft = EvmDraft::read(bytes, context.asked())?;
        let heading = Heading::of_evm_draft(&draft, &accounts);
        ("draft", None, draft, heading)
    } else {
        let (id, plan) = transaction(context, bytes)?;
        let (kind, state) = if id.is_some() { ("signed transaction", "signed") } else { ("transaction", "not signed") };
        let draft = EvmDraft { plan, context: EvmContext::default() };
        (kind, id, draft, Heading::of(state.to_owned()))
    };
    let plan = &draft.plan;
    let mut ours = ethereum::ownership_of_ledger(&ledger, None)?;
    ours.typed_signatures = signatures.to_vec();
    ours.added_tokens = lookup::named_in_reviews(&ledger, plan.chain)?;
    // What it delegates to is shown here; whether that is allowed is asked when it is signed.
    ours.allowed_delegates.extend(plan.delegate);
    // What is signed has no context, and a person who only looks at it is not asked to agree.
    let review = if is_draft { ethereum::reviewed(&draft, &ours)? } else { decode::review(plan, &ours)? };
    let payees = ethereum::payees(&ledger, &draft, &ours)?;
    let heading = heading.with_payees(payees.clone());
    let own = ours.accounts.iter().any(|account| account.address == plan.from);
    let raw = hex::encode_prefixed(&plan.unsigned);
    answer(EvmInspected { kind, id, review, payees, raw, ours: own, heading, context: draft.context })
}

impl Report for EvmInspected {
    fn page(&self, page: &mut Page) {
        ReviewPage { review: &self.review, heading: &self.heading, context: &self.context }.write(page);
        page.blank();
        if let Some(id) = &self.id {
            return page.copyable("Id", &id.to_string());
        }
        page.copyable("Digest", &self.review.digest);
        if self.ours {
            return page.toned_field("Verdict", (Tone::Proven, "the sender is an account of this home"));
        }
        let text = "cannot tell here: the sender is in no wallet's list; `fastness sign` asks the keys themselves";
        page.toned_field("Verdict", (Tone::Claimed, text));
    }

    fn warnings(&self) -> Vec<Warning> {
        self.review.warnings.clone()
    }
}
