//! Which change and receive addresses of a draft a wallet restored from its words would find.
//!
//! It judges by the searches of accounts; it derives nothing.

use super::{
    inputs::CheckedInput,
    ownership::{Owned, OwnedScript, Ownership, Uses},
};
use crate::account::Search;

/// Which scripts of ours a search of the same wallet finds, if the inputs of a draft are spent.
#[derive(Debug)]
pub(crate) struct SearchReach<'a> {
    ours: &'a Ownership,
    searches: Vec<Search>,
    /// The one account that pays.
    payer: Option<usize>,
}

impl<'a> SearchReach<'a> {
    /// A coin that is spent was found before: its address was used. Where searches are known, a coin behind a hole that no
    /// search crosses changes nothing.
    pub(crate) fn of(ours: &'a Ownership, inputs: &[CheckedInput]) -> Self {
        let mut searches: Vec<Search> = ours.accounts.iter().map(|own| own.search).collect();
        let mut spent: Vec<&OwnedScript> = inputs.iter().filter_map(|input| input.found.as_ref()).collect();
        spent.sort_by_key(|found| found.owned.index);
        for found in &spent {
            let Some(number) = found.account else { continue };
            let (Some(search), Some(own)) = (searches.get_mut(number), ours.accounts.get(number)) else { continue };
            let Owned { keychain, index, .. } = found.owned;
            if own.uses == Uses::Unknown || search.covers(keychain, index) {
                search.saw_used(keychain, index);
            }
        }
        let payer = spent.first().and_then(|first| first.account);
        let payer = payer.filter(|payer| spent.iter().all(|found| found.account == Some(*payer)));
        Self { ours, searches, payer }
    }

    /// Whether a search finds it: in an account that a restored wallet searches, that alone pays for this, or that the person
    /// named; and no further out than a gap behind the last used address.
    pub(crate) fn finds(&self, found: &OwnedScript) -> bool {
        let Some(number) = found.account else { return false };
        let (Some(search), Some(own)) = (self.searches.get(number), self.ours.accounts.get(number)) else {
            return false;
        };
        let is_searched = own.account.is_restored() || own.is_destination || self.payer == Some(number);
        is_searched && search.covers(found.owned.keychain, found.owned.index)
    }
}
