//! `delegate`: lets a contract run as the account (EIP-7702), or takes that back. Only to contracts that config.toml allows.

use crate::cli::{
    context::Context,
    ethereum::{
        args::{EvmArgs, OnceArgs, Options, address},
        session::{Again, CallArgs, EvmSession},
    },
    limits::{ConsentArgs, LimitArgs},
    report::{Answer, answer},
};
use alloy_primitives::Address;
use fastness::request::EvmValue;

/// Let a contract run as your account (EIP-7702), or take that back
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The contract, which config.toml has to allow; or none
    #[arg(value_name = "CONTRACT")]
    contract: String,
    /// How soon: slow, normal or fast
    #[arg(long, value_name = "LEVEL")]
    fee: Option<String>,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    evm: EvmArgs,
    #[command(flatten)]
    once: OnceArgs,
    #[command(flatten)]
    consents: ConsentArgs,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let chain = context.chain()?;
        let delegate = if self.contract == "none" { Address::ZERO } else { address(&self.contract, chain)? };
        let _lock = context.payment_lock()?;
        let (evm, limits, consents) = (&self.evm, &self.limits, &self.consents);
        let options = Options { level: self.fee.as_deref(), evm, limits, consents, once: self.once.once.as_deref() };
        let mut work = EvmSession::begin(context, chain, options)?;
        let call = CallArgs {
            value: EvmValue::Exactly(Default::default()),
            delegate: Some(delegate),
            // To no account: a call of the account itself would run the delegate's code at once.
            ..CallArgs::call(Address::ZERO, Default::default())
        };
        answer(work.whole(context, &call, Again::No)?)
    }
}
