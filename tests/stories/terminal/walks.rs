//! Three newcomers from the first run to a first confirmed payment, who type only what the program told them to: at 80 and 40
//! columns, and in a window of ten lines.

use crate::harness::{
    PASSWORD, Stage,
    terminal::{Session, Size},
};

const SIZES: [Size; 3] =
    [Size { columns: 80, rows: 24 }, Size { columns: 40, rows: 24 }, Size { columns: 80, rows: 10 }];

/// Everything that a command printed, with line ends of the terminal taken out where it wrapped.
fn told(session: &Session) -> String {
    session.transcript().replace('\r', "")
}

/// The same without colours and line ends, for looking for a sentence in it.
fn flat(page: &str) -> String {
    console::strip_ansi_codes(page).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Runs a command to its end, which has to be good, and answers with what it said.
#[track_caller]
fn said(stage: &Stage, size: Size, arguments: &[&str]) -> String {
    let mut session = Session::start(stage, size, arguments);
    assert_eq!(session.exit_code(), 0, "{arguments:?}\n{}", session.screen());
    session.left_well();
    told(&session)
}

/// The command that a page says comes next, as words: it is never broken, so that it can be copied.
#[track_caller]
fn next(page: &str) -> Vec<String> {
    let line =
        page.lines().rfind(|line| line.contains("fastness ")).unwrap_or_else(|| panic!("no command in:\n{page}"));
    let command = line.split("fastness ").nth(1).unwrap().trim_end_matches(['`', '.']);
    command.split_whitespace().map(str::to_owned).collect()
}

/// Waits for one of these texts, and presses Enter at every page that has one more behind it.
fn leaf_to(session: &mut Session, text: &str) {
    let mut pages = 0;
    loop {
        session.wait_until(text, |session| {
            let screen = session.screen();
            screen.contains(text) || screen.matches("Enter shows the next").count() > pages
        });
        if session.screen().contains(text) {
            return;
        }
        pages = session.screen().matches("Enter shows the next").count();
        session.line("");
        std::thread::sleep(std::time::Duration::from_millis(150));
        pages = pages.min(session.screen().matches("Enter shows the next").count());
    }
}

/// Types what is asked for and ends well.
#[track_caller]
fn agreed(mut session: Session, amount: &str) -> String {
    leaf_to(&mut session, "to agree");
    leaf_to(&mut session, "decline:");
    session.line(amount).wait_for("Password of");
    session.password();
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    session.left_well();
    told(&session)
}

/// The numbered words that were shown on any screen so far.
fn shown_words(session: &Session) -> Vec<String> {
    let transcript = told(session);
    let parts: Vec<&str> = transcript.split_whitespace().collect();
    let mut words: Vec<(usize, String)> = parts
        .windows(2)
        .filter_map(|pair| Some((pair[0].parse().ok()?, pair[1].to_owned())))
        .filter(|(_, word): &(usize, String)| bip39::Language::English.find_word(word).is_some())
        .collect();
    words.sort_unstable();
    words.dedup_by_key(|(number, _)| *number);
    words.into_iter().map(|(_, word)| word).collect()
}

/// Makes a wallet as a person does: password twice, words from the screen onto paper and back.
fn made(stage: &Stage, size: Size) -> String {
    let mut session = Session::start(stage, size, &["new", "--wallet=savings", "--words=12"]);
    session.password().wait_for("The same again");
    session.password();
    session.wait_until("the words", |session| session.is_alternate() && session.screen().contains("Press Enter"));
    let mut screens = 0;
    while !session.screen().contains("words back") {
        session.wait_until("a screen", |session| {
            session.screen().contains("words back") || session.transcript().matches("Press Enter").count() > screens
        });
        screens = session.transcript().matches("Press Enter").count();
        if !session.screen().contains("words back") {
            session.line("");
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
    }
    let words = shown_words(&session);
    assert_eq!(words.len(), 12, "{}", session.screen());
    session.wait_for("\n   1");
    session.line(&words[..6].join(" ")).wait_for("\n   7");
    session.line(&words[6..].join(" "));
    assert_eq!(session.exit_code(), 0, "{}", session.screen());
    session.left_well();
    told(&session)
}

/// A person who has never seen a wallet: the first page, a wallet, an address, a payment, and the page that says what is next.
#[test]
fn somebody_who_is_no_programmer_pays_and_sees_it_confirmed() {
    for size in SIZES {
        let stage = Stage::new();
        let first = said(&stage, size, &[]);
        assert!(first.contains("new        create a wallet"), "{first}");
        let page = made(&stage, size);
        assert_eq!(next(&page)[0], "receive", "{page}");
        let received = said(&stage, size, &["receive"]);
        let address: String =
            received.split("Address").nth(1).unwrap().split("Path").next().unwrap().split_whitespace().collect();
        stage.fund(&address, 50_000_000);
        let status = said(&stage, size, &[]);
        assert_eq!(next(&status)[0], "sync", "{status}");
        said(&stage, size, &["sync"]);
        let status = said(&stage, size, &[]);
        assert_eq!(next(&status)[..2], ["backup", "verify"], "{status}");
        let sent =
            agreed(Session::start(&stage, size, &["send", &Stage::shop(), "0.25btc", "--fee-rate", "2"]), "0.25");
        let track = next(&sent);
        assert_eq!(track[0], "track", "{sent}");
        let status = said(&stage, size, &[]);
        assert_eq!(next(&status)[..2], track[..2], "{status}");
        stage.mine(1);
        let tracked = said(&stage, size, &track.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(flat(&tracked).contains("1 confirmation"), "{tracked}");
        assert_eq!(stage.chain_balance(&Stage::shop()), 25_000_000);
    }
}

/// An author of scripts: every question has its flag, every error its code and the flag that mends it, every answer is JSON.
#[test]
fn the_author_of_a_script_is_led_from_error_to_payment() {
    let stage = Stage::with_coins(&[50_000_000]);
    let shop = Stage::shop();
    let send = |more: &[&str]| {
        let words = [&["send", &shop, "0.1btc", "--fee-rate", "2", "--json"][..], more].concat();
        let mut command = std::process::Command::new("setsid");
        command.arg("-w").arg(env!("CARGO_BIN_EXE_fastness")).arg("--home").arg(stage.path("home"));
        command
            .args(["--network", "regtest", "--explorer", &stage.server.url()])
            .args(words)
            .current_dir(stage.home.path());
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        crate::harness::answer(output)
    };
    let unasked = send(&[]);
    assert_eq!(unasked.code, 2, "{unasked:?}");
    let password = stage.password();
    let unlimited = send(&["--yes", &password]);
    assert_eq!((unlimited.code, unlimited.error_code().as_str()), (2, "flow.no_limits"), "{unlimited:?}");
    assert!(unlimited.stdout.contains("--max-fee"), "{unlimited:?}");
    let paid = send(&["--yes", "--max-fee", "0.0001btc", "--once", "invoice-7", &password]);
    paid.expect_code(0);
    let id =
        serde_json::from_str::<serde_json::Value>(&paid.stdout).unwrap()["data"]["id"].as_str().unwrap().to_owned();
    // The script that runs again tomorrow.
    let again = send(&["--yes", "--max-fee", "0.0001btc", "--once", "invoice-7", &password]);
    assert_eq!((again.code, again.error_code().as_str()), (1, "flow.key_used"), "{again:?}");
    stage.mine(1);
    assert_eq!(stage.json(&["track", &id, "--wait", "1"])["status"]["confirmations"], 1);
    assert_eq!(stage.chain_balance(&shop), 10_000_000);
}

/// An engineer: a contact, a draft that is looked at, a signature made by a process of its own, a bump, and the proof.
#[test]
fn an_engineer_goes_the_long_way_and_reads_everything() {
    for size in SIZES {
        let stage = Stage::with_coins(&[50_000_000]);
        let shop = Stage::shop();
        said(&stage, size, &["contacts", "add", "shop", &shop]);
        assert!(said(&stage, size, &["contacts"]).contains("shop"));
        said(&stage, size, &["plan", "@shop", "0.1btc", "--fee-rate", "2", "-o", "pay.draft"]);
        let inspected = said(&stage, size, &["inspect", "pay.draft"]);
        assert!(inspected.contains("@shop (contact)"), "{inspected}");
        agreed(Session::start(&stage, size, &["sign", "pay.draft", "-o", "pay.signed"]), "0.1");
        let sent = said(&stage, size, &["broadcast", "pay.signed"]);
        let id = next(&sent)[1].clone();
        let bumped = agreed(Session::start(&stage, size, &["bump", &id[..8], "--fee-rate", "10"]), "0.1");
        let new = next(&bumped)[1].clone();
        assert_ne!(new, id);
        stage.mine(1);
        said(&stage, size, &["sync"]);
        let page = flat(&said(&stage, size, &["tx", &new[..10]]));
        assert!(page.contains("1 conf") && page.contains("@shop (contact)"), "{page}");
        let history = said(&stage, size, &["history"]);
        assert!(history.contains("@shop"), "{history}");
        assert_eq!(stage.chain_balance(&shop), 10_000_000, "paid once");
        assert!(!history.contains(PASSWORD));
    }
}
