//! Commands that no other story uses: a new wallet for a script, its backup, the doctor, networks, completions, pages, the tour.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::harness::{Answer, Stage, WORDS, finish, program};

fn document(answer: &Answer) -> Value {
    serde_json::from_str::<Value>(&answer.stdout).unwrap_or_else(|_| panic!("{answer:#?}"))["data"].clone()
}

fn words_file(stage: &Stage, words: &str) -> String {
    let file = stage.path("typed");
    std::fs::write(&file, words).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    format!("--words-file={}", file.display())
}

#[test]
fn a_script_makes_a_wallet_and_its_words_restore_it() {
    let stage = Stage::new();
    let password = stage.password();
    let made = stage.run(&["new", "--wallet=first", "--words=12", "--words-to-stdout", &password, "--json"]);
    made.expect_code(0);
    let data = document(&made);
    let words: Vec<&str> = data["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(words.len(), 12);
    let address = stage.json(&["receive", "--wallet=first"])["address"].clone();

    stage.restore("again", &words.join(" "));
    assert_eq!(stage.json(&["receive", "--wallet=again"])["address"], address, "the words make the same addresses");
    let other = stage.run(&["new", "--wallet=first", "--words-to-stdout", &password, "--json"]);
    assert_eq!(other.error_code(), "wallet.name_in_use");
}

#[test]
fn no_two_new_wallets_have_the_same_words() {
    let stage = Stage::new();
    let words = ["first", "second"].map(|name| {
        let name = format!("--wallet={name}");
        let made = stage.run(&["new", &name, "--words-to-stdout", &stage.password(), "--json"]);
        made.expect_code(0);
        document(&made)["words"].clone()
    });
    assert_eq!(words[0].as_array().map(Vec::len), Some(24));
    assert_ne!(words[0], words[1]);
}

#[test]
fn a_backup_is_proven_and_another_wallets_is_not() {
    let stage = Stage::with_wallet();
    let verified = stage.json(&["backup", "verify", &words_file(&stage, WORDS)]);
    assert_eq!(verified["word_count"], 12);
    let swapped = WORDS.replacen("develop pool", "pool develop", 1);
    let broken = stage.run(&["backup", "verify", &words_file(&stage, &swapped), "--json"]);
    assert_ne!(broken.code, 0);
    assert!(broken.error_code().starts_with("wallet."), "{broken:#?}");
    let other = "abandon ".repeat(11) + "about";
    let other = stage.run(&["backup", "verify", &words_file(&stage, &other), "--json"]);
    assert_ne!(other.code, 0, "{other:#?}");
    assert!(other.error_code().starts_with("wallet."), "{other:#?}");
    let shown = stage.run(&["backup", "words", "--words-to-stdout", &stage.password(), "--json"]);
    shown.expect_code(0);
    assert_eq!(document(&shown)["words"].as_array().unwrap().len(), 12);
}

#[test]
fn the_doctor_says_what_holds_here() {
    let stage = Stage::with_wallet();
    let data = stage.json(&["doctor"]).to_string();
    for part in ["network", "programs", "core dumps"] {
        assert!(data.contains(part), "{part} is not told: {data}");
    }
    let page = stage.run(&["doctor"]);
    page.expect_code(0);
    assert!(!page.stdout.is_empty());
}

#[test]
fn every_network_that_is_listed_is_one() {
    let stage = Stage::new();
    let data = stage.json(&["networks"]);
    let text = data.to_string();
    for name in ["bitcoin", "testnet4", "ethereum", "base"] {
        assert!(text.contains(&format!("\"{name}\"")), "{name} is not listed");
    }
    let mut unknown = program();
    unknown.arg("--home").arg(stage.path("home")).args(["--network", "bitcoim", "receive", "--json"]);
    finish(unknown).expect_code(2);
}

#[test]
fn completions_and_pages_name_every_command() {
    let stage = Stage::new();
    let help = stage.run(&["help"]);
    help.expect_code(0);
    for shell in ["bash", "zsh", "fish"] {
        let completions = stage.run(&["completions", shell]);
        completions.expect_code(0);
        for command in ["send", "receive", "backup", "broadcast", "message"] {
            assert!(completions.stdout.contains(command), "{shell} does not complete {command}");
            assert!(help.stdout.contains(command), "help does not name {command}");
        }
    }
    let man = stage.run(&["man"]);
    man.expect_code(0);
    assert!(man.stdout.starts_with(".ie") || man.stdout.contains(".TH"), "{}", &man.stdout[..200]);
}

#[test]
fn the_tour_makes_a_whole_payment() {
    let home = tempfile::tempdir().unwrap();
    let mut tour = program();
    tour.env("FASTNESS_HOME", home.path().join("fastness")).args(["practice", "--yes"]);
    let tour = finish(tour);
    tour.expect_code(0);
    for step in ["1 of", "Signed", "confirmed"] {
        assert!(tour.stdout.contains(step) || tour.stderr.contains(step), "no `{step}` in the tour: {tour:#?}");
    }
}

#[test]
fn a_wallets_ethereum_account_is_shown_and_is_what_comes_next_where_it_was_asked_for() {
    let stage = Stage::with_wallet();
    let shown = stage.json(&["show"]);
    assert_eq!(shown["ethereum"][0]["account"], "ethereum-0", "{shown}");
    assert!(stage.run(&["show"]).stdout.contains("ethereum-0"));
    assert_eq!(stage.json(&["wallets"])["wallets"][0]["accounts"], 2);
    let mut new = program();
    new.arg("--home").arg(stage.path("home")).args(["--network", "local", "new", "--wallet=second"]);
    new.args(["--words-to-stdout", &stage.password(), "--json"]);
    let made = document(&finish(new));
    assert_eq!(made["next"], "fastness receive --network local --wallet second");
    let mut next = program();
    next.arg("--home").arg(stage.path("home"));
    next.args(made["next"].as_str().unwrap().split(' ').skip(1)).arg("--json");
    assert_eq!(document(&finish(next))["address"], made["ethereum"]["address"]);
}

#[test]
fn a_note_that_would_be_cut_is_refused_wherever_it_is_given() {
    let stage = Stage::with_wallet();
    let long = "x".repeat(256);
    let address = stage.json(&["receive", "--label", &long[..255]])["address"].as_str().unwrap().to_owned();
    for command in [&["receive", "--label", &long, "--json"][..], &["label", &address, &long, "--json"]] {
        assert_eq!(stage.run(command).error_code(), "desk.usage", "{command:?}");
    }
}

#[test]
fn what_other_programs_read_is_one_document_where_json_is_asked_for() {
    let stage = Stage::new();
    let script = stage.run(&["completions", "bash"]).stdout;
    assert_eq!(stage.json(&["completions", "bash"])["text"], script);
    let page = stage.run(&["man", "send"]).stdout;
    assert!(page.contains("fastness\\-send") || page.contains("fastness-send"), "{page}");
    assert_eq!(stage.json(&["man", "send"])["text"], page);
}

#[test]
fn a_signature_is_verified_without_any_wallet_and_what_is_none_is_called_so() {
    let wallet = Stage::with_wallet();
    let sign = ["--network=sepolia", "message", "sign", "hello", &wallet.password()];
    let mut inspect = program();
    inspect.arg("--home").arg(wallet.path("home")).args(["--network=sepolia", "message", "inspect", "hello", "--json"]);
    let digest = document(&finish(inspect))["digest"].as_str().unwrap().to_owned();
    let mut signing = program();
    signing.arg("--home").arg(wallet.path("home")).args(sign).args(["--approve", &digest, "--json"]);
    let signed = document(&finish(signing));
    let (account, signature) = (signed["account"].as_str().unwrap(), signed["signature"].as_str().unwrap());
    let verify = |signature: &str| {
        let mut verify = program();
        verify.arg("--home").arg(wallet.path("nowhere"));
        verify.args(["message", "verify", account, signature, "hello", "--json"]);
        finish(verify)
    };
    assert_eq!(document(&verify(signature))["valid"], true);
    // As a terminal broke it over two lines.
    let broken = format!("{}\n            {}", &signature[..70], &signature[70..]);
    assert_eq!(document(&verify(&broken))["valid"], true);
    for none in ["0x1234", "hello", "", &signature[..100]] {
        let answer = verify(none);
        assert_eq!((answer.code, answer.error_code().as_str()), (2, "ethereum.signature"), "{answer:?}");
    }
}
