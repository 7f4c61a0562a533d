//! Payment URIs of Ethereum (EIP-681): what `receive` writes, `send` and `plan` read back; what is doubtful is refused.

use super::node::{ETHER, EvmStage, SHOP};

/// The payee, with an address of the same home that is only watched.
fn payee(stage: &EvmStage) {
    stage.json(&["account", "add", "ethereum", "--address", SHOP, "--wallet=shop"]);
}

fn asked(stage: &EvmStage, amount: &str) -> String {
    let received = stage.json(&["receive", "--wallet=shop", "--amount", amount]);
    received["uri"].as_str().unwrap().to_owned()
}

#[test]
fn coins_that_receive_asks_for_are_what_send_pays() {
    let stage = EvmStage::new();
    payee(&stage);
    let uri = asked(&stage, "0.25eth");
    assert_eq!(uri, format!("ethereum:{SHOP}@31337?value=250000000000000000"));
    let before = stage.anvil.balance(SHOP);
    let sent = stage.signed(&["send", &uri, "--wallet=main"]);
    assert_eq!(stage.tracked(&sent)["outcome"]["outcome"], "success");
    assert_eq!(stage.anvil.balance(SHOP) - before, ETHER / 4);
}

#[test]
fn so_are_tokens() {
    let (stage, coin) = EvmStage::with_coin();
    payee(&stage);
    let uri = asked(&stage, "25.5 STG");
    assert!(uri.ends_with(&format!("@31337/transfer?address={SHOP}&uint256=25500000")), "{uri}");
    let planned = stage.json(&["plan", &uri, "--wallet=main"]);
    assert_eq!(planned["review"]["action"], format!("Send 25.5 STG to {SHOP}"));
    stage.signed(&["send", &uri, "25.5 STG", "--wallet=main"]);
    assert_eq!(stage.anvil.coins(&coin, SHOP), 25_500_000);
}

#[test]
fn the_amount_may_come_from_either_side_and_never_from_both() {
    let stage = EvmStage::new();
    let planned = |words: &[&str]| stage.run(&[&["plan"], words, &["--json"]].concat());
    let bare = format!("ethereum:pay-{SHOP}@31337");
    let priced = format!("{bare}?value=1.5e18&gas=21000");
    let said = |words: &[&str]| planned(words).stdout;
    assert!(said(&[&bare, "1.5eth"]).contains("Send 1.5 ETH to"), "{}", said(&[&bare, "1.5eth"]));
    assert!(said(&[&priced]).contains("Send 1.5 ETH to"));
    assert!(said(&[&priced, "1.5eth"]).contains("Send 1.5 ETH to"));
    for (words, why) in [
        (&[priced.as_str(), "1.6eth"][..], "another amount"),
        (&[priced.as_str(), "all"], "another amount"),
        (&[bare.as_str()], "names no amount"),
        (&[bare.as_str(), "1eth", "1eth"], "only an amount can follow"),
    ] {
        let answer = planned(words);
        assert_eq!((answer.code, answer.error_code().as_str()), (2, "desk.usage"), "{words:?}: {answer:?}");
        assert!(answer.stdout.contains(why), "{words:?}: {answer:?}");
    }
}

#[test]
fn another_chain_another_function_and_a_name_are_refused() {
    let stage = EvmStage::new();
    for (uri, code) in [
        (format!("ethereum:{SHOP}@1?value=1"), "desk.usage"),
        (format!("ethereum:{SHOP}@4294967295?value=1"), "desk.usage"),
        (format!("ethereum:{SHOP}@31337/approve?address={SHOP}&uint256=1"), "uri.refused"),
        (format!("ethereum:{SHOP}@31337/transfer?address={SHOP}&uint256=1"), "desk.usage"),
        (format!("ethereum:{SHOP}@31337?value=0.5"), "uri.refused"),
        ("ethereum:vitalik.eth?value=1".to_owned(), "uri.refused"),
        (format!("ethereum:{}@31337?value=1", SHOP.replace("79C8", "79c8")), "address.checksum"),
    ] {
        let answer = stage.run(&["plan", &uri, "--json"]);
        assert_eq!((answer.code, answer.error_code().as_str()), (2, code), "{uri}: {answer:?}");
    }
}

#[test]
fn a_note_is_kept_and_what_an_account_of_one_address_cannot_do_is_an_error() {
    let stage = EvmStage::new();
    stage.json(&["receive", "--label", "from the shop"]);
    let labelled = stage.run(&["receive", "--new", "--json"]);
    assert_eq!(labelled.error_code(), "desk.other_options", "{labelled:?}");
    assert_eq!(stage.run(&["receive", "--amount=all", "--json"]).error_code(), "desk.usage");
    let page = stage.run(&["receive", "--amount", "1.5eth"]).stdout;
    assert!(page.contains("Asks for") && page.contains("1.5 ETH"), "{page}");
    assert_eq!(stage.json(&["receive"])["uri"].as_str().map(|uri| uri.contains('?')), Some(false));
}
