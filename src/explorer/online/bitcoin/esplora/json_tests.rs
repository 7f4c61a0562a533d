//! Esplora's JSON read, rebuilt and refused: what a changed transaction, a long list or any bytes come to.
//!
//! Tests only.

use bitcoin::{consensus, constants::genesis_block, hashes::Hash};
use proptest::prelude::*;

use super::*;
use crate::explorer::online::bitcoin::fake;

fn genesis_coinbase() -> Transaction {
    genesis_block(bitcoin::Network::Bitcoin).txdata.remove(0)
}

fn read_one(json: &str) -> Listed {
    page(format!("[{json}]").as_bytes()).expect("a page").remove(0)
}

#[test]
fn a_list_longer_than_any_page_is_not_kept() {
    let status = r#"{"confirmed":false}"#;
    let id = "0".repeat(64);
    let one = format!(r#"{{"txid":"{id}","version":1,"locktime":0,"vin":[],"vout":[],"status":{status}}}"#);
    let list = |entries: usize| format!("[{}]", vec![one.as_str(); entries].join(","));
    assert_eq!(page(list(limits::TXS_PER_PAGE).as_bytes()).map(|page| page.len()), Ok(limits::TXS_PER_PAGE));
    assert_eq!(page(list(limits::TXS_PER_PAGE + 1).as_bytes()).err(), Some(Cause::Malformed));
}

#[test]
fn a_listed_transaction_is_rebuilt_and_hashed() {
    let mut tx = genesis_coinbase();
    tx.input[0].witness.push([7u8; 32]);
    let block = BlockRef { height: 7, hash: BlockHash::all_zeros(), time: 1_600_000_000 };
    let listed = read_one(&fake::tx_json(&tx, Some(block)));
    assert_eq!(listed.tx.as_ref(), Some(&tx));
    assert_eq!(listed.place, Some(block));
    assert_eq!(read_one(&fake::tx_json(&tx, None)).place, None);
}

#[test]
fn a_changed_transaction_is_not_believed() {
    let json = fake::tx_json(&genesis_coinbase(), None);
    for (from, to) in [
        ("\"value\":5000000000", "\"value\":5000000001"),
        ("\"version\":1", "\"version\":2"),
        ("\"sequence\":4294967295", "\"sequence\":4294967294"),
        ("\"locktime\":0", "\"locktime\":1"),
        ("\"scriptpubkey\":\"41", "\"scriptpubkey\":\"zz"),
    ] {
        assert!(json.contains(from), "{from}");
        assert!(read_one(&json.replace(from, to)).tx.is_none(), "{from}");
    }
}

#[test]
fn more_than_can_exist_is_not_believed() {
    let mut tx = genesis_coinbase();
    tx.output[0].value = Amount::MAX_MONEY + Amount::from_sat(1);
    assert!(!is_believable(&tx, tx.compute_txid()));
    tx.output[0].value = Amount::MAX_MONEY;
    assert!(is_believable(&tx, tx.compute_txid()));
    tx.output.push(TxOut { value: Amount::ONE_SAT, ..tx.output[0].clone() });
    assert!(!is_believable(&tx, tx.compute_txid()), "each can exist, and both together cannot");
}

#[test]
fn versions_are_read_signed_and_unsigned() {
    assert_eq!(version(4_294_967_295), Some(-1));
    assert_eq!(version(-1), Some(-1));
    assert_eq!(version(2), Some(2));
    assert_eq!(version(4_294_967_296), None);
    assert_eq!(version(-2_147_483_649), None);
}

#[test]
fn confirmed_without_a_block_is_not_an_answer() {
    let status: StatusJson = parse(br#"{"confirmed":true,"block_height":7}"#).expect("json");
    assert_eq!(status.read(), Err(Cause::Malformed));
}

#[test]
fn nesting_is_bounded_and_strings_do_not_count() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(parse::<serde::de::IgnoredAny>(nested(33).as_bytes()).err(), Some(Cause::TooLarge));
    assert!(parse::<serde::de::IgnoredAny>(nested(32).as_bytes()).is_ok());
    let text = format!(r#"{{"a":"\"{}\\"}}"#, "[".repeat(100));
    assert_eq!(depth(text.as_bytes()), 1);
    assert_eq!(depth(&[b'['; 1_000_000]), 33);
}

#[test]
fn fee_rates_are_exact_and_rounded_up() {
    for (text, rate) in [
        ("87.882", 87_882),
        ("1", 1000),
        ("1.0", 1000),
        ("0.1", 100),
        ("1.0001", 1001),
        ("1.0000000000000002", 1001),
        ("1e-05", 1),
        ("1e-300", 1),
        ("2.5E1", 25_000),
        ("1e+2", 100_000),
    ] {
        assert_eq!(fee_rate(text), Some(FeeRate { sat_per_kvb: rate }), "{text}");
    }
    for text in ["0", "0.0", "-1", "1e400", "\"1\"", "null", "1e99999999999", "[1]", ".", "NaN"] {
        assert_eq!(fee_rate(text), None, "{text}");
    }
    assert_eq!(fee_rate(&"9".repeat(31)), None);
}

#[test]
fn an_estimate_of_nothing_is_an_empty_map() {
    assert_eq!(fee_rates(b"{}"), Ok(BTreeMap::new()));
    let rates = fee_rates(br#"{"1":87.882,"25":-1,"soon":3,"144":1.012}"#).expect("a map");
    assert_eq!(rates.keys().copied().collect::<Vec<_>>(), [1, 144]);
    assert_eq!(fee_rates(b"[]").err(), Some(Cause::Malformed));
}

#[test]
fn what_waits_is_read_from_the_highest_rate_down() {
    let read = |rows: &str| mempool_histogram(format!("{{\"count\":3,\"fee_histogram\":{rows}}}").as_bytes());
    let bands = read("[[53.01,102131],[1.2,50001],[0.0,7]]").expect("three parts");
    let rates: Vec<_> = bands.iter().map(|band| (band.lowest.sat_per_kvb, band.vsize)).collect();
    assert_eq!(rates, [(53_010, 102_131), (1200, 50_001), (0, 7)]);
    assert_eq!(read("[]"), Ok(Vec::new()));
    // Rates that rise, sizes beyond every number, negative ones, and no list at all.
    let sums = format!("[[2,{}],[1,1]]", u64::MAX);
    for rows in ["[[1,5],[2,5]]", &sums, "[[1,-5]]", "{}", "null"] {
        assert_eq!(read(rows).err(), Some(Cause::Malformed), "{rows}");
    }
}

proptest! {
    #[test]
    fn no_bytes_break_the_reader(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = mempool_histogram(&body);
        let _ = page(&body);
        let _ = fee_rates(&body);
    }

    #[test]
    fn every_transaction_survives_the_round_trip(
        version in any::<i32>(), lock in any::<u32>(), sequence in any::<u32>(),
        script in proptest::collection::vec(any::<u8>(), 0..60), value in 0u64..2_100_000_000_000_000,
    ) {
        let mut tx = genesis_coinbase();
        tx.version = transaction::Version(version);
        tx.lock_time = absolute::LockTime::from_consensus(lock);
        tx.input[0].sequence = Sequence(sequence);
        tx.input[0].script_sig = ScriptBuf::from_bytes(script.clone());
        tx.input[0].witness.push(script);
        tx.output[0].value = Amount::from_sat(value);
        let rebuilt = read_one(&fake::tx_json(&tx, None)).tx.map(|tx| consensus::serialize(&tx));
        prop_assert_eq!(rebuilt, Some(consensus::serialize(&tx)));
    }

    #[test]
    fn thousandths_are_read_back(rate in 1u64..10_000_000_000) {
        let text = format!("{}.{:03}", rate / 1000, rate % 1000);
        prop_assert_eq!(fee_rate(&text), Some(FeeRate { sat_per_kvb: rate }));
    }
}
