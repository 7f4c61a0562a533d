//! A list of payments on an EVM chain: one transaction a line, none twice, however often the command runs.

use serde_json::json;

use super::node::{ETHER, EvmStage, OURS, SHOP};

fn payee(number: u32) -> String {
    format!("0x{:040x}", 0x00c0_ffee_0000_u64 + u64::from(number))
}

fn write(stage: &EvmStage, lines: &[String]) {
    std::fs::write(stage.stage.path("payroll.csv"), format!("address,amount\n{}\n", lines.join("\n"))).unwrap();
}

const SEND: [&str; 5] = ["send", "--recipients", "payroll.csv", "--once", "payroll-2026-12"];

#[test]
fn every_line_is_paid_once_however_often_the_command_runs() {
    let stage = EvmStage::new();
    let lines: Vec<String> = (1..=12).map(|number| format!("{},0.{number:02} ETH", payee(number))).collect();
    write(&stage, &lines);
    let paid = stage.signed(&SEND);
    let states: Vec<&str> =
        paid["payments"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["sent"; 12], "{paid}");
    let again = stage.signed(&SEND);
    assert!(again["payments"].as_array().unwrap().iter().all(|one| one["state"] == "earlier"), "{again}");
    // A line that is put in, the others in another order, and one that stands twice now.
    let mut more = vec![format!("{SHOP},0.5 ETH"), lines[3].clone()];
    more.extend(lines.iter().rev().cloned());
    write(&stage, &more);
    let more = stage.signed(&SEND);
    let sent = |one: &&serde_json::Value| one["state"] == "sent";
    assert_eq!(more["payments"].as_array().unwrap().iter().filter(sent).count(), 2, "{more}");
    stage.anvil.mine();
    for number in 1..=12u32 {
        let times = if number == 4 { 2 } else { 1 };
        assert_eq!(stage.anvil.balance(&payee(number)), ETHER / 100 * u128::from(number) * times, "{number}");
    }
    assert_eq!(stage.anvil.balance(OURS) / ETHER, 100 - 2, "0.78, 0.04 and 0.5 and fees have left");
}

#[test]
fn a_list_stops_at_what_fails_and_goes_on_from_there() {
    let (stage, coin) = EvmStage::with_coin();
    let symbol = "STG";
    write(&stage, &[format!("{SHOP},5 {symbol}"), format!("{},7 {symbol}", payee(1)), format!("{},0.1 ETH", payee(2))]);
    // The node ends after the first line was signed for: nothing more is asked of it.
    let key = stage.run(&[
        "send",
        "--recipients",
        "payroll.csv",
        "--yes",
        "--max-fee=0.05eth",
        &stage.stage.password(),
        "--json",
    ]);
    assert!(key.stdout.contains("--once KEY"), "{key:?}");
    let paid = stage.signed(&SEND);
    assert_eq!(paid["payments"].as_array().unwrap().len(), 3, "{paid}");
    stage.anvil.mine();
    assert_eq!((stage.anvil.coins(&coin, SHOP), stage.anvil.coins(&coin, &payee(1))), (5_000_000, 7_000_000));
    // A look-alike of the first payee stands in the second line.
    let like = format!("{}{}{}", &SHOP[..6], "0".repeat(32), &SHOP[38..]);
    write(&stage, &[format!("{},0.2 ETH", payee(3)), format!("{like},0.2 ETH"), format!("{},0.2 ETH", payee(4))]);
    let run = |extra: &[&str]| {
        let words = [
            "send",
            "--recipients",
            "payroll.csv",
            "--once",
            "second",
            "--yes",
            "--max-fee=0.05eth",
            &stage.stage.password(),
            "--json",
        ]
        .map(str::to_owned);
        stage.run(&words.iter().map(String::as_str).chain(extra.iter().copied()).collect::<Vec<_>>())
    };
    let stopped = run(&[]);
    let document: serde_json::Value = serde_json::from_str(&stopped.stdout).unwrap();
    assert_eq!((stopped.code, &document["data"]["stopped"]["line"]), (1, &json!(3)), "{stopped:?}");
    assert_eq!(document["data"]["payments"].as_array().unwrap().len(), 1, "{stopped:?}");
    // What is left suffices for the lines that are left, and a key guards after attempts that signed nothing.
    stage.anvil.fund(OURS, ETHER / 2);
    for _ in 0..3 {
        run(&["--to-unusual", &like]).expect_code(0);
    }
    stage.anvil.mine();
    for whom in [&payee(3), &like, &payee(4)] {
        assert_eq!(stage.anvil.balance(whom), ETHER / 5, "once: {whom}");
    }
}

/// A payment that was cancelled was not made: its line is told as that and never as paid.
#[test]
fn a_line_that_was_cancelled_is_not_told_as_paid() {
    let stage = EvmStage::new();
    stage.anvil.automine(&json!(false));
    write(&stage, &[format!("{SHOP},0.5 ETH")]);
    let paid = stage.signed(&SEND);
    let id = paid["payments"][0]["id"].as_str().unwrap().to_owned();
    let bumped = stage.signed(&["bump", &id]);
    let again = stage.signed(&SEND);
    assert_eq!(again["payments"][0]["state"], "earlier", "a dearer one pays the same: {again}");
    stage.signed(&["cancel", bumped["id"].as_str().unwrap()]);
    let run = || stage.run(&[&SEND[..], &["--yes", "--max-fee=0.05eth", &stage.stage.password(), "--json"]].concat());
    let waiting = run();
    assert!(waiting.code == 5 && waiting.stdout.contains("\"unknown\""), "either may win: {waiting:?}");
    stage.anvil.mine();
    stage.anvil.automine(&json!(true));
    let before = stage.anvil.balance(SHOP);
    let told = run();
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.stdout.contains("\"replaced\""), "{told:?}");
    assert_eq!(stage.anvil.balance(SHOP), before);
}

#[test]
fn what_is_wrong_with_a_list_is_said_before_anything_is_paid() {
    let stage = EvmStage::new();
    write(&stage, &[format!("{SHOP},1"), "0x12,1 ETH".to_owned(), format!("{SHOP},all"), format!("{SHOP},1 XYZ")]);
    let (code, text) = stage.refused(&SEND);
    assert_eq!(code, "desk.usage");
    for line in 2..=5 {
        assert!(text.contains(&format!("line {line} of the recipients")), "{line}: {text}");
    }
    write(&stage, &[format!("{SHOP},60 ETH"), format!("{},60 ETH", payee(1))]);
    assert_eq!(stage.refused(&SEND).0, "ethereum.insufficient_funds");
    write(&stage, &[format!("{SHOP},2 ETH"), format!("{},2 ETH", payee(1))]);
    let unbounded = stage.run(&[&SEND[..], &["--yes", "--max-total", "9eth", "--json"]].concat());
    assert!(unbounded.stdout.contains("name with --max-fee"), "{unbounded:?}");
    let bounded = stage.refused(&[&SEND[..], &["--max-total", "3eth"]].concat());
    assert!(bounded.0 == "flow.limit" && bounded.1.contains("the whole list"), "{bounded:?}");
    assert_eq!(stage.refused(&[&SEND[..], &["--expect-to", SHOP]].concat()).0, "desk.usage");
    assert_eq!(stage.json(&["nonce", "status"])["next"], json!(0));
    assert_eq!(stage.run(&["plan", "--recipients", "payroll.csv", "--json"]).error_code(), "desk.usage");
}
