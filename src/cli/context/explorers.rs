//! The explorers that a command may ask, with the way to them and how they behaved in earlier runs.
//!
//! Nothing is asked here: connecting sends nothing.

use crate::cli::{CliError, disclosures};
use fastness::{
    explain::Failure,
    explorer::{Egress, EvmExplorer, EvmIndexer, Explorer, ExplorerError, HealthBook, NodeLogin, SocksProxy},
    network::{AnyNetwork, EvmChain, Network},
    store::{Home, RequestLog, StoreError, WriteRule, atomic_write, read_private},
};

use super::{Context, NetworkAccess};

/// No book of explorers' health is longer.
const MAX_HEALTH: u64 = 4 << 20;

impl Context {
    /// The explorers that are named for a network: with `--explorer`, else in config.toml; none means the defaults.
    fn endpoints(&mut self, network: AnyNetwork) -> Result<Vec<String>, Failure> {
        self.is_about(network)?;
        if self.reach() == NetworkAccess::Offline {
            return Err(ExplorerError::NoNetwork.into());
        }
        let named = self.globals.explorer.clone();
        if named.is_empty() { Ok(self.config()?.explorers_of(network)) } else { Ok(named) }
    }

    /// The nodes of a chain: those named with `--explorer`, else the configured ones, else the defaults.
    pub(crate) fn node(&mut self, chain: &'static EvmChain) -> Result<EvmExplorer, Failure> {
        let endpoints = self.endpoints(AnyNetwork::Evm(chain))?;
        Ok(EvmExplorer::connect(chain, &endpoints)?.through(&self.egress()?)?)
    }

    /// The indexer that config.toml names for a chain; nothing where none is named or `--offline` was given.
    pub(crate) fn indexer(&mut self, chain: &'static EvmChain) -> Result<Option<EvmIndexer>, Failure> {
        let config = self.config()?;
        let Some(named) = config.history_of(chain).filter(|_| self.reach() == NetworkAccess::Online) else {
            return Ok(None);
        };
        let egress = self.egress()?;
        named.connect(chain, self.home()?.root(), &egress).map(Some)
    }

    /// The explorers for a network: those named with `--explorer`, else the configured ones, else the defaults.
    pub(crate) fn explorer(&mut self, network: Network) -> Result<Explorer, Failure> {
        let endpoints = self.endpoints(AnyNetwork::Bitcoin(network))?;
        let explorer = Explorer::connect(network, &endpoints)?.through(&self.egress()?)?;
        self.with_login(network, explorer)
    }

    /// The same explorers with the login that config.toml names, where one of them is a node that asks for it.
    pub(crate) fn with_login(&mut self, network: Network, explorer: Explorer) -> Result<Explorer, Failure> {
        if !explorer.has_node() {
            return Ok(explorer);
        }
        let config = self.config()?;
        let Some(named) = config.core_login(network, self.home()?.root()) else { return Ok(explorer) };
        let login: NodeLogin = named.read()?;
        Ok(explorer.with_login(login))
    }

    /// The way out: the proxy of `--proxy` or config.toml, and our own log of what each host is told.
    pub(crate) fn egress(&mut self) -> Result<Egress, Failure> {
        let named = self.globals.proxy.clone().or(self.config()?.proxy);
        let proxy = named.as_deref().map(SocksProxy::parse).transpose();
        let proxy = proxy.map_err(|why| CliError::Usage(format!("the address of the proxy {why}")))?;
        let log = RequestLog::open(&self.home()?.request_log_path())?;
        let accounts = self.ledger()?.evm_accounts(None)?;
        let accounts = accounts.iter().map(|row| format!("{:x}", row.account.address)).collect();
        let egress = Egress { proxy, hook: None, accounts, book: self.health()? };
        let hook = Some(disclosures::hook(egress.clone(), log, self.ui.form()));
        Ok(Egress { hook, ..egress })
    }

    /// How explorers behaved in earlier runs.
    pub(crate) fn health(&mut self) -> Result<HealthBook, Failure> {
        if self.health.is_none() {
            let bytes = match read_private(&self.home()?.health_path(), MAX_HEALTH) {
                Err(StoreError::Missing { .. } | StoreError::TooLarge { .. }) => Vec::new(),
                other => other?,
            };
            self.health = Some(HealthBook::read(&bytes, now_ms()));
        }
        Ok(self.health.clone().unwrap_or_default())
    }

    /// Writes down how they behaved, for the next run. Nothing depends on it, so a full disk is not worth a word.
    pub(crate) fn keep_health(&mut self) {
        let Some(book) = self.health.take() else { return };
        let Ok(path) = self.home().map(Home::health_path) else { return };
        let meanwhile = read_private(&path, MAX_HEALTH).unwrap_or_default();
        drop(atomic_write(&path, &book.write(&meanwhile, now_ms()), WriteRule::Replace));
    }
}

/// Milliseconds since 1970, to the end of this second: nothing that was noted within it is ahead.
fn now_ms() -> u64 {
    fastness::ledger::now().saturating_add(1).saturating_mul(1000)
}
