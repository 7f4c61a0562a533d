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

/// Programs differ in which of two members they take: what differs, and what is no text, is refused and never left out.
#[test]
fn calldata_that_another_program_would_take_is_never_left_out() {
    let plain = json!({
        "from": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "to": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "nonce": 1,
        "gas": 60000, "gasPrice": "1000000000", "value": "0x0", "chainId": 1, "type": 0,
    });
    let with = |members: Value| {
        let mut form = plain.clone();
        form.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        read(form.to_string().as_bytes(), None)
    };
    let data = "0x095ea7b30000000000000000000000000000000000000000000000000000000000000001";
    for members in [
        json!({"input": "0x", "data": data}),
        json!({"data": {"type": "Buffer", "data": [9, 94]}}),
        json!({"to": ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"]}),
        json!({"type": 1, "accessList": [{"address": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "storageKeys": "0x"}]}),
    ] {
        assert!(with(members.clone()).is_err(), "{members}");
    }
    // What names delegations is of type 4, under either name, and never loses them.
    let delegating = json!({
        "type": null, "max_fee_per_gas": 2, "max_priority_fee_per_gas": 1, "authorization_list": [{"address": "0x"}],
    });
    assert!(with(delegating).is_err());
    assert!(with(json!({"raw": null, "rawTransaction": "0x00"})).is_err());
    for members in
        [json!({"input": null, "data": data}), json!({"input": data, "data": data.to_uppercase().replace("0X", "0x")})]
    {
        let Ok(JsonTransaction::Unsigned(plan)) = with(members.clone()) else { panic!("{members}") };
        let shown = alloy_primitives::hex::encode(plan.unsigned);
        assert!(shown.contains(data.trim_start_matches("0x")), "{members}");
    }
}

#[test]
fn raw_bytes_have_the_hash_and_sender_that_stand_beside_them() {
    for case in cases() {
        let raw = &case["raw"];
        assert!(signed(&json!({"raw": raw, "hash": case["node"]["hash"], "from": case["node"]["from"]})).is_ok());
        assert!(signed(&json!({"raw": raw, "hash": format!("0x{:064x}", 1)})).is_err());
        assert!(signed(&json!({"raw": raw, "from": "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"})).is_err());
    }
}
