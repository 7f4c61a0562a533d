//! `send`: plan in this keyless process, review and sign in a sealed child of the same program, then broadcast from here.

use fastness::{flow, network::EvmChain};

use super::{Answer, answer, broadcast::DiscretionArgs, pay::PayArgs};
use crate::cli::{
    agreement::LimitArgs,
    context::Context,
    ethereum::{
        args::{ConsentArgs, EvmArgs},
        payment,
        story::{Again, Options, Work},
    },
    sealed_child::sign_in_child,
};

/// Plan, review, sign and broadcast in one go
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pay: PayArgs,
    /// Pay even if the same payment is on its way already
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    discretion: DiscretionArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    evm: EvmArgs,
    #[command(flatten)]
    consents: ConsentArgs,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        if let Some(chain) = payment::chain_of(context, self.pay.first())? {
            return self.evm(context, chain);
        }
        // One send at a time in a home: two never choose the same coins (threats.md B3).
        let _lock = context.payment_lock()?;
        let draft = super::plan::planned(&self.pay, &self.limits, context)?;
        if !self.again {
            let (ledger, row) = context.account()?;
            flow::refuse_repeat(&ledger, &row, &draft)?;
        }
        let signed = sign_in_child(context, &draft, &self.limits)?;
        answer(super::broadcast::send(context, &signed, &self.discretion)?)
    }
}

impl Args {
    fn evm(&self, context: &mut Context, chain: &'static EvmChain) -> Answer {
        let _lock = context.payment_lock()?;
        let (evm, limits, consents) = (&self.evm, &self.limits, &self.consents);
        let options = Options { level: self.pay.fee().level()?, evm, limits, consents };
        let mut work = Work::begin(context, chain, options)?;
        let wish = payment::wish(context, &work, self.pay.one()?)?;
        let again = if self.again { Again::Yes } else { Again::No };
        answer(work.whole(context, &wish, again)?)
    }
}
