//! `fees`: what each source says a payment costs now, and the median that a payment would use. Nothing of a wallet is asked.

use crate::cli::{
    CliError,
    bitcoin::fee_choice,
    context::Context,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use fastness::{amount::FeeRate, explorer::bitcoin::FeeAdvice, network::Network, review::Warning, text::SafeText};
use serde::Serialize;

/// Virtual bytes of a payment from one coin to one payee with change, all of them native segwit.
const USUAL_SIZE: u64 = 141;

/// What a payment costs now: by each source, and by their median (Bitcoin)
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
    #[serde(skip)]
    disputed: bool,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if let Some(chain) = context.asked_chain()? {
            let what = format!(
                "on {} `send` and `plan` take --fee slow, normal or fast, and show the most it costs",
                chain.name
            );
            return Err(CliError::Usage(what).into());
        }
        let network = context.network()?;
        let told = context.explorer(network)?.fee_advice(&fee_choice::SPEED_TARGETS)?;
        let disputed = told.iter().any(FeeAdvice::is_disputed);
        let said =
            |advice: FeeAdvice| advice.said.into_iter().map(|(operator, rate)| Said { operator, rate }).collect();
        let estimates = fee_choice::by_speed(&told).into_iter().zip(told);
        let estimates = estimates
            .filter_map(|(choice, advice)| Some(Estimate { median: choice?.of_size(USUAL_SIZE), said: said(advice) }));
        answer(Fees { network, estimates: estimates.collect(), usual_size: USUAL_SIZE, disputed })
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
    }

    fn warnings(&self) -> Vec<Warning> {
        let text = "the sources are far apart: a payment uses their median, and --fee-rate names another";
        if self.disputed { vec![Warning { code: "fee_spread", text: text.to_owned() }] } else { Vec::new() }
    }
}
