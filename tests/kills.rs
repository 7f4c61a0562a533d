//! Kill -9 at the system calls of `broadcast` and `send`, then the same command again: the same transaction or nothing,
//! and never a second payment (threats.md B2).
//!
//! `tests/kills.sh --long` takes every call of both; without it a sample runs, which `cargo test` does too. strace counts the
//! calls of a whole run first, and then kills run after run at one of them, before the kernel carries it out. Needs Linux and
//! strace; where strace is missing nothing is tried, and the last line says so.

// Helpers of a test target may stop it, and this one reports on standard output.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![allow(missing_docs, unreachable_pub, dead_code)]

#[path = "stories/harness/mod.rs"]
mod harness;
#[path = "kills/points.rs"]
mod points;

use std::{
    collections::BTreeMap,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, ExitCode, ExitStatus, Stdio},
    time::Instant,
};

use fastness::{
    ledger::{JournalState, Ledger},
    network::Network,
};

use harness::{Answer, Stage, sat};
use points::{Point, Whose};

const PAYMENT: u64 = 10_000_000;

/// What was seen.
#[derive(Default)]
struct Tally {
    points: u32,
    killed: u32,
    /// The payment was with the explorer already when the process died.
    had_left: u32,
    /// The second run paid, for nothing had left.
    paid_then: u32,
    /// The second run refused, and `track` found the first one's payment or sent it again.
    tracked: u32,
    twice: u32,
    broken: Vec<String>,
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words.any(|word| word == "--list") {
        println!("kills: test");
        return ExitCode::SUCCESS;
    }
    let long = std::env::args().any(|word| word == "--long");
    let there = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        println!("kills: strace is missing; 0 points");
        return if long { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    let started = Instant::now();
    let mut ok = true;
    for form in [Form::Broadcast, Form::Send] {
        let stage = form.prepare();
        let all = form.count(&stage);
        let chosen = form.chosen(&all, long);
        let mut tally = Tally::default();
        for point in &chosen {
            one(&stage, form, point, &mut tally);
        }
        ok &= report(form, (all.len(), chosen.len()), &tally, started);
    }
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(form: Form, (calls, chosen): (usize, usize), tally: &Tally, started: Instant) -> bool {
    tally.broken.iter().for_each(|line| println!("{line}"));
    println!(
        "{}: {} of {calls} calls, killed at {}; payment had left {}, paid by the second run {}, found by track {}; broken {}; {} s",
        form.name(),
        chosen,
        tally.killed,
        tally.had_left,
        tally.paid_then,
        tally.tracked,
        tally.broken.len(),
        started.elapsed().as_secs()
    );
    println!("{}: {} points, paid twice: {}", form.name(), tally.points, tally.twice);
    tally.broken.is_empty() && tally.twice == 0 && tally.killed * 10 >= tally.points * 9
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Broadcast,
    Send,
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::Broadcast => "broadcast",
            Self::Send => "send",
        }
    }

    /// A home with coins enough to pay three times, and a copy of it to begin each point with.
    fn prepare(self) -> Stage {
        let stage = Stage::with_coins(&[20_000_000, 20_000_000, 20_000_000]);
        if self == Self::Broadcast {
            stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "-o", "pay.draft"]);
            stage.json(&["sign", "pay.draft", "-o", "pay.signed", "--yes", "--max-fee=5000sat", &stage.password()]);
        }
        copy(&stage.path("home"), &stage.path("fixture"));
        stage
    }

    fn command(self, stage: &Stage) -> Command {
        let (shop, password) = (Stage::shop(), stage.password());
        match self {
            Self::Broadcast => stage.command(&["broadcast", "pay.signed", "--json"]),
            Self::Send => stage.command(&[
                "send",
                &shop,
                "0.1btc",
                "--fee-rate",
                "2",
                "--yes",
                "--max-fee=5000sat",
                &password,
                "--json",
            ]),
        }
    }

    /// Every call of a whole run.
    fn count(self, stage: &Stage) -> Vec<Point> {
        let folder = stage.path("trace");
        std::fs::create_dir(&folder).unwrap();
        let strace = ["-f", "-ff", "-o", folder.join("calls").to_str().unwrap()].map(str::to_owned);
        let status = run(traced(&self.command(stage), &strace));
        assert!(status.success(), "the whole run ends well: {status:?}");
        let points = points::read(&folder);
        assert!(points.len() > 100, "only {} calls", points.len());
        points
    }

    /// All of them, or a sample. The child that signs sends nothing, so that fewer of its calls are tried.
    fn chosen(self, all: &[Point], long: bool) -> Vec<Point> {
        let of = |whose: Whose| all.iter().filter(|point| point.whose == whose).cloned().collect::<Vec<_>>();
        let (own, child, early) = (of(Whose::Main), of(Whose::Child), of(Whose::BeforeChild));
        let shares = match (self, long) {
            (Self::Broadcast, true) => [own.len(), 0, 0],
            (Self::Broadcast, false) => [52, 0, 0],
            (Self::Send, true) => [own.len(), 40, 60],
            (Self::Send, false) => [6, 1, 1],
        };
        [(own, shares[0]), (child, shares[1]), (early, shares[2])]
            .into_iter()
            .flat_map(|(points, most)| points::spread(&points, most))
            .collect()
    }
}

/// One point: a run that dies there, the same command again, and what the chain and the journal say then.
fn one(stage: &Stage, form: Form, point: &Point, tally: &mut Tally) {
    begin(stage);
    let status = run(traced(&form.command(stage), &point.strace()));
    tally.points += 1;
    tally.killed += u32::from(status.signal() == Some(9) || point.whose == Whose::Child && !status.success());
    let left = payments(stage);
    tally.had_left += u32::from(!left.is_empty());
    let again = harness::finish(form.command(stage));
    let after = match second(stage, &again, tally) {
        Ok(()) => payments(stage),
        Err(what) => {
            tally.broken.push(format!("{} {point}: {what}", form.name()));
            return;
        }
    };
    if after.len() > 1 || left.keys().any(|txid| !after.contains_key(txid)) {
        tally.twice += 1;
        tally.broken.push(format!("{} {point}: after the kill {left:?}, then {after:?}", form.name()));
        return;
    }
    if let Err(what) = agrees(stage, &after) {
        tally.broken.push(format!("{} {point}: {what}", form.name()));
    }
}

/// The second run pays or finds the payment; or refuses it as the same, and `track` settles that.
fn second(stage: &Stage, again: &Answer, tally: &mut Tally) -> Result<(), String> {
    if again.code == 0 {
        tally.paid_then += 1;
        return Ok(());
    }
    let document: serde_json::Value = serde_json::from_str(&again.stdout).map_err(|_| format!("{again:?}"))?;
    if document["error"]["code"] != "flow.same_payment" {
        return Err(format!("{again:?}"));
    }
    let message = document["error"]["message"].as_str().unwrap_or_default();
    let txid = message.split_whitespace().last().unwrap_or_default();
    let tracked = stage.run(&["track", txid, "--json"]);
    tally.tracked += 1;
    if tracked.code == 0 { Ok(()) } else { Err(format!("{tracked:?}")) }
}

/// The home as it was, and no payment anywhere.
fn begin(stage: &Stage) {
    std::fs::remove_dir_all(stage.path("home")).unwrap();
    copy(&stage.path("fixture"), &stage.path("home"));
    let chain = stage.server.chain();
    let mut chain = chain.lock().unwrap();
    for txid in chain.mempool_txids() {
        chain.evict(&txid).unwrap();
    }
}

/// Transactions in the mempool that pay the shop, with what they pay.
fn payments(stage: &Stage) -> BTreeMap<String, u64> {
    let chain = stage.server.chain();
    let chain = chain.lock().unwrap();
    let ids = chain.mempool_txids();
    ids.into_iter().map(|txid| (txid.to_string(), PAYMENT)).collect()
}

/// One payment of that amount waits; the journal has it as sent and nothing else as under way; once mined it was paid once.
fn agrees(stage: &Stage, after: &BTreeMap<String, u64>) -> Result<(), String> {
    let Some(txid) = after.keys().next() else { return Err("nothing is under way".to_owned()) };
    let ledger = Ledger::open(&stage.path("home/ledger.db")).map_err(|error| error.to_string())?;
    let rows = ledger.journal(Network::Regtest).map_err(|error| error.to_string())?;
    let under_way = |state| matches!(state, JournalState::Sent | JournalState::Unknown | JournalState::Confirmed);
    let ids: Vec<&str> = rows.iter().filter(|row| under_way(row.state)).map(|row| row.txid.as_str()).collect();
    if ids != [txid.as_str()] {
        return Err(format!("the chain has {txid}, the journal {ids:?}"));
    }
    let pending = stage.json(&["balance", "--offline"]);
    let unconfirmed = sat(&pending["accounts"][0]["unconfirmed"]);
    let expected = 20_000_000 - PAYMENT - 306;
    if unconfirmed == expected { Ok(()) } else { Err(format!("{unconfirmed} of change in the ledger, not {expected}")) }
}

/// The command under strace.
fn traced(command: &Command, options: &[String]) -> Command {
    let mut strace = Command::new("strace");
    strace.args(options).arg(command.get_program()).args(command.get_args());
    strace.current_dir(command.get_current_dir().unwrap());
    strace.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    strace
}

fn run(mut command: Command) -> ExitStatus {
    command.status().unwrap()
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}
