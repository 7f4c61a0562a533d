//! The practice endpoints, which no real server has: mine, pay from the faucet, reorganise, throw out.
//!
//! For `fastness practice` in another process on this computer; amounts and addresses are checked by the chain.

use std::fmt::Display;

use bitcoin::{Address, BlockHash, Network, ScriptBuf, Txid, address::NetworkUnchecked};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::reply::{Keep, ServerAnswer, ServerReply, bad_request, no_endpoint};
use crate::practice::chain::PracticeChain;

/// Most blocks in one request, so that no client waits long for the chain.
const BLOCKS: u32 = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mine {
    blocks: u32,
    address: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faucet {
    address: String,
    sat: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reorg {
    depth: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Evict {
    txid: Txid,
}

/// What every practice request answers: where the chain stands, and what the request did.
#[derive(Serialize)]
struct StateJson {
    height: u32,
    hash: BlockHash,
    waiting: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocks: Option<Vec<BlockHash>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<Txid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evicted: Option<Vec<Txid>>,
}

pub(super) fn state(chain: &PracticeChain) -> ServerAnswer {
    Ok(ServerReply::json(&StateJson::of(chain), Keep::Unsaid))
}

pub(super) fn act(chain: &mut PracticeChain, verb: &str, body: &[u8]) -> ServerAnswer {
    let (mut blocks, mut txid, mut evicted) = (None, None, None);
    match verb {
        "mine" => {
            let request: Mine = read(body)?;
            if request.blocks > BLOCKS {
                return Err(bad_request(format!("at most {BLOCKS} blocks at once")));
            }
            let payout = request.address.as_deref().map(script).transpose()?;
            blocks = Some(chain.mine(request.blocks, payout).map_err(failed)?);
        }
        "faucet" => {
            let request: Faucet = read(body)?;
            txid = Some(chain.faucet(script(&request.address)?, request.sat).map_err(failed)?);
        }
        "reorg" => blocks = Some(chain.reorg(read::<Reorg>(body)?.depth).map_err(failed)?),
        "evict" => evicted = Some(chain.evict(&read::<Evict>(body)?.txid).map_err(failed)?),
        _ => return Err(no_endpoint(&format!("/practice/{verb}"))),
    }
    Ok(ServerReply::json(&StateJson { blocks, txid, evicted, ..StateJson::of(chain) }, Keep::Unsaid))
}

impl StateJson {
    fn of(chain: &PracticeChain) -> Self {
        let (height, hash) = chain.tip();
        Self { height, hash, waiting: chain.mempool.len(), blocks: None, txid: None, evicted: None }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ServerReply> {
    serde_json::from_slice(body).map_err(|error| bad_request(format!("Invalid JSON: {error}")))
}

fn script(text: &str) -> Result<ScriptBuf, ServerReply> {
    let address: Address<NetworkUnchecked> = text.parse().map_err(|_| bad_request("Invalid Bitcoin address"))?;
    let address = address.require_network(Network::Regtest).map_err(|_| bad_request("Address on invalid network"))?;
    Ok(address.script_pubkey())
}

fn failed(error: impl Display) -> ServerReply {
    bad_request(error.to_string())
}
