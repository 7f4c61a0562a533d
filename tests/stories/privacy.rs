//! `privacy report` says exactly what the servers saw: compared with their own logs, address by address.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    process::Command,
};

use bitcoin::hashes::{Hash, sha256};
use fastness::practice::server::Fault;
use serde_json::Value;

use crate::harness::{
    Stage, finish, program, script,
    socks::{Door, Socks},
};

/// Ids by kind: scripts, transactions asked for, transactions sent.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    scripts: BTreeSet<String>,
    asked: BTreeSet<String>,
    sent: usize,
}

/// What requests tell: their lines, and the scripts in the body of a question about many.
fn seen(requests: &[String]) -> Told {
    let mut told = Told::default();
    for request in requests {
        let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
        let target: Vec<&str> = head.split(' ').take(2).collect();
        let words: Vec<&str> = target.join("/").leak().split(['/', '?']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            ["GET", "scripthash", hash, ..] => drop(told.scripts.insert((*hash).to_owned())),
            ["GET", "tx", txid, ..] => drop(told.asked.insert((*txid).to_owned())),
            ["POST", "tx"] => told.sent += 1,
            ["POST", "scripthashes", ..] => {
                let hashes: Vec<String> = serde_json::from_str(body).unwrap_or_default();
                told.scripts.extend(hashes.into_iter().filter(|hash| *hash != "5f".repeat(32)));
            }
            ["GET", ..] => {}
            other => panic!("not understood: {other:?}"),
        }
    }
    told
}

/// A home whose explorer is behind a relay that records every byte.
struct Watched {
    stage: Stage,
    door: Door,
}

impl Watched {
    fn new() -> Self {
        let stage = Stage::with_wallet();
        let door = Door::before(&stage.server.url());
        Self { stage, door }
    }

    /// Runs with `--json`. Of an option that is given twice the later counts.
    fn json(&self, arguments: &[&str]) -> Value {
        self.stage.json(&[arguments, &["--explorer", &self.door.url]].concat())
    }
}

fn ids(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// What the report says about one host.
fn reported(report: &Value, host: &str) -> Told {
    let hosts = report["hosts"].as_array().unwrap();
    let Some(host) = hosts.iter().find(|row| row["host"] == host.trim_start_matches("http://")) else {
        return Told::default();
    };
    let mut scripts = ids(&host["unknown_scripts"]);
    for account in host["accounts"].as_array().unwrap() {
        for row in account["addresses"].as_array().unwrap() {
            let hash = row["script_hash"].as_str().unwrap().to_owned();
            let script = script(row["address"].as_str().unwrap());
            assert_eq!(sha256::Hash::hash(script.as_bytes()).to_string(), hash, "the address of another script");
            scripts.insert(hash);
        }
    }
    Told { scripts, asked: ids(&host["transactions"]), sent: ids(&host["sent"]).len() }
}

fn report(stage: &Stage) -> Value {
    stage.json(&["privacy", "report"])
}

#[test]
fn the_report_is_what_the_server_saw_through_a_wallets_life() {
    let home = Watched::new();
    for sat in [50_000_000, 20_000_000] {
        let address = home.json(&["receive"])["address"].as_str().unwrap().to_owned();
        home.stage.fund(&address, sat);
        home.json(&["sync"]);
    }
    let (password, shop) = (home.stage.password(), Stage::shop());
    let agree = ["--yes", "--max-fee=50000sat", &password];
    let sent = home.json(&[&["send", &shop, "0.1btc", "--fee-rate", "2"], &agree[..]].concat());
    let id = sent["id"].as_str().unwrap();
    home.json(&["track", id]);
    home.json(&[&["bump", id, "--fee-rate", "9"], &agree[..]].concat());
    home.stage.mine(7);
    for command in [&["sync"][..], &["history"], &["balance"], &["coins"], &["addresses"], &["explorers", "test"]] {
        home.json(command);
    }
    let report = report(&home.stage);
    assert_eq!(reported(&report, &home.door.url), seen(&home.door.requests()));
    assert_eq!((&report["complete"], report["hosts"].as_array().unwrap().len()), (&Value::Bool(true), 1));
    let lines = |requests: Vec<String>| -> BTreeSet<String> {
        requests.iter().map(|request| request.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
    };
    let server: BTreeSet<String> = home.stage.server.seen().into_iter().collect();
    let door: BTreeSet<String> = lines(home.door.requests()).iter().map(|line| without_query(line)).collect();
    assert_eq!(door, server.iter().map(|line| without_query(line)).collect(), "the server saw nothing beside");
    let account = of_segwit(&report);
    assert!(account["seen"].as_u64().unwrap() >= 40 && account["seen"].as_u64() <= account["of"].as_u64(), "{account}");
    assert_eq!(report["hosts"][0]["unknown_scripts"], Value::Array(Vec::new()));
    assert_eq!(ids(&report["hosts"][0]["sent"]).len(), 2);
}

/// What the first host saw of the account that is used; the others of these words were only searched.
fn of_segwit(report: &Value) -> &Value {
    let accounts = report["hosts"][0]["accounts"].as_array().unwrap();
    accounts.iter().find(|account| account["account"] == "main/segwit-0").unwrap_or_else(|| panic!("{report}"))
}

fn without_query(line: &str) -> String {
    line.split('?').next().unwrap_or_default().to_owned()
}

#[test]
fn with_several_hosts_each_has_what_it_saw_and_no_more() {
    let (stage, other) = (Stage::with_wallet(), Stage::new());
    let doors = [Door::before(&other.server.url()), Door::before(&stage.server.url())];
    let run = || {
        let mut command = program();
        command.current_dir(stage.home.path()).arg("--home").arg(stage.path("home"));
        command.args(["--network", "regtest", "--explorer", &doors[0].url, "--explorer", &doors[1].url, "sync"]);
        finish(command)
    };
    for fault in [Fault::Status(500), Fault::Status(429), Fault::Html, Fault::Endless] {
        other.server.faults().plan(fault, 7);
        run();
        other.server.faults().clear();
    }
    run();
    let report = report(&stage);
    let told = doors.each_ref().map(|door| seen(&door.requests()));
    for (door, told) in doors.iter().zip(&told) {
        assert_eq!(reported(&report, &door.url), *told, "{}", door.url);
    }
    assert!(told.iter().all(|told| !told.scripts.is_empty()), "{told:?}");
}

#[test]
fn what_a_proxy_hides_and_what_it_does_not() {
    let stage = Stage::with_wallet();
    stage.json(&["sync"]);
    let socks = Socks::start(&[("explorer.onion", &stage.server.url())]);
    let mut command = program();
    command.arg("--home").arg(stage.path("home")).args(["--network", "regtest", "--explorer", "http://explorer.onion"]);
    command.args(["sync", &socks.option()]);
    finish(command).expect_code(0);
    let report = report(&stage);
    let route = |host: &str| {
        let hosts = report["hosts"].as_array().unwrap();
        hosts.iter().find(|row| row["host"] == host).unwrap()["routes"].clone()
    };
    assert_eq!(route("explorer.onion"), serde_json::json!(["proxy"]));
    assert_eq!(route(stage.server.url().trim_start_matches("http://")), serde_json::json!(["here"]));
}

#[test]
fn what_could_not_be_written_down_is_said() {
    let Watched { stage, door } = Watched::new();
    let filled = "#\n".repeat(1_200_000);
    std::fs::write(stage.path("home/requests.log"), filled).unwrap();
    // No file may grow beyond 2 MiB, as on a full disk; the ledger is smaller.
    let mut shell = Command::new("bash");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\""]).arg(env!("CARGO_BIN_EXE_fastness"));
    shell.arg("--home").arg(stage.path("home")).args(["--network", "regtest", "sync", "--explorer"]);
    let ran = shell.arg(&door.url).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(0), "{said}");
    assert_eq!(said.matches("warning[privacy.not_written]").count(), 1, "{said}");
    let report = report(&stage);
    assert_eq!(report["complete"], false);
    let gap = report["gaps"][0].as_str().unwrap();
    let lost = seen(&door.requests()).scripts.len();
    // A script may be named in more than one question; each is an entry.
    let entries: usize = gap.split(' ').next().unwrap().parse().unwrap();
    assert!(entries >= lost && gap.contains(" entries could not be written"), "{gap}, and {lost} scripts");
    assert!(stage.run(&["privacy", "report"]).stdout.contains("This is not complete"));
}

#[test]
fn a_damaged_log_is_read_as_far_as_it_goes_and_said_to_be_damaged() {
    let stage = Stage::with_wallet();
    stage.json(&["sync"]);
    let whole = report(&stage);
    let path = stage.path("home/requests.log");
    let mut text = std::fs::read_to_string(&path).unwrap();
    writeln!(text, "\u{1b}[2J evil").unwrap();
    std::fs::write(&path, text).unwrap();
    let damaged = report(&stage);
    assert_eq!(damaged["hosts"], whole["hosts"]);
    assert_eq!(damaged["gaps"], serde_json::json!(["1 line of the log cannot be read"]));
}

#[test]
fn forgetting_asks_first_and_empties_the_log_only() {
    let stage = Stage::with_wallet();
    stage.json(&["sync"]);
    let nobody = stage.run(&["privacy", "forget", "--json"]);
    nobody.expect_code(2);
    assert_eq!(nobody.error_code(), "desk.no_terminal");
    assert_eq!(report(&stage)["hosts"].as_array().unwrap().len(), 1);
    assert!(stage.json(&["privacy", "forget", "--yes"])["entries"].as_u64().unwrap() >= 40);
    assert_eq!(report(&stage)["hosts"], Value::Array(Vec::new()));
    stage.json(&["balance"]);
    stage.json(&["sync"]);
    assert_eq!(report(&stage)["hosts"].as_array().unwrap().len(), 1, "and it goes on");
}

#[test]
fn scripts_of_no_account_are_not_passed_over() {
    let stage = Stage::with_wallet();
    stage.json(&["sync"]);
    let before = reported(&report(&stage), &stage.server.url());
    // Another home with the same log, and no account in it.
    let other = Stage::new();
    other.run(&["wallets"]).expect_code(0);
    std::fs::copy(stage.path("home/requests.log"), other.path("home/requests.log")).unwrap();
    let strangers = report(&other);
    assert_eq!(reported(&strangers, &stage.server.url()), before);
    assert_eq!(strangers["hosts"][0]["accounts"], Value::Array(Vec::new()));
}

#[test]
fn the_page_names_each_host_with_what_it_saw() {
    let stage = Stage::with_coins(&[50_000_000]);
    let page = stage.run(&["privacy", "report"]).stdout;
    let report = report(&stage);
    let account = of_segwit(&report);
    let line = format!("{} of {} addresses of main/segwit-0, since 20", account["seen"], account["of"]);
    assert!(page.contains(&line) && page.contains("on this machine"), "{page}");
    let all = stage.run(&["privacy", "report", "--all"]).stdout;
    let listed: BTreeMap<&str, bool> = account["addresses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["address"].as_str().unwrap())
        .map(|address| (address, all.contains(address)))
        .collect();
    assert!(listed.values().all(|listed| *listed), "{listed:?}");
}
