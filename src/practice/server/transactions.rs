//! Answers about single transactions, and the two ways to hand one in.
//!
//! Judges nothing: the chain accepts or refuses, and its words are passed on.

use std::collections::BTreeMap;

use bitcoin::{MerkleBlock, OutPoint, Transaction, Txid, consensus::encode, hex::FromHex as _};
use serde::Serialize;
use serde_json::Number;

use super::{
    json::{ServedStatus, SpendJson, TransactionJson},
    reply::{Keep, ServerAnswer, ServerReply, bad_request, hash, no_endpoint, not_found, number},
};
use crate::practice::{
    chain::PracticeChain,
    query::FoundTx,
    reject::{Reject, money},
};

/// Most transactions in a package.
const PACKAGE: usize = 25;

#[derive(Serialize)]
struct MerkleProofJson {
    block_height: u32,
    merkle: Vec<String>,
    pos: usize,
}

/// Core's answer to `submitpackage`.
#[derive(Serialize)]
struct PackageJson {
    package_msg: &'static str,
    #[serde(rename = "tx-results")]
    results: BTreeMap<String, PackageMemberJson>,
    #[serde(rename = "replaced-transactions")]
    replaced: Vec<Txid>,
}

#[derive(Serialize)]
struct PackageMemberJson {
    txid: Txid,
    #[serde(skip_serializing_if = "Option::is_none")]
    vsize: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fees: Option<PackageFeesJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct PackageFeesJson {
    /// Bitcoin, as Core prints amounts.
    base: Option<Number>,
}

pub(super) fn one(chain: &PracticeChain, txid: &str, rest: &[&str]) -> ServerAnswer {
    let txid: Txid = hash(txid)?;
    match rest {
        [] => Ok(ServerReply::json(&TransactionJson::new(chain, &known(chain, &txid)?), Keep::Short)),
        ["raw"] => Ok(ServerReply::bytes(encode::serialize(known(chain, &txid)?.transaction.as_ref()), Keep::Short)),
        ["hex"] => Ok(ServerReply::text(encode::serialize_hex(known(chain, &txid)?.transaction.as_ref()), Keep::Short)),
        ["status"] => Ok(ServerReply::json(&ServedStatus::of(chain, &txid), Keep::Short)),
        ["merkle-proof"] => merkle_proof(chain, &txid),
        ["merkleblock-proof"] => merkle_block(chain, &txid),
        ["outspend", vout] => {
            let spender = chain.spender(&OutPoint { txid, vout: number(vout)? });
            Ok(ServerReply::json(&SpendJson::new(chain, spender), Keep::Short))
        }
        ["outspends"] => {
            let outputs = (0u32..).zip(&known(chain, &txid)?.transaction.output);
            let spends: Vec<SpendJson> =
                outputs.map(|(vout, _)| SpendJson::new(chain, chain.spender(&OutPoint { txid, vout }))).collect();
            Ok(ServerReply::json(&spends, Keep::Short))
        }
        _ => Err(no_endpoint(&format!("/tx/{txid}/{}", rest.join("/")))),
    }
}

/// Also what only a block had that was reorganised away, as Esplora servers have it.
fn known<'a>(chain: &'a PracticeChain, txid: &Txid) -> Result<FoundTx<'a>, ServerReply> {
    chain.find_ever(txid).ok_or_else(|| not_found("Transaction not found"))
}

fn place(chain: &PracticeChain, txid: &Txid) -> Result<(u32, usize), ServerReply> {
    let found = chain.find(txid).and_then(|found| found.place);
    found.ok_or_else(|| not_found("Transaction not found or is unconfirmed"))
}

fn merkle_proof(chain: &PracticeChain, txid: &Txid) -> ServerAnswer {
    let (block_height, pos) = place(chain, txid)?;
    let branch = chain.link_at(block_height).map(|link| link.tree.branch(pos)).unwrap_or_default();
    let merkle = branch.iter().map(ToString::to_string).collect();
    Ok(ServerReply::json(&MerkleProofJson { block_height, merkle, pos }, Keep::Short))
}

fn merkle_block(chain: &PracticeChain, txid: &Txid) -> ServerAnswer {
    let (height, _) = place(chain, txid)?;
    let link = chain.link_at(height).ok_or_else(|| not_found("Block not found"))?;
    let proof = MerkleBlock::from_header_txids_with_predicate(&link.header, &link.txids, |other| other == txid);
    Ok(ServerReply::text(encode::serialize_hex(&proof), Keep::Short))
}

pub(super) fn broadcast(chain: &mut PracticeChain, body: &[u8]) -> ServerAnswer {
    let refused = |reject: Reject| bad_request(format!("sendrawtransaction {}", reject.rpc_text()));
    let text = std::str::from_utf8(body).map_err(|_| bad_request("Invalid hex string"))?;
    let transaction = decode(text).ok_or_else(|| refused(Reject::not_decoded()))?;
    let txid = chain.submit(transaction).map_err(refused)?;
    Ok(ServerReply::text(txid.to_string(), Keep::Unsaid))
}

fn decode(text: &str) -> Option<Transaction> {
    encode::deserialize(&Vec::from_hex(text.trim()).ok()?).ok()
}

/// Members are handed in one after the other, so each must pay its own way.
pub(super) fn broadcast_package(chain: &mut PracticeChain, body: &[u8]) -> ServerAnswer {
    let texts: Vec<String> = serde_json::from_slice(body).map_err(|_| bad_request("Invalid JSON"))?;
    if texts.len() > PACKAGE {
        return Err(bad_request(format!("Exceeded maximum of {PACKAGE} transactions")));
    }
    let mut members = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let member = decode(text).ok_or_else(|| bad_request(format!("Invalid transaction hex for item {index}")))?;
        members.push(member);
    }
    let mut package = PackageJson { package_msg: "success", results: BTreeMap::new(), replaced: Vec::new() };
    for member in members {
        let wtxid = member.compute_wtxid().to_string();
        let result = submit_member(chain, member, &mut package.replaced);
        if result.error.is_some() {
            package.package_msg = "transaction failed";
        }
        package.results.insert(wtxid, result);
    }
    Ok(ServerReply::json(&package, Keep::Short))
}

fn submit_member(chain: &mut PracticeChain, member: Transaction, replaced: &mut Vec<Txid>) -> PackageMemberJson {
    let txid = member.compute_txid();
    replaced.extend(chain.check(&member).map(|accepted| accepted.replaces).unwrap_or_default());
    let error = chain.submit(member).err().map(|reject| reject.to_string());
    let entry = chain.mempool.get(&txid);
    PackageMemberJson {
        txid,
        vsize: entry.map(|entry| entry.vsize),
        fees: entry.map(|entry| PackageFeesJson { base: money(entry.fee).parse().ok() }),
        error,
    }
}
