//! What an account has: proven against a block that operators agree on, else what two of three say at that block.
//!
//! One operator is enough to prove an account, so that usually one alone learns of it. What one says alone is labelled so,
//! and a host that said something else is named.

use alloy_primitives::{Address, U256};

use super::{
    EvmExplorer,
    block::Holding,
    contracts,
    jsonrpc::Rpc,
    quorum::{Common, Heard, SOURCES, disagreement, falsehood, most, names},
};
use crate::{
    chain::ethereum::Code,
    explorer::{
        Cause, Claim, ExplorerError, HostFailure, Subject,
        ethereum::{Disagreement, EvmAccountState, Matter, Sourced},
        online::transport::{endpoint::Endpoint, limits, pool::after},
    },
};

impl EvmExplorer {
    /// Balance, nonce and code of an account at the newest block that operators agree on.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn account(&self, address: Address) -> Result<Sourced<EvmAccountState>, ExplorerError> {
        self.pool.wait(self.sourced_account(address))
    }

    pub(super) async fn sourced_account(&self, address: Address) -> Result<Sourced<EvmAccountState>, ExplorerError> {
        let mut common = self.common_block().await?;
        if common.hosts.len() > 1 {
            if let Some(proven) = self.proven_account(address, &mut common).await {
                return Ok(proven);
            }
            if let Some(agreed) = self.agreed_account(address, &mut common).await? {
                return Ok(agreed);
            }
        }
        self.said_account(address, common).await
    }

    /// From the first host whose proof holds; a host whose earlier proof does not hold lied. Where no proof holds, that
    /// says nothing: some chains keep their state in another way.
    async fn proven_account(&self, address: Address, common: &mut Common<'_>) -> Option<Sourced<EvmAccountState>> {
        let (root, about) = (common.block.state_root?, account(address));
        let mut failed = Vec::new();
        for host in common.hosts.clone() {
            let ask = async |node: Rpc<'_>| {
                let node = node.about(&about);
                let proven = node.proven(address, &common.block, root).await?;
                Ok((proven, node.pending(address).await))
            };
            match self.pool.judged(host, self.ask_one(host, after(limits::NEUTRAL_QUESTION * self.slower), ask).await) {
                Ok((Some(holding), pending)) => {
                    for liar in failed {
                        self.pool.remember(liar, Cause::Lied);
                        common.disagreements.extend(falsehood(liar, Cause::Lied));
                        common.hosts.retain(|other| !std::ptr::eq(*other, liar));
                    }
                    return Some(proven_state(state_of(&holding, common, pending), common));
                }
                Ok((None, _)) => failed.push(host),
                Err(cause) => common.disagreements.extend(falsehood(host, cause)),
            }
        }
        let doubts = failed.into_iter().map(|host| disagreement(host, Matter::Proof, "a proof that does not hold"));
        common.disagreements.extend(doubts);
        None
    }

    /// What two of the nodes that name the block say alike.
    async fn agreed_account(
        &self,
        address: Address,
        common: &mut Common<'_>,
    ) -> Result<Option<Sourced<EvmAccountState>>, ExplorerError> {
        let (number, about) = (common.block.number, account(address));
        let ask = async |node: Rpc<'_>| node.about(&about).holding(address, number).await;
        let heard = self.until_two_agree(&common.hosts, ask).await;
        common.disagreements.extend(heard.disagreements);
        let Some((holding, alike)) = majority(&heard.said) else { return Ok(None) };
        let others: Vec<_> = heard.said.iter().filter(|(_, other)| *other != holding).collect();
        common.disagreements.extend(others.iter().flat_map(|(host, other)| differences(host, &holding, other)));
        if alike.len() < 2 {
            return Ok(None);
        }
        let state = state_of(&holding, common, None);
        Ok(Some(Sourced::said(state, names(&alike), std::mem::take(&mut common.disagreements))))
    }

    /// What the preferred host says, at its own newest block. If others are there they are asked too, to name those
    /// that differ.
    async fn said_account(
        &self,
        address: Address,
        common: Common<'_>,
    ) -> Result<Sourced<EvmAccountState>, ExplorerError> {
        let (mut disagreements, about) = (common.disagreements, account(address));
        let (mut first, mut failures): (Option<(&Endpoint, EvmAccountState)>, Vec<HostFailure>) = (None, Vec::new());
        for host in common.answered {
            let ask = async |node: Rpc<'_>| node.about(&about).account(address).await;
            match self.pool.judged(host, self.ask_one(host, after(limits::NEUTRAL_QUESTION * self.slower), ask).await) {
                Ok(state) => match &first {
                    None => first = Some((host, state)),
                    Some((_, one)) => disagreements.extend(differences(host, &holding_of(one), &holding_of(&state))),
                },
                Err(cause) => failures.push(HostFailure { operator: host.operator.clone(), cause }),
            }
        }
        disagreements
            .sort_by(|a, b| (&a.operator, a.about, a.said.as_str()).cmp(&(&b.operator, b.about, b.said.as_str())));
        disagreements.dedup();
        match first {
            Some((host, state)) => Ok(Sourced::said(state, names(&[host]), disagreements)),
            None => Err(self.pool.error_of(failures)),
        }
    }

    /// The nonce with what waits in pools, which cannot be proven: the highest that two operators reach, or the only
    /// one.
    ///
    /// # Errors
    /// As [`Self::account`].
    pub fn pending_nonce(&self, address: Address) -> Result<Option<Sourced<u64>>, ExplorerError> {
        self.pool.wait(async {
            let hosts: Vec<&Endpoint> = self.operators().into_iter().take(SOURCES).collect();
            let about = account(address);
            let ask = async |node: Rpc<'_>| node.about(&about).pending(address).await.ok_or(Cause::Unsupported);
            let answers = self.gather(&hosts, ask).await;
            let said: Vec<(&Endpoint, u64)> =
                answers.into_iter().filter_map(|(host, nonce)| Some((host, nonce.ok()?))).collect();
            let mut nonces: Vec<u64> = said.iter().map(|(_, nonce)| *nonce).collect();
            nonces.sort_unstable_by(|a, b| b.cmp(a));
            let Some(nonce) = nonces.get(1).or(nonces.first()).copied() else { return Ok(None) };
            let (alike, others): (Vec<_>, Vec<_>) = said.into_iter().partition(|(_, other)| *other == nonce);
            let alike: Vec<&Endpoint> = alike.into_iter().map(|(host, _)| host).collect();
            let disagreements =
                others.iter().map(|(host, other)| disagreement(host, Matter::Nonce, &format!("nonce {other} is next")));
            Ok(Some(Sourced::said(nonce, names(&alike), disagreements.collect())))
        })
    }

    /// Balances of tokens at the newest block that operators agree on, as two of them say; nothing where a contract does
    /// not say.
    ///
    /// # Errors
    /// As [`Self::account`].
    pub fn token_balances(
        &self,
        owner: Address,
        tokens: &[Address],
    ) -> Result<Sourced<Vec<Option<U256>>>, ExplorerError> {
        self.pool.wait(async {
            let common = self.common_block().await?;
            let agreed = common.hosts.len() > 1;
            let block = if agreed { format!("{:#x}", common.block.number) } else { "latest".to_owned() };
            let about = account(owner);
            let ask = async |node: Rpc<'_>| contracts::balances(node.about(&about), owner, tokens, &block).await;
            let hosts = if agreed { &common.hosts } else { &common.answered };
            let heard = self.until_two_agree(hosts, ask).await;
            let mut disagreements = [common.disagreements, heard.disagreements].concat();
            let Some((balances, alike)) = majority(&heard.said) else { return Err(self.pool.error_of(heard.failures)) };
            for (host, other) in heard.said.iter().filter(|(_, other)| *other != balances) {
                disagreements.extend(token_differences(host, tokens, &balances, other));
            }
            // Two nodes that do not name one block do not agree, whatever they say.
            let alike = if agreed { names(&alike) } else { names(&alike[..1]) };
            Ok(Sourced::said(balances, alike, disagreements))
        })
    }

    /// Asks one host after the other until two have said the same.
    async fn until_two_agree<'a, T: PartialEq>(
        &self,
        hosts: &[&'a Endpoint],
        ask: impl AsyncFn(Rpc<'_>) -> Result<T, Cause>,
    ) -> Heard<'a, T> {
        let mut heard = Heard::new();
        for host in hosts {
            let end = after(limits::NEUTRAL_QUESTION * self.slower);
            let answer = self.pool.judged(host, self.ask_one(host, end, &ask).await);
            let again = answer.as_ref().is_ok_and(|value| heard.said.iter().any(|(_, other)| other == value));
            heard.take(host, answer);
            if again {
                break;
            }
        }
        heard
    }
}

/// What a question about an account tells the host that is asked.
fn account(address: Address) -> Subject {
    Subject::Account(format!("{address:x}"))
}

/// A proof is as good as the operators that name its block: where another operator names another block it counts as
/// their agreement, and where only one is left that did not lie, as what that one says.
fn proven_state(state: EvmAccountState, common: &mut Common<'_>) -> Sourced<EvmAccountState> {
    let said_by = names(&common.hosts);
    let is_proven = common.unanimous && said_by.len() > 1;
    let claim = if is_proven { Claim::Proven(state) } else { Claim::said_by(state, said_by.clone()) };
    Sourced { claim, said_by, disagreements: std::mem::take(&mut common.disagreements) }
}

/// What most said, and which.
fn majority<'a, T: PartialEq + Clone>(said: &[(&'a Endpoint, T)]) -> Option<(T, Vec<&'a Endpoint>)> {
    let value = most(said.iter().map(|(_, value)| value))?;
    let alike = said.iter().filter(|(_, other)| other == value).map(|(host, _)| *host).collect();
    Some((value.clone(), alike))
}

fn state_of(holding: &Holding, common: &Common<'_>, pending: Option<u64>) -> EvmAccountState {
    EvmAccountState {
        balance: holding.balance,
        nonce: holding.nonce,
        pending_nonce: pending.filter(|pending| *pending >= holding.nonce),
        code: holding.code,
        block: common.block.number,
        block_hash: Some(common.block.hash),
        block_time: Some(common.block.time),
    }
}

const fn holding_of(state: &EvmAccountState) -> Holding {
    Holding { balance: state.balance, nonce: state.nonce, code: state.code }
}

/// What a host says otherwise.
fn differences(host: &Endpoint, ours: &Holding, theirs: &Holding) -> Vec<Disagreement> {
    let mut found = Vec::new();
    if theirs.balance != ours.balance {
        found.push(disagreement(host, Matter::Balance, &format!("the balance is {} wei", theirs.balance)));
    }
    if theirs.nonce != ours.nonce {
        found.push(disagreement(host, Matter::Nonce, &format!("nonce {} is next", theirs.nonce)));
    }
    if theirs.code != ours.code {
        let code = match theirs.code {
            Code::None => "there is no code".to_owned(),
            Code::Contract => "there is code".to_owned(),
            Code::Delegation(to) => format!("it delegates to {to}"),
        };
        found.push(disagreement(host, Matter::Code, &code));
    }
    found
}

fn token_differences(
    host: &Endpoint,
    tokens: &[Address],
    ours: &[Option<U256>],
    theirs: &[Option<U256>],
) -> Vec<Disagreement> {
    let said = |value: &Option<U256>| value.map_or_else(|| "nothing is known".to_owned(), |value| value.to_string());
    let pairs = tokens.iter().zip(ours.iter().zip(theirs));
    let differ = pairs.filter(|(_, (ours, theirs))| ours != theirs);
    differ
        .map(|(token, (_, theirs))| {
            disagreement(host, Matter::Balance, &format!("of token {token} there are {} smallest units", said(theirs)))
        })
        .collect()
}
