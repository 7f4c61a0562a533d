//! A transaction run on the newest block before the person is asked to sign it: a revert, a `false`, or a balance that
//! would not move as the sentence says.
//!
//! It is what nodes say, and travels as a claim. It asks; whether it stops is decided by the person.

use alloy_primitives::{Address, Bytes, U256};

use super::{Simulated, planning_context::PlanningContext};
use crate::{
    amount::Denomination,
    chain::ethereum::{
        calls::{TRANSFER, TokenTransfer, transfer_of},
        revert::Revert,
    },
    explain::Failure,
    explorer::ethereum::{CallOutcome, EvmCall, TokenMoves},
    token::Token,
};

/// `approve(address,uint256)` of ERC-20.
const APPROVE: [u8; 4] = [0x09, 0x5e, 0xa7, 0xb3];
/// Functions of tokens that answer whether they did it: transfer, approve, transferFrom, increaseAllowance and
/// decreaseAllowance; transferAndCall of ERC-677, and with data of ERC-1363.
const ANSWER_YES: [[u8; 4]; 7] = [
    TRANSFER,
    APPROVE,
    [0x23, 0xb8, 0x72, 0xdd],
    [0x39, 0x50, 0x93, 0x51],
    [0xa4, 0x57, 0xc2, 0xd7],
    [0x40, 0x00, 0xae, 0xa0],
    [0x12, 0x96, 0xee, 0x62],
];

/// What comes of a call; nothing where no node could run it.
pub(super) fn simulate(planning: &PlanningContext<'_>, call: &EvmCall) -> Result<Option<Simulated>, Failure> {
    let Ok(outcome) = planning.node.call(call) else { return Ok(None) };
    let why = match outcome.into_value() {
        CallOutcome::Reverted(revert) => Some(reverts(planning, call, &revert)),
        CallOutcome::Returned(data) => answers_no(&call.data, &data).map(str::to_owned).or(amiss(planning, call)?),
    };
    Ok(Some(why.map_or(Simulated::Succeeds, |why| Simulated::Fails { why })))
}

/// Why it reverts, in words; with the way out that one kind of token needs.
pub(super) fn reverts(planning: &PlanningContext<'_>, call: &EvmCall, revert: &Revert) -> String {
    let why = format!("it reverts: {}", revert.why(planning.errors, planning.chain));
    let raises = selector_of(&call.data) == Some(APPROVE) && !word(&call.data, 1).unwrap_or_default().is_zero();
    let usdt = "; some tokens change an allowance only from 0: revoke it first (`fastness token revoke`)";
    if raises { why + usdt } else { why }
}

/// Whether a token answers that it did not do it. One that answers nothing did it: old tokens do so.
fn answers_no(data: &[u8], answer: &Bytes) -> Option<&'static str> {
    let says = ANSWER_YES.contains(&selector_of(data)?) && !answer.is_empty();
    match U256::try_from_be_slice(answer.get(..32).unwrap_or_default()) {
        _ if !says => None,
        Some(yes) if answer.len() >= 32 && yes == U256::from(1) => None,
        Some(no) if answer.len() >= 32 && no.is_zero() => Some("the token answers false: it would move nothing"),
        _ => Some("the token answers neither true nor false"),
    }
}

/// What is amiss with the balances that a transfer is to move.
fn amiss(planning: &PlanningContext<'_>, call: &EvmCall) -> Result<Option<String>, Failure> {
    let Some((token, transfer)) = call.to.zip(transfer_of(&call.data)) else { return Ok(None) };
    let amount = |value: U256| {
        denomination(planning, token)
            .map_or_else(|| format!("{value} smallest units"), |denomination| denomination.of(value).to_string())
    };
    let moves = planning.node.token_moves(call, transfer.to).ok().and_then(crate::explorer::Claim::into_value);
    let Some(moves) = moves else {
        let balance = planning.node.token_balances(call.from, &[token])?.claim.into_value();
        let had = balance.first().copied().flatten().filter(|had| *had < transfer.amount);
        return Ok(had.map(|had| too_little(&amount(had), &amount(transfer.amount))));
    };
    Ok(misses(&moves, &transfer, call.from).map(|what| match what {
        Miss::Had => too_little(&amount(moves.had), &amount(transfer.amount)),
        Miss::Got => {
            format!("{} would get {}, not {}", transfer.to, amount(moves.got), amount(transfer.amount))
        }
        Miss::Given => {
            format!("{} would leave this account, not {}", amount(moves.given), amount(transfer.amount))
        }
    }))
}

fn too_little(had: &str, asked: &str) -> String {
    format!("the account has {had} of the token, and this sends {asked}")
}

/// What does not move as the sentence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Miss {
    Had,
    Got,
    Given,
}

fn misses(moves: &TokenMoves, transfer: &TokenTransfer, from: Address) -> Option<Miss> {
    // To oneself nothing moves.
    let expected = if transfer.to == from { U256::ZERO } else { transfer.amount };
    match () {
        () if moves.had < transfer.amount => Some(Miss::Had),
        () if moves.got != expected => Some(Miss::Got),
        () if moves.given != expected => Some(Miss::Given),
        () => None,
    }
}

/// The four bytes that name a function.
fn selector_of(data: &[u8]) -> Option<[u8; 4]> {
    data.first_chunk::<4>().copied()
}

/// How a token is counted: as pinned here, or as it was added.
fn denomination(planning: &PlanningContext<'_>, token: Address) -> Option<Denomination> {
    let pinned = Token::at(planning.chain.id, token).map(Token::denomination);
    let added = || {
        let tokens = planning.ledger.added_tokens(planning.chain.id).ok()?;
        let found = tokens.into_iter().find(|added| added.address == token)?;
        Some(Denomination::new(found.symbol.as_str(), found.decimals))
    };
    pinned.or_else(added)
}

/// Argument `place` of a call as a number.
fn word(data: &[u8], place: usize) -> Option<U256> {
    let start = 4 + 32 * place;
    U256::try_from_be_slice(data.get(start..start + 32)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfer(to: u8, amount: u64) -> Vec<u8> {
        let amount = U256::from(amount).to_be_bytes::<32>();
        [TRANSFER.as_slice(), Address::repeat_byte(to).into_word().as_slice(), &amount].concat()
    }

    #[test]
    fn a_no_of_a_token_is_heard_and_silence_is_a_yes() {
        let answer = |number: u64| Bytes::from(U256::from(number).to_be_bytes::<32>());
        for selector in ANSWER_YES {
            let data = [selector.as_slice(), &[0; 64]].concat();
            assert_eq!(answers_no(&data, &answer(1)), None);
            assert_eq!(answers_no(&data, &Bytes::new()), None);
            assert!(answers_no(&data, &answer(0)).is_some_and(|why| why.contains("false")));
            for odd in [answer(2), Bytes::from(vec![1]), Bytes::from(vec![0; 31]), Bytes::from(vec![0xff; 32])] {
                assert!(answers_no(&data, &odd).is_some_and(|why| why.contains("neither")), "{odd}");
            }
        }
        assert_eq!(answers_no(&[1, 2, 3, 4], &answer(0)), None, "another function may answer 0");
        assert_eq!(answers_no(&[], &answer(0)), None);
    }

    #[test]
    fn balances_have_to_move_as_the_sentence_says() {
        let sentence = transfer_of(&transfer(7, 10)).expect("a transfer");
        let from = Address::repeat_byte(9);
        let moves = |had: u64, given: u64, got: u64| TokenMoves {
            had: U256::from(had),
            given: U256::from(given),
            got: U256::from(got),
        };
        assert_eq!(misses(&moves(10, 10, 10), &sentence, from), None);
        assert_eq!(misses(&moves(9, 10, 10), &sentence, from), Some(Miss::Had));
        assert_eq!(misses(&moves(99, 10, 9), &sentence, from), Some(Miss::Got), "a token that keeps a share");
        assert_eq!(misses(&moves(99, 0, 0), &sentence, from), Some(Miss::Got));
        assert_eq!(misses(&moves(99, 50, 10), &sentence, from), Some(Miss::Given));
        assert_eq!(misses(&moves(99, 0, 0), &sentence, sentence.to), None, "to oneself");
        for odd in [&transfer(7, 10)[..67], &[transfer(7, 10), vec![0]].concat(), &[], &APPROVE] {
            assert!(transfer_of(odd).is_none());
        }
    }
}
