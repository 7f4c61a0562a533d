//! What a sync found, for a person: what came, what was confirmed, what lost its block, what is gone.
//!
//! Compares what the ledger lists before and after; judges nothing.

use std::collections::{BTreeMap, BTreeSet};

use fastness::{
    amount::Amount,
    explain::Failure,
    ledger::{Ledger, Limit, bitcoin::AccountRow},
};
use serde::Serialize;

use super::net_amount::NetAmount;

/// Newest transactions that are looked at before and after.
const COMPARED: usize = 500;
/// Of those after, the newest that can be news: one that slides into the rest of a long list is not new.
const NEWEST: usize = 250;

/// Transactions of an account by what became of them, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SyncNews {
    /// Not known before.
    arrived: usize,
    /// In a block now.
    confirmed: usize,
    /// In a block before, and waiting again.
    unconfirmed_again: usize,
    /// Listed before, and not listed any more.
    gone: usize,
    /// Whether these are of the newest of a long list only: there may be more of each.
    at_least: bool,
    /// By how much what the account holds differs.
    #[serde(skip)]
    net: Option<NetAmount>,
}

/// What the ledger lists of an account at one moment.
pub(crate) struct ListedTransactions {
    heights: BTreeMap<String, Option<u32>>,
    /// The newest of them.
    newest: BTreeSet<String>,
    holds: Amount,
}

impl SyncNews {
    /// What is listed now.
    pub(crate) fn seen(ledger: &Ledger, row: &AccountRow) -> Result<ListedTransactions, Failure> {
        let rows = ledger.history(row.id, Limit::First(COMPARED))?;
        let balance = ledger.balance(row.id)?;
        let newest = rows.iter().take(NEWEST).map(|row| row.txid.clone()).collect();
        Ok(ListedTransactions {
            newest,
            heights: rows.into_iter().map(|row| (row.txid, row.height)).collect(),
            holds: Amount::sat(balance.confirmed.saturating_add(balance.unconfirmed)),
        })
    }

    /// The difference between two moments.
    pub(crate) fn since(before: &ListedTransactions, after: &ListedTransactions) -> Self {
        let mut news = Self::default();
        for (id, height) in &after.heights {
            match (before.heights.get(id), height) {
                (None, _) if before.heights.len() < COMPARED || after.newest.contains(id) => news.arrived += 1,
                (Some(None), Some(_)) => news.confirmed += 1,
                (Some(Some(_)), None) => news.unconfirmed_again += 1,
                _ => {}
            }
        }
        news.at_least = after.heights.len() >= COMPARED && news != Self::default();
        // Older ones fall off the end of a long list without being gone.
        if after.heights.len() < COMPARED {
            news.gone = before.heights.keys().filter(|id| !after.heights.contains_key(*id)).count();
        }
        news.net = (before.holds != after.holds).then(|| NetAmount::of(after.holds, before.holds));
        news
    }

    /// "+0.01 BTC, 1 new, 2 confirmed"; nothing if nothing differs.
    pub(crate) fn words(&self) -> Option<String> {
        let counts = [
            (self.arrived, "new"),
            (self.confirmed, "confirmed"),
            (self.unconfirmed_again, "waiting again, as a block was undone"),
            (self.gone, "not listed any more"),
        ];
        let more = if self.at_least { " or more" } else { "" };
        let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count}{more} {what}"));
        let parts: Vec<String> = self.net.iter().map(NetAmount::to_string).chain(counts).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(rows: &[(&str, Option<u32>)], sat: u64) -> ListedTransactions {
        let heights = rows.iter().map(|(id, height)| ((*id).to_owned(), *height)).collect();
        let newest = rows.iter().map(|(id, _)| (*id).to_owned()).collect();
        ListedTransactions { heights, newest, holds: Amount::sat(sat) }
    }

    #[test]
    fn each_kind_of_news_is_counted_once() {
        let before = listed(&[("a", None), ("b", Some(7)), ("c", None), ("d", Some(3))], 500);
        let after = listed(&[("a", Some(8)), ("b", None), ("d", Some(3)), ("e", None), ("f", Some(8))], 1_000_500);
        assert_eq!(
            SyncNews::since(&before, &after).words().as_deref(),
            Some(
                "+0.010 000 00 BTC, 2 new, 1 confirmed, 1 waiting again, as a block was undone, 1 not listed any more"
            )
        );
        assert_eq!(SyncNews::since(&before, &before).words(), None);
    }

    /// One that slides into the end of a long list, because another one is gone, has not arrived.
    #[test]
    fn what_slides_into_a_long_list_is_not_new() {
        let ids: Vec<String> = (0..=COMPARED).map(|number| format!("{number:04}")).collect();
        let rows: Vec<(&str, Option<u32>)> = ids.iter().map(|id| (id.as_str(), Some(7))).collect();
        let before = listed(&rows[..COMPARED], 500);
        let mut after = listed(&rows[1..], 400);
        after.newest = ids[1..NEWEST].iter().cloned().collect();
        assert_eq!(SyncNews::since(&before, &after).arrived, 0);
        // A first sync has nothing before it.
        let first = SyncNews::since(&listed(&[], 0), &after);
        assert_eq!((first.arrived, first.at_least), (COMPARED, true));
        assert!(first.words().is_some_and(|words| words.contains("500 or more new")), "{first:?}");
    }
}
