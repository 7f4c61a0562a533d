//! The forms in which typed data reaches a wallet: read where the signers in use agree on a signature, and then to the same hash;
//! refused where they do not. Where the list comes from: tests/vectors/README.md.

use alloy_primitives::{Address, B256, Signature, address};
use serde_json::{Value, json};

use super::{
    Ownership,
    message::{MessageContext, typed},
};
use crate::network::EvmChain;

/// The first account of anvil, which signed the list.
const SIGNER: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");

/// Forms that are read though half of the signers refuse them: a type that the message does not use is no part of what is signed,
/// and applications send such ones (MetaMask/metamask-extension#29155).
const READ_ALL_THE_SAME: [&str; 2] = ["v-unused-type", "v-metamask-docs-example"];

fn read(text: &str) -> Option<B256> {
    let ours = Ownership::default();
    let chain = EvmChain::by_id(1).expect("a chain");
    typed(text.as_bytes(), &MessageContext { chain, now: 1_780_000_000, ours: &ours }).ok().map(|review| review.digest)
}

#[test]
fn forms_are_read_where_signers_agree_and_refused_where_not() {
    let list: Value = serde_json::from_str(include_str!("../../../tests/vectors/eip712-forms.json")).expect("a list");
    let cases = list["cases"].as_array().expect("cases");
    assert!(cases.len() > 100);
    let mut wrong = Vec::new();
    for case in cases {
        let (name, text) = (case["name"].as_str().expect("a name"), case["text"].as_str().expect("a text"));
        if READ_ALL_THE_SAME.contains(&name) {
            assert!(read(text).is_some() && case["expected"].is_null(), "{name}");
            continue;
        }
        let found = read(text).map(|digest| {
            let signature: Option<Signature> = case["expected"].as_str().map(|text| text.parse().expect("a signature"));
            signature.is_some_and(|signature| {
                signature.recover_address_from_prehash(&digest).is_ok_and(|found| found == SIGNER)
            })
        });
        if found != case["expected"].as_str().map(|_| true) {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What no type lists is not signed, and that is said.
#[test]
fn members_that_no_type_lists_are_named() {
    let message = json!({
        "types": {"EIP712Domain": [], "Vote": [{"name": "yes", "type": "bool"}]},
        "primaryType": "Vote", "domain": {}, "message": {"yes": true, "note": "and all my money"},
    });
    let ours = Ownership::default();
    let chain = EvmChain::by_id(1).expect("a chain");
    let review =
        typed(message.to_string().as_bytes(), &MessageContext { chain, now: 1, ours: &ours }).expect("a review");
    let warning = review.warnings.iter().find(|warning| warning.code == "not_signed").expect("a warning");
    assert!(warning.text.ends_with("`note`"), "{}", warning.text);
}
