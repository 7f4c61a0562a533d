//! What proves a confirmation, from an Esplora server: the newest blocks, headers, branches, and the ids of a block.
//!
//! Headers hash to the ids they are listed under; branches are judged in proofs.rs.

use bitcoin::{
    BlockHash, CompactTarget, TxMerkleNode, Txid,
    block::{Header, Version},
};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;

use super::{Esplora, json};
use crate::{
    chain::bitcoin::{
        spv::{self, MerkleBranch},
        work,
    },
    explorer::{
        Cause,
        bitcoin::Tip,
        online::{bitcoin::questions::HEADERS, transport::limits},
    },
};

/// No block will have a greater height in the next 40,000 years.
const HIGHEST: u32 = 1 << 31;
/// Most headers any known server puts into one answer (mempool's own interface gives 15).
const MOST_HEADERS: usize = 64;

#[derive(Deserialize)]
struct BranchJson {
    block_height: u32,
    merkle: Vec<TxMerkleNode>,
    pos: u32,
}

#[derive(Deserialize)]
struct HeaderJson {
    id: BlockHash,
    height: u32,
    version: i64,
    timestamp: u32,
    merkle_root: TxMerkleNode,
    previousblockhash: Option<BlockHash>,
    nonce: u32,
    bits: u32,
}

impl HeaderJson {
    /// The header itself, which has to hash to the id it was listed under.
    fn read(&self) -> Result<Header, Cause> {
        let version = i32::try_from(self.version).or_else(|_| u32::try_from(self.version).map(u32::cast_signed));
        let header = Header {
            version: Version::from_consensus(version.map_err(|_| Cause::Malformed)?),
            prev_blockhash: self.previousblockhash.unwrap_or(bitcoin::hashes::Hash::all_zeros()),
            merkle_root: self.merkle_root,
            time: self.timestamp,
            bits: CompactTarget::from_consensus(self.bits),
            nonce: self.nonce,
        };
        if header.block_hash() == self.id { Ok(header) } else { Err(Cause::Lied) }
    }
}

impl Esplora<'_> {
    /// The branches of transactions that are in blocks; nothing for one that this host has in none.
    pub(crate) async fn branches(&self, wanted: &[(Txid, u32)]) -> Result<Vec<Option<MerkleBranch>>, Cause> {
        let one = async |&(txid, _): &(Txid, u32)| self.branch(txid).await;
        stream::iter(wanted).map(one).buffered(limits::IN_FLIGHT).try_collect().await
    }

    async fn branch(&self, txid: Txid) -> Result<Option<MerkleBranch>, Cause> {
        let Some(body) = self.get(&format!("/tx/{txid}/merkle-proof"), limits::SMALL_BYTES).await? else {
            return Ok(None);
        };
        let BranchJson { block_height, merkle, pos } = json::parse(&body)?;
        Ok(Some(MerkleBranch { height: block_height, siblings: merkle, position: pos }))
    }

    /// Successive headers from each of these heights on, as many as one answer brings and the chain has.
    pub(crate) async fn header_runs(&self, firsts: &[u32], tip: u32) -> Result<Vec<Vec<Header>>, Cause> {
        let one = async |&first: &u32| self.headers(first, tip).await;
        stream::iter(firsts).map(one).buffered(limits::IN_FLIGHT).try_collect().await
    }

    async fn headers(&self, first: u32, tip: u32) -> Result<Vec<Header>, Cause> {
        let last = first.saturating_add(HEADERS - 1).min(tip);
        let body = self.get(&format!("/blocks/{last}"), limits::SMALL_BYTES).await?.ok_or(Cause::Unsupported)?;
        let (lowest, headers) = header_list(&body)?;
        let skipped = first.checked_sub(lowest).ok_or(Cause::Malformed)?;
        Ok(headers.into_iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX)).collect())
    }

    /// The newest block, and the headers before it that come with the same answer.
    pub(crate) async fn top(&self) -> Result<(Tip, Vec<Header>), Cause> {
        let listed = match self.get("/blocks", limits::SMALL_BYTES).await? {
            Some(body) => header_list(&body),
            None => Err(Cause::Unsupported),
        };
        let (first, headers) = match listed {
            Ok(listed) => listed,
            Err(Cause::Malformed | Cause::Unsupported) => return self.top_alone().await,
            Err(cause) => return Err(cause),
        };
        spv::check_headers(self.network, first, &headers).map_err(|_| Cause::Lied)?;
        let (height, newest) = (first..).zip(&headers).last().ok_or(Cause::Malformed)?;
        // A chain that ends below a block we know of is behind, or another one.
        if height < work::least_height(self.network) {
            return Err(Cause::Busy);
        }
        Ok((Tip { height, hash: newest.block_hash() }, headers))
    }

    /// The newest block of a host without a list of blocks: its header has to hash to it, and to show the work.
    async fn top_alone(&self) -> Result<(Tip, Vec<Header>), Cause> {
        let tip = self.tip().await?;
        let path = format!("/block/{}/header", tip.hash);
        let body = self.get(&path, limits::SCALAR_BYTES).await?.ok_or(Cause::Unsupported)?;
        let text = std::str::from_utf8(&body).map_err(|_| Cause::Malformed)?;
        let header = json::header(text.trim())?;
        spv::check_headers(self.network, tip.height, &[header]).map_err(|_| Cause::Lied)?;
        if header.block_hash() == tip.hash { Ok((tip, vec![header])) } else { Err(Cause::Lied) }
    }

    /// The ids of all transactions of a block, in order.
    pub(crate) async fn block_txids(&self, block: BlockHash) -> Result<Option<Vec<Txid>>, Cause> {
        let path = format!("/block/{block}/txids");
        self.get(&path, limits::TXIDS_BYTES).await?.map(|body| json::parse(&body)).transpose()
    }
}

/// A list of blocks as successive headers, lowest first, with the height of the first.
fn header_list(body: &[u8]) -> Result<(u32, Vec<Header>), Cause> {
    let mut listed: Vec<HeaderJson> = json::parse(body)?;
    if listed.len() > MOST_HEADERS {
        return Err(Cause::TooLarge);
    }
    listed.sort_by_key(|header| header.height);
    let first = listed.first().ok_or(Cause::Malformed)?.height;
    // No chain is so high, and counting on from there must not overflow.
    if listed.iter().any(|header| header.height > HIGHEST) {
        return Err(Cause::Malformed);
    }
    if listed.iter().zip(first..).any(|(header, height)| header.height != height) {
        return Err(Cause::Malformed);
    }
    Ok((first, listed.iter().map(HeaderJson::read).collect::<Result<_, _>>()?))
}
