//! A wallet that was restored: where its coins are, which of its addresses are known, and what is said when nothing is found.

use serde_json::Value;

use crate::harness::{Stage, WORDS, sat};

const OTHER: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

fn names(accounts: &Value) -> Vec<&str> {
    accounts.as_array().unwrap().iter().map(|account| account["account"].as_str().unwrap()).collect()
}

/// The first address that another wallet of the same words shows for this type.
fn elsewhere(stage: &Stage, words: &str, kind: &str) -> String {
    let file = stage.path("words");
    std::fs::write(&file, words).unwrap();
    let file = format!("--words-file={}", file.display());
    stage.run(&["restore", "--wallet", kind, "--type", kind, &file, &stage.password(), "--yes"]).expect_code(0);
    stage.json(&["receive", "--wallet", kind])["address"].as_str().unwrap().to_owned()
}

#[test]
fn coins_on_every_standard_type_are_found_by_the_first_sync_and_listed_from_then_on() {
    let stage = Stage::with_wallet();
    for (kind, coins) in [("taproot", 100_000_000), ("legacy", 20_000_000)] {
        let address = elsewhere(&stage, WORDS, kind);
        stage.fund(&address, coins);
    }
    let main = |arguments: &[&str]| stage.json(&[arguments, &["--wallet=main"]].concat());
    assert_eq!(names(&main(&["account", "list"])["accounts"]), ["segwit-0"]);

    let synced = main(&["sync"]);
    assert_eq!(names(&synced["accounts"]), ["main/segwit-0", "main/legacy-0", "main/taproot-0"]);
    assert!(synced["accounts"][0]["found"].is_null() && synced["nothing_used_within"].is_null(), "{synced}");
    assert_eq!(sat(&synced["accounts"][1]["found"]), 20_000_000);
    assert_eq!(sat(&synced["accounts"][2]["found"]), 100_000_000);
    let balance = main(&["balance"]);
    assert_eq!(names(&balance["accounts"]), ["segwit-0", "legacy-0", "taproot-0"]);
    assert_eq!(sat(&balance["accounts"][2]["confirmed"]), 100_000_000);
    assert_eq!(names(&main(&["account", "list"])["accounts"]), ["segwit-0", "legacy-0", "taproot-0"]);

    // What was found is an account like any other: it pays.
    let paid = stage.send(&[&Stage::shop(), "0.5btc", "--wallet=main", "--account=taproot-0"]);
    assert!(paid["id"].is_string(), "{paid}");
    let again = main(&["sync"]);
    assert!(again["accounts"].as_array().unwrap().iter().all(|account| account["found"].is_null()), "{again}");
    let page = stage.run(&["balance", "--wallet=main"]).stdout;
    assert!(page.contains("taproot-0"), "{page}");
}

#[test]
fn what_a_sync_found_is_said_to_a_person() {
    let stage = Stage::with_wallet();
    let address = elsewhere(&stage, WORDS, "nested-segwit");
    stage.fund(&address, 100_000_000);
    let page = stage.run(&["sync", "--wallet=main"]).stdout;
    assert!(page.contains("main/nested-segwit-0: found, with 1"), "{page}");
}

#[test]
fn an_account_that_was_only_searched_can_be_added_by_its_type() {
    let stage = Stage::with_wallet();
    stage.json(&["sync"]);
    assert_eq!(names(&stage.json(&["balance"])["accounts"]), ["segwit-0"]);
    let add = ["account", "add", "--type=taproot", &stage.password()];
    assert_eq!(stage.json(&add)["account"], "taproot-0");
    assert_eq!(names(&stage.json(&["balance"])["accounts"]), ["segwit-0", "taproot-0"]);
    assert_eq!(stage.run(&[&add[..], &["--json"]].concat()).error_code(), "ledger.account_exists");
}

#[test]
fn nothing_found_is_said_with_what_else_it_can_be() {
    let stage = Stage::new();
    stage.restore("main", OTHER);
    let synced = stage.json(&["sync"]);
    assert_eq!((&synced["nothing_used_within"], names(&synced["accounts"]).len()), (&20.into(), 1), "{synced}");
    let page = stage.run(&["sync"]).stdout;
    assert!(page.contains("No address was ever used") && page.contains("gap = 200"), "{page}");
    // A later full search asks again: the coins may have come meanwhile.
    let address = elsewhere(&stage, OTHER, "taproot");
    stage.fund(&address, 1_000_000);
    assert_eq!(names(&stage.json(&["sync", "--wallet=main"])["accounts"]), ["main/segwit-0"]);
    let full = stage.json(&["sync", "--full", "--wallet=main"]);
    assert_eq!(sat(&full["accounts"][1]["found"]), 1_000_000, "{full}");
}

#[test]
fn an_address_of_a_wallet_with_a_past_is_given_out_with_a_word_before_anybody_was_asked() {
    let stage = Stage::with_wallet();
    let first = stage.run(&["receive", "--json"]);
    assert!(first.stdout.contains("used_addresses_unknown"), "{first:?}");
    assert!(stage.run(&["receive"]).stderr.contains("may have been paid before"));
    stage.json(&["sync"]);
    assert!(!stage.run(&["receive", "--json"]).stdout.contains("used_addresses_unknown"));
    let fresh = ["new", "--wallet=fresh", "--words-to-stdout", &stage.password()];
    stage.run(&fresh).expect_code(0);
    assert!(!stage.run(&["receive", "--wallet=fresh", "--json"]).stdout.contains("used_addresses_unknown"));
}

/// Words as editors, notes and spreadsheets keep them make the same wallet; so do their first four letters (BIP-39).
#[test]
fn words_are_read_as_files_have_them() {
    let stage = Stage::with_wallet();
    let words: Vec<&str> = WORDS.split(' ').collect();
    let numbered =
        |mark: &str| (1..).zip(&words).map(|(number, word)| format!("{number}{mark}{word}\n")).collect::<String>();
    let wide =
        |text: &str| [&[0xff, 0xfe][..], &text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()].concat();
    let short: Vec<String> = words.iter().map(|word| word.chars().take(4).collect()).collect();
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    for bytes in [
        format!("\u{feff}{WORDS}\r\n").into_bytes(),
        wide(WORDS),
        numbered(". ").into_bytes(),
        numbered(") ").into_bytes(),
        numbered(" ").into_bytes(),
        words.join(", ").into_bytes(),
        quoted.join(" ").into_bytes(),
        WORDS.replacen("radar", "ra\u{200b}dar", 1).into_bytes(),
        short.join(" ").into_bytes(),
    ] {
        let path = stage.path("paper");
        std::fs::write(&path, &bytes).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let verified = stage.json(&["backup", "verify", "--words-file", "paper"]);
        assert_eq!(verified["word_count"], 12, "{}", String::from_utf8_lossy(&bytes));
    }
}
