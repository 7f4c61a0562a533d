//! Questions whose answers cannot be proven: two organisations are asked, for prices three, and their answers are
//! compared.
//!
//! Two that say the same make an agreement. Where they differ, what one has counts more than what another lacks, and is
//! labelled with its source. No single price decides.

use std::collections::BTreeMap;

use bitcoin::{OutPoint, Transaction, Txid};

use super::{Explorer, backend::Host};
use crate::{
    amount::FeeRate,
    explorer::{
        Cause, Claim, ExplorerError, HostFailures,
        bitcoin::{FeeAdvice, FeeBand, Placed, TxPlace},
        online::transport::{
            endpoint::Protocol,
            limits,
            pool::{Audience, Polled, after},
        },
    },
    text::SafeText,
};

impl Explorer {
    /// Where a transaction is, as two organisations say. Unknown only if every one that answered has not got it.
    ///
    /// # Errors
    /// As [`Explorer::tip`].
    pub fn place(&self, txid: Txid) -> Result<Placed, ExplorerError> {
        let polled = self.wait(self.by_sources(async |host: Host<'_>| host.place(txid).await))?;
        let places = polled.answers.into_iter().map(|(host, place)| (host, place.unwrap_or(TxPlace::Unknown)));
        let places: Vec<(SafeText, TxPlace)> = places.collect();
        let claim = most_telling(places.clone(), rank).ok_or_else(nobody)?;
        let others = places.into_iter().filter(|(_, place)| place != claim.value()).collect();
        Ok(Placed { claim, others })
    }

    /// A transaction with its witnesses, which its id does not cover, as two organisations have it.
    ///
    /// # Errors
    /// As [`Explorer::tip`].
    pub fn bytes(&self, txid: Txid) -> Result<Claim<Option<Transaction>>, ExplorerError> {
        let polled = self.wait(self.by_sources(async |host: Host<'_>| host.transaction(txid).await))?;
        most_telling(polled.answers, |bytes| u8::from(bytes.is_some())).ok_or_else(nobody)
    }

    /// What spends an output, if anything does, as two organisations say. The spender was fetched and does spend it.
    ///
    /// # Errors
    /// As [`Explorer::tip`], or no explorer knows the output.
    pub fn outspend(&self, outpoint: OutPoint) -> Result<Claim<Option<Txid>>, ExplorerError> {
        let polled = self.wait(self.by_sources(async |host: Host<'_>| host.outspend(outpoint).await))?;
        most_telling(polled.answers, |spender| u8::from(spender.is_some())).ok_or_else(nobody)
    }

    /// The fee rate for a confirmation within so many blocks, by the median of up to three organisations; one for each of
    /// the targets, all of them from one question.
    ///
    /// # Errors
    /// As [`Explorer::tip`].
    pub fn fee_advice(&self, targets: &[u16]) -> Result<Vec<FeeAdvice>, ExplorerError> {
        let question = async |host: Host<'_>| {
            let rates = host.fee_rates().await?;
            Ok((!rates.is_empty()).then_some(rates))
        };
        let polled = self.wait(async {
            let ask = async |endpoint: &_, deadline| self.ask_one(endpoint, deadline, &question).await;
            self.answered(self.pool.poll(after(limits::NEUTRAL_QUESTION), limits::PRICES, Audience::Anybody, ask).await)
        })?;
        // The largest target that is not above the one asked for, else the smallest there is.
        let within = |rates: &BTreeMap<u16, FeeRate>, target: u16| {
            rates.range(..=target).next_back().or_else(|| rates.iter().next()).map(|(_, rate)| *rate)
        };
        let advice = |target: &u16| {
            let said = polled
                .answers
                .iter()
                .filter_map(|(host, rates)| Some((host.clone(), within(rates.as_ref()?, *target)?)));
            FeeAdvice::of(said.collect())
        };
        Ok(targets.iter().map(advice).collect())
    }

    /// What waits for a block, from the highest rate down, as the first explorer says that tells it; nothing where none does.
    #[must_use]
    pub fn mempool_histogram(&self) -> Option<Claim<Vec<FeeBand>>> {
        let question = async |host: Host<'_>| host.mempool_histogram().await.map(Some);
        let polled = self.wait(async {
            let ask = async |endpoint: &_, deadline| self.ask_one(endpoint, deadline, &question).await;
            self.answered(self.pool.poll(after(limits::NEUTRAL_QUESTION), 1, Audience::Anybody, ask).await)
        });
        let (host, bands) = polled.ok()?.answers.pop()?;
        Some(Claim::said_by(bands?, vec![host]))
    }

    /// What the person's own node asks of a replacement beyond the old fee, for each virtual byte; nothing where there is no
    /// node in the list, or it does not say.
    #[must_use]
    pub fn incremental_relay(&self) -> Option<FeeRate> {
        let node = self.pool.endpoints().iter().find(|endpoint| endpoint.kind == Protocol::Core)?;
        let question = async |host: Host<'_>| host.incremental_relay().await;
        let asked = async { Ok(self.ask_one(node, after(limits::NEUTRAL_QUESTION), &question).await) };
        // A node that does not answer this question may still take the replacement.
        self.wait(asked).ok()?.ok().flatten()
    }

    /// Whether another organisation than the first can be asked.
    #[must_use]
    pub fn has_second_source(&self) -> bool {
        self.pool.organisations() > 1
    }

    /// The same question to the primary and to a second source of another organisation.
    async fn by_sources<T>(
        &self,
        question: impl AsyncFn(Host<'_>) -> Result<Option<T>, Cause>,
    ) -> Result<Polled<T>, ExplorerError> {
        let ask = async |endpoint: &_, deadline| self.ask_one(endpoint, deadline, &question).await;
        self.answered(self.pool.poll(after(limits::TX_QUESTION), limits::SOURCES, Audience::Sources, ask).await)
    }

    /// An explorer answered, or why none did.
    pub(super) fn answered<T>(&self, polled: Polled<T>) -> Result<Polled<T>, ExplorerError> {
        if polled.answers.is_empty() { Err(self.pool.error_of(polled.failures)) } else { Ok(polled) }
    }
}

/// The answer that tells most, with every host that gave it; nothing without any answer.
fn most_telling<T: PartialEq>(answers: Vec<(SafeText, T)>, rank: impl Fn(&T) -> u8) -> Option<Claim<T>> {
    let (mut best, mut said_by) = (None, Vec::new());
    for (host, answer) in answers {
        match &best {
            Some(best) if *best == answer => said_by.push(host),
            Some(best) if rank(best) >= rank(&answer) => {}
            _ => (best, said_by) = (Some(answer), vec![host]),
        }
    }
    best.map(|value| Claim::said_by(value, said_by))
}

/// No host answered and none failed: there was none to ask.
fn nobody() -> ExplorerError {
    ExplorerError::NoAnswer(HostFailures::default())
}

/// In a block tells more than in a mempool, and that more than nowhere.
const fn rank(place: &TxPlace) -> u8 {
    match place {
        TxPlace::Unknown => 0,
        TxPlace::Mempool => 1,
        TxPlace::Confirmed(_) => 2,
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::{BlockHash, hashes::Hash};

    use super::*;
    use crate::explorer::bitcoin::BlockRef;

    #[test]
    fn what_somebody_has_counts_more_than_what_another_lacks() {
        let [a, b] = ["a.example", "b.example"].map(SafeText::new);
        let block = TxPlace::Confirmed(BlockRef { height: 7, hash: BlockHash::all_zeros(), time: 1 });
        let claim = |one, other| most_telling(vec![(a.clone(), one), (b.clone(), other)], rank).expect("a claim");
        assert_eq!(claim(block, block), Claim::Agreed { value: block, operators: vec![a.clone(), b.clone()] });
        for other in [TxPlace::Unknown, TxPlace::Mempool] {
            assert_eq!(claim(block, other), Claim::Single { value: block, operator: a.clone() });
            assert_eq!(claim(other, block), Claim::Single { value: block, operator: b.clone() });
        }
        let nowhere = Claim::Agreed { value: TxPlace::Unknown, operators: vec![a.clone(), b.clone()] };
        assert_eq!(claim(TxPlace::Unknown, TxPlace::Unknown), nowhere);
    }
}
