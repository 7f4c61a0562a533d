//! Agreement is one text and no other, on both families; and whoever reads the screen saw whom it pays.

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
    session.wait_for("to agree");
    let shown: String = session.transcript().split_whitespace().collect();
    assert!(shown.contains(&Stage::shop()), "{}", session.transcript());
    session.control('c');
    assert_eq!(session.exit_code(), 3);
    session.left_well();
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
