//! Stand-ins for tests: small transactions, their Esplora JSON, and an HTTP server on loopback that does as it is told.
//!
//! Compiled into tests only. One request per connection; nothing here is a model of a real explorer.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use bitcoin::{
    Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness, absolute,
    hashes::{Hash, sha256},
    transaction,
};
use serde_json::{Value, json};

use crate::explorer::BlockRef;

/// Runs a future to its end.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// A different script for each number.
pub(super) fn script(number: u32) -> ScriptBuf {
    let hash = sha256::Hash::hash(&number.to_le_bytes());
    let mut bytes = vec![0x51, 0x20];
    bytes.extend_from_slice(hash.as_byte_array());
    ScriptBuf::from_bytes(bytes)
}

/// A different transaction for each number that pays `script`.
pub(super) fn payment(script: &ScriptBuf, number: u32) -> Transaction {
    let parent = Txid::from_byte_array(sha256::Hash::hash(&number.to_be_bytes()).to_byte_array());
    let input = TxIn {
        previous_output: OutPoint { txid: parent, vout: 1 },
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::from_slice(&[[number.to_le_bytes()[0]; 64]]),
    };
    let output = TxOut { value: Amount::from_sat(1000 + u64::from(number)), script_pubkey: script.clone() };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![input],
        output: vec![output],
    }
}

/// A transaction as Esplora lists it, with fields that must be ignored.
pub(super) fn tx_json(tx: &Transaction, place: Option<BlockRef>) -> String {
    let inputs: Vec<Value> = tx.input.iter().map(input_json).collect();
    let outputs: Vec<Value> = tx
        .output
        .iter()
        .map(|output| json!({"scriptpubkey": output.script_pubkey.to_hex_string(), "scriptpubkey_asm": "OP_LIE", "value": output.value.to_sat()}))
        .collect();
    let version = u32::from_ne_bytes(tx.version.0.to_ne_bytes());
    json!({
        "txid": tx.compute_txid(), "version": version, "locktime": tx.lock_time.to_consensus_u32(), "vin": inputs,
        "vout": outputs, "size": 1, "weight": 4, "fee": 7, "status": status_value(place),
    })
    .to_string()
}

/// A list of waiting transactions as Esplora has it.
pub(super) fn waiting(txs: &[Transaction]) -> Act {
    let listed: Vec<String> = txs.iter().map(|tx| tx_json(tx, None)).collect();
    Act::ok(format!("[{}]", listed.join(",")))
}

fn input_json(input: &TxIn) -> Value {
    let witness: Vec<String> = input.witness.iter().map(hex::DisplayHex::to_lower_hex_string).collect();
    json!({
        "txid": input.previous_output.txid, "vout": input.previous_output.vout, "prevout": {"value": 1},
        "scriptsig": input.script_sig.to_hex_string(), "witness": witness, "is_coinbase": false,
        "sequence": input.sequence.0,
    })
}

/// A state as Esplora writes it.
pub(super) fn status_value(place: Option<BlockRef>) -> Value {
    match place {
        None => json!({"confirmed": false}),
        Some(block) => json!({
            "confirmed": true, "block_height": block.height, "block_hash": block.hash, "block_time": block.time,
        }),
    }
}

/// What the server does with a request.
pub(super) enum Act {
    /// A whole answer.
    Answer(u16, Vec<u8>),
    /// Bytes of our own making, then the end.
    Raw(Vec<u8>),
    /// A body without end.
    Endless,
    /// Closes the connection after reading the request.
    HangUp,
}

impl Act {
    /// 200 with this body.
    pub(super) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Answer(200, body.into())
    }
}

type Behaviour = dyn Fn(&str) -> Act + Send + Sync;

/// A server on a free port of loopback, until the test process ends.
pub(super) struct Server {
    /// Its address.
    pub(super) url: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server; `behaviour` gets `GET /path` or `POST /path body`.
    pub(super) fn start(behaviour: impl Fn(&str) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let log = Arc::new(Mutex::new(Vec::new()));
        let (behaviour, seen): (Arc<Behaviour>, _) = (Arc::new(behaviour), Arc::clone(&log));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (behaviour, seen) = (Arc::clone(&behaviour), Arc::clone(&seen));
                thread::spawn(move || serve(stream, behaviour.as_ref(), &seen));
            }
        });
        Self { url, log }
    }

    /// How many requests began with this text.
    pub(super) fn count(&self, beginning: &str) -> usize {
        self.log.lock().expect("the log").iter().filter(|line| line.starts_with(beginning)).count()
    }
}

fn serve(mut stream: TcpStream, behaviour: &Behaviour, log: &Mutex<Vec<String>>) {
    let Some(request) = read_request(&stream) else { return };
    log.lock().expect("the log").push(request.clone());
    let written = match behaviour(&request) {
        Act::Answer(status, body) => {
            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body))
        }
        Act::Raw(bytes) => stream.write_all(&bytes),
        Act::Endless => endless(&mut stream),
        Act::HangUp => Ok(()),
    };
    // A client that stops reading early is part of several tests.
    drop(written);
}

fn endless(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n")?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    loop {
        stream.write_all(&[b'1'; 65_536])?;
    }
}

/// Method, path and body of a request, with its headers dropped.
fn read_request(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut words = first.split(' ');
    let request = format!("{} {}", words.next()?, words.next()?);
    Some(if body.is_empty() { request } else { format!("{request} {}", String::from_utf8_lossy(&body)) })
}
