//! The move of accounts from columns of one key to descriptors, once for each ledger (version 11 of the file).
//!
//! Reads the columns as versions up to 10 wrote them; changes nothing else.

use std::str::FromStr;

use bitcoin::bip32::{DerivationPath, Fingerprint, Xpub};
use rusqlite::{Connection, Row, params};

use crate::{
    account::{Account, ScriptType},
    ledger::{LedgerError, file},
    network::Network,
};

const DAMAGED: LedgerError = LedgerError::Damaged("account");

/// Writes the descriptor of every account into the new table.
pub(in crate::ledger) fn describe_accounts(db: &Connection) -> Result<(), LedgerError> {
    let mut rows =
        db.prepare("SELECT id, network, script_type, fingerprint, origin, xpub FROM accounts").map_err(file)?;
    let found = rows.query_map([], |row| Ok(read(row))).map_err(file)?;
    for row in found {
        let Described { id, account } = row.map_err(file)??;
        db.execute(
            "INSERT INTO described_accounts
             SELECT id, wallet, network, name, ?2, watch_only, created, tip_height, tip_hash, synced, operator, witness,
                    witness_height, past FROM accounts WHERE id = ?1",
            params![id, account.descriptor()],
        )
        .map_err(file)?;
    }
    Ok(())
}

struct Described {
    id: i64,
    account: Account,
}

fn read(row: &Row<'_>) -> Result<Described, LedgerError> {
    let text = |column: usize| row.get::<_, String>(column).map_err(file);
    let network: Network = text(1)?.parse().map_err(|_| DAMAGED)?;
    let script_type = ScriptType::from_purpose(row.get(2).map_err(file)?).ok_or(DAMAGED)?;
    let fingerprint = Fingerprint::from_str(&text(3)?).map_err(|_| DAMAGED)?;
    let origin = DerivationPath::from_str(&text(4)?).map_err(|_| DAMAGED)?;
    let xpub = Xpub::from_str(&text(5)?).map_err(|_| DAMAGED)?;
    let account = Account::new(network, script_type, fingerprint, origin, xpub).map_err(|_| DAMAGED)?;
    Ok(Described { id: row.get(0).map_err(file)?, account })
}
