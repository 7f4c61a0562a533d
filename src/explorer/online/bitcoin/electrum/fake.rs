//! A stand-in for an Electrum server: lines over TCP on loopback, from a small regtest chain, with lies on request.
//!
//! Compiled into tests only. It answers as the protocol says unless the test's own behaviour answers first.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use bitcoin::{
    Script, Transaction, TxMerkleNode,
    block::{Header, Version},
    consensus::encode::serialize_hex,
    constants::genesis_block,
    hashes::Hash,
};
use serde_json::{Value, json};

use super::json::{self, HistoryEntry};

/// What the server does with a question.
pub(crate) enum Act {
    /// The protocol's answer.
    Honest,
    /// A result or an error of the test's choice.
    Result(Value),
    Error(Value),
    /// Bytes of the test's choice.
    Raw(Vec<u8>),
    /// A line without end.
    Endless,
    /// Nothing, for ever.
    Silence,
    /// Closes the connection.
    HangUp,
}

/// Transactions with the heights they are listed at, and headers with real regtest work.
#[derive(Clone, Default)]
pub(crate) struct Chain {
    pub(crate) txs: Vec<(Transaction, i64)>,
    headers: Vec<Header>,
}

impl Chain {
    /// A chain of so many blocks after block 0.
    pub(crate) fn new(height: u32, txs: Vec<(Transaction, i64)>) -> Self {
        let mut headers = vec![genesis_block(bitcoin::Network::Regtest).header];
        for number in 1..=height {
            let before = headers[headers.len() - 1];
            headers.push(worked(before, number));
        }
        Self { txs, headers }
    }

    fn height(&self) -> usize {
        self.headers.len() - 1
    }

    /// The history of the script with this hash, confirmed first.
    pub(crate) fn entries(&self, hash: &str) -> Vec<HistoryEntry> {
        let is_asked = |script: &Script| json::script_hash(script) == hash;
        let pays = |tx: &Transaction| tx.output.iter().any(|output| is_asked(&output.script_pubkey));
        let spends = |tx: &Transaction| {
            tx.input.iter().any(|input| {
                let parent = self.txs.iter().find(|(other, _)| other.compute_txid() == input.previous_output.txid);
                parent.is_some_and(|(parent, _)| {
                    is_asked(&parent.output[input.previous_output.vout as usize].script_pubkey)
                })
            })
        };
        let listed = self.txs.iter().filter(|(tx, _)| pays(tx) || spends(tx));
        let mut entries: Vec<HistoryEntry> =
            listed.map(|(tx, height)| HistoryEntry { tx_hash: tx.compute_txid(), height: *height }).collect();
        entries.sort_by_key(|entry| if entry.height > 0 { (0, entry.height) } else { (1, -entry.height) });
        entries
    }

    fn answer(&self, method: &str, params: &Value) -> Result<Value, Value> {
        let (text, number) = (params[0].as_str().unwrap_or_default(), params[0].as_u64().unwrap_or_default());
        let out_of_range = || json!({"code": 1, "message": format!("height {number} out of range")});
        let header = |height: u64| self.headers.get(usize::try_from(height).unwrap_or(usize::MAX));
        Ok(match method {
            "server.version" => json!(["Fake 1.0", "1.6"]),
            "blockchain.block.header" => json!(serialize_hex(header(number).ok_or_else(out_of_range)?)),
            "blockchain.block.headers" => {
                let count = usize::try_from(params[1].as_u64().unwrap_or(0)).unwrap_or(0);
                let first = usize::try_from(number).unwrap_or(usize::MAX);
                let headers: Vec<String> = self.headers.iter().skip(first).take(count).map(serialize_hex).collect();
                json!({"count": headers.len(), "headers": headers, "max": 2016})
            }
            "blockchain.headers.subscribe" => {
                json!({"height": self.height(), "hex": serialize_hex(&self.headers[self.height()])})
            }
            "blockchain.scripthash.subscribe" => json!(json::status(&self.entries(text))),
            "blockchain.scripthash.get_history" => self.history(text),
            "blockchain.transaction.get" => {
                let found = self.txs.iter().find(|(tx, _)| tx.compute_txid().to_string() == text);
                let gone = json!({"code": 2, "message": "daemon error: No such mempool or blockchain transaction."});
                json!(serialize_hex(&found.ok_or(gone)?.0))
            }
            "blockchain.estimatefee" => {
                if number == 2 {
                    json!(0.000_123_45)
                } else {
                    json!(-1)
                }
            }
            "mempool.get_fee_histogram" => json!([[53.5, 102_131], [12, 110_990]]),
            _ => return Err(json!({"code": -32601, "message": format!("unknown method \"{method}\"")})),
        })
    }

    fn history(&self, hash: &str) -> Value {
        let row = |entry: HistoryEntry| json!({"tx_hash": entry.tx_hash, "height": entry.height, "fee": 7});
        self.entries(hash).into_iter().map(row).collect()
    }
}

/// The next header, with the least work that regtest asks for.
fn worked(before: Header, number: u32) -> Header {
    let mut header = Header {
        version: Version::TWO,
        prev_blockhash: before.block_hash(),
        merkle_root: TxMerkleNode::all_zeros(),
        time: before.time + 600 * number,
        bits: before.bits,
        nonce: 0,
    };
    while header.validate_pow(header.target()).is_err() {
        header.nonce += 1;
    }
    header
}

type Behaviour = dyn Fn(&str, &Value) -> Act + Send + Sync;

/// A server on a free port of loopback, until the test process ends.
pub(crate) struct LineServer {
    /// Its address as a person would name it.
    pub(crate) url: String,
    /// Its port.
    pub(crate) port: u16,
    log: Arc<Mutex<Vec<String>>>,
}

impl LineServer {
    /// Serves a chain; `behaviour` gets method and parameters of each question and may answer differently.
    pub(crate) fn start(chain: Chain, behaviour: impl Fn(&str, &Value) -> Act + Send + Sync + 'static) -> Self {
        Self::behind(|_| (), chain, behaviour)
    }

    /// The same behind whatever has to be said on a connection first.
    pub(crate) fn behind(
        first: impl Fn(&TcpStream) + Send + Sync + 'static,
        chain: Chain,
        behaviour: impl Fn(&str, &Value) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (chain, first, seen) = (Arc::new(chain), Arc::new(first), Arc::clone(&log));
        let behaviour: Arc<Behaviour> = Arc::new(behaviour);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (chain, first, seen) = (Arc::clone(&chain), Arc::clone(&first), Arc::clone(&seen));
                let behaviour = Arc::clone(&behaviour);
                thread::spawn(move || {
                    first(&stream);
                    seen.lock().expect("the log").push("connect".to_owned());
                    serve(stream, &chain, behaviour.as_ref(), &seen)
                });
            }
        });
        Self { url: format!("tcp://127.0.0.1:{port}"), port, log }
    }

    /// How many questions had this method; `connect` counts connections.
    pub(crate) fn count(&self, method: &str) -> usize {
        self.log.lock().expect("the log").iter().filter(|line| *line == method).count()
    }
}

/// A client that goes away is part of several tests: nothing here fails.
fn serve(stream: TcpStream, chain: &Chain, behaviour: &Behaviour, log: &Mutex<Vec<String>>) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    for line in BufReader::new(stream).lines() {
        let question: Value = serde_json::from_str(&line.ok()?).ok()?;
        let method = question["method"].as_str()?;
        log.lock().ok()?.push(method.to_owned());
        let answer = match behaviour(method, &question["params"]) {
            Act::Honest => chain.answer(method, &question["params"]),
            Act::Result(result) => Ok(result),
            Act::Error(error) => Err(error),
            Act::Raw(bytes) => {
                writer.write_all(&bytes).ok()?;
                continue;
            }
            Act::Endless => loop {
                writer.write_all(&[b'1'; 65_536]).ok()?;
            },
            Act::Silence => continue,
            Act::HangUp => return None,
        };
        let id = &question["id"];
        let text = match answer {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
        };
        writeln!(writer, "{text}").ok()?;
    }
    Some(())
}

/// The proxy's half of SOCKS5 with a login: what was asked for, as `kind user:password@host:port`.
pub(crate) fn socks(stream: &TcpStream) -> String {
    let take = |count: usize| {
        let mut bytes = vec![0; count];
        (&*stream).read_exact(&mut bytes).expect("more of the handshake");
        bytes
    };
    let counted = || String::from_utf8(take(usize::from(take(1)[0]))).expect("a text");
    let say = |bytes: &[u8]| (&*stream).write_all(bytes).expect("the client");
    take(usize::from(take(2)[1]));
    say(&[5, 2]);
    take(1);
    let (user, password) = (counted(), counted());
    say(&[1, 0]);
    let kind = take(4)[3];
    let host = counted();
    let port = take(2);
    say(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    format!("{kind} {user}:{password}@{host}:{}", u16::from_be_bytes([port[0], port[1]]))
}
