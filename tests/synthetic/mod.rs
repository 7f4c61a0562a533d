//! A made-up wallet: accounts of a known seed, coins with whole previous transactions, strangers to pay, and dice.
//!
//! Everything follows from one number, so that a failing case can be repeated. Nothing here checks anything.

// Each target that includes this module uses a part of it.
#![allow(dead_code, clippy::unwrap_used)]

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use bitcoin::{
    Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
    absolute::LockTime,
    bip32::{Xpriv, Xpub},
    hashes::Hash,
    secp256k1::{Secp256k1, SecretKey, SignOnly},
    transaction::Version,
};
use fastness::{
    account::{Account, Keychain, ScriptType},
    chain::bitcoin::{Coin, CoinState, Snapshot},
    network::Network,
    request::Freeze,
};
use hex::FromHex;

/// A well-known phrase; its seed without a passphrase follows (BIP-39).
pub(crate) const WORDS: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const SEED: &str = "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1\
                    9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4";
pub(crate) const NETWORK: Network = Network::Regtest;
pub(crate) const TIP: u32 = 850_000;

/// Numbers that look random and follow from a seed (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both included.
    pub(crate) const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.roll() % (high - low + 1)
    }

    pub(crate) const fn one_in(&mut self, odds: u64) -> bool {
        self.roll().is_multiple_of(odds)
    }

    /// Between `low` and `high`, every power of two about as likely as any other.
    pub(crate) fn spread(&mut self, low: u64, high: u64) -> u64 {
        let bits = self.between(u64::from(low.max(1).ilog2()), u64::from(high.ilog2()));
        self.between(1 << bits, (2 << bits) - 1).clamp(low, high)
    }

    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(length).unwrap()).unwrap()
    }

    pub(crate) fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.roll().to_be_bytes());
        }
        bytes
    }
}

/// The master key of the known seed.
pub(crate) fn master() -> Xpriv {
    Xpriv::new_master(NETWORK.key_kind(), &<[u8; 64]>::from_hex(SEED).unwrap()).unwrap()
}

/// The account of this kind of the known seed.
pub(crate) fn account(kind: ScriptType) -> Account {
    numbered(kind, 0)
}

/// The account of this kind and number of the known seed.
pub(crate) fn numbered(kind: ScriptType, number: u32) -> Account {
    let (secp, master) = (Secp256k1::new(), master());
    let path = Account::standard_path(NETWORK, kind, number).unwrap();
    let xpub = Xpub::from_priv(&secp, &master.derive_priv(&secp, &path).unwrap());
    Account::new(NETWORK, kind, master.fingerprint(&secp), path, xpub).unwrap()
}

/// An output script of a stranger, of any kind that has an address.
pub(crate) fn stranger(dice: &mut Dice) -> ScriptBuf {
    static POOL: LazyLock<Vec<ScriptBuf>> = LazyLock::new(|| {
        let (secp, mut dice) = (Secp256k1::signing_only(), Dice(0));
        (0..200).map(|_| new_stranger(&mut dice, &secp)).collect()
    });
    POOL[dice.index(POOL.len())].clone()
}

fn new_stranger(dice: &mut Dice, secp: &Secp256k1<SignOnly>) -> ScriptBuf {
    let key = SecretKey::from_slice(&dice.bytes()).unwrap().public_key(secp);
    let script = ScriptType::ALL[dice.index(4)].script(key);
    match dice.index(6) {
        0 => script.to_p2wsh(),
        1 => script.to_p2sh(),
        _ => script,
    }
}

type Place = (String, Keychain, u32);

/// The account's script at a place.
fn script(account: &Account, keychain: Keychain, index: u32) -> ScriptBuf {
    static DERIVED: LazyLock<Mutex<HashMap<Place, ScriptBuf>>> = LazyLock::new(Mutex::default);
    let place = (account.descriptor(), keychain, index);
    DERIVED.lock().unwrap().entry(place).or_insert_with(|| account.script(keychain, index).unwrap()).clone()
}

/// A transaction with these outputs that spends something that is not ours.
pub(crate) fn transaction(dice: &mut Dice, output: Vec<TxOut>) -> Transaction {
    let from = OutPoint { txid: Txid::from_byte_array(dice.bytes()), vout: 0 };
    let witness = Witness::from_slice(&[dice.bytes()]);
    let input = TxIn { previous_output: from, script_sig: ScriptBuf::new(), sequence: Sequence::MAX, witness };
    Transaction { version: Version::TWO, lock_time: LockTime::ZERO, input: vec![input], output }
}

/// A coin of the account, with a previous transaction that also pays others.
pub(crate) fn coin(dice: &mut Dice, account: &Account, value: u64, state: CoinState) -> Coin {
    let keychain = Keychain::ALL[dice.index(2)];
    let index = u32::try_from(dice.between(0, 40)).unwrap();
    let place = dice.index(3);
    let output = |value, script_pubkey| TxOut { value: Amount::from_sat(value), script_pubkey };
    let mut outputs: Vec<TxOut> = (0..2).map(|_| output(dice.between(1_000, 90_000), stranger(dice))).collect();
    outputs.insert(place, output(value, script(account, keychain, index)));
    let parent = transaction(dice, outputs);
    let outpoint = OutPoint { txid: parent.compute_txid(), vout: u32::try_from(place).unwrap() };
    Coin { outpoint, parent, keychain, index, state, freeze: Freeze::Free }
}

/// The coin again, as the reward of a block.
pub(crate) fn as_reward(coin: Coin) -> Coin {
    let mut parent = coin.parent;
    parent.input[0].previous_output = OutPoint::null();
    let outpoint = OutPoint { txid: parent.compute_txid(), ..coin.outpoint };
    Coin { outpoint, parent, ..coin }
}

/// A wallet with confirmed coins of these values.
pub(crate) fn wallet(dice: &mut Dice, kind: ScriptType, values: &[u64]) -> Snapshot {
    wallet_of(dice, account(kind), values)
}

/// The same of this account.
pub(crate) fn wallet_of(dice: &mut Dice, account: Account, values: &[u64]) -> Snapshot {
    let coins = values.iter().map(|value| coin(dice, &account, *value, CoinState::Confirmed(TIP - 100))).collect();
    Snapshot { account, coins, tip_height: TIP, next_change: 7 }
}
