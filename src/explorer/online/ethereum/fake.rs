//! A small EVM chain for tests: headers that hash, a state trie with proofs, and nodes on loopback that tell it or lie.
//!
//! Compiled into tests only. No transaction is run; a node knows what it was told to know.

use std::{
    sync::{Arc, LazyLock, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, address, b256, hex, keccak256};
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles, TrieAccount, proof::ProofRetainer};
use serde_json::{Value, json};

use super::EvmExplorer;
use crate::{
    explorer::online::transport::fake::{Act, Server},
    network::EvmChain,
    text::SafeText,
};

/// The account that is asked about: the sender of [`RAW`].
pub(super) const OURS: Address = address!("9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F");
/// What it has.
pub(super) const BALANCE: u64 = 5_000_000_000_000_000_000;
/// And sent: the nonce of [`RAW`] is next.
pub(super) const NONCE: u64 = 9;
/// A signed transaction of it on chain 1: the example of EIP-155.
pub(super) const RAW: [u8; 110] = hex!(
    "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
);
/// Its hash.
pub(super) const HASH: B256 = b256!("33469b22e9f636356c4160a87eb19df52b7412e8eac32a4a55ffe88ea8350788");
/// The newest block.
pub(super) const TIP: u64 = 20;

/// What a node does about a question of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    /// Tells the chain as it is.
    Honest,
    /// Is not there: its port has no listener.
    Down,
    /// Changes a byte of every proof.
    ForgedProof,
    /// Sends another account's proof as ours.
    OtherAccount,
    /// Sends another state root in a header, under the block's true hash.
    WrongRoot,
    /// Names hashes that its headers do not have.
    HeaderDoesNotHash,
    /// A chain of its own, with headers that hash and proofs that hold in it.
    OwnChain,
    /// Names another balance, beside the true proof.
    SwappedBalance,
    /// Names a nonce that was used.
    StaleNonce,
    /// Is on another chain.
    ForeignChain,
    /// Stopped long ago, and tells what was then.
    Behind,
    /// Says that the chain is far ahead.
    Ahead,
    /// Says that gas costs a thousand times as much.
    Dear,
}

/// What a node makes of a transaction that it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mail {
    Takes,
    /// `already known`, and it has it.
    HasIt,
    FeeTooLow,
    /// `nonce too low`, because it has it in a block.
    Mined,
    /// `nonce too low`, and it has nothing.
    NonceTooLow,
    /// A hash of something else, and it keeps ours.
    OtherHash,
    /// Hangs up, and has it.
    KeepsAndHangsUp,
    /// Hangs up, and has nothing.
    HangsUp,
    /// Hangs up the first time, and takes it the second.
    TakesItLater,
}

impl Mail {
    /// Whether the node has the transaction after `times` times of sending.
    pub(super) const fn holds(self, times: usize) -> bool {
        match self {
            Self::HasIt | Self::Mined => true,
            Self::Takes | Self::KeepsAndHangsUp | Self::OtherHash => times > 0,
            Self::TakesItLater => times > 1,
            Self::FeeTooLow | Self::NonceTooLow | Self::HangsUp => false,
        }
    }
}

/// A state: a few accounts and us.
#[derive(Clone)]
struct State {
    balance: u64,
    nonce: u64,
}

impl State {
    fn entries(&self) -> Vec<(Address, TrieAccount)> {
        let other = |number: u8| {
            (Address::repeat_byte(number), TrieAccount::new(1, U256::from(number), EMPTY_ROOT_HASH, KECCAK256_EMPTY))
        };
        let ours = TrieAccount::new(self.nonce, U256::from(self.balance), EMPTY_ROOT_HASH, KECCAK256_EMPTY);
        let mut entries: Vec<_> = (1..=20).map(other).chain([(OURS, ours)]).collect();
        entries.sort_by_key(|(address, _)| keccak256(address));
        entries
    }

    /// The root, and the path to an account.
    fn proof(&self, about: Address) -> (B256, Vec<Bytes>) {
        let retainer = ProofRetainer::new(vec![Nibbles::unpack(keccak256(about))]);
        let mut builder = HashBuilder::default().with_proof_retainer(retainer);
        for (address, account) in self.entries() {
            builder.add_leaf(Nibbles::unpack(keccak256(address)), &alloy_rlp::encode(account));
        }
        let root = builder.root();
        (root, builder.take_proof_nodes().into_nodes_sorted().into_iter().map(|(_, node)| node).collect())
    }
}

/// Seconds since 1970, the same for the whole test: headers must not change between questions.
static NOW: LazyLock<u64> =
    LazyLock::new(|| SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs());

/// A node: which one it is among several, and how it behaves.
pub(super) struct FakeNode {
    pub(super) server: Server,
    behaviour: Arc<Mutex<Behaviour>>,
}

struct Behaviour {
    number: u64,
    lie: Lie,
    proofs: bool,
    mail: Mail,
    sent: usize,
    /// Nonce in blocks, as far as sending is concerned.
    nonce: u64,
    cache: Option<(Lie, Arc<Told>)>,
}

/// What a node tells of blocks and state.
struct Told {
    state: State,
    headers: Vec<Header>,
    proof: Vec<Bytes>,
    other_proof: Vec<Bytes>,
}

impl FakeNode {
    /// Node `number` of a test. Lies of different nodes are different lies.
    pub(super) fn start(number: u64) -> Self {
        let behaviour =
            Behaviour { number, lie: Lie::Honest, proofs: true, mail: Mail::Takes, sent: 0, nonce: NONCE, cache: None };
        let behaviour = Arc::new(Mutex::new(behaviour));
        let shared = Arc::clone(&behaviour);
        let server = Server::start(move |request| {
            let body = request.strip_prefix("POST / ").unwrap_or("{}");
            answer(&mut shared.lock().expect("the behaviour"), body)
        });
        Self { server, behaviour }
    }

    pub(super) fn tells(&self, lie: Lie) -> &Self {
        self.behaviour.lock().expect("the behaviour").lie = lie;
        self
    }

    pub(super) fn without_proofs(&self) -> &Self {
        self.behaviour.lock().expect("the behaviour").proofs = false;
        self
    }

    /// Behaves anew about a transaction.
    pub(super) fn makes(&self, mail: Mail) -> &Self {
        let mut behaviour = self.behaviour.lock().expect("the behaviour");
        (behaviour.mail, behaviour.sent) = (mail, 0);
        self
    }

    /// How often it was sent the transaction.
    pub(super) fn sent(&self) -> usize {
        self.behaviour.lock().expect("the behaviour").sent
    }

    pub(super) fn operator(&self) -> SafeText {
        SafeText::new(self.server.url.trim_start_matches("http://"))
    }
}

/// An explorer of chain 1 on these nodes. One that is down has the address of a system port, where nothing listens: a port that was
/// free a moment ago could be another test's by now.
pub(super) fn connect(nodes: &[&FakeNode]) -> EvmExplorer {
    let address = |(port, node): (u16, &&FakeNode)| match node.behaviour.lock().expect("the behaviour").lie {
        Lie::Down => format!("http://127.0.0.1:{port}"),
        _ => node.server.url.clone(),
    };
    let urls: Vec<String> = (1..).zip(nodes).map(address).collect();
    let mut explorer = EvmExplorer::connect(EvmChain::by_id(1).expect("a chain"), &urls).expect("good addresses");
    explorer.read_back_at = [0, 2, 4].map(std::time::Duration::from_millis).to_vec();
    explorer
}

fn answer(node: &mut Behaviour, body: &str) -> Act {
    let request: Value = serde_json::from_str(body).unwrap_or_default();
    let Some(questions) = request.as_array() else {
        return answer_one(node, &request).map_or(Act::HangUp, |reply| Act::ok(reply.to_string()));
    };
    let replies: Vec<Value> = questions.iter().filter_map(|question| answer_one(node, question)).collect();
    Act::ok(Value::Array(replies).to_string())
}

fn answer_one(node: &mut Behaviour, question: &Value) -> Option<Value> {
    let result = match question["method"].as_str().unwrap_or_default() {
        "eth_sendRawTransaction" => return mail(node, question),
        "eth_getTransactionReceipt" => receipt(node),
        "eth_getTransactionByHash" if node.mail.holds(node.sent) => json!({"hash": HASH}),
        "eth_getTransactionByHash" => Value::Null,
        "eth_getProof" if !node.proofs => {
            return Some(json!({"id": question["id"], "error": {"code": -32601, "message": "method not found"}}));
        }
        method => told(node).tell(node, method, &question["params"]),
    };
    Some(json!({"jsonrpc": "2.0", "id": question["id"], "result": result}))
}

fn mail(node: &mut Behaviour, question: &Value) -> Option<Value> {
    node.sent += 1;
    let error = |message: &str| Some(json!({"id": question["id"], "error": {"code": -32000, "message": message}}));
    let result = |hash: B256| Some(json!({"id": question["id"], "result": hash}));
    match node.mail {
        Mail::Takes => result(HASH),
        Mail::HasIt => error("already known"),
        Mail::FeeTooLow => error("transaction underpriced"),
        Mail::Mined | Mail::NonceTooLow => error("nonce too low"),
        Mail::OtherHash => result(B256::repeat_byte(0x66)),
        Mail::TakesItLater if node.sent > 1 => result(HASH),
        Mail::KeepsAndHangsUp | Mail::HangsUp | Mail::TakesItLater => None,
    }
}

fn receipt(node: &mut Behaviour) -> Value {
    if node.mail != Mail::Mined {
        return Value::Null;
    }
    let block = &told(node).headers[usize::try_from(TIP - 2).expect("small")];
    json!({"transactionHash": HASH, "blockHash": block.hash_slow(), "blockNumber": format!("{:#x}", block.number),
        "status": "0x1", "gasUsed": "0x5208", "effectiveGasPrice": "0x1", "contractAddress": null})
}

fn told(node: &mut Behaviour) -> Arc<Told> {
    if let Some((lie, told)) = &node.cache
        && *lie == node.lie
    {
        return Arc::clone(told);
    }
    let told = Arc::new(Told::new(node));
    node.cache = Some((node.lie, Arc::clone(&told)));
    told
}

impl Told {
    fn new(node: &Behaviour) -> Self {
        let own = node.lie == Lie::OwnChain;
        let state = State {
            balance: if own { BALANCE * 2 + node.number } else { BALANCE },
            nonce: if own { NONCE + 1 + node.number } else { node.nonce },
        };
        let (root, proof) = state.proof(OURS);
        let other_proof = state.proof(Address::repeat_byte(3)).1;
        let header = |number: u64| Header {
            number,
            state_root: root,
            timestamp: *NOW - (TIP - number) * 12,
            gas_limit: 30_000_000,
            gas_used: 15_000_000,
            base_fee_per_gas: Some(if node.lie == Lie::Dear { 1_000_000_000_000 } else { 1_000_000_000 }),
            withdrawals_root: Some(EMPTY_ROOT_HASH),
            ..Header::default()
        };
        Self { state, headers: (0..=TIP).map(header).collect(), proof, other_proof }
    }

    fn tell(&self, node: &Behaviour, method: &str, params: &Value) -> Value {
        let tip = match node.lie {
            Lie::Behind => 2,
            Lie::Ahead => TIP + 1_000_000,
            _ => TIP,
        };
        match method {
            "eth_chainId" => json!(if node.lie == Lie::ForeignChain { "0x5" } else { "0x1" }),
            "eth_blockNumber" => json!(format!("{tip:#x}")),
            "eth_getBlockByNumber" => self.block(node, tip, params[0].as_str().unwrap_or_default()),
            "eth_getBalance" => json!(format!("{:#x}", self.balance(node))),
            "eth_getTransactionCount" => json!(format!("{:#x}", self.nonce(node))),
            "eth_getCode" => json!("0x"),
            "eth_gasPrice" => json!(format!("{:#x}", self.headers[0].base_fee_per_gas.unwrap_or(0) + 10)),
            "eth_feeHistory" => self.fee_history(),
            "eth_getProof" => self.account_proof(node),
            _ => Value::Null,
        }
    }

    fn balance(&self, node: &Behaviour) -> u64 {
        match node.lie {
            Lie::SwappedBalance | Lie::ForgedProof => BALANCE + 1 + node.number,
            Lie::Behind => 1 + node.number,
            _ => self.state.balance,
        }
    }

    fn nonce(&self, node: &Behaviour) -> u64 {
        match node.lie {
            Lie::StaleNonce => self.state.nonce - 1 - node.number,
            Lie::Behind => node.number,
            _ => self.state.nonce,
        }
    }

    fn fee_history(&self) -> Value {
        let base = format!("{:#x}", self.headers[0].base_fee_per_gas.unwrap_or(0));
        json!({"baseFeePerGas": [base, base], "reward": [["0x1", "0x5", "0x9"]]})
    }

    fn block(&self, node: &Behaviour, tip: u64, which: &str) -> Value {
        let number = match which.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).unwrap_or(u64::MAX),
            None => tip,
        };
        if number > tip {
            return Value::Null;
        }
        let real = self.headers.get(usize::try_from(number).unwrap_or(usize::MAX)).cloned();
        let mut header = real.unwrap_or_else(|| Header {
            number,
            timestamp: *NOW + (number - TIP) * 12,
            gas_limit: 2,
            base_fee_per_gas: Some(1_000_000_000),
            ..Header::default()
        });
        let mut hash = header.hash_slow();
        match node.lie {
            Lie::WrongRoot => header.state_root = B256::repeat_byte(0x77),
            Lie::HeaderDoesNotHash => hash = keccak256([hash.as_slice(), &node.number.to_be_bytes()].concat()),
            _ => {}
        }
        json!({
            "hash": hash, "parentHash": header.parent_hash, "sha3Uncles": header.ommers_hash, "miner": header.beneficiary,
            "stateRoot": header.state_root, "transactionsRoot": header.transactions_root,
            "receiptsRoot": header.receipts_root, "logsBloom": header.logs_bloom, "difficulty": "0x0",
            "number": format!("{number:#x}"), "gasLimit": format!("{:#x}", header.gas_limit),
            "gasUsed": format!("{:#x}", header.gas_used), "timestamp": format!("{:#x}", header.timestamp),
            "extraData": "0x", "mixHash": header.mix_hash, "nonce": header.nonce,
            "baseFeePerGas": format!("{:#x}", header.base_fee_per_gas.unwrap_or(0)),
            "withdrawalsRoot": header.withdrawals_root, "transactions": [HASH],
        })
    }

    fn account_proof(&self, node: &Behaviour) -> Value {
        let mut nodes = if node.lie == Lie::OtherAccount { self.other_proof.clone() } else { self.proof.clone() };
        if node.lie == Lie::ForgedProof {
            let mut last = nodes.pop().unwrap_or_default().to_vec();
            let end = last.len() - 1;
            last[end] ^= 1;
            nodes.push(last.into());
        }
        json!({"address": OURS, "balance": format!("{:#x}", self.balance(node)), "nonce": format!("{:#x}", self.nonce(node)),
            "codeHash": KECCAK256_EMPTY, "storageHash": EMPTY_ROOT_HASH, "accountProof": nodes, "storageProof": []})
    }
}
