//! A stand-in for Bitcoin Core 31: a chain of real regtest blocks behind its RPC, with lies on request.

use std::sync::Arc;

use bitcoin::{
    Block, BlockHash, ScriptBuf, Transaction,
    block::{Header, Version},
    consensus::encode::serialize_hex,
    constants::genesis_block,
};
use serde_json::{Value, json};

use crate::explorer::online::bitcoin::fake::{Act, Server};

/// Blocks with real regtest work; the first is block 0.
pub(super) struct NodeChain(pub(super) Vec<Block>);

impl NodeChain {
    /// Block 0 and one more for each list of transactions.
    pub(super) fn new(blocks: Vec<Vec<Transaction>>) -> Self {
        let mut chain = vec![genesis_block(bitcoin::Network::Regtest)];
        for (number, txs) in (1u32..).zip(blocks) {
            let before = chain[chain.len() - 1].header;
            let mut coinbase = chain[0].txdata[0].clone();
            coinbase.input[0].script_sig = ScriptBuf::from_bytes(number.to_le_bytes().to_vec());
            let txdata = [vec![coinbase], txs].concat();
            let header = Header {
                version: Version::TWO,
                prev_blockhash: before.block_hash(),
                time: before.time + 600,
                ..before
            };
            chain.push(worked(Block { header, txdata }));
        }
        Self(chain)
    }

    pub(super) fn block(&self, hash: &Value) -> Option<(usize, &Block)> {
        self.0.iter().enumerate().find(|(_, block)| json!(block.block_hash()) == *hash)
    }

    pub(super) fn touching(&self, descriptors: &Value, first: usize) -> Vec<BlockHash> {
        let asked = descriptors.to_string();
        let pays = |block: &&Block| {
            let mut scripts =
                block.txdata.iter().flat_map(|tx| &tx.output).map(|output| output.script_pubkey.to_hex_string());
            scripts.any(|script| asked.contains(&format!("raw({script})#")))
        };
        self.0.iter().skip(first).filter(pays).map(Block::block_hash).collect()
    }

    pub(super) fn answer(
        &self,
        method: &str,
        params: &Value,
        waiting: &[Transaction],
    ) -> Result<Value, (i64, &'static str)> {
        let tip = self.0.len() - 1;
        let at =
            |height: &Value| self.0.get(usize::try_from(height.as_u64().unwrap_or(u64::MAX)).unwrap_or(usize::MAX));
        let gone = (-5, "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.");
        Ok(match method {
            "getblockchaininfo" => {
                json!({"blocks": tip, "headers": tip, "bestblockhash": self.0[tip].block_hash(), "chain": "regtest"})
            }
            "getblockhash" => json!(at(&params[0]).ok_or((-8, "Block height out of range"))?.block_hash()),
            "getblockheader" => {
                let (height, block) = self.block(&params[0]).ok_or((-5, "Block not found"))?;
                match params[1].as_bool() {
                    Some(false) => json!(serialize_hex(&block.header)),
                    _ => json!({"height": height, "time": block.header.time, "confirmations": tip + 1 - height}),
                }
            }
            "getblock" => json!(serialize_hex(self.block(&params[0]).ok_or((-5, "Block not found"))?.1)),
            "getindexinfo" => json!({"basic block filter index": {"synced": true, "best_block_height": tip}}),
            "scanblocks" => json!({
                "from_height": params[2], "to_height": params[3], "completed": true,
                "relevant_blocks": self.touching(&params[1], usize::try_from(params[2].as_u64().unwrap_or(0)).unwrap_or(0)),
            }),
            "getrawmempool" => json!(waiting.iter().map(Transaction::compute_txid).collect::<Vec<_>>()),
            "getrawtransaction" => {
                let is_it = |tx: &&Transaction| json!(tx.compute_txid()) == params[0];
                let found =
                    self.0.iter().find_map(|block| Some((block.txdata.iter().find(is_it)?, Some(block.block_hash()))));
                let (tx, block) = found.or_else(|| Some((waiting.iter().find(is_it)?, None))).ok_or(gone)?;
                if params[1] == 0 {
                    json!(serialize_hex(tx))
                } else {
                    json!({"hex": serialize_hex(tx), "blockhash": block})
                }
            }
            "gettxspendingprevout" => json!([params[0][0]]),
            "gettxout" => Value::Null,
            "estimatesmartfee" if params[0] == 2 => json!({"feerate": 0.000_1, "blocks": 2}),
            "estimatesmartfee" => json!({"errors": ["Insufficient data or no feerate found"], "blocks": 0}),
            "getmempoolinfo" => json!({"loaded": true, "incrementalrelayfee": 0.000_001}),
            _ => return Err((-32601, "Method not found")),
        })
    }
}

pub(super) fn worked(mut block: Block) -> Block {
    block.header.merkle_root = block.compute_merkle_root().expect("transactions");
    while block.header.validate_pow(block.header.target()).is_err() {
        block.header.nonce += 1;
    }
    block
}

pub(super) type Lie = Arc<dyn Fn(&str, &Value) -> Option<Result<Value, (i64, &'static str)>> + Send + Sync>;

/// A node with a chain and waiting transactions; `lie` may answer first.
pub(super) fn node(
    chain: NodeChain,
    waiting: Vec<Transaction>,
    lie: impl Fn(&str, &Value) -> Option<Result<Value, (i64, &'static str)>> + Send + Sync + 'static,
) -> Server {
    let lie: Lie = Arc::new(lie);
    Server::start(move |request| {
        let body: Value = serde_json::from_str(request.trim_start_matches("POST / ")).expect("json");
        let one = |request: &Value| {
            let (method, params) = (request["method"].as_str().unwrap_or_default(), &request["params"]);
            match lie(method, params).unwrap_or_else(|| chain.answer(method, params, &waiting)) {
                Ok(result) => json!({"jsonrpc": "2.0", "id": request["id"], "result": result}),
                Err((code, message)) => {
                    json!({"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": message}})
                }
            }
        };
        let answer = body.as_array().map_or_else(|| one(&body), |batch| batch.iter().rev().map(one).collect());
        Act::ok(answer.to_string())
    })
}
