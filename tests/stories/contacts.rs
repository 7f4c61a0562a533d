//! Whom a payment goes to: contacts by name, what is known of a payee, addresses that pass for others, notes in and out.

use serde_json::Value;

use crate::harness::{Answer, Stage, finish, program};

/// Begins and ends with the same four letters as the shop's address; the checksum is linear, so such an address is soon found.
const LIKE_THE_SHOP: &str = "bcrt1q3kgqrskfcgcrm9vjrfm3z5zs7v7asg7n79esh56jzhwtajkkmssqlram5k";
const RATE: [&str; 2] = ["--fee-rate", "2"];

fn plan(stage: &Stage, to: &str) -> Value {
    stage.json(&["plan", to, "0.01btc", RATE[0], RATE[1]])
}

fn page(stage: &Stage, words: &[&str]) -> String {
    let answer = stage.run(words);
    answer.expect_code(0);
    answer.stdout
}

/// Without a network named: contacts are of all of them.
fn everywhere(stage: &Stage, words: &[&str]) -> Answer {
    let mut command = program();
    command.current_dir(stage.path(".")).arg("--home").arg(stage.path("home")).args(words);
    finish(command)
}

#[test]
fn a_contact_is_paid_by_name_and_the_review_says_who_it_is() {
    let stage = Stage::with_coins(&[50_000_000]);
    let shop = Stage::shop();
    stage.json(&["contacts", "add", "Alice", &shop]);
    let planned = plan(&stage, "@alice");
    assert_eq!(planned["payees"][0]["contact"], "Alice");
    assert_eq!(
        planned["review"]["outputs"].as_array().unwrap().iter().filter(|o| o["address"] == shop.as_str()).count(),
        1
    );
    let shown = page(&stage, &["plan", "@Alice", "0.01btc", RATE[0], RATE[1]]);
    assert!(shown.contains("@Alice (contact), not paid before") && shown.contains(&shop), "{shown}");

    for times in ["paid once before", "paid twice before", "paid 3 times before"] {
        stage.send(&["@alice", "0.01btc", RATE[0], RATE[1], "--again"]);
        stage.mine(1);
        let shown = page(&stage, &["plan", "@alice", "0.02btc", RATE[0], RATE[1]]);
        assert!(shown.contains(times), "{times}: {shown}");
    }
    // In a file of recipients too; and without the contact it is still known that it was paid.
    std::fs::write(stage.path("list"), "@alice, 0.03btc\n").unwrap();
    stage.json(&["plan", "--recipients", "list", RATE[0], RATE[1]]);
    stage.json(&["contacts", "remove", "ALICE"]);
    let shown = page(&stage, &["plan", &shop, "0.02btc", RATE[0], RATE[1]]);
    assert!(shown.contains("paid 3 times before") && !shown.contains("contact"), "{shown}");
    stage.json(&["label", &shop, "the shop"]);
    let shown = page(&stage, &["plan", &shop, "0.02btc", RATE[0], RATE[1]]);
    assert!(shown.contains("labelled \"the shop\", paid 3 times before"), "{shown}");
}

#[test]
fn a_name_that_means_nothing_here_is_refused_with_what_it_means_elsewhere() {
    let stage = Stage::with_coins(&[50_000_000]);
    let refused = |words: &[&str]| stage.run(&[words, &["--json"]].concat()).error_code();
    assert_eq!(refused(&["plan", "@bob", "0.01btc"]), "contact.unknown");
    assert_eq!(refused(&["plan", "@", "0.01btc"]), "contact.bad_name");
    stage.json(&["contacts", "add", "bob", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "-n", "sepolia"]);
    let answer = stage.run(&["plan", "@bob", "0.01btc"]);
    assert!(answer.stderr.contains("contact `bob` has no address on regtest, only on sepolia"), "{answer:?}");
    assert_eq!(refused(&["contacts", "add", "a b", &Stage::shop()]), "contact.bad_name");
    assert_eq!(
        refused(&["contacts", "add", "carol", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"]),
        "address.wrong_network"
    );
    assert_eq!(refused(&["contacts", "remove", "carol"]), "contact.unknown");
    stage.json(&["contacts", "add", "carol", &Stage::shop()]);
    assert_eq!(refused(&["contacts", "add", "Carol", LIKE_THE_SHOP, "--to-unusual", LIKE_THE_SHOP]), "contact.exists");
    assert_eq!(refused(&["contacts", "add", "dave", &Stage::shop()]), "contact.exists");
}

/// Whoever puts an address into a history to be copied by mistake makes its ends equal to those of one that is known.
#[test]
fn an_address_that_passes_for_a_known_one_is_a_stop() {
    let stage = Stage::with_coins(&[50_000_000]);
    let refused = |words: &[&str]| stage.run(&[words, &["--json"]].concat());
    // A stranger's address, as long as nobody is known that it passes for.
    plan(&stage, LIKE_THE_SHOP);
    stage.json(&["contacts", "add", "shop", &Stage::shop()]);
    let answer = refused(&["plan", LIKE_THE_SHOP, "0.01btc", RATE[0], RATE[1]]);
    assert_eq!((answer.code, answer.error_code().as_str()), (1, "contact.look_alike"), "{answer:?}");
    assert!(answer.stdout.contains("(@shop)"), "{answer:?}");
    assert_eq!(refused(&["contacts", "add", "shop2", LIKE_THE_SHOP]).error_code(), "contact.look_alike");

    // Paid, and not a contact any more.
    stage.send(&["@shop", "0.01btc", RATE[0], RATE[1]]);
    stage.json(&["contacts", "remove", "shop"]);
    let words = ["send", LIKE_THE_SHOP, "0.01btc", RATE[0], RATE[1], "--yes", "--max-fee=5000sat", &stage.password()];
    assert_eq!(refused(&words).error_code(), "contact.look_alike");
    // The signer looks by itself, whatever the planner was told.
    stage.json(&["plan", LIKE_THE_SHOP, "0.01btc", RATE[0], RATE[1], "-o", "draft", "--to-unusual", LIKE_THE_SHOP]);
    let shown = page(&stage, &["inspect", "draft"]);
    assert!(shown.contains("it looks like") && shown.contains(&Stage::shop()), "{shown}");
    let sign = ["sign", "draft", "--yes", "--max-fee=5000sat", "--expect-to", LIKE_THE_SHOP, &stage.password()];
    assert_eq!(refused(&sign).error_code(), "contact.look_alike");
    stage.json(&[&sign[..], &["--to-unusual", LIKE_THE_SHOP, "-o", "signed"]].concat());
    // Once it was paid on purpose, it is known itself.
    stage.json(&["broadcast", "signed"]);
    stage.mine(1);
    plan(&stage, LIKE_THE_SHOP);
}

#[test]
fn contacts_go_to_another_home_and_back_whole_or_not_at_all() {
    let stage = Stage::with_wallet();
    let shop = Stage::shop();
    stage.json(&["contacts", "add", "shop", &shop]);
    stage.json(&["contacts", "add", "bob", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "-n", "base"]);
    everywhere(&stage, &["contacts", "export", "-o", "contacts.csv"]).expect_code(0);
    let text = std::fs::read_to_string(stage.path("contacts.csv")).unwrap();
    assert_eq!(text, everywhere(&stage, &["contacts", "export"]).stdout);
    assert_eq!(page(&stage, &["contacts", "export"]).lines().count(), 2, "of the network that is asked for");
    assert!(text.contains("bob,base,0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), "{text}");

    let other = Stage::with_wallet();
    std::fs::write(other.path("bad.csv"), text.clone() + "eve,base,0x12\nmallory,nowhere,0x12\nshop,regtest,bcrt1\n")
        .unwrap();
    let answer = other.run(&["contacts", "import", "bad.csv"]);
    assert_eq!(answer.code, 2, "{answer:?}");
    // As each kind of machine ends its lines, the same numbers.
    for end in ["\n", "\r\n", "\r"] {
        let bad = std::fs::read_to_string(other.path("bad.csv")).unwrap().replace('\n', end);
        std::fs::write(other.path("ended.csv"), bad).unwrap();
        let answer = other.run(&["contacts", "import", "ended.csv"]);
        for line in ["line 4:", "line 5:", "line 6:"] {
            assert!(answer.stderr.contains(line), "{answer:?}");
        }
    }
    assert!(everywhere(&other, &["contacts", "list"]).stdout.contains("No contacts yet"));
    std::fs::write(other.path("good.csv"), format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap();
    assert_eq!(other.json(&["contacts", "import", "good.csv"])["contacts"].as_array().unwrap().len(), 2);
    assert_eq!(other.json(&["contacts", "import", "good.csv"])["known"], 2);
    let listed = |stage| everywhere(stage, &["contacts", "list", "--json"]).stdout;
    assert_eq!(listed(&other), listed(&stage));
    assert_eq!(other.json(&["contacts", "list", "-n", "base"])["contacts"].as_array().unwrap().len(), 1);
}

#[test]
fn notes_and_frozen_coins_travel_as_bip_329() {
    let stage = Stage::with_coins(&[10_000_000, 20_000_000]);
    let coins = stage.json(&["coins"])["coins"].as_array().unwrap().clone();
    let coin = |place: usize| coins[place]["coin"].as_str().unwrap();
    stage.json(&["coins", "--freeze", coin(0)]);
    stage.json(&["coins", "--freeze", coin(1)]);
    stage.json(&["label", coin(1), "rent \"may\""]);
    stage.json(&["label", &coin(0)[..64], "salary"]);
    stage.json(&["label", &Stage::shop(), "the shop"]);
    stage.json(&["labels", "export", "-o", "labels.jsonl"]);
    let text = std::fs::read_to_string(stage.path("labels.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(
        lines
            .iter()
            .any(|line| line["type"] == "output" && line["label"] == "rent \"may\"" && line["spendable"] == false)
    );
    assert!(
        lines.iter().any(|line| line["type"] == "output" && line["label"] == Value::Null && line["spendable"] == false)
    );
    assert!(lines.iter().any(|line| line["type"] == "addr" && line["ref"] == Stage::shop().as_str()));

    // A wrong line changes nothing; lines of other wallets are kept; what they free is free.
    let wrong = text.clone() + "{\"type\": \"tx\", \"ref\": \"12\", \"label\": \"x\"}\nnot json\n";
    std::fs::write(stage.path("wrong"), wrong).unwrap();
    let answer = stage.run(&["labels", "import", "wrong"]);
    assert!(answer.code == 2 && answer.stderr.contains("line 5:") && answer.stderr.contains("line 6:"), "{answer:?}");
    let theirs = format!(
        "{{\"type\": \"output\", \"ref\": \"{}\", \"label\": \"theirs\", \"spendable\": true}}\n{{\"type\": \"xpub\", \"ref\": \"xpub6\", \
         \"label\": \"the key\", \"origin\": \"wpkh([d34db33f/84'/0'/0'])\"}}\n{{\"type\": \"new\", \"ref\": \"x\"}}\n",
        coin(0)
    );
    std::fs::write(stage.path("theirs"), theirs).unwrap();
    let read = stage.json(&["labels", "import", "theirs"]);
    assert_eq!((&read["labels"], &read["coins"], &read["unknown"]), (&2.into(), &1.into(), &1.into()), "{read}");
    let now = stage.json(&["coins"])["coins"].as_array().unwrap().clone();
    assert_eq!((&now[0]["frozen"], &now[0]["label"]), (&false.into(), &"theirs".into()));
    assert_eq!((&now[1]["frozen"], &now[1]["label"]), (&true.into(), &"rent \"may\"".into()));
    assert!(page(&stage, &["labels", "export"]).contains("the key"));
    assert!(page(&stage, &["labels", "list"]).contains("salary"));
}

/// A chain that prints its addresses with a checksum of its own (EIP-1191) has the same accounts as the others.
#[test]
fn a_note_on_an_evm_address_is_one_on_every_chain() {
    let stage = Stage::with_wallet();
    let (eip_55, eip_1191) =
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aaEB6053f3e94c9b9a09f33669435E7ef1bEAeD");
    let told = stage.json(&["label", eip_1191, "the shop", "-n", "rootstock"]);
    assert_eq!(told["what"], eip_1191, "as that chain prints it, so that it can be typed back");
    let exported = page(&stage, &["labels", "export"]);
    assert!(exported.contains(eip_55) && exported.contains("the shop"), "{exported}");
    stage.json(&["label", eip_55, "their shop", "-n", "ethereum"]);
    assert_eq!(stage.json(&["labels", "list"])["labels"].as_array().unwrap().len(), 1, "one address, one note");
}

/// No way in passes the stop by: a file, an address that was only paid, a name chosen on another network.
#[test]
fn a_look_alike_is_no_contact_by_any_way() {
    let stage = Stage::with_coins(&[50_000_000]);
    std::fs::write(stage.path("shop.csv"), format!("shop,regtest,{}\nshop2,regtest,{LIKE_THE_SHOP}\n", Stage::shop()))
        .unwrap();
    let answer = stage.run(&["contacts", "import", "shop.csv"]);
    assert!(
        answer.code == 2 && answer.stderr.contains("line 2:") && answer.stderr.contains("looks like"),
        "{answer:?}"
    );
    stage.send(&[&Stage::shop(), "0.01btc", RATE[0], RATE[1]]);
    let refused = stage.run(&["contacts", "add", "shop2", LIKE_THE_SHOP, "--json"]);
    assert_eq!(refused.error_code(), "contact.look_alike", "paid, and no contact");
    std::fs::write(stage.path("like.csv"), format!("shop2,regtest,{LIKE_THE_SHOP}\n")).unwrap();
    assert_eq!(stage.run(&["contacts", "import", "like.csv"]).code, 2);
    stage.json(&["contacts", "add", "shop", &Stage::shop()]);
    stage.json(&["contacts", "remove", "@shop"]);
}

/// A note never passes for a contact, whatever it says, and is found however its thing was written.
#[test]
fn notes_of_other_programs_are_shown_as_notes() {
    let stage = Stage::with_coins(&[50_000_000]);
    let (shop, id) = (Stage::shop(), stage.send(&[&Stage::shop(), "0.01btc", RATE[0], RATE[1]])["id"].clone());
    let id = id.as_str().unwrap();
    let lines = format!(
        "{{\"type\":\"addr\",\"ref\":\"{}\",\"label\":\"@bob\"}}\n{{\"type\":\"tx\",\"ref\":\"{}\",\"label\":\"tea\"}}\n",
        shop.to_uppercase(),
        id.to_uppercase()
    );
    std::fs::write(stage.path("theirs"), lines).unwrap();
    stage.json(&["labels", "import", "theirs"]);
    let shown = page(&stage, &["history"]);
    assert!(shown.contains(&format!("to \"@bob\" {shop}")) && shown.contains("tea"), "{shown}");
    assert!(page(&stage, &["tx", id]).contains("labelled \"@bob\""));
    // Grouped as a review prints it; and what is no address is no filter.
    let grouped = fastness::text::in_fours(&shop);
    assert!(page(&stage, &["history", "--to", &grouped]).contains(id));
    for words in [&["history", "--to", "nonsense", "--json"][..], &["history", "--limit", "0", "--json"]] {
        assert_eq!(stage.run(words).code, 2, "{words:?}");
    }
}
