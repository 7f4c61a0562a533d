//! Lists that are read for hints only: which scripts a transaction is said to touch, and where it is said to be.
//!
//! Nothing of it is hashed, so nothing of it is more than a reason to ask.

use bitcoin::{BlockHash, ScriptBuf, Txid};
use serde::Deserialize;

use super::json::{StatusJson, TxPage, parse};
use crate::explorer::Cause;

/// A transaction of a list that is read for hints only: nothing of it was hashed.
#[derive(Debug)]
pub(crate) struct Hinted {
    pub(crate) txid: Txid,
    /// Height of the block that it is said to be in.
    pub(crate) height: Option<u32>,
    /// Its hash.
    pub(crate) block: Option<BlockHash>,
    /// Scripts that it is said to pay and to spend from.
    pub(crate) scripts: Vec<ScriptBuf>,
}

#[derive(Deserialize)]
struct HintedJson {
    txid: Txid,
    vin: Vec<SpentJson>,
    vout: Vec<ScriptOnlyJson>,
    status: StatusJson,
}

#[derive(Deserialize)]
struct SpentJson {
    prevout: Option<ScriptOnlyJson>,
}

#[derive(Deserialize)]
struct ScriptOnlyJson {
    #[serde(default)]
    scriptpubkey: String,
}

impl Hinted {
    /// About how much memory it takes, in bytes.
    pub(crate) fn memory(&self) -> usize {
        128 + self.scripts.iter().map(|script| 64 + script.len()).sum::<usize>()
    }
}

/// A page of a common list, read for its hints.
pub(crate) fn hinted_page(body: &[u8]) -> Result<Vec<Hinted>, Cause> {
    let script = |json: &ScriptOnlyJson| ScriptBuf::from_hex(&json.scriptpubkey).ok();
    let read = |tx: HintedJson| {
        let spent = tx.vin.iter().filter_map(|input| input.prevout.as_ref());
        Hinted {
            txid: tx.txid,
            height: tx.status.block_height.filter(|_| tx.status.confirmed),
            block: tx.status.block_hash.filter(|_| tx.status.confirmed),
            scripts: spent.chain(&tx.vout).filter_map(script).collect(),
        }
    };
    Ok(parse::<TxPage<HintedJson>>(body)?.0.into_iter().map(read).collect())
}
