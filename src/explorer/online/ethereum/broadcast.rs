//! Sending a signed Ethereum transaction: the same bytes to several operators at once, and one verdict at the end.
//!
//! Never "refused" while a node has it, and sent a second time only where it is unclear whether a node has it. The
//! caller has written the bytes down before they come here.

use std::time::Duration;

use alloy_primitives::{Address, B256, keccak256};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};

use super::{
    EvmExplorer,
    jsonrpc::{self, Rpc},
    quorum::SOURCES,
    rpc_errors::RpcError,
};
use crate::{
    chain::ethereum::decode,
    explorer::{
        Cause, HostFailure, HostFailures, Subject,
        ethereum::{EvmDissent, EvmReject, EvmTaken, EvmVerdict, EvmWhereabouts, EvmWhy},
        health::Lane,
        online::transport::{
            endpoint::Endpoint,
            http::{HttpFault, HttpReply, RequestPurpose, SentState, status_cause},
            pool::after,
        },
    },
    review::Evidence,
    text::SafeText,
};

/// One round of sending; a node that has not answered by then may have it.
const SENDING: Duration = Duration::from_secs(10);
/// When to look for a transaction after sending it, counted from the last answer.
pub(super) const READ_BACK_AT: [Duration; 5] =
    [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

/// A signed transaction and what is known of it.
struct OutgoingTx<'a> {
    raw: &'a [u8],
    hash: B256,
    from: Address,
    nonce: u64,
}

/// What one host made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SubmitOutcome {
    Accepted,
    Known,
    Refused(EvmReject),
    /// Nothing was sent, or the host says that nothing was done.
    NotSent(Cause),
    /// It may have passed it on.
    Unclear,
    /// It answered with something else's hash.
    Lied,
}

/// What all hosts made of it.
#[derive(Default)]
struct Tally(Vec<(SafeText, SubmitOutcome)>);

impl EvmExplorer {
    /// Sends a signed transaction whose hash must be `hash`, and says what became of it.
    ///
    /// Three operators are offered it at once: one that takes it is enough. Where it is unclear, or its nonce is used,
    /// every node is asked for it, those it was not sent to as well.
    #[must_use]
    pub fn send(&self, raw: &[u8], hash: B256, from: Address) -> EvmVerdict {
        let nobody = || EvmVerdict::NotSent(HostFailures::default());
        let (Ok((signed, _)), true) = (decode::signed(raw), keccak256(raw) == hash) else { return nobody() };
        let letter = OutgoingTx { raw, hash, from, nonce: signed.nonce };
        self.pool.wait(async { Ok(self.deliver(&letter).await) }).unwrap_or_else(|_| nobody())
    }

    async fn deliver(&self, letter: &OutgoingTx<'_>) -> EvmVerdict {
        let mut tally = Tally::default();
        let hosts = self.everybody();
        for some in hosts.chunks(SOURCES) {
            tally.0.extend(self.offer_all(some, letter).await);
            // Others are tried only while no node was reached.
            if tally.0.iter().any(|(_, submit_outcome)| !matches!(submit_outcome, SubmitOutcome::NotSent(_))) {
                break;
            }
        }
        match tally.taken() {
            Some(EvmVerdict::Accepted(carried)) => return EvmVerdict::Accepted(self.settled(letter, carried).await),
            Some(EvmVerdict::Known(carried)) => return EvmVerdict::Known(self.settled(letter, carried).await),
            _ => {}
        }
        match (tally.is_unclear(), tally.refusal()) {
            (true, _) => self.unclear(letter, tally).await,
            (false, Some(class)) => self.refused(letter, class, tally.0.len()).await,
            (false, None) => EvmVerdict::NotSent(tally.failures()),
        }
    }

    /// Others have it. A node that refuses it because its nonce is used, or another waits with it, may mean this very
    /// one: such nodes are asked once.
    async fn settled(&self, letter: &OutgoingTx<'_>, mut carried: EvmTaken) -> EvmTaken {
        let doubtful = |dissent: &EvmDissent| matches!(dissent.why, EvmWhy::Refused(class) if class.may_be_there());
        if !carried.dissent.iter().any(doubtful) {
            return carried;
        }
        let has_it = self.read_back(letter, &[Duration::ZERO]).await.unwrap_or_default();
        let (found, others): (Vec<_>, Vec<_>) = std::mem::take(&mut carried.dissent)
            .into_iter()
            .partition(|dissent| doubtful(dissent) && has_it.contains(&dissent.operator));
        carried.dissent = others;
        carried.operators.extend(found.into_iter().map(|dissent| dissent.operator));
        carried
    }

    /// A node may have it: it is looked for, sent once more, and looked for again.
    async fn unclear(&self, letter: &OutgoingTx<'_>, mut tally: Tally) -> EvmVerdict {
        let asked = tally.0.len();
        if let Some(operators) = self.read_back(letter, &self.read_back_at).await {
            return EvmVerdict::Accepted(EvmTaken { operators, asked, dissent: Vec::new() });
        }
        let hosts = self.everybody();
        let again: Vec<&Endpoint> =
            hosts.into_iter().filter(|host| tally.0.iter().any(|(name, _)| *name == host.operator)).collect();
        tally.0 = self.offer_all(&again, letter).await;
        // A node that says now that it is there already has it from the first time, which was ours.
        if let Some(EvmVerdict::Accepted(carried) | EvmVerdict::Known(carried)) = tally.taken() {
            return EvmVerdict::Accepted(carried);
        }
        let shortly = self.read_back_at.get(..3).unwrap_or_default();
        match self.read_back(letter, shortly).await {
            Some(operators) => EvmVerdict::Accepted(EvmTaken { operators, asked, dissent: Vec::new() }),
            None => EvmVerdict::Unknown,
        }
    }

    /// Every node that answered refuses it. It is refused if no node has it, and if what they say can be true.
    async fn refused(&self, letter: &OutgoingTx<'_>, class: EvmReject, asked: usize) -> EvmVerdict {
        let schedule = if class.may_be_there() { &self.read_back_at[..] } else { &[Duration::ZERO] };
        if let Some(operators) = self.read_back(letter, schedule).await {
            return EvmVerdict::Known(EvmTaken { operators, asked, dissent: Vec::new() });
        }
        if class != EvmReject::NonceTooLow {
            return EvmVerdict::Rejected(class);
        }
        match self.sourced_account(letter.from).await {
            // One node of several that says so alone may have kept it, and have invented the nonce.
            Ok(state) if state.evidence() == Evidence::Said && self.has_second_source() => EvmVerdict::Unknown,
            Ok(state) if state.value().nonce > letter.nonce => EvmVerdict::Rejected(class),
            // They say that the nonce is used, and it is not: what they did with it is unknown.
            _ => EvmVerdict::Unknown,
        }
    }

    /// Offers it to several hosts at once; all are waited for.
    async fn offer_all(&self, hosts: &[&Endpoint], letter: &OutgoingTx<'_>) -> Vec<(SafeText, SubmitOutcome)> {
        let end = after(SENDING * self.slower);
        join_all(hosts.iter().map(async |host| (host.operator.clone(), self.offer(host, end, letter).await))).await
    }

    /// Offers it to one host, whose chain is checked before.
    async fn offer(&self, endpoint: &Endpoint, deadline: Instant, letter: &OutgoingTx<'_>) -> SubmitOutcome {
        let send = async |node: Rpc<'_>| {
            node.endpoint.turn(node.deadline).await?;
            self.tell(node, Subject::Sent(format!("{:x}", letter.hash)));
            // A signature names its account, though its address is not among the bytes.
            self.tell(node, Subject::Account(format!("{:x}", letter.from)));
            let started = Instant::now();
            let reply = node.post(RequestPurpose::Send, jsonrpc::sending(letter.raw)).await;
            let cause = match &reply {
                Ok(reply) => status_cause(reply.status),
                Err(fault) => Some(fault.cause),
            };
            endpoint.note(Lane::Send, cause, started);
            Ok(submit_outcome(reply, letter.hash))
        };
        match self.pool.judged(endpoint, self.ask_one(endpoint, deadline, send).await) {
            Ok(SubmitOutcome::Lied) => {
                self.pool.remember(endpoint, Cause::Lied);
                SubmitOutcome::Lied
            }
            Ok(received) => received,
            Err(cause) => SubmitOutcome::NotSent(cause),
        }
    }

    /// Looks for a transaction everywhere, several times: the nodes that have it.
    async fn read_back(&self, letter: &OutgoingTx<'_>, schedule: &[Duration]) -> Option<Vec<SafeText>> {
        let started = Instant::now();
        let about = Subject::Transaction(format!("{:x}", letter.hash));
        let question = async |node: Rpc<'_>| {
            let place = node.about(&about).whereabouts(letter.hash, letter.from).await?;
            Ok(!matches!(place, EvmWhereabouts::Absent { .. }))
        };
        for delay in schedule {
            sleep_until(started + *delay).await;
            let answers = self.gather(&self.everybody(), question).await;
            let has_it = answers.into_iter().filter(|(_, answer)| *answer == Ok(true));
            let operators: Vec<SafeText> = has_it.map(|(host, _)| host.operator.clone()).collect();
            if !operators.is_empty() {
                return Some(operators);
            }
        }
        None
    }
}

impl Tally {
    /// The verdict if a node took it or had it.
    fn taken(&self) -> Option<EvmVerdict> {
        let has =
            |submit_outcome: &SubmitOutcome| matches!(submit_outcome, SubmitOutcome::Accepted | SubmitOutcome::Known);
        let mut carried = EvmTaken { asked: self.0.len(), ..EvmTaken::default() };
        for (operator, submit_outcome) in &self.0 {
            let why = match submit_outcome {
                SubmitOutcome::Accepted | SubmitOutcome::Known => {
                    carried.operators.push(operator.clone());
                    continue;
                }
                SubmitOutcome::Refused(class) => EvmWhy::Refused(*class),
                SubmitOutcome::NotSent(cause) => EvmWhy::NotSent(*cause),
                SubmitOutcome::Unclear => EvmWhy::Unclear,
                SubmitOutcome::Lied => EvmWhy::NotSent(Cause::Lied),
            };
            carried.dissent.push(EvmDissent { operator: operator.clone(), why });
        }
        let anew = self.0.iter().any(|(_, submit_outcome)| *submit_outcome == SubmitOutcome::Accepted);
        match self.0.iter().any(|(_, submit_outcome)| has(submit_outcome)) {
            true if anew => Some(EvmVerdict::Accepted(carried)),
            true => Some(EvmVerdict::Known(carried)),
            false => None,
        }
    }

    fn is_unclear(&self) -> bool {
        self.0.iter().any(|(_, submit_outcome)| matches!(submit_outcome, SubmitOutcome::Unclear | SubmitOutcome::Lied))
    }

    /// The refusal that tells most.
    fn refusal(&self) -> Option<EvmReject> {
        let classes = self.0.iter().filter_map(|(_, submit_outcome)| match submit_outcome {
            SubmitOutcome::Refused(class) => Some(*class),
            _ => None,
        });
        classes.min_by_key(|class| class.rank())
    }

    fn failures(self) -> HostFailures {
        let failures = self.0.into_iter().filter_map(|(operator, submit_outcome)| match submit_outcome {
            SubmitOutcome::NotSent(cause) => Some(HostFailure { operator, cause }),
            _ => None,
        });
        HostFailures(failures.collect())
    }
}

/// What an exchange means: only our own hash is an acceptance.
fn submit_outcome(reply: Result<HttpReply, HttpFault>, hash: B256) -> SubmitOutcome {
    let reply = match reply {
        Ok(reply) => reply,
        Err(HttpFault { cause, sent: SentState::Nothing }) => return SubmitOutcome::NotSent(cause),
        Err(_) => return SubmitOutcome::Unclear,
    };
    match jsonrpc::read_one(&reply.body) {
        Ok(answer) if jsonrpc::parsed::<B256>(&answer) == Ok(hash) => SubmitOutcome::Accepted,
        // The hash of something else: a lie, and it may have taken ours all the same.
        Ok(answer) if jsonrpc::parsed::<B256>(&answer).is_ok() => SubmitOutcome::Lied,
        Ok(_) => SubmitOutcome::Unclear,
        Err(refusal) => match (refusal.class, status_cause(reply.status)) {
            (RpcError::AlreadyKnown, _) => SubmitOutcome::Known,
            (RpcError::Rejected(class), _) => SubmitOutcome::Refused(class),
            (
                RpcError::Failed(Cause::Malformed),
                Some(cause @ (Cause::Throttled | Cause::Denied | Cause::Unsupported)),
            ) => SubmitOutcome::NotSent(cause),
            (RpcError::Failed(Cause::Malformed) | RpcError::Reverted, _) => SubmitOutcome::Unclear,
            (RpcError::Failed(cause), _) => SubmitOutcome::NotSent(cause),
        },
    }
}

#[cfg(test)]
#[path = "broadcast_tests.rs"]
mod tests;
