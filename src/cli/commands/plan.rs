//! `plan`: a payment as an unsigned draft. A draft may be shown to anyone; nothing is at stake yet.

use crate::cli::{
    CliError,
    bitcoin::{
        drafting::{DraftOutput, PricedDraft, planned, written},
        payment::PayArgs,
    },
    context::Context,
    ethereum::{
        args::{EvmArgs, OnceArgs, Options},
        payment,
        session::EvmSession,
    },
    family::EVM,
    limits::{ConsentArgs, LimitArgs},
    report::{Answer, answer},
};

use fastness::network::EvmChain;

/// Write an unsigned draft of a payment
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pay: PayArgs,
    #[command(flatten)]
    output: DraftOutput,
    #[command(flatten)]
    limits: LimitArgs,
    /// Make so many drafts alike, each with a nonce of its own
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = EVM)]
    count: u32,
    #[command(flatten)]
    evm: EvmArgs,
    #[command(flatten)]
    once: OnceArgs,
    #[command(flatten)]
    consents: ConsentArgs,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let pay = self.pay.completed(context, "plan")?;
        if let Some(chain) = payment::chain_of(context, pay.first())? {
            return self.evm(context, &pay, chain);
        }
        let PricedDraft { draft, fees } = planned(&pay, &self.limits, &self.consents, context)?;
        answer(written(&draft, &self.output, context)?.with_fees(fees))
    }

    fn evm(&self, context: &mut Context, pay: &PayArgs, chain: &'static EvmChain) -> Answer {
        if pay.list().is_some() {
            let what = "on EVM networks a list is a transaction for each line: `fastness send --recipients FILE --once KEY` pays it";
            return Err(CliError::Usage(what.to_owned()).into());
        }
        let _lock = context.payment_lock()?;
        let (evm, limits, consents) = (&self.evm, &self.limits, &self.consents);
        let options = Options { level: pay.fee().level(), evm, limits, consents, once: self.once.once.as_deref() };
        let mut work = EvmSession::begin(context, chain, options)?;
        let call = payment::call(context, &work, &pay.words())?;
        answer(work.plan_drafts(context, &call, self.output.path(), self.count)?)
    }
}
