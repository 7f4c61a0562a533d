//! `account`: add, list and export accounts. Adding one from the keystore opens it in a sealed process; watch-only ones need no key.

use std::path::PathBuf;

use crate::cli::{
    CliError,
    account_choice::AddressType,
    bitcoin::export::{Exported, exported},
    context::Context,
    ethereum::export::{EvmExported, evm_exported},
    family::{BITCOIN, EVM},
    key_side::{self, Files},
    page::Page,
    qr::Qr,
    report::{Answer, Report, answer},
};
use fastness::{
    account::{Account, EthereumAccount, Keychain, Layout, ScriptType, Stated, slip132},
    explain::Failure,
    ledger::{KeyLocation, bitcoin::Past},
    network::{AnyNetwork, EvmChain, NetworkClass},
    review::Warning,
};
use serde::Serialize;

/// Add, list or export accounts; watch-only ones too
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Add an account of this wallet (asks for its password), or a watch-only one
    Add(AddArgs),
    /// List the accounts of all wallets
    List,
    /// Print an account's descriptors and extended public key
    Export(ExportArgs),
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// AccountFamily of networks: an Ethereum account is good on every network of its family
    #[arg(value_enum, default_value = "bitcoin")]
    family: AccountFamily,
    /// Where the key is, for an Ethereum account
    #[arg(long, value_enum, default_value = "bip44", help_heading = EVM)]
    layout: LayoutChoice,
    /// Watch-only: an Ethereum address
    #[arg(long, value_name = "ADDRESS", help_heading = EVM, conflicts_with_all = ["descriptor", "xpub"])]
    address: Option<String>,
    /// Kind of address
    #[arg(long = "type", value_enum, default_value = "segwit", help_heading = BITCOIN)]
    kind: AddressType,
    /// Number of the account on its path
    #[arg(long, default_value_t = 0, value_name = "N", conflicts_with_all = ["address", "descriptor", "xpub"])]
    number: u32,
    /// Watch-only: a descriptor such as wpkh([fingerprint/84h/0h/0h]xpub.../<0;1>/*)
    #[arg(long, value_name = "DESCRIPTOR", help_heading = BITCOIN, conflicts_with = "xpub")]
    descriptor: Option<String>,
    /// Watch-only: an extended public key (xpub, ypub, zpub, tpub, ...)
    #[arg(long, value_name = "XPUB", help_heading = BITCOIN)]
    xpub: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum AccountFamily {
    /// Bitcoin and its test networks
    Bitcoin,
    /// Ethereum and its family
    Ethereum,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LayoutChoice {
    /// m/44'/60'/0'/0/N: most wallets
    Bip44,
    /// m/44'/60'/N'/0/0
    LedgerLive,
    /// m/44'/60'/0'/N
    LedgerLegacy,
}

impl From<LayoutChoice> for Layout {
    fn from(choice: LayoutChoice) -> Self {
        match choice {
            LayoutChoice::Bip44 => Self::Bip44,
            LayoutChoice::LedgerLive => Self::LedgerLive,
            LayoutChoice::LedgerLegacy => Self::LedgerLegacy,
        }
    }
}

#[derive(Debug, clap::Args)]
struct ExportArgs {
    /// The key in its SLIP-132 form (ypub, zpub, ...), for wallets that want it
    #[arg(long, help_heading = BITCOIN)]
    slip132: bool,
    /// Draw the descriptor as a QR code too
    #[arg(long, help_heading = BITCOIN)]
    qr: bool,
    /// Write that code as a PNG picture (never overwrites)
    #[arg(long, value_name = "FILE", help_heading = BITCOIN)]
    qr_png: Option<PathBuf>,
}

#[derive(Serialize)]
struct AccountList {
    accounts: Vec<Exported>,
    ethereum: Vec<EvmExported>,
}

impl Args {
    /// Whether a watch-only account is added, which can be the first of its wallet.
    pub(crate) const fn watches(&self) -> bool {
        match &self.action {
            Some(Action::Add(args)) => args.descriptor.is_some() || args.xpub.is_some() || args.address.is_some(),
            _ => false,
        }
    }

    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        match self.action.as_ref().unwrap_or(&Action::List) {
            Action::Add(args) if args.family == AccountFamily::Ethereum => answer(args.add_ethereum(context)?),
            Action::Add(args) => answer(args.add(context)?),
            Action::List => {
                let wallet = context.globals().wallet.clone();
                let ledger = context.ledger()?;
                let rows = ledger.accounts(wallet.as_deref())?;
                let ethereum = ledger.evm_accounts(wallet.as_deref())?.iter().map(evm_exported).collect();
                answer(AccountList { accounts: rows.iter().map(exported).collect(), ethereum })
            }
            Action::Export(args) => {
                let (_, row) = context.account()?;
                let mut account = exported(&row);
                if args.slip132 {
                    account.use_slip132(slip132(&row.account));
                }
                if args.qr || args.qr_png.is_some() {
                    let code = Qr::of(&account.descriptor)?;
                    args.qr_png.as_ref().map(|path| code.write_png(path)).transpose()?;
                    account.code = args.qr.then_some(code);
                }
                answer(account)
            }
        }
    }
}

impl AddArgs {
    fn add(&self, context: &mut Context) -> Result<Exported, Failure> {
        let network = context.network()?;
        let kind = ScriptType::from(self.kind);
        if let Some(text) = self.descriptor.as_ref().or(self.xpub.as_ref()) {
            let Stated { account, chains } = Stated::parse(text, network, kind)?;
            let name = match context.globals().wallet.clone() {
                Some(name) => name.parse::<fastness::store::WalletName>()?,
                None => {
                    return Err(CliError::WhichWallet(
                        "a watch-only account needs a wallet name of its own".to_owned(),
                    )
                    .into());
                }
            };
            let mut added = exported(&context.ledger()?.add_account(
                name.as_str(),
                &account,
                KeyLocation::Elsewhere,
                Past::Possible,
            )?);
            added.remark = (chains != Keychain::ALL).then(change_added);
            return Ok(added);
        }
        let wallet = context.wallet()?;
        key_side::check_wallet(context, &wallet, network)?;
        let path = Account::standard_path(network, kind, self.number)?;
        let ledger = context.ledger()?;
        let sealed = key_side::seal(context, Files::Account(&wallet), &[])?;
        let keys = key_side::keys(context, &wallet, &sealed)?;
        let xpub = keys.account_xpub(&path)?;
        let account = Account::new(network, kind, keys.fingerprint(), path, xpub)?;
        Ok(exported(&ledger.add_account(wallet.as_str(), &account, KeyLocation::Here, Past::Possible)?))
    }
}

/// A wallet that pays needs change, and a balance without it would be too low.
fn change_added() -> Warning {
    let text = "this descriptor names the receive addresses alone (/0/*); the change addresses beside them (/1/*) are watched \
                too, and change goes there; a descriptor of both ends in /<0;1>/*";
    Warning { code: "change_added", text: text.to_owned() }
}

impl AddArgs {
    fn add_ethereum(&self, context: &mut Context) -> Result<EvmExported, Failure> {
        let ethereum = EvmChain::by_id(1).ok_or(CliError::Unprintable)?;
        context.is_about(AnyNetwork::Evm(ethereum))?;
        if let Some(text) = &self.address {
            let Some(name) = context.globals().wallet.clone() else {
                let what = "a watch-only account needs a wallet name of its own";
                return Err(CliError::WhichWallet(what.to_owned()).into());
            };
            let wallet = name.parse::<fastness::store::WalletName>()?;
            let class = context.asked().map_or(NetworkClass::Main, AnyNetwork::class);
            let chain = context.asked_chain()?.unwrap_or(ethereum);
            let account = EthereumAccount::watched(class, crate::cli::ethereum::args::address(text, chain)?);
            return Ok(evm_exported(&context.ledger()?.add_evm_account(wallet.as_str(), &account, None)?));
        }
        let wallet = context.wallet()?;
        let path = context.home()?.keystore_path(&wallet);
        let class = match context.asked() {
            Some(network) => network.class(),
            None => fastness::keystore::read_header(&path)?.network_class,
        };
        key_side::check_class(context, &wallet, class, context.asked().map_or("ethereum", AnyNetwork::name))?;
        let ledger = context.ledger()?;
        let sealed = key_side::seal(context, Files::Account(&wallet), &[])?;
        let keys = key_side::keys(context, &wallet, &sealed)?;
        let layout = Layout::from(self.layout);
        let account = fastness::flow::ethereum::derive_account(&keys, layout, self.number)?;
        Ok(evm_exported(&ledger.add_evm_account(wallet.as_str(), &account, Some((layout, self.number)))?))
    }
}

impl Report for AccountList {
    fn page(&self, page: &mut Page) {
        if self.accounts.is_empty() && self.ethereum.is_empty() {
            return page.line("No accounts yet. `fastness new` creates a wallet with its first one.");
        }
        let row = |account: &Exported| {
            let keys = if account.watch_only { "watch-only" } else { "sealed here" };
            vec![
                format!("{}/{}", account.wallet, account.account),
                account.network.to_string(),
                account.single_key.path.clone().unwrap_or_else(|| account.summary.clone()),
                account.single_key.fingerprint.clone().unwrap_or_else(|| format!("{} keys", account.keys.len())),
                keys.to_owned(),
            ]
        };
        let ethereum = |account: &EvmExported| {
            let keys = if account.watch_only { "watch-only" } else { "sealed here" };
            vec![
                format!("{}/{}", account.wallet, account.account),
                format!("ethereum ({})", account.class),
                account.path.clone().unwrap_or_else(|| account.address.clone()),
                account.fingerprint.clone().unwrap_or_default(),
                keys.to_owned(),
            ]
        };
        let rows: Vec<_> = self.accounts.iter().map(row).chain(self.ethereum.iter().map(ethereum)).collect();
        page.table(&["account", "network", "path", "master", "keys"], &rows);
    }
}
