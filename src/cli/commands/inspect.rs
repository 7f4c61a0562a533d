//! `inspect`: explains any draft, PSBT or raw transaction, and says what speaks against signing it. Opens no wallet.

use std::path::PathBuf;

use crate::cli::{
    bitcoin::{
        raw_transaction::RawTransaction,
        review_page::{self, Recipients},
    },
    context::Context,
    ethereum::session,
    family::{BITCOIN, EVM},
    heading::Heading,
    input_file::read_input,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use fastness::{
    amount::Amount,
    chain::{
        bitcoin::{BitcoinError, decode, policy, psbt},
        ethereum::transaction_json,
    },
    explain::{Explain, Failure},
    flow::{
        self,
        bitcoin::{Draft, Payees},
    },
    network::{AnyNetwork, Network},
    request::FeeLimit,
    review::{Payee, Review, Warning},
};
use serde::Serialize;

/// Explain any draft, PSBT or transaction
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file, or - for standard input: a draft, a signed file, a PSBT or a transaction (base64, hex, binary; on Ethereum also JSON as nodes, cast and ethers write it)
    file: PathBuf,
    /// A function that you know is called, such as "stake(uint256,address)"
    #[arg(long, value_name = "FUNCTION", help_heading = EVM)]
    signature: Vec<String>,
    /// Show every recipient, however many there are
    #[arg(long, help_heading = BITCOIN)]
    all: bool,
}

#[derive(Serialize)]
struct Problem {
    code: &'static str,
    message: String,
    #[serde(skip)]
    nature: Nature,
}

/// What a person can do about a problem.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nature {
    /// Ask the keys themselves.
    ForeignInput,
    /// Name the fee.
    Fee,
    /// Name the address.
    BeyondSearch,
    /// Nothing here.
    Other,
}

impl Nature {
    const fn of(problem: &BitcoinError) -> Self {
        match problem {
            BitcoinError::ForeignInput(_) => Self::ForeignInput,
            BitcoinError::FeeTooHigh { .. } => Self::Fee,
            BitcoinError::BeyondSearch { .. } => Self::BeyondSearch,
            _ => Self::Other,
        }
    }
}

#[derive(Serialize)]
struct Inspected {
    kind: &'static str,
    review: Review,
    /// What is known here of those who are paid.
    payees: Vec<Payee>,
    may_be_signed: bool,
    problems: Vec<Problem>,
    /// Whether any account of the draft's network is in the ledger; without one, ownership cannot be judged.
    accounts_known: bool,
    #[serde(skip)]
    heading: Heading,
    #[serde(skip)]
    recipients: Recipients,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let bytes = read_input(&self.file)?;
        if session::chain_of_file(context, &bytes)?.is_some() || transaction_json::is_transaction(&bytes) {
            return crate::cli::ethereum::inspected::inspect(context, &bytes, &self.signature);
        }
        let asked = context.network_for(&bytes)?;
        context.is_about(AnyNetwork::Bitcoin(asked.unwrap_or(Network::Bitcoin)))?;
        if bytes.trim_ascii_start().starts_with(b"{") && find(&bytes, b"fastness_signed") {
            let file = flow::bitcoin::SignedFile::read(&bytes, asked)?;
            let mut report = RawTransaction::of("signed transaction", &file.transaction, file.signed.network);
            report.claimed_fee = claimed_fee(&file);
            return answer(report);
        }
        if let Some(network) = asked
            && !bytes.trim_ascii_start().starts_with(b"{")
            && let psbt::Blob::Transaction(transaction) = psbt::read(&bytes)?
        {
            return answer(RawTransaction::of("transaction", &transaction, network));
        }
        let recipients = if self.all { Recipients::All } else { Recipients::Largest };
        answer(Inspected { recipients, ..inspected(&Draft::read(&bytes, asked)?, context)? })
    }
}

fn find(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

fn inspected(draft: &Draft, context: &mut Context) -> Result<Inspected, Failure> {
    let ledger = context.ledger()?;
    let ours = flow::bitcoin::ownership_of_ledger(&ledger, None, draft.plan.network)?;
    let examination = decode::examine(&draft.plan, &ours);
    let problem = |problem: &BitcoinError| Problem {
        code: problem.entry().code,
        message: problem.to_string(),
        nature: Nature::of(problem),
    };
    let review = &examination.review;
    let dear = |fee| policy::check_fee(fee, review.vsize, review.moved(), FeeLimit::Standard).err();
    let dear = review.fee.and_then(Amount::to_sat).and_then(dear);
    let unagreed: Vec<_> = policy::check_search(review, &[]).err().into_iter().chain(dear).collect();
    let problems: Vec<Problem> = examination.problems.iter().chain(&unagreed).map(problem).collect();
    let payees = Payees::of(&ledger, draft.plan.network, &draft.plan.psbt.unsigned_tx)?.paid_by(review);
    let heading = Heading::of_draft(review, &ledger.accounts(None)?, &draft.context).with_payees(payees.clone());
    let remains = flow::bitcoin::remains(&ledger, draft.plan.network, &draft.plan.psbt.unsigned_tx)?;
    let heading = heading.with_remains(remains);
    Ok(Inspected {
        kind: "draft",
        review: examination.review,
        payees,
        may_be_signed: problems.is_empty(),
        problems,
        accounts_known: ours.accounts().next().is_some(),
        heading,
        recipients: Recipients::Largest,
    })
}

/// The fee by the amounts that a signed file names beside the transaction: a claim, for its bytes do not prove them.
fn claimed_fee(file: &flow::bitcoin::SignedFile) -> Option<Amount> {
    let spent = file.signed.input_amounts.iter().try_fold(0u64, |sum, amount| sum.checked_add(*amount))?;
    let paid = file.transaction.output.iter().try_fold(0u64, |sum, output| sum.checked_add(output.value.to_sat()))?;
    spent.checked_sub(paid).map(Amount::sat)
}

impl Inspected {
    /// True on a machine without any account of the network, if nothing else speaks against the draft.
    fn only_unknown_owner(&self) -> bool {
        !self.accounts_known && self.problems.iter().all(|problem| problem.nature == Nature::ForeignInput)
    }
}

impl Report for Inspected {
    fn page(&self, page: &mut Page) {
        review_page::write(&self.review, &self.heading, self.recipients, page);
        page.blank();
        page.copyable("Digest", &self.review.digest);
        if self.may_be_signed {
            return page.toned_field("Verdict", (Tone::Proven, "nothing speaks against signing it here"));
        }
        for problem in &self.problems {
            page.toned_field("Problem", (Tone::Stop, &format!("{} [{}]", problem.message, problem.code)));
        }
        if self.only_unknown_owner() {
            let text =
                "cannot tell here: no account of this network is known; `fastness sign` asks the keys themselves";
            return page.toned_field("Verdict", (Tone::Claimed, text));
        }
        if self.problems.iter().all(|problem| problem.nature == Nature::Fee) {
            let text = "it is signed only if that fee is named with --max-fee";
            return page.toned_field("Verdict", (Tone::Stop, text));
        }
        if self.problems.iter().all(|problem| problem.nature == Nature::BeyondSearch) {
            let text = "it is signed only if that address is named with --to-unusual";
            return page.toned_field("Verdict", (Tone::Stop, text));
        }
        page.toned_field("Verdict", (Tone::Stop, "it would not be signed here"));
    }

    fn warnings(&self) -> Vec<Warning> {
        self.review.warnings.clone()
    }
}
