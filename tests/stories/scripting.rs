//! Scripts: no terminal, no question; one JSON document; limits in a person's place.

use crate::harness::Stage;

#[test]
fn without_a_terminal_nothing_is_asked_and_the_flag_is_named() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "1", "-o", "pay.draft"]);
    let mut command = std::process::Command::new("setsid");
    command
        .current_dir(stage.home.path())
        .arg("-w")
        .arg(env!("CARGO_BIN_EXE_fastness"))
        .arg("--home")
        .arg(stage.path("home"));
    command.args(["sign", "pay.draft", "--json", &stage.password()]);
    command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let answer = crate::harness::finish(command);
    answer.expect_code(2);
    assert_eq!(answer.error_code(), "desk.no_terminal");
    assert!(answer.stdout.contains("--approve"), "{answer:?}");
}

#[test]
fn yes_alone_agrees_to_nothing() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "1", "-o", "pay.draft"]);
    let sign = |limits: &[&str]| stage.run(&[&["sign", "pay.draft", "--json", &stage.password()], limits].concat());
    let other = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    assert_eq!(sign(&["--yes"]).error_code(), "flow.no_limits");
    assert_eq!(sign(&["--yes", "--max-fee", "10sat"]).error_code(), "flow.limit");
    assert_eq!(sign(&["--yes", "--expect-to", &other]).error_code(), "flow.limit");
    assert_eq!(sign(&["--approve", &"0".repeat(64)]).error_code(), "flow.limit");
    // The author of the file chose the payee, so a limit on the fee does not agree to it.
    assert_eq!(sign(&["--yes", "--max-fee", "1000sat"]).error_code(), "flow.payee_not_named");
    let shop = Stage::shop();
    let named = ["--yes", "--expect-to", &shop];
    assert_eq!(sign(&[&named[..], &["--max-total", "0.1btc"]].concat()).error_code(), "flow.limit", "and the fee");
    sign(&[&named[..], &["--max-fee", "1000sat", "--max-total", "0.10001btc"]].concat()).expect_code(0);
}

#[test]
fn stdout_is_the_result_and_json_is_one_document() {
    let stage = Stage::with_coins(&[50_000_000]);
    for command in [
        &["wallets"][..],
        &["balance"],
        &["history"],
        &["coins"],
        &["addresses"],
        &["receive"],
        &["account", "list"],
        &["account", "export"],
        &["explorers"],
        &["errors"],
        &["show"],
    ] {
        let data = stage.json(command);
        assert!(data.is_object(), "{command:?}");
        let text = stage.run(command);
        text.expect_code(0);
        assert!(!text.stdout.is_empty() && !text.stdout.contains('\x1b'), "{command:?}: {}", text.stdout);
    }
}

#[test]
fn offline_means_offline() {
    let stage = Stage::with_coins(&[50_000_000]);
    let before = stage.server.requests();
    stage.json(&["balance", "--offline"]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "1", "--offline"]);
    assert_eq!(stage.run(&["sync", "--offline", "--json"]).error_code(), "explorer.no_network");
    assert_eq!(stage.run(&["plan", &Stage::shop(), "0.1btc", "--offline", "--json"]).error_code(), "desk.usage");
    assert_eq!(stage.server.requests(), before);
}

#[test]
fn the_program_speaks_json_about_itself_too() {
    let stage = Stage::new();
    assert_eq!(stage.json(&[])["next"][0]["command"], "fastness practice");
    for arguments in [&["--version", "--json"][..], &["send", "--help", "--json"]] {
        let mut command = crate::harness::program();
        let answer = crate::harness::answer(command.args(arguments).output().unwrap());
        answer.expect_code(0);
        let document: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
        assert!(document["data"]["text"].as_str().unwrap().contains("fastness"), "{document}");
    }
    let refused = stage.run(&["plan", &Stage::shop(), "0.1btc", "--target", "0", "--json"]);
    refused.expect_code(2);
}
