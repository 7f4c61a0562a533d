//! The network client: the questions we ask public explorers, and the claims that come back. No other module asks any.
//!
//! It is given scripts and ids, never an extended key; it answers plain data. It must not know keys, plans, files or the
//! terminal, and must not believe: what it could not check itself is labelled with its source. The choice between a
//! build with a network and one without is made in this file and nowhere else.

use std::fmt;

use self::bitcoin::PRACTICE_PORT;
use crate::{
    account::Keychain,
    explain::{Entry, Explain, catalogue},
    text::SafeText,
};

pub mod bitcoin;
mod claim;
mod egress;
pub mod ethereum;
pub mod health;
mod health_book;
mod login;
pub mod operators;

#[cfg(not(feature = "online"))]
#[path = "bitcoin/absent.rs"]
mod absent;
#[cfg(not(feature = "online"))]
#[path = "ethereum/absent.rs"]
mod absent_evm;
#[cfg(feature = "online")]
mod online;

#[cfg(not(feature = "online"))]
pub use absent::Explorer;
#[cfg(not(feature = "online"))]
pub use absent_evm::{EvmExplorer, EvmIndexer};
pub use claim::Claim;
pub use egress::{DisclosureHook, Egress, Route, Seen, SocksProxy, Subject};
pub use health::Health;
pub use health_book::HealthBook;
pub use login::NodeLogin;
#[cfg(feature = "online")]
pub use online::{EvmExplorer, EvmIndexer, Explorer};

/// Whether this build can use a network at all.
pub const IS_BUILT_IN: bool = cfg!(feature = "online");

/// Why one explorer gave no usable answer. Our words: nothing of what the server wrote is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cause {
    /// Name not found, or connection refused.
    Unreachable,
    /// The proxy was not there, or could not reach the host. Nothing is tried around it.
    NotThroughProxy,
    /// No TLS session: it speaks plain http, or only versions that are out of use.
    NoTls,
    /// No issuer that is known here signed its certificate.
    UnknownIssuer,
    /// Its certificate has expired, or is not valid yet.
    Expired,
    /// Its certificate is another host's.
    OtherHost,
    /// Its certificate is not valid for another reason.
    BadCertificate,
    /// An onion service, and no Tor proxy to reach it through.
    NoTor,
    /// No complete answer within the time allowed.
    TimedOut,
    /// The connection broke before the answer was complete.
    Interrupted,
    /// 429: too many requests, and waiting would take too long.
    Throttled,
    /// 401, 402, 403, 430, 451: it does not serve us.
    Denied,
    /// 404 or 405 where the interface promises an answer.
    Unsupported,
    /// 503: busy, starting, or behind the chain.
    Busy,
    /// Another 5xx status.
    ServerError(u16),
    /// Another 4xx status: it does not accept this question.
    Refused(u16),
    /// 3xx: redirects are never followed.
    Redirected,
    /// A web page instead of an answer: a captive portal or a firewall.
    WebPage,
    /// More bytes, transactions or nesting than any honest answer needs.
    TooLarge,
    /// Not an answer in the form the interface promises.
    Malformed,
    /// A node without the index that the question needs; starting it with `blockfilterindex=1` builds it.
    NoFilterIndex,
    /// It does not know a transaction that the question depends on.
    Missing,
    /// The history kept changing while it was read.
    Unsettled,
    /// Its block 0 is another chain's.
    WrongChain,
    /// What it sent contradicts itself: bytes that do not hash to their id, or another's history.
    Lied,
    /// It sent false data within the last day.
    Distrusted,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "unreachable",
            Self::NotThroughProxy => "not reached through the proxy",
            Self::NoTls => "no TLS at that port",
            Self::UnknownIssuer => "certificate of an unknown issuer",
            Self::Expired => "certificate expired, or not valid yet",
            Self::OtherHost => "certificate of another host",
            Self::BadCertificate => "certificate not valid",
            Self::NoTor => "onion services need a Tor proxy",
            Self::TimedOut => "timed out",
            Self::Interrupted => "connection broke",
            Self::Throttled => "too many requests",
            Self::Denied => "access denied",
            Self::Unsupported => "question not supported",
            Self::Busy => "busy",
            Self::ServerError(status) => return write!(f, "server error {status}"),
            Self::Refused(status) => return write!(f, "question refused ({status})"),
            Self::Redirected => "redirects elsewhere",
            Self::WebPage => "answered with a web page",
            Self::TooLarge => "answer too large",
            Self::Malformed => "answer not understood",
            Self::NoFilterIndex => "has no index of blocks by script; start it with blockfilterindex=1",
            Self::Missing => "does not know the transaction",
            Self::Unsettled => "history kept changing",
            Self::WrongChain => "serves another chain",
            Self::Lied => "sent false data",
            Self::Distrusted => "sent false data within the last day",
        })
    }
}

/// One explorer and why it did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFailure {
    /// Host of the explorer.
    pub operator: SafeText,
    /// What went wrong there.
    pub cause: Cause,
}

/// Failures in the order in which explorers were asked; prints `host: cause; host: cause`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HostFailures(pub Vec<HostFailure>);

impl HostFailures {
    /// The host that failed.
    #[must_use]
    pub fn operators(&self) -> Vec<SafeText> {
        self.0.iter().map(|failure| failure.operator.clone()).collect()
    }

    /// True if the practice chain's own server was asked alone, and nothing listens there.
    fn are_the_practice_chain(&self) -> bool {
        let practice = format!("127.0.0.1:{PRACTICE_PORT}");
        self.are_all(Cause::Unreachable) && self.0.iter().all(|failure| failure.operator.as_str() == practice)
    }

    /// True if there are some, and all for this cause.
    #[must_use]
    pub fn are_all(&self, cause: Cause) -> bool {
        !self.0.is_empty() && self.0.iter().all(|failure| failure.cause == cause)
    }
}

impl fmt::Display for HostFailures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, failure) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", failure.operator, failure.cause)?;
        }
        if self.are_the_practice_chain() {
            write!(f, "; `fastness practice serve` starts it, in another terminal")?;
        }
        Ok(())
    }
}

/// Why a question to the outside has no answer.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExplorerError {
    /// Built without the network client.
    #[error("the network is off: `--offline` was given, or this build has none")]
    NoNetwork,
    /// An address of an explorer breaks a rule. It is named by its place in the list, for it may contain a password.
    #[error("explorer address {place} {why}")]
    BadEndpoint {
        /// Place in the list given, from 1.
        place: usize,
        /// Which rule.
        why: &'static str,
    },
    /// No host is named for this network, here or in config.toml.
    #[error("no node is known for {network}")]
    NoEndpoint {
        /// Name of the network.
        network: &'static str,
    },
    /// No host in the list answered.
    #[error("no explorer answered ({0})")]
    NoAnswer(HostFailures),
    /// The explorer follows another chain than this wallet.
    #[error("{operator} does not serve {network}")]
    WrongChain {
        /// Host of the explorer.
        operator: SafeText,
        /// Name of the network that it was asked for.
        network: &'static str,
    },
    /// The explorer sent data that proves itself false, and no other one answered.
    #[error("{operator} sent false data and is not asked again")]
    Lied {
        /// Host of the explorer.
        operator: SafeText,
    },
    /// The caller could not derive a script that the scan needs.
    #[error("no script at index {index} of the {keychain} chain")]
    NoScript {
        /// Which chain of the account.
        keychain: Keychain,
        /// Index in it.
        index: u32,
    },
    /// More scripts than one scan may ask.
    #[error("a scan of more than {0} scripts was stopped")]
    TooManyScripts(usize),
    /// The HTTP client, TLS or the runtime could not start.
    #[error("the network client could not start: {0}")]
    CannotStart(&'static str),
}

catalogue! {
    NO_NETWORK = "explorer.no_network", Network, "Leave out --offline, or carry the file to a machine with the online build of fastness";
    BAD_ENDPOINT = "explorer.bad_endpoint", Usage, "Give https, ssl or core+https addresses; http and tcp are for this machine and onion services only";
    NO_ENDPOINT = "explorer.no_endpoint", Usage, "Name one with --explorer URL, or under [explorers] in config.toml";
    NO_ANSWER = "explorer.no_answer", Network, "Check the connection, wait a minute, or name another explorer";
    NO_TOR = "explorer.no_tor", Network, "Start Tor and give --proxy socks5://127.0.0.1:9050, or `proxy` in config.toml";
    PROXY = "explorer.proxy", Network, "Check that the proxy runs at the address given, and that it can reach these hosts; nothing was sent around it";
    WEB_PAGE = "explorer.web_page", Network, "Log in to this network in a browser if it asks for that, or check the address: people's pages are not what programs are answered with";
    THROTTLED = "explorer.throttled", Network, "Wait some minutes (fastness leaves a host alone for as long as it asks), or name another explorer";
    CERTIFICATE = "explorer.certificate", Network, "Check the address, the port and this computer's clock; if they are right, somebody may be in between: use another network or explorer";
    NOT_AN_EXPLORER = "explorer.not_an_explorer", Network, "Check the address: Esplora's often ends with /api; a node of your own is core+http://, an Electrum server ssl:// or tcp://";
    NO_FILTER_INDEX = "explorer.no_filter_index", Network, "Put blockfilterindex=1 into bitcoin.conf, start the node again and let it build the index (some hours on mainnet), or name an Electrum or Esplora server";
    DENIED = "explorer.denied", Network, "If it is your own node, check user and password_file, or cookie_file, under [core.NETWORK] in config.toml; others refuse some countries, networks and proxies: name another explorer";
    WRONG_CHAIN = "explorer.wrong_chain", Verification, "Name an explorer of this wallet's network";
    LIED = "explorer.lied", Verification, "Do not trust this explorer, and name another";
    NO_SCRIPT = "explorer.no_script", Bug, "Report this as a bug in fastness";
    TOO_MANY_SCRIPTS = "explorer.too_many_scripts", Verification, "Ask another explorer: this one may be inventing history";
    CANNOT_START = "explorer.cannot_start", Network, "Check the limits of this system on open files and threads";
}

/// What can be done where every explorer failed in one way; else the general advice.
fn of_failures(failures: &HostFailures) -> &'static Entry {
    let mut all = failures.0.iter().map(|failure| of_cause(failure.cause));
    let first = all.next().unwrap_or(NO_ANSWER);
    if all.all(|other| other.code == first.code) { first } else { NO_ANSWER }
}

const fn of_cause(cause: Cause) -> &'static Entry {
    match cause {
        Cause::NoTor => NO_TOR,
        Cause::NotThroughProxy => PROXY,
        Cause::Denied => DENIED,
        Cause::WebPage | Cause::Redirected => WEB_PAGE,
        Cause::Throttled => THROTTLED,
        Cause::NoTls | Cause::UnknownIssuer | Cause::Expired | Cause::OtherHost | Cause::BadCertificate => CERTIFICATE,
        Cause::Unsupported => NOT_AN_EXPLORER,
        Cause::NoFilterIndex => NO_FILTER_INDEX,
        _ => NO_ANSWER,
    }
}

impl Explain for ExplorerError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::NoNetwork => NO_NETWORK,
            Self::BadEndpoint { .. } => BAD_ENDPOINT,
            Self::NoEndpoint { .. } => NO_ENDPOINT,
            Self::NoAnswer(failures) => of_failures(failures),
            Self::WrongChain { .. } => WRONG_CHAIN,
            Self::Lied { .. } => LIED,
            Self::NoScript { .. } => NO_SCRIPT,
            Self::TooManyScripts(_) => TOO_MANY_SCRIPTS,
            Self::CannotStart(_) => CANNOT_START,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_name_every_explorer_in_order() {
        let failure = |operator: &str, cause| HostFailure { operator: SafeText::new(operator), cause };
        let failures =
            HostFailures(vec![failure("a.example", Cause::TimedOut), failure("b.example", Cause::ServerError(502))]);
        let error = ExplorerError::NoAnswer(failures);
        assert_eq!(error.to_string(), "no explorer answered (a.example: timed out; b.example: server error 502)");
        assert_eq!(error.entry().code, "explorer.no_answer");
    }
}
