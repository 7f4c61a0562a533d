//! From what several hosts made of one transaction to one verdict.
//!
//! Pure. Never "refused" while a host has it or may have it; what was unclear once stays unclear until it is found.

use std::collections::BTreeSet;

use super::{reject::Refusal, submit_reply::SubmitOutcome};
use crate::{
    explorer::{
        Cause, HostFailure, HostFailures,
        bitcoin::{BlockRef, Dissent, NotSent, Propagation, RejectClass, Taken, TxPlace, Verdict, Why},
    },
    text::SafeText,
};

/// What every host made of it that was sent it.
#[derive(Default)]
pub(crate) struct Tally {
    heard: Vec<(SafeText, SubmitOutcome)>,
}

/// A host that has it, when every host was asked for it.
pub(crate) struct HostState {
    pub(crate) operator: SafeText,
    pub(crate) place: TxPlace,
}

impl Tally {
    /// Notes an answer. A host that was sent it twice may have passed it on the first time, whatever it says then.
    pub(crate) fn hear(&mut self, operator: SafeText, outcome: SubmitOutcome) {
        match self.heard.iter_mut().find(|(known, _)| *known == operator) {
            Some((_, earlier)) if outcome.is_held() || !matches!(earlier, SubmitOutcome::Unclear(_)) => {
                *earlier = outcome;
            }
            Some(_) => {}
            None => self.heard.push((operator, outcome)),
        }
    }

    fn any(&self, fits: impl Fn(SubmitOutcome) -> bool) -> bool {
        self.heard.iter().any(|(_, outcome)| fits(*outcome))
    }

    /// Whether a host took it from us.
    pub(crate) fn is_accepted(&self) -> bool {
        self.any(|outcome| outcome == SubmitOutcome::Accepted)
    }

    /// Whether a host took it, or says that it waits for a block already.
    pub(crate) fn is_waiting(&self) -> bool {
        self.any(|outcome| matches!(outcome, SubmitOutcome::Accepted | SubmitOutcome::Refused(Refusal::Known)))
    }

    /// Whether a host has it, as it says.
    pub(crate) fn is_held(&self) -> bool {
        self.any(SubmitOutcome::is_held)
    }

    /// Whether a host may have passed it on.
    pub(crate) fn is_unclear(&self) -> bool {
        self.any(|outcome| matches!(outcome, SubmitOutcome::Unclear(_)))
    }

    /// Whether this host may have passed it on.
    pub(crate) fn is_unclear_at(&self, operator: &SafeText) -> bool {
        let is_it = |(known, outcome): &(SafeText, SubmitOutcome)| {
            known == operator && matches!(outcome, SubmitOutcome::Unclear(_))
        };
        self.heard.iter().any(is_it)
    }

    /// Whether it may be there although no host took it: unclear, its coins are gone, or the reason was cut away.
    pub(crate) fn may_be_there(&self) -> bool {
        self.any(|outcome| match outcome {
            SubmitOutcome::Accepted | SubmitOutcome::Unclear(_) => true,
            SubmitOutcome::Refused(Refusal::Class(class)) => class == RejectClass::Unstated,
            SubmitOutcome::Refused(_) => true,
            SubmitOutcome::NotSent(_) => false,
        })
    }

    /// Whether no host read a byte of it.
    pub(crate) fn is_unsent(&self) -> bool {
        self.heard.iter().all(|(_, outcome)| matches!(outcome, SubmitOutcome::NotSent(_)))
    }

    /// Whether a host said that it had no time for it: some say so after they passed it on.
    pub(crate) fn is_busy(&self) -> bool {
        self.any(|outcome| matches!(outcome, SubmitOutcome::NotSent(Cause::Busy)))
    }

    /// The verdict when a host says to have it.
    pub(crate) fn held(&self, propagation: Propagation) -> Verdict {
        let holders = self.heard.iter().filter(|(_, outcome)| outcome.is_held());
        self.taken(holders.map(|(operator, _)| operator.clone()).collect(), propagation)
    }

    /// The verdict when it was found on asking for it, by these.
    pub(crate) fn found(&self, holders: Vec<HostState>) -> Verdict {
        if let Some(block) = holders.iter().find_map(HostState::block) {
            let has = |holder: &HostState| (holder.block() == Some(block)).then(|| holder.operator.clone());
            return Verdict::Confirmed { block, said_by: holders.iter().filter_map(has).collect() };
        }
        let sent = |holder: &HostState| self.heard.iter().any(|(operator, _)| *operator == holder.operator);
        let spread = holders.iter().find(|holder| !sent(holder)).map(|holder| holder.operator.clone());
        let says = self.heard.iter().filter(|(_, outcome)| outcome.is_held()).map(|(operator, _)| operator.clone());
        let operators: BTreeSet<SafeText> = holders.into_iter().map(|holder| holder.operator).chain(says).collect();
        self.taken(operators.into_iter().collect(), spread.map_or(Propagation::NotYet, Propagation::Seen))
    }

    /// Taken by us or already there: the hosts that have it, and what the others said.
    fn taken(&self, operators: Vec<SafeText>, propagation: Propagation) -> Verdict {
        let others = self.heard.iter().filter(|(operator, _)| !operators.contains(operator));
        let dissent =
            others.filter_map(|(operator, outcome)| Some(Dissent { operator: operator.clone(), why: why(*outcome)? }));
        let taken = Taken { dissent: dissent.collect(), operators, propagation };
        if self.is_accepted() || self.is_unclear() { Verdict::Accepted(taken) } else { Verdict::Known(taken) }
    }

    /// The verdict when no host has it and nothing is unclear: the refusal that tells most, or no host reached.
    pub(crate) fn unheld(self) -> Verdict {
        let refused = self.heard.iter().filter_map(|(_, outcome)| match outcome {
            SubmitOutcome::Refused(refusal) => class(*refusal),
            _ => None,
        });
        if let Some(class) = refused.min_by_key(|class| class.rank()) {
            return Verdict::Rejected(class);
        }
        let failures = self.heard.into_iter().filter_map(|(operator, outcome)| match outcome {
            SubmitOutcome::NotSent(cause) => Some(HostFailure { operator, cause }),
            _ => None,
        });
        Verdict::NotSent(NotSent::Nobody(HostFailures(failures.collect())))
    }
}

impl HostState {
    const fn block(&self) -> Option<BlockRef> {
        match self.place {
            TxPlace::Confirmed(block) => Some(block),
            TxPlace::Mempool | TxPlace::Unknown => None,
        }
    }
}

/// A refusal as a class; nothing if the host has it.
const fn class(refusal: Refusal) -> Option<RejectClass> {
    match refusal {
        Refusal::Known | Refusal::Confirmed => None,
        Refusal::ReadBack => Some(RejectClass::InputsMissing),
        Refusal::Class(class) => Some(class),
    }
}

/// Why a host did not take it; nothing if it did.
fn why(outcome: SubmitOutcome) -> Option<Why> {
    match outcome {
        SubmitOutcome::Accepted => None,
        SubmitOutcome::Refused(refusal) => class(refusal).map(Why::Refused),
        SubmitOutcome::NotSent(cause) => Some(Why::NotSent(cause)),
        SubmitOutcome::Unclear(cause) => Some(Why::Unclear(cause)),
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
