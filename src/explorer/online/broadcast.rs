//! Sending a finished transaction: the same bytes to one explorer after the other, and one verdict at the end.
//!
//! Never twice to one host, and never "refused" while anybody has it. It builds and signs nothing; the caller has
//! written the bytes down before they come here.

use bitcoin::{Transaction, Txid, consensus};
use tokio::time::{Instant, sleep_until};

use super::{
    Explorer,
    endpoint::Endpoint,
    esplora::{Esplora, status_cause},
    http::{Fault, Reply, Sent},
    limits,
    pool::{Found, after},
    reject::{self, Refusal},
};
use crate::{
    explorer::{Cause, ExplorerError, Failure, Failures, NotSent, RejectClass, TxPlace, Verdict},
    text::SafeText,
};

/// A finished transaction and its bytes.
struct Letter<'a> {
    raw: &'a [u8],
    tx: &'a Transaction,
    txid: Txid,
}

/// What one host made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reception {
    /// Answered with our own id.
    Accepted,
    /// Did not answer with our id, and has a reason.
    Refused(Refusal),
    /// Nothing was sent, or the host says that nothing was done.
    NotSent(Cause),
    /// It may have passed it on.
    Unclear(Cause),
}

/// What all hosts made of it, while none has accepted it.
#[derive(Default)]
struct Tally {
    unclear: Vec<Failure>,
    failures: Vec<Failure>,
    rejected: Option<RejectClass>,
    look_for_it: Option<Hint>,
}

/// Why to look for the transaction although nobody took it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hint {
    /// Its coins are spent, perhaps by itself; or the reason was cut away.
    PerhapsThere,
    /// A host says that it is in a block.
    SaidConfirmed,
}

impl Explorer {
    /// Sends a signed transaction whose id must be `expected`, and says what became of it.
    ///
    /// Each explorer is offered it once, in order, until one takes it. Where it is not clear whether a host did, or its
    /// coins are already spent, everybody is asked for it at 0, 1, 2 and 4 seconds.
    #[must_use]
    pub fn broadcast(&self, raw: &[u8], expected: Txid) -> Verdict {
        let Ok(tx) = consensus::deserialize::<Transaction>(raw) else {
            return Verdict::NotSent(NotSent::NotThatTransaction);
        };
        if tx.compute_txid() != expected {
            return Verdict::NotSent(NotSent::NotThatTransaction);
        }
        let letter = Letter { raw, tx: &tx, txid: expected };
        // Without a runtime nothing was sent to anybody.
        let verdict = self.wait(async { Ok(self.deliver(&letter).await) });
        verdict.unwrap_or_else(|_| Verdict::NotSent(NotSent::Nobody(Failures::default())))
    }

    async fn deliver(&self, letter: &Letter<'_>) -> Verdict {
        let mut tally = Tally::default();
        for (endpoint, deadline) in self.pool.turns(after(limits::SENDING)) {
            let operator = endpoint.operator.clone();
            match self.offer(endpoint, deadline(), letter).await {
                Reception::Accepted => return Verdict::Accepted { operators: vec![operator] },
                Reception::Refused(Refusal::Known) => return Verdict::Known,
                Reception::Refused(refusal) => tally.refused(refusal),
                Reception::NotSent(cause) => tally.failures.push(Failure { operator, cause }),
                Reception::Unclear(cause) => tally.unclear.push(Failure { operator, cause }),
            }
        }
        if tally.unclear.is_empty() && tally.look_for_it.is_none() {
            return tally.verdict();
        }
        match self.read_back(letter.txid).await {
            Some((TxPlace::Confirmed(block), _)) => Verdict::Confirmed(block),
            Some((_, operators)) if !tally.unclear.is_empty() => Verdict::Accepted { operators },
            Some(_) => Verdict::Known,
            None => self.verdict_unfound(letter, tally).await,
        }
    }

    /// Offers it to one host, whose chain is checked before.
    async fn offer(&self, endpoint: &Endpoint, deadline: Instant, letter: &Letter<'_>) -> Reception {
        let send = async |host: Esplora<'_>| Ok(reception(host.post(letter.raw).await, letter.txid));
        match self.pool.judged(endpoint, self.ask_one(endpoint, deadline, send).await) {
            Ok(received) => {
                if let Reception::Unclear(cause @ Cause::Lied) = received {
                    self.pool.remember(endpoint, cause);
                }
                received
            }
            Err(cause) => Reception::NotSent(cause),
        }
    }

    /// Looks for a transaction everywhere, several times, for servers cache what they said before.
    async fn read_back(&self, txid: Txid) -> Option<(TxPlace, Vec<SafeText>)> {
        let started = Instant::now();
        let end = after(limits::READING_BACK);
        let question = async |host: Esplora<'_>| match host.transaction(txid).await? {
            Some(_) => Ok(Some(host.status(txid).await.unwrap_or(TxPlace::Mempool))),
            None => Ok(None),
        };
        for delay in self.read_back_at {
            sleep_until(started + delay).await;
            if let Ok(Found { value: Some(place), operators }) = self.seek(end, question).await {
                return Some((place, operators));
            }
        }
        None
    }

    /// Nobody has it: unclear stays unclear; otherwise who spent its coins?
    async fn verdict_unfound(&self, letter: &Letter<'_>, tally: Tally) -> Verdict {
        if !tally.unclear.is_empty() || tally.look_for_it == Some(Hint::SaidConfirmed) {
            return Verdict::Unknown;
        }
        match self.other_spender(letter).await {
            Ok(Some(spender)) => Verdict::Rejected(RejectClass::Conflict(spender)),
            _ => tally.verdict(),
        }
    }

    /// A transaction other than this one that spends one of its coins.
    async fn other_spender(&self, letter: &Letter<'_>) -> Result<Option<Txid>, ExplorerError> {
        let end = after(limits::READING_BACK);
        for input in &letter.tx.input {
            let found = self.seek(end, async |host: Esplora<'_>| host.outspend(input.previous_output).await).await?;
            if found.value.is_some_and(|spender| spender != letter.txid) {
                return Ok(found.value);
            }
        }
        Ok(None)
    }
}

impl Tally {
    fn refused(&mut self, refusal: Refusal) {
        let class = match refusal {
            Refusal::Confirmed => {
                self.look_for_it = Some(Hint::SaidConfirmed);
                return;
            }
            Refusal::Known => return,
            Refusal::ReadBack => RejectClass::InputsMissing,
            Refusal::Class(class) => class,
        };
        if matches!(class, RejectClass::InputsMissing | RejectClass::Unstated) {
            self.look_for_it = self.look_for_it.or(Some(Hint::PerhapsThere));
        }
        self.rejected = Some(match self.rejected {
            Some(earlier) if earlier.rank() <= class.rank() => earlier,
            _ => class,
        });
    }

    /// The verdict when nothing is unclear: the refusal that tells most, or nobody reached.
    fn verdict(self) -> Verdict {
        match self.rejected {
            Some(class) => Verdict::Rejected(class),
            None => Verdict::NotSent(NotSent::Nobody(Failures(self.failures))),
        }
    }
}

/// What one exchange means for the transaction. When in doubt, it may have been passed on.
fn reception(reply: Result<Reply, Fault>, txid: Txid) -> Reception {
    let reply = match reply {
        Ok(reply) => reply,
        Err(Fault { cause, sent: Sent::Nothing }) => return Reception::NotSent(cause),
        Err(Fault { cause, sent: Sent::Maybe }) => return Reception::Unclear(cause),
    };
    match status_cause(reply.status) {
        None => accepted(&reply.body, txid),
        Some(cause @ Cause::ServerError(_)) => Reception::Unclear(cause),
        Some(Cause::Refused(_)) => Reception::Refused(reject::classify(&reply.body)),
        Some(Cause::Missing) => Reception::NotSent(Cause::Unsupported),
        Some(cause) => Reception::NotSent(cause),
    }
}

/// An answer of success must be our own id; another id is a lie.
fn accepted(body: &[u8], txid: Txid) -> Reception {
    let answer = std::str::from_utf8(body).ok().and_then(|text| text.trim().parse::<Txid>().ok());
    match answer {
        Some(answer) if answer == txid => Reception::Accepted,
        Some(_) => Reception::Unclear(Cause::Lied),
        None => Reception::Unclear(Cause::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash;

    use super::*;

    fn reply(status: u16, body: &str) -> Result<Reply, Fault> {
        Ok(Reply { status, retry_after: None, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn every_answer_to_a_broadcast_has_its_meaning() {
        let txid = Txid::all_zeros();
        let ours = format!("{txid}\n");
        let other = "11".repeat(32);
        let rejected = "sendrawtransaction RPC error -26: dust";
        let cases = [
            (200, ours.as_str(), Reception::Accepted),
            (200, other.as_str(), Reception::Unclear(Cause::Lied)),
            (200, "<html>", Reception::Unclear(Cause::Malformed)),
            (400, rejected, Reception::Refused(Refusal::Class(RejectClass::NonStandard))),
            (422, rejected, Reception::Refused(Refusal::Class(RejectClass::NonStandard))),
            (403, rejected, Reception::NotSent(Cause::Denied)),
            (404, "", Reception::NotSent(Cause::Unsupported)),
            (429, "", Reception::NotSent(Cause::Throttled)),
            (500, rejected, Reception::Unclear(Cause::ServerError(500))),
            (502, "", Reception::Unclear(Cause::ServerError(502))),
            (503, "", Reception::NotSent(Cause::Busy)),
            (504, "", Reception::Unclear(Cause::ServerError(504))),
        ];
        for (status, body, meaning) in cases {
            assert_eq!(reception(reply(status, body), txid), meaning, "{status} {body}");
        }
        let before = Fault::before_sending(Cause::Unreachable);
        assert_eq!(reception(Err(before), txid), Reception::NotSent(Cause::Unreachable));
        let during = Fault { cause: Cause::TimedOut, sent: Sent::Maybe };
        assert_eq!(reception(Err(during), txid), Reception::Unclear(Cause::TimedOut));
    }

    #[test]
    fn the_refusal_that_tells_most_is_reported() {
        let mut tally = Tally::default();
        for class in [RejectClass::FeeTooLow { need_sat: None }, RejectClass::NonStandard, RejectClass::Transient] {
            tally.refused(Refusal::Class(class));
        }
        assert!(tally.look_for_it.is_none());
        assert_eq!(tally.verdict(), Verdict::Rejected(RejectClass::NonStandard));
    }
}
