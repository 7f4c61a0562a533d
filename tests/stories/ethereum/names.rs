//! Names from outside: a contract whose symbol passes for a known one is refused, one with odd letters is shown by their codes.

use serde_json::json;

use super::node::EvmStage;

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
