//! What a node of an EVM chain learns, compared with every byte that it was sent.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

use super::node::{EvmStage, OURS, SHOP};
use crate::harness::{finish, program, socks::Door};

/// Our address, as it stands in the bytes of a request.
fn ours() -> String {
    OURS.trim_start_matches("0x").to_lowercase()
}

struct Watched {
    stage: EvmStage,
    door: Door,
}

impl Watched {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        let home = self.stage.stage.path("home");
        command.current_dir(self.stage.stage.home.path()).arg("--home").arg(home);
        command.args(["--network", "local", "--explorer", &self.door.url]).args(arguments);
        command
    }

    fn report(&self) -> Value {
        let answer = finish(self.command(&["privacy", "report", "--json"]));
        answer.expect_code(0);
        serde_json::from_str::<Value>(&answer.stdout).unwrap()["data"].clone()
    }

    /// Runs a command with an empty log and an empty tape; compares the two.
    fn compare(&self, arguments: &[&str]) -> usize {
        finish(self.command(&["privacy", "forget", "--yes"])).expect_code(0);
        self.door.forget();
        let answer = finish(self.command(arguments));
        assert!([0, 1, 5].contains(&answer.code), "{arguments:?} {answer:?}");
        let requests: Vec<String> = self.door.requests().iter().map(|request| request.to_lowercase()).collect();
        let sent = requests.iter().filter(|request| request.contains("eth_sendrawtransaction")).count();
        let named = requests.iter().any(|request| request.contains(&ours())) || sent > 0;
        let report = self.report();
        let host = &report["hosts"][0];
        let list = |name: &str| host[name].as_array().cloned().unwrap_or_default();
        let mine =
            list("evm_accounts").iter().any(|seen| seen["address"] == OURS && seen["accounts"][0] == "main/ethereum-0");
        assert_eq!(mine, named, "{arguments:?}: {report:#}\n{requests:#?}");
        for seen in list("evm_accounts") {
            let digits = seen["address"].as_str().unwrap().trim_start_matches("0x").to_lowercase();
            let there = requests.iter().any(|request| request.contains(&digits)) || digits == ours();
            assert!(there, "{arguments:?}: {digits} was never sent");
        }
        assert_eq!(list("sent").len(), sent, "{arguments:?}");
        let asked: BTreeSet<String> = requests.iter().flat_map(|request| hashes_asked(request)).collect();
        let told = list("transactions").iter().map(|seen| seen["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(asked, told, "{arguments:?}");
        requests.len()
    }
}

/// Transactions that a request asks for.
fn hashes_asked(request: &str) -> Vec<String> {
    let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
    let Ok(body) = serde_json::from_str::<Value>(body) else { return Vec::new() };
    let calls = match body {
        Value::Array(calls) => calls,
        one => vec![one],
    };
    let about = |call: &&Value| {
        call["method"]
            .as_str()
            .is_some_and(|name| name.starts_with("eth_gettransactionr") || name.starts_with("eth_gettransactionb"))
    };
    calls.iter().filter(about).map(|call| call["params"][0].as_str().unwrap()[2..].to_owned()).collect()
}

#[test]
fn the_report_is_what_the_node_saw_for_every_command() {
    let (stage, coin) = EvmStage::with_coin();
    let door = Door::before(&stage.anvil.url());
    let watched = Watched { stage, door };
    let balance_of = "balanceOf(address) returns (uint256)";
    let mut asked = 0;
    for command in [
        &["balance"][..],
        &["nonce", "status"],
        &["nonce", "gaps"],
        &["token", "list"],
        &["token", "balance"],
        &["token", "add", &coin],
        &["token", "allowances"],
        &["call", &coin, balance_of, OURS, "--view"],
        &["call", &coin, balance_of, SHOP, "--view"],
        &["plan", SHOP, "1eth", "-o", "one.draft"],
        &["history"],
        &["explorers", "test"],
    ] {
        asked += watched.compare(command);
    }
    let password = watched.stage.stage.password();
    for command in
        [&["send", SHOP, "1eth"][..], &["token", "send", SHOP, "4.5 STG"], &["token", "approve", SHOP, "40 STG"]]
    {
        asked += watched.compare(&[command, &["--yes", "--max-fee=0.05eth", &password]].concat());
    }
    let history = finish(watched.command(&["history", "--json"]));
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    let id = history["data"]["transactions"][0]["id"].as_str().unwrap().to_owned();
    asked += watched.compare(&["track", &id]);
    assert!(asked > 60, "{asked}");
}
