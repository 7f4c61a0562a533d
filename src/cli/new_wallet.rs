//! What `new` and `restore` share: where the wallet goes, its passphrase, its accounts, and the report at the end.
//!
//! The order is such that a crash leaves nothing, or a whole wallet file: accounts can be added to it at any time.

use std::path::{Path, PathBuf};

use super::{
    CliError, account_choice::AddressType, context::Context, key_side, page::Page, report::Report,
    wallet_error::WalletError,
};
use fastness::{
    account::{Account, EthereumAccount, Keychain, Layout, ScriptType},
    address,
    explain::{Explain, Failure},
    keystore::{
        self, Header, Keys, KeystoreError, Language, NewWallet, Passphrase, PassphraseRule, PassphraseUse, Password,
    },
    ledger::{KeyLocation, Ledger, LedgerError, bitcoin::Past},
    network::{AnyNetwork, EvmChain, Network, NetworkClass},
    review::Warning,
    seal::Sealed,
    store::{StoreError, WalletName},
    text::in_fours,
};
use serde::Serialize;

/// The first wallet's name, unless the person gives one.
const FIRST: &str = "main";

/// Options of a wallet that is made.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct MakeArgs {
    /// Kind of address of the first account; repeat it for several accounts
    #[arg(long = "type", value_enum, default_value = "segwit", value_name = "KIND")]
    kinds: Vec<AddressType>,
    /// Ask for a passphrase (BIP-39): extra words that are part of the wallet, and have to be backed up too
    #[arg(long)]
    passphrase: bool,
    /// Ask for a passphrase, and keep it in the wallet file, encrypted with the words
    #[arg(long)]
    store_passphrase: bool,
}

/// Where a wallet will be; decided before the process is sealed.
#[derive(Debug)]
pub(crate) struct Site {
    /// Its name.
    pub(crate) name: WalletName,
    /// The network of its first accounts.
    pub(crate) network: Network,
    path: PathBuf,
    ledger: Ledger,
    others: usize,
    /// The network that was asked for, where it is of Ethereum's family: the account for it is made too.
    chain: Option<&'static EvmChain>,
}

/// The accounts that a wallet begins with.
pub(crate) struct FirstAccounts {
    /// What may have become of their addresses before.
    past: Past,
    /// Those that were asked for.
    pub(crate) listed: Vec<Account>,
    /// Those that another wallet may have made of the same words, for a restored one: they are searched too.
    candidates: Vec<Account>,
    ethereum: EthereumAccount,
}

/// An account of the report.
#[derive(Serialize)]
struct MadeAccount {
    account: String,
    network: Network,
    path: String,
    first_address: String,
    descriptor: String,
}

/// The Ethereum account of the report.
#[derive(Serialize)]
struct MadeEthereum {
    account: String,
    path: String,
    address: String,
}

/// A wallet that was made.
#[derive(Serialize)]
pub(crate) struct Made {
    wallet: String,
    file: String,
    fingerprint: String,
    network_class: NetworkClass,
    /// 0 where there are none.
    word_count: u64,
    language: Option<Language>,
    passphrase: PassphraseUse,
    kdf: String,
    accounts: Vec<MadeAccount>,
    ethereum: MadeEthereum,
    /// The words, only by `--words-to-stdout`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) words: Option<Vec<&'static str>>,
    next: String,
    #[serde(skip)]
    pub(crate) warnings: Vec<Warning>,
    /// Why the ledger does not have its accounts.
    #[serde(skip)]
    trouble: Option<WalletError>,
}

impl Site {
    /// Finds the place of a wallet that does not exist yet.
    pub(crate) fn choose(context: &mut Context) -> Result<Self, Failure> {
        let config = context.config()?;
        let name = context.globals().wallet.clone().or(config.wallet.clone()).unwrap_or_else(|| FIRST.to_owned());
        let name: WalletName = name.parse()?;
        let path = context.home()?.keystore_path(&name);
        if path.symlink_metadata().is_ok() {
            return Err(WalletError::NameInUse(name.to_string()).into());
        }
        let network = match context.asked().or(config.network()) {
            Some(AnyNetwork::Bitcoin(network)) => network,
            Some(AnyNetwork::Evm(chain)) if chain.class == NetworkClass::Test => Network::Testnet4,
            Some(AnyNetwork::Evm(_)) | None => Network::Bitcoin,
        };
        let ledger = context.ledger()?;
        let others = context.wallet_names(&ledger)?.iter().filter(|other| **other != name).count();
        let chain = match context.asked() {
            Some(AnyNetwork::Evm(chain)) => Some(chain),
            _ => None,
        };
        Ok(Self { ledger, name, network, path, others, chain })
    }

    /// Fails when the ledger knows a wallet of this name whose master key is another, or unknown.
    pub(crate) fn require_free(&self, keys: Option<&Keys>) -> Result<(), Failure> {
        let rows = self.ledger.accounts(Some(self.name.as_str()))?;
        let ours = |keys: &Keys| {
            rows.iter().all(|row| row.keys == KeyLocation::Here && row.account.has_master(keys.fingerprint()))
        };
        let free = rows.is_empty() || keys.is_some_and(ours);
        if free { Ok(()) } else { Err(WalletError::NameInUse(self.name.to_string()).into()) }
    }

    /// Another wallet of this home with the same keys.
    pub(crate) fn twin(&self, keys: &Keys) -> Result<Option<String>, Failure> {
        let known = self.ledger.wallet_of(keys.fingerprint())?;
        Ok(known.filter(|wallet| wallet != self.name.as_str()))
    }

    /// Writes the wallet file, then its accounts.
    pub(crate) fn build(
        mut self,
        wallet: NewWallet,
        accounts: &FirstAccounts,
        password: &Password,
        sealed: &Sealed,
    ) -> Result<Made, Failure> {
        let Settled { header, warning } = settled(keystore::create(&self.path, wallet, password, sealed), &self.path)?;
        let name = self.name.clone();
        let (names, trouble) = match self.ledger.atomically(|ledger| accounts.add(ledger, &name)) {
            Ok(names) => (names, None),
            Err(error) => (Vec::new(), Some(self.without_accounts(&error))),
        };
        let listed = names.into_iter().zip(&accounts.listed).map(|(name, account)| listed(name, account));
        let listed = listed.collect::<Result<_, _>>()?;
        let made = self.report(&header, listed, &accounts.ethereum);
        Ok(Made { trouble, warnings: warning.into_iter().collect(), ..made })
    }

    fn without_accounts(&self, error: &LedgerError) -> WalletError {
        WalletError::AccountsMissing { wallet: self.name.to_string(), cause: error.to_string() }
    }

    fn report(&self, header: &Header, accounts: Vec<MadeAccount>, ethereum: &EthereumAccount) -> Made {
        Made {
            wallet: self.name.to_string(),
            file: self.path.display().to_string(),
            fingerprint: header.fingerprint.to_string(),
            network_class: header.network_class,
            word_count: header.words,
            language: header.language,
            passphrase: header.passphrase,
            kdf: kdf(header),
            accounts,
            ethereum: MadeEthereum {
                account: "ethereum-0".to_owned(),
                path: ethereum.origin.as_ref().map(|origin| format!("m/{}", origin.path)).unwrap_or_default(),
                address: ethereum.address.to_string(),
            },
            words: None,
            next: self.command("receive"),
            warnings: Vec::new(),
            trouble: None,
        }
    }

    /// A command for this wallet, which is named only where there are others.
    fn command(&self, command: &str) -> String {
        let network = self.chain.map_or_else(String::new, |chain| format!(" --network {}", chain.name));
        let wallet = if self.others == 0 { String::new() } else { format!(" --wallet {}", self.name) };
        format!("fastness {command}{network}{wallet}")
    }
}

impl FirstAccounts {
    /// Adds them to the ledger; answers with the names of those that are listed.
    fn add(&self, ledger: &Ledger, wallet: &WalletName) -> Result<Vec<String>, LedgerError> {
        match ledger.add_evm_account(wallet.as_str(), &self.ethereum, Some((Layout::Bip44, 0))) {
            Ok(_) | Err(LedgerError::AccountExists(_)) => {}
            Err(error) => return Err(error),
        }
        let names = self.listed.iter().map(|account| add(ledger, wallet, account, self.past)).collect();
        for candidate in &self.candidates {
            add(ledger, wallet, candidate, Past::Candidate)?;
        }
        names
    }
}

/// Adds an account, or finds it where an earlier wallet of the same keys left it.
fn add(ledger: &Ledger, wallet: &WalletName, account: &Account, past: Past) -> Result<String, LedgerError> {
    match ledger.add_account(wallet.as_str(), account, KeyLocation::Here, past) {
        Ok(row) => Ok(row.name),
        Err(LedgerError::AccountExists(name)) => {
            Ok(name.split_once('/').map_or(name.clone(), |(_, name)| name.to_owned()))
        }
        Err(error) => Err(error),
    }
}

fn listed(name: String, account: &Account) -> Result<MadeAccount, Failure> {
    Ok(MadeAccount {
        account: name,
        network: account.network,
        path: format!("m/{}", account.origin()),
        first_address: first_address(account)?,
        descriptor: account.descriptor(),
    })
}

/// The address at 0/0.
pub(crate) fn first_address(account: &Account) -> Result<String, Failure> {
    let script = account.script(Keychain::Receive, 0)?;
    Ok(address::of(&script, account.network).ok_or(CliError::Unprintable)?)
}

/// The cost of one guess, in words.
pub(crate) fn kdf(header: &Header) -> String {
    let kdf = &header.kdf;
    format!("scrypt 2^{}, r {}, p {}", kdf.n.checked_ilog2().unwrap_or_default(), kdf.r, kdf.p)
}

/// What brings a wallet back, in words.
pub(crate) fn backup_words(count: u64, language: Option<Language>, passphrase: PassphraseUse) -> String {
    let passphrase = match passphrase {
        PassphraseUse::None => "no passphrase",
        PassphraseUse::Stored => "passphrase kept in the file, encrypted",
        PassphraseUse::Asked => "passphrase asked for each time",
    };
    match language {
        Some(language) => format!("{count} words, {language}, {passphrase}"),
        None => "what it was restored from: shares or an extended private key; it has no words".to_owned(),
    }
}

impl MakeArgs {
    /// The passphrase, if there is one.
    pub(crate) fn ask_passphrase(&self, context: &Context, sealed: &Sealed) -> Result<Option<Passphrase>, Failure> {
        let wanted = self.passphrase || self.store_passphrase || context.passphrase_source().is_some();
        wanted.then(|| key_side::new_passphrase(context, sealed)).transpose()
    }

    /// What becomes of the passphrase.
    pub(crate) fn rule(&self, passphrase: Option<Passphrase>) -> PassphraseRule {
        match passphrase {
            None => PassphraseRule::None,
            Some(passphrase) if self.store_passphrase => PassphraseRule::Stored(passphrase),
            Some(passphrase) => PassphraseRule::Asked(passphrase),
        }
    }

    /// The first accounts of a wallet with this past.
    pub(crate) fn accounts(&self, network: Network, keys: &Keys, past: Past) -> Result<FirstAccounts, Failure> {
        let asked: Vec<ScriptType> = self.kinds.iter().copied().map(ScriptType::from).collect();
        let elsewhere = |kind: &ScriptType| past == Past::Possible && !asked.contains(kind);
        let candidates = ScriptType::ALL.into_iter().filter(elsewhere);
        let mut listed: Vec<ScriptType> = Vec::new();
        for kind in &asked {
            if !listed.contains(kind) {
                listed.push(*kind);
            }
        }
        let account = |kind| -> Result<Account, Failure> {
            let path = Account::restored_path(network, kind)?;
            let xpub = keys.account_xpub(&path)?;
            Ok(Account::new(network, kind, keys.fingerprint(), path, xpub)?)
        };
        Ok(FirstAccounts {
            past,
            candidates: candidates.map(account).collect::<Result<_, _>>()?,
            listed: listed.into_iter().map(account).collect::<Result<_, _>>()?,
            ethereum: fastness::flow::ethereum::derive_account(keys, Layout::Bip44, 0)?,
        })
    }
}

/// A wallet file that is in place.
pub(crate) struct Settled {
    /// Its public facts.
    pub(crate) header: Header,
    /// Said of a file that the disk did not confirm.
    pub(crate) warning: Option<Warning>,
}

/// What became of a wallet file: written, or written and not confirmed by the disk; then its header is read again.
pub(crate) fn settled(written: Result<Header, KeystoreError>, path: &Path) -> Result<Settled, Failure> {
    match written {
        Err(KeystoreError::Store(error @ StoreError::Unconfirmed { .. })) => {
            let warning = Warning { code: "unconfirmed", text: error.to_string() };
            Ok(Settled { header: keystore::read_header(path)?, warning: Some(warning) })
        }
        other => Ok(Settled { header: other?, warning: None }),
    }
}

impl Made {
    /// With its words, if they were not shown yet. A wallet that the ledger does not know is an error only to a person
    /// who has the words: else the result is the one place where they are.
    pub(crate) fn told(mut self, words: Option<Vec<&'static str>>) -> Result<Self, Failure> {
        match self.trouble.take() {
            Some(trouble) if words.is_none() => Err(trouble.into()),
            trouble => Ok(Self { words, trouble, ..self }),
        }
    }

    /// Looks on the network first: an old wallet has a past.
    pub(crate) fn with_a_past(mut self) -> Self {
        let look = if self.next.contains("--network") { "balance" } else { "sync" };
        self.next = self.next.replacen("receive", look, 1);
        self
    }
}

impl Report for Made {
    fn page(&self, page: &mut Page) {
        page.field("Created", &format!("{} ({} networks, sealed with {})", self.wallet, self.network_class, self.kdf));
        page.field("Master", &format!("{} (fingerprint)", in_fours(&self.fingerprint)));
        page.field("Backup", &backup_words(self.word_count, self.language, self.passphrase));
        if let Some(words) = &self.words {
            page.field("Words", &words.join(" "));
        }
        for account in &self.accounts {
            page.field("Account", &format!("{} on {}, {}", account.account, account.network, account.path));
            let address = page.grouped(&account.first_address);
            page.field("", &format!("first address {address}"));
        }
        page.field("Account", &format!("{} on Ethereum and its family, {}", self.ethereum.account, self.ethereum.path));
        let digits = page.grouped(self.ethereum.address.trim_start_matches("0x"));
        page.field("", &format!("address 0x{digits}"));
        page.field("File", &self.file);
        page.field("Next", &self.next);
    }

    fn warnings(&self) -> Vec<Warning> {
        let missing = |trouble: &WalletError| Warning { code: "accounts_missing", text: trouble.to_string() };
        self.warnings.iter().cloned().chain(self.trouble.as_ref().map(missing)).collect()
    }

    fn exit_code(&self) -> u8 {
        self.trouble.as_ref().map_or(0, |trouble| trouble.entry().kind.exit_code())
    }
}
