//! A token transfer run on the newest block without a transaction, with balances before and after it (`eth_simulateV1`).
//!
//! One node's word, as every estimate is. Where the node does not know the method, that is said and nothing is made up.

use alloy_primitives::{Address, Bytes, U256};
use serde_json::{Value, json};

use super::{
    EvmExplorer, contracts,
    jsonrpc::{Rpc, member, parsed},
    node::call_json,
};
use crate::explorer::{
    Cause, Claim, ExplorerError,
    ethereum::{EvmCall, TokenMoves},
};

impl EvmExplorer {
    /// What a call of a token moves from its sender to `recipient`; nothing where the node cannot simulate.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn token_moves(&self, call: &EvmCall, recipient: Address) -> Result<Claim<Option<TokenMoves>>, ExplorerError> {
        self.ask(Some(call.from), async |node: Rpc<'_>| moves(node, call, recipient).await)
    }
}

async fn moves(node: Rpc<'_>, call: &EvmCall, recipient: Address) -> Result<Option<TokenMoves>, Cause> {
    let balance = |owner: Address| {
        let data = contracts::balance_call(owner);
        call_json(&EvmCall { from: call.from, to: call.to, value: U256::ZERO, data })
    };
    let (ours, theirs) = (balance(call.from), balance(recipient));
    let calls = json!([ours, theirs, call_json(call), ours, theirs]);
    let params = json!([{"blockStateCalls": [{"calls": calls}]}, "latest"]);
    match node.ask("eth_simulateV1", params).await {
        Ok(answer) => Ok(read(&answer)),
        Err(refusal) if refusal.cause() == Cause::Throttled => Err(Cause::Throttled),
        Err(_) => Ok(None),
    }
}

/// The differences of the four balances; nothing where one of them is no number or the call in the middle failed.
fn read(answer: &Value) -> Option<TokenMoves> {
    let calls = member(answer.as_array()?.first()?, "calls").as_array()?;
    let [ours, theirs, call, ours_after, theirs_after] = calls.as_slice() else { return None };
    if member(call, "status").as_str() != Some("0x1") {
        return None;
    }
    let (ours, ours_after) = (balance(ours)?, balance(ours_after)?);
    let (theirs, theirs_after) = (balance(theirs)?, balance(theirs_after)?);
    Some(TokenMoves { had: ours, given: ours.saturating_sub(ours_after), got: theirs_after.saturating_sub(theirs) })
}

fn balance(call: &Value) -> Option<U256> {
    let data: Bytes = parsed(member(call, "returnData")).ok()?;
    U256::try_from_be_slice(data.get(..32)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(balances: [u64; 4], status: &str) -> Value {
        let [a, b, c, d] = balances.map(|balance| json!({"returnData": format!("{balance:#066x}"), "status": "0x1"}));
        json!([{"calls": [a, b, {"returnData": "0x", "status": status}, c, d]}])
    }

    #[test]
    fn what_moves_is_the_difference_and_odd_answers_are_none() {
        let moves = read(&answer([9, 1, 4, 5], "0x1")).expect("moves");
        assert_eq!((moves.had, moves.given, moves.got), (U256::from(9), U256::from(5), U256::from(4)));
        assert_eq!(read(&answer([9, 1, 4, 5], "0x0")), None);
        let backwards = read(&answer([4, 5, 9, 1], "0x1")).expect("moves");
        assert_eq!((backwards.given, backwards.got), (U256::ZERO, U256::ZERO));
        for odd in [json!(null), json!([]), json!([{}]), json!([{"calls": [1, 2]}]), json!({"calls": []})] {
            assert_eq!(read(&odd), None, "{odd}");
        }
        let mut short = answer([9, 1, 4, 5], "0x1");
        short[0]["calls"][3]["returnData"] = json!("0x01");
        assert_eq!(read(&short), None);
    }
}
