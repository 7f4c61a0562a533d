//! Fee histories that are odd, false or apart from the others, and the price that is left.
//!
//! Tests only.

use super::*;

#[test]
fn empty_blocks_say_nothing_about_tips() {
    let history = json!({"reward": [["0x0", "0x0", "0x0"], ["0x1", "0x5", "0x9"], ["0x3", "0x7", "0xb"]]});
    assert_eq!(tips(&history), Some([3, 7, 11]));
    assert_eq!(tips(&json!({"reward": [["0x0", "0x0", "0x0"]]})), None);
    assert_eq!(tips(&json!({})), None);
}

#[test]
fn odd_rows_of_a_fee_history_say_nothing_and_the_others_stand() {
    let good = json!(["0x1", "0x5", "0x9"]);
    for odd in [
        json!([]),
        json!(null),
        json!(["0x1"]),
        json!([1, 5, 9]),
        json!(["0x9", "0x5", "0x1"]),
        json!("0x1"),
        json!(["0x1", "0x5", "0x"]),
        json!([format!("0x{}", "f".repeat(64)), "0x1", "0x2"]),
    ] {
        assert_eq!(tips(&json!({"reward": [odd, good]})), Some([1, 5, 9]), "{odd}");
        assert_eq!(tips(&json!({"reward": [odd]})), None, "{odd}");
        assert_eq!(tips(&json!({"reward": odd})), None, "{odd}");
        assert_eq!(last_base_fee(&json!({"baseFeePerGas": [odd]})), price(&odd).ok(), "{odd}");
    }
    for history in [json!(null), json!([]), json!({"baseFeePerGas": []}), json!({"baseFeePerGas": "0x1"})] {
        assert_eq!(last_base_fee(&history), None, "{history}");
    }
}

#[test]
fn a_base_fee_that_does_not_follow_is_a_lie() {
    let chain = |id| EvmChain::by_id(id).expect("a chain");
    let block = json!({"baseFeePerGas": "0x3b9aca00", "gasUsed": "0x0", "gasLimit": "0x1c9c380"});
    assert_eq!(next_base_fee(chain(1), &block, Some(875_000_000)), Ok(875_000_000));
    assert_eq!(next_base_fee(chain(1), &block, Some(875_000_001)), Err(Cause::Lied));
    assert_eq!(next_base_fee(chain(8_453), &block, Some(990_000_000)), Ok(990_000_000), "other constants");
    for absurd in [0, 1, 499_999_999, 2_000_000_001, 1 << 90] {
        assert_eq!(next_base_fee(chain(8_453), &block, Some(absurd)), Ok(1_000_000_000), "{absurd}: the header's");
    }
    assert_eq!(next_base_fee(chain(1), &block, Some(0)), Ok(875_000_000), "no history of fees");
    let genesis = json!({"number": "0x0", "baseFeePerGas": "0x3b9aca00", "gasUsed": "0x0", "gasLimit": "0x1c9c380"});
    assert_eq!(next_base_fee(chain(1), &genesis, Some(1_000_000_000)), Ok(1_000_000_000));
    assert_eq!(next_base_fee(chain(1), &genesis, Some(9_000_000_000)), Ok(875_000_000));
    let absurd = json!({"baseFeePerGas": "0x3b9aca00", "gasUsed": "0x2", "gasLimit": "0x1"});
    assert_eq!(next_base_fee(chain(1), &absurd, None), Err(Cause::Malformed));
}

fn host(number: u8) -> Endpoint {
    Endpoint::parse(&format!("https://node{number}.example")).expect("an address")
}

fn facts(base: u128, tip: u128) -> FeeFacts {
    FeeFacts {
        block: 1,
        block_hash: alloy_primitives::B256::ZERO,
        next_base_fee: Some(base),
        tips: Some([tip; 3]),
        gas_price: base + tip,
    }
}

#[test]
fn one_operator_cannot_raise_the_price() {
    let hosts = [host(1), host(2), host(3)];
    for liar in 0..3 {
        for count in [2, 3] {
            let tell = |place: usize| if place == liar { facts(1 << 60, 1 << 60) } else { facts(1_000, 10) };
            let said: Vec<_> = hosts.iter().take(count).enumerate().map(|(n, host)| (host, tell(n))).collect();
            let median = median_facts(&said).expect("facts");
            assert_eq!((median.next_base_fee, median.tips), (Some(1_000), Some([10; 3])), "{liar} of {count}");
            let named = spread(&said, &median);
            let expected = match (count, liar < count) {
                (_, false) => 0,
                (2, true) => 2,
                (_, true) => 1,
            };
            assert_eq!(named.len(), expected, "{named:?}");
        }
    }
}

#[test]
fn one_who_names_tips_where_others_have_none_to_name_does_not_set_them() {
    let hosts = [host(1), host(2), host(3)];
    let quiet = FeeFacts { tips: None, ..facts(1_000, 10) };
    for count in [2, 3] {
        let tell = |place: usize| if place == 0 { facts(1_000, 1 << 60) } else { quiet.clone() };
        let said: Vec<_> = hosts.iter().take(count).enumerate().map(|(n, host)| (host, tell(n))).collect();
        let median = median_facts(&said).expect("facts");
        assert_eq!((median.next_base_fee, median.tips, median.gas_price), (Some(1_000), None, 1_010));
        assert!(!spread(&said, &median).is_empty());
    }
}

#[test]
fn usual_differences_are_not_named_and_absurd_tips_are_cut() {
    let hosts = [host(1), host(2)];
    let said = [(&hosts[0], facts(1_000, 10)), (&hosts[1], facts(2_900, 10))];
    let median = median_facts(&said).expect("facts");
    assert!(spread(&said, &median).is_empty());
    let alone = [(&hosts[0], facts(1_000, 1 << 90))];
    assert_eq!(median_facts(&alone).expect("facts").tips, Some([TIP_CEILING; 3]));
    assert!(median_facts(&[]).is_none());
}
