//! Answers about blocks: `/blocks`, `/block-height`, `/block`.
//!
//! Only reads the chain.

use bitcoin::{BlockHash, consensus::encode};
use serde::Serialize;

use super::{
    json::{BlockJson, TransactionJson},
    reply::{Keep, ServerAnswer, ServerReply, bad_request, hash, no_endpoint, not_found, number},
};
use crate::practice::chain::{Link, PracticeChain};

/// Blocks in one page.
const BLOCKS: usize = 10;
/// Transactions in one page.
pub(super) const TRANSACTIONS: usize = 25;

/// What `/block/:hash/status` says.
#[derive(Serialize)]
struct BlockStatusJson {
    in_best_chain: bool,
    height: Option<u32>,
    next_best: Option<BlockHash>,
}

pub(super) fn list(chain: &PracticeChain, rest: &[&str]) -> ServerAnswer {
    let (tip, tip_hash) = chain.tip();
    match rest {
        ["tip", "height"] => Ok(ServerReply::text(tip.to_string(), Keep::Short)),
        ["tip", "hash"] => Ok(ServerReply::text(tip_hash.to_string(), Keep::Short)),
        [] => page(chain, tip),
        // What is not a number counts as absent, as Esplora has it.
        [start] => page(chain, start.parse().unwrap_or(tip)),
        _ => Err(no_endpoint(&format!("/blocks/{}", rest.join("/")))),
    }
}

fn page(chain: &PracticeChain, start: u32) -> ServerAnswer {
    chain.link_at(start).ok_or_else(|| not_found("Block not found"))?;
    let heights = (0..=start).rev().take(BLOCKS);
    let blocks: Vec<BlockJson> =
        heights.filter_map(|height| Some(BlockJson::new(height, chain.link_at(height)?))).collect();
    Ok(ServerReply::json(&blocks, Keep::Short))
}

pub(super) fn hash_at(chain: &PracticeChain, height: &str) -> ServerAnswer {
    let link = chain.link_at(number(height)?).ok_or_else(|| not_found("Block not found"))?;
    Ok(ServerReply::text(link.hash.to_string(), Keep::Short))
}

pub(super) fn one(chain: &PracticeChain, block: &str, rest: &[&str]) -> ServerAnswer {
    let block: BlockHash = hash(block)?;
    if rest == ["status"] {
        return Ok(status(chain, &block));
    }
    let (height, link) = chain.link_of(&block).ok_or_else(|| not_found("Block not found"))?;
    match rest {
        [] => Ok(ServerReply::json(&BlockJson::new(height, link), Keep::Long)),
        ["header"] => Ok(ServerReply::text(encode::serialize_hex(&link.header), Keep::Long)),
        ["raw"] => {
            let bytes = chain.block(height).map(|block| encode::serialize(&block)).unwrap_or_default();
            Ok(ServerReply::bytes(bytes, Keep::Long))
        }
        ["txids"] => Ok(ServerReply::json(&link.txids, Keep::Long)),
        ["txid", index] => {
            let txid = link.txids.get(number::<usize>(index)?).ok_or_else(|| not_found("tx index out of range"))?;
            Ok(ServerReply::text(txid.to_string(), Keep::Long))
        }
        ["txs"] => transactions(chain, link, 0),
        ["txs", start] => transactions(chain, link, start.parse().unwrap_or(0)),
        _ => Err(no_endpoint(&format!("/block/{block}/{}", rest.join("/")))),
    }
}

fn status(chain: &PracticeChain, block: &BlockHash) -> ServerReply {
    let height = chain.link_of(block).map(|(height, _)| height);
    let next = height.and_then(|height| chain.link_at(height + 1));
    let status = BlockStatusJson { in_best_chain: height.is_some(), height, next_best: next.map(|link| link.hash) };
    ServerReply::json(&status, Keep::Short)
}

fn transactions(chain: &PracticeChain, link: &Link, start: usize) -> ServerAnswer {
    if !start.is_multiple_of(TRANSACTIONS) {
        return Err(bad_request(format!("start index must be a multiple of {TRANSACTIONS}")));
    }
    if start >= link.txids.len() {
        return Err(bad_request("start index out of range"));
    }
    let found = link.txids.iter().skip(start).take(TRANSACTIONS).filter_map(|txid| chain.find(txid));
    let page: Vec<TransactionJson> = found.map(|found| TransactionJson::new(chain, &found)).collect();
    Ok(ServerReply::json(&page, Keep::Short))
}
