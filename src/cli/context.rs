//! What a command may use: the person's options, the home, the ledger, the explorer, the terminal. Each opened when first needed.

mod explorers;
mod wallets;

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    CliError, Globals,
    config::Config,
    family::{Family, Given},
    ui::Ui,
};
use fastness::{
    account::STANDARD_GAP,
    contact::ContactBook,
    explain::Failure,
    explorer::HealthBook,
    ledger::{Ledger, bitcoin::AccountRow, ethereum::EvmAccountRow},
    network::{AnyNetwork, EvmChain, Network, NetworkClass},
    store::{Home, Lock},
};

/// Chain id of Ethereum itself.
const ETHEREUM: u64 = 1;

/// Whether the network may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetworkAccess {
    /// Yes.
    Online,
    /// Not: by `--offline`.
    Offline,
}

/// The party that agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assent {
    /// The person, when asked.
    Ask,
    /// `--yes`.
    Given,
}

/// Everything a command may use.
#[derive(Debug)]
pub(crate) struct Context {
    globals: Globals,
    /// Options that are for one family of networks.
    given: Given,
    /// The home's payment lock, once it is taken: held until the person was told what became of the payment, so that a
    /// command that waits for it does not take a payment for interrupted that is only not told yet.
    payments: Option<Arc<Lock>>,
    /// The conversation.
    pub(crate) ui: Ui,
    home: Option<Home>,
    config: Option<Config>,
    /// How explorers behaved; read when the first of them is needed.
    health: Option<HealthBook>,
}

impl Context {
    pub(crate) const fn new(globals: Globals, given: Given, ui: Ui) -> Self {
        Self { globals, given, payments: None, ui, home: None, config: None, health: None }
    }

    /// The options as typed.
    pub(crate) const fn globals(&self) -> &Globals {
        &self.globals
    }

    /// The home directory; made at first use.
    pub(crate) fn home(&mut self) -> Result<&Home, Failure> {
        if self.home.is_none() {
            self.home = Some(Home::open(self.globals.home.as_deref())?);
        }
        self.home.as_ref().ok_or_else(|| CliError::Usage("no home directory".to_owned()).into())
    }

    /// The person's settings.
    pub(crate) fn config(&mut self) -> Result<Config, Failure> {
        if self.config.is_none() {
            let config = Config::read(self.home()?)?;
            self.config = Some(config);
        }
        Ok(self.config.clone().unwrap_or_default())
    }

    /// Opens the ledger.
    pub(crate) fn ledger(&mut self) -> Result<Ledger, Failure> {
        let gap = self.gap()?;
        Ok(Ledger::open(&self.home()?.ledger_path())?.with_gap(gap))
    }

    /// From now on the command is about this network, as if it had been named.
    pub(crate) fn ask_for(&mut self, network: &str) {
        self.globals.network = Some(network.to_owned());
    }

    /// The contacts, as seen from a network.
    pub(crate) fn contacts(&mut self, network: AnyNetwork) -> Result<ContactBook, Failure> {
        Ok(ContactBook::new(self.ledger()?.contacts(None)?, network.name()))
    }

    /// The network asked for with `--network`, if any.
    pub(crate) fn asked(&self) -> Option<AnyNetwork> {
        self.globals.network.as_deref().and_then(|name| name.parse().ok())
    }

    /// The network asked for, if it is one of Bitcoin's.
    pub(crate) fn asked_network(&self) -> Option<Network> {
        match self.asked() {
            Some(AnyNetwork::Bitcoin(network)) => Some(network),
            _ => None,
        }
    }

    /// The Bitcoin network asked for, else the configured one, else that of the wallet's first account, else Bitcoin.
    pub(crate) fn network(&mut self) -> Result<Network, Failure> {
        let ledger = self.ledger()?;
        self.network_in(&ledger)
    }

    /// The network for a file: what was asked for if the file names its own, else the one in use.
    pub(crate) fn network_for(&mut self, file: &[u8]) -> Result<Option<Network>, Failure> {
        if file.trim_ascii_start().starts_with(b"{") {
            match self.asked() {
                Some(AnyNetwork::Evm(chain)) => Err(CliError::OtherFamily(chain.name).into()),
                _ => Ok(self.asked_network()),
            }
        } else {
            self.network().map(Some)
        }
    }

    /// Stops the command if it was given options of the other family.
    pub(crate) fn is_about(&self, network: AnyNetwork) -> Result<(), CliError> {
        match network {
            AnyNetwork::Bitcoin(network) => self.given.fit(Family::Bitcoin, network.name()),
            AnyNetwork::Evm(chain) => self.given.fit(Family::Evm, chain.name),
        }
    }

    fn network_in(&mut self, ledger: &Ledger) -> Result<Network, Failure> {
        let network = self.resolved_network(ledger)?;
        self.is_about(AnyNetwork::Bitcoin(network))?;
        Ok(network)
    }

    fn resolved_network(&mut self, ledger: &Ledger) -> Result<Network, Failure> {
        match self.asked().or(self.config()?.network()) {
            Some(AnyNetwork::Bitcoin(network)) => return Ok(network),
            Some(AnyNetwork::Evm(chain)) => return Err(CliError::OtherFamily(chain.name).into()),
            None => {}
        }
        match self.known_wallet(ledger) {
            Ok(wallet) => {
                let rows = ledger.accounts(Some(wallet.as_str()))?;
                Ok(rows.first().map_or(Network::Bitcoin, |row| row.account.network))
            }
            Err(which) => only_network(ledger)?.ok_or(which),
        }
    }

    /// The EVM chain asked for or configured, if one is.
    pub(crate) fn asked_chain(&mut self) -> Result<Option<&'static EvmChain>, Failure> {
        match self.asked().or(self.config()?.network()) {
            Some(AnyNetwork::Evm(chain)) => Ok(Some(chain)),
            _ => Ok(None),
        }
    }

    /// The EVM chain in use: asked for or configured, else Ethereum for a wallet of the main networks, else the one of the
    /// test networks that a person chooses.
    pub(crate) fn chain(&mut self) -> Result<&'static EvmChain, Failure> {
        match self.known_chain() {
            Err(failure) if matches!(failure.find(), Some(CliError::WhichChain)) => self.chosen_chain(),
            known => known,
        }
    }

    /// The same where it is known without a question.
    pub(crate) fn known_chain(&mut self) -> Result<&'static EvmChain, Failure> {
        let chain = self.resolved_chain()?;
        self.is_about(AnyNetwork::Evm(chain))?;
        Ok(chain)
    }

    fn resolved_chain(&mut self) -> Result<&'static EvmChain, Failure> {
        if let Some(chain) = self.asked_chain()? {
            return Ok(chain);
        }
        if let Some(AnyNetwork::Bitcoin(network)) = self.asked() {
            return Err(CliError::OtherFamily(network.name()).into());
        }
        let ledger = self.ledger()?;
        let wallet = self.wallet_in(&ledger)?;
        let main = ledger.evm_account(wallet.as_str(), NetworkClass::Main, None).is_ok();
        Ok(EvmChain::by_id(ETHEREUM).filter(|_| main).ok_or(CliError::WhichChain)?)
    }

    /// The Ethereum account that a command is about, on `chain`.
    pub(crate) fn evm_account(&mut self, chain: &'static EvmChain) -> Result<(Ledger, EvmAccountRow), Failure> {
        self.is_about(AnyNetwork::Evm(chain))?;
        let ledger = self.ledger()?;
        let wallet = self.wallet_in(&ledger)?;
        let row = ledger.evm_account(wallet.as_str(), chain.class, self.globals.account.as_deref());
        let row = row.map_err(|error| self.of_other_class(error, &wallet, AnyNetwork::Evm(chain)))?;
        Ok((ledger, row))
    }

    /// The account that a command is about.
    pub(crate) fn account(&mut self) -> Result<(Ledger, AccountRow), Failure> {
        let ledger = self.ledger()?;
        let (wallet, network) = (self.wallet_in(&ledger)?, self.network_in(&ledger)?);
        let row = ledger.account(wallet.as_str(), network, self.globals.account.as_deref());
        let row = row.map_err(|error| self.of_other_class(error, &wallet, AnyNetwork::Bitcoin(network)))?;
        Ok((ledger, row))
    }

    /// Whether the network may be used.
    pub(crate) const fn reach(&self) -> NetworkAccess {
        if self.globals.offline { NetworkAccess::Offline } else { NetworkAccess::Online }
    }

    /// The party that agrees.
    pub(crate) const fn consent(&self) -> Assent {
        if self.globals.yes { Assent::Given } else { Assent::Ask }
    }

    /// The same where no question is asked: it waits for its turn.
    pub(crate) fn sending_lock(&mut self) -> Result<Lock, Failure> {
        Ok(self.home()?.lock(Duration::from_secs(120))?)
    }

    /// One payment at a time in a home. A person is told soon that another is under way; scripts wait for their turn.
    pub(crate) fn payment_lock(&mut self) -> Result<Arc<Lock>, Failure> {
        if let Some(lock) = &self.payments {
            return Ok(Arc::clone(lock));
        }
        let patience = match self.consent() {
            Assent::Ask => Duration::from_secs(5),
            Assent::Given => Duration::from_secs(120),
        };
        let lock = Arc::new(self.home()?.lock(patience)?);
        self.payments = Some(Arc::clone(&lock));
        Ok(lock)
    }

    /// How many unused addresses in a row end a scan.
    pub(crate) fn gap(&mut self) -> Result<u32, Failure> {
        Ok(self.config()?.gap.unwrap_or(STANDARD_GAP))
    }

    /// Where the password comes from, if not from the terminal.
    pub(crate) fn password_source(&self) -> Option<PathBuf> {
        let descriptor = self.globals.password_fd.map(|number| PathBuf::from(format!("/dev/fd/{number}")));
        descriptor.or_else(|| self.globals.password_file.clone())
    }

    /// Where the passphrase comes from, if not from the terminal.
    pub(crate) fn passphrase_source(&self) -> Option<PathBuf> {
        self.globals.passphrase_fd.map(|number| PathBuf::from(format!("/dev/fd/{number}")))
    }
}

/// The network of all accounts of all wallets; Bitcoin where there is none. Nothing where they are of several.
fn only_network(ledger: &Ledger) -> Result<Option<Network>, Failure> {
    let mut networks: Vec<Network> = ledger.accounts(None)?.iter().map(|row| row.account.network).collect();
    networks.dedup();
    Ok(match networks.as_slice() {
        [] => Some(Network::Bitcoin),
        [one] => Some(*one),
        _ => None,
    })
}
