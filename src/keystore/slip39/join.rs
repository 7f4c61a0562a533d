//! Joining shares into the master secret (SLIP-0039, "Combining the shares").
//!
//! Exactly as many shares as are needed take part, as SLIP-0039 says. Nothing tells whether a passphrase is the right one.

use std::cmp::Ordering;

use super::{
    Share, Slip39Error, cipher,
    field::Point,
    groups::{ShareGroup, ShareSet},
    shamir::recover_secret,
};
use crate::keystore::{Passphrase, SecretBytes};

/// The master secret of exactly as many shares as its set needs, in any order. What its bytes are is for the caller to
/// know: of a wallet of this program the entropy of its phrase, of others the seed of BIP-32.
///
/// Any passphrase gives some master secret. It is used as it was normalized (NFKD), for other programs may have taken characters beyond
/// ASCII. At an iteration exponent above 10, which the maker of the set chose, this takes long.
///
/// # Errors
/// No shares, shares of several sets, a member twice, too few or too many groups or members, or a digest that does not fit.
pub fn join<'a>(
    shares: impl IntoIterator<Item = &'a Share>,
    passphrase: Option<&Passphrase>,
) -> Result<SecretBytes, Slip39Error> {
    let shares: Vec<&Share> = shares.into_iter().collect();
    let set = ShareSet::of(&shares)?;
    Ok(cipher::decrypt(&encrypted_secret(&set)?, passphrase, set.parameters))
}

/// Of shares that may be more than are needed, those that [`join`] takes: the first groups and members that are whole.
///
/// # Errors
/// No shares, shares of several sets, a member twice, or too few.
pub fn sufficient<'a>(shares: impl IntoIterator<Item = &'a Share>) -> Result<Vec<&'a Share>, Slip39Error> {
    let shares: Vec<&Share> = shares.into_iter().collect();
    let set = ShareSet::of(&shares)?;
    let whole = set.groups.iter().filter_map(|group| group.members.get(..group.threshold));
    let whole: Vec<&[&Share]> = whole.take(set.threshold()).collect();
    if whole.len() == set.threshold() {
        return Ok(whole.concat());
    }
    let too_few = |group: &ShareGroup<'_>| check_members(group).err().filter(|_| group.members.len() < group.threshold);
    let (found, needed) = (set.groups.len(), set.threshold());
    let group = if found < needed { None } else { set.groups.iter().find_map(too_few) };
    Err(group.unwrap_or(Slip39Error::TooFewGroups { found, needed }))
}

/// The encrypted master secret of a set.
///
/// # Errors
/// Too few or too many groups or members, or a digest that does not fit.
pub(super) fn encrypted_secret(set: &ShareSet<'_>) -> Result<SecretBytes, Slip39Error> {
    check_groups(set)?;
    set.groups.iter().try_for_each(check_members)?;
    let secrets = set.groups.iter().map(group_secret).collect::<Result<Vec<_>, _>>()?;
    let places = set.groups.iter().map(|group| group.place);
    let points: Vec<_> = places.zip(&secrets).map(|(x, secret)| Point { x, y: secret.as_bytes() }).collect();
    recover_secret(&points).ok_or(Slip39Error::GroupDigest)
}

/// The share of the encrypted master secret that belongs to a group.
fn group_secret(group: &ShareGroup<'_>) -> Result<SecretBytes, Slip39Error> {
    let members = group.members.iter();
    let points: Vec<_> = members.map(|share| Point { x: share.at.member, y: share.value.as_bytes() }).collect();
    recover_secret(&points).ok_or(Slip39Error::MemberDigest { group: group.number() })
}

fn check_groups(set: &ShareSet<'_>) -> Result<(), Slip39Error> {
    let (found, needed) = (set.groups.len(), set.threshold());
    match found.cmp(&needed) {
        Ordering::Less => Err(Slip39Error::TooFewGroups { found, needed }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(Slip39Error::TooManyGroups { found, needed }),
    }
}

fn check_members(group: &ShareGroup<'_>) -> Result<(), Slip39Error> {
    let (number, found, needed) = (group.number(), group.members.len(), group.threshold);
    match found.cmp(&needed) {
        Ordering::Less => Err(Slip39Error::TooFewMembers { group: number, found, needed }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(Slip39Error::TooManyMembers { group: number, found, needed }),
    }
}

#[cfg(test)]
#[path = "join_tests.rs"]
mod tests;
