//! Child seeds (BIP-85): published children of a known wallet, a book of indexes that counts on, and secrets that are on the
//! alternate screen or, on request, in the result.

use std::process::Command;

use serde_json::Value;

use crate::{
    harness::{
        Answer, PASSWORD, Stage, finish, program,
        terminal::{SMALL, Session, USUAL},
    },
    terminal::words::{leafed, only_on_the_alternate_screen, words_of},
};

/// The words of the wallet whose children BIP-85 prints (ethankosakovsky/bip85, its tests).
const OF_THE_BIP: &str = "install scatter logic circle pencil average fall shoe quantum disease suspect usage";
/// The first children of twelve English words of the stories' wallet, computed with a second implementation in Python.
const CHILDREN: [&str; 3] = [
    "snow property rail patch mind detail history blur program wise drift embark",
    "news diagram rose hair polar tell expose stand adapt nerve advance grape",
    "chunk bounce daring target museum slot neutral feature produce awesome suggest act",
];
const TWELVE: [&str; 3] = ["child", "words", "--count=12"];

fn child(stage: &Stage, arguments: &[&str]) -> Answer {
    stage.run(&[&["child"], arguments, &["--secret-to-stdout", &stage.password()]].concat())
}

/// The document of a child.
#[track_caller]
fn told(stage: &Stage, arguments: &[&str]) -> Value {
    let answer = child(stage, &[arguments, &["--json"]].concat());
    answer.expect_code(0);
    serde_json::from_str(&answer.stdout).unwrap()
}

#[track_caller]
fn secret(data: &Value) -> String {
    match data["words"].as_array() {
        Some(words) => words.iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" "),
        None => data["secret"].as_str().unwrap_or_else(|| panic!("{data}")).to_owned(),
    }
}

fn codes(document: &Value) -> Vec<&str> {
    document["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

/// The program on the home of a stage, for another network than that of the stories.
fn on(stage: &Stage, network: &str, arguments: &[&str]) -> Answer {
    let mut command = program();
    command.current_dir(stage.home.path()).arg("--home").arg(stage.path("home")).args(["--network", network]);
    command.args(arguments);
    finish(command)
}

/// The vectors of BIP-85 (version 3.0.0) for every application that there is here.
#[test]
fn the_published_wallet_has_the_published_children() {
    let stage = Stage::new();
    std::fs::write(stage.path("words"), OF_THE_BIP).unwrap();
    on(&stage, "bitcoin", &["restore", "--words-file=words", "--yes", &stage.password()]).expect_code(0);
    for (asked, path, expected) in [
        (
            &["words", "--count=12"][..],
            "39'/0'/12'/0'",
            "girl mad pet galaxy egg matter matrix prison refuse sense ordinary nose",
        ),
        (
            &["words", "--count=18"],
            "39'/0'/18'/0'",
            "near account window bike charge season chef number sketch tomorrow excuse sniff circle vital hockey \
             outdoor supply token",
        ),
        (
            &["words"],
            "39'/0'/24'/0'",
            "puppy ocean match cereal symbol another shed magic wrap hammer bulb intact gadget divorce twin tonight \
             reason outdoor destroy simple truth cigar social volcano",
        ),
        (&["wif"], "2'/0'", "Kzyv4uF39d4Jrw2W7UryTHwZr1zQVNk4dAFyqE6BuMrMh1Za7uhp"),
        (
            &["xprv"],
            "32'/0'",
            "xprv9s21ZrQH143K2srSbCSg4m4kLvPMzcWydgmKEnMmoZUurYuBuYG46c6P71UGXMzmriLzCCBvKQWBUv3vPB3m1SATMhp3uEjXHJ42jFg7myX",
        ),
        (
            &["hex", "--bytes=64"],
            "128169'/64'/0'",
            "492db4698cf3b73a5a24998aa3e9d7fa96275d85724a91e71aa2d645442f878555d078fd1f1f67e368976f04137b1f7a0d19232136ca50c\
             44614af72b5582a5c",
        ),
        (&["password", "--length=21"], "707764'/21'/0'", "dKLoepugzdVJvdL56ogNV"),
        (&["password", "--encoding=base85", "--length=12"], "707785'/12'/0'", "_s`{TW89)i4`"),
    ] {
        let password = stage.password();
        let arguments = [&["child"], asked, &["--secret-to-stdout", "--json", &password]].concat();
        let answer = on(&stage, "bitcoin", &arguments);
        answer.expect_code(0);
        let document: Value = serde_json::from_str(&answer.stdout).unwrap();
        assert_eq!(secret(&document["data"]), expected, "{asked:?}");
        assert_eq!(document["data"]["path"], format!("m/83696968'/{path}"));
        assert_eq!(codes(&document), ["secret_in_output"]);
    }
}

#[test]
fn indexes_count_on_and_the_list_knows_them_without_a_password() {
    let stage = Stage::with_wallet();
    assert!(stage.run(&["child", "list"]).expect_code(0).stdout.contains("No child of main was made here yet"));
    for (index, expected) in CHILDREN.iter().enumerate() {
        let data = told(&stage, &["words", "--count=12"])["data"].clone();
        assert_eq!((secret(&data).as_str(), data["index"].as_u64()), (*expected, Some(index as u64)));
        assert_eq!(
            (&data["application"], &data["word_count"], &data["language"]),
            (&"words".into(), &12.into(), &"english".into())
        );
        assert_eq!(
            (&data["wallet"], &data["passphrase"], &data["made_before"]),
            (&"main".into(), &"none".into(), &Value::Null)
        );
    }
    // Of another number of words, or of another language, the first child is the first.
    assert_eq!(told(&stage, &["words", "--note", "tablet"])["data"]["index"], 0);
    let spanish = told(&stage, &["words", "--count=12", "--language=spanish"])["data"].clone();
    assert_eq!((&spanish["path"], &spanish["language"]), (&"m/83696968'/39'/3'/12'/0'".into(), &"spanish".into()));
    assert_eq!(told(&stage, &["hex", "--index=9"])["data"]["path"], "m/83696968'/128169'/32'/9'");
    assert_eq!(told(&stage, &["hex"])["data"]["index"], 10);

    let list = stage.json(&["child", "list"]);
    assert_eq!(list["wallet"], "main");
    let paths: Vec<&str> =
        list["children"].as_array().unwrap().iter().map(|child| child["path"].as_str().unwrap()).collect();
    for path in
        ["39'/0'/12'/0'", "39'/0'/12'/2'", "39'/0'/24'/0'", "39'/3'/12'/0'", "128169'/32'/9'", "128169'/32'/10'"]
    {
        assert!(paths.contains(&format!("m/83696968'/{path}").as_str()), "{path} of {paths:?}");
    }
    assert_eq!(paths.len(), 7);
    assert_eq!(stage.json(&["child"]), list);
    let page = stage.run(&["child", "list"]).stdout;
    assert!(page.contains("12 english words") && page.contains("tablet") && page.contains("32 bytes of hex"), "{page}");
}

#[test]
fn the_same_child_again_is_the_same_secret_and_said_to_be() {
    let stage = Stage::with_wallet();
    let first = told(&stage, &["words", "--count=12", "--note", "the \u{1b}[31mphone"]);
    assert_eq!(first["data"]["note"], "the \\u{1b}[31mphone");
    assert!(!codes(&first).contains(&"child_made_before"));
    let again = told(&stage, &["words", "--count=12", "--index=0"]);
    assert_eq!(secret(&again["data"]), secret(&first["data"]));
    assert_eq!(codes(&again), ["secret_in_output", "child_made_before"]);
    assert_eq!(again["data"]["made_before"]["note"], "the \\u{1b}[31mphone");
    assert!(again["data"]["made_before"]["made"].as_u64().unwrap() > 1_700_000_000);
    assert!(again.to_string().contains("Made before, on 20"), "{again}");
    told(&stage, &["words", "--count=12", "--index=0", "--note", "lost"]);
    let list = stage.json(&["child", "list"]);
    assert_eq!((list["children"].as_array().unwrap().len(), &list["children"][0]["note"]), (1, &"lost".into()));
}

#[test]
fn a_pipe_gets_the_secret_alone_and_the_person_is_told_the_rest() {
    let stage = Stage::with_wallet();
    let words = child(&stage, &["words", "--count=12"]);
    words.expect_code(0);
    assert_eq!(words.stdout, format!("{}\n", CHILDREN[0]));
    for said in [
        "Index: 0 (the next free one)",
        "m/83696968'/39'/0'/12'/0'",
        "Fingerprint: ",
        "The words of main alone make it again",
        "Who has it does not have main",
        "warning[secret_in_output]",
    ] {
        assert!(words.stderr.contains(said), "{said}: {}", words.stderr);
    }
    let hex = child(&stage, &["hex", "--bytes=32"]);
    assert_eq!(hex.stdout, "b00a5f59088e1407da6476a5a804d1ed20e34fc32ecdb37317d77594983d65d9\n");
    assert!(!hex.stderr.contains("Fingerprint"), "{}", hex.stderr);
    assert_eq!(child(&stage, &["password"]).stdout, "iwMclwgdMINgaudQnYFHIDck\n");
    assert_eq!(child(&stage, &["password", "--encoding=base85"]).stdout, "egz@#k2F8zIpH-~O1_SO)(%M\n");
}

#[test]
fn nothing_of_a_child_is_kept_but_its_place() {
    let stage = Stage::with_wallet();
    let words = secret(&told(&stage, &["words", "--count=12"])["data"]);
    let key = secret(&told(&stage, &["xprv", "--note", "core"])["data"]);
    let mut files = vec![stage.path("home"), stage.path("home/wallets")];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()),
            );
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains(&key) && !text.contains(&key[20..60]), "{}", path.display());
        assert!(words.split(' ').filter(|word| text.contains(*word)).count() < 4, "{}", path.display());
        read += 1;
    }
    assert!(read >= 2, "{read} files");
}

#[test]
fn a_child_is_a_wallet_with_the_fingerprint_that_was_told() {
    let stage = Stage::with_wallet();
    let data = told(&stage, &["words", "--count=15"])["data"].clone();
    stage.restore("child", &secret(&data));
    let wallets = stage.json(&["wallets"]);
    let restored = wallets["wallets"].as_array().unwrap().iter().find(|wallet| wallet["name"] == "child").unwrap();
    assert_eq!((&restored["fingerprint"], data["fingerprint"].is_string()), (&data["fingerprint"], true));
    assert!(stage.run(&["child", "list", "--wallet=child"]).stdout.contains("No child of child"), "its own children");
}

#[test]
fn keys_of_a_test_wallet_are_for_test_networks() {
    let stage = Stage::with_wallet();
    let (wif, xprv) = (secret(&told(&stage, &["wif"])["data"]), secret(&told(&stage, &["xprv"])["data"]));
    assert_eq!(bitcoin::PrivateKey::from_wif(&wif).unwrap().network, bitcoin::NetworkKind::Test);
    assert_eq!(xprv.parse::<bitcoin::bip32::Xpriv>().unwrap().network, bitcoin::NetworkKind::Test);
    for answer in [
        on(&stage, "bitcoin", &["child", "wif", "--secret-to-stdout", "--json", &stage.password()]),
        on(&stage, "ethereum", &["child", "words", "--secret-to-stdout", "--json", &stage.password()]),
    ] {
        assert_eq!((answer.code, answer.error_code().as_str()), (1, "account.wrong_network"), "{answer:?}");
    }
}

#[test]
fn what_is_refused_takes_no_index() {
    let stage = Stage::with_wallet();
    std::fs::write(stage.path("wrong"), "wrong\n").unwrap();
    let wrong = stage.run(&["child", "words", "--secret-to-stdout", "--password-file=wrong", "--json"]);
    assert_eq!((wrong.code, wrong.error_code().as_str()), (6, "keystore.wrong_password"), "{wrong:?}");
    for (arguments, code) in [
        (&["words", "--index=2147483648"][..], "keystore.child_seed"),
        (&["words", "--index=4294967296"], "desk.usage"),
        (&["words", "--count=13"], "desk.usage"),
        (&["hex", "--bytes=15"], "keystore.child_seed"),
        (&["hex", "--bytes=65"], "keystore.child_seed"),
        (&["password", "--length=19"], "keystore.child_seed"),
        (&["password", "--length=81", "--encoding=base85"], "keystore.child_seed"),
        (&["hex", "--note", &"x".repeat(256)], "desk.usage"),
    ] {
        let answer = child(&stage, &[arguments, &["--json"]].concat());
        assert_eq!((answer.code, answer.error_code().as_str()), (2, code), "{arguments:?}");
    }
    let unseen = stage.run(&["child", "words", &stage.password(), "--json"]);
    assert_eq!((unseen.code, unseen.error_code().as_str()), (1, "desk.secret_to_pipe"), "{unseen:?}");
    assert_eq!(stage.json(&["child", "list"])["children"].as_array().unwrap().len(), 0);
    told(&stage, &["wif", "--index=2147483647"]);
    let full = child(&stage, &["wif", "--json"]);
    assert_eq!((full.code, full.error_code().as_str()), (1, "ledger.no_child_index"), "{full:?}");
}

#[test]
fn a_watch_only_wallet_has_no_children() {
    let stage = Stage::with_wallet();
    let key = stage.json(&["account", "list"])["accounts"][0]["xpub"].as_str().unwrap().to_owned();
    stage.json(&["account", "add", "--wallet=watched", "--xpub", &key]);
    for arguments in [&["list"][..], &["words", "--secret-to-stdout"]] {
        let answer = stage.run(&[&["child"], arguments, &["--wallet=watched", "--json", &stage.password()]].concat());
        assert_eq!(answer.error_code(), "desk.watch_only", "{arguments:?}");
    }
}

#[test]
fn a_wallet_with_a_passphrase_needs_it_for_its_children_and_that_is_said() {
    let stage = Stage::new();
    std::fs::write(stage.path("words"), crate::harness::WORDS).unwrap();
    std::fs::write(stage.path("passphrase"), "edge\n").unwrap();
    let run = |arguments: &[&str]| {
        let command = stage.command(&[arguments, &[&stage.password(), "--passphrase-fd=7"]].concat());
        let mut shell = Command::new("bash");
        shell.env_clear().args(["-c", "exec 7<passphrase; exec \"$@\"", "bash"]).current_dir(stage.home.path());
        shell.arg(command.get_program()).args(command.get_args()).stdin(std::process::Stdio::null());
        finish({
            shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            shell
        })
    };
    run(&["restore", "--words-file=words", "--yes", "--passphrase"]).expect_code(0);
    let words = run(&["child", "words", "--count=12", "--secret-to-stdout"]);
    words.expect_code(0);
    assert!(words.stderr.contains("The words of main and its passphrase make it again"), "{}", words.stderr);
    assert_ne!(words.stdout.trim(), CHILDREN[0]);
}

#[test]
fn words_of_a_child_are_on_the_alternate_screen_only() {
    let stage = Stage::with_wallet();
    for (index, size) in [USUAL, SMALL].into_iter().enumerate() {
        let mut session = Session::start(&stage, size, &[&TWELVE[..], &["--note", "phone"]].concat());
        session.password().wait_for("Press Enter");
        let screens = leafed(&mut session);
        let expected: Vec<String> = CHILDREN[index].split(' ').map(str::to_owned).collect();
        let seen: Vec<String> = screens.iter().flat_map(|screen| words_of(screen)).collect();
        assert_eq!(seen, expected, "{size:?}");
        let flat: String = screens.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        for said in [
            &format!("Index: {index} (the next free one)"),
            &format!("m/83696968'/39'/0'/12'/{index}'"),
            "Fingerprint: ",
            "The words of main alone make it again",
            "Who has it does not have main",
        ] {
            assert!(flat.contains(said), "{said}: {flat}");
        }
        assert_eq!(session.exit_code(), 0, "{}", session.screen());
        assert!(session.transcript().contains(&format!("Child {index} of main was shown, and is gone.")));
        session.left_well();
        only_on_the_alternate_screen(&session, &expected);
        assert!(!session.transcript().contains(PASSWORD));
    }
}

#[test]
fn a_key_is_on_the_alternate_screen_only_and_a_second_time_said_to_be_the_same() {
    let stage = Stage::with_wallet();
    for size in [USUAL, SMALL] {
        let mut session = Session::start(&stage, size, &["child", "xprv", "--index=0"]);
        session.password().wait_for("Press Enter");
        let text: String = leafed(&mut session).concat().split_whitespace().collect();
        let start = text.find("tprv").unwrap_or_else(|| panic!("no key: {text}"));
        let key = text[start..start + 111].to_owned();
        assert!(key.parse::<bitcoin::bip32::Xpriv>().is_ok(), "{key}");
        assert_eq!(text.contains("Madebefore,on"), size.rows == SMALL.rows, "{text}");
        assert_eq!(session.exit_code(), 0, "{}", session.screen());
        session.left_well();
        only_on_the_alternate_screen(&session, &[key]);
    }
}

#[test]
fn a_wrong_password_shows_and_notes_nothing() {
    let stage = Stage::with_wallet();
    let mut session = Session::start(&stage, USUAL, &TWELVE);
    session.hidden("wrong").wait_for("2 tries are left");
    session.hidden("wrong").wait_for("One try is left");
    session.hidden("wrong");
    assert_eq!(session.exit_code(), 6, "{}", session.screen());
    session.left_well();
    assert_eq!(stage.json(&["child", "list"])["children"].as_array().unwrap().len(), 0);
}
