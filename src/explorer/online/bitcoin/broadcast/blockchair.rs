//! Blockchair, for sending only: `POST /push/transaction` with the transaction as a form.
//!
//! It is never asked for anything. Its refusals are Bitcoin Core's words in a sentence of its own, without their number.

use bitcoin::Txid;
use hex::DisplayHex;
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    reject,
    submit_reply::{self, SubmitOutcome},
};
use crate::explorer::{
    Cause,
    online::{
        bitcoin::esplora::json,
        transport::{
            endpoint::Endpoint,
            http::{Budget, Http, HttpFault, HttpReply},
            limits,
        },
    },
};

#[derive(Deserialize)]
struct BlockchairAnswer {
    data: Option<DataJson>,
    context: ContextJson,
}

#[derive(Deserialize)]
struct DataJson {
    transaction_hash: Txid,
}

#[derive(Deserialize)]
struct ContextJson {
    /// The status of HTTP, or one of its own: it decides.
    code: u16,
    #[serde(default)]
    error: String,
}

/// Sends a transaction, once.
pub(crate) async fn push(http: &Http, endpoint: &Endpoint, raw: &[u8], txid: Txid, deadline: Instant) -> SubmitOutcome {
    let url = match endpoint.url("/push/transaction") {
        Ok(url) => url,
        Err(cause) => return SubmitOutcome::NotSent(cause),
    };
    let budget = Budget { bytes: limits::SMALL_BYTES, deadline };
    read(http.post_form(url, format!("data={}", raw.to_lower_hex_string()), budget).await, txid)
}

fn read(reply: Result<HttpReply, HttpFault>, txid: Txid) -> SubmitOutcome {
    let reply = match submit_reply::answered(reply) {
        Ok(reply) => reply,
        Err(outcome) => return outcome,
    };
    let Ok(answer) = json::parse::<BlockchairAnswer>(&reply.body) else {
        return of_code(reply.status).unwrap_or_else(
            || SubmitOutcome::Unclear(Cause::Malformed),
            || SubmitOutcome::Refused(reject::classify(b"")),
        );
    };
    of_code(answer.context.code).unwrap_or_else(
        || submit_reply::of_id(answer.data.map(|data| data.transaction_hash), txid),
        || SubmitOutcome::Refused(reject::classify(answer.context.error.as_bytes())),
    )
}

/// Its own codes for limits and blocks, then those of HTTP.
const fn of_code(code: u16) -> submit_reply::Spoken {
    let cause = match code {
        402 | 429 | 435 | 436 | 437 => Cause::Throttled,
        430 | 434 => Cause::Denied,
        _ => return submit_reply::of_status(code),
    };
    submit_reply::Spoken::Nothing(SubmitOutcome::NotSent(cause))
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash;

    use super::*;
    use crate::explorer::{bitcoin::RejectClass, online::bitcoin::broadcast::reject::Refusal};

    fn meaning(status: u16, body: &str) -> SubmitOutcome {
        read(Ok(HttpReply { status, retry_after: None, body: body.as_bytes().to_vec() }), Txid::all_zeros())
    }

    fn refused(error: &str) -> SubmitOutcome {
        meaning(400, &format!(r#"{{"data":null,"context":{{"code":400,"error":"{error}","market_price_usd":41596}}}}"#))
    }

    #[test]
    fn an_answer_with_our_id_is_an_acceptance() {
        let taken = |id: &str| {
            let context = r#"{"code":200,"source":"R","api":{"version":"2.0.95-ie"},"time":0.21}"#;
            meaning(200, &format!(r#"{{"data":{{"transaction_hash":"{id}"}},"context":{context}}}"#))
        };
        assert_eq!(taken(&"00".repeat(32)), SubmitOutcome::Accepted);
        assert_eq!(taken(&"11".repeat(32)), SubmitOutcome::Unclear(Cause::Lied));
        assert_eq!(meaning(200, r#"{"data":null,"context":{"code":200}}"#), SubmitOutcome::Unclear(Cause::Malformed));
        assert_eq!(meaning(200, "<html>"), SubmitOutcome::Unclear(Cause::Malformed));
    }

    #[test]
    fn the_words_of_the_node_are_found_in_its_sentence() {
        let class = |class| SubmitOutcome::Refused(Refusal::Class(class));
        for (error, meaning) in [
            ("Invalid transaction. Error: bad-txns-inputs-missingorspent", SubmitOutcome::Refused(Refusal::ReadBack)),
            (
                "Invalid transaction. Error: Transaction already in block chain",
                SubmitOutcome::Refused(Refusal::Confirmed),
            ),
            ("Invalid transaction. Error: 18: txn-already-in-mempool", SubmitOutcome::Refused(Refusal::Known)),
            ("Invalid transaction. Error: txn-mempool-conflict", class(RejectClass::ReplacementRefused)),
            (
                "Invalid transaction. Error: TX decode failed. Make sure the tx has at least one input.",
                class(RejectClass::Malformed),
            ),
            (
                "Invalid transaction. Error: min relay fee not met, 0 < 11",
                class(RejectClass::FeeTooLow { need_sat: Some(11) }),
            ),
            ("Update at evil.example", class(RejectClass::Unstated)),
        ] {
            assert_eq!(refused(error), meaning, "{error}");
        }
        assert_eq!(meaning(400, "no json"), class(RejectClass::Unstated));
    }

    #[test]
    fn its_codes_for_limits_and_blocks_count_wherever_they_stand() {
        for (code, meaning_of_it) in [
            (402, SubmitOutcome::NotSent(Cause::Throttled)),
            (429, SubmitOutcome::NotSent(Cause::Throttled)),
            (430, SubmitOutcome::NotSent(Cause::Denied)),
            (434, SubmitOutcome::NotSent(Cause::Denied)),
            (435, SubmitOutcome::NotSent(Cause::Throttled)),
            (436, SubmitOutcome::NotSent(Cause::Throttled)),
            (437, SubmitOutcome::NotSent(Cause::Throttled)),
            (500, SubmitOutcome::Unclear(Cause::ServerError(500))),
            (503, SubmitOutcome::NotSent(Cause::Busy)),
        ] {
            let body = format!(r#"{{"data":null,"context":{{"code":{code},"error":"Something went wrong"}}}}"#);
            for (status, body) in [(200, body.as_str()), (code, body.as_str()), (code, "")] {
                assert_eq!(meaning(status, body), meaning_of_it, "{status} {body}");
            }
        }
    }
}
