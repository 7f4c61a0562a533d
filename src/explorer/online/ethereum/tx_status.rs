//! Where a transaction is, as several operators say: in a block that two of them have, in a pool, or nowhere.
//!
//! One operator's receipt is not enough where others that know that block deny it. The lowest depth of those that agree
//! counts.

use alloy_primitives::{Address, B256, U256};
use serde_json::json;

use super::{
    EvmExplorer,
    jsonrpc::{Rpc, member, parsed, small},
    quorum::{Heard, disagreement, most, names},
};
use crate::explorer::{
    Cause, ExplorerError, Subject,
    ethereum::{Disagreement, EvmReceipt, EvmWhereabouts, Matter, Sourced, Succeeded},
    online::transport::endpoint::Endpoint,
};

/// Transactions of a block that are looked through: no chain puts more into one.
const MAX_TRANSACTIONS: usize = 100_000;

/// What one host knows, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sighting {
    place: EvmWhereabouts,
    tip: u64,
}

/// What has to be alike for two receipts to be the same.
type ReceiptKey = (B256, Succeeded, U256, Option<Address>);

impl EvmExplorer {
    /// Where a transaction is. Absent only if every node that answered has not got it; in a block only if no node that
    /// knows that block denies it, or two have it.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn whereabouts(&self, hash: B256, from: Address) -> Result<Sourced<EvmWhereabouts>, ExplorerError> {
        self.pool.wait(async {
            let heard = self.hear(1, async |node: Rpc<'_>| sighting(node, hash, from).await).await;
            let Heard { said, failures, disagreements } = heard;
            if said.is_empty() {
                return Err(self.pool.error_of(failures));
            }
            let mut found = self.combined(&said, hash).await;
            found.disagreements.extend(disagreements);
            Ok(found)
        })
    }

    async fn combined(&self, said: &[(&Endpoint, Sighting)], hash: B256) -> Sourced<EvmWhereabouts> {
        let mined = said.iter().filter_map(|(host, sighting)| Some((*host, receipt_of(sighting)?)));
        let Some(receipt_key) = most(mined.clone().map(|(_, receipt)| receipt_key(receipt))) else {
            return not_mined(said);
        };
        let (alike, others): (Vec<_>, Vec<_>) = said.iter().partition(|(_, sighting)| {
            receipt_of(sighting).is_some_and(|receipt| self::receipt_key(receipt) == receipt_key)
        });
        let mut hosts: Vec<&Endpoint> = alike.iter().map(|(host, _)| *host).collect();
        let Some(receipt) = alike.iter().filter_map(|(_, sighting)| receipt_of(sighting)).cloned().reduce(shallower)
        else {
            return not_mined(said);
        };
        let mut disagreements: Vec<Disagreement> = Vec::new();
        for (host, sighting) in &others {
            let knows = sighting.tip >= receipt.block;
            if knows && self.includes(host, &receipt, hash).await {
                hosts.push(host);
            } else if knows {
                disagreements.push(disagreement(host, Matter::Place, &words(&sighting.place)));
            }
        }
        if hosts.len() == 1 && !disagreements.is_empty() {
            // One against others: it is somewhere, but that it is in a block cannot be said.
            let alone = hosts
                .iter()
                .map(|host| disagreement(host, Matter::Place, &words(&EvmWhereabouts::Mined(receipt.clone()))));
            disagreements.extend(alone.collect::<Vec<_>>());
            return Sourced::said(EvmWhereabouts::Pending, names(&hosts), disagreements);
        }
        Sourced::said(EvmWhereabouts::Mined(receipt), names(&hosts), disagreements)
    }

    /// Whether the block of a receipt is in this host's chain with the transaction in it: hosts forget receipts before
    /// they forget blocks.
    async fn includes(&self, host: &Endpoint, receipt: &EvmReceipt, hash: B256) -> bool {
        let answers = self
            .gather(&[host], async |node: Rpc<'_>| {
                let at = format!("{:#x}", receipt.block);
                let block = node.answer("eth_getBlockByNumber", json!([at, false])).await?;
                let same = parsed::<B256>(member(&block, "hash"))? == receipt.block_hash;
                let hashes = member(&block, "transactions").as_array().ok_or(Cause::Malformed)?;
                Ok(same && hashes.iter().take(MAX_TRANSACTIONS).any(|one| parsed::<B256>(one) == Ok(hash)))
            })
            .await;
        answers.into_iter().any(|(_, answer)| answer == Ok(true))
    }
}

/// What one host knows of a transaction.
async fn sighting(node: Rpc<'_>, hash: B256, from: Address) -> Result<Sighting, Cause> {
    let about = Subject::Transaction(format!("{hash:x}"));
    let place = node.about(&about).whereabouts(hash, from).await?;
    let tip = match &place {
        EvmWhereabouts::Mined(receipt) => receipt.tip,
        _ => small(&node.neutral().answer("eth_blockNumber", json!([])).await?)?,
    };
    Ok(Sighting { place, tip })
}

const fn receipt_of(sighting: &Sighting) -> Option<&EvmReceipt> {
    match &sighting.place {
        EvmWhereabouts::Mined(receipt) => Some(receipt),
        _ => None,
    }
}

const fn receipt_key(receipt: &EvmReceipt) -> ReceiptKey {
    (receipt.block_hash, receipt.succeeded, receipt.fee, receipt.created)
}

/// Of two that agree about the block, the lesser depth.
fn shallower(one: EvmReceipt, other: EvmReceipt) -> EvmReceipt {
    EvmReceipt {
        tip: one.tip.min(other.tip),
        safe: one.safe.zip(other.safe).map(|(one, other)| one.min(other)),
        finalized: one.finalized.zip(other.finalized).map(|(one, other)| one.min(other)),
        ..one
    }
}

/// In a pool if a node has it; else nowhere, and the nonce is what two reach, so that one alone cannot say that another
/// transaction took its place.
fn not_mined(said: &[(&Endpoint, Sighting)]) -> Sourced<EvmWhereabouts> {
    let (pending, absent): (Vec<_>, Vec<_>) = said.iter().partition(|(_, s)| s.place == EvmWhereabouts::Pending);
    if !pending.is_empty() {
        let hosts: Vec<&Endpoint> = pending.iter().map(|(host, _)| *host).collect();
        return Sourced::said(EvmWhereabouts::Pending, names(&hosts), Vec::new());
    }
    let mut nonces: Vec<u64> = absent
        .iter()
        .filter_map(|(_, sighting)| match sighting.place {
            EvmWhereabouts::Absent { nonce } => Some(nonce),
            _ => None,
        })
        .collect();
    nonces.sort_unstable_by(|a, b| b.cmp(a));
    let nonce = nonces.get(1).or(nonces.first()).copied().unwrap_or(0);
    let differs = |sighting: &Sighting| sighting.place != EvmWhereabouts::Absent { nonce };
    let others = absent.iter().filter(|(_, sighting)| differs(sighting));
    let disagreements = others.map(|(host, sighting)| disagreement(host, Matter::Nonce, &words(&sighting.place)));
    let hosts: Vec<&Endpoint> = absent.iter().map(|(host, _)| *host).collect();
    Sourced::said(EvmWhereabouts::Absent { nonce }, names(&hosts), disagreements.collect())
}

fn words(place: &EvmWhereabouts) -> String {
    match place {
        EvmWhereabouts::Mined(receipt) => format!("it is in block {} ({})", receipt.block, receipt.block_hash),
        EvmWhereabouts::Pending => "it waits in a pool".to_owned(),
        EvmWhereabouts::Absent { nonce } => format!("it is not there, and nonce {nonce} is next"),
    }
}
