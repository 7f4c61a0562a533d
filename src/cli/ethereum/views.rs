//! The EVM side of commands that look: `balance`, `history`, `inspect`, `track`. Nothing is signed here.

use std::time::{Duration, Instant};

use super::token_balances::{self, TokenBalances};
use crate::cli::{
    context::Context,
    duration::span,
    ethereum::{
        evidence::{tone, write_disagreements},
        place::{EvmPlace, Waited},
    },
    page::Page,
    report::{Answer, Report, answer},
};
use alloy_primitives::B256;
use fastness::{
    amount::{Denomination, Units},
    explorer::ethereum::{Disagreement, Sourced},
    flow::ethereum::{self},
    ledger::now,
    network::EvmChain,
    review::{Depth, Evidence, EvmStatus, ExecutionOutcome},
    text::SafeText,
};
use serde::Serialize;

/// Time between two questions while waiting.
const PAUSE: Duration = Duration::from_secs(4);
const LOCAL_PAUSE: Duration = Duration::from_millis(300);
/// Chain id of a node for trying things out.
const LOCAL: u64 = 31_337;
/// A block older than this many seconds is said to be old.
const OLD_BLOCK: u64 = 600;

/// What the account has, as nodes say now, with the evidence.
#[derive(Serialize)]
struct EvmBalance {
    account: String,
    network: &'static EvmChain,
    address: String,
    native: Units,
    nonce: u64,
    block: u64,
    /// Its hash, where several operators were asked for it.
    block_hash: Option<B256>,
    /// When that block was made, in seconds since 1970.
    block_time: Option<u64>,
    evidence: Evidence,
    said_by: Vec<SafeText>,
    disagreements: Vec<Disagreement>,
    tokens: TokenBalances,
    #[serde(skip)]
    standing: String,
}

/// `balance` on an EVM chain: asked now.
pub(crate) fn balance(context: &mut Context, chain: &'static EvmChain) -> Answer {
    let (_, row) = context.evm_account(chain)?;
    let claim = context.node(chain)?.account(row.account.address)?;
    let (standing, evidence) = (claim.standing(), claim.evidence());
    let Sourced { claim, said_by, disagreements } = claim;
    let state = claim.into_value();
    answer(EvmBalance {
        account: format!("{}/{}", row.wallet, row.name),
        network: chain,
        address: fastness::address::evm_text(row.account.address, chain),
        native: Denomination::new(chain.symbol, chain.decimals).of(state.balance),
        nonce: state.nonce,
        block: state.block,
        block_hash: state.block_hash,
        block_time: state.block_time,
        evidence,
        said_by,
        disagreements,
        standing,
        tokens: token_balances::balances(context, chain)?,
    })
}

impl Report for EvmBalance {
    fn page(&self, page: &mut Page) {
        page.heading(&self.account, &self.network.to_string());
        let age = self.block_time.map(|time| now().saturating_sub(time)).filter(|age| *age > OLD_BLOCK);
        let age = age.map_or_else(String::new, |age| format!(" ({} old)", span(age)));
        let text = format!("{}   at block {}{age}, {}", self.native, self.block, self.standing);
        page.toned_field("", (tone(self.evidence), &text));
        write_disagreements(&self.disagreements, page);
        self.tokens.write(page);
    }
}

/// How long to wait, and for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Confirmations.
    pub(crate) confirmations: u64,
    /// Or a settled depth.
    pub(crate) until: Option<Until>,
    /// When to give up.
    pub(crate) end: Instant,
}

/// A depth that does not count confirmations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Until {
    /// At or below the node's safe block
    Safe,
    /// At or below the node's finalized block
    Finalized,
}

/// `track` on an EVM chain.
pub(crate) fn track(context: &mut Context, chain: &'static EvmChain, hash: B256, patience: Patience) -> Answer {
    let node = context.node(chain)?;
    let mut ledger = context.ledger()?;
    let pause = if chain.id == LOCAL { LOCAL_PAUSE } else { PAUSE };
    let mut said = false;
    loop {
        let tracked = ethereum::track(&mut ledger, &node, chain, hash)?;
        let waits = patience.confirmations > 0 || patience.until.is_some();
        // Where several can be asked, one alone ends no waiting.
        let doubted = waits && node.has_second_source() && tracked.evidence == Evidence::Said;
        let enough = !doubted && is_enough(&tracked.status, patience);
        if doubted && !said && is_enough(&tracked.status, patience) {
            said = true;
            context.ui.say("One node alone says that it is as deep as wanted; waiting for another.");
        }
        let over = !doubted
            && (matches!(tracked.status, EvmStatus::Replaced { .. })
                || matches!(tracked.status, EvmStatus::Mined { outcome: ExecutionOutcome::Reverted { .. }, .. }));
        if enough || over || Instant::now() >= patience.end {
            let waited = if enough || over { Waited::Enough } else { Waited::InVain };
            return answer(EvmPlace::new(hash, chain, tracked, waited));
        }
        std::thread::sleep(pause);
    }
}

fn is_enough(status: &EvmStatus, patience: Patience) -> bool {
    let EvmStatus::Mined { depth, .. } = status else {
        return patience.confirmations == 0 && patience.until.is_none();
    };
    match (patience.until, depth) {
        (Some(Until::Finalized), depth) => *depth == Depth::Finalized,
        (Some(Until::Safe), depth) => *depth >= Depth::Safe,
        (None, Depth::Latest { confirmations }) => *confirmations >= patience.confirmations,
        (None, Depth::Safe | Depth::Finalized) => true,
    }
}
