//! What a single key can spend now, as an explorer lists it; each coin is proven by its whole transaction.
//!
//! What the explorer leaves out stays behind the key: that a list is complete cannot be proven.

use crate::cli::context::Context;
use bitcoin::{OutPoint, Script, Transaction, secp256k1::PublicKey};
use fastness::{
    account::Keychain,
    chain::bitcoin::sweep::{KeyCoin, scripts},
    explain::Failure,
    explorer::{
        Explorer,
        bitcoin::{ScanPlan, ScriptHistory},
    },
    network::Network,
    review::Warning,
};

/// A coin with the height of its block.
type Found = (KeyCoin, u32);

/// Every coin that the next block may spend. Young block rewards are left out, and named.
pub(super) fn spendable(
    context: &Context,
    network: Network,
    explorer: &Explorer,
    key: PublicKey,
) -> Result<Vec<KeyCoin>, Failure> {
    let tip = explorer.tip()?.value().height;
    let (coins, waiting) = mature(network, found(explorer, key)?, tip);
    if let Some(block) = waiting {
        let text = format!("block rewards of this key are left out: all of them can be spent from block {block} on");
        context.ui.warn(&Warning { code: "rewards_left_out", text });
    }
    if coins.is_empty() {
        return Err(fastness::chain::bitcoin::BitcoinError::NothingToSweep.into());
    }
    Ok(coins)
}

/// The coins that the next block may spend, and the first block that may spend those that it may not: young block rewards.
fn mature(network: Network, found: Vec<Found>, tip: u32) -> (Vec<KeyCoin>, Option<u32>) {
    let is_young =
        |(coin, height): &Found| coin.parent.is_coinbase() && network.matures_at(*height) > tip.saturating_add(1);
    let (young, mature): (Vec<Found>, Vec<Found>) = found.into_iter().partition(is_young);
    let first = young.iter().map(|(_, height)| network.matures_at(*height)).max();
    (mature.into_iter().map(|(coin, _)| coin).collect(), first)
}

/// Every unspent coin of the key's four kinds of script, each with its whole transaction.
fn found(explorer: &Explorer, key: PublicKey) -> Result<Vec<Found>, Failure> {
    let scripts = scripts(key);
    let place = |index: u32| usize::try_from(index).ok().and_then(|place| scripts.get(place));
    let derive = |_: Keychain, index: u32| place(index).map(|(_, script)| script.clone());
    let ask = (0..4u32).map(|index| (Keychain::Receive, index)).collect();
    let plan = ScanPlan { derive: &derive, ask, known: &|_, _| None, next: [4, 4], gap: 0 };
    let answer = explorer.scan(&plan, &mut |_| {})?;
    let mut coins = Vec::new();
    for history in &answer.scripts {
        if let Some((script_type, script)) = place(history.index) {
            let coin = |(outpoint, parent, height)| (KeyCoin { outpoint, parent, script_type: *script_type }, height);
            coins.extend(unspent(history, script).into_iter().map(coin));
        }
    }
    Ok(coins)
}

fn unspent(history: &ScriptHistory, script: &Script) -> Vec<(OutPoint, Transaction, u32)> {
    let spent: Vec<OutPoint> =
        history.txs.iter().flat_map(|at| at.tx.input.iter().map(|input| input.previous_output)).collect();
    let mut coins = Vec::new();
    for (at, block) in history.txs.iter().filter_map(|at| Some((at, at.place?))) {
        let txid = at.tx.compute_txid();
        for (vout, output) in (0u32..).zip(&at.tx.output) {
            let outpoint = OutPoint { txid, vout };
            if output.script_pubkey.as_script() == script && !spent.contains(&outpoint) {
                coins.push((outpoint, at.tx.clone(), block.height));
            }
        }
    }
    coins
}
