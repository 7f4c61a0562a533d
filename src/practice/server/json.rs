//! The JSON shapes of an Esplora server, field by field and in its order.
//!
//! Translates what the chain knows; asks nothing and decides nothing.

use bitcoin::{
    Address, BlockHash, Network, Script, ScriptBuf, Sequence, Transaction, TxIn, TxMerkleNode, TxOut, Txid,
    hex::DisplayHex as _,
};
use serde::Serialize;

use crate::practice::{
    chain::{Link, PracticeChain},
    query::FoundTx,
    standard::redeem_script,
};

/// A block in `/block/:hash` and `/blocks`.
#[derive(Serialize)]
pub(super) struct BlockJson {
    id: BlockHash,
    height: u32,
    version: i64,
    timestamp: u32,
    tx_count: usize,
    size: usize,
    weight: u64,
    merkle_root: TxMerkleNode,
    previousblockhash: Option<BlockHash>,
    mediantime: u32,
    nonce: u32,
    bits: u32,
    difficulty: f64,
}

impl BlockJson {
    pub(super) fn new(height: u32, link: &Link) -> Self {
        let header = &link.header;
        Self {
            id: link.hash,
            height,
            version: i64::from(header.version.to_consensus()),
            timestamp: header.time,
            tx_count: link.txids.len(),
            size: link.size,
            weight: link.weight,
            merkle_root: header.merkle_root,
            previousblockhash: (height > 0).then_some(header.prev_blockhash),
            mediantime: link.median_time,
            nonce: header.nonce,
            bits: header.bits.to_consensus(),
            difficulty: header.difficulty_float(),
        }
    }
}

/// Where a transaction stands.
#[derive(Serialize)]
pub(super) struct ServedStatus {
    confirmed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_hash: Option<BlockHash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_time: Option<u32>,
}

impl ServedStatus {
    /// Confirmed at this height; without one, or beyond the tip, unconfirmed.
    pub(super) fn at(chain: &PracticeChain, height: Option<u32>) -> Self {
        let link = height.and_then(|height| chain.link_at(height));
        Self {
            confirmed: link.is_some(),
            block_height: height,
            block_hash: link.map(|link| link.hash),
            block_time: link.map(|link| link.header.time),
        }
    }

    /// Unknown ids are unconfirmed like waiting ones: Esplora says the same.
    pub(super) fn of(chain: &PracticeChain, txid: &Txid) -> Self {
        Self::at(chain, chain.find(txid).and_then(|found| found.place).map(|(height, _)| height))
    }
}

/// A transaction.
#[derive(Serialize)]
pub(super) struct TransactionJson {
    txid: Txid,
    version: i64,
    locktime: u32,
    vin: Vec<InputJson>,
    vout: Vec<OutputJson>,
    size: usize,
    weight: u64,
    fee: u64,
    status: ServedStatus,
}

impl TransactionJson {
    pub(super) fn new(chain: &PracticeChain, found: &FoundTx<'_>) -> Self {
        let transaction = found.transaction.as_ref();
        let inputs = transaction.input.iter().enumerate();
        Self {
            txid: found.txid,
            version: i64::from(transaction.version.0),
            locktime: transaction.lock_time.to_consensus_u32(),
            vin: inputs.map(|(vin, input)| InputJson::new(input, found.prevouts.get(vin).copied())).collect(),
            vout: transaction.output.iter().map(OutputJson::new).collect(),
            size: transaction.total_size(),
            weight: transaction.weight().to_wu(),
            fee: fee(transaction, &found.prevouts),
            status: ServedStatus::at(chain, found.place.map(|(height, _)| height)),
        }
    }
}

/// What a transaction leaves to the miner; 0 for a coinbase.
pub(super) fn fee(transaction: &Transaction, prevouts: &[&TxOut]) -> u64 {
    let value_in: u64 = prevouts.iter().map(|output| output.value.to_sat()).sum();
    let value_out: u64 = transaction.output.iter().map(|output| output.value.to_sat()).sum();
    value_in.saturating_sub(value_out)
}

#[derive(Serialize)]
struct InputJson {
    txid: Txid,
    vout: u32,
    prevout: Option<OutputJson>,
    scriptsig: ScriptBuf,
    scriptsig_asm: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<Vec<String>>,
    is_coinbase: bool,
    sequence: Sequence,
    #[serde(skip_serializing_if = "Option::is_none")]
    inner_redeemscript_asm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inner_witnessscript_asm: Option<String>,
}

impl InputJson {
    fn new(input: &TxIn, prevout: Option<&TxOut>) -> Self {
        let paid = prevout.map(|output| output.script_pubkey.as_script());
        let redeem = paid.filter(|script| script.is_p2sh()).and_then(|_| redeem_script(&input.script_sig));
        let program = redeem.as_deref().or(paid);
        let inner = program.filter(|script| script.is_p2wsh()).and_then(|_| input.witness.last());
        let stack = || input.witness.iter().map(|item| item.to_lower_hex_string()).collect();
        Self {
            txid: input.previous_output.txid,
            vout: input.previous_output.vout,
            prevout: prevout.map(OutputJson::new),
            scriptsig: input.script_sig.clone(),
            scriptsig_asm: input.script_sig.to_asm_string(),
            witness: (!input.witness.is_empty()).then(stack),
            is_coinbase: input.previous_output.is_null(),
            sequence: input.sequence,
            inner_redeemscript_asm: redeem.as_deref().map(Script::to_asm_string),
            inner_witnessscript_asm: inner.map(|bytes| Script::from_bytes(bytes).to_asm_string()),
        }
    }
}

#[derive(Serialize)]
struct OutputJson {
    scriptpubkey: ScriptBuf,
    scriptpubkey_asm: String,
    scriptpubkey_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scriptpubkey_address: Option<String>,
    value: u64,
}

impl OutputJson {
    fn new(output: &TxOut) -> Self {
        let script = &output.script_pubkey;
        Self {
            scriptpubkey: script.clone(),
            scriptpubkey_asm: script.to_asm_string(),
            scriptpubkey_type: script_type(script),
            scriptpubkey_address: Address::from_script(script, Network::Regtest)
                .ok()
                .map(|address| address.to_string()),
            value: output.value.to_sat(),
        }
    }
}

/// A question about a script's form.
type Is = fn(&Script) -> bool;

/// Esplora's names of the forms, asked in this order.
const FORMS: [(&str, Is); 8] = [
    ("empty", Script::is_empty),
    ("op_return", Script::is_op_return),
    ("p2pk", Script::is_p2pk),
    ("p2pkh", Script::is_p2pkh),
    ("p2sh", Script::is_p2sh),
    ("v0_p2wpkh", Script::is_p2wpkh),
    ("v0_p2wsh", Script::is_p2wsh),
    ("v1_p2tr", Script::is_p2tr),
];

fn script_type(script: &Script) -> &'static str {
    FORMS.into_iter().find(|(_, is)| is(script)).map_or("unknown", |(name, _)| name)
}

/// Whether and where an output is spent.
#[derive(Serialize)]
pub(super) struct SpendJson {
    spent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<Txid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vin: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<ServedStatus>,
}

impl SpendJson {
    pub(super) fn new(chain: &PracticeChain, spender: Option<(Txid, u32)>) -> Self {
        Self {
            spent: spender.is_some(),
            txid: spender.map(|(txid, _)| txid),
            vin: spender.map(|(_, vin)| vin),
            status: spender.map(|(txid, _)| ServedStatus::of(chain, &txid)),
        }
    }
}
