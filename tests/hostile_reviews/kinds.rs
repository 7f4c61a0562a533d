//! One test for each kind of hiding, with the right value: what is shown, what is a stop, and what is refused.

use crate::{
    Hidden, chain, page,
    synthetic::Dice,
    transactions::{Call, MULTICALL3, OURS, ROUTER, USDC, encoded, plan, swap, uint},
};
use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256, address};
use fastness::{
    account::EthereumAccount,
    chain::ethereum::{Ownership, decode},
    flow::{
        bitcoin::PayeeSource,
        ethereum::{EvmLimits, MaxTotal},
    },
    review::{Consent, EvmReview, MAX_LINES},
};

const LIDO: Address = address!("ae7ab96520DE3A18E5e111B5EaAb095312D7fE84");
/// A contract that is unknown here.
const STRANGER: Address = address!("bADC0fFee0dDf00dbadc0fFeE0dDF00dbaDc0ffe");

fn review(call: &Call) -> EvmReview {
    decode::review(&plan(call), &Ownership::default()).unwrap()
}

fn call(to: Address, signature: &str, arguments: &[DynSolValue]) -> Call {
    Call { to, value: U256::ZERO, data: encoded(signature, arguments) }
}

fn multicall(to: Address, calls: &[Call]) -> Call {
    let calls = calls.iter().map(|call| DynSolValue::Bytes(call.data.clone())).collect();
    call(to, "multicall(bytes[] data)", &[DynSolValue::Array(calls)])
}

fn blind(review: &EvmReview) -> Vec<String> {
    let why = |consent: &Consent| match consent {
        Consent::Blind { why, .. } => Some(why.to_string()),
        _ => None,
    };
    review.consents.iter().filter_map(why).collect()
}

/// Seventy harmless calls of a router, and one that takes everything.
fn crowded(to: Address, hidden: &Hidden) -> Call {
    let refund = || call(to, "refundETH()", &[]);
    let calls: Vec<Call> = (0..70).map(|_| refund()).chain([swap(hidden)]).collect();
    multicall(to, &calls)
}

#[test]
fn equal_calls_are_one_line_and_the_different_one_is_whole() {
    let hidden = Hidden::new(&mut Dice(1));
    let review = review(&crowded(ROUTER, &hidden));
    let page = page::of_transaction(&review);
    assert!(page.contains("70 inner calls, all the same"), "{page}");
    assert!(hidden.is_on(&page) && review.complete().is_some() && review.consents.is_empty(), "{page}");
    assert!(page.contains("Nothing else is in this transaction."), "{page}");
    assert!(page.lines().count() < 60, "seventy equal calls are not seventy lines: {page}");
    let distinct = |number: u64| call(USDC, "transfer(address,uint256)", &[OURS.into(), uint(U256::from(number))]);
    let calls: Vec<Call> = (0..70).map(distinct).collect();
    let different = page::of_transaction(&super::kinds::review(&multicall(USDC, &calls)));
    assert_eq!(different.matches("inner call").count(), 70, "different calls are never taken together");
}

#[test]
fn a_guess_is_blind_and_is_said_once() {
    let hidden = Hidden::new(&mut Dice(2));
    let review = review(&crowded(STRANGER, &hidden));
    let why = blind(&review);
    assert_eq!(why.len(), 1, "{why:?}");
    assert!(why[0].contains("only guessed") && why[0].contains("2 places"), "{why:?}");
    assert!(!page::of_transaction(&review).contains("Nothing else"));
}

#[test]
fn more_than_anybody_reads_is_blind() {
    let transfer = |number: usize| call(USDC, "transfer(address,uint256)", &[OURS.into(), uint(U256::from(number))]);
    let calls: Vec<Call> = (0..MAX_LINES).map(transfer).collect();
    // Either it is more than a transaction may hold, or it is blind.
    if let Ok(review) = decode::review(&plan(&multicall(USDC, &calls)), &Ownership::default()) {
        assert!(blind(&review).iter().any(|why| why.contains("longer than anybody reads")));
        assert!(!page::of_transaction(&review).contains("Nothing else"));
    }
}

#[test]
fn an_address_in_a_tuple_is_judged_as_any_other() {
    let hidden = Hidden::new(&mut Dice(3));
    let review = review(&swap(&hidden));
    assert!(review.beneficiaries.contains(&hidden.to) && !review.beneficiaries.contains(&USDC), "a token is no payee");
    let expect = |addresses: &[Address]| {
        let limits = EvmLimits { expect_to: addresses.to_vec(), ..EvmLimits::default() };
        limits.agree(&review, PayeeSource::File)
    };
    assert!(expect(&[ROUTER]).is_err());
    assert!(expect(&[ROUTER, hidden.to]).is_ok());
    // A stranger whose address begins and ends as that of an earlier payee.
    let mut alike = hidden.to;
    alike.0[9] ^= 1;
    let ours = Ownership { known_addresses: vec![alike], ..Ownership::default() };
    let review = decode::review(&plan(&swap(&hidden)), &ours).unwrap();
    assert!(matches!(review.consents.as_slice(), [Consent::UnusualDestination { to, .. }] if *to == hidden.to));
}

#[test]
fn what_an_argument_is_for_decides_what_it_loses() {
    let submit = |to| Call {
        value: U256::from(10u64).pow(U256::from(18)),
        ..call(to, "submit(address referral)", &[Address::ZERO.into()])
    };
    assert_eq!(review(&submit(LIDO)).consents, [], "nobody's referral is no lost recipient");
    assert!(!blind(&review(&submit(STRANGER))).is_empty());
    let lost = review(&call(USDC, "transfer(address,uint256)", &[Address::ZERO.into(), uint(U256::from(5))]));
    assert!(matches!(lost.consents.as_slice(), [Consent::UnusualDestination { .. }]));
}

#[test]
fn the_last_nonce_is_no_nonce() {
    let mut transaction = fastness::chain::ethereum::transaction::read_unsigned(
        &plan(&crowded(ROUTER, &Hidden::new(&mut Dice(4)))).unsigned,
    )
    .unwrap();
    if let alloy_consensus::TypedTransaction::Eip1559(inner) = &mut transaction {
        inner.nonce = u64::MAX;
    }
    let unsigned = fastness::chain::ethereum::transaction::write_unsigned(&transaction);
    let plan = fastness::chain::ethereum::Plan { unsigned, ..plan(&swap(&Hidden::new(&mut Dice(4)))) };
    assert!(decode::review(&plan, &Ownership::default()).unwrap_err().to_string().contains("EIP-2681"));
}

#[test]
fn all_that_may_leave_is_bounded() {
    let usdc = fastness::token::Token::at(1, USDC).unwrap().denomination();
    let send = |number: u64| call(USDC, "transfer(address,uint256)", &[STRANGER.into(), uint(U256::from(number))]);
    let aggregate = |calls: &[Call]| {
        let tuple = |call: &Call| {
            DynSolValue::Tuple(vec![call.to.into(), DynSolValue::Bool(false), DynSolValue::Bytes(call.data.clone())])
        };
        let calls = DynSolValue::Array(calls.iter().map(tuple).collect());
        call(MULTICALL3, "aggregate3((address,bool,bytes)[] calls)", &[calls])
    };
    let check = |call: &Call, most: u64| {
        let max_total = vec![MaxTotal { token: Some(USDC), most: usdc.clone().of(U256::from(most)) }];
        EvmLimits { max_total, ..EvmLimits::default() }.agree(&review(call), PayeeSource::Command)
    };
    assert!(check(&send(25), 25).is_ok());
    assert!(check(&send(26), 25).is_err());
    assert!(check(&aggregate(&[send(5), send(5), send(5), send(10)]), 25).is_ok(), "equal calls count each time");
    assert!(check(&aggregate(&[send(5), send(5), send(5), send(11)]), 25).is_err());
    assert!(check(&swap(&Hidden::new(&mut Dice(5))), u64::MAX).is_err(), "what a swap takes is not counted");
    let coins = Call { to: STRANGER, value: U256::from(1), data: Vec::new() };
    assert!(check(&coins, 25).is_err(), "no bound names the coins");
}

#[test]
fn a_file_is_agreed_to_by_its_payees_or_its_digest() {
    let hidden = Hidden::new(&mut Dice(6));
    let review = review(&swap(&hidden));
    let fee = EvmLimits { max_fee: Some(U256::MAX), ..EvmLimits::default() };
    assert!(fee.agree(&review, PayeeSource::Command).is_ok());
    assert!(fee.agree(&review, PayeeSource::File).is_err(), "a limit on the fee agrees to no payee");
    let approve = EvmLimits { approve: Some(review.digest.clone()), ..fee };
    assert!(approve.agree(&review, PayeeSource::File).is_ok());
    let to_self = Call { to: OURS, value: U256::from(1), data: Vec::new() };
    let fee = EvmLimits { max_fee: Some(U256::MAX), ..EvmLimits::default() };
    let ours = Ownership { accounts: vec![EthereumAccount::watched(chain().class, OURS)], ..Ownership::default() };
    assert!(
        fee.agree(&decode::review(&plan(&to_self), &ours).unwrap(), PayeeSource::File).is_ok(),
        "nobody else gains"
    );
}
