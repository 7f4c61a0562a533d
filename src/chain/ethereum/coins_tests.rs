//! Coins beside calls, calls within bytes, and names that a person typed: every beneficiary is named, and nothing is
//! said of an amount that is another call's.

use alloy_consensus::{TxEip1559, TxEip7702};
use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, U256};

use super::{
    EthereumError, Ownership, Plan,
    call_summary::{Reading, Transacted},
    calldata::read,
    calls, decode,
    transaction::write_unsigned,
};
use crate::{
    network::EvmChain,
    review::{Consent, EvmReview, Measure},
};

const ETHER: u64 = 1_000_000_000_000_000_000;
const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
const WETH: &str = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2";
const MULTICALL: &str = "0xcA11bde05977b3631167028862bE2a173976CA11";
const ROUTER: &str = "0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45";
const SAFE: &str = "0x5afe000000000000000000000000000000000001";
const EVE: &str = "0xbadC0FFEE0dDF00dbADC0FfEe0DdF00DbAdC0FFE";
const ANA: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const ZERO: &str = "0x0000000000000000000000000000000000000000";

fn chain() -> &'static EvmChain {
    EvmChain::by_id(1).expect("a chain")
}

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

fn call(function: &str, arguments: &[&str]) -> Bytes {
    let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
    calls::call_data(&calls::function(function).expect("a function"), &arguments, chain()).expect("calldata")
}

fn reading(to: &str, data: &[u8], (ether, signatures): (u64, &[&str])) -> Reading {
    let value = U256::from(ether) * U256::from(ETHER);
    let facts = Transacted { chain: chain(), from: address(ANA), to: Some(address(to)), value, data };
    let typed_signatures = signatures.iter().map(|&text| text.to_owned()).collect();
    read(&facts, &Ownership { typed_signatures, ..Ownership::default() })
}

fn is_blind(reading: &Reading) -> bool {
    reading.consents.iter().any(|consent| matches!(consent, Consent::Blind { .. }))
}

fn lines(reading: &Reading) -> String {
    reading.tree.iter().map(|line| format!("{} = {}\n", line.name, line.value)).collect()
}

fn aggregate(to: &str, value: &str, data: &Bytes) -> Bytes {
    call("aggregate3Value((address,bool,uint256,bytes)[])", &[&format!("[({to},false,{value},{data})]")])
}

#[test]
fn whoever_gets_coins_with_a_call_gains_and_the_sentence_says_how_many() {
    for data in [
        call("setApprovalForAll(address,bool)", &[ANA, "false"]),
        call("transfer(address,uint256)", &[ANA, "5"]),
        call("approve(address,uint256)", &[ANA, "0"]),
        call("decreaseAllowance(address,uint256)", &[ANA, "5"]),
        call("safeTransferFrom(address,address,uint256)", &[ANA, ANA, "5"]),
        call("deposit(uint256,address)", &["5", ANA]),
    ] {
        let robbed = reading(EVE, &data, (100, &[]));
        assert!(robbed.beneficiaries.contains(&address(EVE)), "{}", robbed.action);
        assert!(robbed.action.ends_with(" with 100 ETH"), "{}", robbed.action);
        assert_eq!(robbed.moved.as_ref().map(ToString::to_string).as_deref(), Some("100 ETH"), "{}", robbed.action);
        assert!(is_blind(&robbed), "no such function takes coins: {}", robbed.action);
        let same = reading(EVE, &data, (0, &[]));
        assert!(!same.action.contains("ETH"), "{}", same.action);
    }
    let batch =
        reading(MULTICALL, &aggregate(EVE, "100000000000000000000", &Bytes::from_static(&[1, 2, 3, 4])), (100, &[]));
    assert!(batch.beneficiaries.contains(&address(EVE)) && batch.action.ends_with(" with 100 ETH"), "{}", batch.action);
}

#[test]
fn coins_that_no_call_of_a_batch_takes_are_agreed_to_by_digest() {
    let wrap = |value: &str| aggregate(WETH, value, &call("deposit()", &[]));
    assert!(!is_blind(&reading(MULTICALL, &wrap("1000000000000000000"), (1, &[]))));
    assert!(is_blind(&reading(MULTICALL, &wrap("1000000000000000000"), (2, &[]))));
    let without = call("aggregate3((address,bool,bytes)[])", &[&format!("[({ANA},false,0x)]")]);
    assert!(is_blind(&reading(MULTICALL, &without, (1, &[]))) && !is_blind(&reading(MULTICALL, &without, (0, &[]))));
}

#[test]
fn amounts_are_those_of_the_call_that_is_read() {
    let wrapped = reading(MULTICALL, &aggregate(WETH, "1000000000000000000", &call("deposit()", &[])), (100, &[]));
    assert!(lines(&wrapped).contains("does = Wrap 1 ETH in"), "{}", lines(&wrapped));
    let execute = "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)";
    let data = call("deposit()", &[]).to_string();
    let safe = call(execute, &[WETH, "5000000000000000000", &data, "0", "0", "0", "0", ZERO, ZERO, "0x"]);
    let safe = reading(SAFE, &safe, (0, &[]));
    assert!(lines(&safe).contains("does = Wrap 5 ETH in"), "{}", lines(&safe));
    assert_eq!(safe.measure, Measure::Open, "what a Safe gives is in no total");
    let refund = call(execute, &[USDC, "0", "0x", "0", "0", "0", "1000000000", USDC, EVE, "0x"]);
    assert_eq!(reading(SAFE, &refund, (0, &[])).measure, Measure::Open);
}

#[test]
fn coins_beside_a_swap_are_told_and_a_swap_into_the_exchange_is_a_stop() {
    let swap = |token: &str, to: &str, given: &str| {
        let function = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint160))";
        call(function, &[&format!("({token},{USDC},500,{to},{given},1000000,0)")])
    };
    let wrapped = reading(ROUTER, &swap(WETH, ANA, "1000000000000000000"), (1, &[]));
    assert!(!is_blind(&wrapped), "the exchange wraps what is given: {:?}", wrapped.consents);
    let left = reading(ROUTER, &swap(WETH, ANA, "1000000000000000000"), (2, &[]));
    assert!(is_blind(&left) && left.action.ends_with(" with 2 ETH"), "{}", left.action);
    let kept = reading(ROUTER, &swap(WETH, ROUTER, "1000000000000000000"), (0, &[]));
    let is_stop =
        |consent: &Consent| matches!(consent, Consent::UnusualDestination { to, .. } if *to == address(ROUTER));
    assert!(kept.consents.iter().any(is_stop), "{:?}", kept.consents);
    let all = reading(ROUTER, &swap(WETH, ANA, "0"), (0, &[]));
    assert!(all.action.contains("all that the exchange holds"), "{}", all.action);
    let function = "exactOutputSingle((address,address,uint24,address,uint256,uint256,uint160))";
    let most = format!("({USDC},{WETH},500,{ANA},1000000000000000000,{},0)", U256::MAX);
    let most = reading(ROUTER, &call(function, &[&most]), (0, &[]));
    assert!(most.action.contains("UNLIMITED USDC"), "{}", most.action);
    assert!(most.consents.contains(&Consent::Unlimited { spender: address(ROUTER) }), "{:?}", most.consents);
}

#[test]
fn a_call_among_the_bytes_of_an_argument_is_agreed_to_by_its_digest() {
    let typed = "execute(address,uint256,bytes)";
    let inner = [
        call("approve(address,uint256)", &[EVE, &U256::MAX.to_string()]),
        call("transferOwnership(address)", &[EVE]),
        call("transfer(address,uint256)", &[EVE, "1"]),
    ];
    for inner in inner {
        let data = call(typed, &[USDC, "0", &inner.to_string()]);
        assert!(is_blind(&reading(ANA, &data, (0, &[typed]))), "{inner}");
        let nft = call("safeTransferFrom(address,address,uint256,bytes)", &[ANA, ANA, "1", &inner.to_string()]);
        assert!(is_blind(&reading(ANA, &nft, (0, &[]))), "{inner}");
    }
    // The name alone makes no call of a Safe.
    for typed in ["execTransaction(address,bytes)", "execute(address,bytes)"] {
        let data = call(typed, &[USDC, &format!("0x{}", "77".repeat(40))]);
        assert!(is_blind(&reading(ANA, &data, (0, &[typed]))), "{typed}");
    }
}

#[test]
fn names_that_were_typed_decide_nothing_about_who_gains() {
    let data = call("withdraw(address,uint256,address)", &[USDC, "5", EVE]);
    for names in ["address token,uint256 amount,address from", "address,uint256,address"] {
        let typed = format!("withdraw({names})");
        let read = reading("0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2", &data, (0, &[&typed]));
        assert!(read.beneficiaries.contains(&address(EVE)), "{typed}: {:?}", read.beneficiaries);
    }
}

fn reviewed(list: Vec<AccessListItem>, authorization: Option<SignedAuthorization>) -> Result<EvmReview, EthereumError> {
    let to = address(EVE);
    let access_list = AccessList(list);
    let transaction = match authorization {
        None => TxEip1559 { chain_id: 1, gas_limit: 21_000, to: to.into(), access_list, ..TxEip1559::default() }.into(),
        Some(one) => {
            let authorization_list = vec![one];
            TxEip7702 { chain_id: 1, gas_limit: 21_000, to, authorization_list, ..TxEip7702::default() }.into()
        }
    };
    let unsigned = write_unsigned(&transaction);
    decode::review(&Plan { chain: chain(), from: address(ANA), unsigned, delegate: None }, &Ownership::default())
}

#[test]
fn every_key_of_an_access_list_is_shown_and_none_is_cut() {
    let item = |keys: u16| AccessListItem {
        address: address(USDC),
        storage_keys: (0..keys).map(|key| B256::with_last_byte(key.to_be_bytes()[1])).collect(),
    };
    let shown = reviewed(vec![item(2)], None).expect("a review").access_list;
    let keys = [0, 1].map(|key| format!("  key {}", B256::with_last_byte(key)));
    assert_eq!(shown, [vec![USDC.to_owned()], keys.to_vec()].concat());
    let long = reviewed(vec![item(2_001)], None);
    assert!(matches!(long, Err(EthereumError::Refused(_))), "longer than anybody reads");
}

#[test]
fn an_authorisation_that_nobody_signed_is_refused() {
    let bare = Authorization { chain_id: U256::from(1), address: Address::ZERO, nonce: 0 };
    let unsigned = SignedAuthorization::new_unchecked(bare, 0, U256::ZERO, U256::ZERO);
    let refused = reviewed(Vec::new(), Some(unsigned)).map(|_| ()).map_err(|error| error.to_string());
    assert!(refused.as_ref().is_err_and(|error| error.contains("signed by nobody")), "{refused:?}");
}
