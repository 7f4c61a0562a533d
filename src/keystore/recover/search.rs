//! The search: shares for all workers, progress, the first phrase that leads to the target, and where to go on.
//!
//! What a worker claims is found is computed once more without lanes, by the crates for BIP-39 and BIP-32, before it is
//! told. Must not start threads: those that work were there before the process was sealed.

use std::{
    ops::{ControlFlow, Range},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use bitcoin::{bip32::DerivationPath, secp256k1::Secp256k1};

use super::{
    Passphrases, Puzzle, RecoverError, RecoveryTarget, Workers,
    candidates::{Candidates, Hit, ShareResult, Shared},
    checksum::checksum_bits,
    division::Division,
    width::Width,
};
use crate::{
    keystore::{Passphrase, Phrase},
    seal::Sealed,
};

/// Most candidates before the checksum: at 12 words some 130 days of one core with AVX-512.
const MOST_CANDIDATES: u64 = 1 << 40;
/// Seeds that a share costs, as far as can be told before: a tenth of a second of one core.
const SEEDS_OF_A_SHARE: u64 = 512;
/// How long progress is not told at most.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long a rate is measured.
const MEASURED: Duration = Duration::from_millis(500);

/// A search that is ready to start. Wiped when dropped.
pub struct Recovery {
    candidates: Arc<Candidates>,
    count: u64,
    /// Seeds that a share costs: [`SEEDS_OF_A_SHARE`], or fewer in a test.
    seeds_of_a_share: u64,
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryProgress {
    /// Candidates that are done, those before the start among them.
    pub done: u64,
    /// All candidates.
    pub candidates: u64,
    /// Seeds computed since the start: candidates whose checksum is right.
    pub hashed: u64,
    /// All candidates before this one are done: a search that is started here misses none.
    pub next_index: u64,
}

/// The end of a search.
pub enum RecoveryOutcome {
    /// A phrase that leads to the target. To look for another one, go on behind its index.
    Found(RecoveredPhrase),
    /// No candidate leads to the target.
    NotFound,
    /// Told to stop.
    Stopped {
        /// Where to go on.
        next_index: u64,
    },
}

/// A phrase that leads to the target, and how.
pub struct RecoveredPhrase {
    /// The words.
    pub phrase: Phrase,
    /// The passphrase, if there is one.
    pub passphrase: Option<Passphrase>,
    /// The path of the target's key from the master key.
    pub path: DerivationPath,
    /// The candidate's number.
    pub index: u64,
}

/// How fast this machine is with this search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryRate {
    /// Candidates a second, before the checksum.
    pub candidates_per_second: u64,
    /// Seeds computed a second.
    pub hashed_per_second: u64,
}

/// A search under way.
struct Run<'a> {
    recovery: &'a Recovery,
    workers: &'a Workers,
    division: Division,
    start: u64,
    hit: Option<Hit>,
    shared: Arc<Shared>,
}

impl Recovery {
    /// A search of all phrases of the puzzle, each with all passphrases.
    ///
    /// # Errors
    /// Too many candidates, or a single one at a single place.
    pub fn new(
        puzzle: Puzzle,
        passphrases: Passphrases,
        target: RecoveryTarget,
        _sealed: &Sealed,
    ) -> Result<Self, RecoverError> {
        let all = puzzle.candidates().saturating_mul(passphrases.count());
        let too_many = RecoverError::TooMany { candidates: all, most: MOST_CANDIDATES };
        let Some(count) = u64::try_from(all).ok().filter(|count| *count <= MOST_CANDIDATES) else {
            return Err(too_many);
        };
        if count <= 1 && target.places() <= 1 {
            return Err(RecoverError::NothingUnknown);
        }
        let per_phrase = u64::try_from(passphrases.count()).map_err(|_| too_many)?;
        let (width, secp) = (Width::widest(), Secp256k1::new());
        let candidates = Arc::new(Candidates { puzzle, passphrases, target, per_phrase, width, secp });
        Ok(Self { candidates, count, seeds_of_a_share: SEEDS_OF_A_SHARE })
    }

    /// How many candidates there are: phrases, before the checksum is looked at, times passphrases.
    #[must_use]
    pub const fn candidates(&self) -> u64 {
        self.count
    }

    /// How many of them are expected to have a right checksum: each of these costs 2048 rounds of PBKDF2.
    #[must_use]
    pub fn expected_seeds(&self) -> u64 {
        (self.count >> checksum_bits(self.candidates.puzzle.count().words())).max(1)
    }

    /// How many candidates a thread hashes at once.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.candidates.width.lanes()
    }

    /// The instruction set that hashes, e.g. `AVX-512`.
    #[must_use]
    pub fn instructions(&self) -> &'static str {
        self.candidates.width.name()
    }

    /// Searches from candidate `start` on, until one is found, all are tried, or `progress` breaks off. Progress is told
    /// ten times a second where threads work, else after each share, about as often.
    ///
    /// # Errors
    /// A start beyond the last candidate, or a check of our own that failed.
    pub fn search(
        &self,
        workers: &Workers,
        start: u64,
        progress: &mut dyn FnMut(RecoveryProgress) -> ControlFlow<()>,
    ) -> Result<RecoveryOutcome, RecoverError> {
        if start > self.count {
            return Err(RecoverError::Start { start, candidates: self.count });
        }
        let mut run = Run::new(self, workers, start);
        let stopped = run.finish(progress)?;
        match run.hit {
            Some(hit) => self.confirmed(hit).map(RecoveryOutcome::Found),
            None if stopped => Ok(RecoveryOutcome::Stopped { next_index: run.division.resume_at() }),
            None => Ok(RecoveryOutcome::NotFound),
        }
    }

    /// Measures for half a second how fast the search from `start` on is.
    ///
    /// # Errors
    /// As [`Recovery::search`].
    pub fn estimate(&self, workers: &Workers, start: u64) -> Result<RecoveryRate, RecoverError> {
        let begun = Instant::now();
        let mut run = Run::new(self, workers, start.min(self.count));
        let in_time = |progress: RecoveryProgress| match begun.elapsed() < MEASURED || progress.hashed == 0 {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        run.finish(&mut { in_time })?;
        let nanoseconds = begun.elapsed().as_nanos().max(1);
        let a_second = |number: u64| {
            let rate = u128::from(number) * 1_000_000_000 / nanoseconds;
            u64::try_from(rate).unwrap_or(u64::MAX)
        };
        Ok(RecoveryRate {
            candidates_per_second: a_second(run.division.done()),
            hashed_per_second: a_second(run.progress().hashed),
        })
    }

    /// Computes a hit once more, in the plain way.
    fn confirmed(&self, hit: Hit) -> Result<RecoveredPhrase, RecoverError> {
        let all = &self.candidates;
        let phrase = all.phrase(hit.number)?;
        let passphrase = all.passphrases.get(hit.number % all.per_phrase)?;
        if !all.target.confirms(&all.secp, &phrase.seed(passphrase.as_ref()), &hit.path) {
            return Err(RecoverError::SelfCheck("a phrase was found that does not lead to the target"));
        }
        Ok(RecoveredPhrase { phrase, passphrase, path: hit.path, index: hit.number })
    }

    /// So many candidates that a share costs about as many seeds as it should.
    fn share_size(&self) -> u64 {
        let phrases_per_seed = 1 << checksum_bits(self.candidates.puzzle.count().words());
        self.seeds_of_a_share * (phrases_per_seed / self.candidates.per_phrase).max(1)
    }
}

impl<'a> Run<'a> {
    fn new(recovery: &'a Recovery, workers: &'a Workers, start: u64) -> Self {
        let division = Division::new(start..recovery.count, recovery.share_size());
        let shared = Arc::new(Shared { bound: AtomicU64::new(u64::MAX), hashed: AtomicU64::new(0) });
        Self { recovery, workers, division, start, hit: None, shared }
    }

    /// Gives out shares and takes results until nothing is out; true if it was told to stop.
    fn finish(&mut self, progress: &mut dyn FnMut(RecoveryProgress) -> ControlFlow<()>) -> Result<bool, RecoverError> {
        let (done, results) = mpsc::channel();
        let mut stopped = false;
        loop {
            self.give_out(&done);
            if self.division.out() == 0 {
                return Ok(stopped && self.division.resume_at() < self.recovery.count);
            }
            match results.recv_timeout(PATIENCE) {
                Ok(result) => self.take_back(result?),
                Err(_) if self.workers.are_well() => {}
                Err(_) => return Err(RecoverError::SelfCheck("a thread of the search ended before its work was done")),
            }
            if !stopped && progress(self.progress()).is_break() {
                stopped = true;
                self.division.close();
                self.shared.bound.store(0, Ordering::Relaxed);
            }
        }
    }

    /// A share for every thread, and one more for the first that is done.
    fn give_out(&mut self, done: &mpsc::Sender<Result<ShareResult, RecoverError>>) {
        while self.division.out() <= self.workers.threads()
            && let Some(share) = self.division.take()
        {
            self.workers.run(self.task(share, done.clone()));
        }
    }

    fn task(
        &self,
        share: Range<u64>,
        done: mpsc::Sender<Result<ShareResult, RecoverError>>,
    ) -> Box<dyn FnOnce() + Send> {
        let (candidates, shared) = (Arc::clone(&self.recovery.candidates), Arc::clone(&self.shared));
        Box::new(move || {
            let result = candidates.work(share, &shared);
            drop(candidates);
            // Nobody waits any more after an error of another share.
            let _ = done.send(result);
        })
    }

    /// After a hit the shares before it are finished, so that the first hit is found; those behind it are not.
    fn take_back(&mut self, result: ShareResult) {
        self.division.give_back(&result.share, result.reached);
        if let Some(hit) = result.hit
            && self.hit.as_ref().is_none_or(|known| hit.number < known.number)
        {
            self.division.close();
            self.shared.bound.fetch_min(hit.number, Ordering::Relaxed);
            self.hit = Some(hit);
        }
    }

    fn progress(&self) -> RecoveryProgress {
        RecoveryProgress {
            done: self.start + self.division.done(),
            candidates: self.recovery.count,
            hashed: self.shared.hashed.load(Ordering::Relaxed),
            next_index: self.division.resume_at(),
        }
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
