//! The review: what a transaction does, from its bytes alone. What must not be signed is refused here.
//!
//! Nothing of a draft's context gets in. The owner of the sender is settled when it is signed (sign.rs).

use alloy_consensus::{Transaction, TypedTransaction};
use alloy_eips::{eip2930::AccessListItem, eip7702::SignedAuthorization};
use alloy_primitives::{Address, U256, keccak256};
use sha2::{Digest, Sha256};

use super::{
    EthereumError, Ownership, Plan, SignedTransaction,
    call_reader::calldata_digest,
    call_summary::{Reading, Transacted},
    calldata, policy,
    transaction::{chain_of, read_signed, read_unsigned, type_of},
    units::native,
};
use crate::{
    address::evm_text,
    network::EvmChain,
    review::{Consent, EvmFeeReview, EvmReview, Leaving, MAX_LINES, ReviewedAuthorization, Warning},
    text::SafeText,
};

/// Domain of a draft's digest, so that it is no digest of anything else.
const DIGEST_DOMAIN: &[u8] = b"fastness/ethereum/draft/1";

/// Reads signed bytes: the transaction with its recovered signer, and as a plan for review.
///
/// # Errors
/// As [`read_signed`].
pub fn signed(bytes: &[u8]) -> Result<(SignedTransaction, Plan), EthereumError> {
    read_signed(bytes)
}

/// Tells what a plan does.
///
/// # Errors
/// The bytes are no transaction that is signed here, are for another chain than the plan says, or delegate to a
/// contract that is not allowed.
pub fn review(plan: &Plan, ours: &Ownership) -> Result<EvmReview, EthereumError> {
    let transaction = read_unsigned(&plan.unsigned)?;
    let chain = chain_of(&transaction)?;
    if chain != plan.chain {
        return Err(EthereumError::OtherChain { found: chain.id, expected: plan.chain.id });
    }
    // EIP-2681: no transaction has this nonce.
    if transaction.nonce() == u64::MAX {
        return Err(EthereumError::Refused("its nonce is 2^64-1, which no account can use (EIP-2681)".to_owned()));
    }
    let reading = calldata::read(&transacted(&transaction, plan), ours);
    let authorizations = authorizations(&transaction, plan, ours)?;
    let action = delegation_sentence(&transaction, &authorizations).unwrap_or_else(|| reading.action.clone());
    let fee = fee(&transaction, chain);
    let (value, data) = (transaction.value(), transaction.input());
    let worst_total = native(chain, value.saturating_add(fee.worst.value));
    Ok(EvmReview {
        chain,
        digest: digest(plan),
        signing_hash: keccak256(&plan.unsigned),
        tx_type: type_of(&transaction)?,
        from: plan.from,
        to: transaction.to(),
        creates: transaction.to().is_none().then(|| plan.from.create(transaction.nonce())),
        nonce: transaction.nonce(),
        value: native(chain, value),
        calldata_digest: (!data.is_empty()).then(|| calldata_digest(data)),
        data_bytes: data.len(),
        fee,
        worst_total,
        access_list: access_list(&transaction, chain)?,
        consents: consents(&reading, &authorizations, plan, ours),
        warnings: warnings(&reading, &transaction, plan),
        authorizations,
        action: SafeText::whole(&action),
        moved: reading.moved,
        leaving: by_token(reading.leaving),
        measure: reading.measure,
        beneficiaries: reading.beneficiaries,
        certainty: reading.certainty,
        calldata: reading.tree,
    })
}

/// One entry for each token, with all that may leave of it.
fn by_token(all: Vec<Leaving>) -> Vec<Leaving> {
    let mut sums: Vec<Leaving> = Vec::new();
    for one in all {
        match sums.iter_mut().find(|sum| sum.token == one.token) {
            Some(sum) => sum.amount.value = sum.amount.value.saturating_add(one.amount.value),
            None => sums.push(one),
        }
    }
    sums
}

fn transacted<'a>(transaction: &'a TypedTransaction, plan: &Plan) -> Transacted<'a> {
    Transacted {
        chain: plan.chain,
        from: plan.from,
        to: transaction.to(),
        value: transaction.value(),
        data: transaction.input(),
    }
}

/// The digest of a draft, over everything that decides what is signed and by whom: 64 hex digits.
#[must_use]
pub fn digest(plan: &Plan) -> String {
    let mut hasher = Sha256::new();
    hasher.update(DIGEST_DOMAIN);
    hasher.update(plan.from);
    match plan.delegate {
        Some(delegate) => hasher.update([&[1u8][..], delegate.as_slice()].concat()),
        None => hasher.update([0u8]),
    }
    hasher.update(&plan.unsigned);
    hex::DisplayHex::to_lower_hex_string(hasher.finalize().as_slice())
}

fn fee(transaction: &TypedTransaction, chain: &EvmChain) -> EvmFeeReview {
    let (gas_limit, max_fee_per_gas) = (transaction.gas_limit(), transaction.max_fee_per_gas());
    EvmFeeReview {
        gas_limit,
        max_fee_per_gas,
        tip_per_gas: transaction.max_priority_fee_per_gas(),
        worst: native(chain, U256::from(gas_limit) * U256::from(max_fee_per_gas)),
        beside_gas: None,
    }
}

/// Every entry of an access list (EIP-2930): an address, then its storage keys.
///
/// # Errors
/// It is too long to be read by a person.
fn access_list(transaction: &TypedTransaction, chain: &EvmChain) -> Result<Vec<String>, EthereumError> {
    let items = transaction.access_list().map(|list| list.0.as_slice()).unwrap_or_default();
    let keys: usize = items.iter().map(|item| item.storage_keys.len()).sum();
    if items.len().saturating_add(keys) > MAX_LINES {
        return Err(EthereumError::Refused("its access list is longer than anybody reads".to_owned()));
    }
    let entry = |item: &AccessListItem| {
        let keys = item.storage_keys.iter().map(|key| format!("  key {key}"));
        std::iter::once(evm_text(item.address, chain)).chain(keys).collect::<Vec<_>>()
    };
    Ok(items.iter().flat_map(entry).collect())
}

/// EIP-7702 authorisations: those in the bytes, and the one of our own that is still to be signed.
fn authorizations(
    transaction: &TypedTransaction,
    plan: &Plan,
    ours: &Ownership,
) -> Result<Vec<ReviewedAuthorization>, EthereumError> {
    let listed = transaction.authorization_list().unwrap_or_default();
    let mut reviewed = listed.iter().map(|signed| listed_one(signed, plan)).collect::<Result<Vec<_>, _>>()?;
    match (transaction, plan.delegate) {
        (TypedTransaction::Eip7702(_), Some(delegate)) => {
            let nonce = transaction.nonce().saturating_add(1);
            reviewed.push(ReviewedAuthorization { authority: Some(plan.from), delegate, nonce });
        }
        (TypedTransaction::Eip7702(_), None) if listed.is_empty() => {
            return Err(EthereumError::Refused(
                "a transaction of type 4 without an authorisation (EIP-7702)".to_owned(),
            ));
        }
        (_, Some(_)) => return Err(EthereumError::Refused("it delegates, and is not of type 4 (EIP-7702)".to_owned())),
        _ => {}
    }
    let allowed = |delegate: Address| delegate.is_zero() || ours.allowed_delegates.contains(&delegate);
    match reviewed.iter().find(|authorization| !allowed(authorization.delegate)) {
        Some(authorization) => Err(EthereumError::Refused(format!(
            "it delegates an account to {}, which is not among the delegates that config.toml allows on {} (EIP-7702)",
            authorization.delegate, plan.chain.title
        ))),
        None => Ok(reviewed),
    }
}

fn listed_one(signed: &SignedAuthorization, plan: &Plan) -> Result<ReviewedAuthorization, EthereumError> {
    if *signed.chain_id() != U256::from(plan.chain.id) {
        let what = format!(
            "an authorisation in it is for chain {}, not {} alone (EIP-7702)",
            signed.chain_id(),
            plan.chain.id
        );
        return Err(EthereumError::Refused(what));
    }
    let authority = signed
        .signature()
        .ok()
        .and_then(|signature| signature.recover_address_from_prehash(&signed.signature_hash()).ok());
    if authority.is_none() {
        return Err(EthereumError::Refused("an authorisation in it is signed by nobody (EIP-7702)".to_owned()));
    }
    Ok(ReviewedAuthorization { authority, delegate: *signed.address(), nonce: signed.nonce() })
}

/// What a transaction does that is there for its delegations alone.
fn delegation_sentence(transaction: &TypedTransaction, authorizations: &[ReviewedAuthorization]) -> Option<String> {
    let [one] = authorizations else { return None };
    if !transaction.input().is_empty() || !transaction.value().is_zero() {
        return None;
    }
    let who = one.authority.map_or_else(|| "an account".to_owned(), |who| who.to_string());
    Some(match one.delegate {
        none if none.is_zero() => format!("No longer let a contract run as {who}"),
        delegate => format!("Let the contract {delegate} run as {who}, with everything that it owns"),
    })
}

/// What the calldata asks for, destinations that lose money, and delegations.
fn consents(
    reading: &Reading,
    authorizations: &[ReviewedAuthorization],
    plan: &Plan,
    ours: &Ownership,
) -> Vec<Consent> {
    let mut consents = reading.consents.clone();
    let own = ours.accounts.iter().map(|account| account.address);
    let known: Vec<Address> = ours.known_addresses.iter().copied().chain(own).chain([plan.from]).collect();
    let gain = reading.beneficiaries.iter().map(|to| (*to, policy::unusual(*to, &known)));
    // Nothing goes to these, and none may pass for another address.
    let named = reading.named.iter().map(|to| (*to, policy::look_alike(*to, &known)));
    let unusual = gain.chain(named).filter_map(|(to, why)| Some(Consent::UnusualDestination { to, why: why? }));
    consents.extend(unusual);
    let delegates = authorizations.iter().map(|authorization| authorization.delegate);
    consents.extend(delegates.filter(|delegate| !delegate.is_zero()).map(|delegate| Consent::Delegation { delegate }));
    let mut distinct: Vec<Consent> = Vec::new();
    for consent in consents {
        if !distinct.contains(&consent) {
            distinct.push(consent);
        }
    }
    distinct
}

fn warnings(reading: &Reading, transaction: &TypedTransaction, plan: &Plan) -> Vec<Warning> {
    let mut warnings = counted(&reading.warnings);
    let mut warn = |code, text: String| warnings.push(Warning { code, text });
    if transaction.to() == Some(plan.from) && plan.delegate.is_none() && !transaction.value().is_zero() {
        warn("to_self", "it sends coins to the account that they are on".to_owned());
    }
    if transaction.max_priority_fee_per_gas().is_some_and(|tip| tip > transaction.max_fee_per_gas()) {
        warn("tip_above_maximum", "the tip is above the maximum price; no node takes this".to_owned());
    }
    warnings
}

/// Each sentence once, with how often it was said.
fn counted(warnings: &[Warning]) -> Vec<Warning> {
    let mut once: Vec<(&Warning, usize)> = Vec::new();
    for warning in warnings {
        match once.iter_mut().find(|(said, _)| *said == warning) {
            Some((_, times)) => *times += 1,
            None => once.push((warning, 1)),
        }
    }
    let counted = once.into_iter().map(|(warning, times)| match times {
        1 => warning.clone(),
        times => Warning { code: warning.code, text: format!("{} ({times} times)", warning.text) },
    });
    counted.collect()
}
