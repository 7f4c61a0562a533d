//! The habits of real deployments over one honest chain: page sizes, missing paths, words of refusals, rate limits.
//!
//! Honest all of them: what they say is true, as far as they say it.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use fastness::practice::PracticeChain;
use serde_json::{Value, json};

use super::{
    CANARY, INVITATION,
    layer::{Act, Asked, Host, Reply},
    world::honest,
};

/// The make whose habits these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personality {
    /// Blockstream's server since December 2024.
    BlockstreamNew,
    /// mempool.space's electrs of October 2024.
    MempoolElectrs2024,
    /// mempool's own interface in front of an Electrum server, as self-hosted boxes have it.
    MempoolElectrumBackend,
}

/// A 429 in one of the forms in use.
#[derive(Clone, Copy, Debug)]
pub enum TooMany {
    /// Blockstream's JSON, without `Retry-After`.
    Json,
    /// A page of the edge, with `Retry-After` in seconds.
    Page(u64),
}

/// So many requests at once, and one more after each interval.
pub struct Bucket {
    pub burst: u32,
    pub every: Duration,
    pub answer: TooMany,
    level: Mutex<(u32, Instant)>,
}

impl Bucket {
    pub fn new(burst: u32, every: Duration, answer: TooMany) -> Self {
        Self { burst, every, answer, level: Mutex::new((burst, Instant::now())) }
    }

    /// Takes one, or says that there is none.
    fn take(&self) -> Result<(), Reply> {
        let mut level = self.level.lock().unwrap();
        while level.1.elapsed() >= self.every {
            level.0 = (level.0 + 1).min(self.burst);
            level.1 += self.every;
        }
        if level.0 == 0 {
            return Err(too_many(self.answer));
        }
        level.0 -= 1;
        Ok(())
    }
}

pub fn too_many(form: TooMany) -> Reply {
    match form {
        TooMany::Json => {
            let text = "Blockstream Explorer API NOTICE: Your request rate exceeds the current limit. ";
            let body = json!({ "error": "Too Many Requests", "message": format!("{text}{CANARY}") });
            Reply { status: 429, ..Reply::json(body) }
        }
        TooMany::Page(seconds) => {
            Reply::new(429, "text/html", format!("<html>429 {CANARY}</html>")).with("retry-after", &seconds.to_string())
        }
    }
}

/// One deployment.
pub struct Deployment {
    pub chain: Arc<Mutex<PracticeChain>>,
    pub personality: Personality,
    pub bucket: Option<Bucket>,
}

impl Host for Deployment {
    fn answer(&self, asked: &Asked) -> Act {
        if let Some(Err(refusal)) = self.bucket.as_ref().map(Bucket::take) {
            return Act::Say(refusal);
        }
        Act::Say(match self.personality {
            Personality::BlockstreamNew => self.blockstream(asked),
            Personality::MempoolElectrs2024 => self.mempool(asked),
            Personality::MempoolElectrumBackend => self.electrum_backend(asked),
        })
    }
}

fn no_endpoint(asked: &Asked) -> Reply {
    Reply::text(404, format!("endpoint does not exist {:?}", asked.path))
}

impl Deployment {
    fn blockstream(&self, asked: &Asked) -> Reply {
        match asked.steps().as_slice() {
            ["scripthashes", ..] => no_endpoint(asked),
            _ => honest(&self.chain, asked),
        }
    }

    fn mempool(&self, asked: &Asked) -> Reply {
        let reply = honest(&self.chain, asked);
        match asked.steps().as_slice() {
            // At most 50 in all: with 50 that wait, nothing that is confirmed; and one that waits
            // is listed twice (trap 5).
            ["scripthash" | "address", _, "txs"] => reply.edited(|list| {
                let Some(list) = list.as_array_mut() else { return };
                list.truncate(50);
                if let Some(first) = list.first().filter(|tx| tx["status"]["confirmed"] == false).cloned() {
                    list.insert(0, first);
                }
            }),
            // One whose previous outputs it lacks is left out of a page without a word (trap 2).
            ["scripthash" | "address", _, "txs", "chain", ..] => reply.edited(|list| {
                if let Some(list) = list.as_array_mut().filter(|list| list.len() == 25) {
                    list.remove(11);
                }
            }),
            ["fee-estimates"] => {
                let warning = format!("deprecated and will be removed; see {INVITATION}");
                Reply { status: 203, ..reply }.with("x-warning-from-mempool", &warning)
            }
            // Kept for 30 days by a client that obeys (trap 7).
            ["block", ..] => reply.with("expires", "Thu, 31 Dec 2099 00:00:00 GMT"),
            ["tx"] if reply.status == 400 => old_words(reply),
            _ => reply,
        }
    }

    fn electrum_backend(&self, asked: &Asked) -> Reply {
        match asked.steps().as_slice() {
            ["scripthashes", ..]
            | ["scripthash", _, "txs", "chain" | "mempool", ..]
            | ["tx", _, "raw" | "outspend" | "merkleblock-proof", ..]
            | ["block", _, "status"] => no_endpoint(asked),
            ["scripthash", hash, "txs"] => self.page_of_ten(asked, hash),
            ["scripthash", _] => honest(&self.chain, asked).edited(fake_totals),
            ["tx"] if asked.method == "POST" => {
                let reply = honest(&self.chain, asked);
                let words = json!({ "error": "sendrawtransaction RPC error: {\"code\":-26}" });
                if reply.status == 400 { Reply { status: 400, ..Reply::json(words) } } else { reply }
            }
            _ => honest(&self.chain, asked),
        }
    }

    /// Ten at a time, after any of them.
    fn page_of_ten(&self, asked: &Asked, hash: &str) -> Reply {
        let after = asked.query.split('&').find_map(|pair| pair.strip_prefix("after_txid="));
        let query = after.map_or_else(String::new, |txid| format!("after_txid={txid}&"));
        let many = Asked {
            method: "POST".into(),
            path: "/scripthashes/txs".into(),
            query: format!("{query}max_txs=10"),
            body: json!([hash]).to_string().into_bytes(),
            ..asked.clone()
        };
        honest(&self.chain, &many)
    }
}

/// mempool's electrs puts Core's answer into JSON.
fn old_words(reply: Reply) -> Reply {
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    let Some((code, message)) = text.strip_prefix("sendrawtransaction RPC error ").and_then(|it| it.split_once(": "))
    else {
        return reply;
    };
    let words = json!({ "code": code.parse::<i32>().unwrap_or(0), "message": message });
    Reply { body: format!("sendrawtransaction RPC error: {words}").into_bytes(), ..reply }
}

/// Electrum servers do not count: the balance is all there is.
fn fake_totals(totals: &mut Value) {
    for half in ["chain_stats", "mempool_stats"] {
        let sum = |name: &str| totals[half][name].as_i64().unwrap_or(0);
        let balance = sum("funded_txo_sum") - sum("spent_txo_sum");
        totals[half] = json!({ "tx_count": 0, "funded_txo_count": 0, "funded_txo_sum": balance,
                               "spent_txo_count": 0, "spent_txo_sum": 0 });
    }
    totals["electrum"] = true.into();
}
