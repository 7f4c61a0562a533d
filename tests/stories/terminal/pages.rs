//! The pages that a person agrees to, as files to be read: of both families and of messages, at two widths.
//!
//! The drafts are files, so that nothing in a page depends on the day. A changed page is a changed snapshot, which is read
//! before it is accepted.

use std::path::Path;

use crate::harness::{
    Stage,
    terminal::{Session, Size},
};

const WIDE: Size = Size { columns: 80, rows: 60 };
const NARROW: Size = Size { columns: 40, rows: 100 };

/// The screen on which agreement is asked for, without colours.
fn page(stage: &Stage, size: Size, arguments: &[&str]) -> String {
    let mut command = crate::harness::program();
    command.arg("--home").arg(stage.path("home")).args(arguments);
    let mut session = Session::of(stage, size, &command);
    session.wait_until("question", |session| {
        let screen: String = session.screen().split_whitespace().collect();
        screen.contains("todecline:")
    });
    let screen = session.screen();
    session.control('c');
    assert_eq!(session.exit_code(), 3, "{}", session.screen());
    let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
    lines.join("\n")
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories/terminal/pages").join(name);
    path.to_str().unwrap().to_owned()
}

#[test]
fn review_pages_are_as_they_were_read_last() {
    let stage = Stage::with_wallet();
    for (size, width) in [(WIDE, 80), (NARROW, 40)] {
        for draft in ["pay", "memo", "eth"] {
            let file = fixture(&format!("{draft}.draft"));
            insta::assert_snapshot!(format!("{draft}_{width}"), page(&stage, size, &["sign", &file]));
        }
        let permit = fixture("permit.json");
        let arguments = ["--network", "sepolia", "message", "sign", "--typed", &permit];
        insta::assert_snapshot!(format!("permit_{width}"), page(&stage, size, &arguments));
    }
}
