//! How questions leave this machine: directly or through a SOCKS proxy, and the hook that logs what each host was told.
//!
//! Plain data and one observer. Nothing here sends anything; nothing falls back from a proxy to the open network.

use std::{fmt, rc::Rc};

use super::{HealthBook, operators::is_loopback};
use crate::text::SafeText;

/// Longest name of a proxy's host.
const MAX_HOST: usize = 253;

/// A SOCKS5 proxy, such as Tor's. Names are looked up by it and never here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocksProxy {
    host: String,
    port: u16,
}

impl SocksProxy {
    /// Reads `socks5://HOST:PORT` or `socks5h://HOST:PORT`; both mean the same: the proxy resolves names.
    ///
    /// # Errors
    /// Which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let rest = text.strip_prefix("socks5h://").or_else(|| text.strip_prefix("socks5://"));
        let rest = rest.ok_or("has to begin with socks5://")?.trim_end_matches('/');
        let (host, port) = rest.rsplit_once(':').ok_or("has to end with a port")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
        if host.is_empty() || host.len() > MAX_HOST || !host.bytes().all(plain) {
            return Err("has no plain host name");
        }
        let port = port.parse().ok().filter(|port| *port != 0).ok_or("has to end with a port")?;
        Ok(Self { host: host.to_owned(), port })
    }

    /// The proxy's address with the credentials that give a circuit of its own (Tor: `IsolateSOCKSAuth`).
    #[must_use]
    pub fn url(&self, user: &str, password: &str) -> String {
        format!("socks5h://{user}:{password}@{}:{}", self.host, self.port)
    }

    /// Host and port to connect to.
    #[must_use]
    pub fn address(&self) -> (&str, u16) {
        (self.host.trim_start_matches('[').trim_end_matches(']'), self.port)
    }
}

impl fmt::Display for SocksProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "socks5h://{}:{}", self.host, self.port)
    }
}

/// What a question tells the host that is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A script, as SHA-256 in hex: an address of ours, as a rule.
    Script(String),
    /// A transaction that was asked about.
    Transaction(String),
    /// A transaction that was sent from here.
    Sent(String),
    /// An account of an EVM chain.
    Account(String),
}

impl Subject {
    /// One word for the kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Script(_) => "script",
            Self::Transaction(_) => "transaction",
            Self::Sent(_) => "sent",
            Self::Account(_) => "account",
        }
    }

    /// The id of what was told, in lower-case hex.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Script(id) | Self::Transaction(id) | Self::Sent(id) | Self::Account(id) => id,
        }
    }
}

/// A host that is about to be told something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// Name of the network.
    pub network: &'static str,
    /// The host.
    pub host: SafeText,
    /// What it is told.
    pub subject: Subject,
}

/// Is told of every disclosure before its request leaves.
pub type DisclosureHook = Rc<dyn Fn(&Seen)>;

/// The way out.
#[derive(Clone, Default)]
pub struct Egress {
    /// Nothing for direct connections. This machine's own addresses are always reached directly.
    pub proxy: Option<SocksProxy>,
    /// The hook that writes down what was told to which host.
    pub hook: Option<DisclosureHook>,
    /// Accounts of ours on EVM chains, as 40 lower-case hex digits: looked for in every text that goes to a node.
    pub accounts: Vec<String>,
    /// How each host behaved so far.
    pub book: HealthBook,
}

/// By which way a host is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// It is on this machine.
    Here,
    /// From this machine's own network address.
    Direct,
    /// Through the proxy.
    Proxy,
}

impl Route {
    /// One word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Direct => "direct",
            Self::Proxy => "proxy",
        }
    }
}

impl Egress {
    /// The way to a host, given with or without its port.
    #[must_use]
    pub fn route(&self, host: &str) -> Route {
        let bare = match host.rsplit_once(':') {
            // A colon before the last one is part of an address, unless that address is in brackets.
            Some((bare, port))
                if (bare.ends_with(']') || !bare.contains(':'))
                    && !port.is_empty()
                    && port.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                bare
            }
            _ => host,
        };
        match self.proxy {
            _ if is_loopback(bare) => Route::Here,
            Some(_) => Route::Proxy,
            None => Route::Direct,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_host() {
        let proxied = Egress { proxy: SocksProxy::parse("socks5://127.0.0.1:9").ok(), ..Egress::default() };
        for here in ["127.0.0.1:3002", "127.0.0.1", "localhost:1", "[::1]:3002", "[::1]", "::1"] {
            assert_eq!(proxied.route(here), Route::Here, "{here}");
        }
        for away in ["mempool.space", "mempool.space:8443", "localhost.evil.example:1", "example.onion", "::1:1"] {
            assert_eq!((proxied.route(away), Egress::default().route(away)), (Route::Proxy, Route::Direct), "{away}");
        }
    }

    #[test]
    fn proxies_are_socks_with_a_port() {
        for good in ["socks5://127.0.0.1:9050", "socks5h://localhost:9150/", "socks5://[::1]:9050"] {
            let proxy = SocksProxy::parse(good).unwrap_or_else(|why| panic!("{good} {why}"));
            assert!(proxy.url("read", "x").starts_with("socks5h://read:x@"));
        }
        for bad in [
            "",
            "http://127.0.0.1:80",
            "socks5://",
            "socks5://host",
            "socks5://host:0",
            "socks5://a b:1",
            "socks5://user:pw@host:1",
            "socks4://host:1",
            "socks5://host:99999",
        ] {
            assert!(SocksProxy::parse(bad).is_err(), "{bad}");
        }
    }
}
