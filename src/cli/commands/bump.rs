//! `bump` and `cancel`: replace an unconfirmed transaction of ours (BIP-125), as a draft or in one go.

use crate::cli::{
    CliError,
    bitcoin::{
        delivery::DiscretionArgs,
        drafting::{DraftOutput, randomness, written},
        fee_choice,
        payment::{FeeArgs, TrustArgs, fee_limit},
    },
    context::{Assent, Context, NetworkAccess},
    ethereum::{
        args::{EvmArgs, Options, PriceArgs},
        replacing::Replaced,
        session::{EvmSession, hash},
    },
    limits::{ConsentArgs, LimitArgs},
    report::{Answer, answer},
    transaction_choice::{Offer, chosen},
};
use bitcoin::{Transaction, Txid};
use fastness::{
    amount::{FeeRate, sat_text},
    chain::{
        bitcoin::{
            Ownership, decode,
            replace::{Purpose, ReplacementFee, ReplacementRequest, replace},
        },
        ethereum::replace::EvmPurpose,
    },
    explain::Failure,
    flow::{
        self,
        bitcoin::{AccountLedger, BumpWay, ChildPays, ChildRequest, Draft, Package},
    },
    network::Network,
    request::Fee,
    text::SafeText,
};

/// Pay a higher fee for an unconfirmed transaction: of yours by replacing it, of others by spending from it
#[derive(Debug, clap::Args)]
pub(crate) struct BumpArgs {
    #[command(flatten)]
    replacement: ReplacementArgs,
}

/// Take the coins of an unconfirmed transaction back, by replacing it with one to yourself
#[derive(Debug, clap::Args)]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    replacement: ReplacementArgs,
}

/// What both take.
#[derive(Debug, clap::Args)]
struct ReplacementArgs {
    /// Id of the unconfirmed transaction; without it you choose one
    txid: Option<String>,
    #[command(flatten)]
    fee: FeeArgs,
    #[command(flatten)]
    output: DraftOutput,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    discretion: DiscretionArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    price: PriceArgs,
    #[command(flatten)]
    consents: ConsentArgs,
}

impl BumpArgs {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        self.replacement.run(context, Purpose::Bump)
    }
}

impl CancelArgs {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        self.replacement.run(context, Purpose::Cancel)
    }
}

impl ReplacementArgs {
    /// With `-o` a draft is written; without, the replacement is signed and sent at once.
    fn run(&self, context: &mut Context, purpose: Purpose) -> Answer {
        let typed = chosen(context, self.txid.as_ref(), Offer::Waiting)?;
        if typed.starts_with("0x") || context.asked_chain()?.is_some() {
            return self.evm(context, purpose, &typed);
        }
        let lock = context.payment_lock()?;
        let draft = self.draft(context, purpose, &typed)?;
        let replaces = flow::bitcoin::replaces(&context.ledger()?, &draft.plan)?;
        if self.output.is_file() {
            return answer(written(&draft, &self.output, context)?);
        }
        // A child pays for a whole package, which was said when it was planned.
        if let Some(replaces) = &replaces {
            context.ui.say(&replaces.to_string());
            self.tell_fees(context, &draft);
        }
        let signed = crate::cli::sealed_child::sign_in_child(context, &draft, &self.limits, &[])?;
        let sent = crate::cli::bitcoin::delivery::send(context, &signed, &self.discretion)?;
        drop(lock);
        answer(sent.replacing(replaces))
    }

    /// What other speeds would cost, for a person who named no fee and is asked to agree to this one.
    fn tell_fees(&self, context: &mut Context, draft: &Draft) {
        if self.fee.is_named() || context.consent() != Assent::Ask || context.reach() == NetworkAccess::Offline {
            return;
        }
        let review = decode::examine(&draft.plan, &Ownership::new(Vec::new())).review;
        let fees = FeeArgs::choices(context, draft.plan.network, review.vsize);
        if !fees.is_empty() {
            context.ui.say(&format!("Fees now: {}. --fee and --fee-rate choose another.", fee_choice::words(&fees)));
        }
    }

    fn evm(&self, context: &mut Context, purpose: Purpose, typed: &str) -> Answer {
        let chain = context.chain()?;
        let _lock = context.payment_lock()?;
        let (evm, limits, consents) = (&EvmArgs::from(self.price.clone()), &self.limits, &self.consents);
        let level = self.fee.level();
        let options = Options { level, evm, limits, consents, once: None };
        let mut work = EvmSession::begin(context, chain, options)?;
        let purpose = match purpose {
            Purpose::Bump => EvmPurpose::Bump,
            Purpose::Cancel => EvmPurpose::Cancel,
        };
        let sent = work.replace(context, hash(typed)?, purpose, self.output.path())?;
        match sent {
            Replaced::Sent(sent) => answer(*sent),
            Replaced::Written(planned) => answer(*planned),
        }
    }

    /// One that spends from it and pays for both: of what others sent, and of what cannot be replaced any more.
    fn child(&self, context: &mut Context, account: AccountLedger<'_>, txid: Txid) -> Result<Draft, Failure> {
        let AccountLedger { ledger, row } = account;
        let network = row.account.network;
        let Fee::Rate(rate) = self.fee.resolved(context, network)?.fee else {
            let what = "this transaction is paid for by one that spends from it: name the rate of both together with --fee-rate";
            return Err(CliError::Usage(what.to_owned()).into());
        };
        let explorer = if context.reach() == NetworkAccess::Online { Some(context.explorer(network)?) } else { None };
        let request = ChildRequest { txid, rate, fee_limit: fee_limit(&self.limits)?, randomness: randomness()? };
        let check = |parents: &[Transaction]| self.trust.check_parents(context, account, parents);
        let ChildPays { plan, package } = flow::bitcoin::child_pays(account, explorer.as_ref(), request, check)?;
        let spent = plan.psbt.unsigned_tx.input.first().map_or(txid, |input| input.previous_output.txid);
        context.ui.say(&paid_for(txid, spent, &package));
        let draft = flow::bitcoin::draft(ledger, row, plan)?;
        self.trust.check_unspent(context, account, &draft)?;
        Ok(draft)
    }

    fn draft(&self, context: &mut Context, purpose: Purpose, typed: &str) -> Result<Draft, Failure> {
        let txid = typed
            .parse()
            .map_err(|_| CliError::Usage(format!("`{}` is not a transaction id", SafeText::new(typed))))?;
        let (ledger, row) = crate::cli::bitcoin::refresh::refreshed(context)?;
        let current = flow::bitcoin::current(&ledger, &row, txid)?;
        if current != txid {
            context.ui.say(&format!("{txid} was replaced already; this is about {current}."));
        }
        let account = AccountLedger { ledger: &ledger, row: &row };
        if purpose == Purpose::Bump && flow::bitcoin::bump_way(account, current)? == BumpWay::Child {
            return self.child(context, account, current);
        }
        let fee = match (self.fee.asked(context, row.account.network)?, purpose) {
            (None, _) => ReplacementFee::Least,
            (Some(Fee::Rate(rate)), Purpose::Cancel) => ReplacementFee::AtLeast(rate),
            (Some(fee), _) => ReplacementFee::Asked(fee),
        };
        let (mut original, snapshot) = flow::bitcoin::original(&ledger, &row, current)?;
        if let Some(told) = told_by_node(context, row.account.network)? {
            original.incremental_relay = told;
        }
        self.trust.check_original(context, account, &original)?;
        let request = ReplacementRequest { purpose, fee, fee_limit: fee_limit(&self.limits)? };
        let plan = replace(&original, request, &snapshot, randomness()?)?;
        let draft = flow::bitcoin::draft(&ledger, &row, plan)?;
        self.trust.check_unspent(context, account, &draft)?;
        Ok(draft)
    }
}

/// What the person's own node asks of a replacement, where one is in the list and says so; public explorers do not.
fn told_by_node(context: &mut Context, network: Network) -> Result<Option<FeeRate>, Failure> {
    if context.reach() == NetworkAccess::Offline {
        return Ok(None);
    }
    Ok(context.explorer(network)?.incremental_relay())
}

/// What a child pays for, and what the package comes to.
fn paid_for(txid: Txid, spent: Txid, package: &Package) -> String {
    let Package { parents, vsize, fee, is_fee_known, is_whole } = *package;
    let rate = package.rate();
    let others = match parents {
        1 => String::new(),
        more => format!(" and {} more that wait with it", more - 1),
    };
    let unknown = if is_fee_known { "" } else { "; what others pay of it is not known here and counts as nothing" };
    let before = if is_whole { "" } else { "; whether all that it spends is in a block is not known here" };
    format!(
        "This spends from {spent} and pays for {txid}{others}: together {vsize} vbytes for {}, which is {rate}{unknown}{before}.",
        sat_text(fee)
    )
}
