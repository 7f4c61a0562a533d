//! A shop's hook: every arrival and confirmation is told, each once, however often the watcher is started again.

use std::{collections::BTreeMap, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::harness::{Answer, Stage, answer, script};

const HOOK: &str = "cat >> events.jsonl";

/// Watches for a moment, then ends the watcher with a signal.
fn watch_for(stage: &Stage, moment: Duration, signal: Signal) -> Answer {
    let mut command = stage.command(&["watch", "--every", "0", "--exec", HOOK, "--json"]);
    let child = command.spawn().unwrap();
    std::thread::sleep(moment);
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
    answer(child.wait_with_output().unwrap())
}

/// The lines that the hook wrote, by the event's id.
fn told(stage: &Stage) -> BTreeMap<String, Vec<Value>> {
    let text = std::fs::read_to_string(stage.path("events.jsonl")).unwrap_or_default();
    let mut told: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let event: Value = serde_json::from_str(line).unwrap();
        told.entry(event["id"].as_str().unwrap().to_owned()).or_default().push(event);
    }
    told
}

fn pay(stage: &Stage, address: &str, number: u64) {
    stage.server.chain().lock().unwrap().faucet(script(address), 10_000 + number).unwrap();
}

#[test]
fn two_hundred_payments_and_twenty_restarts_tell_each_event_once() {
    let stage = Stage::with_coins(&[10_000_000]);
    let address = stage.json(&["receive", "--label", "invoice 7"])["address"].as_str().unwrap().to_owned();
    stage.json_lines(&["watch", "--once"]);
    assert!(told(&stage).is_empty(), "what was there before is no news");
    for round in 0..20u64 {
        for number in 0..10 {
            pay(&stage, &address, round * 10 + number);
        }
        // Stopped sooner or later, in the middle of whatever it does.
        let ended = watch_for(&stage, Duration::from_millis(250 + 40 * (round % 7)), Signal::SIGINT);
        // On a busy machine the signal can come before the watcher listens, and then it has told nothing either.
        assert!(ended.code == 0 || ended.stdout.is_empty(), "{ended:?}");
        stage.mine(1);
    }
    stage.json_lines(&["watch", "--once", "--exec", HOOK]);
    let told = told(&stage);
    assert!(told.values().all(|lines| lines.len() == 1 && lines[0]["again"] == false), "each once");
    let of = |event: &str| told.values().filter(|lines| lines[0]["event"] == event).count();
    assert_eq!(of("confirmed"), 200, "{} arrived", of("arrived"));
    assert!(of("arrived") <= 200);
    let event = &told.values().next().unwrap()[0];
    assert_eq!(
        (&event["paid_to"][0]["label"], &event["paid_to"][0]["address"]),
        (&"invoice 7".into(), &address.as_str().into())
    );
}

/// Cron starts a second one while the first runs: both would hand every event to the hook.
#[test]
fn a_second_watcher_of_the_same_account_is_refused_and_says_why() {
    let stage = Stage::with_coins(&[10_000_000]);
    stage.json_lines(&["watch", "--once"]);
    let mut command = stage.command(&["watch", "--every", "0", "--json"]);
    let first = command.spawn().unwrap();
    let refused = (0..50).map(|_| stage.run(&["watch", "--once", "--json"])).find(|answer| answer.code != 0).unwrap();
    assert_eq!((refused.code, refused.error_code().as_str()), (1, "desk.watched"), "{refused:?}");
    kill(Pid::from_raw(i32::try_from(first.id()).unwrap()), Signal::SIGINT).unwrap();
    answer(first.wait_with_output().unwrap()).expect_code(0);
    assert!(stage.json_lines(&["watch", "--once"]).is_empty());
}

/// A process that is killed may have handed its event over already: it is told again, and says so.
#[test]
fn what_was_being_told_when_the_watcher_was_killed_is_told_again_and_says_so() {
    let stage = Stage::with_coins(&[10_000_000]);
    let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    stage.json_lines(&["watch", "--once"]);
    for round in 0..10u64 {
        (0..5).for_each(|number| pay(&stage, &address, round * 5 + number));
        watch_for(&stage, Duration::from_millis(200 + 30 * round), Signal::SIGKILL);
        std::thread::sleep(Duration::from_millis(50));
        stage.mine(1);
    }
    stage.json_lines(&["watch", "--once", "--exec", HOOK]);
    let told = told(&stage);
    assert_eq!(told.values().filter(|lines| lines[0]["event"] == "confirmed").count(), 50);
    for lines in told.values() {
        assert!(lines.iter().filter(|line| line["again"] == false).count() <= 1, "{lines:?}");
    }
}

#[test]
fn a_payment_that_is_displaced_is_told_as_gone() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json_lines(&["watch", "--once"]);
    let id = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "2"])["id"].as_str().unwrap().to_owned();
    let first = stage.json_lines(&["watch", "--once"]);
    assert_eq!((first.len(), &first[0]["event"], &first[0]["txid"]), (1, &"arrived".into(), &id.as_str().into()));
    stage.json(&["bump", &id, "--yes", "--max-fee=5000sat", &stage.password()]);
    let then = stage.json_lines(&["watch", "--once"]);
    let events: Vec<(&str, bool)> =
        then.iter().map(|event| (event["event"].as_str().unwrap(), event["txid"] == id.as_str())).collect();
    assert_eq!(events, [("arrived", false), ("gone", true)], "{then:?}");
    assert!(stage.json_lines(&["watch", "--once"]).is_empty());
    let page = stage.run(&["watch", "--once"]);
    assert!(page.code == 0 && page.stdout.is_empty() && page.stderr.contains("Watching main/segwit-0"), "{page:?}");
    assert_eq!(stage.run(&["watch", "-n", "base", "--json"]).error_code(), "desk.other_family");
}

impl Stage {
    /// The lines of a command that prints one document for each event.
    fn json_lines(&self, arguments: &[&str]) -> Vec<Value> {
        let answer = self.run(&[arguments, &["--json"]].concat());
        answer.expect_code(0);
        answer.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
