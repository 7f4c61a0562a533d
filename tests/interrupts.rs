//! SIGINT, SIGTERM and SIGHUP at many moments of every command that sends, while the explorer holds its answer, then the same
//! command again after a block: the exit code is true, one JSON document says it, and nothing is paid twice.
//!
//! `tests/interrupts.sh --long` takes 45 moments of each command; without it a sample runs, which `cargo test` does too.

// Helpers of a test target may stop it, and this one reports on standard output.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
#![allow(missing_docs, unreachable_pub, dead_code)]

#[path = "interrupts/bitcoin.rs"]
mod bitcoin_side;
#[path = "interrupts/ethereum.rs"]
mod ethereum_side;
#[path = "stories/harness/mod.rs"]
mod harness;
#[path = "stories/ethereum/node.rs"]
mod node;
#[path = "stories/ethereum/relay.rs"]
mod relay;
#[path = "ethereum/rpc.rs"]
mod rpc;

use std::{
    collections::BTreeSet,
    os::unix::process::CommandExt,
    process::{Child, Command, ExitCode},
    time::{Duration, Instant},
};

use harness::{Answer, answer};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

/// How long an explorer holds its answer to a transaction.
const HOLD: Duration = Duration::from_millis(1_500);
/// Moments of each command in the long form.
const LONG: u32 = 45;

/// A command that sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Send,
    Broadcast,
    Bump,
    Cancel,
    Sweep,
}

impl Form {
    const ALL: [Self; 5] = [Self::Send, Self::Broadcast, Self::Bump, Self::Cancel, Self::Sweep];

    /// Moments of it in the sample.
    const fn sample(self) -> u32 {
        match self {
            Self::Send => 3,
            _ => 1,
        }
    }
}

/// A chain with an explorer that holds its answers, and a wallet with coins on it.
trait Scene {
    /// Whether there is such a command.
    fn has(&self, form: Form) -> bool;
    /// What the command needs, new for every turn; then the command, without `--json`.
    fn command(&mut self, form: Form, turn: u32) -> Command;
    /// Answers to transactions are held from now on, or not.
    fn hold(&mut self, hold: Duration);
    /// Ids of all transactions of this wallet that the chain or its mempool has.
    fn known(&self) -> BTreeSet<String>;
    /// What waits gets into a block.
    fn mine(&mut self);
    /// What was paid in this turn, which asked for `asked`; both in the smallest unit.
    fn paid(&self, turn: u32) -> (u128, u128);
}

#[derive(Default)]
struct Tally {
    declined: u32,
    unknown: u32,
    done: u32,
    unborn: u32,
    broken: Vec<String>,
}

fn main() -> ExitCode {
    if std::env::args().any(|word| word == "--list") {
        println!("interrupts: test");
        return ExitCode::SUCCESS;
    }
    let is_long = std::env::args().any(|word| word == "--long");
    let only = std::env::args().find_map(|word| word.strip_prefix("--only=").map(str::to_owned));
    let mut ok = true;
    for family in ["bitcoin", "ethereum"] {
        let scene = if family == "bitcoin" { bitcoin_side::scene } else { ethereum_side::scene };
        for form in Form::ALL {
            let name = format!("{family} {form:?}").to_lowercase();
            if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) || !scene().has(form) {
                continue;
            }
            ok &= play(&name, scene().as_mut(), form, if is_long { LONG } else { form.sample() });
        }
    }
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One whole run for its length, then runs that are interrupted somewhere in it.
fn play(name: &str, scene: &mut dyn Scene, form: Form, turns: u32) -> bool {
    let started = Instant::now();
    let mut whole = scene.command(form, 0);
    scene.hold(HOLD);
    let begun = Instant::now();
    answer(whole.arg("--json").output().unwrap()).expect_code(0);
    let length = begun.elapsed();
    scene.hold(Duration::ZERO);
    scene.mine();
    let mut tally = Tally::default();
    for turn in 1..=turns {
        let moment = length * (2 * turn - 1) / (2 * turns);
        if let Err(what) = one(scene, form, turn, moment, &mut tally) {
            tally.broken.push(format!("{name}, turn {turn}, {} ms: {what}", moment.as_millis()));
        }
    }
    let Tally { declined, unknown, done, unborn, broken } = &tally;
    broken.iter().for_each(|line| println!("{line}"));
    println!(
        "{name}: {turns} interrupts: declined {declined}, unknown {unknown}, done {done}, before it listened {unborn}; false or twice: {}; {} s",
        broken.len(),
        started.elapsed().as_secs()
    );
    broken.is_empty()
}

/// One interrupt, and the same command again.
fn one(scene: &mut dyn Scene, form: Form, turn: u32, moment: Duration, tally: &mut Tally) -> Result<(), String> {
    let mut command = scene.command(form, turn);
    let before = scene.known();
    scene.hold(HOLD);
    let child = command.arg("--json").process_group(0).spawn().unwrap();
    std::thread::sleep(moment);
    interrupt(&child, turn);
    let ended = answer(child.wait_with_output().unwrap());
    // What the process left behind would send within this time.
    std::thread::sleep(Duration::from_millis(300));
    scene.hold(Duration::ZERO);
    let left: Vec<String> = scene.known().difference(&before).cloned().collect();
    judge(&ended, &left, tally).map_err(|what| format!("{what}: {ended:?}; left: {left:?}"))?;
    scene.mine();
    let again = answer(command.output().unwrap());
    scene.mine();
    let (paid, asked) = scene.paid(turn);
    // A person who was told of the payment before the signal came gets it named, and no second one.
    let is_stopped = again.code == 1 && again.stdout.contains("flow.paid_lately");
    let names_it = is_stopped && left.iter().any(|id| again.stdout.contains(id.as_str()));
    let may_be_refused = form != Form::Send && again.code == 1 || form == Form::Sweep || names_it;
    if again.code != 0 && !may_be_refused {
        return Err(format!("the same command again: {again:?}"));
    }
    if paid > asked || (form == Form::Send || form == Form::Broadcast) && paid != asked {
        return Err(format!("{paid} paid where {asked} was asked: {again:?}"));
    }
    Ok(())
}

/// A signal, to the whole group as a terminal sends it, or to the process alone as a supervisor does.
fn interrupt(child: &Child, turn: u32) {
    let process = Pid::from_child(child);
    let signal = [Signal::INT, Signal::TERM, Signal::HUP][usize::try_from(turn % 3).unwrap()];
    // One that has ended already cannot be signalled.
    let _ = if turn.is_multiple_of(2) { kill_process_group(process, signal) } else { kill_process(process, signal) };
}

/// The exit code and the one document say what the chain knows.
fn judge(ended: &Answer, left: &[String], tally: &mut Tally) -> Result<(), String> {
    if ended.code == -1 && ended.stdout.is_empty() && left.is_empty() {
        tally.unborn += 1;
        return Ok(());
    }
    let document: Value = serde_json::from_str(&ended.stdout).map_err(|_| "not one JSON document".to_owned())?;
    let id = document["data"]["id"].as_str().unwrap_or_default().to_owned();
    match ended.code {
        3 if !left.is_empty() => Err("declined, and it had left".to_owned()),
        3 if document["error"]["code"] != "desk.interrupted" => Err("declined without saying why".to_owned()),
        3 => {
            tally.declined += 1;
            Ok(())
        }
        0 | 5 if id.is_empty() || left.iter().any(|other| *other != id) => Err("without its id".to_owned()),
        0 if left.is_empty() => Err("done, and nothing is there".to_owned()),
        0 => {
            tally.done += 1;
            Ok(())
        }
        5 => {
            tally.unknown += 1;
            Ok(())
        }
        _ => Err("a false exit code".to_owned()),
    }
}
