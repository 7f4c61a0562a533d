//! One share of a search: numbers into phrases and passphrases, the checksum first, then seeds in lanes, then the target.
//!
//! Runs in any thread and shares nothing but two numbers. A hit is only claimed here; it is confirmed by its search.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

use bitcoin::{
    bip32::DerivationPath,
    secp256k1::{All, Secp256k1},
};
use zeroize::Zeroizing;

use super::{
    Passphrases, Puzzle, RecoverError, RecoveryTarget, checksum,
    puzzle::{Guess, MOST_WORDS},
    stretch::{Batch, PhraseKey},
    width::Width,
};
use crate::keystore::{Phrase, phrase::LONGEST_WORD};

/// All candidates: every phrase with every passphrase, and what they have to lead to.
pub(super) struct Candidates {
    pub(super) puzzle: Puzzle,
    pub(super) passphrases: Passphrases,
    pub(super) target: RecoveryTarget,
    /// Passphrases of each phrase; a candidate's number is that of its phrase times this, and that of its passphrase.
    pub(super) per_phrase: u64,
    pub(super) width: Width,
    pub(super) secp: Secp256k1<All>,
}

/// What all threads of a search share.
pub(super) struct Shared {
    /// Candidates from this number on are not tried any more.
    pub(super) bound: AtomicU64,
    /// How many seeds were computed.
    pub(super) hashed: AtomicU64,
}

/// A candidate that leads to the target.
pub(super) struct Hit {
    pub(super) number: u64,
    pub(super) path: DerivationPath,
}

/// What became of a share.
pub(super) struct ShareResult {
    pub(super) share: Range<u64>,
    /// All numbers of the share below this one are done.
    pub(super) reached: u64,
    pub(super) hit: Option<Hit>,
}

/// A share while it is worked on.
struct Progress<'a> {
    all: &'a Candidates,
    shared: &'a Shared,
    batch: Batch,
    /// Numbers of the candidates in the batch.
    waiting: Vec<u64>,
}

impl Candidates {
    /// Tries the candidates of a share in their order, up to the first hit or to the bound, which may come down meanwhile.
    pub(super) fn work(&self, share: Range<u64>, shared: &Shared) -> Result<ShareResult, RecoverError> {
        let (mut walk, mut text) = (self.puzzle.walk(), text_buffer());
        let mut passphrase = Passphrases::buffer();
        let batch = Batch::new(self.width);
        let waiting = Vec::with_capacity(self.width.lanes());
        let mut progress = Progress { all: self, shared, batch, waiting };
        let mut number = share.start;
        while number < share.end {
            let phrase = number / self.per_phrase;
            let next_phrase = (phrase + 1).saturating_mul(self.per_phrase).min(share.end);
            if shared.bound.load(Ordering::Relaxed) <= number {
                return Ok(progress.result(share, number, None));
            }
            let guess = walk.guess(phrase).ok_or(RecoverError::SelfCheck("a candidate has no number"))?;
            if !checksum::fits(guess.words) {
                number = next_phrase;
                continue;
            }
            write_text(&guess, &mut text);
            let key = PhraseKey::new(text.as_bytes()).ok_or(RecoverError::SelfCheck("a key of no length"))?;
            while number < next_phrase && shared.bound.load(Ordering::Relaxed) > number {
                self.passphrases.write(number % self.per_phrase, &mut passphrase);
                if let Some(hit) = progress.push(number, &key, &passphrase) {
                    return Ok(progress.result(share, hit.number, Some(hit)));
                }
                number += 1;
            }
        }
        let hit = progress.flush();
        let reached = hit.as_ref().map_or(share.end, |hit| hit.number);
        Ok(progress.result(share, reached, hit))
    }

    /// The phrase of a candidate.
    pub(super) fn phrase(&self, number: u64) -> Result<Phrase, RecoverError> {
        let mut walk = self.puzzle.walk();
        let guess = walk.guess(number / self.per_phrase).ok_or(RecoverError::SelfCheck("a candidate has no number"))?;
        let mut text = text_buffer();
        write_text(&guess, &mut text);
        Ok(Phrase::parse_in(guess.language, &text)?)
    }
}

impl Progress<'_> {
    /// Adds a candidate, and tries all that wait when the lanes are full.
    fn push(&mut self, number: u64, key: &PhraseKey, passphrase: &str) -> Option<Hit> {
        self.batch.push(key, passphrase);
        self.waiting.push(number);
        if self.batch.is_full() { self.flush() } else { None }
    }

    /// Tries the candidates that wait; the first hit counts.
    fn flush(&mut self) -> Option<Hit> {
        let (target, secp) = (&self.all.target, &self.all.secp);
        let mut first = None;
        for (number, seed) in self.waiting.drain(..).zip(self.batch.seeds()) {
            self.shared.hashed.fetch_add(1, Ordering::Relaxed);
            first = first.or_else(|| target.find(secp, &seed).map(|path| Hit { number, path }));
        }
        first
    }

    /// Candidates that still wait are not done.
    fn result(&self, share: Range<u64>, reached: u64, hit: Option<Hit>) -> ShareResult {
        let reached = self.waiting.first().map_or(reached, |waiting| reached.min(*waiting));
        ShareResult { share, reached, hit }
    }
}

/// A buffer in which every phrase fits without moving.
fn text_buffer() -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(MOST_WORDS * LONGEST_WORD))
}

/// The words (NFKD) with one space between them.
fn write_text(guess: &Guess<'_>, text: &mut String) {
    text.clear();
    let list = guess.language.list().word_list();
    for number in guess.words {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(list.get(usize::from(*number)).copied().unwrap_or_default());
    }
}
