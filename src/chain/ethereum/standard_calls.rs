//! What the calls of standards mean: tokens sent, allowances, NFTs, vaults, batches, Safe transactions.
//!
//! Amounts are in the token's own decimals where the pinned list knows them, else whole numbers that are said to be so.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256};

use super::{
    batches::{self, is_batch},
    call_reader::{Decoded, Inner, Reader},
    call_values::{Values, amount, denomination, is_unlimited, moved, named, or_unlimited, units},
    calls,
    known_messages::PERMIT2,
    permit2,
    safe::{DELEGATECALL as DELEGATECALL_OPERATION, EXEC_TRANSACTION, OWN_RULES, Refund},
    units::native,
};
use crate::review::{Certainty, Consent, Measure};

/// Safe's operation of running foreign code as the Safe.
const DELEGATECALL: u64 = 1;

/// An amount of a token.
#[derive(Clone, Copy)]
struct TokenAmount {
    /// Contract of the token.
    token: Address,
    /// The amount, in smallest units.
    value: U256,
}

/// NFTs that go from one account to another.
struct NftTransfer {
    /// Who has them.
    from: Address,
    /// Who gets them.
    to: Address,
    /// Which ones, in words.
    what: String,
}

/// Reads a call whose signature a standard defines.
pub(super) fn standard(reader: &mut Reader<'_>, to: Address, decoded: &Decoded, depth: usize) {
    let signature = decoded.function.signature();
    if !is_its_own(reader, to, &signature) {
        return guess(reader, to, decoded, depth);
    }
    let values = Values(&decoded.arguments);
    let tokens = TokenAmount { token: to, value: values.uint(1) };
    let nfts = |what: String| NftTransfer { from: values.address(0), to: values.address(1), what };
    if !is_batch(&signature) {
        reader.arguments(decoded, depth);
        if signature != EXEC_TRANSACTION && signature != "deposit()" {
            carries_coins(reader, depth);
        }
    }
    match signature.as_str() {
        "transfer(address,uint256)" => send(reader, tokens, values.address(0), depth),
        "approve(address,uint256)" => {
            approve(reader, tokens, values.address(0), depth);
            perhaps_an_nft(reader, to, values.address(0), values.uint(1));
        }
        "increaseAllowance(address,uint256)" => raise(reader, tokens, values.address(0), depth),
        "decreaseAllowance(address,uint256)" => lower(reader, tokens, values.address(0), depth),
        "transferFrom(address,address,uint256)" => move_from(reader, to, &values, depth),
        "setApprovalForAll(address,bool)" => operator(reader, to, &values, depth),
        "safeTransferFrom(address,address,uint256)" | "safeTransferFrom(address,address,uint256,bytes)" => {
            nft(reader, to, nfts(format!("NFT #{}", values.uint(2))), depth);
        }
        "safeTransferFrom(address,address,uint256,uint256,bytes)" => {
            nft(reader, to, nfts(format!("{} of NFT #{}", values.uint(3), values.uint(2))), depth);
        }
        "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)" => {
            nft(reader, to, nfts("several NFTs (listed below)".to_owned()), depth);
        }
        "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)" => {
            permit(reader, to, &values, depth);
        }
        "approve(address,address,uint160,uint48)" => {
            permit2(reader, TokenAmount { token: values.address(0), value: values.uint(2) }, values.address(1), depth);
        }
        other if permit2::is_a_movement(other) => permit2::read(reader, decoded, depth),
        "deposit()" => wrap(reader, to, depth),
        "withdraw(uint256)" => unwrap(reader, to, values.uint(0), depth),
        EXEC_TRANSACTION => safe(reader, to, &values, depth),
        other if is_batch(other) => batches::read(reader, to, decoded, depth),
        _ => vault(reader, to, decoded, depth),
    }
}

/// An allowance that becomes smaller.
fn lower(reader: &mut Reader<'_>, tokens: TokenAmount, spender: Address, depth: usize) {
    let amount = amount(reader, tokens.token, tokens.value);
    reader.measured();
    reader.say(depth, format!("Lower the allowance of {} by {amount}", reader.name(spender)));
}

/// Wrapped coins that become coins again.
fn unwrap(reader: &mut Reader<'_>, wrapped: Address, value: U256, depth: usize) {
    reader.gains(wrapped);
    let amount = native(reader.facts.chain, value);
    reader.say(depth, format!("Unwrap {amount} from {}", reader.name(wrapped)));
}

/// Whether a function is what its name says: that of a wrapped coin or of Permit2 is at its own contract only.
fn is_its_own(reader: &Reader<'_>, to: Address, signature: &str) -> bool {
    match signature {
        "deposit()" | "withdraw(uint256)" => reader.facts.chain.wrapped() == Some(to),
        "approve(address,address,uint160,uint48)" => to == PERMIT2,
        other => to == PERMIT2 || !permit2::is_a_movement(other),
    }
}

/// A function of another contract than the one that defines it: a guess, unless the person typed its signature.
fn guess(reader: &mut Reader<'_>, to: Address, decoded: &Decoded, depth: usize) {
    let selector = decoded.function.selector();
    let same = |typed: &String| calls::function(typed).is_ok_and(|function| function.selector() == selector);
    let found = if reader.ours.typed_signatures.iter().any(same) { Certainty::Typed } else { Certainty::Guess };
    reader.reading.certainty = reader.reading.certainty.max(found);
    if found == Certainty::Guess {
        let inner = if depth == 0 { "" } else { " (a call inside of it)" };
        let why = "a function is only guessed from its first four bytes; another one can have the same";
        reader.tree.gap(&format!("{why}{inner}"));
    }
    decoded.arguments.iter().filter_map(DynSolValue::as_address).for_each(|address| reader.gains(address));
    reader.plain_call(to, decoded, depth);
}

fn send(reader: &mut Reader<'_>, tokens: TokenAmount, to: Address, depth: usize) {
    let TokenAmount { token, value } = tokens;
    reader.gains(to);
    reader.say(depth, format!("Send {} to {}", amount(reader, token, value), reader.name(to)));
    moved(reader, token, value, depth);
    into_its_contract(reader, token, to);
    if units(reader, token, value).is_none() {
        reader.warn(
            "unknown_token",
            format!("{} is not in the pinned list: its decimals are not known here", reader.name(token)),
        );
    }
}

/// Tokens sent to their own contract are lost.
fn into_its_contract(reader: &mut Reader<'_>, token: Address, to: Address) {
    if token == to {
        let why = "the contract of the token itself, where tokens are lost";
        reader.consent(Consent::UnusualDestination { to, why });
    }
}

/// No contract that keeps the standard takes coins with these functions: the receiver is another kind of contract.
fn carries_coins(reader: &mut Reader<'_>, depth: usize) {
    if !reader.value.is_zero() {
        let value = native(reader.facts.chain, reader.value);
        reader.warn("coins_with_a_token_call", format!("{value} go along with a call that needs none"));
        reader.blind("coins go along with a call that needs none", depth);
    }
}

fn approve(reader: &mut Reader<'_>, tokens: TokenAmount, spender: Address, depth: usize) {
    let TokenAmount { token, value } = tokens;
    let who = reader.name(spender);
    if value.is_zero() {
        reader.measured();
        return reader.say(depth, format!("Take away the allowance of {who} for {}", named(reader, token)));
    }
    reader.gains(spender);
    if is_unlimited(reader, token, value) {
        reader.say(depth, format!("Allow {who} to spend UNLIMITED {}", named(reader, token)));
        return reader.consent(Consent::Unlimited { spender });
    }
    reader.say(depth, format!("Allow {who} to spend {}", amount(reader, token, value)));
    moved(reader, token, value, depth);
}

/// ERC-721 has the same `approve`: there its number is a token. A contract that is not known here may be either.
fn perhaps_an_nft(reader: &mut Reader<'_>, contract: Address, spender: Address, number: U256) {
    if denomination(reader, contract).is_some() || spender.is_zero() {
        return;
    }
    reader.gains(spender);
    let (name, who) = (reader.name(contract), reader.name(spender));
    let text =
        format!("{name} is no token that is known here: if it is an NFT contract, this lets {who} move NFT #{number}");
    reader.warn("perhaps_an_nft", text);
}

/// ERC-2612, submitted by its owner or by a holder of the owner's signature.
fn permit(reader: &mut Reader<'_>, token: Address, values: &Values<'_>, depth: usize) {
    let (owner, spender, value) = (values.address(0), values.address(1), values.uint(2));
    if owner == reader.facts.from {
        return approve(reader, TokenAmount { token, value }, spender, depth);
    }
    reader.gains(spender);
    let (amount, who, whose) = (or_unlimited(reader, token, value), reader.name(spender), reader.name(owner));
    reader.say(depth, format!("Show the permit of {whose}, which allows {who} to spend {amount} of {whose}"));
}

fn raise(reader: &mut Reader<'_>, tokens: TokenAmount, spender: Address, depth: usize) {
    let TokenAmount { token, value } = tokens;
    reader.gains(spender);
    reader.say(
        depth,
        format!("Raise the allowance of {} by {}", reader.name(spender), or_unlimited(reader, token, value)),
    );
    // How high it is now is not in the bytes.
    reader.consent(Consent::Unlimited { spender });
}

fn move_from(reader: &mut Reader<'_>, token: Address, values: &Values<'_>, depth: usize) {
    let (from, to, value) = (values.address(0), values.address(1), values.uint(2));
    reader.gains(to);
    // ERC-721 has the same function: its number is a token, not an amount.
    let what = match units(reader, token, value) {
        Some(units) => units.to_string(),
        None => format!("{value} smallest units (or NFT #{value}) of {}", reader.name(token)),
    };
    let owner = if from == reader.facts.from { String::new() } else { format!(" from {}", reader.name(from)) };
    reader.say(depth, format!("Send {what}{owner} to {}", reader.name(to)));
    moved(reader, token, value, depth);
    into_its_contract(reader, token, to);
}

fn operator(reader: &mut Reader<'_>, contract: Address, values: &Values<'_>, depth: usize) {
    let (spender, who) = (values.address(0), reader.name(values.address(0)));
    let all = reader.name(contract);
    if values.0.get(1).and_then(DynSolValue::as_bool) != Some(true) {
        reader.measured();
        return reader.say(depth, format!("No longer allow {who} to move your NFTs of {all}"));
    }
    reader.gains(spender);
    reader.say(depth, format!("Allow {who} to move EVERY NFT of {all} that you have or will have"));
    reader.consent(Consent::Unlimited { spender });
}

fn nft(reader: &mut Reader<'_>, contract: Address, transfer: NftTransfer, depth: usize) {
    let NftTransfer { from, to, what } = transfer;
    reader.gains(to);
    let owner = if from == reader.facts.from { String::new() } else { format!(" from {}", reader.name(from)) };
    reader.say(depth, format!("Send {what} of {}{owner} to {}", reader.name(contract), reader.name(to)));
    into_its_contract(reader, contract, to);
}

/// Permit2's own allowance: it moves what the token's allowance for Permit2 permits, which is unlimited as a rule.
fn permit2(reader: &mut Reader<'_>, tokens: TokenAmount, spender: Address, depth: usize) {
    let TokenAmount { token, value } = tokens;
    let who = reader.name(spender);
    if value.is_zero() {
        reader.measured();
        return reader.say(depth, format!("Take away the Permit2 allowance of {who} for {}", named(reader, token)));
    }
    reader.gains(spender);
    if is_unlimited(reader, token, value) {
        reader.say(depth, format!("Allow {who} to spend UNLIMITED {} through Permit2", named(reader, token)));
        return reader.consent(Consent::Unlimited { spender });
    }
    reader.say(depth, format!("Allow {who} to spend {} through Permit2", amount(reader, token, value)));
    moved(reader, token, value, depth);
}

fn wrap(reader: &mut Reader<'_>, to: Address, depth: usize) {
    reader.gains(to);
    let value = native(reader.facts.chain, reader.value);
    reader.say(depth, format!("Wrap {value} in {}", reader.name(to)));
    if depth == 0 {
        reader.tells_coins = true;
        reader.reading.moved = Some(value);
    }
}

/// ERC-4626 and the rest: the call as it is, with every address that it names.
fn vault(reader: &mut Reader<'_>, to: Address, decoded: &Decoded, depth: usize) {
    reader.gains(to);
    decoded.arguments.iter().filter_map(DynSolValue::as_address).for_each(|address| reader.gains(address));
    reader.say(depth, format!("Call {} on {}", decoded.function.name, reader.name(to)));
}

fn safe(reader: &mut Reader<'_>, safe: Address, values: &Values<'_>, depth: usize) {
    let (to, value) = (values.address(0), values.uint(1));
    let data = values.bytes(2).to_vec();
    reader.gains(to);
    let refund = Refund {
        safe_tx_gas: values.uint(4),
        base_gas: values.uint(5),
        gas_price: values.uint(6),
        token: values.address(7),
        receiver: values.address(8),
    };
    let with = if value.is_zero() { String::new() } else { format!(" with {}", native(reader.facts.chain, value)) };
    let coin = |token: Address, value: U256| {
        if token.is_zero() { native(reader.facts.chain, value).to_string() } else { or_unlimited(reader, token, value) }
    };
    let refunds = refund.sentence(coin, |address| reader.name(address));
    reader.say(depth, format!("Let the Safe {} call {}{with}{refunds}", reader.name(safe), reader.name(to)));
    if values.uint(3) == U256::from(DELEGATECALL) {
        reader.blind("the Safe would run foreign code as itself (operation 1, a delegatecall)", depth);
    }
    if values.uint(3) > DELEGATECALL_OPERATION || (to == safe && !data.is_empty()) {
        reader.tree.gap(if to == safe { OWN_RULES } else { "it is an operation that no Safe has" });
    }
    if refund.most().is_some() && !refund.receiver.is_zero() {
        reader.gains(refund.receiver);
    }
    // What a Safe gives is its own, and in no total of this account.
    if refund.most().is_some() || !value.is_zero() {
        reader.reading.measure = Measure::Open;
    }
    reader.inner(&Inner { to, value, data: &data, times: 1, failing: "" }, depth + 1);
}
