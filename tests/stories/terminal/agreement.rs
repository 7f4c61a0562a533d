//! Agreement is one text and no other, on both families; and a person who reads the screen saw the payee.

use super::{AGREE, stage_with_draft};
use crate::{
    ethereum::node::{EvmStage, SHOP},
    harness::{
        PASSWORD, Stage,
        terminal::{SMALL, Session, USUAL},
    },
};

/// Texts that a hurried person or a stuck key types.
const NOT_AGREEMENT: [&str; 12] =
    ["", "y", "yes", "YES", "ok", "0.2", "0.251", "25", "0.25.0", "0,25", "all", "\u{1b}[A"];

#[test]
fn no_text_but_the_amount_is_agreement() {
    let stage = stage_with_draft();
    for text in NOT_AGREEMENT {
        let mut session = Session::start(&stage, USUAL, &["sign", "pay.draft", "-o", "pay.signed"]);
        session.wait_for(AGREE);
        session.line(text);
        assert_eq!(session.exit_code(), 3, "`{text}` was taken as agreement:\n{}", session.screen());
        assert!(session.screen().contains("flow.declined"), "{}", session.screen());
        assert!(!stage.path("pay.signed").exists());
        session.left_well();
    }
}

#[test]
fn the_amount_is_agreement_and_the_password_is_never_shown() {
    let stage = stage_with_draft();
    let mut session = Session::start(&stage, USUAL, &["sign", "pay.draft", "-o", "pay.signed"]);
    session.wait_for(AGREE);
    session.line("0.25").password();
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    assert!(stage.path("pay.signed").exists());
    assert!(!session.transcript().contains(PASSWORD), "the password was shown");
    session.left_well();
}

#[test]
fn no_text_but_what_moves_is_agreement_on_ethereum() {
    let stage = EvmStage::new();
    stage.json(&["plan", SHOP, "0.25eth", "-o", "pay.draft"]);
    let sign = stage.command(&["sign", "pay.draft", "-o", "pay.signed"]);
    let before = stage.anvil.balance(SHOP);
    for text in NOT_AGREEMENT {
        let mut session = Session::of(&stage.stage, USUAL, &sign);
        session.wait_for(AGREE);
        session.line(text);
        assert_eq!(session.exit_code(), 3, "`{text}` was taken as agreement:\n{}", session.screen());
        assert!(!stage.stage.path("pay.signed").exists());
    }
    let mut session = Session::of(&stage.stage, USUAL, &sign);
    session.wait_for(AGREE);
    session.line("0.25").password();
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    assert!(!session.transcript().contains(PASSWORD), "the password was shown");
    assert_eq!(stage.anvil.balance(SHOP), before, "signing sends nothing");
}

#[test]
fn a_small_window_shows_the_whole_recipient() {
    let stage = stage_with_draft();
    let mut session = Session::start(&stage, SMALL, &["sign", "pay.draft"]);
    to_the_last_screen(&mut session);
    let shown: String = session.transcript().split_whitespace().collect();
    assert!(shown.contains(&Stage::shop()), "{}", session.transcript());
    session.control('c');
    assert_eq!(session.exit_code(), 3);
    session.left_well();
}

/// Asks for screen after screen; agreement is asked for after the last one only.
fn to_the_last_screen(session: &mut Session) -> usize {
    let mut screens = 1;
    loop {
        let next = format!("-- {screens} of ");
        session.wait_until("another screen or the question", |session| {
            session.screen().contains(&next) || session.screen().contains("to agree")
        });
        if !session.screen().contains(&next) {
            return screens;
        }
        assert!(!session.transcript().contains("to agree"), "agreement was asked for before the last screen");
        session.line("");
        screens += 1;
    }
}

#[test]
fn a_long_review_is_agreed_to_after_its_last_screen_only() {
    let stage = Stage::with_coins(&[50_000_000]);
    let receive = |_| stage.json(&["receive", "--new"])["address"].as_str().unwrap().to_owned();
    let payees: Vec<String> = (0..18).map(receive).collect();
    let list: String = payees.iter().map(|payee| format!("{payee} 0.01btc\n")).collect();
    std::fs::write(stage.path("payees"), list).unwrap();
    stage.json(&["plan", "--recipients", "payees", "--fee-rate", "3", "-o", "pay.draft"]);
    let mut session = Session::start(&stage, USUAL, &["sign", "pay.draft"]);
    let screens = to_the_last_screen(&mut session);
    assert!(screens > 1, "{screens} screen");
    let shown: String = session.transcript().split_whitespace().collect();
    assert!(payees.iter().all(|payee| shown.contains(payee.as_str())), "every payee was shown");
    session.line("no");
    assert_eq!(session.exit_code(), 3);

    let mut session = Session::start(&stage, USUAL, &["sign", "pay.draft"]);
    session.wait_for("Enter shows the next");
    session.line("q");
    assert_eq!(session.exit_code(), 3, "declined before the end: {}", session.screen());
    session.left_well();
}

/// Any form in which the program prints an amount is agreement to it.
#[test]
fn the_amount_is_agreed_to_in_any_form_that_is_printed() {
    let stage = stage_with_draft();
    for text in ["0.250 000 00 BTC", "25,000,000 sat", "0.25btc", "0.25"] {
        let mut session = Session::start(&stage, USUAL, &["sign", "pay.draft"]);
        session.wait_for(AGREE);
        session.line(text).password();
        assert_eq!(session.exit_code(), 0, "`{text}`: {}", session.screen());
    }
}

#[test]
fn more_recipients_than_a_person_reads_are_summed_up_and_all_of_them_are_a_word_away() {
    let stage = Stage::with_coins(&[60_000_000]);
    let payees = stage.plan_for_fifty();
    let mut session = Session::start(&stage, USUAL, &["sign", "pay.draft"]);
    to_the_last_screen(&mut session);
    let shown: String = session.transcript().split_whitespace().collect();
    assert!(shown.contains("30others:0.00300435BTCtogether"), "{shown}");
    assert!(!shown.contains("Nothingelse") && shown.contains("Noteveryrecipientisshownhere"), "{shown}");
    assert!(session.screen().contains("all to see every recipient"), "{}", session.screen());
    session.line("all");
    let last = "(0.00501225), anything else";
    for screen in 1.. {
        // The first list had fewer screens, so their questions differ.
        let next = format!("-- {screen} of 8");
        session.wait_until("another screen or the last", |session| {
            session.screen().contains(&next) || session.screen().contains(last)
        });
        if session.screen().contains(last) {
            break;
        }
        session.line("");
    }
    let shown: String = session.transcript().split_whitespace().collect();
    assert!(payees.iter().all(|payee| shown.contains(payee)) && shown.contains("Nothingelse"), "{shown}");
    session.line("0.00501225").password();
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
}

#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    let stage = stage_with_draft();
    let mut session = Session::start(&stage, USUAL, &["sign", "pay.draft", "-o", "pay.signed"]);
    session.line("0.25").wait_for(AGREE);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(session.screen().contains(AGREE), "{}", session.screen());
    session.line("no");
    assert_eq!(session.exit_code(), 3, "text from before the question was taken:\n{}", session.screen());
}
