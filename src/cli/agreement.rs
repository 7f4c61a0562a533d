//! How agreement to a review is given: by typing the amount at the terminal, or by limits stated beforehand.

use super::{
    context::{Consent, Context},
    ethereum::args::ConsentArgs,
    heading::Heading,
    review_page,
};
use fastness::{
    address,
    amount::{Amount, Asset},
    explain::Failure,
    flow::{
        FlowError,
        bitcoin::{Limits, Origin},
    },
    network::Network,
    review::Review,
};

/// Limits that stand in for a person, and bound one.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// The most fee you accept, such as 2000sat or 0.01eth
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_fee: Option<String>,
    /// An address that may be paid; any other payee is refused. Repeatable
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) expect_to: Vec<String>,
    /// Agree to exactly the draft with this digest, as `inspect` prints it
    #[arg(long, value_name = "DIGEST")]
    pub(crate) approve: Option<String>,
    /// The most that may leave in all, fees too, such as 0.1btc; on EVM networks repeat it for tokens, such as "25 USDC"
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_total: Vec<String>,
}

impl LimitArgs {
    /// The limits as values of a network.
    pub(crate) fn limits(&self, network: Network) -> Result<Limits, Failure> {
        let script = |text: &String| Ok::<_, Failure>((address::parse(text, network)?, text.clone()));
        Ok(Limits {
            max_fee: self.max_fee()?,
            expect_to: self.expect_to.iter().map(script).collect::<Result<_, _>>()?,
            approve: self.approve.as_ref().map(|digest| digest.to_ascii_lowercase()),
            max_total: self.max_total()?,
            unusual: Vec::new(),
        })
    }

    /// The strictest `--max-total` in satoshi.
    fn max_total(&self) -> Result<Option<u64>, Failure> {
        let mut totals = Vec::new();
        for text in &self.max_total {
            totals.extend(Amount::parse(text, Asset::Bitcoin)?.to_sat());
        }
        Ok(totals.into_iter().min())
    }

    /// The limits for a sealed child. What was planned from the words of this command is named to it by its digest, so that it
    /// agrees to that plan and no other; where nothing was stated, it says so itself.
    pub(crate) fn for_child(&self, consent: Consent, digest: String) -> Self {
        let stated = self.max_fee.is_some() || !self.expect_to.is_empty() || !self.max_total.is_empty();
        let approve = (stated && consent == Consent::Given).then_some(digest);
        Self { approve: self.approve.clone().or(approve), ..self.clone() }
    }

    /// The same with what was agreed to by name.
    pub(crate) fn with_consents(&self, consents: &ConsentArgs, network: Network) -> Result<Limits, Failure> {
        let script = |text: &String| Ok::<_, Failure>(address::parse(text, network)?);
        let unusual = consents.to_unusual.iter().map(script).collect::<Result<_, _>>()?;
        Ok(Limits { unusual, ..self.limits(network)? })
    }

    /// `--max-fee` in satoshi.
    pub(crate) fn max_fee(&self) -> Result<Option<u64>, Failure> {
        let Some(text) = &self.max_fee else { return Ok(None) };
        Ok(Amount::parse(text, Asset::Bitcoin)?.to_sat())
    }
}

/// What is asked about.
pub(crate) struct Asked<'a> {
    /// The limits that were stated.
    pub(crate) limits: &'a Limits,
    /// Where payee and amount come from.
    pub(crate) origin: Origin,
    /// Whose it is.
    pub(crate) heading: Heading,
}

/// Shows a review and gets agreement to it, in the way the options say.
pub(crate) fn agree(context: &Context, asked: &Asked<'_>, review: &Review) -> Result<(), Failure> {
    let limits = asked.limits;
    if context.consent() == Consent::Given || limits.approve.is_some() {
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
