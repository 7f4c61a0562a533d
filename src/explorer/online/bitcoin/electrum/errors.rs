//! What Electrum servers write when they do not answer, mapped to our own words.
//!
//! Pure. The text is a stranger's: it is compared with the list below and then forgotten, never shown or kept. Texts are
//! those of ElectrumX, Fulcrum and the servers called electrs; some of them send a bare text instead of an object.

use serde_json::Value;

use crate::explorer::Cause;

/// Parts of messages, lower case, with their meaning; the first that fits counts.
const MESSAGES: &[(&str, Cause)] = &[
    ("excessive resource usage", Cause::Throttled),
    ("batch limit", Cause::Throttled),
    ("too many requests", Cause::Throttled),
    ("too many subscriptions", Cause::Throttled),
    ("subscription limit", Cause::Throttled),
    ("rate limit", Cause::Throttled),
    ("flood", Cause::Throttled),
    ("history too large", Cause::TooLarge),
    ("history too long", Cause::TooLarge),
    ("exceeds max history", Cause::TooLarge),
    ("too many history", Cause::TooLarge),
    ("response too large", Cause::TooLarge),
    ("unsupported protocol version", Cause::Unsupported),
    ("unsupported client", Cause::Denied),
    ("banned", Cause::Denied),
    ("unknown method", Cause::Unsupported),
    ("invalid method", Cause::Unsupported),
    ("still in the process of being indexed", Cause::Busy),
    ("use -txindex", Cause::Unsupported),
    ("no such mempool", Cause::Missing),
    ("no transaction matching", Cause::Missing),
    ("no such transaction", Cause::Missing),
    ("missing transaction", Cause::Missing),
    ("transaction not found", Cause::Missing),
    ("tx not found", Cause::Missing),
    ("not in block at height", Cause::Missing),
    ("still catching up", Cause::Busy),
    ("unavailable index", Cause::Busy),
    ("server busy", Cause::Busy),
    ("loading block index", Cause::Busy),
    ("verifying blocks", Cause::Busy),
    ("out of range", OUT_OF_RANGE),
    ("invalid height", OUT_OF_RANGE),
    ("missing header", OUT_OF_RANGE),
];

/// The height asked for is above the server's tip.
pub(crate) const OUT_OF_RANGE: Cause = Cause::Refused(1);

/// What the error of an answer means for a read.
pub(crate) fn cause(error: &Value) -> Cause {
    let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
    let message = error.as_str().or_else(|| error.get("message").and_then(Value::as_str)).unwrap_or_default();
    let lower = message.to_ascii_lowercase();
    let fits = |(part, _): &&(&str, Cause)| lower.contains(part);
    MESSAGES.iter().find(fits).map_or_else(|| by_code(code), |(_, cause)| *cause)
}

/// Codes of JSON-RPC, of aiorpcX (-101, -102), and of Bitcoin Core (-28), for texts that are not in the list.
fn by_code(code: i64) -> Cause {
    match code {
        -32_601 => Cause::Unsupported,
        -32_603 => Cause::ServerError(500),
        -101 => Cause::Throttled,
        -102 | -28 => Cause::Busy,
        -5 => Cause::Missing,
        _ => Cause::Refused(u16::try_from(code.unsigned_abs()).unwrap_or_default()),
    }
}

/// What the error of an answer to a broadcast means, as the status that an Esplora server would answer with.
pub(crate) fn status_of_refusal(error: &Value) -> u16 {
    match cause(error) {
        Cause::Throttled => 429,
        Cause::Denied => 403,
        Cause::Unsupported => 404,
        Cause::Busy => 503,
        Cause::ServerError(status) => status,
        _ => 400,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_of_real_servers_have_their_cause() {
        for (error, expected) in [
            (json!({"code": 1, "message": "history too large"}), Cause::TooLarge),
            (json!({"code": -101, "message": "excessive resource usage"}), Cause::Throttled),
            (json!({"code": -102, "message": "server busy - request timed out"}), Cause::Busy),
            (json!({"code": -32601, "message": "unknown method \"blockchain.x\""}), Cause::Unsupported),
            (json!({"code": 1, "message": "height 1,000,000 out of range"}), OUT_OF_RANGE),
            (json!({"code": 1, "message": "unsupported protocol version: ['9','9']"}), Cause::Unsupported),
            (
                json!({"code": 2, "message": "daemon error: DaemonError({'code': -5, 'message': 'No such mempool or blockchain transaction. Use gettransaction for wallet transactions.'})"}),
                Cause::Missing,
            ),
            (json!({"code": 1, "message": "tx 00ff not in block at height 123,456"}), Cause::Missing),
            // Fulcrum
            (json!({"code": 4, "message": "Batch limit exceeded"}), Cause::Throttled),
            (json!({"code": 1, "message": "No transaction matching the requested hash was found"}), Cause::Missing),
            (json!({"code": 1, "message": "Invalid height"}), OUT_OF_RANGE),
            // electrs of several kinds
            (json!("missing header"), OUT_OF_RANGE),
            (json!({"code": -32603, "message": "tx not found or is unconfirmed"}), Cause::Missing),
            (json!({"code": -32603, "message": "internal error"}), Cause::ServerError(500)),
            (json!({"code": -32603, "message": "unavailable index"}), Cause::Busy),
            (json!("Too many history transactions (>500). Contact support to raise limits."), Cause::TooLarge),
            (
                json!({"code": 2, "message": "daemon error: RPC error response: RpcError { code: -5, message: \"No such mempool transaction. Use -txindex or provide a block hash\" }"}),
                Cause::Unsupported,
            ),
            (json!({"code": 7, "message": "Update at evil.example"}), Cause::Refused(7)),
            (json!({"code": i64::MIN}), Cause::Refused(0)),
            (json!(null), Cause::Refused(0)),
            (json!([1]), Cause::Refused(0)),
        ] {
            assert_eq!(cause(&error), expected, "{error}");
        }
    }

    #[test]
    fn a_refused_transaction_is_not_a_broken_server() {
        let rejected = json!({"code": 1, "message": "the transaction was rejected by network rules.\n\ndust\n[0200]"});
        assert_eq!(status_of_refusal(&rejected), 400);
        assert_eq!(status_of_refusal(&json!({"code": 2, "message": "bad-txns-inputs-missingorspent"})), 400);
        assert_eq!(status_of_refusal(&json!({"code": -101, "message": "excessive resource usage"})), 429);
        assert_eq!(status_of_refusal(&json!({"code": -32603, "message": "internal server error"})), 500);
    }

    proptest! {
        #[test]
        fn no_error_breaks_the_reader(code in any::<i64>(), message in ".{0,80}") {
            let _ = cause(&json!({"code": code, "message": message}));
        }
    }
}
