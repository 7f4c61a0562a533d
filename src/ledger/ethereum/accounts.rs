//! Rows of Ethereum accounts: one address each, good on every chain of its class; and the addresses that were paid before.

use alloy_primitives::Address;
use bitcoin::secp256k1::PublicKey;
use rusqlite::{Row, params};

use crate::{
    account::{EthereumAccount, KeyOrigin, Layout},
    ledger::{KeyLocation, Ledger, LedgerError, file, now, within},
    network::NetworkClass,
    text::SafeText,
};

/// An Ethereum account as the ledger holds it.
#[derive(Clone, Debug)]
pub struct EvmAccountRow {
    /// Name of the wallet.
    pub wallet: String,
    /// Name of the account within the wallet, such as `ethereum-0`.
    pub name: String,
    /// The public half.
    pub account: EthereumAccount,
    /// Where its key is.
    pub keys: KeyLocation,
}

const COLUMNS: &str = "wallet, name, class, address, fingerprint, path, public_key";
const DAMAGED: LedgerError = LedgerError::Damaged("Ethereum account");

impl Ledger {
    /// Adds an account. A derived one is named after layout and number, a watched one `watched-N`.
    ///
    /// # Errors
    /// The wallet already has the address.
    pub fn add_evm_account(
        &self,
        wallet: &str,
        account: &EthereumAccount,
        place: Option<(Layout, u32)>,
    ) -> Result<EvmAccountRow, LedgerError> {
        let rows = self.evm_accounts(Some(wallet))?;
        if let Some(row) = rows.iter().find(|row| row.account.address == account.address) {
            return Err(LedgerError::AccountExists(format!("{wallet}/{}", row.name)));
        }
        let wanted = match place {
            Some((Layout::Bip44, number)) => format!("ethereum-{number}"),
            Some((layout, number)) => format!("{}-{number}", layout.name()),
            None => format!("watched-{}", rows.iter().filter(|row| row.keys == KeyLocation::Elsewhere).count()),
        };
        let taken = |name: &String| rows.iter().any(|row| row.name == *name);
        let mut names = std::iter::once(wanted.clone()).chain((2u32..1_000).map(|turn| format!("{wanted}-{turn}")));
        let name = names.find(|name| !taken(name)).ok_or(DAMAGED)?;
        let origin = account.origin.as_ref();
        let sql = format!("INSERT INTO evm_accounts ({COLUMNS}, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
        let values = params![
            wallet,
            name,
            account.class.to_string(),
            account.address.as_slice(),
            origin.map(|origin| origin.fingerprint.to_string()),
            origin.map(|origin| origin.path.to_string()),
            origin.map(|origin| origin.public_key.serialize().to_vec()),
            now()
        ];
        self.db.execute(&sql, values).map_err(file)?;
        let keys = if origin.is_some() { KeyLocation::Here } else { KeyLocation::Elsewhere };
        Ok(EvmAccountRow { wallet: wallet.to_owned(), name, account: account.clone(), keys })
    }

    /// All Ethereum accounts, or those of one wallet, in the order of their adding.
    ///
    /// # Errors
    /// The ledger cannot be read or holds a damaged row.
    pub fn evm_accounts(&self, wallet: Option<&str>) -> Result<Vec<EvmAccountRow>, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM evm_accounts WHERE ?1 IS NULL OR wallet = ?1 ORDER BY id");
        let mut statement = self.db.prepare(&sql).map_err(file)?;
        let rows = statement.query_map([wallet], |row| Ok(read(row))).map_err(file)?;
        rows.map(|row| row.map_err(file)?).collect()
    }

    /// The account of a wallet: by name, else the first of the class.
    ///
    /// # Errors
    /// There is none.
    pub fn evm_account(
        &self,
        wallet: &str,
        class: NetworkClass,
        name: Option<&str>,
    ) -> Result<EvmAccountRow, LedgerError> {
        let name = name.map(|name| within(wallet, name));
        let fits = |row: &EvmAccountRow| row.account.class == class && name.is_none_or(|name| row.name == name);
        self.evm_accounts(Some(wallet))?.into_iter().find(fits).ok_or_else(|| {
            let what = name.map(|name| format!(" named `{}`", SafeText::new(name))).unwrap_or_default();
            LedgerError::NoAccount(format!("wallet `{wallet}` has no Ethereum account{what} for {class} networks"))
        })
    }

    /// Remembers whom a payment went to, for telling look-alikes.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn remember_paid(&self, addresses: &[Address]) -> Result<(), LedgerError> {
        let sql = "INSERT OR IGNORE INTO evm_paid (address, first) VALUES (?1, ?2)";
        addresses
            .iter()
            .try_for_each(|address| self.db.execute(sql, params![address.as_slice(), now()]).map(|_| ()).map_err(file))
    }

    /// Every address that was paid from here.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn evm_paid_addresses(&self) -> Result<Vec<Address>, LedgerError> {
        let mut statement = self.db.prepare("SELECT address FROM evm_paid ORDER BY first").map_err(file)?;
        let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).map_err(file)?;
        rows.map(|bytes| Address::try_from(bytes.map_err(file)?.as_slice()).map_err(|_| DAMAGED)).collect()
    }
}

fn read(row: &Row<'_>) -> Result<EvmAccountRow, LedgerError> {
    let text = |column: usize| row.get::<_, Option<String>>(column).map_err(file);
    let class = match text(2)?.as_deref() {
        Some("main") => NetworkClass::Main,
        Some("test") => NetworkClass::Test,
        _ => return Err(DAMAGED),
    };
    let address = row.get::<_, Vec<u8>>(3).map_err(file)?;
    let address = Address::try_from(address.as_slice()).map_err(|_| DAMAGED)?;
    let public_key = row.get::<_, Option<Vec<u8>>>(6).map_err(file)?;
    let account = match (text(4)?, text(5)?, public_key) {
        (None, None, None) => EthereumAccount::watched(class, address),
        (Some(fingerprint), Some(path), Some(public_key)) => {
            let origin = KeyOrigin {
                fingerprint: fingerprint.parse().map_err(|_| DAMAGED)?,
                path: path.parse().map_err(|_| DAMAGED)?,
                public_key: PublicKey::from_slice(&public_key).map_err(|_| DAMAGED)?,
            };
            EthereumAccount::of_key(class, origin)
        }
        _ => return Err(DAMAGED),
    };
    // The address is shown to payers: it must be the one of the key.
    if account.address != address {
        return Err(DAMAGED);
    }
    let keys = if account.origin.is_some() { KeyLocation::Here } else { KeyLocation::Elsewhere };
    Ok(EvmAccountRow { wallet: text(0)?.ok_or(DAMAGED)?, name: text(1)?.ok_or(DAMAGED)?, account, keys })
}
