//! Stand-ins for tests: small transactions and their Esplora JSON, for the HTTP server of transport/fake.rs.
//!
//! Compiled into tests only. Nothing here is a model of a real explorer.

use bitcoin::{
    Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness, absolute,
    hashes::{Hash, sha256},
    transaction,
};
use serde_json::{Value, json};

use crate::explorer::bitcoin::BlockRef;
pub(super) use crate::explorer::online::transport::fake::{Act, Server, block_on};

/// A different script for each number.
pub(super) fn script(number: u32) -> ScriptBuf {
    let hash = sha256::Hash::hash(&number.to_le_bytes());
    let mut bytes = vec![0x51, 0x20];
    bytes.extend_from_slice(hash.as_byte_array());
    ScriptBuf::from_bytes(bytes)
}

/// A different transaction for each number that pays `script`.
pub(super) fn payment(script: &ScriptBuf, number: u32) -> Transaction {
    let parent = Txid::from_byte_array(sha256::Hash::hash(&number.to_be_bytes()).to_byte_array());
    let input = TxIn {
        previous_output: OutPoint { txid: parent, vout: 1 },
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::from_slice(&[[number.to_le_bytes()[0]; 64]]),
    };
    let output = TxOut { value: Amount::from_sat(1000 + u64::from(number)), script_pubkey: script.clone() };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![input],
        output: vec![output],
    }
}

/// A transaction as Esplora lists it, with fields that must be ignored.
pub(super) fn tx_json(tx: &Transaction, place: Option<BlockRef>) -> String {
    let inputs: Vec<Value> = tx.input.iter().map(input_json).collect();
    let outputs: Vec<Value> = tx
        .output
        .iter()
        .map(|output| json!({"scriptpubkey": output.script_pubkey.to_hex_string(), "scriptpubkey_asm": "OP_LIE", "value": output.value.to_sat()}))
        .collect();
    let version = u32::from_ne_bytes(tx.version.0.to_ne_bytes());
    json!({
        "txid": tx.compute_txid(), "version": version, "locktime": tx.lock_time.to_consensus_u32(), "vin": inputs,
        "vout": outputs, "size": 1, "weight": 4, "fee": 7, "status": status_value(place),
    })
    .to_string()
}

/// A list of waiting transactions as Esplora has it.
pub(super) fn waiting(txs: &[Transaction]) -> Act {
    let listed: Vec<String> = txs.iter().map(|tx| tx_json(tx, None)).collect();
    Act::ok(format!("[{}]", listed.join(",")))
}

fn input_json(input: &TxIn) -> Value {
    let witness: Vec<String> = input.witness.iter().map(hex::DisplayHex::to_lower_hex_string).collect();
    json!({
        "txid": input.previous_output.txid, "vout": input.previous_output.vout, "prevout": {"value": 1},
        "scriptsig": input.script_sig.to_hex_string(), "witness": witness, "is_coinbase": false,
        "sequence": input.sequence.0,
    })
}

/// A state as Esplora writes it.
pub(super) fn status_value(place: Option<BlockRef>) -> Value {
    match place {
        None => json!({"confirmed": false}),
        Some(block) => json!({
            "confirmed": true, "block_height": block.height, "block_hash": block.hash, "block_time": block.time,
        }),
    }
}
