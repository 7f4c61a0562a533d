//! Every kind of bad input: a clear error with its own code and hint, and nothing changed.

use std::fs;

use crate::harness::{Stage, key_of, with_key};

#[track_caller]
fn refused(stage: &Stage, arguments: &[&str], exit: i32, code: &str) {
    let answer = stage.run(&[arguments, &["--json"]].concat());
    assert_eq!((answer.code, answer.error_code().as_str()), (exit, code), "{arguments:?}");
    let text = stage.run(arguments);
    assert!(text.stderr.contains(code) && text.stderr.contains("hint: "), "{text:?}");
    assert!(text.stdout.is_empty(), "{text:?}");
}

#[test]
fn words_that_are_not_understood() {
    let stage = Stage::with_coins(&[1_000_000]);
    let shop = Stage::shop();
    let plan = |to: &str, amount: &str, exit: i32, code: &str| {
        refused(&stage, &["plan", to, amount, "--fee-rate", "1"], exit, code)
    };
    plan(&shop, "0.1", 2, "amount.no_unit");
    plan(&shop, "1eth", 2, "amount.unknown_unit");
    plan(&shop, "1,5btc", 2, "amount.not_a_number");
    plan(&shop, "0.000000001btc", 2, "amount.too_fine");
    plan(&shop, "100sat", 1, "bitcoin.dust");
    plan(&shop, "0.5btc", 7, "bitcoin.insufficient_funds");
    plan("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "1000sat", 1, "address.wrong_network");
    let typo = shop.replacen('q', "p", 2);
    plan(&typo, "1000sat", 2, "address.checksum");
    plan("ana", "1000sat", 2, "address.not_an_address");
    refused(&stage, &["plan", &shop], 2, "desk.usage");
    refused(&stage, &["plna"], 2, "desk.usage");
    refused(&stage, &["sync", "--network", "bitcion"], 2, "network.unknown");
    refused(&stage, &["track", "12"], 2, "desk.usage");
}

#[test]
fn fees_that_no_one_would_choose() {
    let stage = Stage::with_coins(&[200_000_000]);
    let shop = Stage::shop();
    refused(&stage, &["plan", &shop, "1btc", "--fee-rate", "501"], 1, "bitcoin.fee_too_high");
    refused(&stage, &["plan", &shop, "1000sat", "--fee-rate", "1"], 1, "bitcoin.fee_too_high");
    refused(&stage, &["plan", &shop, "1btc", "--fee", "1000001sat"], 1, "bitcoin.fee_too_high");
    stage.json(&["plan", &shop, "1000sat", "--fee-rate", "1", "--max-fee", "200sat"]);
    refused(&stage, &["plan", &shop, "1000sat", "--fee-rate", "1", "--max-fee", "100sat"], 1, "bitcoin.fee_too_high");
}

#[test]
fn a_draft_with_an_absurd_fee_is_not_signed_unless_the_fee_is_named() {
    let stage = Stage::with_coins(&[200_000_000]);
    stage.json(&["plan", &Stage::shop(), "10000sat", "--fee", "90000sat", "--max-fee", "90000sat", "-o", "dear.draft"]);
    let sign = ["sign", "dear.draft", "--yes", "--expect-to", &Stage::shop(), &stage.password()];
    refused(&stage, &sign, 1, "bitcoin.fee_too_high");
    stage.json(&[&sign[..], &["--max-fee", "90000sat"]].concat());
}

#[test]
fn a_changed_ledger_is_found_out_before_anything_is_signed() {
    let stage = Stage::with_coins(&[200_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "-o", "pay.draft"]);
    stage.json(&["account", "add", "--type", "taproot", &stage.password()]);
    let db = rusqlite::Connection::open(stage.path("home/ledger.db")).unwrap();
    let descriptor = |name| -> String {
        db.query_row("SELECT descriptor FROM accounts WHERE name = ?1", [name], |row| row.get(0)).unwrap()
    };
    let (segwit, taproot) = (descriptor("segwit-0"), descriptor("taproot-0"));
    let changed = with_key(&taproot, key_of(&segwit));
    let sql = "UPDATE accounts SET descriptor = ?1 WHERE name = 'taproot-0'";
    assert_eq!(db.execute(sql, [changed]).unwrap(), 1);
    refused(
        &stage,
        &["sign", "pay.draft", "--yes", "--expect-to", &Stage::shop(), &stage.password()],
        8,
        "flow.ledger_lies",
    );
}

#[test]
fn files_that_are_broken() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "1", "-o", "pay.draft"]);
    let whole = fs::read(stage.path("pay.draft")).unwrap();
    fs::write(stage.path("half.draft"), &whole[..whole.len() / 2]).unwrap();
    refused(&stage, &["inspect", "half.draft"], 2, "flow.not_a_draft");
    refused(&stage, &["sign", "half.draft"], 2, "flow.not_a_draft");
    refused(&stage, &["sign", "absent.draft"], 2, "store.missing");
    refused(&stage, &["broadcast", "pay.draft"], 2, "flow.not_signed");
    refused(&stage, &["inspect", "pay.draft", "--network", "signet"], 1, "flow.other_network");
    fs::write(stage.path("noise"), [0xff; 500]).unwrap();
    refused(&stage, &["inspect", "noise"], 2, "bitcoin.not_a_psbt");
}

#[test]
fn a_wrong_password_is_exit_6_and_changes_nothing() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "1", "-o", "pay.draft"]);
    fs::write(stage.path("wrong"), "incorrect horse\n").unwrap();
    let before = fs::read(stage.path("home/wallets/main.keystore")).unwrap();
    let wrong = format!("--password-file={}", stage.path("wrong").display());
    refused(
        &stage,
        &["sign", "pay.draft", "-o", "pay.signed", "--yes", "--expect-to", &Stage::shop(), &wrong],
        6,
        "keystore.wrong_password",
    );
    assert!(!stage.path("pay.signed").exists());
    assert_eq!(fs::read(stage.path("home/wallets/main.keystore")).unwrap(), before);
}

#[test]
fn secrets_on_the_command_line_are_called_leaked() {
    let stage = Stage::new();
    refused(&stage, &["restore", crate::harness::WORDS], 2, "desk.secret_on_command_line");
    refused(
        &stage,
        &["label", "x", "L1aW4aubDFB7yfras2S1mN3bqg9nwySY8nkoLmJebSLD5BWv3ENZ"],
        2,
        "desk.secret_on_command_line",
    );
}

#[test]
fn nobody_listening_is_no_panic_and_a_lost_result_is_no_success() {
    let stage = Stage::new();
    for arguments in [&["nosuch"][..], &["nosuch", "--json"], &["errors"]] {
        let expected = if arguments[0] == "nosuch" { 2 } else { 0 };
        let closed = || std::process::Stdio::from(std::io::pipe().unwrap().1);
        let status = stage.command(arguments).stdout(closed()).stderr(closed()).status().unwrap();
        assert_eq!(status.code(), Some(expected), "{arguments:?} into closed pipes");
        if let Ok(full) = std::fs::File::options().write(true).open("/dev/full") {
            let status = stage.command(arguments).stdout(full).status().unwrap();
            assert_eq!(status.code(), Some(if expected == 0 { 5 } else { 2 }), "{arguments:?} onto a full disk");
        }
    }
}

#[test]
fn the_wrong_wallet_is_found_out_before_a_password_is_asked_for() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "1", "-o", "pay.draft"]);
    let draft = fs::read_to_string(stage.path("pay.draft")).unwrap();
    fs::write(stage.path("main.draft"), draft.replace("\"regtest\"", "\"bitcoin\"")).unwrap();
    let mut sign = crate::harness::program();
    sign.current_dir(stage.home.path()).arg("--home").arg(stage.path("home"));
    sign.args(["sign", "main.draft", "--yes", "--max-fee=1000sat", "--json"]);
    let answer = crate::harness::finish(sign);
    assert_eq!(answer.error_code(), "account.wrong_network");

    let descriptor = stage.json(&["account", "export"])["descriptor"].as_str().unwrap().to_owned();
    stage.json(&["account", "add", "--wallet", "watch", "--descriptor", &descriptor]);
    refused(&stage, &["sign", "pay.draft", "--wallet", "watch"], 1, "desk.watch_only");
}

#[test]
fn the_network_of_a_bare_file_is_the_one_in_use() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "1", "-o", "pay.psbt", "--psbt"]);
    let run = |words: &[&str]| {
        let mut command = crate::harness::program();
        command.current_dir(stage.home.path()).arg("--home").arg(stage.path("home")).arg("--json").args(words);
        crate::harness::finish(command)
    };
    let signed =
        run(&["sign", "pay.psbt", "-o", "pay.signed", "--yes", "--expect-to", &Stage::shop(), &stage.password()]);
    signed.expect_code(0);
    let inspected = run(&["inspect", "pay.signed"]);
    assert!(inspected.stdout.contains("\"claimed_fee\": {"), "{inspected:?}");
}

#[test]
fn a_code_is_explained_alone_and_what_is_near_a_wrong_one_is_named() {
    let stage = Stage::new();
    let explained = stage.json(&["errors", "store.missing"]);
    assert_eq!((explained["code"].as_str(), explained["exit"].as_u64()), (Some("store.missing"), Some(2)));
    assert!(explained["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{explained}");
    let near = stage.run(&["errors", "store.mising", "--json"]);
    assert_eq!(near.error_code(), "desk.usage");
    assert!(near.stdout.contains("store.missing"), "{near:?}");
    let far = stage.run(&["errors", "zz", "--json"]);
    assert!(far.stdout.contains("`fastness errors` lists all"), "{far:?}");
}
