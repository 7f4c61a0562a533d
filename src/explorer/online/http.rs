//! One HTTP exchange: bounded in bytes and time, never redirected, never through a proxy of the environment.
//!
//! The only file that names the HTTP library. It does not retry, does not read bodies for meaning, and says of every
//! failure whether bytes may have left.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc, time::Duration};

use reqwest::{RequestBuilder, Response, header, redirect, retry};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Instant, timeout_at};

use super::{endpoint, limits};
use crate::{
    explorer::{Cause, ExplorerError, Passage, Seen, Subject},
    text::SafeText,
};

pub(super) use reqwest::Url;

/// Sent with every request: the same for everybody, without a version (threats.md V3).
const USER_AGENT: &str = "fastness";

/// What a request is for. Through a proxy each purpose at each host has a circuit of its own (network.md 4.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// Says nothing about this wallet: the tip, headers, fees.
    Neutral,
    /// Names scripts, accounts or transactions.
    Read,
    /// Carries a transaction.
    Send,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Read => "read",
            Self::Send => "send",
        }
    }
}

/// The clients and their pools of connections.
pub(super) struct Http {
    direct: reqwest::Client,
    passage: Passage,
    /// Random for each process, so that no circuit is used again by the next.
    salt: String,
    circuits: RefCell<BTreeMap<(Purpose, String), reqwest::Client>>,
}

/// What one exchange may cost.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    /// Most bytes of an answer.
    pub(super) bytes: usize,
    /// When it must be complete.
    pub(super) deadline: Instant,
}

/// A complete answer with any status but a redirect.
pub(super) struct Reply {
    pub(super) status: u16,
    /// `Retry-After` in seconds; its form as a date is not read, our own back-off serves then.
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// Whether the server may have read our request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Nothing,
    Maybe,
}

/// An exchange without a complete answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) cause: Cause,
    pub(super) sent: Sent,
}

impl Fault {
    pub(super) const fn before_sending(cause: Cause) -> Self {
        Self { cause, sent: Sent::Nothing }
    }

    const fn after_sending(cause: Cause) -> Self {
        Self { cause, sent: Sent::Maybe }
    }
}

impl Http {
    /// Starts a client that trusts the Mozilla roots only.
    pub(super) fn new(passage: &Passage) -> Result<Self, ExplorerError> {
        let salt = getrandom::u64().map_err(|_| ExplorerError::CannotStart("no random numbers"))?;
        let salt = format!("{salt:016x}");
        Ok(Self { direct: client(None)?, passage: passage.clone(), salt, circuits: RefCell::default() })
    }

    /// Says what the host is about to be told.
    pub(super) fn tell(&self, network: &'static str, host: &SafeText, subject: Subject) {
        if let Some(witness) = &self.passage.witness {
            witness(&Seen { network, host: host.clone(), subject });
        }
    }

    /// Accounts of ours that a text names, wherever in it.
    pub(super) fn ours_in(&self, text: &str) -> Vec<String> {
        let text = text.to_ascii_lowercase();
        self.passage.accounts.iter().filter(|account| text.contains(account.as_str())).cloned().collect()
    }

    /// Asks for `url`.
    pub(super) async fn get(&self, url: Url, purpose: Purpose, budget: Budget) -> Result<Reply, Fault> {
        let client = self.client(&url, purpose)?;
        exchange(client.get(url), budget).await
    }

    /// Sends `text` to `url`, once.
    pub(super) async fn post(&self, url: Url, text: String, budget: Budget) -> Result<Reply, Fault> {
        let client = self.client(&url, Purpose::Send)?;
        exchange(client.post(url).header(header::CONTENT_TYPE, "text/plain").body(text), budget).await
    }

    /// Sends a JSON text to `url`, once.
    pub(super) async fn post_json(
        &self,
        url: Url,
        (purpose, text): (Purpose, String),
        budget: Budget,
    ) -> Result<Reply, Fault> {
        let client = self.client(&url, purpose)?;
        exchange(client.post(url).header(header::CONTENT_TYPE, "application/json").body(text), budget).await
    }

    /// The client for a host and a purpose. With a proxy only this machine itself is reached without it; without one,
    /// onion services are not reached at all: their names must never be looked up in the DNS (RFC 7686).
    fn client(&self, url: &Url, purpose: Purpose) -> Result<reqwest::Client, Fault> {
        let host = url.host_str().unwrap_or_default();
        let Some(proxy) = &self.passage.proxy else {
            let lost = is_onion(host).then(|| Fault::before_sending(Cause::NoTor));
            return lost.map_or_else(|| Ok(self.direct.clone()), Err);
        };
        if endpoint::is_loopback(host) {
            return Ok(self.direct.clone());
        }
        let key = (purpose, host.to_owned());
        if let Some(client) = self.circuits.borrow().get(&key) {
            return Ok(client.clone());
        }
        let address = proxy.url(&format!("{}-{host}", purpose.name()), &self.salt);
        let made = client(Some(&address)).map_err(|_| Fault::before_sending(Cause::Unreachable))?;
        self.circuits.borrow_mut().insert(key, made.clone());
        Ok(made)
    }
}

/// A client, direct or through the proxy at this address. Through a proxy everything takes longer.
fn client(proxy: Option<&str>) -> Result<reqwest::Client, ExplorerError> {
    let refused = |_| ExplorerError::CannotStart("the http client refused its settings");
    let slower = if proxy.is_some() { limits::PROXY_FACTOR } else { 1 };
    let builder = reqwest::Client::builder()
        .use_preconfigured_tls(tls()?)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
        .user_agent(USER_AGENT)
        .connect_timeout(limits::CONNECT * slower)
        .read_timeout(limits::IDLE * slower)
        .timeout(limits::REQUEST * slower)
        .pool_idle_timeout(limits::POOL_IDLE)
        .pool_max_idle_per_host(limits::IN_FLIGHT);
    let builder = match proxy {
        Some(address) => builder.proxy(reqwest::Proxy::all(address).map_err(refused)?),
        None => builder,
    };
    builder.build().map_err(refused)
}

/// Mozilla's roots, `ring`, TLS 1.2 and 1.3; no way to trust more.
fn tls() -> Result<ClientConfig, ExplorerError> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ExplorerError::CannotStart("no usable version of tls"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// True for the name of an onion service, with or without a final dot.
pub(super) fn is_onion(host: &str) -> bool {
    host.trim_end_matches('.').ends_with(".onion")
}

async fn exchange(request: RequestBuilder, budget: Budget) -> Result<Reply, Fault> {
    let whole = async {
        let response = request.send().await.map_err(|error| fault_of(&error))?;
        read(response, budget.bytes).await
    };
    timeout_at(budget.deadline, whole).await.unwrap_or(Err(Fault::after_sending(Cause::TimedOut)))
}

fn fault_of(error: &reqwest::Error) -> Fault {
    if error.is_connect() {
        return Fault::before_sending(Cause::Unreachable);
    }
    Fault::after_sending(if error.is_timeout() { Cause::TimedOut } else { Cause::Interrupted })
}

/// Reads the body piece by piece and stops at the first byte too many, whatever its header announced.
async fn read(mut response: Response, most: usize) -> Result<Reply, Fault> {
    let status = response.status();
    if status.is_redirection() || status.is_informational() {
        return Err(Fault::after_sending(Cause::Redirected));
    }
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(seconds);
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| fault_of(&error))? {
        if piece.len() > most.saturating_sub(body.len()) {
            return Err(Fault::after_sending(Cause::TooLarge));
        }
        body.extend_from_slice(&piece);
    }
    Ok(Reply { status: status.as_u16(), retry_after, body })
}

fn seconds(value: &header::HeaderValue) -> Option<Duration> {
    value.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explorer::SocksProxy;

    fn http(proxy: Option<&str>) -> Http {
        let proxy = proxy.map(|text| SocksProxy::parse(text).expect("a proxy"));
        Http::new(&Passage { proxy, ..Passage::default() }).expect("a client")
    }

    #[test]
    fn the_client_starts_and_offers_http2() {
        assert!(client(None).is_ok());
        assert_eq!(tls().expect("tls").alpn_protocols[0], b"h2");
    }

    #[test]
    fn onion_names_are_never_looked_up() {
        let url = |text| Url::parse(text).expect("a url");
        for onion in ["http://example.onion/api/", "https://EXAMPLE.onion./"] {
            let fault = http(None).client(&url(onion), Purpose::Read).expect_err("refused");
            assert_eq!(fault, Fault::before_sending(Cause::NoTor));
        }
        assert!(http(None).client(&url("https://onion.example/"), Purpose::Read).is_ok());
    }

    #[test]
    fn each_purpose_at_each_host_has_its_circuit() {
        let http = http(Some("socks5://127.0.0.1:9"));
        for (address, purpose) in [
            ("http://example.onion/api/", Purpose::Read),
            ("http://example.onion/api/x", Purpose::Read),
            ("http://example.onion/api/", Purpose::Send),
            ("https://a.example/", Purpose::Read),
            ("http://127.0.0.1:3002/", Purpose::Read),
        ] {
            http.client(&Url::parse(address).expect("a url"), purpose).expect("a client");
        }
        assert_eq!(http.circuits.borrow().len(), 3, "and this machine is reached directly");
    }
}
