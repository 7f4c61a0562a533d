//! Which shares give the secret back, and what is said of the others.

use proptest::{prelude::*, sample::Index};

use super::*;
use crate::keystore::slip39::{
    samples::{plan, secret, set},
    share::ExtendableFlag,
    split,
};

fn error(shares: &[&Share]) -> Option<Slip39Error> {
    join(shares.iter().copied(), None).err()
}

/// What is done to a share.
type Change = fn(&mut Share);

#[test]
fn the_first_thing_that_differs_is_named() {
    let changes: [(&str, Change); 7] = [
        ("identifier", |share| share.set.identifier ^= 1),
        ("extendable backup flag", |share| share.set.extendable = ExtendableFlag::Unset),
        ("iteration exponent", |share| share.set.exponent += 1),
        ("group threshold", |share| share.set.group_threshold += 1),
        ("number of groups", |share| share.set.group_count += 1),
        ("length", |share| share.value = SecretBytes::new(vec![0; 18])),
        ("threshold of its group", |share| share.at.threshold += 1),
    ];
    for (name, change) in changes {
        let mut group = set(1, &[(3, 3), (1, 1)]).remove(0);
        change(&mut group[2]);
        let expected = Slip39Error::MixedSets { share: 3, differs: name };
        assert_eq!(error(&group.iter().collect::<Vec<_>>()), Some(expected), "{name}");
    }
}

#[test]
fn a_member_takes_part_once() {
    let group = set(1, &[(2, 3)]).remove(0);
    assert_eq!(error(&[&group[1], &group[1]]), Some(Slip39Error::SameMember { group: 1, member: 2 }));
    assert_eq!(error(&[]), Some(Slip39Error::NoShares));
}

#[test]
fn too_few_and_too_many_are_counted() {
    let made = set(2, &[(2, 3), (1, 1), (2, 2)]);
    let (first, alone, last) = (&made[0], &made[1][0], &made[2]);
    for (shares, expected) in [
        (vec![&first[0], &first[1]], Slip39Error::TooFewGroups { found: 1, needed: 2 }),
        (vec![&first[0], alone, &last[0]], Slip39Error::TooManyGroups { found: 3, needed: 2 }),
        (vec![&first[0], alone], Slip39Error::TooFewMembers { group: 1, found: 1, needed: 2 }),
        (vec![&first[0], &first[1], &last[1]], Slip39Error::TooFewMembers { group: 3, found: 1, needed: 2 }),
        (vec![&first[0], &first[1], &first[2], alone], Slip39Error::TooManyMembers { group: 1, found: 3, needed: 2 }),
    ] {
        assert_eq!(error(&shares), Some(expected));
    }
    assert_eq!(error(&[alone, &last[1], &last[0]]), None);
}

#[test]
fn of_more_than_enough_the_first_that_are_whole_are_chosen() {
    let made = set(2, &[(2, 3), (1, 1), (2, 2)]);
    let chosen = sufficient(made.iter().flatten()).unwrap();
    let places: Vec<_> = chosen.iter().map(|share| (share.group(), share.member())).collect();
    assert_eq!(places, [(1, 1), (1, 2), (2, 1)]);
    assert_eq!(join(chosen, None).unwrap().as_bytes(), secret().as_bytes());
    // A group that is not whole is left out.
    let chosen = sufficient([&made[0][2], &made[2][1], &made[1][0], &made[2][0]]).unwrap();
    assert_eq!(join(chosen, None).unwrap().as_bytes(), secret().as_bytes());
    let too_few = |shares: &[&Share]| sufficient(shares.iter().copied()).err();
    assert_eq!(too_few(&[&made[1][0]]), Some(Slip39Error::TooFewGroups { found: 1, needed: 2 }));
    let expected = Slip39Error::TooFewMembers { group: 3, found: 1, needed: 2 };
    assert_eq!(too_few(&[&made[1][0], &made[2][0]]), Some(expected));
    assert_eq!(too_few(&[]), Some(Slip39Error::NoShares));
}

/// A share of another set that says the same of itself.
#[test]
fn a_foreign_share_that_fits_in_all_else_is_noticed() {
    let (mut one, other) = (set(2, &[(2, 2), (1, 1)]), set(2, &[(2, 2), (1, 1)]));
    let identifier = one[0][0].identifier();
    let foreign = |mut share: Share| {
        share.set.identifier = identifier;
        share
    };
    let [group, alone] = <[Vec<Share>; 2]>::try_from(other).ok().unwrap();
    let mut group = group.into_iter().map(foreign);
    let (member, other_member) = (group.next().unwrap(), group.next().unwrap());
    let alone = foreign(alone.into_iter().next().unwrap());
    assert_eq!(error(&[&one[0][0], &other_member, &one[1][0]]), Some(Slip39Error::MemberDigest { group: 1 }));
    assert_eq!(error(&[&one[0][0], &one[0][1], &alone]), Some(Slip39Error::GroupDigest));
    assert_eq!(error(&[&member, &other_member, &one[1][0]]), Some(Slip39Error::GroupDigest));
    one[0][1].value = SecretBytes::new(vec![0; 16]);
    assert_eq!(error(&[&one[0][0], &one[0][1], &one[1][0]]), Some(Slip39Error::MemberDigest { group: 1 }));
}

/// A plan: threshold of groups, threshold and count of each.
fn plans() -> impl Strategy<Value = (u8, Vec<(u8, u8)>)> {
    let members = prop_oneof![Just((1, 1)), (2u8..=6).prop_flat_map(|count| (2..=count, Just(count)))];
    prop::collection::vec(members, 1..=4).prop_flat_map(|groups| {
        let count = u8::try_from(groups.len()).unwrap();
        (1..=count, Just(groups))
    })
}

/// As many members of a list as are wanted, chosen by random keys.
fn some<T>(list: Vec<T>, keys: &[Index], count: u8) -> Vec<T> {
    let mut keyed: Vec<_> = list.into_iter().zip(keys.iter().map(|key| key.index(1 << 20))).collect();
    keyed.sort_by_key(|(_, key)| *key);
    keyed.into_iter().map(|(item, _)| item).take(usize::from(count)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_sufficient_shares_give_the_secret_and_one_fewer_does_not(
        (threshold, groups) in plans(),
        bytes in (8usize..=16).prop_flat_map(|half| prop::collection::vec(any::<u8>(), 2 * half)),
        typed in prop::option::of("[ -~]{1,40}"),
        keys in prop::collection::vec(any::<Index>(), 16),
        left_out: Index,
    ) {
        let passphrase = typed.map(|text| Passphrase::new(text).unwrap());
        let made = split(&SecretBytes::new(bytes.clone()), passphrase.as_ref(), &plan(threshold, &groups)).unwrap();
        let chosen = some(made.iter().zip(&groups).collect(), &keys, threshold);
        let mut shares: Vec<&Share> = chosen
            .into_iter()
            .flat_map(|(members, (needed, _))| some(members.iter().collect(), &keys[4..], *needed))
            .collect();
        shares.sort_by_key(|share| keys[usize::from(share.member() + share.group()) % 16].index(100));
        let found = join(shares.iter().copied(), passphrase.as_ref()).unwrap();
        prop_assert_eq!(found.as_bytes(), bytes);
        shares.remove(left_out.index(shares.len()));
        let few = join(shares.iter().copied(), passphrase.as_ref()).err().unwrap();
        let counted = matches!(
            few,
            Slip39Error::TooFewGroups { .. } | Slip39Error::TooFewMembers { .. } | Slip39Error::NoShares
        );
        prop_assert!(counted, "{few}");
    }
}
