//! The wallet that a command is about: the one named, the configured one, the only one, or the one that a person chooses; and
//! the network, where none is usual.

use crate::cli::{CliError, page::set_named_wallet, prompt::Prompt};
use fastness::{
    account::AccountError,
    explain::Failure,
    keystore::read_header,
    ledger::{Ledger, LedgerError},
    network::{AnyNetwork, EvmChain, NetworkClass},
    store::WalletName,
};

use super::{Assent, Context};

/// Wallets in one message: a home can hold more than a person reads.
const LISTED: usize = 20;

impl Context {
    /// Why a wallet has no account on a network: its keys may be for the other class of networks, where none can be added.
    pub(super) fn of_other_class(&mut self, error: LedgerError, wallet: &WalletName, network: AnyNetwork) -> Failure {
        let class = self.home().ok().and_then(|home| read_header(&home.keystore_path(wallet)).ok());
        match class.map(|header| header.network_class) {
            Some(class) if matches!(error, LedgerError::NoAccount(_)) && class != network.class() => {
                let found = if class == NetworkClass::Main { "main" } else { "test" };
                AccountError::WrongNetwork { found, wanted: network.name() }.into()
            }
            _ => error.into(),
        }
    }

    /// The wallet named, else the configured one, else the only one.
    pub(crate) fn wallet(&mut self) -> Result<WalletName, Failure> {
        let ledger = self.ledger()?;
        self.wallet_in(&ledger)
    }

    /// The wallet named, else the configured one, else the only one: nobody is asked.
    pub(super) fn known_wallet(&mut self, ledger: &Ledger) -> Result<WalletName, Failure> {
        let names = self.wallet_names(ledger)?;
        if let Some(name) = self.globals.wallet.clone().or(self.config()?.wallet) {
            let name = name.parse::<WalletName>()?;
            return if names.contains(&name) { Ok(name) } else { Err(no_wallet(&name, &names).into()) };
        }
        match names.as_slice() {
            [one] => Ok(one.clone()),
            [] => {
                let home = self.home()?.root().display().to_string();
                Err(CliError::NoWallet(format!("there is no wallet yet in {home}")).into())
            }
            several => Err(CliError::WhichWallet(format!("there are several wallets: {}", listed(several))).into()),
        }
    }

    /// As [`Context::wallet`], from a ledger that is open already. Where several fit, a person chooses the one of the whole
    /// command.
    pub(crate) fn wallet_in(&mut self, ledger: &Ledger) -> Result<WalletName, Failure> {
        let failure = match self.known_wallet(ledger) {
            Err(failure) if matches!(failure.find(), Some(CliError::WhichWallet(_))) => failure,
            known => return known,
        };
        let names = self.wallet_names(ledger)?;
        let is_named = self.globals.wallet.is_some() || self.config()?.wallet.is_some();
        if is_named || names.len() < 2 {
            return Err(failure);
        }
        let Some(prompt) = self.prompt() else { return Err(failure) };
        let lines: Vec<String> = names.iter().map(ToString::to_string).collect();
        let name = names.into_iter().nth(prompt.one_of("Which wallet?", &lines)?).ok_or(failure)?;
        self.globals.wallet = Some(name.to_string());
        set_named_wallet(name.as_str());
        Ok(name)
    }

    /// The EVM chain of the test networks that a person chooses for the whole command: no one of them is usual.
    pub(super) fn chosen_chain(&mut self) -> Result<&'static EvmChain, Failure> {
        let ledger = self.ledger()?;
        let wallet = self.wallet_in(&ledger)?;
        let account = ledger.evm_account(wallet.as_str(), NetworkClass::Test, None);
        let prompt = self.prompt().filter(|_| account.is_ok()).ok_or(CliError::WhichChain)?;
        let chains: Vec<_> = EvmChain::all().filter(|chain| chain.class == NetworkClass::Test).collect();
        let lines: Vec<_> = chains.iter().map(|chain| format!("{}  {}", chain.name, chain.title)).collect();
        let place = prompt.one_found("Which network? (type to narrow)", &lines)?;
        let chain = *chains.get(place).ok_or(CliError::WhichChain)?;
        self.ask_for(chain.name);
        self.is_about(AnyNetwork::Evm(chain))?;
        Ok(chain)
    }

    /// A menu, where a person may be asked.
    pub(crate) fn prompt(&self) -> Option<Prompt> {
        if self.consent() == Assent::Given { None } else { Prompt::open(self.ui.form()) }
    }

    /// Stops any command that names a wallet which is not here. The ledger, which knows those that are only watched, is
    /// opened only where no wallet file has the name.
    pub(crate) fn require_named_wallet(&mut self) -> Result<(), Failure> {
        let Some(name) = self.globals.wallet.clone() else { return Ok(()) };
        let name = name.parse::<WalletName>()?;
        if !self.home()?.wallets()?.contains(&name) {
            let ledger = self.ledger()?;
            self.wallet_in(&ledger)?;
        }
        Ok(())
    }

    /// Names of all wallets: with a keystore, or watch-only in the ledger.
    pub(crate) fn wallet_names(&mut self, ledger: &Ledger) -> Result<Vec<WalletName>, Failure> {
        let mut names = self.home()?.wallets()?;
        let rows = ledger.accounts(None)?;
        names.extend(rows.iter().filter_map(|row| row.wallet.parse().ok()));
        names.extend(ledger.evm_accounts(None)?.iter().filter_map(|row| row.wallet.parse().ok()));
        names.sort();
        names.dedup();
        Ok(names)
    }
}

fn no_wallet(name: &WalletName, names: &[WalletName]) -> CliError {
    match names {
        [] => CliError::NoWallet(format!("there is no wallet `{name}`, and no other yet")),
        names => CliError::WhichWallet(format!("there is no wallet `{name}`; there is {}", listed(names))),
    }
}

fn listed(names: &[WalletName]) -> String {
    let shown: Vec<&str> = names.iter().take(LISTED).map(WalletName::as_str).collect();
    let more = names.len() - shown.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more (`fastness wallets`)") };
    format!("{}{more}", shown.join(", "))
}
