//! Sweeping: everything that a single foreign key can spend, in one transaction to an address of ours.
//!
//! Pure, like plan.rs. The key itself is in keystore/; here it is a public key and the scripts that it can spend.

use bitcoin::{
    Amount, OutPoint, Psbt, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, absolute::LockTime,
    bip32::DerivationPath, psbt, secp256k1::PublicKey, transaction::Version,
};

use super::{
    BitcoinError, Owned, Plan, decode, fund, inputs,
    ownership::{Ownership, key_fingerprint},
    plan::output_map,
    policy, proof,
};
use crate::{
    account::{Account, Keychain, ScriptType, script_for},
    amount::FeeRate,
    intent::FeeLimit,
};

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

/// Where a sweep goes and what it may cost.
#[derive(Clone, Debug)]
pub struct SweepRequest {
    /// The account that gets everything.
    pub account: Account,
    /// Receive index whose address gets it.
    pub index: u32,
    /// Fee per virtual byte.
    pub rate: FeeRate,
    /// Where planning stops.
    pub fee_limit: FeeLimit,
}

/// The scripts that a single key can spend, by type.
#[must_use]
pub fn scripts(key: PublicKey) -> [(ScriptType, ScriptBuf); 4] {
    ScriptType::ALL.map(|kind| (kind, script_for(kind, key)))
}

/// Plans a sweep of all `coins` of `key`.
///
/// # Errors
/// There is nothing, or nothing would be left after the fee; a fee above the stops.
pub fn sweep(key: PublicKey, coins: &[KeyCoin], request: &SweepRequest) -> Result<Plan, BitcoinError> {
    if coins.is_empty() {
        return Err(BitcoinError::NothingToSweep);
    }
    let available = total(coins)?;
    let to = request.account.script(Keychain::Receive, request.index)?;
    let fee = request.rate.fee(vsize(coins, &to));
    let value = available.checked_sub(fee);
    let value = value.ok_or_else(|| BitcoinError::insufficient(fee, available))?;
    policy::check_dust(&to, value)?;
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
    if let Some(map) = psbt.outputs.first_mut() {
        *map = output_map(&request.account, Keychain::Receive, request.index)?;
    }
    let plan = Plan { network: request.account.network, psbt };
    let review = decode::review(&plan, &Ownership::of_key(key).with_accounts(vec![request.account.clone()]))?;
    policy::check_fee(fee, review.vsize, value, request.fee_limit)?;
    policy::check_weight(review.vsize, review.inputs.len())?;
    Ok(plan)
}

fn total(coins: &[KeyCoin]) -> Result<u64, BitcoinError> {
    let mut sum = 0u64;
    for coin in coins {
        let output = proof::spent_output(&coin.parent, coin.outpoint)
            .map_err(|_| BitcoinError::Bug("a coin that its transaction does not prove"))?;
        sum = sum.saturating_add(output.value.to_sat());
    }
    Ok(sum)
}

/// Virtual size once signed, at most 1 vbyte too large.
fn vsize(coins: &[KeyCoin], to: &ScriptBuf) -> u64 {
    let inputs: u64 = coins.iter().map(|coin| fund::input_weight(coin.script_type) + 1).sum();
    let counts = if coins.len() > 252 { 4 } else { 2 };
    (4 * (8 + counts + 9 + to.len() as u64) + 2 + inputs).div_ceil(4)
}

fn input_map(key: PublicKey, coin: &KeyCoin) -> Result<psbt::Input, BitcoinError> {
    let output = proof::spent_output(&coin.parent, coin.outpoint)
        .map_err(|_| BitcoinError::Bug("a coin that its transaction does not prove"))?;
    let owner = Owned {
        keychain: Keychain::Receive,
        index: 0,
        path: DerivationPath::master(),
        public_key: key,
        script_type: coin.script_type,
    };
    let mut map = psbt::Input { non_witness_utxo: Some(coin.parent.clone()), ..psbt::Input::default() };
    if coin.script_type != ScriptType::P2pkh {
        map.witness_utxo = Some(output.clone());
    }
    map.redeem_script = inputs::redeem_script(&owner);
    map.bip32_derivation.insert(key, (key_fingerprint(key), DerivationPath::master()));
    Ok(map)
}
