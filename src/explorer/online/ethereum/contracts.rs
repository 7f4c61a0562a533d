//! Calls to contracts that every wallet asks: balances by Multicall3, what a token says of itself, oracles, approvals.
//!
//! The few calls are encoded by hand, for words and offsets are all they hold. What comes back is bounded and typed.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, Bytes, U256, address, b256, keccak256};
use serde_json::{Value, json};

use super::jsonrpc::{Rpc, member, parsed, small};
use crate::{
    chain::ethereum::revert,
    explorer::{
        Cause,
        ethereum::{ApprovalKind, ApprovalSeen, CallOutcome, EvmCall, TokenFacts},
    },
    text::SafeText,
};

/// Multicall3, at the same address on nearly every chain.
const MULTICALL3: Address = address!("cA11bde05977b3631167028862bE2a173976CA11");
/// The newest block of a node.
const LATEST: &str = "latest";
/// Event `Approval(address,address,uint256)` of ERC-20 and 721.
const APPROVAL: B256 = b256!("8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925");
/// Event `ApprovalForAll(address,address,bool)` of ERC-721 and 1155.
const APPROVAL_FOR_ALL: B256 = b256!("17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31");
/// Blocks of one question where the whole history is too much for a host, and how many such questions are asked.
const LOG_RANGE: u64 = 9_999;
const LOG_QUESTIONS: u64 = 60;

fn selector(signature: &str) -> [u8; 4] {
    let hash = keccak256(signature);
    [hash[0], hash[1], hash[2], hash[3]]
}

fn word(number: usize) -> [u8; 32] {
    U256::from(number).to_be_bytes()
}

/// `f(address)`.
fn with_address(signature: &str, address: Address) -> Bytes {
    [selector(signature).as_slice(), address.into_word().as_slice()].concat().into()
}

/// `balanceOf(address)` of ERC-20.
pub(super) fn balance_call(owner: Address) -> Bytes {
    with_address("balanceOf(address)", owner)
}

/// `getOperatorFee(uint256)` of OP-stack, since its Isthmus upgrade.
pub(super) fn operator_fee_call(gas: u64) -> Bytes {
    [selector("getOperatorFee(uint256)").as_slice(), &U256::from(gas).to_be_bytes::<32>()].concat().into()
}

/// `getL1Fee(bytes)` of OP-stack and Scroll.
pub(super) fn l1_fee_call(bytes: &[u8]) -> Bytes {
    let mut data = selector("getL1Fee(bytes)").to_vec();
    data.extend(word(32));
    push_bytes(&mut data, bytes);
    data.into()
}

/// Length, bytes, and zeros up to a whole word.
fn push_bytes(data: &mut Vec<u8>, bytes: &[u8]) {
    data.extend(word(bytes.len()));
    data.extend_from_slice(bytes);
    data.resize(data.len() + (32 - bytes.len() % 32) % 32, 0);
}

async fn returned(node: Rpc<'_>, to: Address, data: Bytes) -> Result<Option<Bytes>, Cause> {
    returned_at(node, to, data, LATEST).await
}

async fn returned_at(node: Rpc<'_>, to: Address, data: Bytes, block: &str) -> Result<Option<Bytes>, Cause> {
    let call = EvmCall { from: Address::ZERO, to: Some(to), value: U256::ZERO, data };
    Ok(match node.call(&call, block).await? {
        CallOutcome::Returned(data) if !data.is_empty() => Some(data),
        _ => None,
    })
}

/// The number that a call returns: one word.
pub(super) async fn number(node: Rpc<'_>, to: Address, data: Bytes) -> Result<Option<U256>, Cause> {
    number_at(node, to, data, LATEST).await
}

async fn number_at(node: Rpc<'_>, to: Address, data: Bytes, block: &str) -> Result<Option<U256>, Cause> {
    let data = returned_at(node, to, data, block).await?;
    Ok(data.and_then(|data| U256::try_from_be_slice(data.get(..32)?)))
}

/// The balance of each token at a block.
pub(super) async fn balances(
    node: Rpc<'_>,
    owner: Address,
    tokens: &[Address],
    block: &str,
) -> Result<Vec<Option<U256>>, Cause> {
    let call = balance_call(owner);
    if tokens.len() > 1
        && let Some(data) = returned_at(node, MULTICALL3, aggregate3(tokens, &call), block).await?
        && let Some(balances) = aggregated(&data, tokens.len())
    {
        return Ok(balances);
    }
    let mut balances = Vec::with_capacity(tokens.len());
    for token in tokens {
        balances.push(number_at(node, *token, call.clone(), block).await?);
    }
    Ok(balances)
}

/// `aggregate3((address,bool,bytes)[])` with the same call, allowed to fail, to each target.
fn aggregate3(targets: &[Address], call: &[u8]) -> Bytes {
    let mut element = Vec::new();
    push_bytes(&mut element, call);
    let size = 96 + element.len();
    let mut data = selector("aggregate3((address,bool,bytes)[])").to_vec();
    data.extend(word(32));
    data.extend(word(targets.len()));
    for place in 0..targets.len() {
        data.extend(word(32 * targets.len() + place * size));
    }
    for target in targets {
        data.extend_from_slice(target.into_word().as_slice());
        data.extend(word(1));
        data.extend(word(96));
        data.extend_from_slice(&element);
    }
    data.into()
}

/// Results of `aggregate3`: `(bool,bytes)[]`, each with one word of bytes.
fn aggregated(data: &[u8], count: usize) -> Option<Vec<Option<U256>>> {
    let number = |at: usize| usize::try_from(U256::try_from_be_slice(data.get(at..at.checked_add(32)?)?)?).ok();
    let start = number(0)?;
    if number(start)? != count {
        return None;
    }
    let body = start.checked_add(32)?;
    let one = |place: usize| {
        let at = body.checked_add(number(body + 32 * place)?)?;
        let bytes = at.checked_add(number(at.checked_add(32)?)?)?;
        let value = data.get(bytes.checked_add(32)?..bytes.checked_add(64)?);
        Some((number(at)? == 1 && number(bytes)? >= 32).then(|| value.and_then(U256::try_from_be_slice)).flatten())
    };
    (0..count).map(one).collect()
}

/// Symbol and decimals, in a token's own words; nothing if it does not say its decimals.
pub(super) async fn token_facts(node: Rpc<'_>, token: Address) -> Result<Option<TokenFacts>, Cause> {
    let call = |name: &str| Bytes::from(selector(name).to_vec());
    let decimals = number(node, token, call("decimals()")).await?;
    let Some(decimals) = decimals.and_then(|decimals| u8::try_from(decimals).ok()).filter(|d| *d <= 77) else {
        return Ok(None);
    };
    let symbol = returned(node, token, call("symbol()")).await?.map(|data| symbol(&data));
    Ok(Some(TokenFacts { symbol: symbol.unwrap_or_else(|| SafeText::new("?")), decimals }))
}

/// A string, or the 32 bytes that some old tokens answer; at most 32 characters of it.
fn symbol(data: &[u8]) -> SafeText {
    let text = match data.len() {
        32 => String::from_utf8_lossy(data).trim_end_matches('\0').to_owned(),
        _ => revert::string(data).unwrap_or_default(),
    };
    let short: String = text.chars().take(32).collect();
    SafeText::new(&short)
}

/// Allowances by their events. Where the host does not serve the whole history, the newest part that it does serve.
pub(super) async fn approvals(node: Rpc<'_>, owner: Address) -> Result<Vec<ApprovalSeen>, Cause> {
    match logs(node, owner, 0, None).await {
        Ok(seen) => return Ok(seen.into_iter().collect()),
        Err(cause @ (Cause::Throttled | Cause::TimedOut | Cause::Unreachable | Cause::NotThroughProxy)) => {
            return Err(cause);
        }
        Err(_) => {}
    }
    let tip = small(&node.ask("eth_blockNumber", json!([])).await.map_err(|refusal| refusal.cause())?)?;
    let mut seen = BTreeSet::new();
    for part in 0..LOG_QUESTIONS {
        let Some(to) = tip.checked_sub(part * (LOG_RANGE + 1)) else { break };
        seen.extend(logs(node, owner, to.saturating_sub(LOG_RANGE), Some(to)).await?);
    }
    Ok(seen.into_iter().collect())
}

async fn logs(node: Rpc<'_>, owner: Address, from: u64, to: Option<u64>) -> Result<BTreeSet<ApprovalSeen>, Cause> {
    let to = to.map_or_else(|| "latest".to_owned(), |to| format!("{to:#x}"));
    let filter = json!({
        "fromBlock": format!("{from:#x}"), "toBlock": to,
        "topics": [[APPROVAL, APPROVAL_FOR_ALL], owner.into_word()],
    });
    let answer = node.ask("eth_getLogs", json!([filter])).await.map_err(|refusal| refusal.cause())?;
    let logs = answer.as_array().ok_or(Cause::Malformed)?;
    let seen = logs.iter().map(|log| approval(log, owner)).collect::<Result<Vec<_>, _>>()?;
    Ok(seen.into_iter().flatten().collect())
}

/// An allowance; nothing for an event of that name without a spender, which any contract can emit in another's name.
fn approval(log: &Value, owner: Address) -> Result<Option<ApprovalSeen>, Cause> {
    let topics: Vec<B256> =
        member(log, "topics").as_array().ok_or(Cause::Malformed)?.iter().map(parsed).collect::<Result<_, _>>()?;
    let [event, who, spender, ..] = topics.as_slice() else { return Ok(None) };
    if *who != owner.into_word() {
        return Err(Cause::Lied);
    }
    let kind = match *event {
        APPROVAL => ApprovalKind::Amount,
        APPROVAL_FOR_ALL => ApprovalKind::Operator,
        _ => return Err(Cause::Lied),
    };
    let (contract, spender) = (parsed(member(log, "address"))?, Address::from_word(*spender));
    Ok(Some(ApprovalSeen { contract, spender, kind }))
}

#[cfg(test)]
mod tests {
    use alloy_dyn_abi::{DynSolValue, JsonAbiExt};
    use alloy_json_abi::Function;

    use super::*;

    #[test]
    fn calls_by_hand_are_those_of_the_abi() {
        let targets = [Address::repeat_byte(1), Address::repeat_byte(2), Address::repeat_byte(3)];
        let call = with_address("balanceOf(address)", Address::repeat_byte(9));
        let function = Function::parse("aggregate3((address,bool,bytes)[])").expect("a function");
        let element = |target: &Address| {
            DynSolValue::Tuple(vec![
                DynSolValue::Address(*target),
                DynSolValue::Bool(true),
                DynSolValue::Bytes(call.to_vec()),
            ])
        };
        let list = DynSolValue::Array(targets.iter().map(element).collect());
        assert_eq!(aggregate3(&targets, &call), function.abi_encode_input(&[list]).expect("encoded"));
        let oracle = Function::parse("getL1Fee(bytes)").expect("a function");
        for length in [0, 1, 31, 32, 33, 200] {
            let bytes = vec![0xab; length];
            let expected = oracle.abi_encode_input(&[DynSolValue::Bytes(bytes.clone())]).expect("encoded");
            assert_eq!(l1_fee_call(&bytes), expected);
        }
    }

    #[test]
    fn results_are_read_and_lies_are_nothing() {
        let result = |value: u64, works: bool| {
            DynSolValue::Tuple(vec![
                DynSolValue::Bool(works),
                DynSolValue::Bytes(U256::from(value).to_be_bytes::<32>().to_vec()),
            ])
        };
        let empty = DynSolValue::Tuple(vec![DynSolValue::Bool(true), DynSolValue::Bytes(Vec::new())]);
        let list = DynSolValue::Array(vec![result(7, true), result(8, false), empty]);
        let data = DynSolValue::Tuple(vec![list]).abi_encode_params();
        assert_eq!(aggregated(&data, 3), Some(vec![Some(U256::from(7)), None, None]));
        assert_eq!(aggregated(&data, 2), None);
        for cut in 0..data.len() {
            let _ = aggregated(&data[..cut], 3);
        }
        assert_eq!(aggregated(&[0xff; 256], 3), None);
    }

    #[test]
    fn event_topics_are_their_hashes() {
        assert_eq!(keccak256("Approval(address,address,uint256)"), APPROVAL);
        assert_eq!(keccak256("ApprovalForAll(address,address,bool)"), APPROVAL_FOR_ALL);
    }
}
