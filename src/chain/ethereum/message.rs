//! Messages: what a person signs without a transaction (EIP-191 text, EIP-712 data), reviewed before, verified after.
//!
//! No bare hash is ever signed: 32 bytes and bytes that are a transaction are refused by name.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, Signature as Recoverable, hex};

use super::{
    EthereumError, Ownership,
    message_reader::MessageReader,
    policy,
    sign::{recoverable, signer},
    sign_in,
    transaction::{read_signed, read_unsigned},
    tree::Tree,
    typed_data::TypedMessage,
    typed_values::TypedTree,
};
use crate::{
    network::EvmChain,
    review::{Consent, Shown, Warning},
    signing::{EthereumJob, Preimage, Signature},
    text::SafeText,
    token::Token,
};

/// No message that a person reads is longer.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// A message, explained.
#[derive(Clone, Debug)]
pub struct MessageReview {
    /// One sentence: what signing it means.
    pub sentence: SafeText,
    /// The message as lines or as a tree.
    pub tree: Shown,
    /// Keccak-256 that is signed.
    pub digest: B256,
    /// EIP-712: hash of the domain.
    pub domain_separator: Option<B256>,
    /// EIP-712: hash of the message.
    pub struct_hash: Option<B256>,
    /// What has to be agreed to by name.
    pub consents: Vec<Consent>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
    /// The addresses that gain by it, and in a message of unknown type every address. `--expect-to` names them.
    pub beneficiaries: Vec<Address>,
    /// The account that has to sign it for it to be good, where the standard says.
    pub owner: Option<Address>,
    preimage: Preimage,
}

/// What a message is explained for.
#[derive(Clone, Copy, Debug)]
pub struct MessageContext<'a> {
    /// The chain that the person works on.
    pub chain: &'static EvmChain,
    /// Seconds since 1970.
    pub now: u64,
    /// What this wallet knows: its accounts, added tokens, earlier payees.
    pub ours: &'a Ownership,
}

/// Explains a text or bytes to be signed as a personal message (EIP-191, version 0x45).
///
/// # Errors
/// Bytes that are a hash or a transaction, or too many for a person to read.
pub fn personal(message: &[u8], asked: &MessageContext<'_>) -> Result<MessageReview, EthereumError> {
    let refuse = |what: &str| Err(EthereumError::Message(what.to_owned()));
    if message.is_empty() || message.len() > MAX_MESSAGE {
        return refuse("it is empty, or longer than anybody reads");
    }
    if read_unsigned(message).is_ok() || read_signed(message).is_ok() {
        return refuse("it is a transaction in the clothes of a message");
    }
    let text = std::str::from_utf8(message).ok();
    let is_text = text.is_some_and(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')));
    if !is_text && message.len() == 32 {
        return refuse("it is 32 bytes, which could be the hash of anything");
    }
    let mut tree = Tree::new(asked.chain);
    match text {
        Some(text) => text.lines().for_each(|line| tree.line(0, line, "")),
        None => {
            tree.line(0, "bytes", &super::tree::bytes_text(message));
            tree.gap("it is no text, and nobody here knows what its bytes mean");
        }
    }
    let preimage = Preimage::personal_message(message);
    let (digest, tree) = (preimage.digest(), tree.finish());
    let sign_in = sign_in::told(&String::from_utf8_lossy(message), asked.chain, asked.now);
    let bytes = message.len();
    let sentence =
        sign_in.sentence.unwrap_or_else(|| format!("Sign a message of {bytes} bytes; it moves nothing by itself"));
    Ok(MessageReview {
        sentence: SafeText::whole(&sentence),
        consents: tree.consents(digest),
        tree,
        digest,
        domain_separator: None,
        struct_hash: None,
        beneficiaries: Vec::new(),
        owner: sign_in.account,
        warnings: sign_in.warnings.into_iter().chain(text.and_then(hidden)).collect(),
        preimage,
    })
}

/// Characters that cannot be seen or pass for others are shown by their codes, and it is said that they are there.
fn hidden(text: &str) -> Option<Warning> {
    let hides = |line: &str| {
        let line = line.replace('\t', " ");
        SafeText::whole(&line).as_str() != line
    };
    let what = "it holds characters that cannot be seen or pass for others; they are shown as \\u{...}";
    text.lines().any(hides).then(|| Warning { code: "hidden_characters", text: what.to_owned() })
}

/// Explains typed data (EIP-712) in JSON.
///
/// # Errors
/// As [`TypedMessage::read`].
pub fn typed(json: &[u8], asked: &MessageContext<'_>) -> Result<MessageReview, EthereumError> {
    let &MessageContext { chain, now, ours } = asked;
    let typed = TypedMessage::read(json, chain)?;
    let grant = MessageReader { typed: &typed, chain, now, ours }.grant();
    let mut tree = Tree::new(chain);
    for (place, item) in grant.items.iter().enumerate() {
        tree.line(0, &format!("item {}", place + 1), item);
    }
    tree.line(0, "domain", "");
    TypedTree { types: &typed.types, tree: &mut tree }.structure("EIP712Domain", &typed.domain, 1);
    tree.line(0, &typed.primary, "");
    TypedTree { types: &typed.types, tree: &mut tree }.structure(&typed.primary, &typed.message, 1);
    for line in grant.call.iter().flat_map(|call| call.tree.iter()) {
        tree.line(line.depth.saturating_add(1), line.name.as_str(), line.value.as_str());
    }
    let called = grant.call.iter().flat_map(|call| call.tree.gaps()).map(|gap| gap.why.to_string());
    grant.blind.iter().cloned().chain(called).for_each(|why| tree.gap(&why));
    if !typed.names_a_chain() && !grant.tells_of_no_chain {
        tree.gap("its domain names no chain, so it would be good on every chain");
    }
    let preimage = Preimage::typed_data(typed.domain_separator, typed.struct_hash);
    let (digest, tree) = (preimage.digest(), tree.finish());
    let mut consents = grant.consents;
    let of_the_call = grant.call.iter().flat_map(|call| call.consents.iter());
    consents.extend(of_the_call.filter(|consent| !matches!(consent, Consent::Blind { .. })).cloned());
    consents.extend(unusual(&typed, &grant.beneficiaries, asked));
    consents.extend(tree.consents(digest));
    let of_the_call = grant.call.into_iter().flat_map(|call| call.warnings);
    let strangers = strangers(&grant.beneficiaries, asked);
    Ok(MessageReview {
        sentence: SafeText::whole(&grant.sentence),
        tree,
        digest,
        domain_separator: Some(typed.domain_separator),
        struct_hash: Some(typed.struct_hash),
        consents: distinct(consents),
        warnings: grant.warnings.into_iter().chain(not_signed(&typed)).chain(of_the_call).chain(strangers).collect(),
        beneficiaries: grant.beneficiaries,
        owner: grant.owner,
        preimage,
    })
}

/// Beneficiaries at an address that loses money or is a look-alike, and every other address of the message that is one.
fn unusual(typed: &TypedMessage, beneficiaries: &[Address], asked: &MessageContext<'_>) -> Vec<Consent> {
    let own = asked.ours.accounts.iter().map(|account| account.address);
    let known: Vec<Address> = asked.ours.known_addresses.iter().copied().chain(own).collect();
    let gains = beneficiaries.iter().filter_map(|to| policy::unusual(*to, &known).map(|why| (*to, why)));
    let named =
        typed.addresses(asked.chain).into_iter().filter_map(|to| policy::look_alike(to, &known).map(|why| (to, why)));
    gains.chain(named).map(|(to, why)| Consent::UnusualDestination { to, why }).collect()
}

/// Beneficiaries that were never paid from here before and are no pinned token: said, for a person who knows better.
fn not_signed(typed: &TypedMessage) -> Option<Warning> {
    let distinct: BTreeSet<&String> = typed.left_out.iter().collect();
    let named = distinct.into_iter().map(|name| format!("`{}`", SafeText::new(name))).collect::<Vec<_>>().join(", ");
    let text = format!("in the file and no part of what is signed, for no type lists it: {named}");
    (!named.is_empty()).then_some(Warning { code: "not_signed", text })
}

fn strangers(beneficiaries: &[Address], asked: &MessageContext<'_>) -> Vec<Warning> {
    let own = |address: &Address| asked.ours.accounts.iter().any(|account| account.address == *address);
    let known = |address: &Address| asked.ours.known_addresses.contains(address) || own(address);
    let strange =
        beneficiaries.iter().filter(|address| !known(address) && Token::at(asked.chain.id, **address).is_none());
    let text = |address: &Address| format!("{address} is an address that this wallet never paid before");
    // Without an account of ours no earlier payment could exist.
    let named = if asked.ours.accounts.is_empty() { Vec::new() } else { strange.map(text).collect() };
    named.into_iter().map(|text| Warning { code: "first_time", text }).collect()
}

fn distinct(consents: Vec<Consent>) -> Vec<Consent> {
    let mut distinct: Vec<Consent> = Vec::new();
    for consent in consents {
        if !distinct.contains(&consent) {
            distinct.push(consent);
        }
    }
    distinct
}

/// The job of signing a message with the key of one of our accounts.
///
/// # Errors
/// The account is not ours, or not the one that the message is for.
pub fn job(review: &MessageReview, from: Address, ours: &Ownership) -> Result<EthereumJob, EthereumError> {
    if let Some(owner) = review.owner.filter(|owner| *owner != from) {
        return Err(EthereumError::Message(format!("it is for the account {owner}, and {from} would sign it")));
    }
    let signer = signer(from, ours)?;
    Ok(EthereumJob { path: signer.path, public_key: signer.public_key, preimage: review.preimage.clone() })
}

/// The 65 bytes of a finished signature in hex: r, s, and 27 or 28.
///
/// # Errors
/// It is not the signer's.
pub fn finish(review: &MessageReview, from: Address, signature: &Signature) -> Result<String, EthereumError> {
    let signature = recoverable(review.preimage.bytes(), signature, from)?;
    Ok(hex::encode_prefixed(signature.as_bytes()))
}

/// The 32 bytes that are signed for a text or for bytes (EIP-191).
#[must_use]
pub fn personal_digest(message: &[u8]) -> B256 {
    Preimage::personal_message(message).digest()
}

/// The signer of a digest: the address that the signature recovers to.
///
/// # Errors
/// Neither 65 bytes nor the 64 of EIP-2098, a high S (EIP-2), or a signature that recovers to no address.
pub fn recovered(digest: B256, signature: &[u8]) -> Result<Address, EthereumError> {
    let wrong = EthereumError::Signature;
    let signature = match signature {
        // The parity is the highest bit of S (EIP-2098), which is never set in low-S form.
        compact @ [_, ..] if compact.len() == 64 => Recoverable::from_erc2098(compact),
        [body @ .., v] if body.len() == 64 && matches!(v, 0 | 1 | 27 | 28) => {
            Recoverable::from_bytes_and_parity(body, matches!(v, 1 | 28))
        }
        _ => return Err(wrong("it is neither 65 bytes that end in 27 or 28, nor the 64 of EIP-2098")),
    };
    if signature.normalize_s().is_some() {
        return Err(wrong("it is not in low-S form (EIP-2), and could have been altered"));
    }
    signature.recover_address_from_prehash(&digest).map_err(|_| wrong("it belongs to nobody"))
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "known_message_tests.rs"]
mod known_message_tests;
