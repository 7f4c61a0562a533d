//! The list of explorers is shown, tested and changed; the person's own words in config.toml stay.

use crate::harness::{Answer, Stage, finish, program};

/// The program on a network of choice, with the explorers of the configuration.
fn run(stage: &Stage, network: &str, arguments: &[&str]) -> Answer {
    let mut command = program();
    command.arg("--home").arg(stage.path("home")).args(["--network", network]).args(arguments);
    finish(command)
}

fn explorers(answer: &Answer) -> Vec<String> {
    answer.expect_code(0);
    let document: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    let list = document["data"]["explorers"].as_array().unwrap();
    list.iter().map(|row| row.as_str().or_else(|| row["url"].as_str()).unwrap().to_owned()).collect()
}

fn config(stage: &Stage) -> String {
    std::fs::read_to_string(stage.path("home/config.toml")).unwrap()
}

#[test]
fn one_is_added_first_alone_and_removed_again() {
    let stage = Stage::with_wallet();
    let shipped = explorers(&run(&stage, "bitcoin", &["explorers", "--json"]));
    let own = "http://127.0.0.1:3002";
    let first = explorers(&run(&stage, "bitcoin", &["explorers", "add", own, "--first", "--json"]));
    assert_eq!(first, [vec![own.to_owned()], shipped.clone()].concat(), "what was in use stays in use");
    assert_eq!(explorers(&run(&stage, "bitcoin", &["explorers", "list", "--json"])), first);
    let last = "https://explorer.example/api";
    let more = explorers(&run(&stage, "bitcoin", &["explorers", "add", last, "--json"]));
    assert_eq!(more.last().map(String::as_str), Some(last));
    let only = explorers(&run(&stage, "bitcoin", &["explorers", "add", own, "--only", "--json"]));
    assert_eq!(only, [own]);
    let refused = run(&stage, "bitcoin", &["explorers", "remove", own, "--json"]);
    assert_eq!((refused.code, refused.error_code().as_str()), (1, "config.last_explorer"));
    assert_eq!(explorers(&run(&stage, "bitcoin", &["explorers", "remove", own, "--json", "--yes"])), shipped);
    assert_eq!(explorers(&run(&stage, "signet", &["explorers", "--json"])).len(), 2, "other networks are left alone");
}

#[test]
fn the_persons_own_words_stay_in_the_file() {
    let stage = Stage::with_wallet();
    let text =
        "# of my own hand\ngap = 30   # wide\n\n[explorers]\n# mine\nbitcoin = [\n  \"https://a.example\", # one\n]\n";
    std::fs::write(stage.path("home/config.toml"), text).unwrap();
    run(&stage, "bitcoin", &["explorers", "add", "https://b.example"]).expect_code(0);
    let wanted = text.replace("# one\n", "# one\n  \"https://b.example\",\n");
    assert_eq!(config(&stage), wanted);
    run(&stage, "bitcoin", &["explorers", "remove", "https://b.example/"]).expect_code(0);
    assert_eq!(config(&stage), text, "there and back again");
}

#[test]
fn addresses_that_break_a_rule_are_refused_and_the_file_is_untouched() {
    let stage = Stage::with_wallet();
    std::fs::write(stage.path("home/config.toml"), "[explorers]\nbitcoin = [\"https://a.example\"]\n").unwrap();
    let before = config(&stage);
    for (url, code) in [
        ("http://explorer.example", "config.bad_explorer"),
        ("https://me:hunter2@explorer.example", "config.bad_explorer"),
        ("https://explorer.example/?key=1", "config.bad_explorer"),
        ("ftp://explorer.example", "config.bad_explorer"),
        ("nonsense", "config.bad_explorer"),
        ("https://A.example/", "config.explorer_named_already"),
    ] {
        let answer = run(&stage, "bitcoin", &["explorers", "add", url, "--json"]);
        assert_eq!((answer.code, answer.error_code().as_str()), (2, code), "{url}");
        assert!(!answer.stdout.contains("hunter2"), "{answer:?}");
    }
    let unknown = run(&stage, "bitcoin", &["explorers", "remove", "https://b.example", "--json"]);
    assert_eq!((unknown.code, unknown.error_code().as_str()), (2, "config.explorer_not_named"));
    let both = run(&stage, "bitcoin", &["explorers", "add", "https://b.example", "--explorer", "https://c.example"]);
    both.expect_code(2);
    assert_eq!(config(&stage), before);
    for number in 1..16 {
        run(&stage, "bitcoin", &["explorers", "add", &format!("https://n{number}.example")]).expect_code(0);
    }
    let full = run(&stage, "bitcoin", &["explorers", "add", "https://n16.example", "--json"]);
    assert_eq!((full.code, full.error_code().as_str()), (2, "config.too_many_explorers"));
}

#[test]
fn a_file_with_a_slip_is_named_and_not_changed() {
    let stage = Stage::with_wallet();
    std::fs::write(stage.path("home/config.toml"), "walet = \"x\"\n").unwrap();
    let answer = run(&stage, "bitcoin", &["explorers", "add", "https://a.example", "--json"]);
    assert_eq!((answer.code, answer.error_code().as_str()), (2, "config.not_understood"));
    assert_eq!(config(&stage), "walet = \"x\"\n");
}

#[test]
fn a_test_says_height_and_time_or_what_is_wrong() {
    let stage = Stage::with_wallet();
    stage.mine(3);
    let height = stage.server.chain().lock().unwrap().tip().0;
    let here = stage.server.url();
    let nobody = ["--explorer", "http://127.0.0.1:9", "--explorer", "https://explorer.invalid"];
    let words = [&["explorers", "test", "--explorer", &here][..], &nobody].concat();
    let tested = stage.json(&words);
    let rows = tested["explorers"].as_array().unwrap();
    assert_eq!(rows[0]["height"], height, "{tested:#}");
    assert!(rows[0]["latency_ms"].as_u64().is_some() && rows[0]["problem"].is_null(), "{tested}");
    for row in &rows[1..] {
        assert!(row["problem"].as_str().unwrap().contains("unreachable") && row["height"].is_null(), "{row}");
    }
    let page = stage.run(&["explorers", "--test"]).stdout;
    assert!(page.contains(&format!("height {height}, the right chain")) && page.contains(" ms"), "{page}");
    let wrong = run(&stage, "signet", &["explorers", "test", "--json", "--explorer", &stage.server.url()]);
    assert!(wrong.stdout.contains("does not serve signet"), "{wrong:?}");
    let asked = stage.json(&["privacy", "report"]);
    assert_eq!(asked["hosts"], serde_json::json!([]), "nothing was told that names an address");
}

#[test]
fn how_each_behaved_is_kept_from_run_to_run() {
    let stage = Stage::with_wallet();
    assert!(stage.run(&["explorers", "stats"]).stdout.contains("No explorer was asked"));
    stage.json(&["sync"]);
    let host = stage.server.url().trim_start_matches("http://").to_owned();
    let row = |stage: &Stage| stage.json(&["explorers", "stats"])["hosts"][0].clone();
    let first = row(&stage);
    assert_eq!((&first["host"], &first["failed"], &first["state"]), (&host.into(), &0.into(), &"asked".into()));
    let height = stage.server.chain().lock().unwrap().tip().0;
    assert_eq!(first["tip"], height, "{first}");
    stage.server.faults().plan(fastness::practice::server::Fault::Status(500), 1_000);
    stage.run(&["sync"]).expect_code(4);
    stage.server.faults().clear();
    let second = row(&stage);
    assert!(second["asked"].as_u64() > first["asked"].as_u64() && second["failed"].as_u64() > Some(0), "{second}");
}

#[test]
fn a_test_that_nobody_answers_is_a_failure() {
    let stage = Stage::new();
    let tested = stage.run(&["explorers", "test", "--json"]);
    tested.expect_code(0);
    let nobody = run(&stage, "regtest", &["--explorer", "http://127.0.0.1:9", "explorers", "test"]);
    nobody.expect_code(4);
    assert!(nobody.stdout.contains("None of them answers"), "{nobody:?}");
}

#[test]
fn how_a_host_behaved_can_be_forgotten() {
    let stage = Stage::with_wallet();
    stage.run(&["sync"]).expect_code(0);
    let host = stage.json(&["explorers", "stats"])["hosts"][0]["host"].as_str().unwrap().to_owned();
    stage.run(&["explorers", "forget", "nobody.example"]).expect_code(2);
    stage.run(&["explorers", "forget", &host]).expect_code(0);
    assert_eq!(stage.json(&["explorers", "stats"])["hosts"], serde_json::json!([]));
    stage.run(&["sync"]).expect_code(0);
    assert_eq!(stage.json(&["explorers", "stats"])["hosts"][0]["state"], "asked");
}

#[test]
fn a_key_in_an_address_is_not_shown() {
    let stage = Stage::with_wallet();
    let url = "https://node.example/v3/0123456789abcdef0123456789abcdef/x";
    let shown = "https://node.example/v3/...cdef/x";
    let added = run(&stage, "ethereum", &["explorers", "add", url]);
    assert!(added.stdout.contains(shown) && !added.stdout.contains("0123456789"), "{added:?}");
    assert!(config(&stage).contains(url), "the file has it whole");
    for words in [&["explorers", "--json"][..], &["explorers"]] {
        let listed = run(&stage, "ethereum", words);
        assert!(listed.stdout.contains(shown) && !listed.stdout.contains("0123456789"), "{listed:?}");
    }
    run(&stage, "ethereum", &["explorers", "remove", shown]).expect_code(0);
    assert!(!config(&stage).contains("node.example"));
}

#[test]
fn who_is_only_sent_to_is_not_called_broken() {
    let stage = Stage::new();
    let only = "blockcypher+http://127.0.0.1:9";
    let words = ["--explorer", only, "--explorer", &stage.server.url(), "explorers", "test"];
    let tested = run(&stage, "regtest", &words);
    tested.expect_code(0);
    assert!(tested.stdout.contains("for sending only"), "{tested:?}");
}
