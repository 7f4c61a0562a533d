//! Words are on the alternate screen and nowhere else, at every size, and are gone when it is left.

use crate::harness::{
    PASSWORD, Stage, WORDS,
    terminal::{SMALL, Session, Size, USUAL},
};

/// What a terminal is told to enter and to leave the alternate screen.
const ENTER: &str = "\u{1b}[?1049h";
const LEAVE: &str = "\u{1b}[?1049l";
/// The question for the first word, on a line of its own below what it is about: what is typed before it is thrown away.
const FIRST_QUESTION: &str = "\n   1";

/// What was written while the usual screen was shown, and what on the alternate one.
struct Screens {
    usual: String,
    alternate: String,
}

fn screens(session: &Session) -> Screens {
    let transcript = session.transcript();
    let mut found = Screens { usual: String::new(), alternate: String::new() };
    let mut parts = transcript.split(ENTER);
    found.usual.push_str(parts.next().unwrap());
    for part in parts {
        let (inside, outside) = part.split_once(LEAVE).expect("the alternate screen was left");
        found.alternate.push_str(inside);
        found.usual.push_str(outside);
    }
    found
}

/// Words of the English list that the program says itself beside a wallet's own: one of these may be among random words.
const OF_THE_PROGRAM: [&str; 12] =
    ["account", "address", "again", "all", "family", "file", "master", "match", "network", "receive", "same", "test"];

#[track_caller]
pub fn only_on_the_alternate_screen(session: &Session, words: &[String]) {
    let screens = screens(session);
    assert!(words.iter().all(|word| screens.alternate.contains(word)), "a word was never shown");
    let secret: Vec<&String> = words.iter().filter(|word| !OF_THE_PROGRAM.contains(&word.as_str())).collect();
    assert!(secret.len() >= words.len() / 2, "{words:?}");
    for word in secret {
        let leaked = screens.usual.split_whitespace().any(|text| text == word);
        assert!(!leaked, "`{word}` stands on the usual screen:\n{}", screens.usual);
    }
}

fn phrase() -> Vec<String> {
    WORDS.split(' ').map(str::to_owned).collect()
}

/// The numbered words that are shown now.
fn shown_words(session: &Session) -> Vec<String> {
    words_of(&session.screen())
}

/// The numbered words of a screen, in order.
pub fn words_of(screen: &str) -> Vec<String> {
    let parts: Vec<&str> = screen.split_whitespace().collect();
    let mut words: Vec<(usize, String)> = parts
        .windows(2)
        .filter_map(|pair| Some((pair[0].parse().ok()?, pair[1].to_owned())))
        .filter(|(_, word): &(usize, String)| word.chars().all(|letter| letter.is_ascii_lowercase()))
        .filter(|(_, word)| bip39::Language::English.find_word(word).is_some())
        .collect();
    words.sort_unstable();
    words.dedup_by_key(|(number, _)| *number);
    words.into_iter().map(|(_, word)| word).collect()
}

/// Every screen until the alternate one is left; each is left with Enter.
pub fn leafed(session: &mut Session) -> Vec<String> {
    let mut screens = Vec::new();
    while session.is_alternate() {
        let before = session.screen();
        session.line("").wait_until("other screen", |session| {
            let screen = session.screen();
            !session.is_alternate() || screen != before && screen.contains("Press Enter")
        });
        screens.push(before);
    }
    screens
}

#[test]
fn words_that_are_shown_again_are_on_the_alternate_screen_only() {
    let stage = Stage::with_wallet();
    for size in [USUAL, SMALL, Size { columns: 132, rows: 50 }] {
        let mut session = Session::start(&stage, size, &["backup", "words"]);
        session.password().wait_for("Press Enter");
        assert!(session.is_alternate());
        // On a low terminal screen after screen, and no word scrolls away before it was seen.
        let mut seen: Vec<String> = leafed(&mut session).iter().flat_map(|screen| words_of(screen)).collect();
        seen.sort();
        let mut all = phrase();
        all.sort();
        assert_eq!(seen, all, "{size:?}");
        assert_eq!(session.exit_code(), 0, "{}", session.screen());
        session.left_well();
        only_on_the_alternate_screen(&session, &phrase());
        assert!(!session.transcript().contains(PASSWORD));
    }
}

/// A window that becomes low while words are on it shows them anew, screen after screen, and all of them.
#[test]
fn words_are_shown_anew_in_a_window_of_another_size() {
    let stage = Stage::with_wallet();
    let mut session = Session::start(&stage, USUAL, &["backup", "words"]);
    session.password().wait_for("Press Enter");
    assert_eq!(shown_words(&session).len(), 12);
    session.resize(SMALL);
    session.wait_for("Screen 1 of");
    let seen: Vec<String> = leafed(&mut session).iter().flat_map(|screen| words_of(screen)).collect();
    assert_eq!(seen, phrase());
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    session.left_well();
    only_on_the_alternate_screen(&session, &phrase());
}

#[test]
fn a_new_wallet_is_written_only_after_its_words_were_typed_back() {
    let stage = Stage::new();
    let mut session = Session::start(&stage, USUAL, &["new", "--wallet=first", "--words=12"]);
    session.password().wait_for("The same again");
    session.password().wait_for("Press Enter");
    let words = shown_words(&session);
    assert_eq!(words.len(), 12, "{}", session.screen());
    session.line("").wait_for("type the 12 words back").wait_for(FIRST_QUESTION);
    assert!(!session.screen().contains(&words[..2].join(" ")), "the words stayed:\n{}", session.screen());
    assert!(!stage.path("home/wallets/first.keystore").exists());
    // Four letters are enough, as on a steel plate; the last word is typed whole after a slip.
    let letters: Vec<String> = words.iter().map(|word| word.chars().take(4).collect()).collect();
    session.line(&letters[..11].join(" ")).wait_for("\n  12");
    session.line("zooo").wait_for("word 12 is not in the english list").wait_for("word 12: ");
    session.line(&words[11]);
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    session.left_well();
    only_on_the_alternate_screen(&session, &words);
    assert!(stage.path("home/wallets/first.keystore").exists());
}

#[test]
fn words_typed_wrongly_make_no_wallet() {
    let stage = Stage::new();
    let mut session = Session::start(&stage, USUAL, &["new", "--wallet=first", "--words=12"]);
    session.password().wait_for("The same again");
    session.password().wait_for("Press Enter");
    session.line("").wait_for("words back").wait_for(FIRST_QUESTION);
    session.line(WORDS);
    for _ in 0..3 {
        session.wait_for("compare it with your paper").wait_for("Press Enter");
        session.line("").wait_for("word 1: ");
        session.line("zoo").wait_until("answer", |session| !session.screen().contains("word 1: "));
    }
    assert_ne!(session.exit_code(), 0, "{}", session.screen());
    session.left_well();
    assert!(!stage.path("home/wallets/first.keystore").exists());
}

/// A person who mistypes a new password is asked once more, and hears how weak one is.
#[test]
fn a_weak_password_is_named_as_that_and_two_that_differ_are_typed_again() {
    let stage = Stage::new();
    let mut session = Session::start(&stage, USUAL, &["new", "--wallet=first", "--words=12"]);
    session.wait_for("New password");
    session.hidden("hunter2").wait_for("That password is weak").wait_for("Type yes to keep it");
    session
        .line("no")
        .wait_until("the question again", |session| session.screen().matches("New password").count() == 2);
    session.hidden(PASSWORD).wait_for("The same again");
    session.hidden("another").wait_for("The two differ. Once more.");
    session.hidden("hunter2").wait_until("it is weak", |session| session.screen().matches("Type yes to").count() == 2);
    session.line("yes").wait_until("again", |session| session.screen().matches("The same again").count() == 2);
    session.hidden("hunter2").wait_for("Press Enter");
    let words = shown_words(&session);
    session.line("").wait_for("words back").wait_for(FIRST_QUESTION);
    session.line(&words.join(" "));
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    assert!(!session.transcript().contains("hunter2") && !session.transcript().contains(PASSWORD));
    session.left_well();
    std::fs::write(stage.path("weak"), "hunter2\n").unwrap();
    opened_with(&stage, "weak");
}

/// The wallet `first` is opened with the password in a file.
fn opened_with(stage: &Stage, file: &str) {
    let password = format!("--password-file={}", stage.path(file).display());
    stage.json(&["backup", "words", "--words-to-stdout", "-w", "first", &password]);
}

#[test]
fn a_passphrase_is_made_where_none_is_typed_and_typed_back_from_paper() {
    let stage = Stage::new();
    let mut session = Session::start(&stage, USUAL, &["new", "--wallet=first", "--words=12"]);
    session.wait_for("New password");
    session.hidden("").wait_for("opens the wallet on this machine").wait_for("Press Enter");
    assert!(session.is_alternate());
    let screen = session.screen();
    let made = screen.lines().map(str::trim).find(|line| line.split('-').count() == 8).unwrap().to_owned();
    session.line("").wait_for("Type it, with its dashes");
    assert!(!session.screen().contains(&made), "it stayed: {}", session.screen());
    session.hidden("something else").wait_for("opens the wallet on this machine").wait_for("Press Enter");
    session.line("").wait_for("Type it, with its dashes");
    session.hidden(&made).wait_for("Write these").wait_for("Press Enter");
    let words = shown_words(&session);
    session.line("").wait_for("words back").wait_for(FIRST_QUESTION);
    session.line(&words.join(" "));
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    session.left_well();
    only_on_the_alternate_screen(&session, std::slice::from_ref(&made));
    std::fs::write(stage.path("made"), made + "\n").unwrap();
    opened_with(&stage, "made");
}

#[test]
fn a_wrong_password_may_be_typed_again_twice() {
    let stage = super::stage_with_draft();
    let sign = ["sign", "pay.draft", "-o", "pay.signed"];
    let mut session = Session::start(&stage, USUAL, &sign);
    session.wait_for(super::AGREE);
    session.line("0.25").wait_for("Password of");
    session.hidden("wrong").wait_for("2 tries are left");
    session.hidden("wrong").wait_for("One try is left");
    session.password();
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    let mut session = Session::start(&stage, USUAL, &["sign", "pay.draft"]);
    session.wait_for(super::AGREE);
    session.line("0.25").wait_for("Password of");
    session.hidden("wrong").wait_for("2 tries are left");
    session.hidden("wrong").wait_for("One try is left");
    session.hidden("wrong");
    assert_eq!(session.exit_code(), 6, "{}", session.screen());
    session.left_well();
}

const RESTORE: [&str; 3] = ["restore", "--wallet=second", "--expect-fingerprint=24581326"];

/// A restore whose words are typed: up to the question for the first of them.
fn restoring(stage: &Stage, size: Size) -> Session {
    let session = Session::start(stage, size, &RESTORE);
    session.wait_until("the first question", |session| session.is_alternate() && session.screen().contains("\n   1"));
    session
}

#[track_caller]
fn restored(mut session: Session, stage: &Stage) {
    session.wait_until("what the words make", |session| {
        ["Enter shows the next", "Type yes if this is"].iter().any(|text| session.screen().contains(text))
    });
    if session.screen().contains("Enter shows the next") {
        session.line("");
    }
    session.wait_for("Type yes if this is");
    session.line("yes").wait_for("New password");
    session.password().wait_for("The same again");
    session.password();
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    session.left_well();
    assert!(stage.path("home/wallets/second.keystore").exists());
    only_on_the_alternate_screen(&session, &phrase());
}

/// A slip is named while the eye is still on that word; first letters become the word that is shown.
#[test]
fn each_word_is_checked_as_it_is_typed() {
    for size in [USUAL, SMALL] {
        let stage = Stage::new();
        let mut session = restoring(&stage, size);
        session.line("develop poll rada").wait_for("doll, pill, pole").wait_for("word 2: ");
        session.line("pool").wait_for("word 3 is radar").wait_for("\n   4");
        session.line("lobtser").wait_for("mean lobster").wait_for("word 4: ");
        session
            .line("lobxxx")
            .wait_until("the question again", |session| session.screen().matches("word 4: ").count() == 2);
        session.line("lobster").wait_for("\n   5");
        session.line("dress blind flat grass leaf slim globe border").wait_for("\n  13");
        session.line("");
        restored(session, &stage);
    }
}

#[test]
fn one_missing_word_is_asked_for_by_its_number() {
    for size in [USUAL, SMALL] {
        let stage = Stage::new();
        let mut session = restoring(&stage, size);
        session.line("develop pool radar dress blind flat grass leaf slim globe border").wait_for("\n  12");
        session.line("").wait_for("One word is missing").wait_for("again: ");
        session.line("99").wait_until("the question again", |session| {
            session.transcript().matches("One word is missing").count() == 2
                && session.screen().contains("That is no number from 1 to 12.")
        });
        session.line("4").wait_for("word 4: ");
        session.line("lobs").wait_for("word 4 is lobster");
        restored(session, &stage);
    }
}
