//! Thousands of random spends: script types x recipients x coin sets x fee rates, each planned, reviewed, signed by a
//! sealed process and accepted by Bitcoin Core's code. `FASTNESS_SPENDS=N` asks for N of them, `FASTNESS_SEED=N` for one.
//!
//! Has no test harness: the seal forbids threads, so this process seals itself and does everything in its main thread.

// Helpers of a test target may stop it, and this one reports on standard output. `ensure` is an assertion.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::fn_params_excessive_bools
)]

#[path = "spends/cases.rs"]
mod cases;
#[path = "spends/checks.rs"]
mod checks;
#[path = "spends/judge.rs"]
mod judge;
#[path = "spends/replacements.rs"]
mod replacements;
mod synthetic;

use std::{panic::catch_unwind, process::ExitCode, time::Instant};

use fastness::{
    account::{Account, ScriptType},
    chain::bitcoin::plan::plan,
    keystore::{Keys, Phrase},
    network::NetworkClass,
    seal::{FileAccess, seal_this_process},
};

use checks::{Broken, End};

/// Spends in a run that asks for no other number.
const DEFAULT: u64 = 10_000;
/// Every so many spends are planned a second time, and replaced.
const SAMPLE: u64 = 10;

/// What was seen.
#[derive(Default)]
struct Tally {
    accepted: u64,
    refused: u64,
    with_change: u64,
    inputs: usize,
    left_over: u64,
    faults: u64,
    replacements: replacements::Tally,
}

fn main() -> ExitCode {
    // Runners ask every target what it holds.
    if std::env::args().any(|argument| argument == "--list") {
        println!("random_spends: test");
        return ExitCode::SUCCESS;
    }
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let (wanted, only) = (number("FASTNESS_SPENDS").unwrap_or(DEFAULT), number("FASTNESS_SEED"));
    let sealed = seal_this_process(&FileAccess::default()).unwrap();
    let phrase = Phrase::parse(synthetic::WORDS).unwrap();
    let keys = Keys::from_phrase(&phrase, None, NetworkClass::Test, &sealed).unwrap();
    let accounts = ScriptType::ALL.map(synthetic::account);
    assert!(accounts.iter().all(|account| account.keys()[0].fingerprint == keys.fingerprint()));
    let (mut tally, mut failed, start) = (Tally::default(), 0u32, Instant::now());
    let mut seed = only.unwrap_or(0);
    while tally.accepted < wanted && failed < 10 {
        if let Err(broken) = one(seed, &accounts, &keys, &mut tally) {
            failed += 1;
            println!("FASTNESS_SEED={seed}: {broken}");
        }
        if only.is_some() {
            break;
        }
        seed += 1;
    }
    report(&tally, start);
    assert!(only.is_some() || tally.faults >= tally.accepted / SAMPLE, "faults were not put in");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One case, with panics told like other failures.
fn one(seed: u64, accounts: &[Account; 4], keys: &Keys, tally: &mut Tally) -> Result<(), Broken> {
    let attempt = catch_unwind(std::panic::AssertUnwindSafe(|| {
        let case = cases::case(seed, accounts);
        match checks::run(&case, keys)? {
            End::Refused => tally.refused += 1,
            End::LeftOver => tally.left_over += 1,
            End::Spent(spend) => {
                tally.accepted += 1;
                tally.with_change += u64::from(spend.has_change);
                tally.inputs += spend.transaction.input.len();
                judge::judge(&spend.transaction, &case)?;
                if seed.is_multiple_of(SAMPLE) {
                    tally.faults += judge::inject(&spend, &case, keys)?;
                    let again = plan(&case.request, &case.snapshot, case.randomness);
                    checks::ensure(again.as_ref() == Ok(&spend.plan), || "another plan the second time".to_owned())?;
                    replacements::run(&case, &spend, keys, &mut tally.replacements)?;
                }
            }
        }
        Ok(())
    }));
    attempt.unwrap_or_else(|_| Err("it panicked".to_owned()))
}

fn report(tally: &Tally, start: Instant) {
    println!(
        "{} spends accepted by Bitcoin Core's code ({} inputs, {} with change), {} rightly refused, {:.1?}",
        tally.accepted,
        tally.inputs,
        tally.with_change,
        tally.refused,
        start.elapsed()
    );
    println!(
        "{} refused because too little would have been left for change; no fee is more than 1% and 1 sat an input above its rate",
        tally.left_over
    );
    println!("{} faults put in behind the signer, each refused with its own code", tally.faults);
    println!("{} replacements made, {} not possible", tally.replacements.made, tally.replacements.refused);
}
