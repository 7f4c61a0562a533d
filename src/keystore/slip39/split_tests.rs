//! Shares that are made, and what their check finds.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::keystore::slip39::{join, samples};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned()).unwrap()
}

#[test]
fn shares_say_the_plan() {
    let plan = samples::plan(2, &[(1, 1), (2, 3), (3, 5)]);
    let made = split(&samples::secret(), None, &plan).unwrap();
    assert_eq!(made.iter().map(Vec::len).collect::<Vec<_>>(), [1, 3, 5]);
    let identifier = made[0][0].identifier();
    for (number, (group, expected)) in (1..).zip(made.iter().zip(plan.groups())) {
        for (member, share) in (1..).zip(group) {
            assert_eq!(
                (share.group(), share.member(), share.member_threshold()),
                (number, member, expected.threshold())
            );
            assert_eq!((share.group_threshold(), share.group_count(), share.iteration_exponent()), (2, 3, 0));
            assert!(share.is_extendable() && share.identifier() == identifier);
        }
    }
}

#[test]
fn no_two_sets_have_a_share_in_common() {
    let made: Vec<String> =
        (0..8).flat_map(|_| samples::set(1, &[(2, 3)])).flatten().map(|s| samples::text(&s)).collect();
    assert_eq!(made.iter().collect::<HashSet<_>>().len(), 24);
}

#[test]
fn other_sizes_of_secrets_are_refused() {
    let plan = samples::plan(1, &[(1, 1)]);
    for length in 0..70 {
        let made = split(&SecretBytes::new(vec![7; length]), None, &plan);
        let valid = (16..=32).contains(&length) && length.is_multiple_of(2);
        let refused = KeystoreError::Slip39(Slip39Error::SecretLength { found: length });
        assert_eq!(made.err(), (!valid).then_some(refused), "{length}");
    }
}

#[test]
fn a_passphrase_beyond_ascii_is_refused() {
    let plan = samples::plan(1, &[(1, 1)]);
    for bad in ["caf\u{e9}", "a\tb", "a\n", "\u{7f}", "\u{1f511}"] {
        let made = split(&samples::secret(), Some(&passphrase(bad)), &plan);
        assert_eq!(made.err(), Some(KeystoreError::Slip39(Slip39Error::Passphrase)), "{bad:?}");
    }
    let every: String = (32u8..=126).map(char::from).collect();
    let made = split(&samples::secret(), Some(&passphrase(&every)), &plan).unwrap();
    assert_eq!(join(&made[0], Some(&passphrase(&every))).unwrap().as_bytes(), samples::secret().as_bytes());
    assert_ne!(join(&made[0], None).unwrap().as_bytes(), samples::secret().as_bytes());
}

#[test]
fn the_exponent_is_in_the_shares_and_in_the_work() {
    let plan = SplitPlan::new(1, vec![GroupPlan::new(1, 1).unwrap()], 2).unwrap();
    let mut made = split(&samples::secret(), None, &plan).unwrap().remove(0);
    assert_eq!(join(&made, None).unwrap().as_bytes(), samples::secret().as_bytes());
    made[0].set.exponent = 1;
    assert_ne!(join(&made, None).unwrap().as_bytes(), samples::secret().as_bytes());
}

/// A set whose check is run again after a change.
fn checked_after(change: impl FnOnce(&mut Vec<Vec<Share>>)) -> Option<KeystoreError> {
    let set = SetParameters {
        identifier: 1,
        extendable: ExtendableFlag::Set,
        exponent: 0,
        group_threshold: 2,
        group_count: 3,
    };
    let plan = samples::plan(2, &[(2, 5), (1, 1), (3, 4)]);
    let mut made = shares(&samples::secret(), set, &plan).unwrap();
    change(&mut made);
    check(&made, &samples::secret()).err()
}

/// The check sees a wrong bit in any share, and shares of another secret.
#[test]
fn no_share_escapes_the_check() {
    assert_eq!(checked_after(|_| ()), None);
    for (group, count) in [(0, 5), (1, 1), (2, 4)] {
        for member in 0..count {
            let found = checked_after(|made| {
                let mut bytes = made[group][member].value.as_bytes().to_vec();
                bytes[3] ^= 0x10;
                made[group][member].value = SecretBytes::new(bytes);
            });
            assert_eq!(found, Some(KeystoreError::SelfCheck("joining the shares")), "{group} {member}");
        }
    }
    let exchanged = checked_after(|made| *made = samples::set(2, &[(2, 5), (1, 1), (3, 4)]));
    assert_eq!(exchanged, Some(KeystoreError::SelfCheck("joining the shares")), "another secret");
    let unreadable = checked_after(|made| made[0][0].set.identifier = 1 << 15);
    assert_eq!(unreadable, Some(KeystoreError::SelfCheck("reading the words of a share")));
}

fn groups() -> impl Strategy<Value = (u8, Vec<(u8, u8)>)> {
    let members = prop_oneof![Just((1, 1)), (2u8..=16).prop_flat_map(|count| (2..=count, Just(count)))];
    prop::collection::vec(members, 1..=16).prop_flat_map(|groups| {
        let count = u8::try_from(groups.len()).unwrap();
        (1..=count, Just(groups))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_share_is_in_a_subset_that_is_exactly_enough((threshold, groups) in groups()) {
        let made: Vec<Vec<Share>> = (0..).zip(&groups).map(|(group, (needed, count))| {
            let at = |member| SharePlace { group, member, threshold: *needed };
            let set = SetParameters {
                identifier: 0,
                extendable: ExtendableFlag::Set,
                exponent: 0,
                group_threshold: threshold,
                group_count: u8::try_from(groups.len()).unwrap(),
            };
            (0..*count).map(|member| Share { set, at: at(member), value: SecretBytes::new(vec![0; 16]) }).collect()
        }).collect();
        let subsets = sufficient_subsets(&made);
        let seen: HashSet<(u8, u8)> = subsets.iter().flatten().map(|share| (share.group(), share.member())).collect();
        prop_assert_eq!(seen.len(), made.iter().map(Vec::len).sum::<usize>());
        for subset in subsets {
            let set = ShareSet::of(&subset).unwrap();
            prop_assert_eq!(set.groups.len(), usize::from(threshold));
            prop_assert!(set.groups.iter().all(|group| group.members.len() == group.threshold));
        }
    }
}
