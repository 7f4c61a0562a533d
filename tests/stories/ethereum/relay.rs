//! A node's go-between on loopback: hands JSON-RPC on to an anvil, and changes what comes back as the test wants.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use super::node::EvmStage;
use crate::harness::{Answer, finish, program};

/// What a go-between does with a question and its answer.
pub(crate) enum Turn {
    /// Hands the answer on, as it is or changed.
    Reply(Value),
    /// Hangs up instead.
    HangUp,
}

/// Gets the question and how to ask the node; answers in its place.
type Behaviour = dyn Fn(&Value, &dyn Fn() -> Value) -> Turn + Send + Sync;

/// A go-between; it ends with the test process.
pub(crate) struct Relay {
    pub(crate) url: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    /// One that hands everything on.
    pub(crate) fn honest(node: &str) -> Self {
        Self::start(node, |_, ask| Turn::Reply(ask()))
    }

    /// One that changes results: gets method and result.
    pub(crate) fn changing(node: &str, change: impl Fn(&str, &mut Value) + Send + Sync + 'static) -> Self {
        Self::start(node, move |question, ask| {
            let mut reply = ask();
            if let Some(result) = reply.get_mut("result") {
                change(question["method"].as_str().unwrap_or_default(), result);
            }
            Turn::Reply(reply)
        })
    }

    pub(crate) fn start(
        node: &str,
        behaviour: impl Fn(&Value, &dyn Fn() -> Value) -> Turn + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let (seen, node) = (Arc::clone(&log), node.trim_start_matches("http://").to_owned());
        let behaviour: Arc<Behaviour> = Arc::new(behaviour);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (behaviour, seen, node) = (Arc::clone(&behaviour), Arc::clone(&seen), node.clone());
                thread::spawn(move || serve(client, &node, behaviour.as_ref(), &seen));
            }
        });
        Self { url, log }
    }

    /// How often a method was asked for here.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.log.lock().unwrap().iter().filter(|name| *name == method).count()
    }
}

fn serve(mut client: TcpStream, node: &str, behaviour: &Behaviour, log: &Mutex<Vec<String>>) {
    let Some(body) = read_body(&mut client) else { return };
    let Ok(request) = serde_json::from_str::<Value>(&body) else { return };
    let one = |question: &Value| {
        log.lock().unwrap().push(question["method"].as_str().unwrap_or_default().to_owned());
        behaviour(question, &|| ask(node, question))
    };
    let reply = match request.as_array() {
        None => one(&request),
        Some(questions) => {
            let mut replies = Vec::new();
            for question in questions {
                match one(question) {
                    Turn::Reply(reply) => replies.push(reply),
                    Turn::HangUp => return,
                }
            }
            Turn::Reply(Value::Array(replies))
        }
    };
    if let Turn::Reply(reply) = reply {
        let text = reply.to_string();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
        let _ = client.write_all(head.as_bytes()).and_then(|()| client.write_all(text.as_bytes()));
    }
}

/// The body of the one request of a connection.
fn read_body(client: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut piece) = (Vec::new(), [0u8; 8192]);
    loop {
        let read = client.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse::<usize>().ok()?;
        if body.len() >= length {
            return Some(body.to_owned());
        }
    }
}

/// The node's own answer.
fn ask(node: &str, question: &Value) -> Value {
    let text = question.to_string();
    let mut stream = TcpStream::connect(node).unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {node}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes())).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let body = reply.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    serde_json::from_str(body).unwrap_or_else(|_| json!({"id": question["id"], "error": {"message": "no json"}}))
}

/// The program with these nodes in this order.
pub(crate) fn run(stage: &EvmStage, nodes: &[&Relay], arguments: &[&str]) -> Answer {
    let mut command = program();
    command.current_dir(stage.stage.home.path()).arg("--home").arg(stage.stage.path("home"));
    command.args(["--network", "local"]);
    for node in nodes {
        command.args(["--explorer", &node.url]);
    }
    command.args(arguments);
    finish(command)
}
