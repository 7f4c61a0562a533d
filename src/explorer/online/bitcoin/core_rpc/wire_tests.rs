//! Errors, statuses and batches of Bitcoin Core's JSON-RPC, as both versions of the protocol write them.
//!
//! Tests only.

use super::*;

fn reply(status: u16, body: &str) -> Result<http::HttpReply, HttpFault> {
    Ok(http::HttpReply { status, retry_after: None, body: body.as_bytes().to_vec() })
}

fn error(code: i64, message: &str) -> String {
    json!({"result": null, "error": {"code": code, "message": message}, "id": 0}).to_string()
}

#[test]
fn errors_are_read_in_both_versions_of_the_protocol() {
    let gone = "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.";
    for status in [200, 500] {
        let body = judge(reply(status, &error(-5, gone))).expect("a body");
        assert_eq!(answer(object(&body).expect("an object")).err(), Some(Complaint::NotFound), "{status}");
    }
    let unknown = judge(reply(404, &error(-32601, "Method not found"))).expect("a body");
    assert_eq!(answer(object(&unknown).expect("an object")).err(), Some(Complaint::Other(Cause::Unsupported)));
}

#[test]
fn statuses_without_an_answer_are_setbacks() {
    let warm = error(-28, "Loading block index\u{2026}");
    for (status, body, cause) in [
        (401, "", Cause::Denied),
        (403, "", Cause::Denied),
        (503, "Work queue depth exceeded", Cause::Busy),
        (500, warm.as_str(), Cause::Busy),
        (500, "", Cause::ServerError(500)),
        (404, "", Cause::Unsupported),
        (200, "<html>", Cause::WebPage),
    ] {
        assert_eq!(judge(reply(status, body)).err().map(|setback| setback.cause), Some(cause), "{status} {body}");
    }
}

#[test]
fn one_code_of_the_node_means_several_things() {
    for (code, message, expected) in [
        (
            -5,
            "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries. Use gettransaction for wallet transactions.",
            Complaint::NoTxIndex,
        ),
        (
            -5,
            "No such mempool transaction. Blockchain transactions are still in the process of being indexed. Use gettransaction for wallet transactions.",
            Complaint::Other(Cause::Busy),
        ),
        (-5, "Block not found", Complaint::NotFound),
        (-8, "Block height out of range", Complaint::Parameter),
        (-8, "Scan already in progress, use action \"abort\" or \"status\"", Complaint::Searching),
        (-1, "Index is not enabled for filtertype basic", Complaint::NoFilterIndex),
        (-1, "Block not available (pruned data)", Complaint::Pruned),
        (-1, "Update at evil.example", Complaint::Other(Cause::Refused(1))),
        (i64::MIN, "", Complaint::Other(Cause::Refused(0))),
    ] {
        assert_eq!(complaint(&CoreErrorObject { code, message: message.to_owned() }), expected, "{code} {message}");
    }
}

#[test]
fn replies_of_a_batch_are_matched_by_number() {
    let body = br#" [{"result":2,"id":1,"error":null},{"result":null,"id":0}]"#;
    let replies = matched(body, 2).expect("two");
    assert_eq!(shape::<u8>(&replies[1].clone().expect("a result")), Ok(2));
    assert!(replies[0].as_ref().is_ok_and(Option::is_none));
    for bad in [
        r#"[{"result":1,"id":0},{"result":2,"id":0}]"#,
        r#"[{"result":1,"id":0}]"#,
        r#"[{"result":1,"id":0},{"result":2,"id":2}]"#,
        r#"[[1],[2]]"#,
        "{}",
        "[",
    ] {
        assert_eq!(matched(bad.as_bytes(), 2).err(), Some(Cause::Malformed), "{bad}");
    }
    assert_eq!(matched(error(-32601, "x").as_bytes(), 2).err(), Some(Cause::Unsupported));
}
