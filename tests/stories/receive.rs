//! An address to be paid at: proven by the keys on request, and as a picture that another program reads.

use crate::harness::{
    Stage,
    terminal::{SMALL, Session, USUAL},
};

#[test]
fn an_address_is_verified_by_the_keys_and_a_changed_ledger_is_caught() {
    let stage = Stage::with_wallet();
    let password = stage.password();
    let shown = stage.json(&["receive", "--verify", &password]);
    assert_eq!((&shown["verified"], &shown["address"]), (&true.into(), &stage.json(&["receive"])["address"]));
    assert!(
        stage.run(&["receive", "--verify", &password]).stdout.contains("derived from the keys of this wallet just now")
    );
    let evm = ["receive", "-n", "sepolia", "--verify", &password];
    assert_eq!(stage.json(&evm)["verified"], true);
    assert_eq!(stage.json(&["receive"])["verified"], false);

    // Somebody puts an account of another seed under this wallet's name.
    let other = Stage::new();
    other.restore("main", "legal winner thank year wave sausage worth useful legal winner thank yellow");
    let (ours, theirs) = (stage.path("home/ledger.db"), other.path("home/ledger.db"));
    let theirs = rusqlite::Connection::open(theirs).unwrap();
    let ledger = rusqlite::Connection::open(&ours).unwrap();
    let foreign: String =
        theirs.query_row("SELECT descriptor FROM accounts WHERE name = 'segwit-0'", [], |row| row.get(0)).unwrap();
    ledger.execute("UPDATE accounts SET descriptor = ?1 WHERE name = 'segwit-0'", [foreign]).unwrap();
    let address: Vec<u8> = theirs.query_row("SELECT address FROM evm_accounts", [], |row| row.get(0)).unwrap();
    let key: Vec<u8> = theirs.query_row("SELECT public_key FROM evm_accounts", [], |row| row.get(0)).unwrap();
    ledger.execute("UPDATE evm_accounts SET address = ?1, public_key = ?2", rusqlite::params![address, key]).unwrap();
    drop(ledger);
    for words in [&["receive", "--verify", &password, "--json"][..], &[&evm[..], &["--json"]].concat()] {
        let answer = stage.run(words);
        assert_eq!((answer.code, answer.error_code().as_str()), (8, "flow.ledger_lies"), "{words:?}: {answer:?}");
    }
}

/// The pixels of a screen: what a camera sees, in the colours that the program chose.
#[test]
fn a_code_is_drawn_where_it_fits_and_written_as_a_picture() {
    let stage = Stage::with_wallet();
    for size in [USUAL, SMALL] {
        let mut session = Session::start(&stage, size, &["receive", "--qr"]);
        assert_eq!(session.exit_code(), 0);
        assert!(session.transcript().contains("\u{1b}[38;5;16;48;5;231m"), "black on white: {}", session.screen());
        session.left_well();
    }
    stage.json(&["receive", "--qr-png", "address.png"]);
    let picture = std::fs::read(stage.path("address.png")).unwrap();
    assert_eq!(&picture[1..4], b"PNG");
    assert_eq!(stage.run(&["receive", "--qr-png", "address.png", "--json"]).error_code(), "store.exists");
    let plain = stage.run(&["receive", "--qr"]).stdout;
    assert!(plain.contains('\u{2588}') && !plain.contains('\u{1b}'), "{plain}");
}
