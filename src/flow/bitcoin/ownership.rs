//! Which accounts count as ours when a draft is judged, and how far a search of each reaches.
//!
//! From the ledger while no key is open, from the keys themselves before anything is signed. What is ours is judged in
//! chain/bitcoin/ownership.rs; nothing is judged here, and nothing that a draft claims is believed.

use std::collections::BTreeSet;

use bitcoin::bip32::{ChildNumber, DerivationPath, Fingerprint};

use crate::{
    account::{Account, AccountKey, Keychain, STANDARD_GAP, ScriptType, Search},
    chain::bitcoin::{BitcoinError, OwnAccount, Ownership, Plan, decode},
    explain::Failure,
    flow::FlowError,
    keystore::Keys,
    ledger::{Ledger, bitcoin::AccountRow},
    network::Network,
};

/// Accounts that a draft may name beside those that the ledger knows: each costs three hardened derivations.
const MAX_NAMED: usize = 20;

/// How far a search reaches, by what the ledger knows of an account: from the last address that a confirmed transaction used,
/// for a wallet restored from its words finds no other. `None` before the first search.
///
/// # Errors
/// The ledger cannot be read.
pub fn searched(ledger: &Ledger, row: &AccountRow) -> Result<Option<Search>, Failure> {
    if row.synced.is_none() {
        return Ok(None);
    }
    let next = |keychain| ledger.next_unsettled(row.id, keychain);
    Ok(Some(Search::after([next(Keychain::Receive)?, next(Keychain::Change)?], ledger.gap())))
}

/// An account of the ledger with what is known of its use.
///
/// # Errors
/// The ledger cannot be read.
pub fn own_account(ledger: &Ledger, row: &AccountRow) -> Result<OwnAccount, Failure> {
    let account = row.account.clone();
    Ok(match searched(ledger, row)? {
        Some(search) => OwnAccount::searched(account, search),
        None => OwnAccount::unsearched(account, ledger.gap()),
    })
}

/// The accounts in the ledger under this wallet's name, as far as they are of the plan's network.
///
/// # Errors
/// The ledger cannot be read.
pub fn ownership_of_ledger(ledger: &Ledger, wallet: Option<&str>, network: Network) -> Result<Ownership, Failure> {
    let rows = ledger.accounts(wallet)?;
    let ours = rows.iter().filter(|row| row.account.network == network).map(|row| own_account(ledger, row));
    Ok(Ownership::of(ours.collect::<Result<_, _>>()?))
}

/// The accounts that a plan names and these keys own, derived from the keys: of the ledger only what it knows of the use of
/// these very accounts is taken.
///
/// # Errors
/// The keys cannot derive an account that the plan names, or it names too many.
pub fn ownership_of_keys(plan: &Plan, keys: &Keys, known: &Ownership) -> Result<Ownership, Failure> {
    let mut named = BTreeSet::new();
    for (fingerprint, path) in decode::claimed_paths(&plan.psbt) {
        named.extend(origins_of(fingerprint, path, plan.network, keys.fingerprint())?);
        if named.len() > MAX_NAMED {
            return Err(BitcoinError::TooManyAccounts { most: MAX_NAMED }.into());
        }
    }
    named.extend(keys_of(known, keys.fingerprint()).map(|key| key.origin.clone()));
    let mut accounts = Vec::new();
    for origin in named {
        let Some(script_type) = standard_account(origin.as_ref(), plan.network) else { continue };
        let xpub = keys.account_xpub(&origin)?;
        let account = Account::new(plan.network, script_type, keys.fingerprint(), origin, xpub)?;
        accounts.push(OwnAccount::unsearched(account, known.gap().unwrap_or(STANDARD_GAP)));
    }
    Ok(Ownership::of(accounts).used_as(known))
}

/// Origins of the accounts that a claim can mean: the standard one that its path names, if our master or none is named; and
/// for a path from an account key each that a restored wallet has.
fn origins_of(
    fingerprint: Fingerprint,
    path: &DerivationPath,
    network: Network,
    master: Fingerprint,
) -> Result<Vec<DerivationPath>, Failure> {
    let levels: &[ChildNumber] = path.as_ref();
    let Some((origin, [_, _])) = levels.split_last_chunk::<2>() else { return Ok(Vec::new()) };
    if origin.is_empty() {
        return Ok(ScriptType::ALL
            .into_iter()
            .map(|kind| Account::restored_path(network, kind))
            .collect::<Result<_, _>>()?);
    }
    let is_ours = fingerprint == master || fingerprint == Fingerprint::default();
    let standard = standard_account(origin, network).filter(|_| is_ours);
    Ok(standard.map(|_| DerivationPath::from(origin)).into_iter().collect())
}

/// The script type of a standard account path m/purpose'/coin'/number' of this network.
fn standard_account(origin: &[ChildNumber], network: Network) -> Option<ScriptType> {
    match origin {
        [
            ChildNumber::Hardened { index: purpose },
            ChildNumber::Hardened { index: coin },
            ChildNumber::Hardened { .. },
        ] if *coin == network.coin_type() => ScriptType::from_purpose(*purpose),
        _ => None,
    }
}

/// The accounts that the ledger holds for these keys must be the ones that the keys derive: a changed ledger could show
/// a stranger's address as ours.
///
/// # Errors
/// An account differs.
pub fn check_ledger(known: &Ownership, keys: &Keys) -> Result<(), Failure> {
    for key in keys_of(known, keys.fingerprint()) {
        if keys.account_xpub(&key.origin)? != key.xpub {
            return Err(FlowError::LedgerLies(format!("m/{}", key.origin)).into());
        }
    }
    Ok(())
}

/// The address of an account, derived anew from the keys: a changed ledger could show a stranger's.
///
/// # Errors
/// It is another one, or the account is not of these keys alone.
pub fn check_address(account: &Account, keys: &Keys, index: u32, address: &str) -> Result<(), Failure> {
    let lies = |place: String| FlowError::LedgerLies(place);
    let known = account.single_key().ok_or_else(|| lies(account.kind().to_string()))?;
    let place = || format!("m/{}", known.origin);
    let script_type = account.script_type().ok_or_else(|| lies(place()))?;
    let xpub = keys.account_xpub(&known.origin)?;
    let derived = Account::new(account.network, script_type, keys.fingerprint(), known.origin.clone(), xpub)?;
    let script = derived.script(Keychain::Receive, index)?;
    let is_same = crate::address::of(&script, account.network).as_deref() == Some(address);
    if is_same { Ok(()) } else { Err(lies(place()).into()) }
}

/// The keys of accounts of one key that come from this master.
fn keys_of(known: &Ownership, master: Fingerprint) -> impl Iterator<Item = &AccountKey> {
    known.accounts().filter_map(Account::single_key).filter(move |key| key.fingerprint == master)
}
