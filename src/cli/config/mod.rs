//! `config.toml`: explorers and defaults of the person. Unknown keys are errors, so that a typo is never silently ignored.
//!
//! Holds nothing secret and decides nothing.

use std::{collections::BTreeMap, path::Path};

use super::cli_error::entries;
use fastness::{
    explain::{Entry, Explain, Failure, Kind},
    network::{AnyNetwork, EvmChain, Network},
    store::{Home, StoreError, read_private},
};
use serde::Deserialize;

mod chains;
mod core;
mod edit;
mod history;

pub(crate) use self::{
    core::{CATALOGUE as CORE_CATALOGUE, CoreConfig, CoreLogin},
    edit::{CATALOGUE as EDIT_CATALOGUE, EditError, edit_explorers},
    history::{CATALOGUE as HISTORY_CATALOGUE, HistoryConfig},
};

/// No configuration is longer.
const MAX_BYTES: u64 = 64 * 1024;

/// Without a gap nothing new is found; beyond this one a scan would not end (BIP-44 says 20).
const GAPS: std::ops::RangeInclusive<u32> = 1..=1000;

/// Settings of the person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Wallet used when none is named.
    pub(crate) wallet: Option<String>,
    /// Network used when none is named.
    pub(crate) network: Option<String>,
    /// Addresses that may lie unused in a row before a scan ends (BIP-44 says 20).
    pub(crate) gap: Option<u32>,
    /// SOCKS5 proxy through which everything but this machine is reached.
    pub(crate) proxy: Option<String>,
    /// Explorers by network, in the order they are asked.
    #[serde(default)]
    pub(crate) explorers: BTreeMap<String, Vec<String>>,
    /// Indexers that tell the history of EVM accounts, by network.
    #[serde(default)]
    pub(crate) history: BTreeMap<String, HistoryConfig>,
    /// Credentials of Bitcoin Core nodes, by network.
    #[serde(default)]
    pub(crate) core: BTreeMap<String, CoreConfig>,
    /// EVM chains that fastness does not ship.
    #[serde(default)]
    pub(crate) chain: Vec<chains::ChainConfig>,
    /// Contracts that an account may delegate its code to (EIP-7702), by network.
    #[serde(default)]
    pub(crate) delegates: BTreeMap<String, Vec<String>>,
}

/// The file cannot be understood.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("config.toml{at}: {what}")]
pub(crate) struct ConfigError {
    at: String,
    what: String,
}

entries! {
    BAD_CONFIG = "config.not_understood", Usage, "Correct or remove that line; docs/config.md lists every key";
}

impl Explain for ConfigError {
    fn entry(&self) -> &'static Entry {
        BAD_CONFIG
    }
}

impl Config {
    /// Reads the file of a home; without one, everything is as by default.
    pub(crate) fn read(home: &Home) -> Result<Self, Failure> {
        let bytes = match read_private(&home.config_path(), MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(StoreError::Missing { .. }) => return Ok(Self::default()),
            Err(error) => return Err(error.into()),
        };
        Ok(Self::parse(&bytes)?)
    }

    fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        let no_place = String::new;
        let text = std::str::from_utf8(bytes)
            .map_err(|_| ConfigError { at: no_place(), what: "it is not UTF-8".to_owned() })?;
        let config: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
            ConfigError {
                at: line.map_or_else(no_place, |line| format!(", line {line}")),
                what: error.message().to_owned(),
            }
        })?;
        config.check()?;
        match config.gap.filter(|gap| !GAPS.contains(gap)) {
            Some(gap) => Err(ConfigError {
                at: no_place(),
                what: format!("`gap` is {gap}, and has to be from {} to {}", GAPS.start(), GAPS.end()),
            }),
            None => Ok(config),
        }
    }
}

impl Config {
    /// Makes the chains known, then checks every name of a network.
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |what: String| ConfigError { at: String::new(), what };
        chains::install(&self.chain).map_err(wrong)?;
        let named = [self.explorers.keys(), self.delegates.keys()].into_iter().flatten();
        let named = self.network.iter().chain(named).chain(self.history.keys());
        for name in named {
            name.parse::<AnyNetwork>().map_err(|error| wrong(error.to_string()))?;
        }
        for (name, core) in &self.core {
            name.parse::<Network>().map_err(|error| wrong(error.to_string()))?;
            core.login(Path::new("")).map_err(|why| wrong(format!("[core.{name}] {why}")))?;
        }
        Ok(())
    }

    /// The network used when none is named.
    pub(crate) fn network(&self) -> Option<AnyNetwork> {
        self.network.as_deref().and_then(|name| name.parse().ok())
    }

    /// The indexer named for an EVM chain.
    pub(crate) fn history_of(&self, chain: &'static EvmChain) -> Option<&HistoryConfig> {
        let same = |name: &str| name.parse() == Ok(AnyNetwork::Evm(chain));
        self.history.iter().find(|(name, _)| same(name)).map(|(_, config)| config)
    }

    /// How to log in at the Bitcoin Core node of a network; its files are found from the home.
    pub(crate) fn core_login(&self, network: Network, home: &Path) -> Option<CoreLogin> {
        let mut named = self.core.iter().filter(|(name, _)| name.parse() == Ok(network));
        named.next().and_then(|(_, core)| core.login(home).ok())
    }

    /// The explorers or nodes named for a network.
    pub(crate) fn explorers_of(&self, network: AnyNetwork) -> Vec<String> {
        let same = |name: &str| name.parse() == Ok(network);
        let listed = self.explorers.iter().find(|(name, _)| same(name)).map(|(_, list)| list.clone());
        let rpc = || self.chain.iter().find(|chain| same(&chain.name)).map(|chain| chain.rpc.clone());
        listed.or_else(rpc).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_explorers_in_order() {
        let config =
            Config::parse(b"gap = 30\n[explorers]\nregtest = [\"http://127.0.0.1:3002\", \"http://127.0.0.1:3003\"]\n");
        assert_eq!(config.map(|config| config.explorers["regtest"].len()), Ok(2));
    }

    #[test]
    fn a_gap_that_finds_nothing_or_never_ends_is_an_error() {
        for (gap, good) in [(0, false), (1, true), (1000, true), (1001, false), (u32::MAX, false)] {
            assert_eq!(Config::parse(format!("gap = {gap}").as_bytes()).is_ok(), good, "{gap}");
        }
    }

    #[test]
    fn a_core_node_has_a_cookie_or_a_user_with_a_password_in_a_file() {
        let home = Path::new("/home/x");
        let login = |text: &str| Config::parse(text.as_bytes()).map(|config| config.core_login(Network::Signet, home));
        let cookie = login("[core.signet]\ncookie_file = \"/var/lib/bitcoin/.cookie\"\n");
        assert_eq!(cookie, Ok(Some(CoreLogin::Cookie("/var/lib/bitcoin/.cookie".into()))));
        let password = login("[core.signet]\nuser = \"me\"\npassword_file = \"core.password\"\n");
        let expected = CoreLogin::Password { user: "me".to_owned(), file: "/home/x/core.password".into() };
        assert_eq!(password, Ok(Some(expected)));
        assert_eq!(login("[core.bitcoin]\ncookie_file = \"c\"\n"), Ok(None), "another network");
        for bad in [
            "[core.signet]\n",
            "[core.signet]\nuser = \"me\"\n",
            "[core.signet]\npassword_file = \"p\"\n",
            "[core.signet]\nuser = \"a:b\"\npassword_file = \"p\"\n",
            "[core.signet]\nuser = \"\"\npassword_file = \"p\"\n",
            "[core.signet]\ncookie_file = \"c\"\nuser = \"me\"\npassword_file = \"p\"\n",
            "[core.signet]\npassword = \"hunter2\"\n",
            "[core.ethereum]\ncookie_file = \"c\"\n",
            "[core.nowhere]\ncookie_file = \"c\"\n",
        ] {
            assert!(login(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_typo_is_an_error_with_its_line() {
        let error = Config::parse(b"gap = 20\nwalet = \"savings\"\n").expect_err("an unknown key");
        assert!(error.to_string().starts_with("config.toml, line"), "{error}");
    }
}
