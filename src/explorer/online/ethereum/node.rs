//! The questions to one node of an EVM chain, and what their answers have to look like.
//!
//! One host. What can be compared is compared: the chain id, a receipt's hash and block, the next base fee. It decides
//! nothing about fail-over and sends no transaction.

use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::{Value, json};

use super::{
    block::{Holding, code},
    jsonrpc::{Rpc, RpcRefusal, member, parsed, price, small},
    rpc_errors::RpcError,
};
use crate::{
    chain::ethereum::{Code, revert::Revert},
    explorer::{
        Cause,
        ethereum::{
            CallOutcome, EvmAccountState, EvmCall, EvmReceipt, EvmReject, EvmWhereabouts, GasAnswer, Succeeded,
        },
    },
    network::EvmChain,
};

impl Rpc<'_> {
    /// Compares the chain id, once per host and process.
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

    pub(super) async fn answer(&self, method: &str, params: Value) -> Result<Value, Cause> {
        self.ask(method, params).await.map_err(|refusal| refusal.cause())
    }

    /// The number of a block by its tag; nothing where the node does not know the tag.
    async fn height(&self, tag: &str) -> Result<Option<u64>, Cause> {
        match self.ask("eth_getBlockByNumber", json!([tag, false])).await {
            Ok(Value::Null) => Ok(None),
            Ok(block) => small(member(&block, "number")).map(Some),
            Err(RpcRefusal { class: RpcError::Failed(Cause::Throttled), .. }) => Err(Cause::Throttled),
            Err(_) => Ok(None),
        }
    }

    /// Balance, nonce and code at one block of this node; the pool's nonce beside them.
    pub(super) async fn account(&self, address: Address) -> Result<EvmAccountState, Cause> {
        let block = small(&self.answer("eth_blockNumber", json!([])).await?)?;
        let Holding { balance, nonce, code } = self.holding(address, block).await?;
        // Some public hosts do not know `pending`; the journal knows what is ours.
        let pending_nonce = self.pending(address).await.filter(|pending| *pending >= nonce);
        Ok(EvmAccountState { balance, nonce, pending_nonce, code, block, block_hash: None, block_time: None })
    }

    /// What is behind an address.
    pub(super) async fn code(&self, address: Address) -> Result<Code, Cause> {
        code(&self.answer("eth_getCode", json!([address, "latest"])).await?)
    }

    /// What a call would cost, run on the newest block.
    pub(super) async fn estimate_gas(&self, call: &EvmCall) -> Result<GasAnswer, Cause> {
        match self.ask("eth_estimateGas", json!([call_json(call)])).await {
            Ok(gas) => small(&gas).map(GasAnswer::Gas),
            Err(RpcRefusal { class: RpcError::Reverted, data }) => Ok(GasAnswer::Reverts(Revert::new(data))),
            Err(RpcRefusal { class: RpcError::Rejected(EvmReject::InsufficientFunds), .. }) => {
                Ok(GasAnswer::NotCovered)
            }
            Err(refusal) => Err(refusal.cause()),
        }
    }

    /// Runs a call on a block: a tag, or a number in hex.
    pub(super) async fn call(&self, call: &EvmCall, block: &str) -> Result<CallOutcome, Cause> {
        match self.ask("eth_call", json!([call_json(call), block])).await {
            Ok(data) => parsed::<Bytes>(&data).map(CallOutcome::Returned),
            Err(RpcRefusal { class: RpcError::Reverted, data }) => Ok(CallOutcome::Reverted(Revert::new(data))),
            Err(refusal) => Err(refusal.cause()),
        }
    }

    /// Where a transaction is, and the sender's nonce if it is nowhere.
    ///
    /// Behind one name stand several nodes, of which one may be a block behind: what was not there before the nonce was
    /// asked for is asked for again, for the nonce may have moved with this very transaction.
    pub(super) async fn whereabouts(&self, hash: B256, from: Address) -> Result<EvmWhereabouts, Cause> {
        if let Some(seen) = self.seen(hash).await? {
            return Ok(seen);
        }
        let nonce = self.nonce_at(from, "latest").await?;
        Ok(self.seen(hash).await?.unwrap_or(EvmWhereabouts::Absent { nonce }))
    }

    /// The number of transactions from an address up to a block.
    pub(super) async fn nonce_at(&self, from: Address, block: &str) -> Result<u64, Cause> {
        small(&self.answer("eth_getTransactionCount", json!([from, block])).await?)
    }

    /// A transaction in a block or in the pool; nothing if it is in neither.
    async fn seen(&self, hash: B256) -> Result<Option<EvmWhereabouts>, Cause> {
        let receipt = self.answer("eth_getTransactionReceipt", json!([hash])).await?;
        if !receipt.is_null()
            && let Some(receipt) = self.receipt(hash, &receipt).await?
        {
            return Ok(Some(EvmWhereabouts::Mined(receipt)));
        }
        let transaction = self.answer("eth_getTransactionByHash", json!([hash])).await?;
        if transaction.is_null() {
            return Ok(None);
        }
        if parsed::<B256>(member(&transaction, "hash"))? == hash {
            Ok(Some(EvmWhereabouts::Pending))
        } else {
            Err(Cause::Lied)
        }
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
            time: small(member(&there, "timestamp"))?,
            succeeded,
            fee: U256::from(gas) * U256::from(price),
            created: if created.is_null() { None } else { Some(parsed(created)?) },
            tip: small(&self.answer("eth_blockNumber", json!([])).await?)?,
            safe: self.height("safe").await?,
            finalized: self.height("finalized").await?,
        }))
    }
}

pub(super) fn call_json(call: &EvmCall) -> Value {
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
    fn delegations_are_told_from_contracts() {
        let delegate = Address::repeat_byte(7);
        let text = format!("0xef0100{}", alloy_primitives::hex::encode(delegate));
        assert_eq!(code(&json!(text)), Ok(Code::Delegation(delegate)));
        assert_eq!(code(&json!("0x")), Ok(Code::None));
        assert_eq!(code(&json!("0x6080")), Ok(Code::Contract));
    }
}
