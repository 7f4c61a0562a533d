//! Typed data (EIP-712): read strictly, hashed by `alloy-dyn-abi`, shown in the order of its types.
//!
//! Whatever programs in use read in two ways is refused before it is hashed: doubled keys, missing members, cycles, numbers out of
//! range, another chain. What they all leave out is left out: members that no type lists. No keys, and nothing is signed here.

use std::collections::BTreeMap;

use alloy_dyn_abi::TypedData;
use alloy_primitives::{Address, B256, U256};
use serde_json::Value;

use super::{
    EthereumError, strict_json,
    typed_values::{self, Extra, Rules},
};
use crate::{
    chain::ethereum::typed_members::{Member, bad, base},
    network::EvmChain,
    text::SafeText,
};

/// No message that a person reads is larger.
const MAX_BYTES: usize = 256 * 1024;
/// The members of a domain, in the order that EIP-712 gives them.
const DOMAIN: [(&str, &str); 5] = [
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
];
/// Types and members of one message.
const MAX_TYPES: usize = 64;
const MAX_MEMBERS: usize = 128;

/// A message that passed every check, with its hashes.
#[derive(Clone, Debug)]
pub struct TypedMessage {
    /// Name of the type that is signed.
    pub primary: String,
    /// Name in the domain, if it has one.
    pub domain_name: Option<SafeText>,
    /// Contract in the domain, if it has one.
    pub contract: Option<Address>,
    /// Hash of the domain.
    pub domain_separator: B256,
    /// Hash of the message.
    pub struct_hash: B256,
    /// `encodeType` of the message (EIP-712): its type with every type that it depends on.
    pub(super) encoded_type: String,
    /// `encodeType` of the domain.
    pub(super) domain_type: String,
    /// Version in the domain, if it has one.
    pub(super) domain_version: Option<String>,
    /// The whole domain.
    pub(super) domain: Value,
    pub(super) types: BTreeMap<String, Vec<Member>>,
    pub(super) message: Value,
    /// Members of the message that no type lists: they are no part of what is signed.
    pub(super) left_out: Vec<String>,
}

/// The four parts of typed data, after every check of their form.
struct TypedParts {
    /// The members of each type, by its name.
    types: BTreeMap<String, Vec<Member>>,
    /// Name of the type that is signed.
    primary: String,
    /// The domain.
    domain: Value,
    /// The message.
    message: Value,
}

impl TypedMessage {
    /// Reads typed data in JSON for `chain`.
    ///
    /// # Errors
    /// Anything that EIP-712 does not allow or leaves open, and a domain that is not for this chain.
    pub fn read(json: &[u8], chain: &EvmChain) -> Result<Self, EthereumError> {
        if json.len() > MAX_BYTES {
            return Err(bad("it is larger than anybody reads"));
        }
        let Value::Object(mut root) = strict_json::read(json).map_err(bad)? else {
            return Err(bad("it is not an object"));
        };
        let mut take = |name: &str| root.remove(name).ok_or_else(|| bad(format!("`{name}` is missing")));
        let (types, primary, domain, message) =
            (take("types")?, take("primaryType")?, take("domain")?, take("message")?);
        let types = read_types(&types)?;
        let primary = primary.as_str().ok_or_else(|| bad("`primaryType` is not a name"))?.to_owned();
        check_types(&types, &primary)?;
        let domain = read_domain(&types, &domain, chain)?;
        let mut left_out = Vec::new();
        typed_values::left_out(&types, &primary, &message, &mut left_out);
        let message = typed_values::read(&types, &primary, &message, Rules { chain, extra: Extra::LeftOut })?;
        Ok(Self { left_out, ..Self::hashed(TypedParts { types, primary, domain, message }, chain)? })
    }

    fn hashed(parts: TypedParts, chain: &EvmChain) -> Result<Self, EthereumError> {
        let TypedParts { types, primary, domain, message } = parts;
        let listed = types.iter().map(|(name, members)| (name.clone(), members_json(members))).collect();
        let whole = serde_json::json!({
            "types": Value::Object(listed), "primaryType": primary, "domain": domain, "message": message,
        });
        let data: TypedData = serde_json::from_value(whole).map_err(|_| bad("its types are not understood"))?;
        let struct_hash = data.hash_struct().map_err(|_| bad("the message does not fit its types"))?;
        let encoded_type = data.encode_type().map_err(|_| bad("its types are not understood"))?;
        let text = |name: &str| domain.get(name).and_then(Value::as_str);
        let contract = text("verifyingContract").map(|text| typed_values::address(text, chain)).transpose()?;
        Ok(Self {
            domain_name: text("name").map(SafeText::new),
            contract,
            domain_separator: data.domain().separator(),
            struct_hash,
            encoded_type,
            domain_type: data.domain().encode_type(),
            domain_version: text("version").map(str::to_owned),
            domain,
            primary,
            types,
            message,
            left_out: Vec::new(),
        })
    }
}

impl TypedMessage {
    /// Whether the domain names a chain.
    pub(super) fn names_a_chain(&self) -> bool {
        self.domain_type.contains("uint256 chainId")
    }

    /// Every address of the message, at any depth, each once.
    pub(super) fn addresses(&self, chain: &EvmChain) -> Vec<Address> {
        let mut found = Vec::new();
        typed_values::addresses(&self.types, &self.primary, &self.message, &mut |text| {
            found.extend(typed_values::address(text, chain).ok().filter(|address| !address.is_zero()));
        });
        let mut distinct = Vec::new();
        for address in found {
            if !distinct.contains(&address) {
                distinct.push(address);
            }
        }
        distinct
    }
}

fn members_json(members: &[Member]) -> Value {
    members.iter().map(|member| serde_json::json!({"name": member.name, "type": member.ty})).collect()
}

fn read_types(value: &Value) -> Result<BTreeMap<String, Vec<Member>>, EthereumError> {
    let types = value.as_object().filter(|types| types.len() <= MAX_TYPES);
    let types = types.ok_or_else(|| bad("`types` is not a list of types"))?;
    types.iter().map(|(name, members)| Ok((identifier(name)?, read_members(name, members)?))).collect()
}

fn read_members(name: &str, value: &Value) -> Result<Vec<Member>, EthereumError> {
    let list = value.as_array().filter(|list| list.len() <= MAX_MEMBERS);
    let list = list.ok_or_else(|| bad(format!("type `{name}` is not a list of members")))?;
    let mut members: Vec<Member> = Vec::new();
    for entry in list {
        let field = |field: &str| entry.get(field).and_then(Value::as_str);
        // Compilers write more beside them, such as `internalType`; it is no part of what is hashed.
        let (Some(member), Some(ty)) = (field("name"), field("type")) else {
            return Err(bad(format!("a member of `{name}` is not a name and a type")));
        };
        let member = identifier(member)?;
        if members.iter().any(|other| other.name == member) {
            return Err(bad(format!("`{name}` has two members `{member}`")));
        }
        members.push(Member { name: member, ty: ty.to_owned() });
    }
    Ok(members)
}

/// A name as Solidity allows it.
fn identifier(name: &str) -> Result<String, EthereumError> {
    let mut letters = name.bytes();
    let first = letters.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$');
    let rest = letters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$');
    if first && rest && name.len() <= 128 { Ok(name.to_owned()) } else { Err(bad(format!("`{name}` is not a name"))) }
}

/// Every type is defined or atomic, and none holds itself. One that the message does not use is no part of what is signed:
/// applications send such ones (MetaMask/metamask-extension#29155).
fn check_types(types: &BTreeMap<String, Vec<Member>>, primary: &str) -> Result<(), EthereumError> {
    if primary == "EIP712Domain" || !types.contains_key(primary) {
        return Err(bad(format!("the primary type `{primary}` is not defined")));
    }
    for (name, members) in types {
        if typed_values::is_atomic(name) {
            return Err(bad(format!("`{name}` is a type already")));
        }
        for member in members {
            typed_values::check_type(&member.ty, types)?;
        }
    }
    reach(types, primary, &mut Vec::new(), &mut Vec::new())
}

fn reach(
    types: &BTreeMap<String, Vec<Member>>,
    name: &str,
    above: &mut Vec<String>,
    reached: &mut Vec<String>,
) -> Result<(), EthereumError> {
    if above.iter().any(|other| other == name) {
        return Err(bad(format!("type `{name}` holds itself")));
    }
    if reached.iter().any(|other| other == name) {
        return Ok(());
    }
    above.push(name.to_owned());
    for member in types.get(name).into_iter().flatten() {
        if types.contains_key(base(&member.ty)) {
            reach(types, base(&member.ty), above, reached)?;
        }
    }
    above.pop();
    reached.push(name.to_owned());
    Ok(())
}

/// The domain holds exactly what its type lists, in the standard's order and types, and names no other chain.
fn read_domain(
    types: &BTreeMap<String, Vec<Member>>,
    domain: &Value,
    chain: &EvmChain,
) -> Result<Value, EthereumError> {
    let listed = types.get("EIP712Domain").ok_or_else(|| bad("`EIP712Domain` is not defined"))?;
    let mut standard = DOMAIN.iter();
    for member in listed {
        if !standard.any(|(name, ty)| *name == member.name && *ty == member.ty) {
            return Err(bad(format!("`{}` has no place in a domain there", member.name)));
        }
    }
    let domain = typed_values::read(types, "EIP712Domain", domain, Rules { chain, extra: Extra::Refused })?;
    // A domain without a chain is good on every chain: that is for the review to say, for old Safes have no other.
    let Some(id) = domain.get("chainId") else { return Ok(domain) };
    let id = typed_values::unsigned(id, 256)?;
    if id == U256::from(chain.id) {
        return Ok(domain);
    }
    Err(bad(format!("its domain is for chain {id}, and this is {chain}")))
}
