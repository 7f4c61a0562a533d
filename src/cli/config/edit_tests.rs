//! Lists of explorers changed in files as people write them: nothing else moves, no comment is lost.

use fastness::network::Network;

use super::*;

const BITCOIN: AnyNetwork = AnyNetwork::Bitcoin(Network::Bitcoin);

#[track_caller]
fn changed(text: &str, wanted: &[&str]) -> String {
    let wanted: Vec<String> = wanted.iter().map(|url| (*url).to_owned()).collect();
    edited(text, BITCOIN, &wanted).unwrap_or_else(|failure| panic!("{}", failure.message()))
}

const FILE: &str = "\
# mine
gap = 30 # wide

[explorers] # in order
signet = [ \"https://s.example\" ]
# the main ones
bitcoin = [
    # my own node
    \"https://own.example/api\", # in the cellar
    \"https://mempool.space/api\",  # and theirs
]

[history.base]
kind = \"blockscout\"
url = \"https://base.blockscout.com/api\"
";

#[test]
fn everything_else_stays_byte_for_byte() {
    let both = ["https://own.example/api", "https://mempool.space/api"];
    assert_eq!(changed(FILE, &both), FILE);
    let added = changed(FILE, &[both[0], both[1], "https://new.example"]);
    let line = "    \"https://mempool.space/api\",  # and theirs\n";
    assert_eq!(added, FILE.replace(line, &format!("{line}    \"https://new.example\",\n")));
    let first = changed(FILE, &["https://new.example", both[0], both[1]]);
    assert_eq!(first, FILE.replace("bitcoin = [\n", "bitcoin = [\n    \"https://new.example\",\n"));
}

#[test]
fn no_comment_is_lost_with_what_it_spoke_of() {
    for keep in ["https://own.example/api", "https://mempool.space/api"] {
        let left = changed(FILE, &[keep]);
        for comment in
            ["# mine", "# wide", "# in order", "# the main ones", "# my own node", "# in the cellar", "# and"]
        {
            assert!(left.contains(comment), "{comment} is gone:\n{left}");
        }
    }
    let replaced = changed(FILE, &["https://new.example"]);
    assert!(replaced.contains("# in the cellar") && replaced.contains("\"https://new.example\""), "{replaced}");
}

#[test]
fn lists_on_one_line_stay_on_one_line() {
    let text = "[explorers]\nbitcoin = [\"https://a.example\", \"https://b.example\"]\n";
    assert_eq!(
        changed(text, &["https://a.example", "https://b.example", "https://c.example"]),
        "[explorers]\nbitcoin = [\"https://a.example\", \"https://b.example\", \"https://c.example\"]\n"
    );
    assert_eq!(
        changed(text, &["https://c.example", "https://a.example", "https://b.example"]),
        "[explorers]\nbitcoin = [\"https://c.example\", \"https://a.example\", \"https://b.example\"]\n"
    );
    assert_eq!(changed(text, &["https://b.example"]), "[explorers]\nbitcoin = [\"https://b.example\"]\n");
    assert_eq!(changed(text, &["https://c.example"]), "[explorers]\nbitcoin = [\"https://c.example\"]\n");
}

#[test]
fn a_list_begins_and_ends() {
    assert_eq!(changed("", &["https://a.example"]), "[explorers]\nbitcoin = [\"https://a.example\"]\n");
    let two = changed("gap = 30\n", &["https://a.example", "https://b.example"]);
    assert_eq!(two, "gap = 30\n\n[explorers]\nbitcoin = [\"https://a.example\", \"https://b.example\"]\n");
    let without = changed(FILE, &[]);
    assert!(!without.contains("own.example") && without.contains("signet"), "{without}");
}

#[test]
fn other_ways_to_write_a_table_are_changed_too() {
    for text in [
        "explorers = { bitcoin = [\"https://a.example\"] }\n",
        "explorers.bitcoin = [\"https://a.example\"]\n",
        "explorers.bitcoin = ['https://a.example']",
    ] {
        let text = changed(text, &["https://a.example", "https://b.example"]);
        let config = Config::parse(text.as_bytes()).expect("readable");
        assert_eq!(config.explorers_of(BITCOIN), ["https://a.example", "https://b.example"]);
    }
}

#[test]
fn a_file_that_is_not_understood_is_not_touched() {
    let failure = edited("walet = \"x\"\n", BITCOIN, &["https://a.example".to_owned()]).expect_err("a typo");
    assert_eq!(failure.entry().code, "config.not_understood");
}
