//! Kill -9 at the system calls of `broadcast` and `send`, then the same command again: the same transaction or nothing,
//! and never a second payment.
//!
//! `tests/kills.sh --long` takes every call of both; without it a sample runs, which `cargo test` does too. strace counts the
//! calls of a whole run first, and then kills run after run at one of them, before the kernel carries it out. Needs Linux and
//! strace; where strace is missing nothing is tried, and that is a failure.

// Helpers of a test target may stop it, and this one reports on standard output.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![allow(missing_docs, unreachable_pub, dead_code)]

#[path = "stories/harness/mod.rs"]
mod harness;
#[path = "kills/points.rs"]
mod points;

use std::{
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, ExitCode, ExitStatus, Stdio},
    time::Instant,
};

use bitcoin::Transaction;
use fastness::{
    ledger::{Ledger, bitcoin::JournalState},
    network::Network,
    practice::Server,
};

use harness::{Answer, Stage, sat};
use points::{Point, Whose};

const PAYMENT: u64 = 10_000_000;

/// What was seen.
#[derive(Default)]
struct Tally {
    points: u32,
    /// Runs that died where they were to, by whose call it was.
    killed: Vec<Whose>,
    /// The payment was with the explorer already when the process died.
    had_left: u32,
    /// The second run paid, for nothing had left.
    paid_then: u32,
    /// The second run refused, and `track` found the first one's payment or sent it again.
    tracked: u32,
    twice: u32,
    broken: Vec<String>,
}

impl Tally {
    fn and(mut self, other: Self) -> Self {
        self.points += other.points;
        self.killed.extend(other.killed);
        self.had_left += other.had_left;
        self.paid_then += other.paid_then;
        self.tracked += other.tracked;
        self.twice += other.twice;
        self.broken.extend(other.broken);
        self
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words.any(|word| word == "--list") {
        println!("kills: test");
        return ExitCode::SUCCESS;
    }
    let length = if std::env::args().any(|word| word == "--long") { Length::Long } else { Length::Short };
    let there = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        println!("kills: strace is missing, so nothing was tried; tests/run.sh installs it");
        return ExitCode::FAILURE;
    }
    let started = Instant::now();
    let mut ok = true;
    for form in [Form::Broadcast, Form::Send] {
        let all = Theatre::prepare(form).count();
        let chosen = form.chosen(&all, length);
        let tally = kill_at(form, &chosen, length);
        report(form, (&all, &chosen), &tally, started);
        ok &= tally.broken.is_empty() && tally.twice == 0 && all_parts_died(&chosen, &tally);
    }
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Counts shift a little from run to run, so a few runs end before their call comes; of no part of a payment more than a few.
fn all_parts_died(chosen: &[Point], tally: &Tally) -> bool {
    Whose::ALL.into_iter().all(|whose| {
        let wanted = chosen.iter().filter(|point| point.whose == whose).count();
        let killed = tally.killed.iter().filter(|died| **died == whose).count();
        let enough = killed + wanted / 10 + usize::from(wanted > 4) >= wanted;
        if !enough {
            println!("only {killed} of {wanted} died: {}", whose.in_words());
        }
        enough
    })
}

/// Every point, by one worker or, in the long form, by two with a chain of their own each.
fn kill_at(form: Form, chosen: &[Point], length: Length) -> Tally {
    let workers = if length == Length::Long { 2 } else { 1 };
    std::thread::scope(|scope| {
        let work = |first| {
            move || {
                let (theatre, mut tally) = (Theatre::prepare(form), Tally::default());
                chosen.iter().skip(first).step_by(workers).for_each(|point| theatre.one(point, &mut tally));
                tally
            }
        };
        let started: Vec<_> = (0..workers).map(|first| scope.spawn(work(first))).collect();
        started.into_iter().map(|worker| worker.join().unwrap()).reduce(Tally::and).unwrap_or_default()
    })
}

fn report(form: Form, (all, chosen): (&[Point], &[Point]), tally: &Tally, started: Instant) {
    let Tally { points, killed, had_left, paid_then, tracked, twice, broken } = tally;
    broken.iter().for_each(|line| println!("{line}"));
    for whose in Whose::ALL {
        let of = |points: &[Point]| points.iter().filter(|point| point.whose == whose).count();
        if of(all) > 0 {
            println!("{}, {}: {} of {} calls", form.name(), whose.in_words(), of(chosen), of(all));
        }
    }
    println!(
        "  killed at {}; the payment had left at {had_left}; the second run took it from there {paid_then}, `track` {tracked}",
        killed.len()
    );
    println!(
        "{}: {points} points, paid twice: {twice}, otherwise broken: {}; {} s",
        form.name(),
        broken.len(),
        started.elapsed().as_secs()
    );
}

/// How many points are tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Short,
    Long,
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

    /// All of them, or a sample: the child that signs sends nothing, so that fewer of its calls are tried; the last calls
    /// of the process are those around the sending, so that more of them are.
    fn chosen(self, all: &[Point], length: Length) -> Vec<Point> {
        let of = |whose: Whose| all.iter().filter(|point| point.whose == whose).cloned().collect::<Vec<_>>();
        let (own, child, early) = (of(Whose::Main), of(Whose::Child), of(Whose::BeforeChild));
        let (first, last) = own.split_at(own.len() * 7 / 10);
        let shares = match (self, length) {
            (_, Length::Long) => return all.to_vec(),
            (Self::Broadcast, Length::Short) => [0, 0, 12, 14],
            (Self::Send, Length::Short) => [4, 6, 3, 6],
        };
        let parts = [early.as_slice(), child.as_slice(), first, last];
        parts.into_iter().zip(shares).flat_map(|(points, most)| points::spread(points, most)).collect()
    }
}

/// A home, a chain, and three explorers of it.
struct Theatre {
    form: Form,
    stage: Stage,
    others: [Server; 2],
}

impl Theatre {
    /// A home with coins enough to pay three times, and a copy of it to begin each point with.
    fn prepare(form: Form) -> Self {
        let stage = Stage::with_coins(&[20_000_000, 20_000_000, 20_000_000]);
        if form == Form::Broadcast {
            stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "-o", "pay.draft"]);
            stage.json(&[
                "sign",
                "pay.draft",
                "-o",
                "pay.signed",
                "--yes",
                "--expect-to",
                &Stage::shop(),
                &stage.password(),
            ]);
        }
        copy(&stage.path("home"), &stage.path("fixture"));
        let another = || Server::start(stage.server.chain(), "127.0.0.1:0".parse().unwrap()).unwrap();
        let others = [another(), another()];
        Self { form, stage, others }
    }

    fn command(&self) -> Command {
        let (shop, password) = (Stage::shop(), self.stage.password());
        let explorers =
            [&self.stage.server, &self.others[0], &self.others[1]].map(|server| format!("--explorer={}", server.url()));
        let mut words = match self.form {
            Form::Broadcast => vec!["broadcast", "pay.signed", "--json"],
            Form::Send => {
                vec!["send", &shop, "0.1btc", "--fee-rate", "2", "--yes", "--max-fee=5000sat", &password, "--json"]
            }
        };
        words.extend(explorers.iter().map(String::as_str));
        self.stage.command(&words)
    }

    /// Every call of a whole run.
    fn count(&self) -> Vec<Point> {
        let folder = self.stage.path("trace");
        std::fs::create_dir(&folder).unwrap();
        let strace = ["-f", "-ff", "-o", folder.join("calls").to_str().unwrap()].map(str::to_owned);
        let status = run(traced(&self.command(), &strace));
        assert!(status.success(), "the whole run ends well: {status:?}");
        let points = points::read(&folder);
        let own = points.iter().filter(|point| point.whose == Whose::Main).count();
        let child = points.iter().filter(|point| point.whose == Whose::Child).count();
        assert!(own > 100 && (child > 50) == (self.form == Form::Send), "{own} calls, and {child} of the child");
        points
    }

    /// One point: a run that dies there, the same command again, and what the chain and the journal say then.
    fn one(&self, point: &Point, tally: &mut Tally) {
        let (stage, name) = (&self.stage, self.form.name());
        begin(stage);
        let status = run(traced(&self.command(), &point.strace()));
        tally.points += 1;
        if status.signal() == Some(9) || point.whose == Whose::Child && !status.success() {
            tally.killed.push(point.whose);
        }
        let left = payments(stage);
        tally.had_left += u32::from(!left.is_empty());
        if let Err(what) = second(stage, &harness::finish(self.command()), tally) {
            return tally.broken.push(format!("{name} {point}: {what}"));
        }
        let after = payments(stage);
        // Whole transactions are compared: the same id with another witness was signed twice.
        if after.len() > 1 || left.iter().any(|payment| !after.contains(payment)) {
            tally.twice += 1;
            return tally.broken.push(format!("{name} {point}: after the kill {left:?}, then {after:?}"));
        }
        if let Err(what) = agrees(stage, after.first()) {
            tally.broken.push(format!("{name} {point}: {what}"));
        }
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
#[allow(clippy::disallowed_methods)] // A folder that this run made.
fn begin(stage: &Stage) {
    std::fs::remove_dir_all(stage.path("home")).unwrap();
    copy(&stage.path("fixture"), &stage.path("home"));
    let chain = stage.server.chain();
    let mut chain = chain.lock().unwrap();
    for txid in chain.mempool_txids() {
        chain.evict(&txid).unwrap();
    }
}

/// What waits in the mempool, whole with its witnesses: no other wallet pays there.
fn payments(stage: &Stage) -> Vec<Transaction> {
    let chain = stage.server.chain();
    let chain = chain.lock().unwrap();
    chain.mempool_txids().iter().map(|txid| chain.transaction(txid).unwrap()).collect()
}

/// The one payment is of the right amount; the journal has it and nothing else under way, and the balance its change.
fn agrees(stage: &Stage, after: Option<&Transaction>) -> Result<(), String> {
    let Some(payment) = after else { return Err("nothing is under way".to_owned()) };
    let (txid, paid) = (payment.compute_txid().to_string(), paid_to_shop(payment));
    if paid != PAYMENT {
        return Err(format!("{txid} pays {paid}"));
    }
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

fn paid_to_shop(transaction: &Transaction) -> u64 {
    let shop = harness::script(&Stage::shop());
    transaction.output.iter().filter(|output| output.script_pubkey == shop).map(|output| output.value.to_sat()).sum()
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
