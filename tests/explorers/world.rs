//! A wallet and a chain on which the truth about it is known: what explorers are asked about, and lie about.
//!
//! The wallet's keys are the test's own; nothing here is asked of the program.

use std::sync::{Arc, Mutex};

use super::layer::{Asked, Reply};
use bitcoin::{
    Amount, NetworkKind, OutPoint, PublicKey, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness, absolute,
    bip32::{ChildNumber, DerivationPath, Xpriv, Xpub},
    opcodes::OP_TRUE,
    script::Builder,
    secp256k1::{Message, Secp256k1},
    sighash::{EcdsaSighashType, SighashCache},
    transaction::Version,
};
use fastness::{
    account::{Account, Keychain, ScriptType},
    ledger::{
        KeyLocation, Ledger,
        bitcoin::{AccountRow, Past},
    },
    network::Network,
    practice::{
        PracticeChain,
        server::{Question, said},
    },
};

/// Satoshi of the coins that are deep in the chain, by receive index.
pub const DEEP: [u64; 3] = [10_000_000, 20_000_000, 40_000_000];
/// Satoshi of the coin that has two confirmations (receive index 3).
pub const YOUNG: u64 = 80_000_000;
/// Satoshi of the coin that waits (receive index 4).
pub const WAITING: u64 = 160_000_000;
/// Satoshi of the coin that was spent (receive index 5), and what came back as change.
pub const SPENT: u64 = 5_000_000;
pub const CHANGE: u64 = 3_000_000;
/// Unused addresses that end a scan.
pub const GAP: u32 = 2;

/// The chain, the wallet, and what is true.
pub struct World {
    pub chain: Arc<Mutex<PracticeChain>>,
    pub account: Account,
    pub deep: [Txid; 3],
    pub young: Txid,
    pub waiting: Txid,
    pub spent: OutPoint,
    pub spender: Txid,
    /// A signed payment that was not handed in, of a coin that needs no key.
    pub letter: Transaction,
    pub tip: u32,
}

impl World {
    pub fn new() -> Self {
        let (account, key) = keys();
        let script = |keychain, index| account.script(keychain, index).unwrap();
        let receive = |index| script(Keychain::Receive, index);
        let mut chain = PracticeChain::in_memory();
        let pay = |chain: &mut PracticeChain, to: ScriptBuf, sat: u64| chain.faucet(to, sat).unwrap();
        let deep = [0u32, 1, 2].map(|index| {
            let txid = pay(&mut chain, receive(index), DEEP[index as usize]);
            chain.mine(1, None).unwrap();
            txid
        });
        let funding = pay(&mut chain, receive(5), SPENT);
        chain.mine(1, None).unwrap();
        let spent = outpoint(&chain, funding, &receive(5));
        let spender = chain.submit(spend(&key, spent, script(Keychain::Change, 0))).unwrap();
        pay(&mut chain, anyone(), 1_000_000);
        let free = *chain.mempool_txids().last().unwrap();
        chain.mine(10, None).unwrap();
        let young = pay(&mut chain, receive(3), YOUNG);
        chain.mine(2, None).unwrap();
        let letter = free_spend(outpoint(&chain, free, &anyone()));
        let waiting = pay(&mut chain, receive(4), WAITING);
        let tip = chain.tip().0;
        Self { chain: Arc::new(Mutex::new(chain)), account, deep, young, waiting, spent, spender, letter, tip }
    }

    /// What an honest server says.
    pub fn honest(&self, asked: &Asked) -> Reply {
        honest(&self.chain, asked)
    }

    pub fn script(&self, keychain: Keychain, index: u32) -> ScriptBuf {
        self.account.script(keychain, index).unwrap()
    }

    /// Height of a transaction, if it is in a block.
    pub fn height(&self, txid: &Txid) -> Option<u32> {
        let depth = self.chain.lock().unwrap().confirmations(txid).filter(|depth| *depth > 0)?;
        Some(self.tip + 1 - depth)
    }

    /// Name of the block at a height.
    pub fn block_hash(&self, height: u32) -> String {
        self.chain.lock().unwrap().block(height).unwrap().block_hash().to_string()
    }

    /// An empty ledger with the account.
    pub fn ledger(&self) -> (Ledger, AccountRow) {
        let ledger = Ledger::in_memory().unwrap();
        let row = ledger.add_account("main", &self.account, KeyLocation::Elsewhere, Past::Possible).unwrap();
        (ledger, row)
    }
}

/// What an honest server over `chain` says.
pub fn honest(chain: &Mutex<PracticeChain>, asked: &Asked) -> Reply {
    let path = asked.path.strip_prefix("/api").unwrap_or(&asked.path);
    let question = Question { method: &asked.method, path, query: &asked.query, body: &asked.body };
    let said = said(chain, &question);
    Reply::new(said.status, said.content_type, said.body)
}

/// The wallet's account.
pub fn account() -> Account {
    keys().0
}

fn keys() -> (Account, Xpriv) {
    let secp = Secp256k1::new();
    let master = Xpriv::new_master(NetworkKind::Test, &[7; 32]).unwrap();
    let origin = Account::standard_path(Network::Regtest, ScriptType::P2wpkh, 0).unwrap();
    let key = master.derive_priv(&secp, &origin).unwrap();
    let xpub = Xpub::from_priv(&secp, &key);
    let fingerprint = master.fingerprint(&secp);
    (Account::new(Network::Regtest, ScriptType::P2wpkh, fingerprint, origin, xpub).unwrap(), key)
}

/// P2WSH of a script that is always true.
fn anyone() -> ScriptBuf {
    ScriptBuf::new_p2wsh(&always_true().wscript_hash())
}

fn always_true() -> ScriptBuf {
    Builder::new().push_opcode(OP_TRUE).into_script()
}

fn outpoint(chain: &PracticeChain, txid: Txid, script: &ScriptBuf) -> OutPoint {
    let outputs = chain.transaction(&txid).unwrap().output;
    let vout = outputs.iter().position(|output| output.script_pubkey == *script).unwrap();
    OutPoint { txid, vout: u32::try_from(vout).unwrap() }
}

/// A transaction with one input and these outputs.
pub fn transaction(previous_output: OutPoint, outputs: &[(ScriptBuf, u64)]) -> Transaction {
    let input = TxIn {
        previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::new(),
    };
    let output =
        |(script, sat): &(ScriptBuf, u64)| TxOut { value: Amount::from_sat(*sat), script_pubkey: script.clone() };
    Transaction {
        version: Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![input],
        output: outputs.iter().map(output).collect(),
    }
}

/// A payment of the anyone-can-spend coin, complete.
fn free_spend(coin: OutPoint) -> Transaction {
    let mut transaction = transaction(coin, &[(anyone(), 990_000)]);
    transaction.input[0].witness = Witness::from_slice(&[always_true().as_bytes()]);
    transaction
}

/// The wallet's one payment so far: from receive index 5 to a stranger, with change.
fn spend(key: &Xpriv, coin: OutPoint, change: ScriptBuf) -> Transaction {
    let secp = Secp256k1::new();
    let path: DerivationPath = [0, 5].map(|index| ChildNumber::from_normal_idx(index).unwrap()).as_slice().into();
    let secret = key.derive_priv(&secp, &path).unwrap().private_key;
    let public = PublicKey::new(secret.public_key(&secp));
    let script = ScriptBuf::new_p2wpkh(&public.wpubkey_hash().unwrap());
    let mut transaction = transaction(coin, &[(change, CHANGE), (anyone(), SPENT - CHANGE - 1_000)]);
    let kind = EcdsaSighashType::All;
    let hash =
        SighashCache::new(&transaction).p2wpkh_signature_hash(0, &script, Amount::from_sat(SPENT), kind).unwrap();
    let message = Message::from_digest(bitcoin::hashes::Hash::to_byte_array(hash));
    let signature = bitcoin::ecdsa::Signature { signature: secp.sign_ecdsa(&message, &secret), sighash_type: kind };
    transaction.input[0].witness = Witness::p2wpkh(&signature, &public.inner);
    transaction
}
