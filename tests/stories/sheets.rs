//! Sheets to print: a blank one needs no password and tells nothing secret; one with the words is made only for who said so, is
//! closed to others, takes no file's place, and leaves nothing behind where it is not made.
//!
//! Two of them are kept as pictures in docs/screens: `FASTNESS_PICTURES=write cargo test --test stories sheets` draws them anew.

use std::{os::unix::fs::PermissionsExt, path::Path, process::Stdio};

use serde_json::Value;

use crate::harness::{
    Answer, Stage, WORDS, finish, key_of, program,
    terminal::{Session, USUAL},
    with_key,
};

/// The master key of BIP-32's test vector 1, with the prefix of the test networks.
const TPRV: &str =
    "tprv8ZgxMBicQKsPeDgjzdC36fs6bMjGApWDNLR9erAXMs5skhMv36j9MV5ecvfavji5khqjWaWSFhN3YcCUUdiKH6isR4Pwy3U5y5egddBr16m";
const SENTENCE: &str = "write my words to the disk";
const FILLED: [&str; 3] = ["backup", "sheet", "--filled"];
const SAID: [&str; 2] = ["--yes", "--words-to-disk"];

/// Without a terminal, whoever runs the tests.
fn alone(stage: &Stage, arguments: &[&str]) -> Answer {
    let command = stage.command(arguments);
    let mut apart = std::process::Command::new("setsid");
    apart.arg("-w").arg(command.get_program()).args(command.get_args()).current_dir(stage.home.path()).env_clear();
    apart.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    finish(apart)
}

/// The files beside the home, hidden ones too.
fn files(stage: &Stage) -> Vec<String> {
    let entries = std::fs::read_dir(stage.home.path()).unwrap().map(Result::unwrap);
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.retain(|name| !["home", "password", "words"].contains(&name.as_str()));
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// The words that stand on a page as texts of their own.
fn words_on(page: &str) -> Vec<&str> {
    WORDS.split(' ').filter(|word| page.contains(&format!(">{word}</text>"))).collect()
}

#[test]
fn a_blank_sheet_needs_no_password_and_has_no_word_on_it() {
    let stage = Stage::with_wallet();
    let made = stage.json(&["backup", "sheet"]);
    assert_eq!((made["file"].as_str(), made["content"].as_str()), (Some("main-sheet.html"), Some("blank")), "{made}");
    assert_eq!((made["word_count"].as_u64(), made["seed_qr"].as_bool()), (Some(12), Some(true)));
    let page = std::fs::read_to_string(stage.path("main-sheet.html")).unwrap();
    assert_eq!(mode(&stage.path("main-sheet.html")), 0o600);
    let address = stage.json(&["account", "list"])["accounts"][0]["first_address"].as_str().unwrap().to_owned();
    let evm = stage.json(&["account", "list"])["ethereum"][0]["address"].as_str().unwrap().to_owned();
    let plain = page.replace(' ', "");
    for part in [">24581326<", &format!(">{address}<"), &format!(">{evm}<"), ">12<", "12,english"] {
        assert!(plain.contains(part), "{part}");
    }
    assert!(page.starts_with("<!DOCTYPE html>") && words_on(&page).is_empty() && !page.contains(">13</text>"));

    let svg = stage.json(&["backup", "sheet", "--blank", "-o", "sheet.svg"]);
    assert_eq!(svg["form"], "svg");
    let printed = stage.run(&["backup", "sheet", "--form", "svg", "-o", "-"]);
    printed.expect_code(0);
    assert_eq!(printed.stdout, std::fs::read_to_string(stage.path("sheet.svg")).unwrap());
    assert_eq!(stage.json(&["backup", "sheet", "--form", "svg", "-o", "-"])["page"], printed.stdout);
    assert_eq!(stage.run(&["backup", "sheet", "--json"]).error_code(), "store.exists");
    assert_eq!(std::fs::read_to_string(stage.path("main-sheet.html")).unwrap(), page);
    assert_eq!(files(&stage), ["main-sheet.html", "sheet.svg"]);
}

#[test]
fn words_go_to_a_disk_only_where_that_was_said() {
    let stage = Stage::with_wallet();
    let password = stage.password();
    for said in [&[][..], &["--yes"], &["--words-to-disk"], &["--yes", "-o", "-"], &["--fill", "sheet"]] {
        let answer = alone(&stage, &[&FILLED[..], said, &[&password, "--json"]].concat());
        assert_eq!((answer.code, answer.error_code().as_str()), (1, "desk.words_to_disk"), "{said:?}");
        assert!(words_on(&answer.stdout).is_empty() && files(&stage).is_empty(), "{said:?}");
    }
    alone(&stage, &[&["backup", "sheet"][..], &SAID, &["--json"]].concat()).expect_code(2);

    let arguments = [&FILLED[..], &SAID, &["-o", "sheet.svg", &password, "--json"]].concat();
    let answer = alone(&stage, &arguments);
    answer.expect_code(0);
    let document: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(document["data"]["file"], "sheet.svg");
    assert_eq!(document["warnings"][0]["code"], "words_on_disk");
    assert!(document["warnings"][0]["text"].as_str().unwrap().contains("shred -u sheet.svg"), "{document}");
    assert!(!WORDS.split(' ').any(|word| answer.stdout.contains(&format!("\"{word}\""))), "{document}");
    let page = std::fs::read_to_string(stage.path("sheet.svg")).unwrap();
    assert_eq!((words_on(&page).len(), mode(&stage.path("sheet.svg"))), (12, 0o600));
    assert_eq!(alone(&stage, &arguments).error_code(), "store.exists");
    assert_eq!(std::fs::read_to_string(stage.path("sheet.svg")).unwrap(), page);
    assert_eq!(files(&stage), ["sheet.svg"]);

    let printed = alone(&stage, &[&FILLED[..], &SAID, &["--form", "svg", "-o", "-", &password]].concat());
    printed.expect_code(0);
    assert_eq!(printed.stdout, page);
    assert!(printed.stderr.contains("warning[words_on_disk]"), "{}", printed.stderr);
}

#[test]
fn a_sheet_that_is_not_made_leaves_nothing() {
    let stage = Stage::with_wallet();
    std::fs::write(stage.path("wrong"), "another password\n").unwrap();
    let wrong = format!("--password-file={}", stage.path("wrong").display());
    let answer = alone(&stage, &[&FILLED[..], &SAID, &["-o", "sheet.html", &wrong, "--json"]].concat());
    assert_eq!((answer.code, answer.error_code().as_str()), (6, "keystore.wrong_password"));
    let absent =
        alone(&stage, &[&FILLED[..], &SAID, &["-o", "absent/sheet.html", &stage.password(), "--json"]].concat());
    assert_eq!(absent.error_code(), "store.missing");
    assert_eq!(files(&stage), ["wrong"]);

    // An account that is not of these words would be a wrong thing to compare with for as long as the paper lasts.
    stage.json(&["account", "add", "--type", "taproot", &stage.password()]);
    let db = rusqlite::Connection::open(stage.path("home/ledger.db")).unwrap();
    let descriptor = |name| -> String {
        db.query_row("SELECT descriptor FROM accounts WHERE name = ?1", [name], |row| row.get(0)).unwrap()
    };
    let changed = with_key(&descriptor("taproot-0"), key_of(&descriptor("segwit-0")));
    let sql = "UPDATE accounts SET descriptor = ?1 WHERE name = 'taproot-0'";
    assert_eq!(db.execute(sql, [changed]).unwrap(), 1);
    let lied = alone(&stage, &[&FILLED[..], &SAID, &["-o", "sheet.html", &stage.password(), "--json"]].concat());
    assert_eq!((lied.code, lied.error_code().as_str()), (8, "wallet.other_backup"), "{lied:?}");
    assert_eq!(files(&stage), ["wrong"]);
}

#[test]
fn a_person_types_the_sentence_and_the_password() {
    let stage = Stage::with_wallet();
    let arguments = [&FILLED[..], &["-o", "sheet.html"]].concat();
    for typed in ["yes", "", "Write my words to the disk", "write my words to the disk please"] {
        let mut session = Session::start(&stage, USUAL, &arguments);
        session.wait_for("to do it, anything else to decline");
        session.line(typed);
        assert_eq!(session.exit_code(), 3, "{}", session.screen());
        session.left_well();
    }
    for password in [Some("another password"), None] {
        let mut session = Session::start(&stage, USUAL, &arguments);
        session.wait_for("to do it, anything else to decline");
        session.line(SENTENCE).wait_for("Password of main");
        if let Some(wrong) = password {
            session.hidden(wrong).wait_for("2 tries are left");
        }
        session.control('c');
        assert_eq!(session.exit_code(), 3, "{}", session.screen());
        session.left_well();
    }
    assert_eq!(files(&stage), Vec::<String>::new());

    let mut session = Session::start(&stage, USUAL, &arguments);
    session.wait_for("to do it, anything else to decline");
    session.line(SENTENCE).wait_for("Password of main");
    session.password().wait_for("words_on_disk");
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    session.left_well();
    assert!(WORDS.split(' ').filter(|word| word.len() > 5).all(|word| !session.transcript().contains(word)));
    let page = std::fs::read_to_string(stage.path("sheet.html")).unwrap();
    assert_eq!((words_on(&page).len(), mode(&stage.path("sheet.html"))), (12, 0o600));
}

#[test]
fn other_languages_and_numbers_of_words_have_a_sheet_without_a_seedqr() {
    let stage = Stage::new();
    let words = "abandon ".repeat(14) + "address";
    stage.restore("main", &words);
    let blank = stage.json(&["backup", "sheet"]);
    assert_eq!((blank["seed_qr"].as_bool(), blank["word_count"].as_u64()), (Some(false), Some(15)));
    let page = std::fs::read_to_string(stage.path("main-sheet.html")).unwrap();
    assert!(page.contains(">15</text>") && !page.contains("SeedQR") && !page.contains("class=\"module\""));
    let printed = alone(&stage, &[&FILLED[..], &SAID, &["-o", "-", &stage.password()]].concat());
    assert_eq!(printed.stdout.matches(">abandon</text>").count(), 14, "{printed:?}");

    // A wallet without words has none to print.
    std::fs::write(stage.path("words"), TPRV).unwrap();
    let restore = ["restore", "--wallet=root", "--from=words", "--yes", &stage.password()];
    stage.run(&restore).expect_code(0);
    for kind in [&["--blank"][..], &["--filled"]] {
        let answer = alone(&stage, &[&["backup", "sheet", "--wallet=root", "--json"][..], kind].concat());
        assert_eq!(answer.error_code(), "keystore.no_words", "{answer:?}");
    }
}

/// The words that every wallet's tests know, of 12 and of 24: nobody has money there.
#[test]
fn the_pictures_are_of_the_sheets_as_they_are() {
    let stage = Stage::new();
    let run = |arguments: &[&str]| {
        let mut command = program();
        command.current_dir(stage.home.path()).arg("--home").arg(stage.path("home")).args(arguments);
        finish(command).expect_code(0);
    };
    for (name, words) in [("main", "abandon ".repeat(11) + "about"), ("savings", "abandon ".repeat(23) + "art")] {
        std::fs::write(stage.path("words"), words).unwrap();
        let restore =
            ["restore", "--wallet", name, "--network=bitcoin", "--words-file=words", "--yes", &stage.password()];
        run(&restore);
    }
    run(&["backup", "sheet", "--wallet=savings", "-o", "sheet-blank.svg"]);
    run(&[&FILLED[..], &SAID, &["--wallet=main", "-o", "sheet-filled.svg", &stage.password()]].concat());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screens");
    for name in ["sheet-blank.svg", "sheet-filled.svg"] {
        let drawn = std::fs::read_to_string(stage.path(name)).unwrap();
        if std::env::var_os("FASTNESS_PICTURES").is_some_and(|value| value == "write") {
            std::fs::write(folder.join(name), &drawn).unwrap();
        }
        let kept = std::fs::read_to_string(folder.join(name)).unwrap_or_else(|_| panic!("{name} was never drawn"));
        assert!(kept == drawn, "{name} is of an older program: FASTNESS_PICTURES=write draws it anew");
    }
}
