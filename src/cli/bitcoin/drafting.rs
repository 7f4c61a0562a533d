//! From the options of `plan`, `send` and `bump` to a draft, and what is told of it.
//!
//! The plan itself is made by the flow.

use std::path::PathBuf;

use crate::cli::{
    bitcoin::{
        fee_choice::{self, FeeChoice},
        payment::{PayArgs, PricedRequest},
        review_page::{self, Recipients},
    },
    context::Context,
    family::BITCOIN,
    heading::Heading,
    limits::{ConsentArgs, LimitArgs},
    page::Page,
    report::Report,
};
use fastness::{
    amount::{Amount, sat_text},
    explain::Failure,
    flow::{
        self,
        bitcoin::{AccountLedger, Draft, Payees, Replaces},
    },
    request::{Fee, FeePayer},
    review::{Payee, Review, Warning},
    store::{WriteRule, atomic_write},
};
use serde::Serialize;

/// Where a draft goes.
#[derive(Debug, clap::Args)]
pub(crate) struct DraftOutput {
    /// File to write the draft to (never overwrites); without it the draft is only shown
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a bare PSBT in base64 for other wallets, in place of a draft
    #[arg(long, requires = "output", help_heading = BITCOIN)]
    psbt: bool,
    /// Show every recipient, however many there are
    #[arg(long, help_heading = BITCOIN)]
    all: bool,
}

impl DraftOutput {
    /// The file for a draft of an EVM chain.
    pub(crate) const fn path(&self) -> Option<&PathBuf> {
        self.output.as_ref()
    }

    /// Which recipients are shown on a terminal.
    const fn recipients(&self) -> Recipients {
        if self.all { Recipients::All } else { Recipients::Largest }
    }

    /// Whether a file was asked for.
    pub(crate) const fn is_file(&self) -> bool {
        self.output.is_some()
    }
}

/// A draft as planned, with its review.
#[derive(Serialize)]
pub(crate) struct PlanReport {
    review: Review,
    /// What is known here of those who are paid.
    payees: Vec<Payee>,
    /// What else its fee could be.
    fees: Vec<FeeChoice>,
    /// The transaction of ours that it would take the place of.
    replaces: Option<Replaces>,
    file: Option<String>,
    psbt: String,
    #[serde(skip)]
    heading: Heading,
    #[serde(skip)]
    recipients: Recipients,
}

/// Plans a payment from the words of the command line, after a sync (unless offline).
pub(crate) fn planned(
    pay: &PayArgs,
    limits: &LimitArgs,
    consents: &ConsentArgs,
    context: &mut Context,
) -> Result<PricedDraft, Failure> {
    let network = context.account()?.1.account.network;
    let PricedRequest { request, choices } = pay.request(context, network, limits)?;
    let (ledger, row) = crate::cli::bitcoin::refresh::refreshed(context)?;
    let draft = flow::bitcoin::plan(&ledger, &row, &request, randomness()?)?;
    let ours = flow::bitcoin::ownership_of_ledger(&ledger, Some(&row.wallet), network)?;
    let payees = Payees::of(&ledger, network, &draft.plan.psbt.unsigned_tx)?;
    let limits = limits.with_consents(consents, network)?;
    let approved = flow::bitcoin::approve(&draft, &ours, |review| {
        payees.check(review, &limits.unusual)?;
        limits.check(review)
    })?;
    if let Some(warning) = given_away(request.fee, approved.review()) {
        context.ui.warn(&warning);
    }
    let vsize = approved.review().vsize;
    if let Some(text) = taken_from(request.fee_payer, approved.review()) {
        context.ui.say(&text);
    }
    pay.trust.check_unspent(context, AccountLedger { ledger: &ledger, row: &row }, &draft)?;
    Ok(PricedDraft { draft, fees: choices.into_iter().map(|choice| choice.of_size(vsize)).collect() })
}

/// What the recipient gets where the fee is taken from the amount.
fn taken_from(payer: FeePayer, review: &Review) -> Option<String> {
    let (FeePayer::Recipient, Some(fee)) = (payer, review.fee) else { return None };
    let total = Amount { smallest: review.paid.smallest.saturating_add(fee.smallest), ..review.paid };
    let fee = fee.to_sat().map_or_else(|| fee.to_string(), sat_text);
    Some(format!("{total} leave: the recipient gets {}, for the fee of {fee} is taken from it.", review.paid))
}

/// A draft with what else its fee could be.
pub(crate) struct PricedDraft {
    /// The draft.
    pub(crate) draft: Draft,
    /// Estimates for other speeds, with the cost for this draft; none where the person named the fee.
    pub(crate) fees: Vec<FeeChoice>,
}

/// What is paid beyond the rate asked for, if it is more than rounding: too little to be change, so it goes to the miner.
pub(crate) fn given_away(asked: Fee, review: &Review) -> Option<Warning> {
    let Fee::Rate(rate) = asked else { return None };
    let asked = rate.fee(review.vsize);
    let rounding = asked / 100 + review.inputs.len() as u64;
    let beyond = review.fee?.to_sat()?.checked_sub(asked).filter(|beyond| *beyond > rounding)?;
    let text = format!("{} are left over, too little to be change, and go to the miner", sat_text(beyond));
    Some(Warning { code: "left_over", text })
}

/// 32 bytes from the kernel, for the place of the change output and the locktime.
pub(crate) fn randomness() -> Result<[u8; 32], Failure> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|_| crate::cli::CliError::Child("the kernel gives no random bytes".to_owned()))?;
    Ok(bytes)
}

/// Writes a draft where it was asked to go, and reports its review.
pub(crate) fn written(draft: &Draft, output: &DraftOutput, context: &mut Context) -> Result<PlanReport, Failure> {
    let ledger = context.ledger()?;
    let ours = flow::bitcoin::ownership_of_ledger(&ledger, draft.context.wallet.as_deref(), draft.plan.network)?;
    let psbt = fastness::chain::bitcoin::psbt::to_base64(&draft.plan.psbt);
    let review = flow::bitcoin::approve(draft, &ours, |_| Ok(()))?.review().clone();
    let payees = Payees::of(&ledger, draft.plan.network, &draft.plan.psbt.unsigned_tx)?.paid_by(&review);
    let heading = Heading::of_draft(&review, &ledger.accounts(draft.context.wallet.as_deref())?, &draft.context);
    if let Some(path) = &output.output {
        let text = if output.psbt { psbt.clone() + "\n" } else { draft.to_text()? };
        atomic_write(path, text.as_bytes(), WriteRule::New)?;
    }
    let replaces = flow::bitcoin::replaces(&ledger, &draft.plan)?;
    let remains = flow::bitcoin::remains(&ledger, draft.plan.network, &draft.plan.psbt.unsigned_tx)?;
    let file = output.output.as_ref().map(|path| path.display().to_string());
    Ok(PlanReport {
        review,
        fees: Vec::new(),
        replaces,
        file,
        psbt,
        payees: payees.clone(),
        heading: heading.with_payees(payees).with_remains(remains),
        recipients: output.recipients(),
    })
}

impl PlanReport {
    /// The same with what else its fee could be.
    pub(crate) fn with_fees(self, fees: Vec<FeeChoice>) -> Self {
        Self { fees, ..self }
    }
}

impl Report for PlanReport {
    fn page(&self, page: &mut Page) {
        if let Some(replaces) = &self.replaces {
            page.line(&replaces.to_string());
            page.blank();
        }
        review_page::write(&self.review, &self.heading, self.recipients, page);
        if !self.fees.is_empty() {
            page.field("Fees now", &fee_choice::words(&self.fees));
        }
        page.blank();
        match &self.file {
            Some(file) => {
                page.field("Written", file);
                page.next(&format!("fastness sign {file} -o FILE.signed"));
            }
            None => page.line("Nothing was written; add -o FILE to keep this draft."),
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        self.review.warnings.clone()
    }
}
