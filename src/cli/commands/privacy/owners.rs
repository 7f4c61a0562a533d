//! The owner of a script or an account: the ids of the log, looked up among what the ledger's accounts derive.
//!
//! Derives public scripts only. Must not read the log.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use alloy_primitives::Address;
use bitcoin::{
    Script,
    hashes::{Hash, sha256},
};
use fastness::{
    account::Keychain,
    address,
    explain::Failure,
    ledger::{
        Ledger,
        bitcoin::{AccountRow, AddressRow},
        ethereum::EvmAccountRow,
    },
    network::{AnyNetwork, Network},
};

/// How far beyond the last used index is derived to find a script that was asked about.
const FIND_BEYOND: u32 = 1_000;

/// Where a script belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnedAddress {
    /// `WALLET/ACCOUNT`.
    pub(super) account: String,
    pub(super) address: String,
    /// From the master key.
    pub(super) path: String,
    /// For sorting: chain and index.
    pub(super) order: (u32, u32),
}

/// A script that an account derives, and where.
#[derive(Clone, Copy)]
struct DerivedScript<'a> {
    /// The script.
    script: &'a Script,
    /// Chain below the account.
    keychain: Keychain,
    /// Address index.
    index: u32,
}

/// The scripts of one network.
#[derive(Default)]
pub(super) struct Scripts {
    /// By SHA-256 in hex. Several accounts can hold the same script: a watch-only copy, say.
    places: BTreeMap<String, Vec<OwnedAddress>>,
    /// Scripts that each account has derived, by `WALLET/ACCOUNT`.
    totals: BTreeMap<String, usize>,
}

impl Scripts {
    /// The places of every script in `asked` that an account of this network derives.
    pub(super) fn of(ledger: &Ledger, network: &str, asked: &BTreeSet<&str>) -> Result<Self, Failure> {
        let mut scripts = Self::default();
        if let Ok(network) = Network::from_str(network) {
            for row in ledger.all_accounts(None)?.iter().filter(|row| row.account.network == network) {
                scripts.add(ledger, row, asked)?;
            }
        }
        Ok(scripts)
    }

    fn add(&mut self, ledger: &Ledger, row: &AccountRow, asked: &BTreeSet<&str>) -> Result<(), Failure> {
        let mut total = 0;
        let mut known = BTreeSet::new();
        for address in ledger.addresses(row.id)? {
            total += 1;
            known.insert((address.keychain.number(), address.index));
            let AddressRow { keychain, index, ref script, .. } = address;
            self.note(row, DerivedScript { script, keychain, index }, asked)?;
        }
        let lost = |scripts: &Self| asked.iter().any(|id| !scripts.places.contains_key(*id));
        for keychain in Keychain::ALL {
            let end = ledger.next_index(row.id, keychain)?.saturating_add(FIND_BEYOND);
            for index in 0..end {
                if known.contains(&(keychain.number(), index)) {
                    continue;
                }
                if !lost(self) {
                    break;
                }
                let script = row.account.script(keychain, index)?;
                total += usize::from(self.note(row, DerivedScript { script: &script, keychain, index }, asked)?);
            }
        }
        self.totals.insert(name(row), total);
        Ok(())
    }

    /// Remembers the place of a script that was asked about; says whether it was.
    fn note(&mut self, row: &AccountRow, derived: DerivedScript<'_>, asked: &BTreeSet<&str>) -> Result<bool, Failure> {
        let DerivedScript { script, keychain, index } = derived;
        let id = sha256::Hash::hash(script.as_bytes()).to_string();
        if !asked.contains(id.as_str()) {
            return Ok(false);
        }
        let place = OwnedAddress {
            account: name(row),
            address: address::of(script, row.account.network).unwrap_or_default(),
            path: format!("m/{}", row.account.path(keychain, index)?),
            order: (keychain.number(), index),
        };
        self.places.entry(id).or_default().push(place);
        Ok(true)
    }

    /// Where a script belongs; nowhere for a stranger's.
    pub(super) fn places(&self, id: &str) -> &[OwnedAddress] {
        self.places.get(id).map_or(&[], Vec::as_slice)
    }

    /// How many scripts an account has derived.
    pub(super) fn total(&self, account: &str) -> usize {
        self.totals.get(account).copied().unwrap_or_default()
    }
}

fn name(row: &AccountRow) -> String {
    format!("{}/{}", row.wallet, row.name)
}

/// An account of an EVM chain as it is shown, and its owner.
pub(super) fn evm_account(rows: &[EvmAccountRow], network: &str, id: &str) -> (String, Vec<String>) {
    let Ok(address) = Address::from_str(id) else { return (id.to_owned(), Vec::new()) };
    let chain = match AnyNetwork::from_str(network) {
        Ok(AnyNetwork::Evm(chain)) => Some(chain),
        _ => None,
    };
    let here = |row: &&EvmAccountRow| {
        row.account.address == address && chain.is_none_or(|chain| chain.class == row.account.class)
    };
    let owners = rows.iter().filter(here).map(|row| format!("{}/{}", row.wallet, row.name)).collect();
    (chain.map_or_else(|| address.to_string(), |chain| address::evm_text(address, chain)), owners)
}
