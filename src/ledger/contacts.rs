//! Contacts: names for addresses, each on one network. Shared by both families.

use rusqlite::{OptionalExtension, Row, params};

use super::{Ledger, LedgerError, file, now};
use crate::contact::{Contact, ContactName};

impl Ledger {
    /// Adds a contact.
    ///
    /// # Errors
    /// Its name or its address is taken on its network, or the ledger cannot be written.
    pub fn add_contact(&self, contact: &Contact) -> Result<(), LedgerError> {
        let Contact { name, network, address } = contact;
        let sql = "INSERT INTO contacts (name, network, address, created) VALUES (?1, ?2, ?3, ?4)";
        self.db.execute(sql, params![name.as_str(), network, address, now()]).map(|_| ()).map_err(file)
    }

    /// Forgets a contact, on one network or on all; the number of addresses that it had.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn remove_contact(&self, name: &ContactName, network: Option<&str>) -> Result<usize, LedgerError> {
        let sql = "DELETE FROM contacts WHERE name = ?1 AND (?2 IS NULL OR network = ?2)";
        self.db.execute(sql, params![name.as_str(), network]).map_err(file)
    }

    /// The contacts of a network, or all, by name and network.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn contacts(&self, network: Option<&str>) -> Result<Vec<Contact>, LedgerError> {
        let sql = "SELECT name, network, address FROM contacts WHERE ?1 IS NULL OR network = ?1 ORDER BY name, network";
        let mut statement = self.db.prepare_cached(sql).map_err(file)?;
        let rows = statement.query_map([network], |row| Ok(read(row))).map_err(file)?;
        rows.map(|row| row.map_err(file)?).collect()
    }

    /// The contact of this name on a network.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn contact_named(&self, name: &ContactName, network: &str) -> Result<Option<Contact>, LedgerError> {
        self.one_contact("name = ?1 AND network = ?2", [name.as_str(), network])
    }

    /// The contact that an address on a network is of.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn contact_at(&self, network: &str, address: &str) -> Result<Option<Contact>, LedgerError> {
        self.one_contact("address = ?1 AND network = ?2", [address, network])
    }

    fn one_contact(&self, condition: &str, values: [&str; 2]) -> Result<Option<Contact>, LedgerError> {
        let sql = format!("SELECT name, network, address FROM contacts WHERE {condition}");
        let mut statement = self.db.prepare_cached(&sql).map_err(file)?;
        statement.query_row(values, |row| Ok(read(row))).optional().map_err(file)?.transpose()
    }
}

fn read(row: &Row<'_>) -> Result<Contact, LedgerError> {
    let text = |column: usize| row.get::<_, String>(column).map_err(file);
    let name = text(0)?.parse().map_err(|_| LedgerError::Damaged("contact"))?;
    Ok(Contact { name, network: text(1)?, address: text(2)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(name: &str, network: &str, address: &str) -> Contact {
        Contact { name: name.parse().unwrap(), network: network.to_owned(), address: address.to_owned() }
    }

    #[test]
    fn a_name_and_an_address_are_taken_once_on_each_network() {
        let ledger = Ledger::in_memory().unwrap();
        let alice = contact("Alice", "bitcoin", "bc1qone");
        ledger.add_contact(&alice).unwrap();
        assert!(ledger.add_contact(&contact("alice", "bitcoin", "bc1qtwo")).is_err());
        assert!(ledger.add_contact(&contact("bob", "bitcoin", "bc1qone")).is_err());
        ledger.add_contact(&contact("alice", "ethereum", "0x1")).unwrap();
        assert_eq!(ledger.contact_named(&"ALICE".parse().unwrap(), "bitcoin").unwrap(), Some(alice.clone()));
        assert_eq!(ledger.contact_at("bitcoin", "bc1qone").unwrap(), Some(alice));
        assert_eq!(ledger.contacts(None).unwrap().len(), 2);
        assert_eq!(ledger.remove_contact(&"aLICE".parse().unwrap(), Some("ethereum")).unwrap(), 1);
        assert_eq!(ledger.remove_contact(&"alice".parse().unwrap(), None).unwrap(), 1);
        assert!(ledger.contacts(None).unwrap().is_empty());
    }
}
