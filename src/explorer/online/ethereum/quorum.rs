//! Several nodes at once: which counts as an operator of its own, what most of them say, and which block they agree on.
//!
//! Questions about blocks say nothing about this wallet, so three operators get them; questions about an account go to as
//! few as possible. It knows nothing of accounts.

use std::{collections::BTreeSet, time::Duration};

use alloy_primitives::B256;
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::{Instant, timeout_at};

use super::{EvmExplorer, block::Block, jsonrpc::Rpc};
use crate::{
    explorer::{
        Cause, ExplorerError, HostFailure,
        ethereum::{Disagreement, Matter},
        online::transport::{endpoint::Endpoint, pool::after},
    },
    text::SafeText,
};

/// Operators that are asked at once.
pub(super) const SOURCES: usize = 3;
/// A question to several of them.
const ROUND: Duration = Duration::from_secs(8);
/// Once two have answered, how long the others are waited for.
const GRACE: Duration = Duration::from_millis(1_500);
/// Blocks to step back when operators are not of one mind about the newest: reorganisations of one or two are usual.
const STEP_BACK: u64 = 4;
/// A node whose newest block is older than another's by this many seconds does not follow the chain.
const STALE: u64 = 120;

/// And which is behind by more blocks than this.
const NEIGHBOURS: u64 = 2;

/// What each of several hosts answered.
pub(super) type Answers<'a, T> = Vec<(&'a Endpoint, Result<T, Cause>)>;

/// What was said, in the order of preference; the hosts that gave no answer; and those that proved false.
pub(super) struct Heard<'a, T> {
    pub(super) said: Vec<(&'a Endpoint, T)>,
    pub(super) failures: Vec<HostFailure>,
    pub(super) disagreements: Vec<Disagreement>,
}

/// A block that operators were asked for.
pub(super) struct Common<'a> {
    /// The block, with its state root if a node sent a header that hashes to it.
    pub(super) block: Block,
    /// The nodes that name it, the preferred one first: one alone is no agreement.
    pub(super) hosts: Vec<&'a Endpoint>,
    /// No node that answered names another block, or is far ahead of it.
    pub(super) unanimous: bool,
    /// The nodes that answered at all.
    pub(super) answered: Vec<&'a Endpoint>,
    pub(super) disagreements: Vec<Disagreement>,
}

impl EvmExplorer {
    /// One host for each operator, the preferred one first; none that proved false.
    pub(super) fn operators(&self) -> Vec<&Endpoint> {
        let mut seen = BTreeSet::new();
        let is_new = |endpoint: &&Endpoint| endpoint.barred.get().is_none() && seen.insert(endpoint.organisation());
        self.pool.turns(after(ROUND)).map(|(endpoint, _)| endpoint).filter(is_new).collect()
    }

    /// Every host that did not prove false: one for each operator first, then the others.
    pub(super) fn everybody(&self) -> Vec<&Endpoint> {
        let mut hosts = self.operators();
        for (host, _) in self.pool.turns(after(ROUND)) {
            if host.barred.get().is_none() && !hosts.iter().any(|other| std::ptr::eq(*other, host)) {
                hosts.push(host);
            }
        }
        hosts
    }

    /// Asks three operators at once, and further ones while fewer than `enough` have answered. A second host of an operator
    /// is asked only if no other answers.
    pub(super) async fn hear<T>(&self, enough: usize, ask: impl AsyncFn(Rpc<'_>) -> Result<T, Cause>) -> Heard<'_, T> {
        let mut heard = Heard::new();
        let (operators, all) = (self.operators(), self.everybody());
        let spare = all.get(operators.len()..).unwrap_or_default();
        for some in operators.chunks(SOURCES).chain(spare.chunks(1)) {
            let wanted = if spare.iter().any(|host| std::ptr::eq(*host, some[0])) { 1 } else { enough };
            if heard.said.len() >= wanted {
                continue;
            }
            for (host, answer) in self.gather(some, &ask).await {
                heard.take(host, answer);
            }
        }
        heard
    }

    /// Asks hosts at once. When two have answered, the others get a moment more.
    pub(super) async fn gather<'a, T>(
        &self,
        hosts: &[&'a Endpoint],
        ask: impl AsyncFn(Rpc<'_>) -> Result<T, Cause>,
    ) -> Answers<'a, T> {
        let mut end = after(ROUND * self.slower);
        let ask_one = async |host: &'a Endpoint, end: Instant| {
            (host, self.pool.judged(host, self.ask_one(host, end, &ask).await))
        };
        let mut waiting: FuturesUnordered<_> = hosts.iter().map(|host| ask_one(host, end)).collect();
        let (mut answers, mut good): (Answers<'a, T>, usize) = (Vec::new(), 0);
        while let Ok(Some(answer)) = timeout_at(end, waiting.next()).await {
            good += usize::from(answer.1.is_ok());
            if good == 2 {
                end = end.min(after(GRACE * self.slower));
            }
            answers.push(answer);
        }
        let place = |host: &Endpoint| hosts.iter().position(|other| std::ptr::eq(*other, host));
        for host in hosts {
            if !answers.iter().any(|(other, _)| std::ptr::eq(*other, *host)) {
                answers.push((host, Err(Cause::TimedOut)));
            }
        }
        answers.sort_by_key(|(host, _)| place(host));
        answers
    }

    /// The newest block that two operators have, and which of three name it.
    pub(super) async fn common_block(&self) -> Result<Common<'_>, ExplorerError> {
        let heard = self.hear(2, async |node: Rpc<'_>| node.neutral().block("latest").await).await;
        let Heard { said: tips, failures, disagreements } = heard;
        let mut heights: Vec<u64> = tips.iter().map(|(_, tip)| tip.number).collect();
        heights.sort_unstable_by(|a, b| b.cmp(a));
        match (tips.first(), heights.get(1)) {
            (None, _) => Err(self.pool.error_of(failures)),
            (Some((host, tip)), None) => Ok(Common {
                block: tip.clone(),
                hosts: vec![host],
                unanimous: true,
                answered: vec![host],
                disagreements,
            }),
            (Some(_), Some(height)) => Ok(self.agreed_block(&tips, *height, disagreements).await),
        }
    }

    /// The block of this height, or a little below if that leaves no node that disagrees.
    async fn agreed_block<'a>(
        &'a self,
        tips: &[(&'a Endpoint, Block)],
        height: u64,
        before: Vec<Disagreement>,
    ) -> Common<'a> {
        let newest = self.blocks_at(tips, height, before.clone()).await;
        if newest.unanimous && newest.hosts.len() > 1 {
            return newest;
        }
        let below = self.blocks_at(tips, height.saturating_sub(STEP_BACK), before).await;
        let better = below.hosts.len() > 1 && (below.unanimous || newest.hosts.len() < 2);
        if better { below } else { newest }
    }

    /// What each of them names at a height, sorted into most and others.
    async fn blocks_at<'a>(
        &'a self,
        tips: &[(&'a Endpoint, Block)],
        height: u64,
        mut disagreements: Vec<Disagreement>,
    ) -> Common<'a> {
        let hosts: Vec<&Endpoint> = tips.iter().map(|(host, _)| *host).collect();
        let asked: Vec<&Endpoint> =
            tips.iter().filter(|(_, tip)| tip.number != height).map(|(host, _)| *host).collect();
        let mut blocks: Vec<(&Endpoint, Block)> =
            tips.iter().filter(|(_, tip)| tip.number == height).cloned().collect();
        for (host, block) in self.gather(&asked, async |node: Rpc<'_>| node.neutral().block_at(height).await).await {
            match block {
                Ok(block) => blocks.push((host, block)),
                Err(cause) => disagreements.extend(falsehood(host, cause)),
            }
        }
        blocks.sort_by_key(|(host, _)| hosts.iter().position(|other| std::ptr::eq(*other, *host)));
        let Some(hash) = most(blocks.iter().map(|(_, block)| block.hash)) else {
            let block = tips.first().map_or_else(|| Block::none(height), |(_, tip)| tip.clone());
            return Common { block, hosts: Vec::new(), unanimous: false, answered: hosts, disagreements };
        };
        sort_out(tips, &blocks, hash, disagreements)
    }
}

/// The nodes that name the block with this hash, and what is to be said of the others.
fn sort_out<'a>(
    tips: &[(&'a Endpoint, Block)],
    blocks: &[(&'a Endpoint, Block)],
    hash: B256,
    mut disagreements: Vec<Disagreement>,
) -> Common<'a> {
    let (same, others): (Vec<_>, Vec<_>) = blocks.iter().cloned().partition(|(_, block)| block.hash == hash);
    let with_root = same.iter().find(|(_, block)| block.state_root.is_some());
    let block = with_root.or(same.first()).map_or_else(|| Block::none(0), |(_, block)| block.clone());
    let mut hosts = Vec::new();
    for (host, seen) in &same {
        // Another node sent a header that hashes to it; this one sent something else under that hash, or half of it.
        if block.state_root.is_some() && seen.state_root.is_none() {
            disagreements.push(disagreement(host, Matter::Proof, "a header that does not hash to its block's hash"));
        } else {
            hosts.push(*host);
        }
    }
    for (host, other) in &others {
        let said = format!("block {} is {}", other.number, other.hash);
        disagreements.push(disagreement(host, Matter::Block, &said));
    }
    // Between two neighbouring blocks of a quiet chain any time can pass.
    let later = |one: &Block, other: &Block| {
        one.time > other.time.saturating_add(STALE) && one.number > other.number.saturating_add(NEIGHBOURS)
    };
    let ahead = |tip: &Block| later(tip, &block);
    let behind = |tip: &Block| later(&block, tip);
    for (host, tip) in tips.iter().filter(|(_, tip)| ahead(tip) || behind(tip)) {
        disagreements.push(disagreement(host, Matter::Height, &format!("the newest block is {}", tip.number)));
    }
    let far = tips.iter().filter(|(_, tip)| ahead(tip)).count();
    // With half of them far ahead, this is a block of long ago, whichever is right.
    if tips.len() - far < 2 {
        hosts.truncate(1);
    }
    let answered = tips.iter().map(|(host, _)| *host).collect();
    Common { unanimous: others.is_empty() && far == 0, block, hosts, answered, disagreements }
}

impl<'a, T> Heard<'a, T> {
    pub(super) const fn new() -> Self {
        Self { said: Vec::new(), failures: Vec::new(), disagreements: Vec::new() }
    }

    pub(super) fn take(&mut self, host: &'a Endpoint, answer: Result<T, Cause>) {
        match answer {
            Ok(value) => self.said.push((host, value)),
            Err(cause) => {
                self.disagreements.extend(falsehood(host, cause));
                self.failures.push(HostFailure { operator: host.operator.clone(), cause });
            }
        }
    }
}

impl Block {
    /// What is known of a block that no node named.
    fn none(number: u64) -> Self {
        Self { number, hash: B256::ZERO, time: 0, state_root: None }
    }
}

/// What most of them are; the first one where none is more frequent.
pub(super) fn most<T: PartialEq>(values: impl Iterator<Item = T> + Clone) -> Option<T> {
    let count = |value: &T| values.clone().filter(|other| other == value).count();
    let most = values.clone().map(|value| count(&value)).max()?;
    values.clone().find(|value| count(value) == most)
}

/// Words about one operator that differs.
pub(super) fn disagreement(host: &Endpoint, about: Matter, said: &str) -> Disagreement {
    Disagreement { operator: host.operator.clone(), about, said: SafeText::new(said) }
}

/// A host that proved false is named; one that is down or busy disagrees with no other.
pub(super) fn falsehood(host: &Endpoint, cause: Cause) -> Option<Disagreement> {
    match cause {
        Cause::Lied => Some(disagreement(host, Matter::Proof, "something that does not hold; it is not asked again")),
        Cause::WrongChain => Some(disagreement(host, Matter::Chain, "it serves another chain")),
        _ => None,
    }
}

/// The names of hosts.
pub(super) fn names(hosts: &[&Endpoint]) -> Vec<SafeText> {
    hosts.iter().map(|host| host.operator.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_wins_and_the_first_of_equals() {
        assert_eq!(most([1, 2, 2].into_iter()), Some(2));
        assert_eq!(most([3, 1, 2].into_iter()), Some(3));
        assert_eq!(most(std::iter::empty::<u8>()), None);
    }
}
