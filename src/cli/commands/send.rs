//! `send`: plan in this keyless process, review and sign in a sealed child of the same program, then broadcast from here.

use crate::cli::{
    bitcoin::{
        delivery::DiscretionArgs,
        drafting::{PricedDraft, planned},
        fee_choice,
        payment::PayArgs,
    },
    context::{Assent, Context},
    ethereum::{
        args::{EvmArgs, Options, once_key},
        payment, payment_list,
        session::{Again, EvmSession, resumed},
    },
    limits::{ConsentArgs, LimitArgs},
    report::{Answer, answer},
    sealed_child::sign_in_child,
};
use fastness::{
    explain::Failure,
    flow::{
        self,
        bitcoin::{Draft, PaymentArgs},
    },
    network::{AnyNetwork, EvmChain},
    signing::Signed,
};

/// Plan, review, sign and broadcast in one go
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pay: PayArgs,
    /// Pay even if the same payment is on its way, or was made within the last 24 hours
    #[arg(long)]
    again: bool,
    /// A key that makes running the same command twice one payment, such as an invoice number
    #[arg(long, value_name = "TEXT", value_parser = once_key, conflicts_with = "again")]
    once: Option<String>,
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
        let pay = self.pay.completed(context, "send")?;
        if let Some(chain) = payment::chain_of(context, pay.first())? {
            return self.evm(context, &pay, chain);
        }
        // One send at a time in a home: two never choose the same coins.
        let _lock = context.payment_lock()?;
        let (mut ledger, row) = context.account()?;
        let payments =
            pay.payments(&context.contacts(AnyNetwork::Bitcoin(row.account.network))?, row.account.network)?.0;
        let asked = PaymentArgs {
            payments: &payments,
            memo: pay.memo(),
            fee_payer: pay.fee_payer(),
            once: self.once.as_deref(),
        };
        if let Some(signed) = flow::bitcoin::interrupted(&ledger, &row, &asked)? {
            context.ui.warn(&resumed());
            flow::bitcoin::refuse_superseded(&ledger, &signed)?;
            return answer(crate::cli::bitcoin::delivery::send(context, &signed, &self.discretion)?);
        }
        let draft = self.planned(context, &pay, &asked)?;
        let signed = sign_in_child(context, &draft, &self.limits, &self.consents.to_unusual)?;
        let Signed { network, id, bytes, .. } = &signed.signed;
        ledger.record_purpose(*network, id, bytes, &asked.purpose(&row))?;
        answer(crate::cli::bitcoin::delivery::send(context, &signed, &self.discretion)?)
    }

    /// The draft, unless the same was paid before and a second time is not asked for.
    fn planned(&self, context: &mut Context, pay: &PayArgs, asked: &PaymentArgs<'_>) -> Result<Draft, Failure> {
        let (ledger, row) = context.account()?;
        if asked.once.is_some() && !self.again {
            flow::bitcoin::refuse_used_key(&ledger, &row, asked)?;
        }
        let PricedDraft { draft, fees } = planned(pay, &self.limits, &self.consents, context)?;
        if !fees.is_empty() && context.consent() == Assent::Ask {
            context.ui.say(&format!("Fees now: {}", fee_choice::words(&fees)));
        }
        if asked.once.is_none() && !self.again {
            flow::bitcoin::refuse_repeat(&ledger, &row, &draft)?;
        }
        Ok(draft)
    }
}

impl Args {
    fn evm(&self, context: &mut Context, pay: &PayArgs, chain: &'static EvmChain) -> Answer {
        let _lock = context.payment_lock()?;
        let (evm, limits, consents) = (&self.evm, &self.limits, &self.consents);
        let options = Options { level: pay.fee().level(), evm, limits, consents, once: self.once.as_deref() };
        if let Some(path) = pay.list() {
            return answer(payment_list::pay(context, chain, &options, path)?);
        }
        let mut work = EvmSession::begin(context, chain, options)?;
        let call = payment::call(context, &work, &pay.words())?;
        let again = if self.again { Again::Yes } else { Again::No };
        answer(work.whole(context, &call, again)?)
    }
}
