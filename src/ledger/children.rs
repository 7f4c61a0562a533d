//! Which child seeds (BIP-85) of a wallet were made: their places, with a person's notes, so that none is given out twice by
//! mistake. Nothing of the seeds themselves is kept.

use bitcoin::bip32::Fingerprint;
use rusqlite::{OptionalExtension, Row, params};

use super::{Ledger, LedgerError, file, now};

/// The largest index of a child: that of a hardened level (BIP-32).
const MAX_INDEX: u32 = 0x7fff_ffff;

/// A child seed that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildEntry {
    /// What it was made for: its path without the first level and the index, as `39'/0'/12'`.
    pub application: String,
    /// Its index.
    pub index: u32,
    /// The note as it was typed: not made safe to print. Empty if there is none.
    pub note: String,
    /// When it was made first, in seconds since 1970.
    pub made: u64,
}

/// A child seed that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct WantedChild<'a> {
    /// What for, as in [`ChildEntry`].
    pub application: &'a str,
    /// Which; the one above the highest that was made if none is named.
    pub index: Option<u32>,
    /// A note, which replaces an earlier one.
    pub note: Option<&'a str>,
}

/// The place of a child seed that may be made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenChild {
    /// Its index.
    pub index: u32,
    /// What the book said of it, if it was made before.
    pub before: Option<ChildEntry>,
}

impl Ledger {
    /// Finds the place of a child of the wallet with this master key, and notes that it was made: at once, so that no
    /// other process takes the same. A ledger that can only be looked at stays as it is.
    ///
    /// # Errors
    /// No index is left above the highest, or the ledger cannot be used.
    pub fn take_child(&mut self, master: Fingerprint, wanted: WantedChild<'_>) -> Result<TakenChild, LedgerError> {
        if self.is_read_only()? {
            return self.child_place(master, wanted);
        }
        self.atomically(|ledger| {
            let taken = ledger.child_place(master, wanted)?;
            ledger.note_child(master, wanted, taken.index)?;
            Ok(taken)
        })
    }

    fn child_place(&self, master: Fingerprint, wanted: WantedChild<'_>) -> Result<TakenChild, LedgerError> {
        let index = match wanted.index {
            Some(index) => index,
            None => self.next_child(master, wanted.application)?,
        };
        Ok(TakenChild { index, before: self.child(master, wanted.application, index)? })
    }

    fn note_child(&self, master: Fingerprint, wanted: WantedChild<'_>, index: u32) -> Result<(), LedgerError> {
        let sql =
            "INSERT INTO children (fingerprint, application, idx, note, made) VALUES (?1, ?2, ?3, ifnull(?4, ''), ?5)
            ON CONFLICT DO UPDATE SET note = ifnull(?4, note)";
        let values = params![master.to_string(), wanted.application, index, wanted.note, now()];
        self.db.execute(sql, values).map(|_| ()).map_err(file)
    }

    /// The index above the highest that was made. One that was left out may have been made on another machine.
    fn next_child(&self, master: Fingerprint, application: &str) -> Result<u32, LedgerError> {
        let sql = "SELECT max(idx) FROM children WHERE fingerprint = ?1 AND application = ?2";
        let highest: Option<u32> =
            self.db.query_row(sql, params![master.to_string(), application], |row| row.get(0)).map_err(file)?;
        match highest {
            None => Ok(0),
            Some(highest) if highest < MAX_INDEX => Ok(highest + 1),
            Some(_) => Err(LedgerError::NoChildIndex),
        }
    }

    fn child(&self, master: Fingerprint, application: &str, index: u32) -> Result<Option<ChildEntry>, LedgerError> {
        let sql = "SELECT application, idx, note, made FROM children WHERE fingerprint = ?1 AND application = ?2 AND idx = ?3";
        self.db.query_row(sql, params![master.to_string(), application, index], read).optional().map_err(file)
    }

    /// The children of the wallet with this master key, in the order in which they were made.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn children(&self, master: Fingerprint) -> Result<Vec<ChildEntry>, LedgerError> {
        let sql =
            "SELECT application, idx, note, made FROM children WHERE fingerprint = ?1 ORDER BY made, application, idx";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let rows = statement.query_map([master.to_string()], read).map_err(file)?;
        rows.collect::<Result<_, _>>().map_err(file)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<ChildEntry> {
    Ok(ChildEntry { application: row.get(0)?, index: row.get(1)?, note: row.get(2)?, made: row.get(3)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::set_clock;

    const WORDS: &str = "39'/0'/12'";

    fn master(byte: u8) -> Fingerprint {
        Fingerprint::from([byte; 4])
    }

    fn take(ledger: &mut Ledger, index: Option<u32>, note: Option<&str>) -> TakenChild {
        ledger.take_child(master(1), WantedChild { application: WORDS, index, note }).unwrap()
    }

    #[test]
    fn indexes_count_on_by_wallet_and_by_what_they_are_for() {
        let mut ledger = Ledger::in_memory().unwrap();
        for index in 0..3 {
            assert_eq!(take(&mut ledger, None, None), TakenChild { index, before: None });
        }
        for (wallet, application) in [(2, WORDS), (1, "39'/0'/24'"), (1, "2'")] {
            let wanted = WantedChild { application, index: None, note: None };
            assert_eq!(ledger.take_child(master(wallet), wanted).unwrap().index, 0, "{application}");
        }
        assert_eq!(take(&mut ledger, Some(7), None).index, 7);
        assert_eq!(take(&mut ledger, None, None).index, 8, "what lies below may have been made elsewhere");
        assert_eq!(ledger.children(master(1)).unwrap().len(), 7);
    }

    #[test]
    fn what_was_made_before_is_told_with_its_first_time_and_keeps_its_note() {
        let mut ledger = Ledger::in_memory().unwrap();
        set_clock(1_000);
        take(&mut ledger, None, Some("phone"));
        set_clock(2_000);
        let entry =
            |note: &str| ChildEntry { application: WORDS.to_owned(), index: 0, note: note.to_owned(), made: 1_000 };
        assert_eq!(take(&mut ledger, Some(0), None).before, Some(entry("phone")));
        assert_eq!(take(&mut ledger, Some(0), Some("old phone")).before, Some(entry("phone")));
        assert_eq!(ledger.children(master(1)).unwrap(), [entry("old phone")]);
    }

    #[test]
    fn above_the_last_index_there_is_none() {
        let mut ledger = Ledger::in_memory().unwrap();
        take(&mut ledger, Some(MAX_INDEX - 1), None);
        assert_eq!(take(&mut ledger, None, None).index, MAX_INDEX);
        let wanted = WantedChild { application: WORDS, index: None, note: None };
        assert!(matches!(ledger.take_child(master(1), wanted), Err(LedgerError::NoChildIndex)));
        assert!(take(&mut ledger, Some(MAX_INDEX), None).before.is_some(), "it can be named all the same");
    }
}
