//! One explorer: its checked address, whether it is on our chain, and when it may be asked again.
//!
//! The rules for addresses live here: https, except on this machine and for onion services; no passwords, no queries.
//! It asks nothing itself.

use std::cell::Cell;

use tokio::{
    sync::OnceCell,
    time::{Instant, sleep_until},
};

use super::{
    http::{Url, is_onion},
    limits,
};
pub(super) use crate::explorer::passage::is_loopback;
use crate::{
    explorer::{Cause, ExplorerError},
    text::SafeText,
};

/// An explorer that may be asked.
pub(super) struct Endpoint {
    base: String,
    /// Host (and port, where it is not the usual one), as printed.
    pub(super) operator: SafeText,
    /// Set once its block 0 was compared, for the life of the process.
    pub(super) on_our_chain: OnceCell<()>,
    /// Set for the life of the process when it proved false.
    pub(super) barred: Cell<Option<Cause>>,
    /// JSON-RPC questions that this host takes in one batch; some take three and break on four.
    pub(super) batch: Cell<usize>,
    not_before: Cell<Option<Instant>>,
    silent: Cell<Option<(Instant, Cause)>>,
}

impl Endpoint {
    /// Checks an address; `Err` says which rule it breaks.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text.trim()).map_err(|_| "is not a URL")?;
        let host = url.host_str().ok_or("has no host")?;
        match url.scheme() {
            "https" => {}
            "http" if is_onion(host) || is_loopback(host) => {}
            "http" => return Err("must be https: http is for this machine and onion services only"),
            _ => return Err("must be https"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not contain a name or a password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("must not contain a query or a fragment");
        }
        let operator = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Self {
            base: url.as_str().trim_end_matches('/').to_owned(),
            operator: SafeText::new(&operator),
            on_our_chain: OnceCell::new(),
            barred: Cell::new(None),
            batch: Cell::new(limits::FIRST_BATCH),
            not_before: Cell::new(None),
            silent: Cell::new(None),
        })
    }

    /// Every address of a list, checked.
    pub(super) fn parse_all(endpoints: &[String]) -> Result<Vec<Self>, ExplorerError> {
        let mut parsed: Vec<Self> = Vec::new();
        for (index, text) in endpoints.iter().enumerate() {
            let bad = |why| ExplorerError::BadEndpoint { place: index + 1, why };
            if index == limits::ENDPOINTS {
                return Err(bad("is one too many"));
            }
            let endpoint = Self::parse(text).map_err(bad)?;
            if parsed.iter().any(|other| other.base == endpoint.base) {
                return Err(bad("is named twice"));
            }
            parsed.push(endpoint);
        }
        Ok(parsed)
    }

    /// The address itself, without a final slash.
    pub(super) fn into_base(self) -> String {
        self.base
    }

    /// The address of a question; `path` begins with a slash and is made of our own words, hex and digits.
    pub(super) fn url(&self, path: &str) -> Result<Url, Cause> {
        Url::parse(&format!("{}{path}", self.base)).map_err(|_| Cause::Unsupported)
    }

    /// Nobody asks this host before `then`.
    pub(super) fn rest_until(&self, then: Instant) {
        self.not_before.set(self.not_before.get().max(Some(then)));
    }

    /// The host did not answer the first question of all, for this cause.
    pub(super) fn fell_silent(&self, cause: Cause) {
        self.silent.set(Some((Instant::now() + limits::SILENT, cause)));
    }

    /// The cause, while that was a moment ago.
    pub(super) fn is_silent(&self) -> Option<Cause> {
        self.silent.get().and_then(|(until, cause)| (Instant::now() < until).then_some(cause))
    }

    /// Waits while the host asked us to; not beyond `deadline`.
    pub(super) async fn turn(&self, deadline: Instant) -> Result<(), Cause> {
        match self.not_before.get() {
            Some(then) if then >= deadline => Err(Cause::Throttled),
            Some(then) => {
                sleep_until(then).await;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_https_or_private() {
        for good in [
            "https://mempool.space/api",
            "https://mempool.space/api/",
            "http://127.0.0.1:3002",
            "http://127.9.9.9/",
            "http://[::1]:3002/api",
            "http://localhost:3000",
            "http://explorer.onion/api",
        ] {
            let endpoint = Endpoint::parse(good).unwrap_or_else(|why| panic!("{good} {why}"));
            let url = endpoint.url("/blocks/tip/height").expect("a url");
            assert!(url.as_str().ends_with("/blocks/tip/height") && !url.path().contains("//"), "{url}");
        }
    }

    #[test]
    fn other_addresses_are_refused() {
        for bad in [
            "",
            "mempool.space/api",
            "http://mempool.space/api",
            "http://127.0.0.1.evil.example/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://example.onion.evil.example/",
            "http://localhost.evil.example/",
            "http://[::2]/",
            "https://user@mempool.space/api",
            "https://user:word@mempool.space/api",
            "https://mempool.space/api?key=1",
            "https://mempool.space/api#x",
            "ftp://mempool.space",
            "file:///etc/passwd",
            "https://",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lists_are_checked_and_bounded() {
        let list = |texts: &[&str]| Endpoint::parse_all(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        let endpoints = list(&["https://a.example/api", "http://127.0.0.1:3002/"]).expect("both are good");
        assert_eq!(endpoints[1].operator.as_str(), "127.0.0.1:3002");
        let twice = list(&["https://a.example/api", "https://A.example/api/"]).err();
        assert_eq!(twice, Some(ExplorerError::BadEndpoint { place: 2, why: "is named twice" }));
        let many: Vec<String> = (0..17).map(|n| format!("https://{n}.example")).collect();
        assert_eq!(
            Endpoint::parse_all(&many).err(),
            Some(ExplorerError::BadEndpoint { place: 17, why: "is one too many" })
        );
    }

    #[test]
    fn an_error_never_repeats_a_password() {
        let error = Endpoint::parse_all(&["https://user:hunter2@a.example".to_owned()]).err().expect("refused");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
