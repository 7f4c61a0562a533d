//! Rows of accounts: the public half, under the wallet's name.

use bitcoin::bip32::{ChildNumber, Fingerprint};
use rusqlite::{Row, params};

use crate::{
    account::{Account, AccountKey, Keychain, ScriptType},
    ledger::{KeyLocation, Ledger, LedgerError, file, now, within},
    network::Network,
    text::SafeText,
};

/// Row number of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub(super) i64);

impl AccountId {
    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}

/// What may have become of an account's addresses before this ledger had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// Nothing: its keys were made here.
    None,
    /// They may have been used: it was restored, or added.
    Possible,
    /// The same, and nobody asked for it: an account that other wallets make of the same words (BIP-44, 49, 84, 86). It is
    /// searched, and listed as soon as a use of it is found.
    Candidate,
}

impl Past {
    const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Possible => 1,
            Self::Candidate => 2,
        }
    }

    const fn of_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::None),
            1 => Some(Self::Possible),
            2 => Some(Self::Candidate),
            _ => None,
        }
    }
}

/// An account as the ledger holds it.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Row number.
    pub id: AccountId,
    /// Name of the wallet.
    pub wallet: String,
    /// Name of the account within wallet and network, such as `segwit-0`.
    pub name: String,
    /// The public half.
    pub account: Account,
    /// Where its keys are.
    pub keys: KeyLocation,
    /// What may have become of it before.
    pub past: Past,
    /// Height and hash of the best block at the last sync, who said so, and when (seconds since 1970).
    pub synced: Option<Synced>,
}

/// The last sync of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// Height of the best block.
    pub height: u32,
    /// Its hash.
    pub hash: String,
    /// The explorer that was asked.
    pub operator: String,
    /// Seconds since 1970.
    pub at: u64,
    /// Another organisation, and the height of the best block that it knew then.
    pub second: Option<(String, u32)>,
}

impl Synced {
    /// The height up to which confirmations are counted: the lower one where two were asked. Nothing proves how high a chain
    /// is (headers do not name their height), so that who claims more makes nothing deeper.
    #[must_use]
    pub fn counted_height(&self) -> u32 {
        self.second.as_ref().map_or(self.height, |(_, height)| self.height.min(*height))
    }
}

const COLUMNS: &str = "id, wallet, network, name, descriptor, watch_only, tip_height, tip_hash, synced, operator, second_operator, second_height, past";

impl Ledger {
    /// Adds an account, or lists one that was a candidate. Its name comes from type and number, with the origin's last level,
    /// else the next free number.
    ///
    /// # Errors
    /// The wallet already has it.
    pub fn add_account(
        &self,
        wallet: &str,
        account: &Account,
        keys: KeyLocation,
        past: Past,
    ) -> Result<AccountRow, LedgerError> {
        let network = account.network.name();
        if let Some(row) = self.all_accounts(Some(wallet))?.into_iter().find(|row| is_same(&row.account, account)) {
            if row.past == Past::Candidate && past != Past::Candidate {
                return self.list_candidate(row);
            }
            return Err(LedgerError::AccountExists(format!("{wallet}/{}", row.name)));
        }
        let name = self.free_name(wallet, account)?;
        self.db
            .execute(
                "INSERT INTO accounts (wallet, network, name, descriptor, watch_only, created, past)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    wallet,
                    network,
                    name,
                    account.descriptor(),
                    keys == KeyLocation::Elsewhere,
                    now(),
                    past.number()
                ],
            )
            .map_err(file)?;
        let id = AccountId(self.db.last_insert_rowid());
        Ok(AccountRow { id, wallet: wallet.to_owned(), name, account: account.clone(), keys, past, synced: None })
    }

    /// Lists a candidate from now on.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn list_candidate(&self, row: AccountRow) -> Result<AccountRow, LedgerError> {
        let past = Past::Possible;
        self.db
            .execute("UPDATE accounts SET past = ?2 WHERE id = ?1", params![row.id.0, past.number()])
            .map_err(file)?;
        Ok(AccountRow { past, ..row })
    }

    fn free_name(&self, wallet: &str, account: &Account) -> Result<String, LedgerError> {
        let number = account.single_key().map_or(0, number_of);
        let taken: Vec<String> = self
            .all_accounts(Some(wallet))?
            .into_iter()
            .filter(|row| row.account.network == account.network)
            .map(|row| row.name)
            .collect();
        let names = (number..).map(|number| format!("{}-{number}", account.kind()));
        names.take(10_000).find(|name| !taken.contains(name)).ok_or(LedgerError::Damaged("list of accounts"))
    }

    /// All accounts that are listed, or those of one wallet, in the order of their adding.
    ///
    /// # Errors
    /// The ledger cannot be read or holds a damaged row.
    pub fn accounts(&self, wallet: Option<&str>) -> Result<Vec<AccountRow>, LedgerError> {
        let mut rows = self.all_accounts(wallet)?;
        rows.retain(|row| row.past != Past::Candidate);
        Ok(rows)
    }

    /// The accounts of a wallet on a network that are searched, and not listed before something is found.
    ///
    /// # Errors
    /// The ledger cannot be read or holds a damaged row.
    pub fn candidates(&self, wallet: &str, network: Network) -> Result<Vec<AccountRow>, LedgerError> {
        let mut rows = self.all_accounts(Some(wallet))?;
        rows.retain(|row| row.past == Past::Candidate && row.account.network == network);
        Ok(rows)
    }

    /// The same, with the candidates.
    ///
    /// # Errors
    /// The ledger cannot be read or holds a damaged row.
    pub fn all_accounts(&self, wallet: Option<&str>) -> Result<Vec<AccountRow>, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts WHERE ?1 IS NULL OR wallet = ?1 ORDER BY id");
        let mut statement = self.db.prepare(&sql).map_err(file)?;
        let rows = statement.query_map([wallet], |row| Ok(read(row))).map_err(file)?;
        rows.map(|row| row.map_err(file)?).collect()
    }

    /// The account of a wallet on a network: by name, else the first.
    ///
    /// # Errors
    /// There is none.
    pub fn account(&self, wallet: &str, network: Network, name: Option<&str>) -> Result<AccountRow, LedgerError> {
        let name = name.map(|name| within(wallet, name));
        let fits = |row: &AccountRow| row.account.network == network && name.is_none_or(|name| row.name == name);
        self.accounts(Some(wallet))?.into_iter().find(fits).ok_or_else(|| {
            let what = name.map(|name| format!(" named `{}`", SafeText::new(name))).unwrap_or_default();
            LedgerError::NoAccount(format!("wallet `{wallet}` has no {network} account{what}"))
        })
    }

    /// The same account as it is now.
    ///
    /// # Errors
    /// The ledger cannot be read, or does not have it any more.
    pub fn again(&self, row: &AccountRow) -> Result<AccountRow, LedgerError> {
        let same = |other: &AccountRow| other.id == row.id;
        let found = self.all_accounts(Some(&row.wallet))?.into_iter().find(same);
        found.ok_or_else(|| LedgerError::NoAccount(format!("`{}/{}` is gone", row.wallet, row.name)))
    }

    /// Whether an account was not synced by another process since this row was read.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn stands_as(&self, row: &AccountRow) -> Result<bool, LedgerError> {
        let now = self.again(row)?.synced;
        let key = |synced: &Option<Synced>| {
            synced.as_ref().map(|synced| (synced.at, synced.hash.clone(), synced.operator.clone()))
        };
        Ok(key(&now) == key(&row.synced))
    }

    /// Remembers where the chain stood at a sync.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_synced(&self, id: AccountId, synced: &Synced) -> Result<(), LedgerError> {
        self.db
            .execute(
                "UPDATE accounts SET tip_height = ?2, tip_hash = ?3, synced = ?4, operator = ?5,
                 second_operator = ?6, second_height = ?7 WHERE id = ?1",
                params![
                    id.0,
                    synced.height,
                    synced.hash,
                    synced.at,
                    synced.operator,
                    synced.second.as_ref().map(|(operator, _)| operator),
                    synced.second.as_ref().map(|(_, height)| height),
                ],
            )
            .map(|_| ())
            .map_err(file)
    }

    /// Notes who else was asked after an account was synced, and the height of the best block there.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn set_second_source(&self, id: AccountId, (operator, height): (&str, u32)) -> Result<(), LedgerError> {
        let sql = "UPDATE accounts SET second_operator = ?2, second_height = ?3 WHERE id = ?1";
        self.db.execute(sql, params![id.0, operator, height]).map(|_| ()).map_err(file)
    }

    /// The wallet that already uses this master key, if one does.
    ///
    /// # Errors
    /// The ledger cannot be read or holds a damaged row.
    pub fn wallet_of(&self, fingerprint: Fingerprint) -> Result<Option<String>, LedgerError> {
        let uses = |row: &AccountRow| row.keys == KeyLocation::Here && row.account.has_master(fingerprint);
        Ok(self.all_accounts(None)?.into_iter().find(uses).map(|row| row.wallet))
    }
}

/// Whether two accounts have the same addresses, whatever is said of where their keys come from.
fn is_same(one: &Account, other: &Account) -> bool {
    let first = |account: &Account| Keychain::ALL.map(|keychain| account.script(keychain, 0).ok());
    one.network == other.network && first(one) == first(other)
}

/// The account number of a standard path: its last level.
fn number_of(key: &AccountKey) -> u32 {
    match key.origin.as_ref().last() {
        Some(ChildNumber::Hardened { index }) => *index,
        _ => 0,
    }
}

fn read(row: &Row<'_>) -> Result<AccountRow, LedgerError> {
    const DAMAGED: LedgerError = LedgerError::Damaged("account");
    let text = |column: usize| row.get::<_, String>(column).map_err(file);
    let network: Network = text(2)?.parse().map_err(|_| DAMAGED)?;
    let account = Account::parse(&text(4)?, network, ScriptType::P2wpkh).map_err(|_| DAMAGED)?;
    let keys = if row.get::<_, bool>(5).map_err(file)? { KeyLocation::Elsewhere } else { KeyLocation::Here };
    Ok(AccountRow {
        id: AccountId(row.get(0).map_err(file)?),
        wallet: text(1)?,
        name: text(3)?,
        account,
        keys,
        past: Past::of_number(row.get(12).map_err(file)?).ok_or(DAMAGED)?,
        synced: read_synced(row).map_err(file)?,
    })
}

fn read_synced(row: &Row<'_>) -> Result<Option<Synced>, rusqlite::Error> {
    let Some(height) = row.get::<_, Option<u32>>(6)? else { return Ok(None) };
    let second = row.get::<_, Option<String>>(10)?.zip(row.get::<_, Option<u32>>(11)?);
    Ok(Some(Synced { height, hash: row.get(7)?, at: row.get(8)?, operator: row.get(9)?, second }))
}
