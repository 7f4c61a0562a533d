//! Where a search for used addresses ends (BIP-44's gap limit), and which accounts a restored wallet searches.
//!
//! The scan of a sync and the judgement of what may be called ours both ask here, so that nothing is called ours that the
//! scan would not find. Counts only: no keys, no I/O.

use bitcoin::bip32::DerivationPath;

use super::{Account, AccountError, Keychain, ScriptType};
use crate::network::Network;

/// Unused addresses in a row after which a search ends, unless a wallet is told otherwise (BIP-44).
pub const STANDARD_GAP: u32 = 20;
/// Number of keys below a public one that can be derived without the private half (BIP-32: 2^31 are not hardened).
pub const CHAIN_END: u32 = 1 << 31;
/// The account number that a restored wallet searches, for every script type.
const RESTORED_NUMBER: u32 = 0;

/// The first index that a search does not reach, if `next` is the first after the last used one.
#[must_use]
pub const fn search_end(next: u32, gap: u32) -> u32 {
    let end = next.saturating_add(gap);
    if end < CHAIN_END { end } else { CHAIN_END }
}

/// How far a search of one account reaches on each of its chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// First index after the last used one, in the order of [`Keychain::ALL`].
    next: [u32; 2],
    gap: u32,
}

impl Search {
    /// A search that begins with no used address.
    #[must_use]
    pub const fn from_start(gap: u32) -> Self {
        Self { next: [0, 0], gap }
    }

    /// A search that knows the first unused index of each chain, in the order of [`Keychain::ALL`].
    #[must_use]
    pub const fn after(next: [u32; 2], gap: u32) -> Self {
        Self { next, gap }
    }

    /// The first index of a chain that is not reached.
    #[must_use]
    pub const fn end(&self, keychain: Keychain) -> u32 {
        let [receive, change] = self.next;
        match keychain {
            Keychain::Receive => search_end(receive, self.gap),
            Keychain::Change => search_end(change, self.gap),
        }
    }

    /// Whether an address is asked about.
    #[must_use]
    pub const fn covers(&self, keychain: Keychain, index: u32) -> bool {
        index < self.end(keychain)
    }

    /// Unused addresses in a row after which it ends.
    #[must_use]
    pub const fn gap(&self) -> u32 {
        self.gap
    }

    /// An address turned out to be used.
    pub fn saw_used(&mut self, keychain: Keychain, index: u32) {
        let [receive, change] = &mut self.next;
        let next = match keychain {
            Keychain::Receive => receive,
            Keychain::Change => change,
        };
        *next = (*next).max(index.saturating_add(1));
    }
}

impl Account {
    /// The path of the account of this type that a restored wallet searches: number 0 (BIP-44, 49, 84, 86).
    ///
    /// # Errors
    /// Never for a network of our list.
    pub fn restored_path(network: Network, script_type: ScriptType) -> Result<DerivationPath, AccountError> {
        Self::standard_path(network, script_type, RESTORED_NUMBER)
    }

    /// Whether a wallet restored from its words searches this account without being told its number.
    #[must_use]
    pub fn is_restored(&self) -> bool {
        let Some((script_type, key)) = self.script_type().zip(self.single_key()) else { return false };
        Self::restored_path(self.network, script_type).is_ok_and(|path| path == key.origin)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_search_ends_a_gap_behind_the_last_used_address() {
        let mut search = Search::from_start(STANDARD_GAP);
        assert!(search.covers(Keychain::Change, 19) && !search.covers(Keychain::Change, 20));
        search.saw_used(Keychain::Change, 19);
        assert!(search.covers(Keychain::Change, 39) && !search.covers(Keychain::Change, 40));
        assert!(!search.covers(Keychain::Receive, 20), "the chains are searched apart");
        search.saw_used(Keychain::Change, 3);
        assert_eq!(search.end(Keychain::Change), 40, "an older use moves nothing back");
        assert!(!Search::after([u32::MAX, 0], 1_000).covers(Keychain::Receive, CHAIN_END), "no hardened index");
    }

    proptest! {
        /// Every address of a chain of uses without a hole of `gap` is found, and the first one behind a hole is not.
        #[test]
        fn a_chain_of_uses_is_followed(steps in proptest::collection::vec(1u32..=20, 1..40)) {
            let mut search = Search::from_start(STANDARD_GAP);
            let mut index = 0;
            for step in steps {
                index += step - u32::from(index == 0);
                prop_assert!(search.covers(Keychain::Receive, index));
                search.saw_used(Keychain::Receive, index);
            }
            prop_assert!(!search.covers(Keychain::Receive, index + STANDARD_GAP + 1));
        }
    }
}
