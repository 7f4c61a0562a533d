//! What is public of a wallet and stands on every sheet: its header, and the first address of each account whose keys are here.
//!
//! The ledger is believed until the wallet is open; then its accounts are compared with the keys. No word is kept here.

use super::same_account;
use crate::cli::{
    CliError,
    context::Context,
    new_wallet::first_address,
    sheet::{FirstAddress, PassphraseNote, Sheet, SheetKind},
    wallet_error::WalletError,
};
use fastness::{
    account::{EthereumAccount, KeyOrigin},
    explain::Failure,
    keystore::{Header, Keys, KeystoreError, Language, PassphraseUse, Phrase, backup::has_seed_qr},
    ledger::{KeyLocation, bitcoin::AccountRow, ethereum::EvmAccountRow},
    seal::Sealed,
    store::WalletName,
};

/// What is public of a wallet.
pub(super) struct SheetFacts {
    wallet: WalletName,
    header: Header,
    fingerprint: String,
    rows: Vec<AccountRow>,
    evm_rows: Vec<EvmAccountRow>,
    addresses: Vec<FirstAddress>,
}

impl SheetFacts {
    /// # Errors
    /// The wallet has no words.
    pub(super) fn read(context: &mut Context, wallet: &WalletName, header: &Header) -> Result<Self, Failure> {
        if header.words == 0 {
            return Err(KeystoreError::NoWords.into());
        }
        let ledger = context.ledger()?;
        let mut rows = ledger.accounts(Some(wallet.as_str()))?;
        rows.retain(|row| row.keys == KeyLocation::Here);
        let mut evm_rows = ledger.evm_accounts(Some(wallet.as_str()))?;
        evm_rows.retain(|row| row.keys == KeyLocation::Here);
        let mut addresses = Vec::new();
        for row in &rows {
            let account = format!("{}, {}", row.name, row.account.network);
            addresses.push(FirstAddress { account, address: first_address(&row.account)? });
        }
        for row in &evm_rows {
            addresses.push(FirstAddress { account: row.name.clone(), address: row.account.address.to_string() });
        }
        let (wallet, fingerprint) = (wallet.clone(), header.fingerprint.to_string());
        Ok(Self { wallet, header: header.clone(), fingerprint, rows, evm_rows, addresses })
    }

    pub(super) const fn wallet(&self) -> &WalletName {
        &self.wallet
    }

    pub(super) const fn header(&self) -> &Header {
        &self.header
    }

    pub(super) fn word_count(&self) -> Result<usize, CliError> {
        usize::try_from(self.header.words).map_err(|_| CliError::Unprintable)
    }

    /// Whether the words have a SeedQR.
    pub(super) fn has_seed_qr(&self) -> bool {
        let count = self.word_count();
        self.header.language.is_some_and(|language| count.is_ok_and(|count| has_seed_qr(language, count)))
    }

    /// The same facts of the open wallet. Where the words alone make the keys, the ledger's accounts must be theirs.
    pub(super) fn proven(self, header: &Header, phrase: &Phrase, sealed: &Sealed) -> Result<Self, Failure> {
        if header.passphrase == PassphraseUse::None {
            let keys = Keys::from_phrase(phrase, None, header.network_class, sealed)?;
            let of_bitcoin = self.rows.iter().filter(|row| !same_account(row, &keys)).map(|row| &row.name);
            let of_evm = self.evm_rows.iter().filter(|row| !same_evm_account(row, &keys)).map(|row| &row.name);
            if let Some(name) = of_bitcoin.chain(of_evm).next() {
                let why = format!("the account {name} has another key");
                return Err(WalletError::OtherBackup { wallet: self.wallet.to_string(), why }.into());
            }
        }
        Ok(Self { header: header.clone(), fingerprint: header.fingerprint.to_string(), ..self })
    }

    /// A sheet of this wallet.
    pub(super) fn sheet<'a>(&'a self, kind: SheetKind<'a>) -> Sheet<'a> {
        let passphrase = match self.header.passphrase {
            PassphraseUse::None => PassphraseNote::None,
            // One that lies in the file is part of the backup all the same: without the file, it has to be known.
            PassphraseUse::Stored | PassphraseUse::Asked => PassphraseNote::Needed,
        };
        Sheet {
            wallet: self.wallet.as_str(),
            fingerprint: &self.fingerprint,
            language: self.header.language.map_or("no list", Language::name),
            passphrase,
            addresses: &self.addresses,
            kind,
        }
    }
}

/// True if these keys make the account, and the account its address.
pub(super) fn same_evm_account(row: &EvmAccountRow, keys: &Keys) -> bool {
    let Some(origin) = &row.account.origin else { return false };
    keys.ethereum_public_key(&origin.path).is_ok_and(|public_key| {
        let derived = KeyOrigin { fingerprint: keys.fingerprint(), path: origin.path.clone(), public_key };
        EthereumAccount::of_key(keys.class(), derived).address == row.account.address
    })
}
