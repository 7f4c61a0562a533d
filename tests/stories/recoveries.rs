//! A phrase that is partly known, found again: words that are missing, wrong or exchanged, and a passphrase that is forgotten.

use std::time::Duration;

use serde_json::Value;

use crate::harness::{
    Answer, Stage, WORDS, finish, program,
    terminal::{Session, USUAL},
};

/// Fingerprint of the words that all stories use.
const FINGERPRINT: &str = "--fingerprint=24581326";

fn kept(stage: &Stage, name: &str, content: &str) -> String {
    let path = stage.path(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    path.display().to_string()
}

fn recover(stage: &Stage, words: &str, more: &[&str]) -> Answer {
    let from = format!("--from={}", kept(stage, "partly", words));
    stage.run(&[&["recover", "words", &from, "--words-to-stdout", "--json"][..], more].concat())
}

#[track_caller]
fn found(answer: &Answer) -> Value {
    answer.expect_code(0);
    let data = serde_json::from_str::<Value>(&answer.stdout).unwrap()["data"].clone();
    let words: Vec<_> = data["words"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(words.join(" "), WORDS);
    data
}

/// Unknown places of wrong or missing words take a search that is too long without optimisation; the library's tests have them.
#[test]
fn marked_exchanged_and_shuffled_words_are_found_again() {
    let stage = Stage::with_wallet();
    let words: Vec<&str> = WORDS.split(' ').collect();
    let with = |place: usize, word: &str| {
        let mut changed = words.clone();
        changed[place] = word;
        changed.join(" ")
    };
    let mut swapped = words.clone();
    swapped.swap(4, 5);
    let mut shuffled = words.clone();
    shuffled[2..5].rotate_left(1);
    for (typed, more) in [
        (with(3, "?"), &[][..]),
        (with(3, &format!("{}?", &words[3][..1])), &[]),
        (swapped.join(" "), &["--mistake=swapped"]),
        (shuffled.join(" "), &["--mistake=order", "--places=3,4,5"]),
    ] {
        let told = found(&recover(&stage, &typed, &[more, &[FINGERPRINT]].concat()));
        assert_eq!(told["has_passphrase"], false, "{told}");
    }
}

#[test]
fn an_address_or_a_key_is_as_good_as_a_fingerprint() {
    let stage = Stage::with_wallet();
    let address = stage.json(&["receive", "--new"])["address"].as_str().unwrap().to_owned();
    let partly = WORDS.replacen(WORDS.split(' ').nth(1).unwrap(), "?", 1);
    let told = found(&recover(&stage, &partly, &["--address", &address]));
    assert!(told["path"].as_str().unwrap().starts_with("84'/1'/0'/0/"), "{told}");
    let descriptor = stage.json(&["show"])["accounts"][0]["descriptor"].as_str().unwrap().to_owned();
    let key: String =
        descriptor.chars().skip_while(|letter| *letter != ']').skip(1).take_while(|letter| *letter != '/').collect();
    found(&recover(&stage, &partly, &["--xpub", &key]));
    let ethereum = stage.json(&["show"])["ethereum"][0]["address"].as_str().unwrap().to_owned();
    let told = found(&recover(&stage, &partly, &["--address", &ethereum]));
    assert_eq!(told["path"], "44'/60'/0'/0/0", "{told}");
}

#[test]
fn a_forgotten_passphrase_is_found_in_a_list_and_by_a_pattern() {
    let stage = Stage::new();
    let file = kept(&stage, "words", WORDS);
    let secret = kept(&stage, "secret", "blue42\n");
    let descriptor = std::fs::File::open(&secret).unwrap();
    let mut restore =
        stage.command(&["restore", "--words-file", &file, &stage.password(), "--yes", "--json", "--passphrase-fd=0"]);
    restore.stdin(descriptor);
    let made: Value = serde_json::from_slice(&restore.output().unwrap().stdout).unwrap();
    let fingerprint = format!("--fingerprint={}", made["data"]["fingerprint"].as_str().unwrap());
    let list = format!("--passphrases-file={}", kept(&stage, "list", "red42\n\nblue41\nblue42\n"));
    let pattern = format!("--passphrase-pattern-file={}", kept(&stage, "pattern", "blue?d?d\n"));
    for way in [list, pattern] {
        let told = found(&recover(&stage, WORDS, &[&fingerprint, &way]));
        assert_eq!((&told["has_passphrase"], &told["passphrase"]), (&true.into(), &"blue42".into()), "{told}");
    }
}

#[test]
fn what_cannot_be_found_says_why() {
    let stage = Stage::new();
    let partly = WORDS.replacen(WORDS.split(' ').next().unwrap(), "?", 1);
    for (words, more, code) in [
        (partly.as_str(), &["--fingerprint=00000000"][..], "wallet.not_recovered"),
        (partly.as_str(), &[], "desk.usage"),
        (WORDS, &[FINGERPRINT], "recover.nothing_unknown"),
        ("? ? ? ? ? ? ? ? ? ? ? ?", &[FINGERPRINT], "recover.too_many"),
        (partly.as_str(), &[FINGERPRINT, "--start=99999999"], "recover.start"),
        (partly.as_str(), &["--address=bcrt1qnothing"], "address.not_an_address"),
        ("legal winner", &[FINGERPRINT], "phrase.word_count"),
    ] {
        let answer = recover(&stage, words, more);
        assert_eq!(answer.error_code(), code, "{words} {more:?}: {answer:?}");
    }
    let mut pipe = program();
    pipe.args(["recover", "words", FINGERPRINT, "--from=/dev/null", "--json"]);
    assert_eq!(finish(pipe).error_code(), "desk.words_to_pipe");
}

#[test]
fn a_search_is_stopped_says_where_to_go_on_and_shows_what_it_found_on_the_alternate_screen_only() {
    let stage = Stage::new();
    let words: Vec<&str> = WORDS.split(' ').collect();
    let two = format!("? ? {}", words[2..].join(" "));
    let from = format!("--from={}", kept(&stage, "two", &two));
    let session = Session::start(&stage, USUAL, &["recover", "words", &from, "--fingerprint=00000000"]);
    session.wait_for("candidates,").wait_for("Searching");
    std::thread::sleep(Duration::from_millis(500));
    let mut session = session;
    session.control('c');
    assert_eq!(session.exit_code(), 3, "{}", session.screen());
    assert!(
        session.screen().contains("wallet.search_stopped") && session.screen().contains("--start"),
        "{}",
        session.screen()
    );
    session.left_well();

    let mut session = Session::start(&stage, USUAL, &["recover", "words", FINGERPRINT]);
    session.wait_for("   1 ");
    session.line("?").line(&words[1..].join(" ")).line("").wait_for("Press Enter");
    assert!(session.is_alternate() && session.screen().contains(words[0]), "{}", session.screen());
    session.line("");
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    assert!(!session.screen().contains(words[0]) && session.screen().contains("was found"), "{}", session.screen());
    session.left_well();
}
