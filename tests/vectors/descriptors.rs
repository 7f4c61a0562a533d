//! Addresses of 300 random descriptors, as embit derives them (`descriptors.py`): one key of four kinds, sorted multisigs,
//! miniscript with timelocks, taproot with scripts.

use fastness::{
    account::{Account, Keychain, ScriptType},
    address,
    network::Network,
};

use super::{json, list, text};

/// Chain and index of the addresses of a row.
const PLACES: [(Keychain, u32); 6] = [
    (Keychain::Receive, 0),
    (Keychain::Receive, 7),
    (Keychain::Receive, 1000),
    (Keychain::Change, 0),
    (Keychain::Change, 7),
    (Keychain::Change, 1000),
];

#[test]
fn addresses_of_any_descriptor_are_those_of_another_implementation() {
    let rows = json(include_str!("descriptors.json"));
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 300);
    for row in rows {
        let written = text(row, "descriptor");
        let account = Account::parse(written, Network::Bitcoin, ScriptType::P2wpkh).unwrap_or_else(|error| {
            panic!("{error}: {written}");
        });
        let shown = |(keychain, index)| {
            let script = account.script(keychain, index).unwrap();
            address::of(&script, Network::Bitcoin).unwrap()
        };
        assert_eq!(PLACES.map(shown).to_vec(), list(row, "addresses"), "{written}");
        let again = Account::parse(&account.descriptor(), Network::Bitcoin, ScriptType::P2wpkh);
        assert_eq!(again.as_ref(), Ok(&account), "what is printed is read back");
        for keychain in Keychain::ALL {
            let chain = account.descriptor_of(keychain);
            assert!(chain.contains(&format!("/{}/*", keychain.number())) && chain.contains('#'), "{chain}");
        }
    }
}
