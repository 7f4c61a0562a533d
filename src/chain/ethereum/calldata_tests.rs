//! What calls are read as: sentences, gains, consents; and bytes that must not be read as anything.

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use proptest::prelude::*;

use super::{
    Ownership,
    call_reader::calldata_digest,
    call_summary::{Reading, Transacted},
    calldata::{CONSTRUCTOR, read},
    calls,
};
use crate::{
    network::EvmChain,
    review::{Certainty, Consent},
};

const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
const ANA: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const BOB: &str = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";

fn chain() -> &'static EvmChain {
    EvmChain::by_id(1).expect("a chain")
}

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

fn reading(to: Option<&str>, data: &[u8], signatures: &[&str]) -> Reading {
    let to = to.map(address);
    let facts = Transacted { chain: chain(), from: address(BOB), to, value: U256::ZERO, data };
    let typed_signatures = signatures.iter().map(|&text| text.to_owned()).collect();
    read(&facts, &Ownership { typed_signatures, ..Ownership::default() })
}

fn call(function: &str, arguments: &[&str]) -> Bytes {
    let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
    calls::call_data(&calls::function(function).expect("a function"), &arguments, chain()).expect("calldata")
}

fn sentence(to: &str, data: &[u8]) -> String {
    reading(Some(to), data, &[]).action
}

#[test]
fn calls_of_standards_are_sentences() {
    let max = U256::MAX.to_string();
    let lines = [
        (call("transfer(address,uint256)", &[ANA, "25000000"]), format!("Send 25 USDC to {ANA}")),
        (call("approve(address,uint256)", &[ANA, "25000000"]), format!("Allow {ANA} to spend 25 USDC")),
        (call("approve(address,uint256)", &[ANA, &max]), format!("Allow {ANA} to spend UNLIMITED USDC")),
        (call("approve(address,uint256)", &[ANA, "0"]), format!("Take away the allowance of {ANA} for USDC")),
        (
            call("transferFrom(address,address,uint256)", &[ANA, BOB, "1"]),
            format!("Send 0.000 001 USDC from {ANA} to {BOB}"),
        ),
        (
            call("setApprovalForAll(address,bool)", &[ANA, "true"]),
            format!("Allow {ANA} to move EVERY NFT of {USDC} that you have or will have"),
        ),
        (
            call("setApprovalForAll(address,bool)", &[ANA, "false"]),
            format!("No longer allow {ANA} to move your NFTs of {USDC}"),
        ),
        (
            call("safeTransferFrom(address,address,uint256)", &[BOB, ANA, "7"]),
            format!("Send NFT #7 of {USDC} to {ANA}"),
        ),
        (
            call("safeTransferFrom(address,address,uint256,uint256,bytes)", &[BOB, ANA, "7", "3", "0x"]),
            format!("Send 3 of NFT #7 of {USDC} to {ANA}"),
        ),
    ];
    for (data, expected) in lines {
        assert_eq!(sentence(USDC, &data), expected);
    }
    assert_eq!(sentence(ANA, &[]), format!("Send 0 ETH to {ANA}"));
    let unknown_token = reading(Some(ANA), &call("transfer(address,uint256)", &[BOB, "25"]), &[]);
    assert!(unknown_token.action.contains("25 smallest units of the token"), "{}", unknown_token.action);
    assert_eq!(unknown_token.warnings[0].code, "unknown_token");
}

#[test]
fn what_takes_without_limit_or_hands_over_control_is_named() {
    let max = U256::MAX.to_string();
    let spender = address(ANA);
    for data in [
        call("approve(address,uint256)", &[ANA, &max]),
        call("approve(address,uint256)", &[ANA, &U256::from(1).wrapping_shl(128).to_string()]),
        call("increaseAllowance(address,uint256)", &[ANA, "1"]),
        call("setApprovalForAll(address,bool)", &[ANA, "true"]),
    ] {
        assert_eq!(reading(Some(USDC), &data, &[]).consents, [Consent::Unlimited { spender }]);
    }
    for data in [
        call("upgradeTo(address)", &[ANA]),
        call("transferOwnership(address)", &[ANA]),
        call("grantRole(bytes32,address)", &[&B256::ZERO.to_string(), ANA]),
    ] {
        let found = reading(Some(USDC), &data, &["upgradeTo(address)"]);
        assert!(
            matches!(found.consents.as_slice(), [Consent::Blind { digest, .. }] if *digest == calldata_digest(&data))
        );
        assert!(found.beneficiaries.contains(&spender));
    }
    let into_itself = reading(Some(USDC), &call("transfer(address,uint256)", &[USDC, "1"]), &[]);
    assert!(matches!(into_itself.consents.as_slice(), [Consent::UnusualDestination { .. }]));
}

const SAFE: &str = "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)";

fn safe(data: &str, operation: &str) -> Reading {
    let data = call(SAFE, &[USDC, "0", data, operation, "0", "0", "0", ANA, ANA, "0x"]);
    reading(Some(BOB), &data, &[])
}

#[test]
fn calls_inside_of_calls_are_read_too() {
    let transfer = call("transfer(address,uint256)", &[ANA, "5000000"]).to_string();
    let known = safe(&transfer, "0");
    assert!(known.consents.is_empty() && known.beneficiaries.contains(&address(ANA)));
    assert!(known.tree.iter().any(|line| line.value.as_str() == format!("Send 5 USDC to {ANA}")), "{:#?}", known.tree);
    assert!(matches!(safe(&transfer, "1").consents.as_slice(), [Consent::Blind { .. }]), "operation 1");
    let unknown = safe("0x12345678", "0");
    assert_eq!(unknown.certainty, Certainty::Unknown);
    assert!(
        matches!(unknown.consents.as_slice(), [Consent::Blind { why, .. }] if why.as_str().contains("inside of it"))
    );

    let max = U256::MAX.to_string();
    let approve = call("approve(address,uint256)", &[ANA, &max]);
    let batch = call("aggregate3((address,bool,bytes)[])", &[&format!("[({USDC},false,{approve})]")]);
    assert_eq!(reading(Some(BOB), &batch, &[]).consents, [Consent::Unlimited { spender: address(ANA) }]);
    let multicall = call("multicall(bytes[])", &[&format!("[{approve}]")]);
    assert_eq!(reading(Some(BOB), &multicall, &[]).consents, [Consent::Unlimited { spender: address(ANA) }]);
    let mut nested = approve.clone();
    for _ in 0..6 {
        nested = call("multicall(bytes[])", &[&format!("[{nested}]")]);
    }
    assert!(matches!(reading(Some(BOB), &nested, &[]).consents.as_slice(), [Consent::Blind { .. }]), "too deep");
}

#[test]
fn only_exact_encodings_are_read() {
    let data = call("transfer(address,uint256)", &[ANA, "25000000"]);
    let longer = [data.as_ref(), &[0]].concat();
    let mut dirty = data.to_vec();
    dirty[4] = 1;
    for bad in [longer.as_slice(), &data[..67], &dirty, &data[..3], &data[..4]] {
        let found = reading(Some(USDC), bad, &[]);
        assert_eq!(found.certainty, Certainty::Unknown, "{}", hex::encode(bad));
        assert!(
            matches!(found.consents.as_slice(), [Consent::Blind { digest, .. }] if *digest == calldata_digest(bad))
        );
    }
}

/// Uniswap's SwapRouter02, SwapRouter and v2 Router02 on Ethereum.
const ROUTER_02: &str = "0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45";
const ROUTER_V3: &str = "0xE592427A0AEce92De3Edee1F18E0157C05861564";
const ROUTER_V2: &str = "0x7a250d5630B4cF539739dF2C5dAcb4c659F2488D";
const WETH: &str = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2";

#[test]
fn a_swap_at_a_pinned_exchange_says_what_it_gives_gets_and_for_whom() {
    let exact_in = |members: &str| {
        let function = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint160))";
        reading(Some(ROUTER_02), &call(function, &[members]), &[])
    };
    let robbed = exact_in(&format!("({USDC},{WETH},500,{ANA},1000000000000,0,0)"));
    assert_eq!(robbed.action, format!("Swap 1,000,000 USDC for at least 0 WETH, which {ANA} gets"));
    assert!(robbed.warnings.iter().any(|warning| warning.code == "no_minimum"));
    assert!(robbed.leaving.iter().any(|leaving| leaving.token == address(USDC)), "{:?}", robbed.leaving);
    assert!(robbed.beneficiaries.contains(&address(ANA)) && robbed.consents.is_empty());
    let fair = exact_in(&format!("({USDC},{WETH},500,{ANA},1000000000,500000000000000000,0)"));
    assert!(fair.warnings.iter().all(|warning| warning.code != "no_minimum"), "{:?}", fair.warnings);

    let function = "exactOutputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160))";
    let members = format!("({USDC},{WETH},500,{ANA},9999999999,1000000000000000000,5000000000,0)");
    let exact_out = reading(Some(ROUTER_V3), &call(function, &[&members]), &[]);
    assert_eq!(exact_out.action, format!("Swap at most 5,000 USDC for 1 WETH, which {ANA} gets"));

    let path = format!("[{USDC},{WETH}]");
    let function = "swapExactTokensForETH(uint256,uint256,address[],address,uint256)";
    let data = call(function, &["5000000000", "1000000000000000000", &path, ANA, "9999999999"]);
    let action = reading(Some(ROUTER_V2), &data, &[]).action;
    assert_eq!(action, format!("Swap 5,000 USDC for at least 1 ETH, which {ANA} gets"));

    let data = call(
        "swapExactETHForTokens(uint256,address[],address,uint256)",
        &["1000000", &format!("[{WETH},{USDC}]"), ANA, "9999999999"],
    );
    let value = U256::from(1_500_000_000_000_000_000_u64);
    let facts = Transacted { chain: chain(), from: address(BOB), to: Some(address(ROUTER_V2)), value, data: &data };
    let paid = read(&facts, &Ownership::default());
    assert_eq!(paid.action, format!("Swap 1.5 ETH for at least 1 USDC, which {ANA} gets"));
    // At another contract the same bytes are a guess, and no sentence is made of it.
    let elsewhere = reading(Some(ANA), &data, &[]);
    assert!(elsewhere.action.starts_with("Call swapExactETHForTokens on") && !elsewhere.consents.is_empty());
}

#[test]
fn typed_and_guessed_signatures_are_told_apart() {
    let data = call("frobnicate(uint256,address)", &["5", ANA]);
    assert_eq!(reading(Some(BOB), &data, &[]).certainty, Certainty::Unknown);
    let typed = reading(Some(BOB), &data, &["frobnicate(uint256,address)"]);
    assert_eq!((typed.certainty, typed.consents.len()), (Certainty::Typed, 0));
    assert_eq!(reading(Some(BOB), &data, &["frobnicate(uint256,bool)"]).certainty, Certainty::Unknown);
    let guessed = reading(Some(BOB), &call("stake(uint256)", &["5"]), &[]);
    assert_eq!(guessed.certainty, Certainty::Guess);
    assert!(matches!(guessed.consents.as_slice(), [Consent::Blind { .. }]), "a guess is agreed to by its digest");
    let known = reading(Some(BOB), &call("stake(uint256)", &["5"]), &["stake(uint256)"]);
    assert_eq!((known.certainty, known.consents.len()), (Certainty::Typed, 0));
    // A typed signature does not hide what a standard says of the same bytes.
    let approve = call("approve(address,uint256)", &[ANA, &U256::MAX.to_string()]);
    assert_eq!(reading(Some(USDC), &approve, &["approve(address,uint256)"]).consents.len(), 1);
}

#[test]
fn code_is_deployed_only_by_who_named_it() {
    assert_eq!(reading(None, &[0x60, 0x80], &[CONSTRUCTOR]).consents, []);
    assert!(matches!(reading(None, &[0x60, 0x80], &[]).consents.as_slice(), [Consent::Blind { .. }]));
}

proptest! {
    #[test]
    fn no_calldata_panics_or_is_unknown_without_a_stop(data in prop::collection::vec(any::<u8>(), 1..400), pick in 0usize..8) {
        let selectors: [[u8; 4]; 8] = [
            hex!("a9059cbb"), hex!("095ea7b3"), hex!("82ad56cb"), hex!("ac9650d8"), hex!("6a761202"), hex!("23b872dd"),
            hex!("f242432a"), hex!("00000000"),
        ];
        let data = [selectors[pick].as_slice(), &data].concat();
        let found = reading(Some(USDC), &data, &[]);
        prop_assert!(found.certainty != Certainty::Unknown || !found.consents.is_empty());
    }
}

/// Values of another implementation of Keccak-256 over the length in 32 bytes and the calldata (ERC-8213).
#[test]
fn calldata_is_compared_by_the_digest_of_erc_8213() {
    let to = hex::decode("70997970c51812dc3a010c7d01b50e0d17dc79c8").expect("hex");
    let data = [&[0xa9, 0x05, 0x9c, 0xbb][..], &[0; 12], &to, &U256::from(25_000_000).to_be_bytes::<32>()].concat();
    let digest = "0x018f7eaba6a2cbb4e02144cc45e700a9562fbd2de6d664b89776083db4eb940f";
    assert_eq!(calldata_digest(&data).to_string(), digest);
    let empty = "0x290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563";
    assert_eq!(calldata_digest(&[]).to_string(), empty);
}
