//! What a raw transaction says of itself, and what is odd about it: for reading only, nothing is signed from here.
//!
//! Without its previous outputs neither its fee nor its owners are known, and nothing here guesses them.

use bitcoin::{Amount, OutPoint, Transaction, TxIn, TxOut};

use super::{decode, outputs::Form};
use crate::review::Warning;

/// What an input spends, in words.
#[must_use]
pub fn spends(input: &TxIn) -> String {
    match input.previous_output {
        OutPoint { .. } if input.previous_output.is_null() => "no coin: the reward of a block (coinbase)".to_owned(),
        outpoint => outpoint.to_string(),
    }
}

/// Everything that a reader would stumble over.
#[must_use]
pub fn oddities(transaction: &Transaction) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut warn = |code, text: String| found.push(Warning { code, text });
    if transaction.is_coinbase() {
        warn(
            "coinbase",
            "it is the reward of a block: it exists only in that block, and nobody can send it".to_owned(),
        );
    } else {
        if transaction.input.iter().any(|input| input.previous_output.is_null()) {
            warn("no_such_coin", "it spends a coin that cannot exist: no node accepts it".to_owned());
        }
        if transaction.input.iter().all(|input| input.script_sig.is_empty() && input.witness.is_empty()) {
            warn("unsigned", "it carries no signature".to_owned());
        }
    }
    if spends_twice(transaction) {
        warn("same_coin_twice", "it spends the same coin twice: no node accepts it".to_owned());
    }
    if pays_too_much(&transaction.output) {
        warn("impossible_amount", "it pays more than can exist (21 million BTC): no node accepts it".to_owned());
    }
    if transaction.output.is_empty() {
        warn("no_outputs", "it has no outputs: no node accepts it".to_owned());
    }
    for (place, output) in transaction.output.iter().enumerate() {
        if let Some(danger) = Form::of(&output.script_pubkey).danger() {
            warn("odd_output", format!("output {place} {danger}"));
        }
        if output.script_pubkey.is_op_return() && output.value > Amount::ZERO {
            warn("burnt", format!("output {place} burns money in OP_RETURN"));
        }
    }
    if let Some(text) = decode::relative_locks(transaction) {
        warn("relative_lock", text);
    }
    if transaction.version.0 < 1 || transaction.version.0 > 3 {
        warn("version", format!("most nodes do not relay a transaction of version {}", transaction.version.0));
    }
    found
}

fn spends_twice(transaction: &Transaction) -> bool {
    let mut coins: Vec<OutPoint> = transaction.input.iter().map(|input| input.previous_output).collect();
    coins.sort_unstable();
    coins.windows(2).any(|pair| pair.first() == pair.get(1))
}

/// Whether an amount, or all of them, are above what can exist: no block can hold such a transaction.
pub fn pays_too_much(outputs: &[TxOut]) -> bool {
    let total = outputs.iter().try_fold(Amount::ZERO, |sum, output| sum.checked_add(output.value));
    total.is_none_or(|total| total > Amount::MAX_MONEY)
}

#[cfg(test)]
mod tests {
    use bitcoin::consensus::encode::deserialize_hex;

    use super::*;

    fn codes(hex: &str) -> Vec<&'static str> {
        let transaction: Transaction = deserialize_hex(hex).expect("a transaction");
        oddities(&transaction).iter().map(|warning| warning.code).collect()
    }

    /// Version, one input, outputs of these values and scripts, lock time.
    fn hex(version: &str, coin: &str, outputs: &[(&str, &str)]) -> String {
        let output = |(value, script): &(&str, &str)| format!("{value}{:02x}{script}", script.len() / 2);
        let outputs: String = outputs.iter().map(output).collect();
        let count = outputs_count(&outputs);
        format!("{version}01{coin}0101fdffffff{count}{outputs}00000000")
    }

    fn outputs_count(outputs: &str) -> &'static str {
        if outputs.len() > 100 { "02" } else { "01" }
    }

    const COIN: &str = "111111111111111111111111111111111111111111111111111111111111111100000000";
    const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000ffffffff";
    const KEY_HASH: &str = "00142222222222222222222222222222222222222222";

    #[test]
    fn an_ordinary_payment_is_not_odd() {
        assert_eq!(codes(&hex("02000000", COIN, &[("e803000000000000", KEY_HASH)])), Vec::<&str>::new());
        assert_eq!(codes(&hex("02000000", COIN, &[("0040075af0750700", KEY_HASH)])), Vec::<&str>::new(), "21 million");
    }

    #[test]
    fn what_is_odd_is_named() {
        assert_eq!(codes(&hex("02000000", COIN, &[("0140075af0750700", KEY_HASH)])), ["impossible_amount"]);
        let twice = [("ffffffffffffffff", KEY_HASH), ("ffffffffffffffff", KEY_HASH)];
        assert_eq!(codes(&hex("02000000", COIN, &twice)), ["impossible_amount"]);
        let sum = [("0040075af0750700", KEY_HASH), ("0100000000000000", KEY_HASH)];
        assert_eq!(codes(&hex("02000000", COIN, &sum)), ["impossible_amount"], "together");
        assert_eq!(codes(&hex("01000000", NOTHING, &[("e803000000000000", KEY_HASH)])), ["coinbase"]);
        for version in ["00000000", "ffffffff", "04000000"] {
            assert_eq!(codes(&hex(version, COIN, &[("e803000000000000", KEY_HASH)])), ["version"]);
        }
        for script in ["", "51", "51024e73", "6002abcd", "05aabb", "6a05aabb"] {
            assert_eq!(codes(&hex("02000000", COIN, &[("0000000000000000", script)])), ["odd_output"], "{script}");
        }
        assert_eq!(codes(&hex("02000000", COIN, &[("0100000000000000", "6a0161")])), ["burnt"]);
    }
}
