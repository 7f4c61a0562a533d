//! Names from outside: a contract whose symbol passes for a known one is refused, one with odd letters is shown by their codes.

use serde_json::json;

use super::node::{EvmStage, OURS, word};

/// Code of a contract that answers `symbol()` with this text, and everything else with 6.
fn calls_itself(symbol: &str) -> String {
    let length = symbol.len();
    assert!(length <= 32, "one word");
    let text: String = symbol.bytes().map(|byte| format!("{byte:02x}")).collect();
    let answer = format!("{:0>64}{:0>64x}{text:0<64}", "20", length);
    format!("0x60003560e01c6395d89b41146019576006600052602060 00f35b60606026600039 60606000f3{answer}").replace(' ', "")
}

#[test]
fn no_token_passes_for_a_known_one() {
    let stage = EvmStage::new();
    let contract = "0x7000000000000000000000000000000000001001";
    let look_up = |symbol: &str| {
        stage.anvil.rpc("anvil_setCode", &json!([contract, calls_itself(symbol)]));
        stage.run(&["token", "add", contract, "--json"])
    };
    for symbol in
        ["ETH", "\u{395}TH", "USD\u{421}", "USDC ", "US\u{200b}DC", "US\u{2800}DC", "\u{ff35}\u{ff33}\u{ff24}\u{ff23}"]
    {
        let answer = look_up(symbol);
        answer.expect_code(2);
        assert!(answer.stdout.contains("passes for"), "{symbol:?}: {answer:#?}");
        assert!(!answer.stdout.contains(symbol) || symbol.is_ascii(), "{symbol:?} is shown as it is: {answer:#?}");
    }
    let honest = look_up("\u{41c}\u{418}\u{420}");
    honest.expect_code(0);
    assert!(honest.stdout.contains("\u{41c}\u{418}\u{420}"), "{honest:#?}");
    let odd = look_up("x\u{41c}y\u{202e}z");
    odd.expect_code(0);
    assert!(odd.stdout.contains("x\\\\u{41c}y\\\\u{202e}z") && odd.stderr.contains("odd_symbol"), "{odd:#?}");
}

/// What a list says of a token's decimals would make every amount another one: the contract is asked before anything is paid.
#[test]
fn a_list_that_counts_other_decimals_than_the_contract_moves_nothing() {
    let stage = EvmStage::new();
    let coin = stage.anvil.deploy("Coin", &format!("{}{}", word(&format!("{:x}", 1_000_000_000u64)), word(OURS)));
    let token = serde_json::json!({"chainId": 31337, "address": coin, "symbol": "ODD", "decimals": 2, "name": "N"});
    let list = serde_json::json!({"name": "A list", "tokens": [token]}).to_string();
    let file = stage.stage.path("list.json").display().to_string();
    std::fs::write(&file, list).unwrap();
    assert_eq!(stage.json(&["token", "import", &file])["added"], 1);
    for words in [&["send", OURS, "1 ODD"][..], &["token", "approve", OURS, "1 ODD"]] {
        let yes = ["--yes", "--max-fee=0.05eth", &stage.stage.password()];
        let refused = stage.run(&[words, &yes].concat());
        assert!(refused.code == 2 && refused.stderr.contains("at its contract, and 2 here"), "{refused:?}");
    }
}

/// A list as exchanges publish it: a token, a pinned one, an impostor, a sentence, and one of another chain.
#[test]
fn a_published_list_is_taken_as_it_says_and_only_from_its_signer_where_one_is_named() {
    let stage = EvmStage::new();
    let token = |chain: u64, digit: char, symbol: &str| {
        let contract = format!("0x{}", digit.to_string().repeat(40));
        serde_json::json!({"chainId": chain, "address": contract, "symbol": symbol, "decimals": 6, "name": "N"})
    };
    let tokens = [
        token(31337, '1', "GOOD"),
        token(31337, '2', "U\u{405}DC"),
        token(31337, '3', "USDC to your own account"),
        token(1, '4', "ELSE"),
        token(31337, '1', "GOOD"),
    ];
    let list = serde_json::json!({"name": "A list", "logoURI": "x", "tokens": tokens}).to_string();
    let file = stage.stage.path("list.json").display().to_string();
    std::fs::write(&file, &list).unwrap();
    // A signature over something else adds nothing.
    let sign = |text: &str| {
        let sign = ["message", "sign", text, &stage.stage.password()];
        let digest = stage.json(&["message", "inspect", text])["digest"].as_str().unwrap().to_owned();
        stage.json(&[&sign[..], &["--approve", &digest]].concat())["signature"].as_str().unwrap().to_owned()
    };
    let import =
        |signature: &str| stage.run(&["token", "import", &file, "--signer", OURS, "--signature", signature, "--json"]);
    let refused = import(&sign("another text"));
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stdout.contains("signed by"), "{refused:?}");
    let known = |stage: &EvmStage| stage.json(&["token", "list"])["tokens"].as_array().unwrap().len();
    let before = known(&stage);
    let answer: serde_json::Value = serde_json::from_str(&import(&sign(&list)).stdout).unwrap();
    let taken = &answer["data"];
    assert_eq!((&taken["added"], &taken["known"], &taken["elsewhere"]), (&1.into(), &1.into(), &1.into()), "{taken}");
    assert_eq!(taken["left_out"].as_array().unwrap().len(), 2, "{taken}");
    assert_eq!((taken["signed_by"].as_str(), known(&stage)), (Some(OURS), before + 1), "{taken}");
    // The same list again, without a signature, adds nothing and says whose it is not.
    let again = stage.run(&["token", "import", &file]);
    assert!(again.stdout.contains("0 tokens") && again.stderr.contains("nothing says who made"), "{again:?}");
    for (text, why) in [("{", "is no list of tokens"), ("{\"name\":\"x\",\"tokens\":[{}]}", "missing field")] {
        std::fs::write(&file, text).unwrap();
        let bad = stage.run(&["token", "import", &file]);
        assert!(bad.code == 2 && bad.stderr.contains(why), "{bad:?}");
    }
}
