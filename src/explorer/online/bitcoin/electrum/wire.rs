//! One connection to an Electrum server: a line a question, a line an answer, matched by number.
//!
//! Over TLS, or in the open on this machine and to onion services; through the proxy if there is one. Lines are bounded
//! before they are kept, everything has a deadline, and no text of a server leaves this file unparsed.

use std::sync::Arc;

use rustls::{ClientConfig, pki_types::ServerName};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;

use super::{errors, json::ElectrumResult};
use crate::explorer::{
    Cause,
    online::{
        bitcoin::{esplora::json, tx_cache::TxCache},
        transport::{
            endpoint::{Endpoint, ServerAddress},
            http::{Http, HttpFault, RequestPurpose, SentState, Way},
            limits, retry,
            socks::{self, SocksLogin, SocksTarget},
            tls,
        },
    },
};

/// What we say we are: the same for every user, without a version.
const CLIENT: &str = "fastness";
/// Versions of the protocol that this file speaks.
const PROTOCOL: [&str; 2] = ["1.4", "1.6"];
/// Bytes read at once.
const PIECE: usize = 16 << 10;

/// A question: method and parameters.
pub(crate) type ElectrumCall = (&'static str, Value);
/// An answer: its result, or its error, to be sorted by electrum/errors.rs and dropped.
pub(crate) type ElectrumReply = Result<ElectrumResult, Value>;

/// The connections to one server, kept for the life of the process, and what it sent already.
#[derive(Default)]
pub(crate) struct Lines {
    /// One for each purpose that reads, for each has a circuit of its own; without a proxy only the first is used.
    kept: [Mutex<Option<ServerLine>>; 2],
    pub(crate) txs: TxCache,
}

/// Both directions of a connection.
trait Duplex: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// One connection whose version was agreed.
struct ServerLine {
    stream: Box<dyn Duplex>,
    /// What was read after the last line.
    rest: Vec<u8>,
    next: u64,
    /// Everything takes longer through a proxy.
    slower: u32,
}

/// A line as servers write it: an answer, or a notification, which has a method.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    id: Value,
    method: Option<Value>,
    result: Option<Box<RawValue>>,
    error: Option<Value>,
}

/// One server while it answers one question.
#[derive(Clone, Copy)]
pub(crate) struct ElectrumWire<'a> {
    pub(crate) http: &'a Http,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) deadline: Instant,
}

impl ElectrumWire<'_> {
    /// Asks one question. A read: repeated once on a new connection where the old one broke.
    pub(crate) async fn ask(&self, purpose: RequestPurpose, question: ElectrumCall) -> Result<ElectrumResult, Cause> {
        let replies = self.ask_all(purpose, &[question], 1).await?;
        let reply = replies.into_iter().next().ok_or(Cause::Malformed)?;
        reply.map_err(|error| errors::cause(&error))
    }

    /// Asks several questions, at most 100 of them in flight, `part` repeated together. One reply each, in their order.
    pub(crate) async fn ask_all(
        &self,
        purpose: RequestPurpose,
        questions: &[ElectrumCall],
        part: usize,
    ) -> Result<Vec<ElectrumReply>, Cause> {
        let mut replies = Vec::with_capacity(questions.len());
        for part in questions.chunks(part.max(1)) {
            let ask = async || {
                let replies = self.in_time(Box::pin(self.exchange(purpose, part))).await?;
                // A server that is busy with one question is busy with all: ask again, later.
                let causes = replies.iter().filter_map(|reply| reply.as_ref().err()).map(errors::cause);
                let busy = causes.into_iter().find(|cause| matches!(cause, Cause::Throttled | Cause::Busy));
                busy.map_or(Ok(replies), |cause| Err(cause.into()))
            };
            replies.extend(retry::read(self.endpoint, self.deadline, ask).await?);
        }
        Ok(replies)
    }

    /// Asks one question once, on a connection of its own, so that it is known whether it left this machine.
    pub(crate) async fn ask_once(&self, question: ElectrumCall) -> Result<ElectrumReply, HttpFault> {
        let opened = self.in_time(self.connect(RequestPurpose::Send)).await;
        let mut line = opened.map_err(HttpFault::before_sending)?;
        let replies = self.in_time(line.exchange(&[question])).await;
        let after = |cause| HttpFault { cause, sent: SentState::Maybe };
        replies.map_err(after)?.pop().ok_or_else(|| after(Cause::Malformed))
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Cause>>) -> Result<T, Cause> {
        timeout_at(self.deadline, work).await.unwrap_or(Err(Cause::TimedOut))
    }

    /// One chunk on the kept connection, or on a new one. A connection is kept only if its exchange ended well: late
    /// answers could not be told from the next ones.
    async fn exchange(&self, purpose: RequestPurpose, questions: &[ElectrumCall]) -> Result<Vec<ElectrumReply>, Cause> {
        let lines = self.endpoint.memory::<Lines>()?;
        let address = self.endpoint.server.as_ref().ok_or(Cause::Unsupported)?;
        let proxied = matches!(self.http.way(&address.host, purpose)?, Way::Through { .. });
        let [first, second] = &lines.kept;
        let mut kept =
            if proxied && purpose == RequestPurpose::Neutral { second.lock().await } else { first.lock().await };
        let mut line = match kept.take() {
            Some(line) => line,
            None => self.connect(purpose).await?,
        };
        let replies = line.exchange(questions).await?;
        *kept = Some(line);
        Ok(replies)
    }

    /// Opens a connection and agrees on a version, which has to come first.
    async fn connect(&self, purpose: RequestPurpose) -> Result<ServerLine, Cause> {
        let address = self.endpoint.server.as_ref().ok_or(Cause::Unsupported)?;
        let way = self.http.way(&address.host, purpose)?;
        let (slower, lost) = match way {
            Way::Direct => (1, Cause::Unreachable),
            Way::Through { .. } => (limits::PROXY_FACTOR, Cause::NotThroughProxy),
        };
        let opening = timeout(limits::CONNECT * slower, open(address, way));
        let stream = opening.await.unwrap_or(Err(lost))?;
        let mut line = ServerLine { stream, rest: Vec::new(), next: 0, slower };
        line.greet().await?;
        Ok(line)
    }
}

/// Opens the stream: directly or through the proxy, and TLS on top.
async fn open(address: &ServerAddress, way: Way<'_>) -> Result<Box<dyn Duplex>, Cause> {
    let (host, port) = (address.host.as_str(), address.port);
    let stream = match way {
        Way::Direct => TcpStream::connect((host, port)).await.map_err(|_| Cause::Unreachable)?,
        Way::Through { proxy, user, password } => {
            let mut stream = TcpStream::connect(proxy.address()).await.map_err(|_| Cause::NotThroughProxy)?;
            let login = SocksLogin { user: &user, password };
            socks::open(&mut stream, SocksTarget { host, port }, login).await?;
            stream
        }
    };
    // Without it small questions wait for the acknowledgement of earlier ones. No reason to fail.
    let _ = stream.set_nodelay(true);
    if address.tls.is_none() {
        return Ok(Box::new(stream));
    }
    secure(stream, &address.host, tls::config(&[]).map_err(|_| Cause::Unreachable)?).await
}

/// TLS with the host of this name, whose certificate has to lead to a root in the settings.
async fn secure(stream: impl Duplex + 'static, host: &str, settings: ClientConfig) -> Result<Box<dyn Duplex>, Cause> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Cause::Unreachable)?;
    let secured = TlsConnector::from(Arc::new(settings)).connect(name, stream).await;
    Ok(Box::new(secured.map_err(|error| tls::cause(&error).unwrap_or(Cause::Unreachable))?))
}

impl ServerLine {
    /// Agrees on the version of the protocol.
    async fn greet(&mut self) -> Result<(), Cause> {
        let reply = self.exchange(&[("server.version", json!([CLIENT, PROTOCOL]))]).await?.pop();
        let answer = reply.ok_or(Cause::Malformed)?.map_err(|error| errors::cause(&error))?;
        let (_software, version): (Value, String) = super::json::shape(&answer)?;
        // 1.4, 1.4.2, 1.5.3, 1.6: everything from 1.4 on that was offered.
        let minor = version.strip_prefix("1.").and_then(|rest| rest.split('.').next()?.parse::<u8>().ok());
        if minor.is_some_and(|minor| (4..=6).contains(&minor)) { Ok(()) } else { Err(Cause::Unsupported) }
    }

    /// Keeps up to 100 questions in flight until each has its answer.
    async fn exchange(&mut self, questions: &[ElectrumCall]) -> Result<Vec<ElectrumReply>, Cause> {
        let first = self.next;
        let mut budget = limits::CHUNK_BYTES;
        let mut replies: Vec<Option<ElectrumReply>> = questions.iter().map(|_| None).collect();
        let (ahead, mut later) = questions.split_at(questions.len().min(limits::CHUNK));
        self.send(ahead).await?;
        let mut missing = replies.len();
        while missing > 0 {
            let Some((id, reply)) = read(&self.line(&mut budget).await?)? else { continue };
            let place = id.checked_sub(first).and_then(|place| usize::try_from(place).ok());
            let slot = place.and_then(|place| replies.get_mut(place)).ok_or(Cause::Malformed)?;
            // A number twice: which of the two is the answer cannot be known.
            if id >= self.next || slot.replace(reply).is_some() {
                return Err(Cause::Malformed);
            }
            missing -= 1;
            if let Some((next, rest)) = later.split_at_checked(1) {
                self.send(next).await?;
                later = rest;
            }
        }
        replies.into_iter().map(|reply| reply.ok_or(Cause::Malformed)).collect()
    }

    /// Writes questions with the next numbers.
    async fn send(&mut self, questions: &[ElectrumCall]) -> Result<(), Cause> {
        let mut text = String::new();
        for (method, params) in questions {
            let question = json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params});
            text.push_str(&question.to_string());
            text.push('\n');
            self.next = self.next.wrapping_add(1);
        }
        self.write(text.as_bytes()).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        let writing = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout(limits::REQUEST * self.slower, writing).await {
            Ok(written) => written.map_err(|_| Cause::Interrupted),
            Err(_) => Err(Cause::TimedOut),
        }
    }

    /// The next line. `budget` is what may still be read for this exchange.
    async fn line(&mut self, budget: &mut usize) -> Result<Vec<u8>, Cause> {
        let mut searched = 0;
        loop {
            let found = self.rest.get(searched..).and_then(|new| new.iter().position(|byte| *byte == b'\n'));
            if let Some(place) = found {
                let after = self.rest.split_off(searched + place + 1);
                return Ok(std::mem::replace(&mut self.rest, after));
            }
            searched = self.rest.len();
            if searched > limits::LINE_BYTES {
                return Err(Cause::TooLarge);
            }
            // Not on the stack: this is awaited deep inside of other questions.
            let mut piece = vec![0; PIECE];
            let reading = timeout(limits::REQUEST * self.slower, self.stream.read(&mut piece));
            let count = reading.await.map_err(|_| Cause::TimedOut)?.map_err(|_| Cause::Interrupted)?;
            if count == 0 {
                return Err(Cause::Interrupted);
            }
            *budget = budget.checked_sub(count).ok_or(Cause::TooLarge)?;
            self.rest.extend_from_slice(piece.get(..count).unwrap_or_default());
        }
    }
}

/// The number and the reply of a line; nothing for a notification.
fn read(line: &[u8]) -> Result<Option<(u64, ElectrumReply)>, Cause> {
    let line = line.trim_ascii();
    if line.starts_with(b"<") || line.starts_with(b"HTTP/") {
        return Err(Cause::WebPage);
    }
    // A list of an object's members in some order would be read as one.
    if !line.starts_with(b"{") {
        return Err(Cause::Malformed);
    }
    let message: Message = json::parse(line)?;
    match (message.method, message.id.as_u64(), message.error) {
        (Some(_), ..) => Ok(None),
        (None, Some(id), Some(error)) => Ok(Some((id, Err(error)))),
        (None, Some(id), None) => Ok(Some((id, Ok(message.result)))),
        // An error about a line as a whole has no number.
        (None, None, Some(error)) => Err(errors::cause(&error)),
        (None, None, None) => Err(Cause::Malformed),
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
