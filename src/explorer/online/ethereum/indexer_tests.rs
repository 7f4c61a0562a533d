//! Recorded shapes of Etherscan v2, Routescan and Blockscout, their errors in answers of status 200, and lies.

use serde_json::{Value, json};

use super::*;
use crate::explorer::online::transport::fake::{Act, Server};

const OURS: &str = "0x00000000000000000000000000000000000000aa";
const OTHER: &str = "0x00000000000000000000000000000000000000bb";
const COIN: &str = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48";

fn row(block: usize, more: &Value) -> Value {
    let mut row = json!({
        "blockNumber": block.to_string(), "timeStamp": "1700000000", "hash": format!("{:#066x}", block + 1),
        "nonce": "7", "blockHash": "0x00", "transactionIndex": "3", "from": OURS, "to": OTHER, "value": "1500000000000000000",
        "gas": "21000", "gasPrice": "30000000000", "isError": "0", "txreceipt_status": "1", "contractAddress": "",
        "confirmations": "12",
    });
    for (key, value) in more.as_object().expect("an object") {
        row[key] = value.clone();
    }
    row
}

fn answer(rows: &[Value]) -> Act {
    let (status, message) = if rows.is_empty() { ("0", "No transactions found") } else { ("1", "OK") };
    Act::ok(json!({"status": status, "message": message, "result": rows}).to_string())
}

fn indexer(server: &Server, kind: IndexerKind) -> EvmIndexer {
    let chain = EvmChain::by_id(1).expect("ethereum");
    let access = IndexerAccess { kind, url: Some(&server.url), key: ApiKey::parse(b"CANARYKEY") };
    EvmIndexer::connect(chain, access, &Egress::default()).expect("an indexer")
}

fn told(server: &Server, limit: usize) -> Result<EvmMovements, ExplorerError> {
    let account = OURS.parse().expect("an address");
    indexer(server, IndexerKind::Etherscan).movements(account, limit).map(Claim::into_value)
}

fn ask(server: &Server, limit: usize) -> Result<Vec<EvmMovement>, ExplorerError> {
    told(server, limit).map(|told| told.movements)
}

fn cause(server: &Server) -> Cause {
    match ask(server, 10).expect_err("no list") {
        ExplorerError::NoAnswer(failures) => failures.0[0].cause,
        ExplorerError::Lied { .. } => Cause::Lied,
        other => panic!("{other}"),
    }
}

#[test]
fn three_lists_become_one_newest_first() {
    let server = Server::start(|request| {
        assert!(request.contains("chainid=1&module=account") && request.ends_with("&sort=desc&apikey=CANARYKEY"));
        if request.contains("action=tokentx") {
            let token = json!({"contractAddress": COIN, "tokenSymbol": "USDC at evil.example", "tokenDecimal": "6", "value": "25000000"});
            return answer(&[row(9, &token)]);
        }
        if request.contains("txlistinternal") {
            return answer(&[]);
        }
        answer(&[row(10, &json!({"isError": "1"})), row(8, &json!({"from": OTHER, "to": OURS}))])
    });
    let movements = ask(&server, 10).expect("a history");
    let blocks: Vec<u64> = movements.iter().map(|movement| movement.block).collect();
    assert_eq!(blocks, [10, 9, 8]);
    assert_eq!(movements[0].succeeded, Succeeded::No);
    let amount = U256::from(25_000_000);
    assert_eq!(movements[1].what, Moved::Token { contract: COIN.parse().expect("an address"), amount });
    assert_eq!(movements[2].from, OTHER.parse::<Address>().expect("an address"));
}

#[test]
fn the_shape_of_blockscout_is_read_and_has_no_chain_id() {
    let server = Server::start(|request| {
        assert!(!request.contains("chainid"), "{request}");
        if !request.contains("txlistinternal") {
            return Act::ok(json!({"message": "No transactions found", "result": [], "status": "0"}).to_string());
        }
        let mut inner = row(5, &json!({"transactionHash": format!("{:#066x}", 77), "type": "call", "index": "1"}));
        inner.as_object_mut().expect("an object").remove("hash");
        answer(&[inner])
    });
    let account = OURS.parse().expect("an address");
    let movements = indexer(&server, IndexerKind::Blockscout).movements(account, 10).expect("a history").into_value();
    let movements = movements.movements;
    assert_eq!(movements.len(), 1);
    assert!(matches!(movements[0].what, Moved::Internal(_)));
}

#[test]
fn pages_end_at_the_oldest_block_of_the_one_before() {
    let server = Server::start(|request| {
        if !request.contains("action=txlist&") {
            return answer(&[]);
        }
        let first = request.contains("endblock=latest");
        assert!(first || request.contains("endblock=2001&"), "{request}");
        let rows: Vec<Value> = (0..if first { 1000 } else { 2 })
            .map(|n| row(if first { 3000 - n } else { 2001 - n }, &json!({})))
            .collect();
        answer(&rows)
    });
    let movements = ask(&server, 5000).expect("a history");
    assert_eq!(movements.len(), 1001, "999 of the first page and both of the second");
    assert_eq!(ask(&server, 3).expect("a history").len(), 3);
}

#[test]
fn refusals_in_answers_of_status_200_have_their_class() {
    for (text, class) in [
        ("Max rate limit reached, please use API Key for higher rate limit", Cause::Throttled),
        ("Max calls per sec rate limit reached (3/sec)", Cause::Throttled),
        ("Too many invalid api key attempts, please try again later", Cause::Throttled),
        ("Invalid API Key", Cause::Denied),
        ("Missing/Invalid API Key", Cause::Denied),
        ("Free API access is not supported for this chain. Please upgrade your api plan", Cause::Denied),
        ("Missing or unsupported chainid parameter (required for v2 api)", Cause::Unsupported),
        ("Result window is too large, PageNo x Offset size must be less than or equal to 10000", Cause::TooLarge),
        ("anything else, see evil.example", Cause::Malformed),
    ] {
        assert_eq!(refusal(&format!("NOTOK \"{text}\"")), Some(class), "{text}");
    }
    assert_eq!(refusal("No transactions found null"), None);
}

#[test]
fn a_refusal_is_never_an_empty_history_and_shows_no_key() {
    let server = Server::start(|_| Act::ok(r#"{"status":"0","message":"NOTOK","result":"Invalid API Key"}"#));
    let error = ask(&server, 10).expect_err("denied");
    assert!(!format!("{error} {error:?}").contains("CANARY"));
    assert_eq!(cause(&server), Cause::Denied);
}

#[test]
fn one_odd_row_is_counted_and_the_others_stand() {
    for more in [
        json!({"blockNumber": null, "timeStamp": null}),
        json!({"blockNumber": "", "timeStamp": ""}),
        json!({"value": null}),
        json!({"value": 5}),
        json!({"hash": null}),
        json!({"from": null}),
        json!({"from": OTHER, "to": OTHER}),
        json!({"blockNumber": -1}),
        json!({"blockNumber": 1.5}),
        json!({"timeStamp": "9".repeat(30)}),
        json!({"to": 7, "from": OTHER}),
    ] {
        let shown = more.to_string();
        let server = Server::start(move |request| match request.contains("action=txlist&") {
            true => answer(&[row(9, &more), row(8, &json!({})), row(7, &json!({}))]),
            false => answer(&[]),
        });
        let told = told(&server, 10).expect("a history");
        assert_eq!((told.movements.len(), told.unread), (2, 1), "{shown}");
    }
    for odd in [json!(null), json!(7), json!("row"), json!([]), json!({})] {
        let shown = odd.to_string();
        let server = Server::start(move |_| answer(&[odd.clone(), row(8, &json!({"contractAddress": COIN}))]));
        let told = told(&server, 10).expect("a history");
        assert_eq!((told.movements.len(), told.unread), (3, 3), "{shown}: in each of the three lists");
    }
}

#[test]
fn numbers_are_read_as_texts_and_as_numbers_and_either_name_of_the_hash() {
    let hash = format!("{:#066x}", 77);
    let more = json!({"blockNumber": 12, "timeStamp": 1_700_000_000, "isError": 0, "transactionHash": hash});
    let server = Server::start(move |request| match request.contains("action=txlist&") {
        true => answer(&[row(12, &more)]),
        false => answer(&[]),
    });
    let told = told(&server, 10).expect("a history");
    assert_eq!((told.movements[0].block, told.movements[0].succeeded, told.unread), (12, Succeeded::Yes, 0));
}

#[test]
fn a_full_page_with_odd_rows_is_followed_by_the_next() {
    let server = Server::start(|request| {
        if !request.contains("action=txlist&") {
            return answer(&[]);
        }
        let first = request.contains("endblock=latest");
        let odd = |n: usize| json!({"value": if first && n < 3 { json!(null) } else { json!("1") }});
        let rows = (0..if first { 1000 } else { 2 }).map(|n| row(if first { 3000 - n } else { 2001 - n }, &odd(n)));
        answer(&rows.collect::<Vec<_>>())
    });
    let told = told(&server, 5000).expect("a history");
    assert_eq!((told.movements.len(), told.unread), (998, 3));
}

#[test]
fn a_list_without_one_row_that_can_be_read_is_refused() {
    for (more, class) in [
        (json!({"from": OTHER, "to": OTHER}), Cause::Lied),
        (json!({"value": "-1"}), Cause::Malformed),
        (json!({"value": "1e18"}), Cause::Malformed),
        (json!({"value": "9".repeat(79)}), Cause::Malformed),
        (json!({"hash": "0x12"}), Cause::Malformed),
        (json!({"blockNumber": "0x10"}), Cause::Malformed),
        (json!({"from": "evil.example"}), Cause::Malformed),
        (json!({"timeStamp": 1.5}), Cause::Malformed),
    ] {
        let shown = more.to_string();
        let server = Server::start(move |_| answer(&[row(1, &more)]));
        assert_eq!(cause(&server), class, "{shown}");
    }
    let endless = Server::start(|_| answer(&vec![row(7, &json!({})); 1000]));
    assert_eq!(cause(&endless), Cause::TooLarge, "one block cannot hold a page");
    let unsorted = Server::start(|_| answer(&[row(7, &json!({})), row(8, &json!({}))]));
    assert_eq!(cause(&unsorted), Cause::Malformed);
    let page = Server::start(|_| Act::ok("<html>log in</html>"));
    assert_eq!(cause(&page), Cause::WebPage);
}
