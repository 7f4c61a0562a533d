//! What calls of wrapped coins, Permit2, Safes and unknown contracts mean, and that elsewhere the same bytes are a guess.

use alloy_primitives::{Address, Bytes, U256};

use super::{
    Ownership,
    call_summary::{Reading, Transacted},
    calldata::read,
    calls,
};
use crate::{
    network::EvmChain,
    review::{Certainty, Consent},
};

const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
const WETH: &str = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2";
const PERMIT2: &str = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
const EVE: &str = "0xbadC0FFEE0dDF00dbADC0FfEe0DdF00DbAdC0FFE";
const ANA: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const BOB: &str = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";
const ETHER: &str = "1000000000000000000";

fn call(function: &str, arguments: &[&str]) -> Bytes {
    let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
    let chain = EvmChain::by_id(1).expect("a chain");
    calls::call_data(&calls::function(function).expect("a function"), &arguments, chain).expect("calldata")
}

fn reading(to: &str, data: &[u8], wei: u64) -> Reading {
    let (chain, from) = (EvmChain::by_id(1).expect("a chain"), BOB.parse().expect("an address"));
    let to = Some(to.parse().expect("an address"));
    read(&Transacted { chain, from, to, value: U256::from(wei), data }, &Ownership::default())
}

fn is_blind(reading: &Reading) -> bool {
    reading.consents.iter().any(|consent| matches!(consent, Consent::Blind { .. }))
}

fn gains(reading: &Reading, address: &str) -> bool {
    reading.beneficiaries.iter().any(|found: &Address| found.to_string() == address)
}

#[test]
fn wrapping_is_wrapping_at_the_wrapped_coin_only() {
    let (deposit, withdraw) = (call("deposit()", &[]), call("withdraw(uint256)", &[ETHER]));
    assert_eq!(reading(WETH, &deposit, 5).action, format!("Wrap 0.000 000 000 000 000 005 ETH in {WETH}"));
    assert_eq!(reading(WETH, &withdraw, 0).action, format!("Unwrap 1 ETH from {WETH}"));
    for data in [&deposit, &withdraw] {
        assert!(!is_blind(&reading(WETH, data, 0)));
        for elsewhere in [EVE, USDC] {
            let guess = reading(elsewhere, data, 0);
            assert!(guess.action.starts_with("Call ") && guess.certainty == Certainty::Guess, "{}", guess.action);
            assert!(is_blind(&guess) && gains(&guess, elsewhere));
        }
    }
}

#[test]
fn permit2_says_who_moves_what_to_whom() {
    let lines = [
        (
            call("transferFrom(address,address,uint160,address)", &[BOB, ANA, "25000000", USDC]),
            format!("Send 25 USDC to {ANA} through Permit2"),
        ),
        (
            call("transferFrom(address,address,uint160,address)", &[ANA, EVE, "25000000", USDC]),
            format!("Send 25 USDC from {ANA} to {EVE} through Permit2"),
        ),
        (
            call("transferFrom((address,address,uint160,address)[])", &[&format!("[({BOB},{EVE},25000000,{USDC})]")]),
            format!("Send 25 USDC to {EVE} through Permit2"),
        ),
        (
            call("approve(address,address,uint160,uint48)", &[USDC, EVE, "25000000", "1900000000"]),
            format!("Allow {EVE} to spend 25 USDC through Permit2"),
        ),
        (
            call(
                "permitTransferFrom(((address,uint256),uint256,uint256),(address,uint256),address,bytes)",
                &[&format!("(({USDC},25000000),0,1900000000)"), &format!("({EVE},5000000)"), ANA, "0x"],
            ),
            format!("Send 5 USDC from {ANA} to {EVE} through Permit2"),
        ),
    ];
    for (data, sentence) in lines {
        let known = reading(PERMIT2, &data, 0);
        assert_eq!(known.action, sentence);
        assert!(!is_blind(&known), "{sentence}: {:?}", known.consents);
        let elsewhere = reading(EVE, &data, 0);
        assert!(is_blind(&elsewhere) && elsewhere.certainty == Certainty::Guess, "{}", elsewhere.action);
    }
    let two = format!("[({BOB},{ANA},1,{USDC}),({BOB},{EVE},1000000000000,{USDC})]");
    let two = reading(PERMIT2, &call("transferFrom((address,address,uint160,address)[])", &[&two]), 0);
    assert!(two.action.contains("2 transfers") && gains(&two, EVE) && gains(&two, ANA));
    assert!(two.tree.iter().any(|line| line.value.as_str() == format!("1,000,000 USDC to {EVE}")));
    let max: U256 = (U256::from(1) << 160usize) - U256::from(1);
    let all = call("approve(address,address,uint160,uint48)", &[USDC, EVE, &max.to_string(), "0"]);
    assert!(matches!(reading(PERMIT2, &all, 0).consents.as_slice(), [Consent::Unlimited { .. }]));
}

#[test]
fn an_approval_of_an_unknown_contract_may_be_of_an_nft() {
    for number in ["0", "1234"] {
        let unknown = reading(EVE, &call("approve(address,uint256)", &[ANA, number]), 0);
        let told = |reading: &Reading| {
            reading.warnings.iter().any(|warning| warning.text.ends_with(&format!("NFT #{number}")))
        };
        assert!(told(&unknown) && gains(&unknown, ANA), "{:?}", unknown.warnings);
        let known = reading(USDC, &call("approve(address,uint256)", &[ANA, number]), 0);
        assert!(!told(&known), "{:?}", known.warnings);
    }
    for bits in [96usize, 127, 128, 160] {
        let most: U256 = (U256::from(1) << bits) - U256::from(1);
        let most = most.to_string();
        let approved = reading(USDC, &call("approve(address,uint256)", &[ANA, &most]), 0);
        assert_eq!(approved.action, format!("Allow {ANA} to spend UNLIMITED USDC"));
        assert!(matches!(approved.consents.as_slice(), [Consent::Unlimited { .. }]));
        let raised = reading(USDC, &call("increaseAllowance(address,uint256)", &[ANA, &most]), 0);
        assert!(raised.action.ends_with("UNLIMITED USDC") && !raised.consents.is_empty(), "{}", raised.action);
    }
}

#[test]
fn a_permit_of_somebody_else_says_whose_it_is() {
    let word = format!("0x{}", "0".repeat(64));
    let permit = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)";
    let shown = reading(USDC, &call(permit, &[ANA, EVE, "25000000", "1900000000", "27", &word, &word]), 0);
    assert!(shown.action.contains(&format!("allows {EVE} to spend 25 USDC of {ANA}")), "{}", shown.action);
    assert!(gains(&shown, EVE));
}

#[test]
fn the_refund_of_a_safe_is_in_the_sentence() {
    let execute = "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)";
    let zero = format!("0x{}", "0".repeat(40));
    let run = |to: &str, operation: &str, price: &str, token: &str| {
        let data = call(execute, &[to, ETHER, "0x", operation, "0", "10000000000", price, token, EVE, "0x"]);
        reading(ANA, &data, 0)
    };
    let plain = run(BOB, "0", "0", &zero);
    assert_eq!(plain.action, format!("Let the Safe {ANA} call {BOB} with 1 ETH"));
    let refund = run(BOB, "0", "10000000000", &zero);
    assert!(refund.action.contains("REFUNDS up to 100.000 366 ETH") && gains(&refund, EVE), "{}", refund.action);
    assert!(run(BOB, "0", "100", USDC).action.contains("USDC for gas to"));
    assert!(is_blind(&run(BOB, "1", "0", &zero)) && is_blind(&run(BOB, "2", "0", &zero)) && !is_blind(&plain));
}
