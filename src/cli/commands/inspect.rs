//! `inspect`: explains any draft, PSBT or raw transaction, and says what speaks against signing it. Opens no wallet.

use std::path::PathBuf;

use fastness::{
    amount::{Amount, sat_text},
    chain::bitcoin::{decode, psbt},
    explain::{Explain, Failure},
    flow::{self, Draft},
    intent::{Review, Warning},
    network::{AnyNetwork, Network},
};
use serde::Serialize;

use super::{Answer, answer, sign::read_input};
use crate::cli::{
    context::Context,
    ethereum::story,
    family::EVM,
    heading::Heading,
    page::{Page, Tone},
    report::Report,
    review_page,
};

/// Explain any draft, PSBT or transaction
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file, or - for standard input: a draft, a signed file, a PSBT or a transaction (base64, hex, binary)
    file: PathBuf,
    /// A function that you know is called, such as "stake(uint256,address)"
    #[arg(long, value_name = "FUNCTION", help_heading = EVM)]
    signature: Vec<String>,
}

#[derive(Serialize)]
struct Problem {
    code: &'static str,
    message: String,
}

#[derive(Serialize)]
struct Inspected {
    kind: &'static str,
    review: Review,
    may_be_signed: bool,
    problems: Vec<Problem>,
    /// Whether any account of the draft's network is in the ledger; without one, ownership cannot be judged.
    accounts_known: bool,
    #[serde(skip)]
    heading: Heading,
}

#[derive(Serialize)]
struct Output {
    address: Option<String>,
    script: String,
    amount: Amount,
}

#[derive(Serialize)]
struct RawTransaction {
    kind: &'static str,
    txid: String,
    network: Network,
    vsize: u64,
    inputs: Vec<String>,
    outputs: Vec<Output>,
    /// By the amounts that a signed file names; the bytes alone do not tell.
    claimed_fee: Option<Amount>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let bytes = read_input(&self.file)?;
        if story::chain_of_file(context, &bytes)?.is_some() {
            return super::evm_views::inspect(context, &bytes, &self.signature);
        }
        let asked = context.network_for(&bytes)?;
        context.is_about(AnyNetwork::Bitcoin(asked.unwrap_or(Network::Bitcoin)))?;
        if bytes.trim_ascii_start().starts_with(b"{") && find(&bytes, b"fastness_signed") {
            let file = flow::SignedFile::read(&bytes, asked)?;
            let mut report = raw("signed transaction", &file.transaction, file.signed.network);
            report.claimed_fee = claimed_fee(&file);
            return answer(report);
        }
        if let Some(network) = asked
            && !bytes.trim_ascii_start().starts_with(b"{")
            && let psbt::Blob::Transaction(transaction) = psbt::read(&bytes)?
        {
            return answer(raw("transaction", &transaction, network));
        }
        answer(inspected(&Draft::read(&bytes, asked)?, context)?)
    }
}

fn find(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

fn inspected(draft: &Draft, context: &mut Context) -> Result<Inspected, Failure> {
    let ledger = context.ledger()?;
    let ours = flow::ownership_of_ledger(&ledger, None, draft.plan.network)?;
    let examination = decode::examine(&draft.plan, &ours);
    let problem = |problem: &fastness::chain::bitcoin::BitcoinError| Problem {
        code: problem.entry().code,
        message: problem.to_string(),
    };
    let problems: Vec<Problem> = examination.problems.iter().map(problem).collect();
    let heading = Heading::of_draft(&examination.review, &ledger.accounts(None)?, &draft.context);
    Ok(Inspected {
        kind: "draft",
        review: examination.review,
        may_be_signed: problems.is_empty(),
        problems,
        accounts_known: !ours.accounts().is_empty(),
        heading,
    })
}

/// The fee by the amounts that a signed file names beside the transaction: a claim, for its bytes do not prove them.
fn claimed_fee(file: &flow::SignedFile) -> Option<Amount> {
    let spent = file.signed.input_amounts.iter().try_fold(0u64, |sum, amount| sum.checked_add(*amount))?;
    let paid = file.transaction.output.iter().try_fold(0u64, |sum, output| sum.checked_add(output.value.to_sat()))?;
    spent.checked_sub(paid).map(Amount::sat)
}

fn raw(kind: &'static str, transaction: &bitcoin::Transaction, network: Network) -> RawTransaction {
    let output = |output: &bitcoin::TxOut| Output {
        address: fastness::address::of(&output.script_pubkey, network),
        script: output.script_pubkey.to_hex_string(),
        amount: Amount::sat(output.value.to_sat()),
    };
    RawTransaction {
        kind,
        txid: transaction.compute_txid().to_string(),
        network,
        vsize: transaction.vsize() as u64,
        inputs: transaction.input.iter().map(|input| input.previous_output.to_string()).collect(),
        outputs: transaction.output.iter().map(output).collect(),
        claimed_fee: None,
    }
}

impl Inspected {
    /// True on a machine without any account of the network, if nothing else speaks against the draft.
    fn only_unknown_owner(&self) -> bool {
        !self.accounts_known && self.problems.iter().all(|problem| problem.code == "bitcoin.foreign_input")
    }
}

impl Report for Inspected {
    fn page(&self, page: &mut Page) {
        review_page::write(&self.review, &self.heading, page);
        page.blank();
        page.field("Digest", &self.review.digest);
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
        page.toned_field("Verdict", (Tone::Stop, "it would not be signed here"));
    }

    fn warnings(&self) -> Vec<Warning> {
        self.review.warnings.clone()
    }
}

impl Report for RawTransaction {
    fn page(&self, page: &mut Page) {
        page.heading(&format!("A {}", self.kind), self.network.name());
        page.field("Id", &self.txid);
        page.field("Size", &format!("{} vbytes", self.vsize));
        for input in &self.inputs {
            page.field("Spends", input);
        }
        for output in &self.outputs {
            let to = output
                .address
                .as_deref()
                .map_or_else(|| format!("script {}", output.script), |address| page.grouped(address));
            page.field("Pays", &format!("{}   {to}", output.amount));
        }
        match self.claimed_fee.and_then(Amount::to_sat) {
            Some(fee) => page.toned_field("Fee", (Tone::Claimed, &format!("{}, claimed by the file", sat_text(fee)))),
            None => page.toned(
                Tone::Claimed,
                "Its fee cannot be known from these bytes alone: the amounts it spends are not in them.",
            ),
        }
    }
}
