//! `nft send`: one NFT (ERC-721), or some of one kind (ERC-1155).

use crate::cli::{
    context::Context,
    ethereum::{
        args::{EvmArgs, OnceArgs, Options, address},
        lookup,
        session::{Again, CallArgs, EvmSession},
    },
    limits::{ConsentArgs, LimitArgs},
    report::{Answer, answer},
};
use alloy_primitives::U256;
use fastness::{amount::decimal_to_u256, chain::ethereum::calls, explain::Failure};

/// NFTs: send one (ERC-721) or some of a kind (ERC-1155)
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Send an NFT
    Send(SendArgs),
}

#[derive(Debug, clap::Args)]
struct SendArgs {
    /// The collection's contract
    contract: String,
    /// Number of the NFT
    id: String,
    /// Who gets it
    to: String,
    /// How many, of an ERC-1155 collection
    #[arg(long, value_name = "N")]
    count: Option<String>,
    /// How soon: slow, normal or fast
    #[arg(long, value_name = "LEVEL")]
    fee: Option<String>,
    /// Make it again even if the same is on its way
    #[arg(long)]
    again: bool,
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
        let Action::Send(args) = &self.action;
        let chain = context.chain()?;
        let _lock = context.payment_lock()?;
        let (evm, limits, consents) = (&args.evm, &args.limits, &args.consents);
        let options = Options { level: args.fee.as_deref(), evm, limits, consents, once: args.once.once.as_deref() };
        let mut work = EvmSession::begin(context, chain, options)?;
        let call = args.call(context, &work)?;
        let again = if args.again { Again::Yes } else { Again::No };
        answer(work.whole(context, &call, again)?)
    }
}

impl SendArgs {
    fn call(&self, context: &Context, work: &EvmSession<'_>) -> Result<CallArgs, Failure> {
        let contract = address(&self.contract, work.chain)?;
        let (from, to) = (work.row.account.address, lookup::recipient(context, &work.ledger, work.chain, &self.to)?);
        let whole = |text: &str| -> Result<U256, Failure> { Ok(decimal_to_u256(text, 0)?) };
        let id = whole(&self.id)?;
        let data = match &self.count {
            Some(count) => calls::send_items(from, to, id, whole(count)?)?,
            None => calls::send_nft(from, to, id)?,
        };
        Ok(CallArgs::call(contract, data))
    }
}
