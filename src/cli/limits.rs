//! Limits that stand in for a person, and what is agreed to by name: options of both families.
//!
//! Words become values here; nothing is judged.

use fastness::{
    address::{self},
    amount::{Amount, Asset},
    explain::Failure,
    flow::bitcoin::Limits,
    network::Network,
};

use crate::cli::{context::Assent, family::CONSENTS};

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
    pub(crate) fn for_child(&self, consent: Assent, digest: String) -> Self {
        let stated = self.max_fee.is_some() || !self.expect_to.is_empty() || !self.max_total.is_empty();
        let approve = (stated && consent == Assent::Given).then_some(digest);
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

/// What has to be agreed to by name.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = CONSENTS)]
pub(crate) struct ConsentArgs {
    /// Sign calldata that cannot be read: retype its digest from the review
    #[arg(long, value_name = "DIGEST")]
    pub(crate) blind: Option<String>,
    /// Let this spender take without limit. Repeatable
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) allow_unlimited: Vec<String>,
    /// Pay this address although it looks wrong. Repeatable
    #[arg(long, value_name = "ADDRESS", help_heading = "Limits")]
    pub(crate) to_unusual: Vec<String>,
    /// Call this address although nodes say that there is no code on this chain. Repeatable
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) no_code: Vec<String>,
    /// Call this contract although nodes say that it would fail. Repeatable
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) may_fail: Vec<String>,
    /// Let this contract run as your account (EIP-7702)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) delegate_to: Vec<String>,
}
