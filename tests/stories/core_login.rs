//! `[core.NETWORK]` of config.toml: a node of one's own that asks for a login gets it, and no other host does.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bitcoin::{blockdata::constants::genesis_block, consensus::encode::serialize_hex};
use serde_json::{Value, json};

use crate::harness::{Answer, Stage, finish, program};

/// A Bitcoin Core of an empty regtest that lets one login in.
struct Node {
    port: u16,
    /// The `authorization` header of each request, empty where there was none.
    logins: Arc<Mutex<Vec<String>>>,
}

impl Node {
    fn start(login: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (logins, wanted) = (Arc::<Mutex<Vec<String>>>::default(), format!("Basic {}", STANDARD.encode(login)));
        let seen = Arc::clone(&logins);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some((login, body)) = request(&stream) else { continue };
                let good = login == wanted;
                seen.lock().unwrap().push(login);
                let (status, body) = if good { ("200 OK", answer(&body)) } else { ("401 Unauthorized", String::new()) };
                let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = (&stream).write_all(format!("{head}{body}").as_bytes());
            }
        });
        Self { port, logins }
    }

    fn logins(&self) -> Vec<String> {
        self.logins.lock().unwrap().drain(..).collect()
    }
}

/// Login and body of a request.
fn request(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut reader, mut login, mut length) = (BufReader::new(stream), String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => value.clone_into(&mut login),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((login, body))
}

fn answer(body: &[u8]) -> String {
    match serde_json::from_slice(body).unwrap() {
        Value::Array(questions) => Value::Array(questions.iter().map(one).collect()).to_string(),
        question => one(&question).to_string(),
    }
}

fn one(question: &Value) -> Value {
    let block = genesis_block(bitcoin::Network::Regtest);
    let result = match question["method"].as_str().unwrap() {
        "getblockhash" if question["params"][0] == 0 => json!(block.block_hash()),
        "getblockchaininfo" => json!({"blocks": 0, "headers": 0, "bestblockhash": block.block_hash()}),
        "getblockheader" => json!(serialize_hex(&block.header)),
        _ => return json!({"id": question["id"], "error": {"code": -8, "message": "out of range"}}),
    };
    json!({"jsonrpc": "2.0", "id": question["id"], "result": result})
}

/// The program with a list of one and this table in config.toml.
fn run(stage: &Stage, url: &str, (table, arguments): (&str, &[&str])) -> Answer {
    std::fs::write(stage.path("home/config.toml"), format!("[core.regtest]\n{table}\n")).unwrap();
    let mut command = program();
    command.arg("--home").arg(stage.path("home")).args(["--network", "regtest", "--json", "--explorer", url]);
    command.args(arguments);
    finish(command)
}

fn keep(stage: &Stage, name: &str, (text, mode): (&str, u32)) {
    let path = stage.path("home").join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

const PASSWORD: &str = "user = \"me\"\npassword_file = \"core.password\"";

#[test]
fn the_right_password_opens_and_a_wrong_one_is_denied_with_a_hint() {
    let (stage, node) = (Stage::with_wallet(), Node::start("me:open sesame"));
    let url = format!("core+http://127.0.0.1:{}", node.port);
    keep(&stage, "core.password", ("open sesame\n", 0o600));
    let tested = run(&stage, &url, (PASSWORD, &["explorers", "test"]));
    tested.expect_code(0);
    let document: Value = serde_json::from_str(&tested.stdout).unwrap();
    assert_eq!(document["data"]["explorers"][0]["height"], 0, "{tested:?}");
    assert!(!node.logins().is_empty());

    keep(&stage, "core.password", ("hunter2\n", 0o600));
    let tested = run(&stage, &url, (PASSWORD, &["explorers", "test"]));
    assert!(tested.stdout.contains("access denied"), "{tested:?}");
    let refused = run(&stage, &url, (PASSWORD, &["sync"]));
    assert_eq!((refused.code, refused.error_code().as_str()), (4, "explorer.denied"), "{refused:?}");
    assert!(refused.stdout.contains("[core.NETWORK] in config.toml"), "{refused:?}");
    for words in [&refused.stdout, &refused.stderr, &tested.stdout, &tested.stderr] {
        assert!(!words.contains("hunter2"), "{words}");
    }
}

#[test]
fn a_cookie_opens_and_only_the_node_is_shown_it() {
    let (stage, node) = (Stage::with_wallet(), Node::start("__cookie__:ab12"));
    keep(&stage, "cookie", ("__cookie__:ab12", 0o640));
    let table = "cookie_file = \"cookie\"";
    let at = |beginning: &str| format!("{beginning}://127.0.0.1:{}", node.port);
    let tested = run(&stage, &at("core+http"), (table, &["explorers", "test"]));
    assert!(tested.stdout.contains("\"height\":0") || tested.stdout.contains("\"height\": 0"), "{tested:?}");
    node.logins();
    run(&stage, &at("http"), (table, &["explorers", "test"]));
    let logins = node.logins();
    assert!(!logins.is_empty() && logins.iter().all(String::is_empty), "{logins:?}");
}

#[test]
fn a_file_without_a_login_is_named_and_nobody_is_asked() {
    let (stage, node) = (Stage::with_wallet(), Node::start("me:word"));
    let url = format!("core+http://127.0.0.1:{}", node.port);
    for (file, code) in [(("word\nword", 0o600), "config.bad_login"), (("word", 0o644), "store.loose_permissions")] {
        keep(&stage, "core.password", file);
        let answer = run(&stage, &url, (PASSWORD, &["sync"]));
        assert_eq!(answer.error_code(), code, "{answer:?}");
    }
    assert!(node.logins().is_empty());
}
