//! How each lie is told: an honest answer, changed where the lie is, and kept consistent with itself as far as a liar can.
//!
//! The table of lies is in lies.rs.

use bitcoin::{
    OutPoint, Transaction, Txid,
    block::Header,
    consensus::encode,
    hashes::{Hash, sha256},
};
use fastness::account::Keychain;
use serde_json::{Value, json};

use super::{
    layer::{Asked, Reply},
    world::{DEEP, SPENT, World, transaction},
};

/// A hash of nothing, another for each liar.
pub fn made_up(number: usize) -> String {
    format!("{:064x}", 0x00bad + number)
}

pub fn real_block(world: &World, number: usize) -> (u32, String) {
    let height = world.height(&world.deep[number % 3]).unwrap();
    (height, world.block_hash(height))
}

/// The coin of receive index 0, which is unspent.
pub fn own(world: &World) -> OutPoint {
    let script = world.script(Keychain::Receive, 0);
    let transaction = world.chain.lock().unwrap().transaction(&world.deep[0]).unwrap();
    let vout = transaction.output.iter().position(|output| output.script_pubkey == script).unwrap();
    OutPoint { txid: world.deep[0], vout: vout as u32 }
}

/// Lists of transactions, changed.
pub fn lists(world: &World, asked: &Asked, edit: impl FnMut(&mut Vec<Value>)) -> Reply {
    let reply = world.honest(asked);
    match asked.steps().as_slice() {
        ["scripthash" | "address", _, "txs", ..] | ["scripthashes", "txs", ..] => {
            reply.edited(|value| value.as_array_mut().into_iter().for_each(edit))
        }
        _ => reply,
    }
}

/// How many confirmed transactions a script has, changed by so many.
pub fn counted(mut reply: Reply, change: i64) -> Reply {
    reply = reply.edited(|totals| {
        let count = totals["chain_stats"]["tx_count"].as_i64().unwrap_or(0);
        totals["chain_stats"]["tx_count"] = (count + change).into();
    });
    reply
}

/// The ids that an honest list about this script holds.
pub fn ids_of(world: &World, hash: &str) -> String {
    let asked = question(&format!("/scripthash/{hash}/txs"));
    String::from_utf8_lossy(&world.honest(&asked).body).into_owned()
}

pub fn question(path: &str) -> Asked {
    let (method, query, headers) = ("GET".to_owned(), String::new(), String::new());
    Asked { method, path: path.to_owned(), query, headers, body: Vec::new(), after: std::time::Duration::ZERO }
}

pub fn left_out(world: &World, asked: &Asked, gone: Txid) -> Reply {
    let gone = gone.to_string();
    match asked.steps().as_slice() {
        ["scripthash", hash] if ids_of(world, hash).contains(&format!("\"txid\":\"{gone}\",\"version\"")) => {
            counted(world.honest(asked), -1)
        }
        _ => lists(world, asked, |list| list.retain(|tx| tx["txid"] != gone.as_str())),
    }
}

pub fn unheard_of(world: &World, asked: &Asked, gone: Txid) -> Reply {
    match asked.steps().as_slice() {
        ["tx", id, "status"] if **id == gone.to_string() => Reply::json(json!({ "confirmed": false })),
        ["tx", id, ..] if **id == gone.to_string() => Reply::text(404, "Transaction not found"),
        _ => left_out(world, asked, gone),
    }
}

/// A payment that never was, to receive index `number`.
pub fn invention(world: &World, number: usize) -> Transaction {
    let nowhere = OutPoint { txid: made_up(number).parse().unwrap(), vout: 0 };
    let script = world.script(Keychain::Receive, number as u32);
    transaction(nowhere, &[(script, 700_000_000 + number as u64)])
}

/// An invented payment: beside `twin` in its block, or waiting.
pub fn invented(world: &World, asked: &Asked, number: usize, twin: Option<Txid>) -> Reply {
    let tx = invention(world, number);
    let hash = sha256::Hash::hash(tx.output[0].script_pubkey.as_bytes()).to_string();
    let status = match twin {
        Some(twin) => status(world, world.height(&twin).map(|height| (height, world.block_hash(height)))),
        None => json!({ "confirmed": false }),
    };
    let about = asked.path.contains(&hash) || String::from_utf8_lossy(&asked.body).contains(&hash);
    match asked.steps().as_slice() {
        ["tx", id, rest @ ..] if **id == tx.compute_txid().to_string() => match (rest, twin) {
            (["raw"], _) => Reply::new(200, "application/octet-stream", encode::serialize(&tx)),
            (["hex"], _) => Reply::text(200, encode::serialize_hex(&tx)),
            (["status"], _) => Reply::json(status),
            (["merkle-proof" | "merkleblock-proof"], Some(twin)) => {
                world.honest(&question(&format!("/tx/{twin}/{}", rest[0])))
            }
            ([], _) => Reply::json(tx_json(&tx, status)),
            _ => Reply::text(404, "Transaction not found"),
        },
        ["scripthash", _] if about && twin.is_some() => counted(world.honest(asked), 1),
        ["scripthash", _, "txs", "mempool"] if twin.is_some() => world.honest(asked),
        ["scripthash", _, "txs", "chain", ..] if twin.is_none() => world.honest(asked),
        // After a cursor it would be listed again and again.
        ["scripthash", _, "txs", "chain", _] => world.honest(asked),
        _ if about && asked.query.contains("after_txid") => world.honest(asked),
        _ if about => lists(world, asked, |list| list.insert(0, tx_json(&tx, status.clone()))),
        _ => world.honest(asked),
    }
}

pub fn tx_json(tx: &Transaction, status: Value) -> Value {
    let inputs = tx.input.iter().map(|input| {
        json!({ "txid": input.previous_output.txid, "vout": input.previous_output.vout, "scriptsig": "",
                "sequence": input.sequence.0, "is_coinbase": false })
    });
    let outputs = tx
        .output
        .iter()
        .map(|out| json!({ "scriptpubkey": out.script_pubkey.to_hex_string(), "value": out.value.to_sat() }));
    json!({ "txid": tx.compute_txid(), "version": tx.version.0, "locktime": 0, "vin": inputs.collect::<Vec<_>>(),
            "vout": outputs.collect::<Vec<_>>(), "size": 100, "weight": 400, "fee": 1, "status": status })
}

pub fn status(world: &World, block: Option<(u32, String)>) -> Value {
    let Some((height, hash)) = block else { return json!({ "confirmed": false }) };
    let time = world.chain.lock().unwrap().block(height).map_or(0, |block| block.header.time);
    json!({ "confirmed": true, "block_height": height, "block_hash": hash, "block_time": time })
}

pub fn other_amount(world: &World, asked: &Asked, number: usize) -> Reply {
    let id = world.deep[number % 3].to_string();
    lists(world, asked, |list| {
        for tx in list.iter_mut().filter(|tx| tx["txid"] == id.as_str()) {
            for output in tx["vout"].as_array_mut().into_iter().flatten() {
                output["value"] = (output["value"].as_u64().unwrap_or(0) * 3 + number as u64).into();
            }
        }
    })
}

pub fn other_prevout(world: &World, asked: &Asked, number: usize) -> Reply {
    lists(world, asked, |list| {
        for input in list.iter_mut().flat_map(|tx| tx["vin"].as_array_mut().into_iter().flatten()) {
            input["prevout"]["value"] = (SPENT * 2 + number as u64).into();
        }
    })
}

pub fn other_bytes(world: &World, listed: &Reply, asked: &Asked) -> Reply {
    match asked.steps().as_slice() {
        ["tx", id, form @ ("raw" | "hex")] => {
            let known = id.parse().ok().and_then(|txid| world.chain.lock().unwrap().transaction(&txid));
            let Some(mut tx) = known else { return world.honest(asked) };
            tx.output[0].value *= 3;
            let bytes = encode::serialize(&tx);
            if *form == "raw" { Reply::new(200, "x/x", bytes) } else { Reply::text(200, encode::serialize_hex(&tx)) }
        }
        _ => listed.clone(),
    }
}

pub fn of_another(world: &World, asked: &Asked, number: usize) -> Reply {
    let steps = asked.steps();
    let ours = sha256::Hash::hash(world.script(Keychain::Receive, number as u32 % 3).as_bytes()).to_string();
    match steps.as_slice() {
        ["scripthash", hash, rest @ ..] if *hash == ours => {
            let other = sha256::Hash::hash(
                &world.chain.lock().unwrap().block(1).unwrap().txdata[0].output[0].script_pubkey.to_bytes(),
            );
            world.honest(&question(&format!("/scripthash/{other}/{}", rest.join("/"))))
        }
        _ => world.honest(asked),
    }
}

/// A transaction in another place than it is, with another's proof.
pub fn placed(world: &World, asked: &Asked, moved: Txid, block: Option<(u32, String)>) -> Reply {
    let id = moved.to_string();
    match asked.steps().as_slice() {
        ["tx", it, "status"] if **it == id => Reply::json(status(world, block)),
        ["tx", it, "merkle-proof"] if **it == id => match block {
            Some((height, _)) => proof_of_block(world, height),
            None => Reply::text(404, "Transaction not found or is unconfirmed"),
        },
        ["scripthash", hash] if ids_of(world, hash).contains(&format!("\"txid\":\"{id}\",\"version\"")) => {
            let was = i64::from(world.height(&moved).is_some());
            counted(world.honest(asked), i64::from(block.is_some()) - was)
        }
        _ => lists(world, asked, |list| {
            for tx in list.iter_mut().filter(|tx| tx["txid"] == id.as_str()) {
                tx["status"] = status(world, block.clone());
            }
        }),
    }
}

/// The proof of the last transaction of a block.
pub fn proof_of_block(world: &World, height: u32) -> Reply {
    let block = world.chain.lock().unwrap().block(height).unwrap();
    world.honest(&question(&format!("/tx/{}/merkle-proof", block.txdata.last().unwrap().compute_txid())))
}

pub fn proof(world: &World, asked: &Asked, forge: impl FnOnce(&mut Value)) -> Reply {
    let reply = world.honest(asked);
    match asked.steps().as_slice() {
        ["tx", _, "merkle-proof"] if reply.status == 200 => reply.edited(forge),
        _ => reply,
    }
}

/// Headers in lists of blocks, changed where a coin of ours is.
pub fn headers(world: &World, asked: &Asked, edit: &dyn Fn(&mut Value, &Header)) -> Reply {
    let reply = world.honest(asked);
    let ["blocks", start] = asked.steps()[..] else { return reply };
    if start == "tip" {
        return reply;
    }
    reply.edited(|list| {
        for entry in list.as_array_mut().into_iter().flatten() {
            let height = entry["height"].as_u64().unwrap_or(0) as u32;
            if height > 100 && height < world.tip {
                let header = world.chain.lock().unwrap().block(height).unwrap().header;
                edit(entry, &header);
            }
        }
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Done,
    Missing,
}

/// Headers that hash to their names, with work or without, and that do not follow each other.
pub fn reworked(world: &World, asked: &Asked, number: usize, work: Work) -> Reply {
    headers(world, asked, &|entry, header| {
        let mut header = *header;
        if work == Work::Done {
            header.prev_blockhash = made_up(number).parse().unwrap();
        }
        let is_wanted = |header: &Header| header.validate_pow(header.target()).is_ok() == (work == Work::Done);
        loop {
            header.nonce = header.nonce.wrapping_add(1);
            if is_wanted(&header) {
                break;
            }
        }
        entry["nonce"] = header.nonce.into();
        entry["id"] = header.block_hash().to_string().into();
        entry["previousblockhash"] = header.prev_blockhash.to_string().into();
    })
}

pub fn future(world: &World, asked: &Asked, tip: u32, number: usize) -> Reply {
    match asked.steps().as_slice() {
        ["blocks", "tip", "height"] => Reply::text(200, tip.to_string()),
        ["blocks", "tip", "hash"] => Reply::text(200, made_up(number)),
        ["block-height", height] if height.parse::<u32>().is_ok_and(|it| it > world.tip && it <= tip) => {
            Reply::text(200, made_up(number))
        }
        _ => world.honest(asked),
    }
}

pub fn stale(world: &World, asked: &Asked, tip: u32) -> Reply {
    match asked.steps().as_slice() {
        ["blocks", "tip", "height"] => Reply::text(200, tip.to_string()),
        ["blocks", "tip", "hash"] => Reply::text(200, world.block_hash(tip)),
        ["blocks"] => world.honest(&question(&format!("/blocks/{tip}"))),
        ["block-height" | "blocks", height] if height.parse::<u32>().is_ok_and(|it| it > tip) => {
            Reply::text(404, "Block not found")
        }
        _ => world.honest(asked),
    }
}

pub fn renamed_tip(world: &World, asked: &Asked, number: usize) -> Reply {
    match asked.steps().as_slice() {
        ["blocks", "tip", "hash"] => Reply::text(200, made_up(number)),
        ["block-height", height] if **height == world.tip.to_string() => Reply::text(200, made_up(number)),
        _ => world.honest(asked),
    }
}

#[allow(clippy::float_arithmetic)]
pub fn rates(world: &World, asked: &Asked, change: impl Fn(f64) -> f64) -> Reply {
    let reply = world.honest(asked);
    if asked.path.ends_with("/fee-estimates") {
        return reply.edited(|map| {
            for rate in map.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
                *rate = change(rate.as_f64().unwrap_or(1.0)).into();
            }
        });
    }
    reply
}

pub fn spend(world: &World, asked: &Asked, coin: OutPoint, spender: Option<Txid>) -> Reply {
    let one = match spender {
        Some(spender) => {
            json!({ "spent": true, "txid": spender, "vin": 0, "status": { "confirmed": false } })
        }
        None => json!({ "spent": false }),
    };
    match asked.steps().as_slice() {
        ["tx", id, "outspend", vout] if **id == coin.txid.to_string() && **vout == coin.vout.to_string() => {
            Reply::json(one)
        }
        ["tx", id, "outspends"] if **id == coin.txid.to_string() => {
            world.honest(asked).edited(|list| list[coin.vout as usize] = one)
        }
        _ => world.honest(asked),
    }
}

/// A transaction that takes our coin, as it can be written without keys; it is not signed.
pub fn spent_by_invention(world: &World, asked: &Asked, number: usize) -> Reply {
    let tx = transaction(own(world), &[(world.script(Keychain::Receive, 9), DEEP[0] - 1_000 - number as u64)]);
    match asked.steps().as_slice() {
        ["tx", id, "raw"] if **id == tx.compute_txid().to_string() => {
            Reply::new(200, "application/octet-stream", encode::serialize(&tx))
        }
        ["tx", id, "hex"] if **id == tx.compute_txid().to_string() => Reply::text(200, encode::serialize_hex(&tx)),
        _ => spend(world, asked, own(world), Some(tx.compute_txid())),
    }
}

pub fn sending(world: &World, asked: &Asked, answer: impl FnOnce() -> Reply) -> Reply {
    if asked.method == "POST" && asked.steps() == ["tx"] { answer() } else { world.honest(asked) }
}

pub fn refusal(number: usize) -> Reply {
    let words = [
        "sendrawtransaction RPC error -26: min relay fee not met, 0 < 11",
        "sendrawtransaction RPC error -26: mempool-script-verify-flag-failed (Script evaluated without error), input 0",
        "sendrawtransaction RPC error -26: dust",
    ];
    Reply::text(400, words[number % words.len()])
}
