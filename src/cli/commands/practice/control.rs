//! `practice mine`, `practice faucet`, `practice reorg`: orders to the practice chain that runs in another process.
//!
//! Words are checked here, rules by the chain. Must not reach anything but this computer (wire.rs sees to it).

use super::{error::PracticeCliError, wire::ServerAddr};
use crate::cli::{
    context::Context,
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::{
    address,
    amount::{Amount, Asset},
    explain::Failure,
    explorer::bitcoin::default_endpoints,
    network::{AnyNetwork, Network},
    text::SafeText,
};
use serde::{Deserialize, Serialize};

/// Which practice chain.
#[derive(Debug, clap::Args)]
struct PortArg {
    /// Port of the practice chain, if it is not the usual one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
}

/// Mine blocks on the running practice chain
#[derive(Debug, clap::Args)]
pub(super) struct MineArgs {
    /// How many, 1 to 1000
    #[arg(default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    blocks: u32,
    /// Who gets the blocks' reward (spendable after 100 more blocks); else the faucet
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    #[command(flatten)]
    place: PortArg,
}

/// Get coins from the running practice chain
#[derive(Debug, clap::Args)]
pub(super) struct FaucetArgs {
    /// Regtest address that is paid
    address: String,
    /// How much, such as 1btc
    amount: String,
    #[command(flatten)]
    place: PortArg,
}

/// Take the last blocks of the running practice chain away; their transactions wait again
#[derive(Debug, clap::Args)]
pub(super) struct ReorgArgs {
    /// How many, at least 1
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    depth: u32,
    #[command(flatten)]
    place: PortArg,
}

#[derive(Serialize)]
struct MineOrder<'a> {
    blocks: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
}

#[derive(Serialize)]
struct FaucetOrder<'a> {
    address: &'a str,
    sat: u64,
}

#[derive(Serialize)]
struct ReorgOrder {
    depth: u32,
}

/// Where the chain stands after an order.
#[derive(Deserialize)]
struct ChainState {
    height: u32,
    hash: bitcoin::BlockHash,
    waiting: u32,
    #[serde(default)]
    txid: Option<bitcoin::Txid>,
}

/// What an order did.
#[derive(Serialize)]
struct Done {
    height: u32,
    hash: String,
    waiting: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip)]
    what: String,
    #[serde(skip)]
    next: &'static str,
}

impl MineArgs {
    pub(super) fn run(&self, context: &mut Context) -> Answer {
        if let Some(to) = &self.to {
            address::parse(to, Network::Regtest)?;
        }
        let order = MineOrder { blocks: self.blocks, address: self.to.as_deref().map(str::trim) };
        let state = ordered(self.place.find(context)?, "mine", &order)?;
        answer(state.done(format!("Mined {}.", counted(self.blocks, "block")), "fastness sync"))
    }
}

impl FaucetArgs {
    pub(super) fn run(&self, context: &mut Context) -> Answer {
        let script = address::parse(&self.address, Network::Regtest)?;
        let address = address::of(&script, Network::Regtest).ok_or(crate::cli::CliError::Unprintable)?;
        let amount = Amount::parse(&self.amount, Asset::Bitcoin)?;
        let order = FaucetOrder { address: &address, sat: amount.to_sat().unwrap_or(u64::MAX) };
        let state = ordered(self.place.find(context)?, "faucet", &order)?;
        answer(state.done(format!("The faucet pays {amount}; it waits for a block."), "fastness practice mine 1"))
    }
}

impl ReorgArgs {
    pub(super) fn run(&self, context: &mut Context) -> Answer {
        let state = ordered(self.place.find(context)?, "reorg", &ReorgOrder { depth: self.depth })?;
        let what = format!("Took {} away; what is mined next is another branch.", counted(self.depth, "block"));
        answer(state.done(what, "fastness practice mine 1"))
    }
}

impl PortArg {
    /// The port named, else the explorer named, else the configured one, else the usual port.
    fn find(&self, context: &mut Context) -> Result<ServerAddr, Failure> {
        if let Some(port) = self.port {
            return Ok(ServerAddr::port(port));
        }
        let mut urls = context.globals().explorer.clone();
        if urls.is_empty() {
            urls = context.config()?.explorers_of(AnyNetwork::Bitcoin(Network::Regtest));
        }
        let url = urls.into_iter().chain(default_endpoints(Network::Regtest)).next().unwrap_or_default();
        Ok(ServerAddr::of_url(&url)?)
    }
}

fn ordered(place: ServerAddr, verb: &str, order: &impl Serialize) -> Result<ChainState, Failure> {
    let body = serde_json::to_string(order).map_err(|_| crate::cli::CliError::Unprintable)?;
    let bytes = place.order(verb, &body)?;
    serde_json::from_slice(&bytes).map_err(|_| PracticeCliError::NotPractice(SafeText::new("that port")).into())
}

impl ChainState {
    fn done(self, what: String, next: &'static str) -> Done {
        let (hash, id) = (self.hash.to_string(), self.txid.map(|txid| txid.to_string()));
        Done { height: self.height, hash, waiting: self.waiting, id, what, next }
    }
}

/// `1 block`, `2 blocks`.
fn counted(count: u32, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

impl Report for Done {
    fn page(&self, page: &mut Page) {
        page.line(&self.what);
        if let Some(id) = &self.id {
            page.copyable("Id", id);
        }
        let waiting = if self.waiting == 0 {
            "nothing waits".to_owned()
        } else {
            format!("waiting: {}", counted(self.waiting, "transaction"))
        };
        page.field("Chain", &format!("height {}, {waiting}", self.height));
        page.field("Next", self.next);
    }
}
