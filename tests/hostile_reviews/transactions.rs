//! Transactions that hide a transfer: in batches, batches of batches, Safe transactions, tuples, swaps, undecoded
//! bytes.

use crate::{End, Hidden, chain, crowd, page, synthetic::Dice};
use alloy_consensus::TxEip1559;
use alloy_dyn_abi::{DynSolValue, JsonAbiExt};
use alloy_json_abi::Function;
use alloy_primitives::{Address, Bytes, TxKind, U256, address};
use fastness::{
    chain::ethereum::{
        Ownership, Plan, decode,
        policy::{self, GivenConsents},
        transaction::write_unsigned,
    },
    flow::{bitcoin::PayeeSource, ethereum::EvmLimits},
    review::EvmReview,
};

pub(crate) const USDC: Address = address!("A0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48");
const WETH: Address = address!("C02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2");
pub(crate) const ROUTER: Address = address!("68b3465833fb72A70ecDF485E0e4C7bD8665Fc45");
pub(crate) const MULTICALL3: Address = address!("cA11bde05977b3631167028862bE2a173976CA11");
const PERMIT2: Address = address!("000000000022D473030F116dDEE9F6B43aC78BA3");
pub(crate) const OURS: Address = address!("a9D329B459730dd0043e761D38424452F8B3cDE4");
const SAFE: Address = address!("41675C099F32341bf84BFc5382aF534df5C7461a");
const PAY_MANY: &str = "pay(bytes32 note, (address,uint256)[] payments)";
const FORWARD: &str = "forward(address target, uint256 value, bytes data)";

/// A call that is being wrapped.
pub(crate) struct Call {
    pub(crate) to: Address,
    pub(crate) value: U256,
    pub(crate) data: Vec<u8>,
}

pub(crate) fn uint(number: U256) -> DynSolValue {
    DynSolValue::Uint(number, 256)
}

pub(crate) fn encoded(signature: &str, arguments: &[DynSolValue]) -> Vec<u8> {
    Function::parse(signature).unwrap().abi_encode_input(arguments).unwrap()
}

/// The transfer itself, in one of the forms that take money away.
fn transfer(dice: &mut Dice, hidden: &Hidden) -> Call {
    let (to, amount) = (DynSolValue::Address(hidden.to), uint(hidden.amount));
    let token = |data| Call { to: USDC, value: U256::ZERO, data };
    match dice.index(7) {
        0 | 1 => token(encoded("transfer(address,uint256)", &[to, amount])),
        2 => token(encoded("transferFrom(address,address,uint256)", &[OURS.into(), to, amount])),
        3 => token(encoded("approve(address,uint256)", &[to, amount])),
        4 => {
            let data = encoded(
                "transferFrom(address,address,uint160,address)",
                &[OURS.into(), to, DynSolValue::Uint(hidden.amount, 160), USDC.into()],
            );
            Call { to: PERMIT2, value: U256::ZERO, data }
        }
        5 => swap(hidden),
        _ => Call { to: hidden.to, value: hidden.amount, data: Vec::new() },
    }
}

pub(crate) fn swap(hidden: &Hidden) -> Call {
    let members = vec![
        USDC.into(),
        WETH.into(),
        DynSolValue::Uint(U256::from(500), 24),
        hidden.to.into(),
        uint(hidden.amount),
        uint(U256::ZERO),
        DynSolValue::Uint(U256::ZERO, 160),
    ];
    let signature = "exactInputSingle((address,address,uint24,address,uint256,uint256,uint160) params)";
    Call { to: ROUTER, value: U256::ZERO, data: encoded(signature, &[DynSolValue::Tuple(members)]) }
}

/// Something harmless beside it; often the same again.
fn filler(dice: &mut Dice) -> Call {
    let number = if dice.one_in(2) { 1 } else { dice.between(1, 1_000) };
    match dice.index(4) {
        0 => Call { to: ROUTER, value: U256::ZERO, data: encoded("refundETH()", &[]) },
        1 => Call {
            to: USDC,
            value: U256::ZERO,
            data: encoded("approve(address,uint256)", &[ROUTER.into(), uint(U256::ZERO)]),
        },
        _ => Call {
            to: USDC,
            value: U256::ZERO,
            data: encoded("transfer(address,uint256)", &[OURS.into(), uint(U256::from(number))]),
        },
    }
}

/// The call among others, in one of the standards' batches.
fn batch(dice: &mut Dice, inner: Call) -> Call {
    let mut calls: Vec<Call> = Vec::new();
    let alike = dice.one_in(2);
    for _ in 0..crowd(dice) {
        let next = match calls.last() {
            Some(last) if alike => Call { to: last.to, value: last.value, data: last.data.clone() },
            _ => filler(dice),
        };
        calls.push(next);
    }
    let place = dice.index(calls.len() + 1);
    calls.insert(place, inner);
    let value = calls.iter().map(|call| call.value).sum();
    let bytes = |call: &Call| DynSolValue::Bytes(call.data.clone());
    let tuple = |members: Vec<DynSolValue>| DynSolValue::Tuple(members);
    let may_fail = DynSolValue::Bool(dice.one_in(2));
    let three = |call: &Call| tuple(vec![call.to.into(), may_fail.clone(), bytes(call)]);
    let two = |call: &Call| tuple(vec![call.to.into(), bytes(call)]);
    let four = |call: &Call| tuple(vec![call.to.into(), may_fail.clone(), uint(call.value), bytes(call)]);
    let list = |each: &dyn Fn(&Call) -> DynSolValue| DynSolValue::Array(calls.iter().map(each).collect());
    let data = match dice.index(5) {
        0 => encoded("aggregate((address,bytes)[] calls)", &[list(&two)]),
        1 => encoded("aggregate3((address,bool,bytes)[] calls)", &[list(&three)]),
        2 => encoded("tryAggregate(bool requireSuccess, (address,bytes)[] calls)", &[may_fail.clone(), list(&two)]),
        3 => {
            let to = calls.get(place).unwrap().to;
            return Call { to, value, data: encoded("multicall(bytes[] data)", &[list(&bytes)]) };
        }
        _ => encoded("aggregate3Value((address,bool,uint256,bytes)[] calls)", &[list(&four)]),
    };
    Call { to: MULTICALL3, value, data }
}

fn safe(dice: &mut Dice, inner: Call) -> Call {
    let operation = u8::from(dice.one_in(8));
    let none = || DynSolValue::Address(Address::ZERO);
    let arguments = [
        inner.to.into(),
        uint(inner.value),
        DynSolValue::Bytes(inner.data),
        DynSolValue::Uint(U256::from(operation), 8),
        uint(U256::ZERO),
        uint(U256::ZERO),
        uint(U256::ZERO),
        none(),
        none(),
        DynSolValue::Bytes(vec![1; 65]),
    ];
    let signature = "execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, \
                     uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures)";
    Call { to: SAFE, value: U256::ZERO, data: encoded(signature, &arguments) }
}

/// Payments in tuples of a function whose signature the person typed.
fn tuples(dice: &mut Dice, hidden: &Hidden) -> Call {
    let pay = |to: Address, amount: U256| DynSolValue::Tuple(vec![to.into(), uint(amount)]);
    let mut payments: Vec<DynSolValue> = (0..crowd(dice)).map(|_| pay(OURS, U256::from(dice.between(1, 9)))).collect();
    payments.insert(dice.index(payments.len() + 1), pay(hidden.to, hidden.amount));
    let note = DynSolValue::FixedBytes(dice.bytes().into(), 32);
    Call { to: SAFE, value: U256::ZERO, data: encoded(PAY_MANY, &[note, DynSolValue::Array(payments)]) }
}

/// The call as bytes of another one: of a function that the person typed, or behind an NFT.
fn carried(dice: &mut Dice, mut inner: Call) -> Call {
    if dice.one_in(3) {
        inner.data.push(0);
    }
    // A payment of coins has no bytes that an NFT could carry.
    let is_of_coins = inner.data.len() < Address::len_bytes();
    let data = DynSolValue::Bytes(inner.data);
    if is_of_coins || dice.one_in(2) {
        return Call {
            to: SAFE,
            value: U256::ZERO,
            data: encoded(FORWARD, &[inner.to.into(), uint(inner.value), data]),
        };
    }
    let signature = "safeTransferFrom(address from, address to, uint256 tokenId, bytes data)";
    Call {
        to: USDC,
        value: U256::ZERO,
        data: encoded(signature, &[OURS.into(), SAFE.into(), uint(U256::from(7)), data]),
    }
}

/// Bytes that are not what they seem: another function, a byte more, dirt in the padding.
fn disguised(dice: &mut Dice, mut call: Call) -> Call {
    let end = call.data.len().saturating_sub(1);
    match (dice.index(3), call.data.get(4)) {
        (0, Some(_)) => call.data[4] = 1,
        (1, Some(_)) => call.data[..4].copy_from_slice(&dice.bytes()[..4]),
        (2, Some(_)) if dice.one_in(2) => call.data.truncate(end),
        _ => call.data.push(0),
    }
    call
}

fn made(dice: &mut Dice, hidden: &Hidden) -> (&'static str, Call) {
    let inner = transfer(dice, hidden);
    match dice.index(9) {
        0 => ("plain call", inner),
        1 | 2 => ("batch", batch(dice, inner)),
        3 => {
            let mut call = inner;
            for _ in 0..dice.between(2, 6) {
                call = if dice.one_in(3) { safe(dice, call) } else { batch(dice, call) };
            }
            ("nested batches", call)
        }
        4 => ("Safe", safe(dice, inner)),
        5 => ("tuples, typed signature", tuples(dice, hidden)),
        6 => ("carried in bytes", carried(dice, inner)),
        7 => ("disguised", disguised(dice, inner)),
        _ => {
            let inner = disguised(dice, inner);
            ("disguised in a batch", batch(dice, inner))
        }
    }
}

pub(crate) fn plan(call: &Call) -> Plan {
    let transaction = TxEip1559 {
        chain_id: 1,
        nonce: 3,
        gas_limit: 100_000,
        max_fee_per_gas: 1_000_000_000,
        max_priority_fee_per_gas: 1,
        to: TxKind::Call(call.to),
        value: call.value,
        access_list: Default::default(),
        input: Bytes::from(call.data.clone()),
    };
    Plan { chain: chain(), from: OURS, unsigned: write_unsigned(&transaction.into()), delegate: None }
}

/// Makes one, reviews it, and tells whether it would be agreed to.
pub(crate) fn reviewed(dice: &mut Dice) -> (&'static str, End) {
    let hidden = Hidden::new(dice);
    let (kind, call) = made(dice, &hidden);
    let ours = Ownership { typed_signatures: vec![PAY_MANY.to_owned(), FORWARD.to_owned()], ..Ownership::default() };
    let Ok(review) = decode::review(&plan(&call), &ours) else { return (kind, End::Refused) };
    let end = match policy::check_consents(&review, &GivenConsents::default()) {
        Err(_) => End::Stopped,
        Ok(()) if hidden.is_on(&page::of_transaction(&review)) && is_expected(&review, &hidden) => End::Shown,
        Ok(()) => End::Hidden,
    };
    assert_eq!(review.complete().is_none(), is_blind(&review), "what is not whole is blind, and nothing else is");
    (kind, end)
}

fn is_blind(review: &EvmReview) -> bool {
    review.consents.iter().any(|consent| matches!(consent, fastness::review::Consent::Blind { .. }))
}

/// Whether a script that expects every address but the recipient refuses.
fn is_expected(review: &EvmReview, hidden: &Hidden) -> bool {
    let others = review.beneficiaries.iter().copied().filter(|address| *address != hidden.to);
    let limits = EvmLimits { expect_to: others.chain([SAFE]).collect(), ..EvmLimits::default() };
    review.beneficiaries.contains(&hidden.to) && limits.agree(review, PayeeSource::File).is_err()
}
