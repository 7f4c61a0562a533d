//! What can be asked and what can be answered: plain data, with its source.
//!
//! No I/O. A value that only servers vouch for is never handed out without its [`Claim`].

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{BlockHash, ScriptBuf, Transaction, Txid};

use crate::{account::Keychain, amount::FeeRate, explorer::claim::Claim, text::SafeText};

/// A block of the chain an operator follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockRef {
    /// Height, the genesis block being 0.
    pub height: u32,
    /// Its hash.
    pub hash: BlockHash,
    /// The time its header states, in seconds since 1970.
    pub time: u32,
}

/// The newest block an operator knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Height.
    pub height: u32,
    /// Hash.
    pub hash: BlockHash,
}

/// How many learn of a transaction that is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sending {
    /// Several organisations at once, so that one that fails or refuses stops nothing.
    #[default]
    Widely,
    /// One host, an onion service if there is one; the next only if not a byte reached it.
    Privately,
}

/// The height of the newest block by two organisations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heights {
    /// Up to where confirmations are counted: the lower one, for nothing proves a height. Agreed where both are of one moment.
    pub counted: Claim<u32>,
    /// The higher one: what six blocks on a transaction are looked for in, which prove themselves.
    pub highest: u32,
}

/// The block at a height in the longest chain that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockAtHeight {
    /// This block: headers that are linked and worked lead from it to the tip, or six further.
    Block(BlockHash),
    /// Nothing: every chain that was shown ends below.
    Shorter,
    /// A chain that is longer, and its headers were not shown.
    NotShown,
}

/// Where a transaction is, as far as an operator knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TxPlace {
    /// No explorer that answered has it.
    Unknown,
    /// Waiting for a block.
    Mempool,
    /// In a block.
    Confirmed(BlockRef),
}

/// Where a transaction is, and what others say that were asked as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What tells most.
    pub claim: Claim<TxPlace>,
    /// Hosts that say something else.
    pub others: Vec<(SafeText, TxPlace)>,
}

/// A transaction and the block it is said to be in.
///
/// The transaction hashes to the id it was listed under, which covers everything but its witnesses; the place is a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxAt {
    /// The transaction.
    pub tx: Transaction,
    /// Its block, or nothing while it waits.
    pub place: Option<BlockRef>,
}

/// Everything known about one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptHistory {
    /// Which chain of the account.
    pub keychain: Keychain,
    /// Index in it.
    pub index: u32,
    /// Each transaction once, in the order of the operator's list; empty means that it was asked and is unused.
    pub txs: Vec<TxAt>,
    /// The operator shows no more waiting transactions than it listed, so some of them may be missing here.
    pub mempool_capped: bool,
    /// Host of the explorer that said it.
    pub operator: SafeText,
}

/// What is known of a script from earlier: what an unchanged answer would say again.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct KnownHistory {
    /// Its transactions in blocks, with the height of each, oldest first.
    pub confirmed: Vec<(Txid, u32)>,
    /// Those that wait for a block.
    pub waiting: Vec<Txid>,
    /// The blocks of the confirmed ones, by height.
    pub blocks: BTreeMap<u32, BlockHash>,
}

impl KnownHistory {
    /// Whether a list is exactly this: the same in the same blocks, and the same that waits.
    #[must_use]
    pub fn is(&self, txs: &[TxAt]) -> bool {
        let hash = |height: &u32| self.blocks.get(height).copied();
        let in_blocks = txs.iter().filter_map(|seen| Some((seen.tx.compute_txid(), seen.place?)));
        let listed: BTreeSet<_> = in_blocks.map(|(txid, block)| (txid, block.height, Some(block.hash))).collect();
        let known: BTreeSet<_> = self.confirmed.iter().map(|(txid, at)| (*txid, *at, hash(at))).collect();
        let waits = txs.iter().filter(|seen| seen.place.is_none()).map(|seen| seen.tx.compute_txid());
        listed == known && waits.collect::<BTreeSet<Txid>>() == self.waiting.iter().copied().collect()
    }
}

/// Blocks by which two explorers may differ at one moment.
pub const SAME_MOMENT: u32 = 2;

/// What to scan. Scripts only: the caller holds the extended key and derives them.
pub struct ScanPlan<'a> {
    /// The script at an index of a chain; nothing if it cannot be derived, which stops the scan.
    pub derive: &'a dyn Fn(Keychain, u32) -> Option<ScriptBuf>,
    /// Known scripts to ask again, because something about them can have changed.
    pub ask: Vec<(Keychain, u32)>,
    /// What is known of a script, so that "nothing new" can be told from a short answer; nothing to have all of it told.
    pub known: &'a dyn Fn(Keychain, u32) -> Option<KnownHistory>,
    /// First index after the last used one, per chain, in the order of [`Keychain::ALL`].
    pub next: [u32; 2],
    /// How many unused scripts in a row end a chain (BIP-44 recommends 20).
    pub gap: u32,
}

/// How far a scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanProgress {
    /// Scripts answered.
    pub answered: usize,
    /// Scripts that will be asked as far as known now; grows while used ones are found.
    pub planned: usize,
    /// Scripts with a history among those answered.
    pub used: usize,
}

/// A script that a second organisation is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossCheckScript {
    /// Which chain of the account.
    pub keychain: Keychain,
    /// Index in it.
    pub index: u32,
    /// The script.
    pub script: ScriptBuf,
    /// What is known of it.
    pub known: KnownHistory,
    /// The host that said exactly that before, if one did.
    pub agreed_by: Option<String>,
    /// The host that said exactly that just now; nothing if none did.
    pub told_by: Option<SafeText>,
}

/// What a second organisation says of scripts whose history is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// Its host.
    pub operator: SafeText,
    /// The newest block that it knows: it cannot know of later ones.
    pub tip: Tip,
    /// Scripts of which it lists exactly what is known.
    pub agreed: Vec<(Keychain, u32)>,
    /// Scripts of which it lists something else.
    pub differing: Vec<ScriptHistory>,
    /// How many were not put to it, because it allows only so many questions.
    pub unasked: usize,
}

/// A fee rate by the median of several sources, within bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeAdvice {
    /// The median, of two the lower one, within [`FeeAdvice::BOUNDS`]; nothing where no explorer has an estimate.
    pub rate: Option<FeeRate>,
    /// Every source with what it said, lowest first.
    pub said: Vec<(SafeText, FeeRate)>,
}

impl FeeAdvice {
    /// What an estimate may be: 0.1 satoshi per virtual byte, the least that Bitcoin Core relays since version 30, to 500.
    pub const BOUNDS: [FeeRate; 2] = [FeeRate { sat_per_kvb: 100 }, FeeRate { sat_per_kvb: 500_000 }];
    /// Sources that are so many times apart do not agree.
    const SPREAD: u64 = 3;

    /// The median of what was said.
    #[must_use]
    pub fn of(mut said: Vec<(SafeText, FeeRate)>) -> Self {
        said.sort_by(|one, other| (one.1, &one.0).cmp(&(other.1, &other.0)));
        let [least, most] = Self::BOUNDS;
        let median = said.len().checked_sub(1).and_then(|last| said.get(last / 2));
        Self { rate: median.map(|(_, rate)| (*rate).clamp(least, most)), said }
    }

    /// Whether the sources are so far apart that a person should know.
    #[must_use]
    pub fn is_disputed(&self) -> bool {
        let rate = |of: Option<&(SafeText, FeeRate)>| of.map_or(0, |(_, rate)| rate.sat_per_kvb);
        rate(self.said.last()) > rate(self.said.first()).saturating_mul(Self::SPREAD)
    }
}

/// Part of what waits for a block: the transactions between the lowest rate of this part and that of the part above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeBand {
    /// The lowest rate in it.
    pub lowest: FeeRate,
    /// Virtual bytes in it.
    pub vsize: u64,
}

/// The result of a complete scan: every script that had to be asked was answered. Omission cannot be ruled out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanAnswer {
    /// Every script asked whose history was told, once, in order of chain and index.
    pub scripts: Vec<ScriptHistory>,
    /// Every other script asked, with the host that said so: exactly what is known of it is still so.
    pub unchanged: Vec<(Keychain, u32, SafeText)>,
    /// First index after the last used one, per chain.
    pub next: [u32; 2],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_price_decides_alone() {
        let said = |rates: &[u64]| {
            let named = rates.iter().zip(["a.example", "b.example", "c.example"]);
            FeeAdvice::of(named.map(|(rate, host)| (SafeText::new(host), FeeRate::from_sat_per_vb(*rate))).collect())
        };
        let rate = |rates: &[u64]| said(rates).rate.map(|rate| rate.sat_per_kvb / 1000);
        assert_eq!((rate(&[]), rate(&[7])), (None, Some(7)));
        assert_eq!(rate(&[9_000, 4]), Some(4), "one dear source of two raises nothing");
        assert_eq!(rate(&[9_000, 4, 5]), Some(5));
        assert_eq!(rate(&[9_000, 8_000, 5]), Some(500), "and never above the bound");
        assert_eq!(said(&[0]).rate, Some(FeeAdvice::BOUNDS[0]));
        assert!(said(&[4, 13]).is_disputed() && !said(&[4, 12]).is_disputed() && !said(&[]).is_disputed());
    }

    #[test]
    fn two_hosts_of_one_organisation_are_not_agreement() {
        let [a, www, b] = ["api.a.example", "www.a.example", "b.example"].map(SafeText::new);
        for same in [&a, &www] {
            let claim = Claim::said_by(7, vec![a.clone(), same.clone()]);
            assert!(matches!(claim, Claim::Single { value: 7, .. }), "{claim:?}");
        }
        assert_eq!(Claim::said_by(7, vec![b.clone(), a.clone()]), Claim::Agreed { value: 7, operators: vec![a, b] });
    }
}
