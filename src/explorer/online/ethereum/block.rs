//! Headers of blocks and proofs of accounts, as one node sends them: read strictly, checked as far as one node goes.
//!
//! A header is kept only if its fields hash to the hash that it came with. It does not know what other nodes say.

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, KECCAK256_EMPTY, U256, keccak256};
use serde_json::{Value, json};

use crate::{
    chain::ethereum::{
        Code,
        state_proof::{self, AccountProof},
    },
    explorer::{
        Cause,
        online::ethereum::jsonrpc::{Rpc, member, parsed, quantity, small},
    },
};

/// Bytes of a header's extra data: 32 on Ethereum, some hundreds where validators sign there.
const MAX_EXTRA: usize = 16_384;
/// Nodes of a proof that are read; state_proof.rs has the bound that counts.
const MAX_NODES: usize = 128;

/// A block as a node names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) number: u64,
    pub(super) hash: B256,
    /// Seconds since 1970.
    pub(super) time: u64,
    /// The state root, where the header hashes to the hash.
    pub(super) state_root: Option<B256>,
}

/// What one node says that an account has at a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holding {
    pub(super) balance: U256,
    pub(super) nonce: u64,
    pub(super) code: Code,
}

impl Rpc<'_> {
    /// A block by its number.
    pub(super) async fn block_at(&self, number: u64) -> Result<Block, Cause> {
        let block = self.block(&format!("{number:#x}")).await?;
        if block.number == number { Ok(block) } else { Err(Cause::Lied) }
    }

    /// A block by its tag or number in hex.
    pub(super) async fn block(&self, which: &str) -> Result<Block, Cause> {
        let block = self.ask("eth_getBlockByNumber", json!([which, false])).await;
        read_block(&block.map_err(|refusal| refusal.cause())?)
    }

    /// What an account has at a block, proven against the block's state root; nothing if the proof does not hold although
    /// the node still names that block.
    pub(super) async fn proven(&self, address: Address, block: &Block, root: B256) -> Result<Option<Holding>, Cause> {
        let at = format!("{:#x}", block.number);
        let proof = self.ask("eth_getProof", json!([address, [], at])).await.map_err(|refusal| refusal.cause())?;
        let Some(proof) = read_proof(&proof, address)? else { return Ok(None) };
        let Ok(state) = state_proof::account(root, address, &proof) else { return self.not_proven(block).await };
        let code = if state.code_hash == KECCAK256_EMPTY {
            Code::None
        } else {
            let code = self.ask("eth_getCode", json!([address, at])).await.map_err(|refusal| refusal.cause())?;
            let bytes: Bytes = parsed(&code)?;
            if keccak256(&bytes) != state.code_hash {
                return self.not_proven(block).await;
            }
            self::code(&code)?
        };
        Ok(Some(Holding { balance: state.balance, nonce: state.nonce, code }))
    }

    /// Whether a proof that does not hold is the node's fault: it may follow another block by now.
    async fn not_proven(&self, block: &Block) -> Result<Option<Holding>, Cause> {
        let now = self.neutral().block_at(block.number).await?;
        if now.hash == block.hash { Ok(None) } else { Err(Cause::Unsettled) }
    }

    /// What an account has at a block, as this node says.
    pub(super) async fn holding(&self, address: Address, number: u64) -> Result<Holding, Cause> {
        let at = format!("{number:#x}");
        let questions = [
            ("eth_getBalance", json!([address, at])),
            ("eth_getTransactionCount", json!([address, at])),
            ("eth_getCode", json!([address, at])),
        ];
        let mut answers = self.ask_all(&questions).await?.into_iter();
        let mut next = || answers.next().ok_or(Cause::Malformed)?.map_err(|refusal| refusal.cause());
        let (balance, nonce) = (quantity(&next()?)?, small(&next()?)?);
        Ok(Holding { balance, nonce, code: code(&next()?)? })
    }

    /// The nonce with what waits in the node's pool; nothing where the node does not say.
    pub(super) async fn pending(&self, address: Address) -> Option<u64> {
        let pending = self.ask("eth_getTransactionCount", json!([address, "pending"])).await.ok()?;
        small(&pending).ok()
    }
}

fn read_block(value: &Value) -> Result<Block, Cause> {
    if value.is_null() {
        return Err(Cause::Missing);
    }
    let hash = parsed(member(value, "hash"))?;
    let header = header(value).ok();
    let state_root = header.and_then(|header| state_proof::state_root(&header, hash).ok());
    let (number, time) = (small(member(value, "number"))?, small(member(value, "timestamp"))?);
    Ok(Block { number, hash, time, state_root })
}

/// The fields of a header that are hashed, in whatever fork it is of: what is not there is not hashed.
fn header(value: &Value) -> Result<Header, Cause> {
    let field = |name: &str| member(value, name);
    let hash = |name: &str| parsed::<B256>(field(name));
    let extra: Bytes = parsed(field("extraData"))?;
    if extra.len() > MAX_EXTRA {
        return Err(Cause::TooLarge);
    }
    Ok(Header {
        parent_hash: hash("parentHash")?,
        ommers_hash: optional(field("sha3Uncles"), parsed)?.unwrap_or(EMPTY_OMMER_ROOT_HASH),
        beneficiary: parsed(field("miner"))?,
        state_root: hash("stateRoot")?,
        transactions_root: hash("transactionsRoot")?,
        receipts_root: hash("receiptsRoot")?,
        logs_bloom: parsed::<Bloom>(field("logsBloom"))?,
        difficulty: quantity(field("difficulty"))?,
        number: small(field("number"))?,
        gas_limit: small(field("gasLimit"))?,
        gas_used: small(field("gasUsed"))?,
        timestamp: small(field("timestamp"))?,
        extra_data: extra,
        mix_hash: optional(field("mixHash"), parsed)?.unwrap_or_default(),
        nonce: optional(field("nonce"), parsed::<B64>)?.unwrap_or_default(),
        base_fee_per_gas: optional(field("baseFeePerGas"), small)?,
        withdrawals_root: optional(field("withdrawalsRoot"), parsed)?,
        blob_gas_used: optional(field("blobGasUsed"), small)?,
        excess_blob_gas: optional(field("excessBlobGas"), small)?,
        parent_beacon_block_root: optional(field("parentBeaconBlockRoot"), parsed)?,
        requests_hash: optional(field("requestsHash"), parsed)?,
        block_access_list_hash: optional(field("blockAccessListHash"), parsed)?,
        slot_number: optional(field("slotNumber"), small)?,
    })
}

fn optional<T>(value: &Value, read: impl Fn(&Value) -> Result<T, Cause>) -> Result<Option<T>, Cause> {
    if value.is_null() { Ok(None) } else { read(value).map(Some) }
}

/// The proof that a node sends; nothing if it is another account's.
fn read_proof(value: &Value, address: Address) -> Result<Option<AccountProof>, Cause> {
    if parsed::<Address>(member(value, "address"))? != address {
        return Ok(None);
    }
    let nodes = member(value, "accountProof").as_array().ok_or(Cause::Malformed)?;
    if nodes.len() > MAX_NODES {
        return Err(Cause::TooLarge);
    }
    Ok(Some(AccountProof {
        balance: quantity(member(value, "balance"))?,
        nonce: small(member(value, "nonce"))?,
        code_hash: parsed(member(value, "codeHash"))?,
        storage_hash: parsed(member(value, "storageHash"))?,
        nodes: nodes.iter().map(parsed).collect::<Result<_, _>>()?,
    }))
}

/// First bytes of the code of an account that delegates (EIP-7702).
pub(crate) const DELEGATION: [u8; 3] = [0xef, 0x01, 0x00];

pub(crate) fn code(value: &Value) -> Result<Code, Cause> {
    let code: Bytes = parsed(value)?;
    Ok(match code.strip_prefix(&DELEGATION) {
        _ if code.is_empty() => Code::None,
        Some(delegate) if delegate.len() == 20 => Code::Delegation(Address::from_slice(delegate)),
        _ => Code::Contract,
    })
}
