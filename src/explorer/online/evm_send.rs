//! Sending a signed Ethereum transaction: the same bytes to every node in turn, and one verdict at the end.
//!
//! Never twice to one host, and never "refused" while anybody has it (threats.md B1). The caller has written the bytes
//! down before they come here.

use alloy_primitives::{Address, B256, keccak256};
use tokio::time::{Instant, sleep_until};

use super::{
    endpoint::Endpoint,
    esplora::status_cause,
    evm::EvmExplorer,
    http::{Fault, Purpose, Reply, Sent},
    jsonrpc::{self, Rpc},
    limits,
    pool::after,
    rpc_errors::RpcError,
};
use crate::{
    explorer::{Cause, EvmReject, EvmVerdict, EvmWhereabouts, Failure, Failures, Subject},
    text::SafeText,
};

/// What one host made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reception {
    Accepted,
    Known,
    Refused(EvmReject),
    /// Nothing was sent, or the host says that nothing was done.
    NotSent(Cause),
    /// It may have passed it on.
    Unclear,
}

/// What all hosts made of it.
#[derive(Default)]
struct Tally {
    accepted: Vec<SafeText>,
    known: Vec<SafeText>,
    unclear: Vec<SafeText>,
    failures: Vec<Failure>,
    rejected: Option<EvmReject>,
}

impl EvmExplorer {
    /// Sends a signed transaction whose hash must be `hash`, and says what became of it.
    ///
    /// Every node is offered it once: one that takes it is enough, the others only spread it. Where it is unclear, or its
    /// nonce is used, everybody is asked for it at 0, 1, 2 and 4 seconds.
    #[must_use]
    pub fn send(&self, raw: &[u8], hash: B256, from: Address) -> EvmVerdict {
        let nobody = || EvmVerdict::NotSent(Failures::default());
        if keccak256(raw) != hash {
            return nobody();
        }
        self.pool.wait(async { Ok(self.deliver(raw, hash, from).await) }).unwrap_or_else(|_| nobody())
    }

    async fn deliver(&self, raw: &[u8], hash: B256, from: Address) -> EvmVerdict {
        let mut tally = Tally::default();
        for (endpoint, deadline) in self.pool.turns(after(limits::SENDING)) {
            let operator = endpoint.operator.clone();
            // Once somebody has it, the others get a moment each, not a minute.
            let spreading = !tally.accepted.is_empty();
            let deadline = if spreading { deadline().min(after(limits::SPREADING)) } else { deadline() };
            match self.offer(endpoint, deadline, (raw, hash, from)).await {
                Reception::Accepted => tally.accepted.push(operator),
                Reception::Known => tally.known.push(operator),
                Reception::Refused(class) => tally.rejected = Some(graver(tally.rejected, class)),
                Reception::NotSent(cause) => tally.failures.push(Failure { operator, cause }),
                Reception::Unclear => tally.unclear.push(operator),
            }
        }
        self.verdict(tally, hash, from).await
    }

    async fn verdict(&self, tally: Tally, hash: B256, from: Address) -> EvmVerdict {
        if !tally.accepted.is_empty() {
            return EvmVerdict::Accepted { operators: tally.accepted };
        }
        if !tally.known.is_empty() {
            return EvmVerdict::Known;
        }
        let perhaps_there = matches!(tally.rejected, Some(EvmReject::NonceTooLow | EvmReject::Underpriced));
        if !tally.unclear.is_empty() || perhaps_there {
            if let Some(operators) = self.read_back(hash, from).await {
                return if tally.unclear.is_empty() { EvmVerdict::Known } else { EvmVerdict::Accepted { operators } };
            }
            if !tally.unclear.is_empty() {
                return EvmVerdict::Unknown;
            }
        }
        match tally.rejected {
            Some(class) => EvmVerdict::Rejected(class),
            None => EvmVerdict::NotSent(Failures(tally.failures)),
        }
    }

    /// Offers it to one host, whose chain is checked before.
    async fn offer(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
        (raw, hash, from): (&[u8], B256, Address),
    ) -> Reception {
        let send = async |node: Rpc<'_>| {
            node.endpoint.turn(node.deadline).await?;
            self.tell(node, Subject::Sent(format!("{hash:x}")));
            // A signature names its account, though its address is not among the bytes.
            self.tell(node, Subject::Account(format!("{from:x}")));
            Ok(reception(node.post(Purpose::Send, jsonrpc::sending(raw)).await, hash))
        };
        match self.pool.judged(endpoint, self.ask_one(endpoint, deadline, send).await) {
            Ok(received) => received,
            Err(cause) => Reception::NotSent(cause),
        }
    }

    /// Looks for a transaction everywhere, several times.
    async fn read_back(&self, hash: B256, from: Address) -> Option<Vec<SafeText>> {
        let started = Instant::now();
        let end = after(limits::READING_BACK);
        let question = async |node: Rpc<'_>| match self.whereabouts_at(node, hash, from).await? {
            EvmWhereabouts::Absent { .. } => Ok(None),
            _ => Ok(Some(())),
        };
        let ask = async |endpoint: &Endpoint, deadline: Instant| self.ask_one(endpoint, deadline, &question).await;
        for delay in self.read_back_at {
            sleep_until(started + delay).await;
            if let Ok(found) = self.pool.seek(end, ask).await
                && found.value.is_some()
            {
                return Some(found.operators);
            }
        }
        None
    }
}

/// Of two refusals the one that tells more.
fn graver(one: Option<EvmReject>, other: EvmReject) -> EvmReject {
    match one {
        Some(one) if matches!(other, EvmReject::Unstated | EvmReject::PoolFull | EvmReject::NodeFeeCap) => one,
        _ => other,
    }
}

/// What an exchange means: only our own hash is an acceptance.
fn reception(reply: Result<Reply, Fault>, hash: B256) -> Reception {
    let reply = match reply {
        Ok(reply) => reply,
        Err(Fault { cause, sent: Sent::Nothing }) => return Reception::NotSent(cause),
        Err(_) => return Reception::Unclear,
    };
    match jsonrpc::read_one(&reply.body) {
        Ok(answer) if jsonrpc::parsed::<B256>(&answer) == Ok(hash) => Reception::Accepted,
        // A hash that is not ours, or none: whatever it is about, it may have taken ours.
        Ok(_) => Reception::Unclear,
        Err(refusal) => match (refusal.class, status_cause(reply.status)) {
            (RpcError::AlreadyKnown, _) => Reception::Known,
            (RpcError::Rejected(class), _) => Reception::Refused(class),
            (
                RpcError::Failed(Cause::Malformed),
                Some(cause @ (Cause::Throttled | Cause::Denied | Cause::Unsupported)),
            ) => Reception::NotSent(cause),
            (RpcError::Failed(Cause::Malformed) | RpcError::Reverted, _) => Reception::Unclear,
            (RpcError::Failed(cause), _) => Reception::NotSent(cause),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Result<Reply, Fault> {
        Ok(Reply { status, retry_after: None, body: body.as_bytes().to_vec() })
    }

    fn error(code: i64, message: &str) -> Result<Reply, Fault> {
        reply(200, &format!(r#"{{"jsonrpc":"2.0","id":0,"error":{{"code":{code},"message":"{message}"}}}}"#))
    }

    #[test]
    fn only_our_own_hash_is_an_acceptance() {
        let hash = B256::repeat_byte(7);
        let answer = |hash: B256| reply(200, &format!(r#"{{"jsonrpc":"2.0","id":0,"result":"{hash}"}}"#));
        assert_eq!(reception(answer(hash), hash), Reception::Accepted);
        assert_eq!(reception(answer(B256::repeat_byte(8)), hash), Reception::Unclear);
        assert_eq!(reception(reply(200, "<html>"), hash), Reception::Unclear);
        assert_eq!(reception(reply(502, "bad gateway"), hash), Reception::Unclear);
        assert_eq!(reception(reply(429, "slow down"), hash), Reception::NotSent(Cause::Throttled));
        assert_eq!(reception(error(-32_000, "already known"), hash), Reception::Known);
        assert_eq!(reception(error(-32_000, "nonce too low"), hash), Reception::Refused(EvmReject::NonceTooLow));
        assert_eq!(
            reception(Err(Fault::before_sending(Cause::Unreachable)), hash),
            Reception::NotSent(Cause::Unreachable)
        );
    }
}
