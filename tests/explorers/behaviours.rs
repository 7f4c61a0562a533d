//! Hostile ways to answer: on the wire, in the head, in the body, in the numbers. Each writes [`CANARY`] wherever it can.
//!
//! A table only; behave.rs runs the program against it.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use bitcoin::{OutPoint, ScriptBuf, Txid, hashes::Hash};
use serde_json::Value;

use super::{
    CANARY, INVITATION,
    layer::{Act, Asked, Greeting, Reply, Step},
    tellings::tx_json,
    world::transaction,
};

/// What is done, and to which host.
#[derive(Clone, Copy)]
pub enum How {
    /// No server listens.
    Nobody,
    /// To every connection, without reading a request.
    Connection(fn() -> Greeting),
    /// The same where the wallet expects TLS.
    Tls(fn() -> Greeting),
    /// To every request; given what an honest server would say.
    Answer(fn(&Asked, Reply) -> Act),
}

/// A name for messages, and what is done.
pub type Behaviour = (&'static str, How);

const MANY: usize = 1 << 20;

fn steps(first: impl Into<Vec<u8>>, then: &[Step]) -> Act {
    Act::Steps([&[Step::Bytes(first.into())], then].concat())
}

fn html() -> String {
    format!("<!DOCTYPE html><html><title>{CANARY}</title><body>Log in at https://{INVITATION}</body></html>")
}

fn head(more: &str) -> String {
    format!("HTTP/1.1 200 {INVITATION}\r\ncontent-type: application/json\r\nserver: {INVITATION}\r\n{more}\r\n")
}

fn say(status: u16) -> Act {
    Act::Say(Reply::text(status, format!("{CANARY} {status}")).with("server", INVITATION))
}

fn json(text: impl Into<String>) -> Act {
    Act::Say(Reply::new(200, "application/json", text.into()))
}

/// Text in place of the first value of a field, whatever its type.
fn with_field(honest: &Reply, field: &str, value: &str) -> Act {
    let text = String::from_utf8_lossy(&honest.body).into_owned();
    let name = format!("\"{field}\":");
    let Some((before, after)) = text.split_once(&name) else { return json(value) };
    let end = match after.strip_prefix('"') {
        Some(text) => text.find('"').map(|at| at + 2),
        None => after.find([',', '}']),
    };
    json(format!("{before}{name}{value}{}", &after[end.unwrap_or(0)..]))
}

/// JSON of such a beginning, so many times the same, and such an end: never in memory as a whole.
fn long(first: &str, again: &str, times: usize, last: &str) -> Act {
    let piece = again.repeat(1 + 65_536 / again.len());
    let rounds = times * again.len() / piece.len();
    steps(
        head(&format!("content-length: {}\r\n", first.len() + rounds * piece.len() + last.len())),
        &[Step::Bytes(first.into()), Step::Repeat(piece.into_bytes(), rounds), Step::Bytes(last.into())],
    )
}

/// Another page of a history that has no end: genuine transactions, each of another id, with long scripts.
fn another_page(asked: &Asked, honest: Reply) -> Act {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    if !asked.path.contains("/txs") || asked.path.ends_with("/mempool") || asked.method == "POST" {
        return Act::Say(honest);
    }
    let status =
        serde_json::json!({ "confirmed": true, "block_height": 1, "block_hash": "0".repeat(64), "block_time": 1 });
    let page = (0..25).map(|_| {
        let coin = OutPoint { txid: Txid::all_zeros(), vout: NUMBER.fetch_add(1, Ordering::Relaxed) };
        let script = ScriptBuf::from_bytes(vec![0x6a; 60_000]);
        tx_json(&transaction(coin, &[(script, 1)]), status.clone())
    });
    json(Value::from(page.collect::<Vec<_>>()).to_string())
}

/// A transaction as small as one can be.
fn tiny() -> String {
    let id = "0".repeat(64);
    format!(
        "{{\"txid\":\"{id}\",\"version\":1,\"locktime\":0,\"vin\":[],\"vout\":[],\"status\":{{\"confirmed\":false}}}}"
    )
}

/// A transaction with a script of thirty megabytes.
fn fat() -> Act {
    let first = tiny().replace("\"vout\":[]", "\"vout\":[{\"value\":1,\"scriptpubkey\":\"|\"}]");
    let (before, after) = first.split_once('|').unwrap_or((&first, ""));
    long(&format!("[{before}"), "51", 15 << 20, &format!("{after}]"))
}

/// On the wire.
pub const WIRE: [Behaviour; 27] = [
    ("nobody listens", How::Nobody),
    ("a black hole", How::Connection(|| Greeting::Steps(vec![Step::Hold]))),
    ("hangs up at once", How::Connection(|| Greeting::Steps(Vec::new()))),
    ("resets in the first line", How::Connection(|| Greeting::ResetAfter(10))),
    ("resets in the head", How::Connection(|| Greeting::ResetAfter(50))),
    ("resets within the body", How::Connection(|| Greeting::ResetAfter(200))),
    (
        "another protocol speaks first",
        How::Connection(|| {
            Greeting::Steps(vec![Step::Bytes(format!("SSH-2.0-{CANARY}\r\n").into_bytes()), Step::Hold])
        }),
    ),
    ("a certificate that nobody signed", How::Tls(|| Greeting::Tls)),
    (
        "plain text where TLS is expected",
        How::Tls(|| Greeting::Steps(vec![Step::Bytes(format!("HTTP/1.1 400 {CANARY}\r\n\r\n{CANARY}").into_bytes())])),
    ),
    ("a TLS handshake that never ends", How::Tls(|| Greeting::Steps(vec![Step::Hold]))),
    ("a TLS alert", How::Tls(|| Greeting::Steps(vec![Step::Bytes(vec![21, 3, 3, 0, 2, 2, 80])]))),
    (
        "a TLS record of noise",
        How::Tls(|| Greeting::Steps(vec![Step::Bytes([&[22, 3, 3, 64, 0][..], &[7; 16_384]].concat())])),
    ),
    ("half closed without an answer", How::Answer(|_, _| Act::Steps(vec![Step::HalfClose, Step::Hold]))),
    ("closed after the request", How::Answer(|_, _| Act::Steps(Vec::new()))),
    ("silent after the request", How::Answer(|_, _| Act::Steps(vec![Step::Hold]))),
    ("cut in the first line", How::Answer(|_, _| steps("HTTP/1.", &[]))),
    ("cut in the head", How::Answer(|_, _| steps(&head("")[..60], &[]))),
    (
        "cut in the body",
        How::Answer(|_, honest| {
            let bytes = honest.into_bytes();
            steps(&bytes[..bytes.len() - 1], &[])
        }),
    ),
    ("silent after the head", How::Answer(|_, _| steps(head("content-length: 9\r\n"), &[Step::Hold]))),
    (
        "the head in drops",
        How::Answer(|_, _| Act::Steps(vec![Step::Drip(head("").into_bytes(), Duration::from_millis(400))])),
    ),
    (
        "the body in drops",
        How::Answer(|_, _| {
            steps(head("content-length: 900\r\n"), &[Step::Drip(vec![b' '; 900], Duration::from_millis(400))])
        }),
    ),
    (
        "the answer twice",
        How::Answer(|_, honest| {
            let bytes = honest.into_bytes();
            steps([bytes.clone(), bytes].concat(), &[Step::Hold])
        }),
    ),
    ("noise after the answer", How::Answer(|_, honest| steps(honest.into_bytes(), &[Step::Repeat(vec![0; 4096], 64)]))),
    ("a body alone, without a head", How::Answer(|_, honest| steps(honest.body, &[]))),
    (
        "frames of HTTP/2, and GOAWAY",
        How::Answer(|_, _| {
            let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
            steps([&settings[..], &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat(), &[])
        }),
    ),
    ("bytes of noise", How::Answer(|_, _| steps(vec![0xfe; 100_000], &[]))),
    (
        "another protocol upgraded to",
        How::Answer(|_, _| {
            steps(
                format!("HTTP/1.1 101 {INVITATION}\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n{CANARY}"),
                &[Step::Hold],
            )
        }),
    ),
];

/// In the head.
pub const HEAD: [Behaviour; 20] = [
    (
        "redirects to another host",
        How::Answer(|_, _| Act::Say(Reply::text(302, CANARY).with("location", &format!("https://{INVITATION}")))),
    ),
    ("redirects to itself", How::Answer(|asked, _| Act::Say(Reply::text(301, CANARY).with("location", &asked.path)))),
    (
        "redirects a post",
        How::Answer(|_, _| Act::Say(Reply::text(308, CANARY).with("location", "javascript:alert(1)"))),
    ),
    (
        "100 without end",
        How::Answer(|_, _| Act::Steps(vec![Step::Flood(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100))])),
    ),
    (
        "103 without end",
        How::Answer(|_, _| {
            Act::Steps(vec![Step::Flood(format!("HTTP/1.1 103 {INVITATION}\r\nlink: </x>\r\n\r\n").repeat(100).into())])
        }),
    ),
    (
        "ten thousand headers",
        How::Answer(|_, honest| {
            let flood = format!("x-{INVITATION}: {INVITATION}\r\n").replace('/', "-").repeat(10_000);
            steps(format!("{}{flood}\r\n", honest.head()), &[])
        }),
    ),
    ("headers without end", How::Answer(|_, honest| steps(honest.head(), &[Step::Flood(b"x: y\r\n".repeat(1_000))]))),
    (
        "a header without end",
        How::Answer(|_, honest| steps(format!("{}x: ", honest.head()), &[Step::Repeat(vec![b'a'; 65_536], MANY)])),
    ),
    ("a first line without end", How::Answer(|_, _| steps("HTTP/1.1 200 ", &[Step::Repeat(vec![b'a'; 65_536], MANY)]))),
    (
        "codes for the terminal in the first line",
        How::Answer(|_, honest| {
            steps(format!("HTTP/1.1 200 {CANARY}\r\ncontent-length: 1\r\n\r\n1"), &[Step::Bytes(honest.body)])
        }),
    ),
    ("codes for the terminal in a header", How::Answer(|_, honest| steps(honest.with("x", CANARY).into_bytes(), &[]))),
    ("status 999", How::Answer(|_, _| say(999))),
    ("no number for a status", How::Answer(|_, _| steps(format!("HTTP/1.1 {INVITATION}\r\n\r\n"), &[]))),
    ("an empty answer", How::Answer(|_, _| Act::Say(Reply::text(200, "")))),
    ("204", How::Answer(|_, _| steps("HTTP/1.1 204 No Content\r\n\r\n", &[]))),
    (
        "a length too small",
        How::Answer(|_, honest| {
            steps(format!("{}content-length: 1\r\n\r\n", honest.head()), &[Step::Bytes(honest.body)])
        }),
    ),
    (
        "a length too large",
        How::Answer(|_, honest| {
            steps(format!("{}content-length: 99999\r\n\r\n", honest.head()), &[Step::Bytes(honest.body)])
        }),
    ),
    (
        "two lengths",
        How::Answer(|_, honest| {
            steps(
                format!("{}content-length: 2\r\ncontent-length: 9\r\n\r\n", honest.head()),
                &[Step::Bytes(honest.body)],
            )
        }),
    ),
    (
        "a length that is no number",
        How::Answer(|_, _| steps(head("content-length: -1\r\n"), &[Step::Bytes(b"1".to_vec())])),
    ),
    ("ten gigabytes announced", How::Answer(|_, _| steps(head("content-length: 10737418240\r\n"), &[Step::Hold]))),
];

/// In the status.
pub const STATUS: [Behaviour; 19] = [
    ("400", How::Answer(|_, _| say(400))),
    ("401", How::Answer(|_, _| say(401))),
    ("402", How::Answer(|_, _| say(402))),
    ("403", How::Answer(|_, _| say(403))),
    ("404", How::Answer(|_, _| say(404))),
    ("405", How::Answer(|_, _| say(405))),
    ("408", How::Answer(|_, _| say(408))),
    ("413", How::Answer(|_, _| say(413))),
    ("422", How::Answer(|_, _| say(422))),
    ("451", How::Answer(|_, _| say(451))),
    ("500", How::Answer(|_, _| say(500))),
    ("502", How::Answer(|_, _| say(502))),
    ("503", How::Answer(|_, _| say(503))),
    ("511, as a captive portal says it", How::Answer(|_, _| Act::Say(Reply::new(511, "text/html", html())))),
    ("429", How::Answer(|_, _| Act::Say(super::personality::too_many(super::personality::TooMany::Json)))),
    (
        "429, come back in a second",
        How::Answer(|_, _| Act::Say(super::personality::too_many(super::personality::TooMany::Page(1)))),
    ),
    (
        "429, come back next century",
        How::Answer(|_, _| Act::Say(super::personality::too_many(super::personality::TooMany::Page(u64::MAX)))),
    ),
    (
        "429, come back at a place",
        How::Answer(|_, _| Act::Say(Reply::text(429, CANARY).with("retry-after", INVITATION))),
    ),
    ("429, come back before now", How::Answer(|_, _| Act::Say(Reply::text(429, CANARY).with("retry-after", "-5")))),
];

/// In the body.
pub const BODY: [Behaviour; 32] = [
    ("a history without an end", How::Answer(another_page)),
    ("a web page", How::Answer(|_, _| Act::Say(Reply::new(200, "text/html", html())))),
    ("a web page called JSON", How::Answer(|_, _| json(format!("\n \t{}", html())))),
    ("spaces without end", How::Answer(|_, _| steps(head(""), &[Step::Repeat(vec![b' '; 65_536], MANY)]))),
    (
        "chunks without end",
        How::Answer(|_, _| {
            let chunk = [b"10000\r\n".to_vec(), vec![b' '; 65_536], b"\r\n".to_vec()].concat();
            steps(head("transfer-encoding: chunked\r\n"), &[Step::Repeat(chunk, MANY)])
        }),
    ),
    (
        "chunks of a byte without end",
        How::Answer(|_, _| steps(head("transfer-encoding: chunked\r\n"), &[Step::Flood(b"1\r\n \r\n".repeat(2_000))])),
    ),
    (
        "a chunk of another size",
        How::Answer(|_, _| {
            steps(head("transfer-encoding: chunked\r\n"), &[Step::Bytes(b"5\r\n1\r\n0\r\n\r\n".to_vec())])
        }),
    ),
    (
        "a chunk of all sizes",
        How::Answer(|_, _| {
            steps(head("transfer-encoding: chunked\r\n"), &[Step::Bytes(b"ffffffffffffffff\r\n1".to_vec())])
        }),
    ),
    (
        "notes on a chunk without end",
        How::Answer(|_, _| {
            steps(
                head("transfer-encoding: chunked\r\n"),
                &[Step::Bytes(b"1;".to_vec()), Step::Repeat(vec![b'a'; 65_536], MANY)],
            )
        }),
    ),
    (
        "trailers without end",
        How::Answer(|_, _| {
            steps(
                head("transfer-encoding: chunked\r\n"),
                &[Step::Bytes(b"1\r\n1\r\n0\r\n".to_vec()), Step::Flood(b"x: y\r\n".repeat(1_000))],
            )
        }),
    ),
    (
        "a bomb of zeros, compressed",
        How::Answer(|_, _| {
            let member =
                [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0xec, 0xc1, 1, 1, 0, 0, 0, 0x80, 0x90, 0xfe, 0xaf, 0xee]]
                    .concat();
            steps(
                [head("content-encoding: gzip\r\n").into_bytes(), member].concat(),
                &[Step::Repeat(vec![0; 65_536], 2_000)],
            )
        }),
    ),
    (
        "ten gigabytes announced and begun",
        How::Answer(|_, _| steps(head("content-length: 10737418240\r\n"), &[Step::Repeat(vec![b'['; 65_536], MANY)])),
    ),
    (
        "JSON cut off",
        How::Answer(|_, honest| Act::Say(Reply { body: honest.body[..honest.body.len() / 2].to_vec(), ..honest })),
    ),
    (
        "JSON with more behind it",
        How::Answer(|_, honest| {
            Act::Say(Reply { body: [honest.body, CANARY.into()].concat(), status: 200, headers: Vec::new() })
        }),
    ),
    ("JSON of a hundred thousand brackets", How::Answer(|_, _| json("[".repeat(100_000)))),
    (
        "two hundred thousand tiny transactions",
        How::Answer(|_, _| long("[", &(tiny() + ","), 200_000, &(tiny() + "]"))),
    ),
    ("JSON of two million empty lists", How::Answer(|_, _| long("[", "[],", 2_000_000, "[]]"))),
    ("JSON of two million nothings", How::Answer(|_, _| long("[", "null,", 2_000_000, "null]"))),
    ("one string of thirty megabytes", How::Answer(|_, _| long("[\"", "a", 30 << 20, "\"]"))),
    ("one script of thirty megabytes", How::Answer(|_, _| fat())),
    ("numbers that no float holds", How::Answer(|_, honest| with_field(&honest, "value", "1e400"))),
    (
        "numbers that no integer holds",
        How::Answer(|_, honest| with_field(&honest, "value", "340282366920938463463374607431768211456")),
    ),
    ("numbers below zero", How::Answer(|_, honest| with_field(&honest, "value", "-1"))),
    ("more money than there is", How::Answer(|_, honest| with_field(&honest, "value", "18446744073709551615"))),
    ("a height beyond all", How::Answer(|_, honest| with_field(&honest, "block_height", "4294967296"))),
    ("half a character", How::Answer(|_, honest| with_field(&honest, "txid", "\"\\ud800\""))),
    (
        "text where a number belongs",
        How::Answer(|_, honest| with_field(&honest, "version", &format!("\"{INVITATION}\""))),
    ),
    (
        "a hash that is an invitation",
        How::Answer(|_, honest| with_field(&honest, "txid", &Value::from(CANARY).to_string())),
    ),
    ("the same name twice", How::Answer(|_, honest| with_field(&honest, "version", "2,\"version\":1"))),
    ("bytes that are no text", How::Answer(|_, _| Act::Say(Reply::text(200, [0xff, 0xfe, 0x31, 0x00])))),
    (
        "an object of invitations",
        How::Answer(|_, _| json(serde_json::json!({ CANARY: CANARY, "error": CANARY, "message": CANARY }).to_string())),
    ),
    (
        "an error in place of an id",
        How::Answer(|_, _| {
            Act::Say(Reply::text(400, format!("sendrawtransaction RPC error -26: {CANARY}, update at {INVITATION}")))
        }),
    ),
];

/// All of them.
pub fn all() -> Vec<Behaviour> {
    [&WIRE[..], &HEAD, &STATUS, &BODY].concat()
}
