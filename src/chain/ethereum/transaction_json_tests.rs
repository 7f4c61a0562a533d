//! Transactions in the JSON of nodes and of ethers, which have to come to the bytes that eth-account signed.
//!
//! Tests only.

use serde_json::{Value, json};

use super::*;

fn cases() -> Vec<Value> {
    let list: Value = serde_json::from_str(include_str!("../../../tests/vectors/transactions-json.json")).unwrap();
    list["cases"].as_array().unwrap().clone()
}

fn signed(json: &Value) -> Result<String, String> {
    match read(json.to_string().as_bytes(), None) {
        Ok(JsonTransaction::Signed(bytes)) => Ok(alloy_primitives::hex::encode_prefixed(bytes)),
        Ok(JsonTransaction::Unsigned(_)) => Err("unsigned".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn every_form_comes_to_the_bytes_that_were_signed() {
    for case in cases() {
        let raw = case["raw"].as_str().unwrap();
        let node = &case["node"];
        for form in [
            node.clone(),
            case["ethers"].clone(),
            json!({"jsonrpc": "2.0", "id": 1, "result": node}),
            json!({"raw": raw, "tx": node}),
            json!({"rawTransaction": raw}),
        ] {
            assert!(is_transaction(form.to_string().as_bytes()), "{form}");
            assert_eq!(signed(&form).as_deref(), Ok(raw), "{form}");
        }
    }
}

#[test]
fn a_hash_or_sender_of_others_is_refused() {
    for case in cases() {
        for (member, value) in [
            ("hash", "0x0000000000000000000000000000000000000000000000000000000000000001"),
            ("from", "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"),
            ("value", "0x7"),
            ("nonce", "x"),
            ("input", "0xzz"),
            ("type", "0x9"),
        ] {
            let mut form = case["node"].clone();
            form[member] = value.into();
            assert!(signed(&form).is_err(), "{form}");
        }
    }
}

#[test]
fn what_is_not_signed_needs_its_sender() {
    for case in cases() {
        let mut form = case["node"].clone();
        for member in ["r", "s", "v", "yParity", "hash"] {
            form.as_object_mut().unwrap().remove(member);
        }
        let Ok(JsonTransaction::Unsigned(plan)) = read(form.to_string().as_bytes(), None) else { panic!("{form}") };
        assert_eq!(plan.from.to_string(), "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        form.as_object_mut().unwrap().remove("from");
        assert!(read(form.to_string().as_bytes(), None).is_err());
        // Without a chain it is that of the network asked for, or none at all.
        form["from"] = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266".into();
        form.as_object_mut().unwrap().remove("chainId");
        assert!(read(form.to_string().as_bytes(), None).is_err());
        assert!(
            matches!(read(form.to_string().as_bytes(), Some(10)), Ok(JsonTransaction::Unsigned(plan)) if plan.chain.id == 10)
        );
    }
}

#[test]
fn other_json_is_no_transaction() {
    for text in [
        "{}",
        "[]",
        "7",
        "{\"nonce\": 1}",
        "{\"fastness_draft\": 1, \"psbt\": \"\"}",
        "{\"fastness_signed\": 1, \"raw\": \"0x00\"}",
        "{\"to\": \"0x\", \"data\": \"0x\"}",
    ] {
        assert!(!is_transaction(text.as_bytes()), "{text}");
    }
}
