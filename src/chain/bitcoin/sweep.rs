//! Sweeping: everything that a single foreign key can spend and that is worth its fee, in as few transactions as nodes
//! relay, to one address.
//!
//! Pure, like plan.rs. The key itself is in keystore/; here it is a public key and the scripts that it can spend.

use bitcoin::{
    Amount, OutPoint, Psbt, Script, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, absolute::LockTime, psbt,
    secp256k1::PublicKey, transaction::Version,
};

use super::{
    BitcoinError, Owned, Plan, decode,
    ownership::Ownership,
    plan::{input_map_of, output_map},
    policy, proof,
};
use crate::{
    account::{Account, Keychain, ScriptType},
    amount::FeeRate,
    network::Network,
    request::FeeLimit,
};

/// Most bytes of previous transactions that go into one sweep: every one of them is read by the sealed process first.
const MAX_PROOFS: usize = 5_000_000;

/// A coin of the key, with the transaction that proves it.
#[derive(Clone, Debug)]
pub struct KeyCoin {
    /// Where it is.
    pub outpoint: OutPoint,
    /// Whole previous transaction.
    pub parent: Transaction,
    /// Which of the key's scripts it pays.
    pub script_type: ScriptType,
}

/// What gets everything.
#[derive(Clone, Debug)]
pub enum Destination {
    /// A receive address of an account of ours: the signer proves it with the keys of that account.
    Own {
        /// The account.
        account: Box<Account>,
        /// Receive index.
        index: u32,
    },
    /// The script of an address that a person typed.
    Typed(ScriptBuf),
}

impl Destination {
    /// Its script.
    ///
    /// # Errors
    /// There is no script at the index.
    pub fn script(&self) -> Result<ScriptBuf, BitcoinError> {
        match self {
            Self::Own { account, index } => Ok(account.script(Keychain::Receive, *index)?),
            Self::Typed(script) => Ok(script.clone()),
        }
    }
}

/// Where a sweep goes and what it may cost.
#[derive(Clone, Debug)]
pub struct SweepRequest {
    /// The ledger it is for.
    pub network: Network,
    /// What gets everything.
    pub to: Destination,
    /// Fee per virtual byte.
    pub rate: FeeRate,
    /// Where planning stops.
    pub fee_limit: FeeLimit,
}

/// The scripts that a single key can spend, by type.
#[must_use]
pub fn scripts(key: PublicKey) -> [(ScriptType, ScriptBuf); 4] {
    ScriptType::ALL.map(|kind| (kind, kind.script(key)))
}

/// The coins of a key as they are to be swept.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    /// The coins of each transaction.
    pub transactions: Vec<Vec<KeyCoin>>,
    /// Coins whose input costs as much as they bring, or more.
    pub left_out: Vec<KeyCoin>,
    /// Coins that are for another sweep, after this one.
    pub later: Vec<KeyCoin>,
}

/// Shares coins out among as few transactions as nodes relay, evenly, so that each has something left after its fee.
///
/// # Errors
/// A coin is not proven by its transaction.
pub fn shares(coins: Vec<KeyCoin>, to: &Script, rate: FeeRate) -> Result<Shares, BitcoinError> {
    let mut shares = Shares::default();
    let mut worth = Vec::new();
    for coin in coins {
        let value = value_of(&coin)?;
        if value > rate.fee(input_weight(&coin).div_ceil(4)) {
            worth.push((value, coin));
        } else {
            shares.left_out.push(coin);
        }
    }
    // The most valuable first, dealt out in turn.
    worth.sort_by_key(|(value, _)| std::cmp::Reverse(*value));
    let mut proofs = 0usize;
    let (now, later): (Vec<_>, Vec<_>) = worth.into_iter().map(|(_, coin)| coin).partition(|coin| {
        proofs = proofs.saturating_add(coin.parent.total_size());
        proofs <= MAX_PROOFS
    });
    shares.later = later;
    let room = policy::MAX_STANDARD_WEIGHT.saturating_sub(4 * (8 + 4 + 9 + to.len() as u64) + 2);
    shares.transactions = dealt(now, room);
    Ok(shares)
}

/// Deals coins out to the fewest hands of which none holds more weight than `room`.
fn dealt(coins: Vec<KeyCoin>, room: u64) -> Vec<Vec<KeyCoin>> {
    let total: u64 = coins.iter().map(input_weight).sum();
    let mut hands = usize::try_from(total.div_ceil(room.max(1))).unwrap_or(usize::MAX);
    while hands < coins.len() {
        let heaviest = (0..hands).map(|hand| coins.iter().skip(hand).step_by(hands).map(input_weight).sum::<u64>());
        if heaviest.max().unwrap_or(0) <= room {
            break;
        }
        hands += 1;
    }
    let in_turn = |hand: usize| coins.iter().skip(hand).step_by(hands).cloned().collect();
    (0..hands).map(in_turn).collect()
}

/// Weight of the input that spends a coin, once it is signed.
fn input_weight(coin: &KeyCoin) -> u64 {
    coin.script_type.spend_cost().weight + 1
}

fn value_of(coin: &KeyCoin) -> Result<u64, BitcoinError> {
    proof::spent_output(&coin.parent, coin.outpoint)
        .map(|output| output.value.to_sat())
        .map_err(|_| BitcoinError::Bug("a coin that its transaction does not prove"))
}

/// What coins hold together, in satoshi.
///
/// # Errors
/// A coin is not proven by its transaction.
pub fn total(coins: &[KeyCoin]) -> Result<u64, BitcoinError> {
    coins.iter().try_fold(0u64, |sum, coin| Ok(sum.saturating_add(value_of(coin)?)))
}

/// Plans a sweep of all `coins` of `key`, in one transaction.
///
/// # Errors
/// There is nothing, or nothing would be left after the fee; a fee above the stops.
pub fn sweep(key: PublicKey, coins: &[KeyCoin], request: &SweepRequest) -> Result<Plan, BitcoinError> {
    if coins.is_empty() {
        return Err(BitcoinError::NothingToSweep);
    }
    let available = total(coins)?;
    let to = request.to.script()?;
    let fee = request.rate.fee(vsize(coins, &to));
    let value = available.checked_sub(fee);
    let value = value.ok_or_else(|| BitcoinError::insufficient(fee, available))?;
    policy::check_dust(&to, value, request.network)?;
    let input = |coin: &KeyCoin| TxIn {
        previous_output: coin.outpoint,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::new(),
    };
    let transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: coins.iter().map(input).collect(),
        output: vec![TxOut { value: Amount::from_sat(value), script_pubkey: to }],
    };
    let mut psbt = Psbt::from_unsigned_tx(transaction)
        .map_err(|_| BitcoinError::Bug("an unsigned transaction with signatures"))?;
    for (map, coin) in psbt.inputs.iter_mut().zip(coins) {
        *map = input_map(key, coin)?;
    }
    if let (Some(map), Destination::Own { account, index }) = (psbt.outputs.first_mut(), &request.to) {
        *map = output_map(account, Keychain::Receive, *index)?;
    }
    let plan = Plan { network: request.network, psbt };
    let review = decode::review(&plan, &Ownership::of_key(key))?;
    policy::check_fee(fee, review.vsize, value, request.fee_limit)?;
    policy::check_weight(review.vsize, review.inputs.len())?;
    Ok(plan)
}

/// Virtual size once signed, at most 1 vbyte too large.
fn vsize(coins: &[KeyCoin], to: &ScriptBuf) -> u64 {
    let inputs: u64 = coins.iter().map(input_weight).sum();
    let counts = if coins.len() > 252 { 4 } else { 2 };
    (4 * (8 + counts + 9 + to.len() as u64) + 2 + inputs).div_ceil(4)
}

fn input_map(key: PublicKey, coin: &KeyCoin) -> Result<psbt::Input, BitcoinError> {
    let output = proof::spent_output(&coin.parent, coin.outpoint)
        .map_err(|_| BitcoinError::Bug("a coin that its transaction does not prove"))?;
    let owner = Owned::of_key(coin.script_type, key).ok_or(BitcoinError::Bug("a key without a script"))?;
    input_map_of(&owner, &coin.parent, output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address;

    fn coin(sat: u64, vout: u32) -> KeyCoin {
        let script_type = ScriptType::P2pkh;
        let key: PublicKey =
            "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().expect("a key");
        let output = TxOut { value: Amount::from_sat(sat), script_pubkey: script_type.script(key) };
        let (version, lock_time) = (Version::TWO, LockTime::from_consensus(vout));
        let parent = Transaction { version, lock_time, input: Vec::new(), output: vec![output] };
        KeyCoin { outpoint: OutPoint { txid: parent.compute_txid(), vout: 0 }, parent, script_type }
    }

    fn shop() -> ScriptBuf {
        address::parse("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", Network::Regtest).expect("an address")
    }

    #[test]
    fn what_costs_more_than_it_brings_is_left_out() {
        // An input of this kind has 148 vbytes: 148 sat at 1 sat/vB.
        for (sat, rate, taken) in [(148, 1, 0), (149, 1, 1), (546, 20, 0), (2_960, 20, 0), (2_961, 20, 1)] {
            let shares = shares(vec![coin(sat, 0)], &shop(), FeeRate::from_sat_per_vb(rate)).expect("shares");
            assert_eq!((shares.transactions.len(), shares.left_out.len()), (taken, 1 - taken), "{sat} at {rate}");
        }
    }

    #[test]
    fn many_coins_are_shared_out_evenly_and_none_is_lost() {
        let coins = |count: u32| (0..count).map(|vout| coin(10_000 + u64::from(vout), vout)).collect::<Vec<_>>();
        let fits = |count: &u32| vsize(&coins(*count), &shop()) * 4 <= policy::MAX_STANDARD_WEIGHT;
        let most = (600..700).rev().find(fits).expect("some fit");
        for count in [1, most, most + 1, 2_100, 5_000] {
            let coins = coins(count);
            let shares = shares(coins, &shop(), FeeRate::from_sat_per_vb(2)).expect("shares");
            let sizes: Vec<usize> = shares.transactions.iter().map(Vec::len).collect();
            assert_eq!(sizes.iter().sum::<usize>(), count as usize);
            assert!(sizes.iter().max().expect("one") - sizes.iter().min().expect("one") <= 1, "{sizes:?}");
            assert_eq!(sizes.len(), count.div_ceil(most) as usize, "{count}");
            for coins in &shares.transactions {
                assert!(vsize(coins, &shop()) * 4 <= policy::MAX_STANDARD_WEIGHT);
            }
        }
    }
}
