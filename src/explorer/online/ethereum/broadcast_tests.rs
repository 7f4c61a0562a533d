//! Replies of EVM nodes to a signed transaction: which of them is an acceptance.
//!
//! Tests only.

use super::*;

fn reply(status: u16, body: &str) -> Result<HttpReply, HttpFault> {
    Ok(HttpReply { status, retry_after: None, body: body.as_bytes().to_vec() })
}

fn error(code: i64, message: &str) -> Result<HttpReply, HttpFault> {
    reply(200, &format!(r#"{{"jsonrpc":"2.0","id":0,"error":{{"code":{code},"message":"{message}"}}}}"#))
}

#[test]
fn only_our_own_hash_is_an_acceptance() {
    let hash = B256::repeat_byte(7);
    let answer = |hash: B256| reply(200, &format!(r#"{{"jsonrpc":"2.0","id":0,"result":"{hash}"}}"#));
    assert_eq!(submit_outcome(answer(hash), hash), SubmitOutcome::Accepted);
    assert_eq!(submit_outcome(answer(B256::repeat_byte(8)), hash), SubmitOutcome::Lied);
    assert_eq!(submit_outcome(reply(200, "<html>"), hash), SubmitOutcome::Unclear);
    assert_eq!(submit_outcome(reply(502, "bad gateway"), hash), SubmitOutcome::Unclear);
    assert_eq!(submit_outcome(reply(429, "slow down"), hash), SubmitOutcome::NotSent(Cause::Throttled));
    assert_eq!(submit_outcome(error(-32_000, "already known"), hash), SubmitOutcome::Known);
    assert_eq!(submit_outcome(error(-32_000, "nonce too low"), hash), SubmitOutcome::Refused(EvmReject::NonceTooLow));
    assert_eq!(
        submit_outcome(Err(HttpFault::before_sending(Cause::Unreachable)), hash),
        SubmitOutcome::NotSent(Cause::Unreachable)
    );
}
