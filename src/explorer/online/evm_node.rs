//! The questions to one node of an EVM chain, and what their answers have to look like.
//!
//! One host. What can be compared is compared: the chain id, a receipt's hash and block, the next base fee. It decides
//! nothing about fail-over and sends no transaction.

use alloy_eips::eip1559::{BaseFeeParams, calc_next_block_base_fee};
use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::{Value, json};

use super::{
    jsonrpc::{Refusal, Rpc, member, parsed, price, quantity, small},
    revert,
    rpc_errors::RpcError,
};
use crate::{
    chain::ethereum::{Code, FeeFacts},
    explorer::{
        CallOutcome, Cause, EvmAccountState, EvmCall, EvmReceipt, EvmReject, EvmWhereabouts, GasAnswer, Succeeded,
    },
    network::{EvmChain, FeeMode},
};

/// Blocks whose tips are looked at.
const FEE_BLOCKS: u64 = 10;
/// First bytes of the code of an account that delegates (EIP-7702).
const DELEGATION: [u8; 3] = [0xef, 0x01, 0x00];
/// Chains on which base fees follow the constants of EIP-1559 itself: Ethereum, Sepolia, Hoodi.
const STANDARD_BASE_FEE: [u64; 3] = [1, 11_155_111, 560_048];

impl Rpc<'_> {
    /// Compares the chain id, once per host and process (threats.md H1).
    pub(super) async fn check_chain(&self, chain: &EvmChain) -> Result<(), Cause> {
        let check = async || {
            if let Some(cause) = self.endpoint.is_silent() {
                return Err(cause);
            }
            let id = self.answer("eth_chainId", json!([])).await.and_then(|id| small(&id));
            match id.inspect_err(|&cause| self.endpoint.fell_silent(cause))? {
                ours if ours == chain.id => Ok(()),
                _ => Err(Cause::WrongChain),
            }
        };
        self.endpoint.on_our_chain.get_or_try_init(check).await.copied()
    }

    async fn answer(&self, method: &str, params: Value) -> Result<Value, Cause> {
        self.ask(method, params).await.map_err(|refusal| refusal.cause())
    }

    /// The number of a block by its tag; nothing where the node does not know the tag.
    async fn height(&self, tag: &str) -> Result<Option<u64>, Cause> {
        match self.ask("eth_getBlockByNumber", json!([tag, false])).await {
            Ok(Value::Null) => Ok(None),
            Ok(block) => small(member(&block, "number")).map(Some),
            Err(Refusal { class: RpcError::Failed(Cause::Throttled), .. }) => Err(Cause::Throttled),
            Err(_) => Ok(None),
        }
    }

    /// Balance, nonce and code at one block of this node; the pool's nonce beside them.
    pub(super) async fn account(&self, address: Address) -> Result<EvmAccountState, Cause> {
        let block = small(&self.answer("eth_blockNumber", json!([])).await?)?;
        let at = format!("{block:#x}");
        let questions = [
            ("eth_getBalance", json!([address, at])),
            ("eth_getTransactionCount", json!([address, at])),
            ("eth_getCode", json!([address, at])),
        ];
        let mut answers = self.ask_all(&questions).await?.into_iter();
        let mut next = || answers.next().ok_or(Cause::Malformed)?.map_err(|refusal| refusal.cause());
        let (balance, nonce, code) = (quantity(&next()?)?, small(&next()?)?, code(&next()?)?);
        // Some public hosts do not know `pending`; the journal knows what is ours.
        let pending = self.ask("eth_getTransactionCount", json!([address, "pending"])).await;
        let pending_nonce = pending.ok().and_then(|pending| small(&pending).ok()).filter(|pending| *pending >= nonce);
        Ok(EvmAccountState { balance, nonce, pending_nonce, code, block })
    }

    /// What is behind an address.
    pub(super) async fn code(&self, address: Address) -> Result<Code, Cause> {
        code(&self.answer("eth_getCode", json!([address, "latest"])).await?)
    }

    /// The price of gas from the newest block and ten before it.
    pub(super) async fn fees(&self, chain: &EvmChain) -> Result<FeeFacts, Cause> {
        let block = self.answer("eth_getBlockByNumber", json!(["latest", false])).await?;
        let number = small(member(&block, "number"))?;
        let gas_price = price(&self.answer("eth_gasPrice", json!([])).await?)?;
        let facts = FeeFacts {
            block: number,
            block_hash: parsed(member(&block, "hash"))?,
            next_base_fee: None,
            tips: None,
            gas_price,
        };
        if chain.fees == FeeMode::Legacy || member(&block, "baseFeePerGas").is_null() {
            return Ok(facts);
        }
        let params = json!([format!("{FEE_BLOCKS:#x}"), format!("{number:#x}"), [10, 50, 90]]);
        let (said, tips) = match self.ask("eth_feeHistory", params).await {
            Ok(history) => (last_base_fee(&history)?, tips(&history)?),
            Err(refusal) if refusal.cause() == Cause::Throttled => return Err(Cause::Throttled),
            Err(_) => (None, None),
        };
        let next_base_fee = next_base_fee(chain, &block, said)?;
        Ok(FeeFacts { next_base_fee: Some(next_base_fee), tips, ..facts })
    }

    /// What a call would cost, run on the newest block.
    pub(super) async fn estimate_gas(&self, call: &EvmCall) -> Result<GasAnswer, Cause> {
        match self.ask("eth_estimateGas", json!([call_json(call)])).await {
            Ok(gas) => small(&gas).map(GasAnswer::Gas),
            Err(Refusal { class: RpcError::Reverted, data }) => {
                Ok(GasAnswer::Reverts { reason: data.as_deref().and_then(|data| revert::reason(data)) })
            }
            Err(Refusal { class: RpcError::Rejected(EvmReject::InsufficientFunds), .. }) => Ok(GasAnswer::NotCovered),
            Err(refusal) => Err(refusal.cause()),
        }
    }

    /// Runs a call on a block: a tag, or a number in hex.
    pub(super) async fn call(&self, call: &EvmCall, block: &str) -> Result<CallOutcome, Cause> {
        match self.ask("eth_call", json!([call_json(call), block])).await {
            Ok(data) => parsed::<Bytes>(&data).map(CallOutcome::Returned),
            Err(Refusal { class: RpcError::Reverted, data }) => {
                Ok(CallOutcome::Reverted { reason: data.as_deref().and_then(|data| revert::reason(data)) })
            }
            Err(refusal) => Err(refusal.cause()),
        }
    }

    /// Where a transaction is, and the sender's nonce if it is nowhere.
    pub(super) async fn whereabouts(&self, hash: B256, from: Address) -> Result<EvmWhereabouts, Cause> {
        let receipt = self.answer("eth_getTransactionReceipt", json!([hash])).await?;
        if !receipt.is_null()
            && let Some(receipt) = self.receipt(hash, &receipt).await?
        {
            return Ok(EvmWhereabouts::Mined(receipt));
        }
        let transaction = self.answer("eth_getTransactionByHash", json!([hash])).await?;
        if !transaction.is_null() {
            return if parsed::<B256>(member(&transaction, "hash"))? == hash {
                Ok(EvmWhereabouts::Pending)
            } else {
                Err(Cause::Lied)
            };
        }
        let nonce = small(&self.answer("eth_getTransactionCount", json!([from, "latest"])).await?)?;
        Ok(EvmWhereabouts::Absent { nonce })
    }

    /// A receipt, if the block that it names is in this node's chain.
    async fn receipt(&self, hash: B256, receipt: &Value) -> Result<Option<EvmReceipt>, Cause> {
        if parsed::<B256>(member(receipt, "transactionHash"))? != hash {
            return Err(Cause::Lied);
        }
        if member(receipt, "blockHash").is_null() {
            return Ok(None);
        }
        let (block, block_hash) = (small(member(receipt, "blockNumber"))?, parsed(member(receipt, "blockHash"))?);
        let there = self.answer("eth_getBlockByNumber", json!([format!("{block:#x}"), false])).await?;
        if there.is_null() || parsed::<B256>(member(&there, "hash"))? != block_hash {
            return Ok(None);
        }
        let succeeded = match small(member(receipt, "status"))? {
            0 => Succeeded::No,
            1 => Succeeded::Yes,
            _ => return Err(Cause::Malformed),
        };
        let (gas, price) = (small(member(receipt, "gasUsed"))?, price(member(receipt, "effectiveGasPrice"))?);
        let created = member(receipt, "contractAddress");
        Ok(Some(EvmReceipt {
            block,
            block_hash,
            succeeded,
            fee: U256::from(gas) * U256::from(price),
            created: if created.is_null() { None } else { Some(parsed(created)?) },
            tip: small(&self.answer("eth_blockNumber", json!([])).await?)?,
            safe: self.height("safe").await?,
            finalized: self.height("finalized").await?,
        }))
    }
}

fn code(value: &Value) -> Result<Code, Cause> {
    let code: Bytes = parsed(value)?;
    Ok(match code.strip_prefix(&DELEGATION) {
        _ if code.is_empty() => Code::None,
        Some(delegate) if delegate.len() == 20 => Code::Delegation(Address::from_slice(delegate)),
        _ => Code::Contract,
    })
}

/// The base fee that follows from a header; where the constants are those of EIP-1559 the node must say the same.
fn next_base_fee(chain: &EvmChain, block: &Value, said: Option<u128>) -> Result<u128, Cause> {
    let base = price(member(block, "baseFeePerGas"))?;
    let (used, limit) = (small(member(block, "gasUsed"))?, small(member(block, "gasLimit"))?);
    let base = u64::try_from(base).map_err(|_| Cause::Malformed)?;
    if limit < 2 || used > limit {
        return Err(Cause::Malformed);
    }
    let reckoned = u128::from(calc_next_block_base_fee(used, limit, base, BaseFeeParams::ethereum()));
    if !STANDARD_BASE_FEE.contains(&chain.id) {
        return Ok(said.unwrap_or(u128::from(base)));
    }
    match said {
        Some(said) if said != reckoned => Err(Cause::Lied),
        _ => Ok(reckoned),
    }
}

/// `baseFeePerGas` has one entry more than blocks: the last is the next block's.
fn last_base_fee(history: &Value) -> Result<Option<u128>, Cause> {
    let fees = member(history, "baseFeePerGas").as_array();
    fees.and_then(|fees| fees.last()).map(price).transpose()
}

/// The median of each percentile over the blocks that were not empty: an empty block's tips are zero and say nothing.
fn tips(history: &Value) -> Result<Option<[u128; 3]>, Cause> {
    let Some(rows) = member(history, "reward").as_array() else { return Ok(None) };
    let mut columns: [Vec<u128>; 3] = Default::default();
    for row in rows.iter().take(1024) {
        let row: Vec<u128> = row.as_array().ok_or(Cause::Malformed)?.iter().map(price).collect::<Result<_, _>>()?;
        let [low, middle, high] = row.as_slice() else { return Err(Cause::Malformed) };
        if *high > 0 {
            columns.iter_mut().zip([low, middle, high]).for_each(|(column, tip)| column.push(*tip));
        }
    }
    let mut medians = [0; 3];
    for (median, column) in medians.iter_mut().zip(&mut columns) {
        column.sort_unstable();
        let Some(middle) = column.get(column.len() / 2) else { return Ok(None) };
        *median = *middle;
    }
    Ok(Some(medians))
}

fn call_json(call: &EvmCall) -> Value {
    let mut json = json!({"from": call.from, "value": format!("{:#x}", call.value), "data": call.data});
    if let (Some(to), Some(object)) = (call.to, json.as_object_mut()) {
        object.insert("to".to_owned(), json!(to));
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_blocks_say_nothing_about_tips() {
        let history = json!({"reward": [["0x0", "0x0", "0x0"], ["0x1", "0x5", "0x9"], ["0x3", "0x7", "0xb"]]});
        assert_eq!(tips(&history), Ok(Some([3, 7, 11])));
        assert_eq!(tips(&json!({"reward": [["0x0", "0x0", "0x0"]]})), Ok(None));
        assert_eq!(tips(&json!({})), Ok(None));
        assert_eq!(tips(&json!({"reward": [["0x1"]]})), Err(Cause::Malformed));
    }

    #[test]
    fn a_base_fee_that_does_not_follow_is_a_lie() {
        let chain = |id| EvmChain::by_id(id).expect("a chain");
        let block = json!({"baseFeePerGas": "0x3b9aca00", "gasUsed": "0x0", "gasLimit": "0x1c9c380"});
        assert_eq!(next_base_fee(chain(1), &block, Some(875_000_000)), Ok(875_000_000));
        assert_eq!(next_base_fee(chain(1), &block, Some(875_000_001)), Err(Cause::Lied));
        assert_eq!(next_base_fee(chain(8_453), &block, Some(990_000_000)), Ok(990_000_000), "other constants");
        let absurd = json!({"baseFeePerGas": "0x3b9aca00", "gasUsed": "0x2", "gasLimit": "0x1"});
        assert_eq!(next_base_fee(chain(1), &absurd, None), Err(Cause::Malformed));
    }

    #[test]
    fn delegations_are_told_from_contracts() {
        let delegate = Address::repeat_byte(7);
        let text = format!("0xef0100{}", alloy_primitives::hex::encode(delegate));
        assert_eq!(code(&json!(text)), Ok(Code::Delegation(delegate)));
        assert_eq!(code(&json!("0x")), Ok(Code::None));
        assert_eq!(code(&json!("0x6080")), Ok(Code::Contract));
    }
}
