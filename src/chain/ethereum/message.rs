//! Messages: what a person signs without a transaction (EIP-191 text, EIP-712 data), reviewed before, verified after.
//!
//! No bare hash is ever signed: 32 bytes and bytes that are a transaction are refused by name (threats.md H6).

use alloy_primitives::{Address, B256, Signature as Recoverable, hex};

use super::{
    EthereumError, Ownership, permits,
    sign::{recoverable, signer},
    transaction::{read_signed, read_unsigned},
    tree::Tree,
    typed_data::Typed,
    typed_values,
};
use crate::{
    address::evm_text,
    intent::{Consent, Shown, Warning},
    network::EvmChain,
    signing::{EthereumJob, Preimage, Signature},
    text::SafeText,
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
    preimage: Preimage,
}

/// Explains a text or bytes to be signed as a personal message (EIP-191, version 0x45).
///
/// # Errors
/// Bytes that are a hash or a transaction, or more than anybody reads.
pub fn personal(message: &[u8], chain: &EvmChain) -> Result<MessageReview, EthereumError> {
    let refuse = |what: &str| Err(EthereumError::Message(what.to_owned()));
    if message.is_empty() || message.len() > MAX_MESSAGE {
        return refuse("it is empty, or longer than anybody reads");
    }
    if read_unsigned(message).is_ok() || read_signed(message).is_ok() {
        return refuse("it is a transaction in the clothes of a message");
    }
    let text = std::str::from_utf8(message).ok().filter(|text| text.chars().all(|c| !c.is_control() || c == '\n'));
    if text.is_none() && message.len() == 32 {
        return refuse("it is 32 bytes, which could be the hash of anything");
    }
    let mut tree = Tree::new(chain);
    match text {
        Some(text) => text.lines().for_each(|line| tree.line(0, line, "")),
        None => tree.line(0, "bytes", &super::tree::bytes_text(message)),
    }
    let preimage = Preimage::personal_message(message);
    let (digest, tree) = (preimage.digest(), tree.finish());
    Ok(MessageReview {
        sentence: SafeText::new(&format!("Sign a message of {} bytes; it moves nothing by itself", message.len())),
        consents: tree.consents(digest),
        tree,
        digest,
        domain_separator: None,
        struct_hash: None,
        warnings: text.map(sign_in_warnings).unwrap_or_default(),
        preimage,
    })
}

/// Sign-in messages (EIP-4361) prove who you are to whoever shows them.
fn sign_in_warnings(text: &str) -> Vec<Warning> {
    if !text.contains("wants you to sign in with your Ethereum account") {
        return Vec::new();
    }
    let text = "this signs you in at the site that its first line names; check that it is the one you are on";
    vec![Warning { code: "sign_in", text: text.to_owned() }]
}

/// Explains typed data (EIP-712) in JSON, for `chain`. `now` is in seconds since 1970.
///
/// # Errors
/// As [`Typed::read`].
pub fn typed(json: &[u8], chain: &EvmChain, now: u64) -> Result<MessageReview, EthereumError> {
    let typed = Typed::read(json, chain)?;
    let mut tree = Tree::new(chain);
    tree.line(0, &typed.primary, "");
    typed_values::write(&typed.types, (&typed.primary, &typed.message), 1, &mut tree);
    let preimage = Preimage::typed_data(typed.domain_separator, typed.struct_hash);
    let digest = preimage.digest();
    let name = permits::quoted(typed.domain_name.as_ref());
    let at = typed.contract.map_or_else(String::new, |contract| format!(" at {}", evm_text(contract, chain)));
    let (sentence, mut consents, blind) = match permits::grant(&typed, chain, now) {
        Some(grant) => (grant.sentence, grant.consents, grant.blind),
        None => {
            let sentence = format!("Sign a {} for {name}{at}", typed.primary);
            (sentence, Vec::new(), Some("nobody here knows what this message lets others do"))
        }
    };
    if let Some(why) = blind {
        tree.gap(why);
    }
    let tree = tree.finish();
    consents.extend(tree.consents(digest));
    Ok(MessageReview {
        sentence: SafeText::whole(&sentence),
        tree,
        digest,
        domain_separator: Some(typed.domain_separator),
        struct_hash: Some(typed.struct_hash),
        consents,
        warnings: Vec::new(),
        preimage,
    })
}

/// The job of signing a message with the key of one of our accounts.
///
/// # Errors
/// The account is not ours.
pub fn job(review: &MessageReview, from: Address, ours: &Ownership) -> Result<EthereumJob, EthereumError> {
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

/// Who signed a message: the address that the signature recovers to.
///
/// # Errors
/// Not 65 bytes, a high S (EIP-2), or a signature of nobody.
pub fn recovered(review: &MessageReview, signature: &str) -> Result<Address, EthereumError> {
    let wrong = |what: &str| EthereumError::Message(what.to_owned());
    let bytes = hex::decode(signature.trim()).map_err(|_| wrong("the signature is not hex"))?;
    let [body @ .., v] = bytes.as_slice() else { return Err(wrong("the signature is empty")) };
    if body.len() != 64 || !matches!(v, 0 | 1 | 27 | 28) {
        return Err(wrong("a signature is 65 bytes that end in 27 or 28"));
    }
    let signature = Recoverable::from_bytes_and_parity(body, matches!(v, 1 | 28));
    if signature.normalize_s().is_some() {
        return Err(wrong("the signature is not in low-S form (EIP-2), and could have been altered"));
    }
    signature.recover_address_from_prehash(&review.digest).map_err(|_| wrong("the signature belongs to nobody"))
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
