//! Transactions in JSON, as nodes answer (`eth_getTransactionByHash`), `cast` prints and ethers writes them: put back into their bytes.
//!
//! Only what the bytes say is shown afterwards: a hash or a sender that the JSON names has to be that of the bytes. Nothing here
//! can be signed or sent.

use alloy_consensus::{TxEip1559, TxEip2930, TxEip7702, TxLegacy, TypedTransaction};
use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use serde_json::Value;

use super::{
    EthereumError, Plan, decode,
    json_members::JsonMembers,
    transaction::{chain_of, with_signature, write_unsigned},
};

/// Members under which a transaction stands in an answer or a request.
const WRAPPERS: [&str; 5] = ["result", "transaction", "tx", "transactionRequest", "txData"];
/// Members that hold the signed bytes themselves.
const RAW: [&str; 5] = ["raw", "rawTransaction", "signedTransaction", "serialized", "raw_transaction"];
/// Members of files of fastness, which have readers of their own.
const OURS: [&str; 2] = ["fastness_draft", "fastness_signed"];
/// Names of the list of accounts and storage keys (EIP-2930), and of that of delegations (EIP-7702).
const ACCESS: [&str; 2] = ["accessList", "access_list"];
const AUTHORIZATIONS: [&str; 2] = ["authorizationList", "authorization_list"];
/// Most addresses of an access list, and storage keys of each, that are read.
const MOST_LISTED: usize = 1_024;

/// A transaction that was read from JSON.
#[derive(Debug)]
pub enum JsonTransaction {
    /// Its signed bytes.
    Signed(Vec<u8>),
    /// Not signed, with the sender that the JSON names.
    Unsigned(Plan),
}

/// Whether JSON looks like a transaction of the Ethereum family, and no draft or PSBT in JSON.
#[must_use]
pub fn is_transaction(json: &[u8]) -> bool {
    let Ok(document) = serde_json::from_slice::<Value>(json) else { return false };
    if OURS.iter().any(|name| document.get(name).is_some()) {
        return false;
    }
    let inner = unwrapped(&document);
    let names = |names: &[&str]| names.iter().any(|name| inner.get(name).is_some());
    raw(inner).is_some()
        || (names(&["nonce"]) && names(&["gas", "gasLimit", "gas_limit"]) && names(&["to", "input", "data"]))
}

/// Reads a transaction; `chain_id` is what it is for where it does not say.
///
/// # Errors
/// A member that is not what it is called, one that is missing, or a hash or sender that is not that of the bytes.
pub fn read(json: &[u8], chain_id: Option<u64>) -> Result<JsonTransaction, EthereumError> {
    let document: Value = serde_json::from_slice(json).map_err(|_| wrong("it is not JSON"))?;
    let inner = unwrapped(&document);
    let members = Members(JsonMembers(inner));
    if let Some(raw) = raw(inner) {
        let bytes = raw?.to_vec();
        members.check_named(&bytes)?;
        return Ok(JsonTransaction::Signed(bytes));
    }
    let signature = members.signature()?;
    let transaction = members.transaction(chain_id)?;
    let Some(signature) = signature else {
        let from = members.address(&["from"])?;
        let from = from.ok_or_else(|| wrong("it is not signed, and names no sender (`from`)"))?;
        let (chain, unsigned) = (chain_of(&transaction)?, write_unsigned(&transaction));
        return Ok(JsonTransaction::Unsigned(Plan { chain, from, unsigned, delegate: None }));
    };
    let bytes = with_signature(transaction, signature);
    members.check_named(&bytes)?;
    Ok(JsonTransaction::Signed(bytes))
}

fn unwrapped(document: &Value) -> &Value {
    // `eth_signTransaction` puts the bytes beside the members.
    if raw(document).is_some() { document } else { JsonMembers::within(document, &WRAPPERS).0 }
}

fn raw(value: &Value) -> Option<Result<Bytes, EthereumError>> {
    let text = JsonMembers(value).text(&RAW).transpose()?;
    Some(text.map_err(wrong).and_then(|text| text.parse().map_err(|_| wrong("its raw bytes are not hex"))))
}

fn wrong(what: impl Into<String>) -> EthereumError {
    EthereumError::BadRequest(format!("this is no transaction in JSON that can be read: {}", what.into()))
}

/// What transactions of every type have.
struct Parts {
    chain_id: Option<u64>,
    nonce: u64,
    gas_limit: u64,
    to: TxKind,
    value: U256,
    input: Bytes,
    access_list: AccessList,
}

/// The members of a transaction under the names that programs give them.
struct Members<'a>(JsonMembers<'a>);

impl Members<'_> {
    fn get(&self, names: &[&str]) -> Option<&Value> {
        self.0.get(names)
    }

    fn one(&self, names: &[&str]) -> Result<Option<&Value>, EthereumError> {
        self.0.one(names).map_err(wrong)
    }

    fn text(&self, names: &[&str]) -> Result<Option<&str>, EthereumError> {
        self.0.text(names).map_err(wrong)
    }

    /// A hash and a sender that are named have to be those of the bytes.
    fn check_named(&self, bytes: &[u8]) -> Result<(), EthereumError> {
        let (signed, _) = decode::signed(bytes)?;
        let named = self.text(&["hash", "transactionHash"])?;
        let named = named.map(|text| text.parse::<B256>().map_err(|_| wrong("its `hash` is none"))).transpose()?;
        if named.is_some_and(|hash| hash != signed.hash) {
            return Err(wrong("its `hash` is not that of what it says"));
        }
        if self.address(&["from"])?.is_some_and(|from| from != signed.from) {
            return Err(wrong("its `from` is not the one that signed it"));
        }
        Ok(())
    }

    fn number(&self, names: &[&str]) -> Result<Option<U256>, EthereumError> {
        self.0.number(names).map_err(wrong)
    }

    /// A number that has to be there.
    fn needed<T: TryFrom<U256>>(&self, names: &[&str]) -> Result<T, EthereumError> {
        let first = names.first().copied().unwrap_or_default();
        let found = self.number(names)?.ok_or_else(|| wrong(format!("`{first}` is missing")))?;
        T::try_from(found).map_err(|_| wrong(format!("its `{first}` is too large")))
    }

    fn address(&self, names: &[&str]) -> Result<Option<Address>, EthereumError> {
        let first = names.first().copied().unwrap_or_default();
        let read = |text: &str| text.parse().map_err(|_| wrong(format!("its `{first}` is no address")));
        self.text(names)?.filter(|text| !text.is_empty() && *text != "0x").map(read).transpose()
    }

    fn transaction(&self, asked: Option<u64>) -> Result<TypedTransaction, EthereumError> {
        let parts = self.parts(asked)?;
        match self.kind()? {
            kind @ (0 | 1) => self.priced(parts, kind),
            kind @ (2 | 4) => self.dynamic(parts, kind),
            other => Err(wrong(format!("type {other} is not read here"))),
        }
    }

    fn parts(&self, asked: Option<u64>) -> Result<Parts, EthereumError> {
        let input = match self.text(&["input", "data"])? {
            None | Some("") => Bytes::new(),
            Some(text) => text.parse().map_err(|_| wrong("its `input` is not hex"))?,
        };
        Ok(Parts {
            chain_id: self.chain_id(asked)?,
            nonce: self.needed(&["nonce"])?,
            gas_limit: self.needed(&["gas", "gasLimit", "gas_limit"])?,
            to: self.address(&["to"])?.map_or(TxKind::Create, TxKind::Call),
            value: self.number(&["value"])?.unwrap_or_default(),
            input,
            access_list: self.access_list()?,
        })
    }

    /// Types 0 and 1, which name one price.
    fn priced(&self, parts: Parts, kind: u64) -> Result<TypedTransaction, EthereumError> {
        let gas_price = self.needed(&["gasPrice", "gas_price"])?;
        let Parts { chain_id, nonce, gas_limit, to, value, input, access_list } = parts;
        if kind == 0 {
            return Ok(TxLegacy { chain_id, nonce, gas_price, gas_limit, to, value, input }.into());
        }
        let chain_id = chain_id.ok_or_else(|| wrong("`chainId` is missing"))?;
        Ok(TxEip2930 { chain_id, nonce, gas_price, gas_limit, to, value, access_list, input }.into())
    }

    /// Types 2 and 4, which name a maximum and a tip.
    fn dynamic(&self, parts: Parts, kind: u64) -> Result<TypedTransaction, EthereumError> {
        let max_fee_per_gas = self.needed(&["maxFeePerGas", "max_fee_per_gas"])?;
        let max_priority_fee_per_gas = self.needed(&["maxPriorityFeePerGas", "max_priority_fee_per_gas"])?;
        let Parts { chain_id, nonce, gas_limit, to, value, input, access_list } = parts;
        let chain_id = chain_id.ok_or_else(|| wrong("`chainId` is missing"))?;
        if kind == 2 {
            let transaction = TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to,
                value,
                access_list,
                input,
            };
            return Ok(transaction.into());
        }
        let to = to.to().copied().ok_or_else(|| wrong("`to` is missing"))?;
        let authorization_list = self.authorizations()?;
        Ok(TxEip7702 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            to,
            value,
            access_list,
            authorization_list,
            input,
        }
        .into())
    }

    /// The type that is named, else the one that has these members.
    fn kind(&self) -> Result<u64, EthereumError> {
        if let Some(kind) = self.number(&["type", "txType"])? {
            return u64::try_from(kind).map_err(|_| wrong("its `type` is too large"));
        }
        Ok(if self.get(&AUTHORIZATIONS).is_some() {
            4
        } else if self.get(&["maxFeePerGas", "max_fee_per_gas"]).is_some() {
            2
        } else {
            u64::from(self.get(&ACCESS).is_some())
        })
    }

    /// The chain that is named, or that `v` names (EIP-155), else the one asked for.
    fn chain_id(&self, asked: Option<u64>) -> Result<Option<u64>, EthereumError> {
        if let Some(id) = self.number(&["chainId", "chain_id"])?.filter(|id| !id.is_zero()) {
            return u64::try_from(id).map(Some).map_err(|_| wrong("its `chainId` is too large"));
        }
        let signed = self.signature_members();
        Ok(match signed.number(&["v"])? {
            Some(v) if v >= U256::from(35) => u64::try_from((v - U256::from(35)) / U256::from(2)).ok(),
            Some(_) if signed.get(&["r"]).is_some() => None,
            _ => asked,
        })
    }

    fn access_list(&self) -> Result<AccessList, EthereumError> {
        let Some(list) = self.one(&ACCESS)? else { return Ok(AccessList::default()) };
        let list = list.as_array().filter(|list| list.len() <= MOST_LISTED);
        let list = list.ok_or_else(|| wrong("its `accessList` is no list, or too long"))?;
        list.iter().map(access_item).collect::<Result<Vec<_>, _>>().map(AccessList)
    }

    fn authorizations(&self) -> Result<Vec<SignedAuthorization>, EthereumError> {
        let list = self.one(&AUTHORIZATIONS)?.and_then(Value::as_array);
        let list = list
            .filter(|list| list.len() <= MOST_LISTED)
            .ok_or_else(|| wrong("its `authorizationList` is no list, or too long"))?;
        let read = |entry: &Value| {
            let entry = Members(JsonMembers(entry));
            let address = entry.address(&["address"])?.ok_or_else(|| wrong("an authorization names no address"))?;
            let authorization =
                Authorization { chain_id: entry.needed(&["chainId"])?, address, nonce: entry.needed(&["nonce"])? };
            let signed = entry.signature_members();
            let parity: u8 = signed.needed(if signed.get(&["yParity"]).is_some() { &["yParity"] } else { &["v"] })?;
            Ok(SignedAuthorization::new_unchecked(
                authorization,
                parity,
                signed.needed(&["r"])?,
                signed.needed(&["s"])?,
            ))
        };
        list.iter().map(read).collect()
    }

    /// Where `r`, `s` and the parity stand: beside the others, or in a member of their own.
    fn signature_members(&self) -> Members<'_> {
        Members(self.get(&["signature", "sig"]).filter(|inner| inner.is_object()).map_or(self.0, JsonMembers))
    }

    fn signature(&self) -> Result<Option<Signature>, EthereumError> {
        if let Some(Value::String(text)) = self.one(&["signature", "sig"])? {
            let bytes: Bytes = text.parse().map_err(|_| wrong("its `signature` is not hex"))?;
            return Signature::from_raw(&bytes).map(Some).map_err(|_| wrong("its `signature` is none"));
        }
        let members = self.signature_members();
        let (Some(r), Some(s)) = (members.number(&["r"])?, members.number(&["s"])?) else { return Ok(None) };
        if r.is_zero() && s.is_zero() {
            return Ok(None);
        }
        let of_v = members.number(&["v"])?.map(|v| {
            let base = if v >= U256::from(35) { U256::from(35) } else { U256::from(27) };
            if v < U256::from(27) { v } else { (v - base) % U256::from(2) }
        });
        match (members.number(&["yParity"])?, of_v) {
            (Some(parity), Some(of_v)) if parity != of_v => Err(wrong("its `v` and `yParity` differ")),
            (Some(parity), _) | (None, Some(parity)) => Ok(Some(Signature::new(r, s, !parity.is_zero()))),
            (None, None) => Err(wrong("`yParity` is missing")),
        }
    }
}

fn access_item(item: &Value) -> Result<AccessListItem, EthereumError> {
    let address =
        Members(JsonMembers(item)).address(&["address"])?.ok_or_else(|| wrong("an access list names no address"))?;
    let keys = match item.get("storageKeys") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(keys)) if keys.len() <= MOST_LISTED => keys.as_slice(),
        Some(_) => return Err(wrong("`storageKeys` of an access list is no list, or too long")),
    };
    let key = |key: &Value| {
        key.as_str().and_then(|text| text.parse::<B256>().ok()).ok_or_else(|| wrong("a storage key is none"))
    };
    let storage_keys = keys.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    Ok(AccessListItem { address, storage_keys })
}

#[cfg(test)]
#[path = "transaction_json_tests.rs"]
mod tests;
