//! Shapes of Electrum's answers, as servers write them and as they must not.

use bitcoin::{ScriptBuf, consensus::encode::serialize_hex, constants::genesis_block};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::explorer::online::bitcoin::fake;

fn answer(value: serde_json::Value) -> ElectrumResult {
    Some(RawValue::from_string(value.to_string()).expect("json"))
}

fn id(byte: u8) -> Txid {
    Txid::from_byte_array([byte; 32])
}

fn entry(byte: u8, height: i64) -> HistoryEntry {
    HistoryEntry { tx_hash: id(byte), height }
}

#[test]
fn a_script_hash_is_the_protocols_example() {
    // The example in the protocol's documentation: the output of the genesis block's address.
    let script = ScriptBuf::from_hex("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac").expect("a script");
    assert_eq!(script_hash(&script), "8b01df4e368ea28f8dc0423bcf7a4923e3a12d307c875e47a0cfbf90b5c39161");
}

#[test]
fn a_status_is_the_hash_of_the_lines() {
    let entries = [entry(1, 3), entry(2, 0)];
    let text = format!("{}:3:{}:0:", "01".repeat(32), "02".repeat(32));
    assert_eq!(status(&entries), Some(sha256::Hash::hash(text.as_bytes())));
    assert_eq!(status(&[]), None);
}

#[test]
fn waiting_transactions_may_be_listed_in_another_order() {
    let canonical = [entry(9, 3), entry(8, 3), entry(1, 0), entry(2, 0), entry(0, -1)];
    let announced = status(&canonical).expect("a status");
    assert!(has_status(&canonical, announced));
    assert!(has_status(&[entry(9, 3), entry(8, 3), entry(0, -1), entry(2, 0), entry(1, 0)], announced));
    // The order of confirmed ones is the chain's.
    assert!(!has_status(&[entry(8, 3), entry(9, 3), entry(1, 0), entry(2, 0), entry(0, -1)], announced));
    assert!(!has_status(&canonical[1..], announced));
}

#[test]
fn what_is_known_is_recognised() {
    let known = KnownHistory {
        confirmed: vec![(id(9), 3), (id(8), 4)],
        waiting: vec![id(2), id(1)],
        ..KnownHistory::default()
    };
    let of = |entries: &[HistoryEntry]| status(entries).expect("a status");
    assert!(is_status_of(&known, of(&[entry(9, 3), entry(8, 4), entry(1, 0), entry(2, 0)])));
    assert!(is_status_of(&known, of(&[entry(9, 3), entry(8, 4), entry(1, -1), entry(2, -1)])));
    assert!(!is_status_of(&known, of(&[entry(9, 3), entry(8, 5), entry(1, 0), entry(2, 0)])));
    assert!(is_known(&known, &[entry(8, 4), entry(9, 3), entry(2, -1), entry(1, 0)]));
    assert!(!is_known(&known, &[entry(8, 4), entry(9, 3), entry(2, 5), entry(1, 0)]));
    assert!(!is_known(&known, &[entry(8, 4), entry(9, 3), entry(2, 0)]));
    assert!(is_known(&KnownHistory::default(), &[]));
}

#[test]
fn listed_twice_is_once_and_confirmed_wins() {
    let entries = [entry(1, 3), entry(2, 0), entry(1, 0), entry(2, 5)];
    assert_eq!(distinct(&entries), [entry(1, 3), entry(2, 5)]);
}

#[test]
fn headers_come_in_two_forms() {
    let hex = serialize_hex(&genesis_block(bitcoin::Network::Regtest).header);
    let old = answer(json!({"count": 2, "hex": format!("{hex}{hex}"), "max": 2016}));
    let new = answer(json!({"count": 2, "headers": [hex, hex], "max": 2016}));
    assert_eq!(headers(&old, 2).expect("two").len(), 2);
    assert_eq!(headers(&old, 2), headers(&new, 2));
    assert_eq!(headers(&new, 1), Err(Cause::TooLarge));
    for bad in [
        json!({"count": 1, "hex": format!("{hex}00")}),
        json!({"count": 2, "hex": hex}),
        json!({"count": 1, "hex": "\u{e9}".repeat(80)}),
        json!({"count": 1}),
        json!({"count": 1, "headers": [7]}),
    ] {
        assert_eq!(headers(&answer(bad.clone()), 9), Err(Cause::Malformed), "{bad}");
    }
    let idle = format!("{}ffff001d{}", &hex[..144], &hex[152..]);
    assert_eq!(headers(&answer(json!({"count": 1, "headers": [idle]})), 9), Err(Cause::Lied), "no work");
}

#[test]
fn fee_rates_are_bitcoin_per_thousand_bytes() {
    let rate =
        |text: &str| fee_rate(&RawValue::from_string(text.to_owned()).expect("json")).map(|rate| rate.sat_per_kvb);
    assert_eq!(rate("0.00012345"), Some(12_345));
    assert_eq!(rate("1e-05"), Some(1000));
    assert_eq!(rate("0.000000001"), Some(1));
    for none in ["-1", "0", "null", "\"1\"", "1e300", "{}"] {
        assert_eq!(rate(none), None, "{none}");
    }
}

#[test]
fn a_transaction_is_its_hash() {
    let tx = fake::payment(&fake::script(1), 1);
    let hex = serialize_hex(&tx);
    assert_eq!(transaction(&hex, tx.compute_txid()), Ok(tx));
    assert_eq!(transaction(&hex, id(1)), Err(Cause::Lied));
    assert_eq!(transaction("00", id(1)), Err(Cause::Malformed));
    assert_eq!(transaction(&"0".repeat(2 * limits::RAW_TX_BYTES + 2), id(1)), Err(Cause::TooLarge));
}

proptest! {
    #[test]
    fn no_text_breaks_a_reader(text in ".{0,120}") {
        let _ = header(&text);
        let _ = transaction(&text, id(1));
        let quoted = answer(json!(text));
        let _ = (headers(&quoted, 9), entries(&quoted), branch(&quoted), tip(&quoted));
        let inside = answer(json!({"count": 1, "hex": text, "height": 1}));
        let _ = (headers(&inside, 9), tip(&inside));
    }
}
