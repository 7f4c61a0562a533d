//! Menus: where several things fit a person chooses; a script gets the error that names the option, as ever.

use crate::harness::{
    Stage, finish, program,
    terminal::{SMALL, Session, USUAL},
};

const DOWN: &str = "\u{1b}[B";
const OTHER_WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

#[test]
fn one_of_several_wallets_is_chosen_and_meant_by_everything_that_follows() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.restore("second", OTHER_WORDS);
    for size in [USUAL, SMALL] {
        let mut session = Session::start(&stage, size, &["receive"]);
        session.wait_for("Which wallet?").wait_for("second");
        session.keys(DOWN).keys("\r");
        assert_eq!(session.exit_code(), 0, "{}", session.screen());
        assert!(session.transcript().contains("second/segwit-0"), "{}", session.screen());
        session.left_well();
    }
    for way_out in ["\u{1b}", "\u{3}"] {
        let mut session = Session::start(&stage, USUAL, &["balance"]);
        session.wait_for("Which wallet?");
        session.keys(way_out);
        assert_eq!(session.exit_code(), 3, "{}", session.screen());
        session.left_well();
    }
    // A command that seals itself is sealed after the choice as before it.
    let mut session = Session::start(&stage, USUAL, &["backup", "words"]);
    session.wait_for("Which wallet?");
    session.keys(DOWN).keys("\r").wait_for("Password of second");
    session.password().wait_for("Press Enter");
    assert!(session.screen().contains("legal") && session.screen().contains("yellow"), "{}", session.screen());
    session.line("");
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    session.left_well();
    assert_eq!(stage.run(&["balance", "--json"]).error_code(), "desk.which_wallet");
    let answer = stage.run(&["balance"]);
    assert!(answer.stderr.contains("main, second") && answer.stderr.contains("--wallet"), "{answer:?}");
}

#[test]
fn a_transaction_and_coins_are_chosen_from_a_list() {
    let stage = Stage::with_coins(&[50_000_000, 20_000_000]);
    let id = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "2"])["id"].as_str().unwrap().to_owned();
    let mut session = Session::start(&stage, USUAL, &["tx"]);
    session.wait_for("Which transaction?");
    session.keys(&id[..8]).keys("\r").wait_for("Status");
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    assert!(session.transcript().contains("Rules"), "{}", session.screen());
    session.left_well();
    // What can be bumped is what waits.
    let mut session = Session::start(&stage, USUAL, &["bump", "--fee-rate", "9", "-o", "more.draft"]);
    session.wait_for("Which transaction?").wait_for("unconfirmed");
    assert!(!session.screen().contains("block 1"), "{}", session.screen());
    session.keys("\r");
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    session.left_well();
    let mut session = Session::start(&stage, USUAL, &["coins", "--freeze"]);
    session.wait_for("Which coins?");
    session.keys(" ").keys("\r");
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    session.left_well();
    let coins = stage.json(&["coins"])["coins"].as_array().unwrap().clone();
    assert_eq!(coins.iter().filter(|coin| coin["frozen"] == true).count(), 1, "{coins:?}");

    for words in [&["tx"][..], &["track"], &["bump"], &["cancel"], &["coins", "--freeze"]] {
        let answer = stage.run(&[words, &["--json"]].concat());
        assert_eq!((answer.code, answer.error_code().as_str()), (2, "desk.no_terminal"), "{words:?}: {answer:?}");
    }
}

#[test]
fn a_test_network_and_an_explorer_are_chosen_from_a_list() {
    let stage = Stage::with_wallet();
    let bare = |arguments: &[&str]| {
        let mut command = program();
        command.arg("--home").arg(stage.path("home")).args(arguments);
        command
    };
    for size in [USUAL, SMALL] {
        let mut session = Session::of(&stage, size, &bare(&["token", "list"]));
        session.wait_for("Which network?");
        session.keys("hoodi").keys("\r");
        assert_eq!(session.exit_code(), 0, "{}", session.screen());
        assert!(session.transcript().contains("No token is known on Hoodi"), "{}", session.screen());
        session.left_well();
    }
    let answer = finish(bare(&["token", "list", "--json"]));
    assert_eq!((answer.code, answer.error_code().as_str()), (2, "desk.which_network"), "{answer:?}");

    for url in ["https://one.example", "https://two.example"] {
        finish(bare(&["explorers", "add", url, "--network", "regtest"])).expect_code(0);
    }
    let remove = ["explorers", "remove", "--network", "regtest"];
    let mut session = Session::of(&stage, USUAL, &bare(&remove));
    session.wait_for("Which explorer?").wait_for("two.example");
    session.keys("\u{1b}[A").keys("\r");
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    assert!(session.transcript().contains("Removed https://two.example"), "{}", session.screen());
    session.left_well();
    let answer = finish(bare(&[&remove[..], &["--json"]].concat()));
    assert_eq!(answer.error_code(), "desk.no_terminal", "{answer:?}");
}

#[test]
fn a_payment_without_words_is_asked_for_and_agreed_to_like_any_other() {
    let stage = Stage::with_coins(&[50_000_000]);
    let mut session = Session::start(&stage, USUAL, &["plan", "--fee-rate", "2"]);
    session.wait_for("Whom do you pay? (an address");
    session.line("bcrt1qnothing").wait_for("is not a Bitcoin address");
    session.control('u').line(&Stage::shop()).wait_for("How much?");
    session.line("0.1").wait_for("unit");
    session.control('u').line("0.1btc").wait_for("The same as: fastness plan");
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    session.left_well();

    stage.json(&["contacts", "add", "shop", &Stage::shop()]);
    let mut session = Session::start(&stage, USUAL, &["send", "--fee-rate", "2"]);
    session.wait_for("Whom do you pay?").wait_for("@shop");
    session.keys("\r").wait_for("How much?");
    session.line("0.1btc").wait_for("to agree");
    assert!(session.transcript().contains("@shop (contact)"), "{}", session.screen());
    session.line("no");
    assert_eq!(session.exit_code(), 3, "{}", session.screen());
    session.left_well();
    for command in ["send", "plan"] {
        let answer = stage.run(&[command, "--json"]);
        assert_eq!((answer.code, answer.error_code().as_str()), (2, "desk.usage"), "{answer:?}");
    }
}
