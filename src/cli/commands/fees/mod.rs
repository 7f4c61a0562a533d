//! `fees`: what each source says a payment costs now, and the median that a payment would use. Nothing of a wallet is asked.

mod mempool;

use crate::cli::{
    bitcoin::fee_choice,
    context::Context,
    ethereum::fee_choice::EvmFeeChoice,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use fastness::{
    amount::FeeRate,
    chain::ethereum::fund,
    explain::Failure,
    explorer::bitcoin::FeeAdvice,
    network::{EvmChain, Network},
    review::Warning,
    text::SafeText,
};
use serde::Serialize;

use self::mempool::MempoolPicture;

/// Virtual bytes of a payment from one coin to one payee with change, all of them native segwit.
const USUAL_SIZE: u64 = 141;

/// Gas of a usual transfer of a token (ERC-20) to an address that has none of it yet.
const USUAL_TOKEN_GAS: u64 = 65_000;

/// What a payment costs now: by each source, and by their median
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// What one source says.
#[derive(Serialize)]
struct Said {
    operator: SafeText,
    rate: FeeRate,
}

/// The estimates for one speed.
#[derive(Serialize)]
struct Estimate {
    #[serde(flatten)]
    median: fee_choice::FeeChoice,
    said: Vec<Said>,
}

#[derive(Serialize)]
struct Fees {
    network: Network,
    /// Slow, normal, fast; none where no source has an estimate. `fee` is that of a usual payment.
    estimates: Vec<Estimate>,
    /// Virtual bytes of that payment.
    usual_size: u64,
    /// What waits for a block, where an explorer tells it.
    waiting: Option<MempoolPicture>,
    #[serde(skip)]
    disputed: bool,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if let Some(chain) = context.asked_chain()? {
            return answer(evm_fees(context, chain)?);
        }
        let network = context.network()?;
        let explorer = context.explorer(network)?;
        let told = explorer.fee_advice(&fee_choice::SPEED_TARGETS)?;
        let waiting = explorer.mempool_histogram().map(MempoolPicture::of);
        let disputed = told.iter().any(FeeAdvice::is_disputed);
        let said =
            |advice: FeeAdvice| advice.said.into_iter().map(|(operator, rate)| Said { operator, rate }).collect();
        let estimates = fee_choice::by_speed(&told).into_iter().zip(told);
        let estimates = estimates
            .filter_map(|(choice, advice)| Some(Estimate { median: choice?.of_size(USUAL_SIZE), said: said(advice) }));
        answer(Fees { network, estimates: estimates.collect(), usual_size: USUAL_SIZE, waiting, disputed })
    }
}

/// What gas costs on an EVM chain now: the median of several nodes.
#[derive(Serialize)]
struct EvmFees {
    network: &'static EvmChain,
    /// In wei per gas; nothing on chains without one.
    next_base_fee: Option<u128>,
    /// Slow, normal, fast, for a payment of coins.
    estimates: Vec<EvmFeeChoice>,
    /// The same for sending a token.
    token_estimates: Vec<EvmFeeChoice>,
    block: u64,
    said_by: Vec<SafeText>,
    /// What nodes said otherwise, by far.
    disagreements: Vec<String>,
}

fn evm_fees(context: &mut Context, chain: &'static EvmChain) -> Result<EvmFees, Failure> {
    let told = context.node(chain)?.fees()?;
    let facts = told.value();
    let for_gas =
        |gas| fund::levels(facts, chain).into_iter().map(|level| EvmFeeChoice::of(level, chain, gas)).collect();
    Ok(EvmFees {
        network: chain,
        next_base_fee: facts.next_base_fee,
        estimates: for_gas(fund::TRANSFER_GAS),
        token_estimates: for_gas(USUAL_TOKEN_GAS),
        block: facts.block,
        said_by: told.said_by.clone(),
        disagreements: told.disagreements.iter().map(ToString::to_string).collect(),
    })
}

impl Report for EvmFees {
    fn page(&self, page: &mut Page) {
        page.heading("Fees now", self.network.name);
        page.blank();
        if self.estimates.is_empty() {
            return page.line("No node names a price; name one with --gas-price, such as 20gwei.");
        }
        for (coins, token) in self.estimates.iter().zip(&self.token_estimates) {
            page.field(coins.name(), &coins.cost());
            page.field("", &format!("{} for a token", token.most()));
        }
        page.blank();
        let hosts = self.said_by.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        page.toned(Tone::Claimed, &format!("  At block {}, as {hosts} says. Less is usually taken.", self.block));
        for other in &self.disagreements {
            page.toned(Tone::Claimed, &format!("  {other}"));
        }
    }
}

impl Report for Fees {
    fn page(&self, page: &mut Page) {
        page.heading("Fees now", self.network.name());
        page.blank();
        if self.estimates.is_empty() {
            return page.line("No source has an estimate; name a rate with --fee-rate, such as 1.");
        }
        for estimate in &self.estimates {
            page.field(estimate.median.name(), &estimate.median.cost());
            for said in &estimate.said {
                page.toned_field("", (Tone::Claimed, &format!("{} says {}", said.operator, said.rate)));
            }
        }
        page.blank();
        page.line(&format!(
            "  Costs are of a usual payment of {} vbytes; `plan` shows that of yours.",
            self.usual_size
        ));
        if let Some(waiting) = &self.waiting {
            waiting.write(page);
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        let text = "the sources are far apart: a payment uses their median, and --fee-rate names another";
        if self.disputed { vec![Warning { code: "fee_spread", text: text.to_owned() }] } else { Vec::new() }
    }
}
