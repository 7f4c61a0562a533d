//! What a share's words say, however they are typed, and what is refused.

use proptest::prelude::*;

use super::*;
use crate::keystore::slip39::samples::text;

/// Vectors 1, 42 and 20 of SLIP-0039.
const SHORT: &str = "duckling enlarge academic academic agency result length solution fridge kidney coal piece deal husband erode duke ajar critical decision keyboard";
const EXTENDABLE: &str = "testify swimming academic academic column loyalty smear include exotic bedroom exotic wrist lobe cover grief golden smart junior estimate learn";
const LONG: &str = "theory painting academic academic armed sweater year military elder discuss acne wildlife boring employer fused large satoshi bundle carbon diagnose anatomy hamster leaves tracks paces beyond phantom capital marvel lips brave detect luck";

fn refused(typed: &str) -> Slip39Error {
    Share::parse(typed).err().unwrap()
}

/// A share with these words before its checksum.
fn with_checksum(flag: ExtendableFlag, words: &[u16]) -> String {
    let whole = [words, &checksum::of(flag.customization(), words)].concat();
    whole.iter().map(|number| words::word(*number)).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_published_share_says_what_it_says() {
    let share = Share::parse(SHORT).unwrap();
    let facts = (share.identifier(), share.iteration_exponent(), share.is_extendable(), share.secret_length());
    assert_eq!(facts, (7945, 0, false, 16));
    let place = (share.group(), share.group_threshold(), share.group_count());
    assert_eq!((place, share.member(), share.member_threshold()), ((1, 1, 1), 1, 1));
    let extendable = Share::parse(EXTENDABLE).unwrap();
    assert!(extendable.is_extendable() && extendable.iteration_exponent() == 3);
}

#[test]
fn words_are_read_as_people_type_them() {
    let share = Share::parse(SHORT).unwrap();
    assert_eq!(text(&share), SHORT);
    let letters = SHORT.split(' ').map(|word| &word[..4]).collect::<Vec<_>>().join("\t");
    let spaced = format!("\u{3000}\r\n  {}  ", SHORT.replace(' ', " \n "));
    let mixed = "Duck ENLARGE acadEm ".to_owned() + &SHORT.split(' ').skip(3).collect::<Vec<_>>().join(" ");
    for typed in [&letters, &spaced, &mixed, &SHORT.to_uppercase()] {
        assert!(Share::parse(typed).unwrap().same_as(&share), "{typed}");
    }
}

#[test]
fn an_unknown_word_is_told_by_its_place_with_similar_ones() {
    let slip = SHORT.replace("kidney", "kidny");
    let suggestions = vec!["kidney", "kind", "tidy"];
    assert_eq!(refused(&slip), Slip39Error::UnknownWord { position: 10, suggestions });
    let text = refused(&slip).to_string();
    assert_eq!(text, "word 10 is not in the list of SLIP-39: did you mean kidney, kind, tidy");
    let other = SHORT.replace("kidney", "xxxxxxxx");
    assert_eq!(refused(&other), Slip39Error::UnknownWord { position: 10, suggestions: vec![] });
}

#[test]
fn other_numbers_of_words_are_refused() {
    let valid = [20, 22, 23, 25, 27, 28, 30, 31, 33];
    for found in 0..70 {
        let typed = ["academic"; 70][..found].join(" ");
        let expected = if valid.contains(&found) { Slip39Error::Checksum } else { Slip39Error::WordCount { found } };
        assert_eq!(refused(&typed), expected, "{found}");
    }
    assert_eq!(refused(&"a ".repeat(100_000)), Slip39Error::WordCount { found: 100_000 });
    assert_eq!(refused(&"a".repeat(100_000)), Slip39Error::WordCount { found: 1 });
}

#[test]
fn padding_is_zero() {
    for flag in [ExtendableFlag::Set, ExtendableFlag::Unset] {
        let head = [0, if flag == ExtendableFlag::Set { 16 } else { 0 }, 0, 0];
        // 130 bits for 128: the two highest are padding; 260 for 256 has four.
        for (words, padding) in [(13, 2), (26, 4), (20, 8)] {
            let value = |first: u16| [head.as_slice(), &[first], &vec![5; words - 1]].concat();
            assert!(Share::parse(&with_checksum(flag, &value((1 << (10 - padding)) - 1))).is_ok());
            for bit in 10 - padding..10 {
                assert_eq!(refused(&with_checksum(flag, &value(1 << bit))), Slip39Error::Padding);
            }
        }
    }
}

#[test]
fn a_share_that_asks_for_more_groups_than_there_are_is_refused() {
    let member = SharePlace { group: 0, member: 0, threshold: 1 };
    let set = |group_threshold, group_count| SetParameters {
        identifier: 1,
        extendable: ExtendableFlag::Set,
        exponent: 0,
        group_threshold,
        group_count,
    };
    let typed = |threshold, count| {
        let words = [head(set(threshold, count), member).as_slice(), &[0; 13]].concat();
        with_checksum(ExtendableFlag::Set, &words)
    };
    assert_eq!(refused(&typed(3, 2)), Slip39Error::GroupThreshold { threshold: 3, count: 2 });
    assert!(Share::parse(&typed(2, 2)).is_ok());
}

#[test]
fn every_word_replaced_by_another_is_noticed() {
    for whole in [SHORT, EXTENDABLE, LONG] {
        let words: Vec<&str> = whole.split(' ').collect();
        for place in 0..words.len() {
            for number in (0..1024).step_by(29) {
                let mut slipped = words.clone();
                slipped[place] = words::word(number);
                if slipped != words {
                    assert_eq!(refused(&slipped.join(" ")), Slip39Error::Checksum, "{place} {number}");
                }
            }
        }
    }
}

#[test]
fn the_same_share_is_the_same_in_every_part() {
    let base = || Share::parse(SHORT).unwrap();
    let changes: [fn(&mut Share); 5] = [
        |share| share.set.identifier += 1,
        |share| share.set.extendable = ExtendableFlag::Set,
        |share| share.at.member += 1,
        |share| share.at.threshold += 1,
        |share| share.value = SecretBytes::new(vec![0; 16]),
    ];
    assert!(base().same_as(&base()));
    for change in changes {
        let mut other = base();
        change(&mut other);
        assert!(!base().same_as(&other));
    }
}

/// What a share is made of; a share itself cannot be printed, as a failing case would be.
fn parts() -> impl Strategy<Value = (SetParameters, SharePlace, Vec<u8>)> {
    let flag = prop_oneof![Just(ExtendableFlag::Set), Just(ExtendableFlag::Unset)];
    let groups = (1u8..=16).prop_flat_map(|count| (1..=count, Just(count)));
    let set = (0u16..1 << 15, flag, 0u8..16, groups).prop_map(|(identifier, extendable, exponent, groups)| {
        SetParameters { identifier, extendable, exponent, group_threshold: groups.0, group_count: groups.1 }
    });
    let at =
        (0u8..16, 0u8..16, 1u8..=16).prop_map(|(group, member, threshold)| SharePlace { group, member, threshold });
    (set, at, (8usize..=16).prop_flat_map(|half| prop::collection::vec(any::<u8>(), 2 * half)))
}

fn share((set, at, value): (SetParameters, SharePlace, Vec<u8>)) -> Share {
    Share { set, at, value: SecretBytes::new(value) }
}

proptest! {
    #[test]
    fn words_say_all_of_a_share(parts in parts()) {
        let share = share(parts);
        let read = Share::parse(&text(&share)).unwrap();
        prop_assert!(read.same_as(&share));
    }

    #[test]
    fn two_swapped_words_are_noticed(parts in parts(), place: prop::sample::Index, other: prop::sample::Index) {
        let mut words: Vec<_> = share(parts).words().collect();
        let (place, other) = (place.index(words.len()), other.index(words.len()));
        prop_assume!(words[place] != words[other]);
        words.swap(place, other);
        prop_assert_eq!(Share::parse(&words.join(" ")).err(), Some(Slip39Error::Checksum));
    }

    #[test]
    fn anything_typed_is_a_share_or_an_error(typed in "\\PC{0,200}", words in prop::collection::vec(0u16..1024, 33)) {
        let _ = Share::parse(&typed);
        let listed: Vec<_> = words.iter().map(|number| words::word(*number)).collect();
        prop_assert_eq!(Share::parse(&listed.join(" ")).err(), Some(Slip39Error::Checksum));
    }
}
