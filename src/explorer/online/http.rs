//! One HTTP exchange: bounded in bytes and time, never redirected, never through a proxy of the environment.
//!
//! The only file that names the HTTP library. It does not retry, does not read bodies for meaning, and says of every
//! failure whether bytes may have left.

use std::{sync::Arc, time::Duration};

use reqwest::{RequestBuilder, Response, header, redirect, retry};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Instant, timeout_at};

use super::limits;
use crate::explorer::{Cause, ExplorerError};

pub(super) use reqwest::Url;

/// Sent with every request: the same for everybody, without a version (threats.md V3).
const USER_AGENT: &str = "fastness";

/// The client and its pool of connections.
pub(super) struct Http {
    client: reqwest::Client,
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
    pub(super) fn new() -> Result<Self, ExplorerError> {
        let client = reqwest::Client::builder()
            .use_preconfigured_tls(tls()?)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(USER_AGENT)
            .connect_timeout(limits::CONNECT)
            .read_timeout(limits::IDLE)
            .timeout(limits::REQUEST)
            .pool_idle_timeout(limits::POOL_IDLE)
            .pool_max_idle_per_host(limits::IN_FLIGHT)
            .build()
            .map_err(|_| ExplorerError::CannotStart("the http client refused its settings"))?;
        Ok(Self { client })
    }

    /// Asks for `url`.
    pub(super) async fn get(&self, url: Url, budget: Budget) -> Result<Reply, Fault> {
        reachable(&url)?;
        exchange(self.client.get(url), budget).await
    }

    /// Sends `text` to `url`, once.
    pub(super) async fn post(&self, url: Url, text: String, budget: Budget) -> Result<Reply, Fault> {
        reachable(&url)?;
        exchange(self.client.post(url).header(header::CONTENT_TYPE, "text/plain").body(text), budget).await
    }
}

impl Http {
    /// Sends a JSON text to `url`, once.
    pub(super) async fn post_json(&self, url: Url, text: String, budget: Budget) -> Result<Reply, Fault> {
        reachable(&url)?;
        exchange(self.client.post(url).header(header::CONTENT_TYPE, "application/json").body(text), budget).await
    }
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

/// Names of onion services must never be looked up in the DNS (RFC 7686); without a proxy they cannot be reached.
fn reachable(url: &Url) -> Result<(), Fault> {
    match url.host_str() {
        Some(host) if is_onion(host) => Err(Fault::before_sending(Cause::NoTor)),
        _ => Ok(()),
    }
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

    #[test]
    fn the_client_starts_and_offers_http2() {
        assert!(Http::new().is_ok());
        assert_eq!(tls().expect("tls").alpn_protocols[0], b"h2");
    }

    #[test]
    fn onion_names_are_never_looked_up() {
        for url in ["http://example.onion/api/", "https://EXAMPLE.onion./"] {
            let fault = reachable(&Url::parse(url).expect("a url")).expect_err("refused");
            assert_eq!(fault, Fault::before_sending(Cause::NoTor));
        }
        assert!(reachable(&Url::parse("https://onion.example/").expect("a url")).is_ok());
    }
}
