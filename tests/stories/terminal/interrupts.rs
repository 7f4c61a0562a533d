//! Ctrl-C at every question, and keys and signals that would leave a hidden question half answered.

use rustix::process::Signal;

use super::{AGREE, stage_with_draft};
use crate::harness::{
    Stage,
    terminal::{Session, USUAL},
};

/// A question of the program, and how a session gets there.
struct Question {
    arguments: &'static [&'static str],
    reach: fn(&mut Session),
}

fn hidden(session: &mut Session) {
    session.wait_until("hidden question", |session| !session.echoes());
}

fn after_agreement(session: &mut Session) {
    session.wait_for(AGREE);
    session.line("0.25");
    hidden(session);
}

fn second_password(session: &mut Session) {
    hidden(session);
    session.password().wait_for("The same again");
    hidden(session);
}

fn words_screen(session: &mut Session) {
    session.password().wait_for("Press Enter");
}

/// A question on each kind of screen, of every command that asks.
const QUESTIONS: [Question; 8] = [
    Question {
        arguments: &["sign", "pay.draft"],
        reach: |session| {
            session.wait_for(AGREE);
        },
    },
    Question { arguments: &["sign", "pay.draft"], reach: after_agreement },
    Question {
        arguments: &["send", "SHOP", "0.25btc", "--fee-rate=3"],
        reach: |session| {
            session.wait_for(AGREE);
        },
    },
    Question { arguments: &["send", "SHOP", "0.25btc", "--fee-rate=3"], reach: after_agreement },
    Question { arguments: &["password"], reach: hidden },
    Question { arguments: &["new", "--wallet=other"], reach: second_password },
    Question { arguments: &["backup", "words"], reach: words_screen },
    Question {
        arguments: &["restore", "--wallet=other"],
        reach: |session| {
            session.wait_for("Type the words");
        },
    },
];

fn started(stage: &Stage, question: &Question) -> Session {
    let shop = Stage::shop();
    let words: Vec<&str> = question.arguments.iter().map(|word| if *word == "SHOP" { &shop } else { *word }).collect();
    let mut session = Session::start(stage, USUAL, &words);
    (question.reach)(&mut session);
    session
}

#[test]
fn control_c_at_every_question_declines_and_leaves_the_terminal_well() {
    let stage = stage_with_draft();
    for question in &QUESTIONS {
        let mut session = started(&stage, question);
        session.control('c');
        assert_eq!(session.exit_code(), 3, "{:?}\n{}", question.arguments, session.screen());
        session.left_well();
        assert!(!stage.path("home/wallets/other.keystore").exists());
    }
    assert_eq!(stage.json(&["history"])["transactions"].as_array().map(Vec::len), Some(1), "only the funding is there");
}

#[test]
fn signals_from_elsewhere_leave_the_terminal_well() {
    let stage = stage_with_draft();
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        for question in QUESTIONS.iter().filter(|question| question.arguments[0] != "send") {
            let mut session = started(&stage, question);
            session.signal(signal);
            assert_eq!(session.exit_code(), 3, "{signal:?} at {:?}\n{}", question.arguments, session.screen());
            session.left_well();
        }
    }
}

#[test]
fn abort_and_stop_leave_the_terminal_well() {
    let stage = stage_with_draft();
    for question in QUESTIONS.iter().filter(|question| matches!(question.arguments[0], "password" | "backup")) {
        for signal in [Signal::QUIT, Signal::ABORT] {
            let mut session = started(&stage, question);
            session.signal(signal);
            assert_ne!(session.exit_code(), 0, "{signal:?} at {:?}", question.arguments);
            session.left_well();
        }
        let mut session = started(&stage, question);
        let is_hidden = !session.echoes();
        session.signal(Signal::TSTP);
        session.wait_until("a terminal for the shell", |session| session.echoes() && !session.is_alternate());
        session.signal(Signal::CONT);
        session.wait_until("the question again", |session| session.echoes() != is_hidden);
        session.control('c');
        assert_eq!(session.exit_code(), 3, "{:?}", question.arguments);
        session.left_well();
    }
}

#[test]
fn suspend_and_abort_keys_do_nothing_while_a_secret_is_asked_for() {
    let stage = stage_with_draft();
    for question in
        QUESTIONS.iter().filter(|question| matches!(question.arguments[0], "password" | "backup" | "restore"))
    {
        let mut session = started(&stage, question);
        assert_eq!(session.escape_keys(), [0, 0], "{:?}", question.arguments);
        session.control('z').control('\\').control('c');
        assert_eq!(session.exit_code(), 3, "{:?}", question.arguments);
        session.left_well();
    }
}
