//! One HTTP exchange: bounded in bytes and time, never redirected, never through a proxy of the environment.
//!
//! The only file that names the HTTP library. It does not retry, does not read bodies for meaning, and says of every
//! failure whether bytes may have left.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use bitcoin::Transaction;
use reqwest::{RequestBuilder, Response, header, redirect, retry};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use super::{limits, tls};
use crate::{
    explorer::{Cause, Egress, ExplorerError, NodeLogin, Route, Seen, SocksProxy, Subject},
    text::SafeText,
};

pub(crate) use reqwest::Url;

/// Sent with every request: the same for every user, without a version.
const USER_AGENT: &str = "fastness";

/// What a TLS session is offered for (ALPN).
const PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];

/// What a request is for. Through a proxy each purpose at each host has a circuit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RequestPurpose {
    /// Says nothing about this wallet: the tip, headers, fees.
    Neutral,
    /// Names scripts, accounts or transactions.
    Read,
    /// Carries a transaction.
    Send,
    /// Has a person's own node search its chain, which takes minutes.
    Scan,
}

impl RequestPurpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Read => "read",
            Self::Send => "send",
            Self::Scan => "scan",
        }
    }
}

/// How a host is reached.
pub(crate) enum Way<'a> {
    /// By its name or number.
    Direct,
    /// By a proxy, which alone looks up names; name and password give a circuit of its own.
    Through {
        /// The proxy.
        proxy: &'a SocksProxy,
        /// Purpose and host.
        user: String,
        /// The salt of this process.
        password: &'a str,
    },
}

/// The clients and their pools of connections.
pub(crate) struct Http {
    direct: reqwest::Client,
    egress: Egress,
    /// Random for each process, so that no circuit is used again by the next.
    salt: String,
    circuits: RefCell<BTreeMap<(RequestPurpose, String), reqwest::Client>>,
    /// Held while an answer longer than [`limits::LONG_ANSWER`] is read: one at a time, or sixteen would fill the memory.
    long: Semaphore,
    /// Memory of the histories that were gathered since the start, in bytes.
    kept: Cell<usize>,
}

/// About how much memory a transaction takes: its bytes, and what each input and output takes besides.
fn memory_of(tx: &Transaction) -> usize {
    tx.total_size() + 160 * tx.input.len() + 32 * tx.output.len() + 128
}

/// What one exchange may cost.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    /// Most bytes of an answer.
    pub(crate) bytes: usize,
    /// When it must be complete.
    pub(crate) deadline: Instant,
}

/// A JSON text that is posted.
pub(crate) struct JsonContent {
    /// What the request is for.
    pub(crate) purpose: RequestPurpose,
    /// The text.
    pub(crate) text: String,
}

/// A complete answer with any status but a redirect.
pub(crate) struct HttpReply {
    pub(crate) status: u16,
    /// `Retry-After`, in seconds or as a date.
    pub(crate) retry_after: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

/// Whether the server may have read our request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SentState {
    Nothing,
    Maybe,
}

/// An exchange without a complete answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HttpFault {
    pub(crate) cause: Cause,
    pub(crate) sent: SentState,
}

impl HttpFault {
    pub(crate) const fn before_sending(cause: Cause) -> Self {
        Self { cause, sent: SentState::Nothing }
    }

    const fn after_sending(cause: Cause) -> Self {
        Self { cause, sent: SentState::Maybe }
    }
}

impl Http {
    /// Starts a client that trusts the Mozilla roots only.
    pub(crate) fn new(egress: &Egress) -> Result<Self, ExplorerError> {
        let salt = getrandom::u64().map_err(|_| ExplorerError::CannotStart("no random numbers"))?;
        let salt = format!("{salt:016x}");
        Ok(Self {
            direct: client(None, RequestPurpose::Read)?,
            egress: egress.clone(),
            salt,
            circuits: RefCell::default(),
            long: Semaphore::new(1),
            kept: Cell::new(0),
        })
    }

    /// Counts a transaction that is kept until a history is complete; an error where that is more than any person's.
    pub(crate) fn keep(&self, tx: &Transaction) -> Result<(), Cause> {
        self.keep_bytes(memory_of(tx))
    }

    /// The same for other things of so many bytes.
    pub(crate) fn keep_bytes(&self, bytes: usize) -> Result<(), Cause> {
        self.kept.set(self.kept.get().saturating_add(bytes));
        if self.kept.get() > limits::KEPT_BYTES { Err(Cause::TooLarge) } else { Ok(()) }
    }

    /// How many times longer everything may take by this way out.
    pub(crate) const fn slowness(&self) -> u32 {
        if self.egress.proxy.is_some() { limits::PROXY_FACTOR } else { 1 }
    }

    /// Says what the host is about to be told.
    pub(crate) fn tell(&self, network: &'static str, host: &SafeText, subject: Subject) {
        if let Some(hook) = &self.egress.hook {
            hook(&Seen { network, host: host.clone(), subject });
        }
    }

    /// Accounts of ours that a text names, wherever in it.
    pub(crate) fn ours_in(&self, text: &str) -> Vec<String> {
        let text = text.to_ascii_lowercase();
        self.egress.accounts.iter().filter(|account| text.contains(account.as_str())).cloned().collect()
    }

    /// Asks for `url`.
    pub(crate) async fn get(&self, url: Url, purpose: RequestPurpose, budget: Budget) -> Result<HttpReply, HttpFault> {
        let client = self.client(&url, purpose)?;
        self.exchange(&url, client.get(url.clone()), budget).await
    }

    /// Sends `text` to `url`, once.
    pub(crate) async fn post(&self, url: Url, text: String, budget: Budget) -> Result<HttpReply, HttpFault> {
        let client = self.client(&url, RequestPurpose::Send)?;
        let request = client.post(url.clone()).header(header::CONTENT_TYPE, "text/plain").body(text);
        self.exchange(&url, request, budget).await
    }

    /// Sends a form to `url`, once; its values are hex.
    pub(crate) async fn post_form(&self, url: Url, form: String, budget: Budget) -> Result<HttpReply, HttpFault> {
        let client = self.client(&url, RequestPurpose::Send)?;
        let kind = "application/x-www-form-urlencoded";
        let request = client.post(url.clone()).header(header::CONTENT_TYPE, kind).body(form);
        self.exchange(&url, request, budget).await
    }

    /// Sends a JSON text to `url`, once.
    pub(crate) async fn post_json(
        &self,
        url: Url,
        content: JsonContent,
        budget: Budget,
    ) -> Result<HttpReply, HttpFault> {
        self.post_json_as(None, url, content, budget).await
    }

    /// The same with a name and a password, in a header and nowhere else.
    pub(crate) async fn post_json_as(
        &self,
        login: Option<&NodeLogin>,
        url: Url,
        content: JsonContent,
        budget: Budget,
    ) -> Result<HttpReply, HttpFault> {
        let JsonContent { purpose, text } = content;
        let client = self.client(&url, purpose)?;
        let request = client.post(url.clone()).header(header::CONTENT_TYPE, "application/json").body(text);
        let request = match login.map(NodeLogin::parts) {
            Some((name, password)) => request.basic_auth(name, Some(password)),
            None => request,
        };
        self.exchange(&url, request, budget).await
    }

    /// One exchange; where nothing was reached, the proxy or what is behind it may be the reason.
    async fn exchange(&self, url: &Url, request: RequestBuilder, budget: Budget) -> Result<HttpReply, HttpFault> {
        let proxied = self.egress.route(url.host_str().unwrap_or_default()) == Route::Proxy;
        exchange(request, budget, &self.long).await.map_err(|fault| match fault {
            HttpFault { cause: Cause::Unreachable, sent: SentState::Nothing } if proxied => {
                HttpFault::before_sending(Cause::NotThroughProxy)
            }
            other => other,
        })
    }

    /// How a host is reached for a purpose. With a proxy only this machine itself is reached without it; without one,
    /// onion services are not reached at all: their names must never be looked up in the DNS (RFC 7686).
    pub(crate) fn way(&self, host: &str, purpose: RequestPurpose) -> Result<Way<'_>, Cause> {
        match &self.egress.proxy {
            None if is_onion(host) => Err(Cause::NoTor),
            None => Ok(Way::Direct),
            Some(_) if self.egress.route(host) == Route::Here => Ok(Way::Direct),
            Some(proxy) => Ok(Way::Through { proxy, user: format!("{}-{host}", purpose.name()), password: &self.salt }),
        }
    }

    /// The client for a host and a purpose.
    fn client(&self, url: &Url, purpose: RequestPurpose) -> Result<reqwest::Client, HttpFault> {
        let host = url.host_str().unwrap_or_default();
        let (key, address) = match self.way(host, purpose).map_err(HttpFault::before_sending)? {
            Way::Direct if purpose != RequestPurpose::Scan => return Ok(self.direct.clone()),
            Way::Direct => ((purpose, String::new()), None),
            Way::Through { proxy, user, password } => ((purpose, host.to_owned()), Some(proxy.url(&user, password))),
        };
        if let Some(client) = self.circuits.borrow().get(&key) {
            return Ok(client.clone());
        }
        let made = client(address.as_deref(), purpose).map_err(|_| HttpFault::before_sending(Cause::Unreachable))?;
        self.circuits.borrow_mut().insert(key, made.clone());
        Ok(made)
    }
}

/// A client, direct or through the proxy at this address. Through a proxy everything takes longer.
fn client(proxy: Option<&str>, purpose: RequestPurpose) -> Result<reqwest::Client, ExplorerError> {
    client_with(tls::config(PROTOCOLS)?, proxy, purpose)
}

fn client_with(
    tls: rustls::ClientConfig,
    proxy: Option<&str>,
    purpose: RequestPurpose,
) -> Result<reqwest::Client, ExplorerError> {
    let refused = |_| ExplorerError::CannotStart("the http client refused its settings");
    let slower = if proxy.is_some() { limits::PROXY_FACTOR } else { 1 };
    let (idle, request) = match purpose {
        RequestPurpose::Scan => (limits::SCAN, limits::SCAN),
        _ => (limits::IDLE, limits::REQUEST),
    };
    let builder = reqwest::Client::builder()
        .use_preconfigured_tls(tls)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
        .user_agent(USER_AGENT)
        .connect_timeout(limits::CONNECT * slower)
        .read_timeout(idle * slower)
        .timeout(request * slower)
        .pool_idle_timeout(limits::POOL_IDLE)
        .pool_max_idle_per_host(limits::IN_FLIGHT);
    let builder = match proxy {
        Some(address) => builder.proxy(reqwest::Proxy::all(address).map_err(refused)?),
        None => builder,
    };
    builder.build().map_err(refused)
}

/// True for the name of an onion service, with or without a final dot.
pub(crate) fn is_onion(host: &str) -> bool {
    host.trim_end_matches('.').ends_with(".onion")
}

async fn exchange(request: RequestBuilder, budget: Budget, long: &Semaphore) -> Result<HttpReply, HttpFault> {
    let whole = async {
        let response = request.send().await.map_err(|error| fault_of(&error))?;
        read(response, budget.bytes, long).await
    };
    timeout_at(budget.deadline, whole).await.unwrap_or(Err(HttpFault::after_sending(Cause::TimedOut)))
}

fn fault_of(error: &reqwest::Error) -> HttpFault {
    if error.is_connect() {
        return HttpFault::before_sending(tls::cause(error).unwrap_or(Cause::Unreachable));
    }
    HttpFault::after_sending(if error.is_timeout() { Cause::TimedOut } else { Cause::Interrupted })
}

/// Reads the body piece by piece and stops at the first byte too many, whatever its header announced.
async fn read(mut response: Response, most: usize, long: &Semaphore) -> Result<HttpReply, HttpFault> {
    let status = response.status();
    if status.is_redirection() || status.is_informational() {
        return Err(HttpFault::after_sending(Cause::Redirected));
    }
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(seconds);
    let (mut body, mut turn) = (Vec::new(), None);
    while let Some(piece) = response.chunk().await.map_err(|error| fault_of(&error))? {
        if piece.len() > most.saturating_sub(body.len()) {
            return Err(HttpFault::after_sending(Cause::TooLarge));
        }
        if turn.is_none() && body.len() + piece.len() > limits::LONG_ANSWER {
            turn = long.acquire().await.ok();
        }
        body.extend_from_slice(&piece);
    }
    Ok(HttpReply { status: status.as_u16(), retry_after, body })
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or the date until which to wait.
fn seconds(value: &header::HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    let until = || httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok();
    text.parse().ok().map(Duration::from_secs).or_else(until)
}

/// What a status says; nothing for any 2xx (one server answers fee estimates with 203).
pub(crate) const fn status_cause(status: u16) -> Option<Cause> {
    Some(match status {
        200..=299 => return None,
        401 | 402 | 403 | 430 | 451 => Cause::Denied,
        404 => Cause::Missing,
        405 => Cause::Unsupported,
        429 => Cause::Throttled,
        503 => Cause::Busy,
        500..=599 => Cause::ServerError(status),
        _ => Cause::Refused(status),
    })
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
