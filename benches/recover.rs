//! How fast a partly known phrase is searched for, beside a plain loop over the `bip39` crate, in one run.
//!
//!   cargo bench --bench recover              rates of one core and of all, and their ratio
//!   cargo bench --bench recover -- whole     and a whole search: two missing words of 12, some 130,000 seeds
//!
//! Both sides compute the seeds of phrases with a right checksum; the search derives the master fingerprint besides. It runs
//! sealed, as the command does: its threads are there before.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::{
    hint::black_box,
    num::NonZeroUsize,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use bip39::{Language as List, Mnemonic};
use fastness::{
    keystore::{
        WordCount,
        recover::{Mistake, Passphrases, Puzzle, Recovery, RecoveryOutcome, RecoveryTarget, Workers},
    },
    seal::{FileAccess, Sealed, seal_with_threads},
};

const WORDS: &str = "legal winner thank year wave sausage worth useful ? winner ? yellow";
/// Fingerprint of the master key of the whole phrase, without a passphrase.
const FINGERPRINT: &str = "b8688df1";
/// How long each rate is measured, and how often; the best counts, for other work on the machine only slows down.
const TURN: Duration = Duration::from_millis(1000);
const TURNS: usize = 5;

fn main() {
    let (mut one, mut all) = (Workers::none(), Workers::none());
    let start_threads = || {
        one = Workers::start_some(NonZeroUsize::MIN);
        all = Workers::start();
    };
    let sealed = seal_with_threads(&FileAccess::default(), start_threads).unwrap();
    // Of nobody: no candidate leads there, and the search does not end early.
    let search = recovery("00000000", &sealed);
    println!("{}, {} candidates at once", search.instructions(), search.lanes());

    let valid = phrases();
    let (mut plain, mut ours) = (0, 0);
    for _ in 0..TURNS {
        plain = plain.max(rate(&mut |number| {
            black_box(valid[number % valid.len()].to_seed_normalized(""));
            1
        }));
        ours = ours.max(search.estimate(&one, 0).unwrap().hashed_per_second);
    }
    let every =
        (0..TURNS).map(|_| search.estimate(&all, 0).unwrap()).max_by_key(|rate| rate.hashed_per_second).unwrap();
    println!("  bip39 crate, one core    {plain:>8} seeds a second");
    println!("  this search, one core    {ours:>8} seeds a second, {}", times(ours, plain));
    let threads = all.threads();
    println!(
        "  this search, {threads} threads  {:>9} seeds a second, {}",
        every.hashed_per_second,
        times(every.hashed_per_second, plain)
    );
    println!("                           {:>8} candidates a second before the checksum", every.candidates_per_second);
    if std::env::args().any(|word| word == "whole") {
        whole(&recovery(FINGERPRINT, &sealed), &all);
    }
}

fn recovery(fingerprint: &str, sealed: &Sealed) -> Recovery {
    let puzzle = Puzzle::new(WORDS, WordCount::Twelve, &Mistake::Marked, None).unwrap();
    let target = RecoveryTarget::fingerprint(fingerprint.parse().unwrap());
    Recovery::new(puzzle, Passphrases::none(), target, sealed).unwrap()
}

/// Phrases with a right checksum, of the same puzzle.
fn phrases() -> Vec<Mnemonic> {
    let list = List::English.word_list();
    let text = |word: &&str| WORDS.replacen('?', "legal", 1).replacen('?', word, 1);
    list.iter().filter_map(|word| Mnemonic::parse_in_normalized(List::English, &text(word)).ok()).collect()
}

/// How often a second.
fn rate(work: &mut dyn FnMut(usize) -> u64) -> u64 {
    let (begun, mut number, mut done) = (Instant::now(), 0, 0);
    while begun.elapsed() < TURN {
        done += work(number);
        number += 1;
    }
    u64::try_from(u128::from(done) * 1_000_000_000 / begun.elapsed().as_nanos()).unwrap()
}

fn times(ours: u64, plain: u64) -> String {
    let hundredths = ours * 100 / plain.max(1);
    format!("{}.{:02} times the plain loop on one core", hundredths / 100, hundredths % 100)
}

/// The whole search for two missing words.
fn whole(search: &Recovery, workers: &Workers) {
    let (begun, mut hashed) = (Instant::now(), 0);
    let outcome = search.search(workers, 0, &mut |progress| {
        hashed = progress.hashed;
        ControlFlow::Continue(())
    });
    let RecoveryOutcome::Found(found) = outcome.unwrap() else { panic!("the phrase was not found") };
    let words: Vec<_> = found.phrase.words().collect();
    println!("  {} found after {hashed} seeds in {:.1?}", words.join(" "), begun.elapsed());
}
