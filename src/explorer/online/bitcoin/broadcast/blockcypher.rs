//! BlockCypher, for sending only: `POST /txs/push` with the transaction as JSON, answered with the whole transaction.
//!
//! It is never asked for anything. Its node is its own, and so are most of its words.

use bitcoin::Txid;
use hex::DisplayHex;
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    reject::{self, Refusal},
    submit_reply::{self, SubmitOutcome},
};
use crate::explorer::{
    bitcoin::RejectClass,
    online::{
        bitcoin::esplora::json,
        transport::{
            endpoint::Endpoint,
            http::{Budget, Http, HttpFault, HttpReply, JsonContent, RequestPurpose},
            limits,
        },
    },
};

/// What it says in words of its own, in lower case; the first that is contained counts.
const SENTENCES: &[(&str, Refusal)] = &[
    ("already exists", Refusal::Known),
    ("orphaned, missing reference", Refusal::ReadBack),
    ("referencing an unknown transaction", Refusal::ReadBack),
    ("already been spent", Refusal::ReadBack),
    ("error running script", Refusal::Class(RejectClass::BadSignature)),
];

#[derive(Deserialize)]
struct BlockcypherAnswer {
    tx: BlockcypherTx,
}

#[derive(Deserialize)]
struct BlockcypherTx {
    hash: Txid,
}

#[derive(Deserialize)]
struct ErrorJson {
    error: String,
}

/// Sends a transaction, once.
pub(crate) async fn push(http: &Http, endpoint: &Endpoint, raw: &[u8], txid: Txid, deadline: Instant) -> SubmitOutcome {
    let url = match endpoint.url("/txs/push") {
        Ok(url) => url,
        Err(cause) => return SubmitOutcome::NotSent(cause),
    };
    let budget = Budget { bytes: limits::TX_PAGE_BYTES, deadline };
    let text = format!(r#"{{"tx":"{}"}}"#, raw.to_lower_hex_string());
    read(http.post_json(url, JsonContent { purpose: RequestPurpose::Send, text }, budget).await, txid)
}

fn read(reply: Result<HttpReply, HttpFault>, txid: Txid) -> SubmitOutcome {
    let reply = match submit_reply::answered(reply) {
        Ok(reply) => reply,
        Err(outcome) => return outcome,
    };
    let id = || json::parse::<BlockcypherAnswer>(&reply.body).ok().map(|answer| answer.tx.hash);
    let refusal = || SubmitOutcome::Refused(refusal(&reply.body));
    submit_reply::of_status(reply.status).unwrap_or_else(|| submit_reply::of_id(id(), txid), refusal)
}

fn refusal(body: &[u8]) -> Refusal {
    let error = json::parse::<ErrorJson>(body).map(|json| json.error.to_ascii_lowercase()).unwrap_or_default();
    let sentence = SENTENCES.iter().find(|(words, _)| error.contains(words));
    let bare = error.trim_start_matches("error validating transaction:").trim();
    sentence.map_or_else(|| reject::classify(bare.as_bytes()), |(_, refusal)| *refusal)
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::Hash;

    use super::*;
    use crate::explorer::Cause;

    fn meaning(status: u16, body: &str) -> SubmitOutcome {
        read(Ok(HttpReply { status, retry_after: None, body: body.as_bytes().to_vec() }), Txid::all_zeros())
    }

    #[test]
    fn an_answer_with_our_id_is_an_acceptance() {
        let taken = |id: &str| {
            let fields = r#""block_height":-1,"fees":8100,"preference":"high","inputs":[{"sequence":4294967295}]"#;
            meaning(201, &format!(r#"{{"tx":{{"hash":"{id}",{fields}}}}}"#))
        };
        assert_eq!(taken(&"00".repeat(32)), SubmitOutcome::Accepted);
        assert_eq!(taken(&"11".repeat(32)), SubmitOutcome::Unclear(Cause::Lied));
        assert_eq!(meaning(201, "{}"), SubmitOutcome::Unclear(Cause::Malformed));
    }

    #[test]
    fn every_sentence_has_its_class() {
        let class = |class| Refusal::Class(class);
        let id = "1d8ec538c63760e73c97a1e38da6e1cfc8bc46f36b5b7fd2974f510433e13d15";
        for (error, refusal) in [
            (format!("Transaction with hash {id} already exists."), Refusal::Known),
            (format!("Transaction {id} orphaned, missing reference {id}."), Refusal::ReadBack),
            (format!("Transaction {id} has an input referencing an unknown transaction: {id}."), Refusal::ReadBack),
            (format!("Error running script for input 0 referencing {id} at 0."), class(RejectClass::BadSignature)),
            ("min relay fee not met, 0 < 11".to_owned(), class(RejectClass::FeeTooLow { need_sat: Some(11) })),
            ("Update at evil.example".to_owned(), class(RejectClass::Unstated)),
        ] {
            let body = format!(r#"{{"error": "Error validating transaction: {error}"}}"#);
            for status in [400, 409] {
                assert_eq!(meaning(status, &body), SubmitOutcome::Refused(refusal), "{status} {error}");
            }
        }
        let limited = r#"{"error":"API calls limits have been reached."}"#;
        assert_eq!(meaning(429, limited), SubmitOutcome::NotSent(Cause::Throttled));
        assert_eq!(meaning(503, ""), SubmitOutcome::NotSent(Cause::Busy));
        assert_eq!(meaning(502, ""), SubmitOutcome::Unclear(Cause::ServerError(502)));
    }
}
