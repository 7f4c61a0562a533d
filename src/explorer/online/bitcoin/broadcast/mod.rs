//! Sending a finished transaction: the same bytes to several operators at once, and one verdict at the end.
//!
//! Never "refused" while a host has it. It builds and signs nothing; the caller has written the bytes down before they
//! come here, and what this file sends a second time are the same bytes.

mod blockchair;
mod blockcypher;
mod conflict;
mod merge;
pub(super) mod reject;
mod submit_reply;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bitcoin::{Transaction, Txid, consensus};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};

use self::{
    merge::{HostState, Tally},
    submit_reply::SubmitOutcome,
};
use super::{Explorer, backend::Host};
use crate::explorer::{
    Cause, HostFailures, Subject,
    bitcoin::{NotSent, Propagation, RejectClass, Sending, TxPlace, Verdict},
    health::{Gate, Lane},
    online::transport::{
        endpoint::{Endpoint, Protocol},
        limits,
        pool::after,
    },
};

/// A finished transaction and its bytes.
pub(super) struct OutgoingTx<'a> {
    raw: &'a [u8],
    pub(super) tx: &'a Transaction,
    pub(super) txid: Txid,
}

/// Hosts that were sent it, and those that were not.
struct Hosts<'a> {
    sent: Vec<&'a Endpoint>,
    unused: Vec<&'a Endpoint>,
    /// How many learn of it at once.
    most: usize,
}

impl Explorer {
    /// Sends a signed transaction whose id must be `expected`, and says what became of it.
    ///
    /// Three explorers of different operators are sent it at once, the next three only if none of them took it; one
    /// alone if it is sent [privately](Sending::Privately). Where it is not clear whether a host did, every host is
    /// asked for it several times within 16 s, and the same bytes go out once more.
    #[must_use]
    pub fn broadcast(&self, raw: &[u8], expected: Txid) -> Verdict {
        let Ok(tx) = consensus::deserialize::<Transaction>(raw) else {
            return Verdict::NotSent(NotSent::NotThatTransaction);
        };
        if tx.compute_txid() != expected {
            return Verdict::NotSent(NotSent::NotThatTransaction);
        }
        let letter = OutgoingTx { raw, tx: &tx, txid: expected };
        // Without a runtime nothing was sent to a host.
        let verdict = self.wait(async { Ok(self.deliver(&letter).await) });
        verdict.unwrap_or_else(|_| Verdict::NotSent(NotSent::Nobody(HostFailures::default())))
    }

    async fn deliver(&self, letter: &OutgoingTx<'_>) -> Verdict {
        let (mut hosts, mut tally) = (self.hosts(), Tally::default());
        for _ in 0..limits::SEND_ROUNDS {
            let round = hosts.next_round();
            self.offer_all(&round, letter, &mut tally).await;
            let is_with_the_one = self.sending == Sending::Privately && !tally.is_unsent();
            if tally.is_held() || tally.is_unclear() || is_with_the_one {
                break;
            }
        }
        if self.sending == Sending::Privately {
            // No other host is asked for it either.
            hosts.unused.clear();
        }
        if tally.is_waiting() {
            return tally.held(self.propagation(letter, &hosts, &tally).await);
        }
        if tally.is_unsent() {
            let looks: &[Duration] = if tally.is_busy() { &[Duration::ZERO] } else { &[] };
            return match self.look_for(letter.txid, &hosts, looks).await {
                Some(holders) => tally.found(holders),
                None => tally.unheld(),
            };
        }
        // A host that refuses it may be wrong about the others: one look, or several where they more than possibly have
        // it.
        let looks: &[Duration] = if tally.may_be_there() { &self.read_back_at } else { &[Duration::ZERO] };
        if let Some(holders) = self.look_for(letter.txid, &hosts, looks).await {
            return tally.found(holders);
        }
        self.unfound(letter, hosts, tally).await
    }

    /// No host shows it: one says that it is in a block, or a coin of it is spent, or all refused, or it is unclear.
    async fn unfound(&self, letter: &OutgoingTx<'_>, hosts: Hosts<'_>, tally: Tally) -> Verdict {
        if tally.is_held() {
            return tally.held(Propagation::NotYet);
        }
        if tally.may_be_there()
            && let Some(conflict) = self.conflict(letter).await
            // While a host may hold ours, a rival decides only once it is in a block.
            && (!tally.is_unclear() || matches!(conflict.place, TxPlace::Confirmed(_)))
        {
            return Verdict::Rejected(RejectClass::Conflict(conflict.txid));
        }
        if tally.is_unclear() { self.once_more(letter, hosts, tally).await } else { tally.unheld() }
    }

    /// The same bytes again, once, to the hosts that gave no clear answer and to some that were not sent them yet.
    async fn once_more(&self, letter: &OutgoingTx<'_>, mut hosts: Hosts<'_>, mut tally: Tally) -> Verdict {
        let again = hosts.again(&tally);
        self.offer_all(&again, letter, &mut tally).await;
        if tally.is_waiting() {
            return tally.held(self.propagation(letter, &hosts, &tally).await);
        }
        match self.look_for(letter.txid, &hosts, &self.read_back_at[..1]).await {
            Some(holders) => tally.found(holders),
            None if tally.is_held() => tally.held(Propagation::NotYet),
            None => Verdict::Unknown,
        }
    }

    /// Every host, those that failed to take transactions a moment ago after the others, those that proved false last.
    fn hosts(&self) -> Hosts<'_> {
        let mut unused: Vec<&Endpoint> = self.pool.turns(Instant::now()).map(|(endpoint, _)| endpoint).collect();
        let rank = |endpoint: &&Endpoint| match endpoint.gate(Lane::Send) {
            Ok(Gate::Closed | Gate::HalfOpen) => 0,
            Ok(Gate::Open) => 1,
            Err(_) => 2,
        };
        unused.sort_by_key(rank);
        if self.sending == Sending::Privately {
            // An onion service learns no address of ours, and no exit sees what it is sent.
            unused.sort_by_key(|endpoint| !endpoint.is_onion());
        }
        let most = if self.sending == Sending::Privately { 1 } else { limits::SEND_TO };
        Hosts { sent: Vec::new(), unused, most }
    }

    /// Sends it to these at once and waits for all of them: no host is cut off because another was faster.
    async fn offer_all(&self, round: &[&Endpoint], letter: &OutgoingTx<'_>, tally: &mut Tally) {
        let deadline = after(limits::SEND_ONE * self.http.slowness());
        let offers = round.iter().map(async |endpoint| self.offer(endpoint, deadline, letter).await);
        let outcomes = join_all(offers).await;
        for (endpoint, outcome) in round.iter().zip(outcomes) {
            tally.hear(endpoint.operator.clone(), outcome);
        }
    }

    /// Offers it to one host, whose chain is checked before where it can be asked for it.
    async fn offer(&self, endpoint: &Endpoint, deadline: Instant, letter: &OutgoingTx<'_>) -> SubmitOutcome {
        let send = async |host: Host<'_>| Ok(submit_reply::of_esplora(host.post(letter.raw).await, letter.txid));
        let answer = match endpoint.kind {
            Protocol::Blockchair | Protocol::BlockCypher => self.push(endpoint, deadline, letter).await,
            Protocol::Esplora | Protocol::Electrum | Protocol::Core => self.ask_one(endpoint, deadline, send).await,
        };
        match self.pool.judged(endpoint, answer) {
            Ok(received) => {
                if let SubmitOutcome::Unclear(cause @ Cause::Lied) = received {
                    self.pool.remember(endpoint, cause);
                }
                received
            }
            Err(cause) => SubmitOutcome::NotSent(cause),
        }
    }

    /// Sends it to a host that is never asked anything.
    async fn push(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
        letter: &OutgoingTx<'_>,
    ) -> Result<SubmitOutcome, Cause> {
        endpoint.gate(Lane::Send)?;
        endpoint.turn(deadline).await?;
        self.http.tell(self.network.name(), &endpoint.operator, Subject::Sent(letter.txid.to_string()));
        let (http, raw, txid) = (&self.http, letter.raw, letter.txid);
        let started = Instant::now();
        let received = match endpoint.kind {
            Protocol::Blockchair => blockchair::push(http, endpoint, raw, txid, deadline).await,
            _ => blockcypher::push(http, endpoint, raw, txid, deadline).await,
        };
        let failed = match received {
            SubmitOutcome::NotSent(cause) | SubmitOutcome::Unclear(cause) => Some(cause),
            SubmitOutcome::Accepted | SubmitOutcome::Refused(_) => None,
        };
        endpoint.note(Lane::Send, failed, started);
        Ok(received)
    }

    /// Looks for a transaction everywhere, or only where it was sent if other hosts must not know; several times, for
    /// servers cache what they said before.
    async fn look_for(&self, txid: Txid, hosts: &Hosts<'_>, at: &[Duration]) -> Option<Vec<HostState>> {
        let may_know = |host: &Endpoint| {
            self.sending == Sending::Widely || hosts.sent.iter().any(|sent| std::ptr::eq(*sent, host))
        };
        let started = Instant::now();
        for delay in at {
            sleep_until(started + *delay).await;
            let deadline = after(limits::LOOKING * self.http.slowness());
            let asked = self.pool.turns(deadline).map(|(host, _)| host).filter(|host| may_know(host));
            let looks = join_all(asked.map(|host| self.whether_at(host, deadline, txid))).await;
            let holders: Vec<HostState> = looks.into_iter().flatten().collect();
            if !holders.is_empty() {
                return Some(holders);
            }
        }
        None
    }

    async fn whether_at(&self, endpoint: &Endpoint, deadline: Instant, txid: Txid) -> Option<HostState> {
        let question = async |host: Host<'_>| match host.place(txid).await {
            Ok(place) => Ok(place),
            // It may have it, and not say where.
            Err(cause) => host.transaction(txid).await?.map(|_| Some(TxPlace::Mempool)).ok_or(cause),
        };
        let place = self.pool.judged(endpoint, self.ask_one(endpoint, deadline, question).await).ok().flatten()?;
        Some(HostState { operator: endpoint.operator.clone(), place })
    }

    /// Whether a host that was not sent it has it, byte for byte. A short wait; it is advice and no condition.
    async fn propagation(&self, letter: &OutgoingTx<'_>, hosts: &Hosts<'_>, tally: &Tally) -> Propagation {
        let others: Vec<&Endpoint> = hosts.strangers().take(limits::PROPAGATION_HOSTS).collect();
        if others.is_empty() || !tally.is_accepted() {
            return if others.is_empty() { Propagation::NobodyToAsk } else { Propagation::NotYet };
        }
        let started = Instant::now();
        for delay in self.read_back_at.iter().take(limits::PROPAGATION_LOOKS) {
            sleep_until(started + *delay).await;
            let deadline = after(limits::LOOKING * self.http.slowness());
            for &endpoint in &others {
                let question = async |host: Host<'_>| match host.transaction(letter.txid).await? {
                    // One that was in a block which is gone is kept by servers, and spreads nowhere.
                    Some(tx) if tx == *letter.tx => host.place(letter.txid).await,
                    _ => Ok(None),
                };
                let answer = self.pool.judged(endpoint, self.ask_one(endpoint, deadline, question).await);
                if answer.is_ok_and(|found| found.is_some()) {
                    return Propagation::Seen(endpoint.operator.clone());
                }
            }
        }
        Propagation::NotYet
    }
}

impl<'a> Hosts<'a> {
    /// Takes the next few of different operators out of those that were not sent it.
    fn next_round(&mut self) -> Vec<&'a Endpoint> {
        self.fill(Vec::new())
    }

    /// Those that gave no clear answer and did not lie, filled up with others.
    fn again(&mut self, tally: &Tally) -> Vec<&'a Endpoint> {
        let fits = |endpoint: &&Endpoint| endpoint.barred.get().is_none() && tally.is_unclear_at(&endpoint.operator);
        let earlier = self.sent.iter().copied().filter(fits).collect();
        self.fill(earlier)
    }

    fn fill(&mut self, mut round: Vec<&'a Endpoint>) -> Vec<&'a Endpoint> {
        let sent = &mut self.sent;
        self.unused.retain(|&endpoint| {
            let is_other = round.iter().all(|other| other.organisation() != endpoint.organisation());
            let goes = is_other && round.len() < self.most;
            if goes {
                round.push(endpoint);
                sent.push(endpoint);
            }
            !goes
        });
        round
    }

    /// Hosts that can be asked, of operators that were not sent it.
    fn strangers(&self) -> impl Iterator<Item = &'a Endpoint> {
        let sent = |endpoint: &Endpoint| self.sent.iter().any(|other| other.organisation() == endpoint.organisation());
        self.unused
            .iter()
            .copied()
            .filter(move |endpoint| endpoint.kind.answers() && endpoint.gate(Lane::Read).is_ok() && !sent(endpoint))
    }
}
