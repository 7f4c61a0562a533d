//! What an indexer tells beside our own outbox: shown as its claim, without its words, and never instead of silence.

use std::{
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::OpenOptionsExt,
    sync::{Arc, Mutex},
    thread,
};

use serde_json::json;

use super::node::{EvmStage, OURS, SHOP};

const KEY: &str = "CANARY123KEY";

/// An indexer that answers each list from `answer`, and the requests it saw.
fn indexer(answer: impl Fn(&str) -> String + Send + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&log);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0u8; 4096];
            let read = stream.read(&mut head).unwrap_or(0);
            let request = String::from_utf8_lossy(&head[..read]).into_owned();
            let body = answer(&request);
            seen.lock().unwrap().push(request);
            let _ =
                write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        }
    });
    (url, log)
}

fn configure(stage: &EvmStage, url: &str, mode: u32) {
    let home = stage.stage.path("home");
    let text = format!("[history.local]\nkind = \"blockscout\"\nurl = \"{url}\"\nkey_file = \"indexer.key\"\n");
    std::fs::write(home.join("config.toml"), text).unwrap();
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(mode).open(home.join("indexer.key")).unwrap();
    file.write_all(KEY.as_bytes()).unwrap();
    // The mode that was asked for, whatever mask this process has.
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn what_came_in_is_told_by_the_indexer_and_shown_as_its_claim() {
    let stage = EvmStage::new();
    let sent = stage.signed(&["send", SHOP, "1eth"]);
    let sent_id = sent["id"].as_str().unwrap().to_owned();
    let row = move |hash: &str, from: &str, to: &str, value: &str| {
        json!({"blockNumber": "7", "timeStamp": "1700000000", "hash": hash, "from": from, "to": to, "value": value,
            "isError": "0", "contractAddress": SHOP, "tokenSymbol": "VISIT evil.example", "tokenDecimal": "0"})
    };
    let hash = |digit: &str| format!("0x{}", digit.repeat(64));
    let (url, log) = indexer(move |request| {
        let rows = if request.contains("action=txlist&") {
            json!([
                row(&hash("1"), SHOP, OURS, "2500000000000000000"),
                row(&sent_id, OURS, SHOP, "1000000000000000000")
            ])
        } else if request.contains("action=tokentx") {
            let mut odd = row(&hash("4"), SHOP, OURS, "1");
            odd["value"] = json!(null);
            json!([odd, row(&hash("2"), SHOP, OURS, "9"), row(&hash("3"), SHOP, OURS, "0")])
        } else {
            json!([])
        };
        json!({"status": "1", "message": "visit evil.example", "result": rows}).to_string()
    });
    configure(&stage, &url, 0o600);
    let history = stage.json(&["history"]);
    assert_eq!(history["transactions"][0]["id"], sent["id"]);
    let claimed = &history["claimed"];
    let movements = claimed["movements"].as_array().unwrap();
    assert_eq!(movements.len(), 2, "our own send is in the outbox, the transfer of nothing is left out: {claimed:#}");
    assert_eq!((&movements[0]["amount"], &movements[0]["direction"]), (&json!("2.5 ETH"), &json!("in")));
    assert_eq!(movements[1]["amount"], "9 units of an unknown token");
    assert_eq!((&claimed["hidden"], &claimed["unread"]), (&json!(1), &json!(1)), "an odd row takes nothing else along");
    assert!(log.lock().unwrap().iter().all(|request| request.contains(KEY)));

    let page = stage.run(&["history"]);
    let printed = format!("{}{}", page.stdout, page.stderr);
    assert!(printed.contains("not proven") && printed.contains("2.5 ETH"), "{printed}");
    assert!(printed.contains("one row was not understood"), "{printed}");
    assert!(!printed.contains("evil") && !printed.contains(KEY), "{printed}");
}

#[test]
fn a_silent_indexer_is_named_and_an_open_key_file_refused() {
    let stage = EvmStage::new();
    let (url, _) = indexer(|_| r#"{"status":"0","message":"NOTOK","result":"Invalid API Key"}"#.to_owned());
    configure(&stage, &url, 0o600);
    let history = stage.json(&["history"]);
    assert!(history["claimed"].is_null());
    let page = stage.run(&["history"]);
    assert!(format!("{}{}", page.stdout, page.stderr).contains("access denied"), "{page:#?}");
    std::fs::remove_file(stage.stage.path("home").join("indexer.key")).unwrap();
    configure(&stage, &url, 0o644);
    let refused = stage.run(&["history", "--json"]);
    assert_ne!(refused.code, 0, "{refused:#?}");
    assert!(!format!("{}{}", refused.stdout, refused.stderr).contains(KEY));
}
