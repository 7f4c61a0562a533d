//! SLIP-0039: the secret and the master key (BIP-32) that the shares of a vector give, and what is said of invalid ones.

use bitcoin::{NetworkKind, bip32::Xpriv};
use fastness::keystore::{
    Passphrase, SecretBytes,
    slip39::{Share, Slip39Error, join},
};
use serde_json::Value;

use super::{bytes, json};

/// A vector: its name, its shares, and the secret and the master key that they give, which are empty if they must not.
struct Vector {
    name: String,
    shares: Vec<String>,
    secret: Vec<u8>,
    master: String,
}

impl Vector {
    fn read(row: &Value) -> Self {
        let text = |place: usize| row[place].as_str().unwrap().to_owned();
        let shares = row[1].as_array().unwrap().iter().map(|share| share.as_str().unwrap().to_owned()).collect();
        Self { name: text(0), shares, secret: bytes(&text(2)), master: text(3) }
    }

    fn number(&self) -> usize {
        self.name.split('.').next().unwrap().parse().unwrap()
    }

    fn joined(&self) -> Result<SecretBytes, Slip39Error> {
        // The passphrase of every vector (SLIP-0039, "Test vectors").
        let passphrase = Passphrase::new("TREZOR".to_owned()).unwrap();
        let shares = self.shares.iter().map(|share| Share::parse(share)).collect::<Result<Vec<_>, _>>()?;
        join(&shares, Some(&passphrase))
    }
}

fn vectors() -> Vec<Vector> {
    json(include_str!("slip39.json")).as_array().unwrap().iter().map(Vector::read).collect()
}

#[test]
fn valid_shares_give_their_secret_and_its_master_key() {
    let all = vectors();
    let valid: Vec<_> = all.iter().filter(|vector| !vector.secret.is_empty()).collect();
    assert_eq!((all.len(), valid.len()), (45, 15));
    for vector in valid {
        let secret = vector.joined().unwrap_or_else(|error| unreachable!("{}: {error}", vector.name));
        assert_eq!(secret.as_bytes(), vector.secret, "{}", vector.name);
        let master = Xpriv::new_master(NetworkKind::Main, secret.as_bytes()).unwrap();
        assert_eq!(master.to_string(), vector.master, "{}", vector.name);
    }
}

/// What is wrong with a vector, by its number.
fn wrong_with(number: usize) -> Slip39Error {
    let mixed = |share, differs| Slip39Error::MixedSets { share, differs };
    match number {
        2 | 21 => Slip39Error::Checksum,
        3 | 22 => Slip39Error::Padding,
        5 | 24 => Slip39Error::TooFewMembers { group: 1, found: 1, needed: 2 },
        6 | 25 => mixed(2, "identifier"),
        7 | 26 => mixed(2, "iteration exponent"),
        8 | 27 => mixed(3, "group threshold"),
        9 | 28 => mixed(2, "number of groups"),
        10 | 29 => Slip39Error::GroupThreshold { threshold: 2, count: 1 },
        11 | 30 => Slip39Error::SameMember { group: 1, member: 3 },
        12 | 31 => mixed(2, "threshold of its group"),
        13 | 32 => Slip39Error::MemberDigest { group: 1 },
        14 | 15 | 33 | 34 => Slip39Error::TooFewGroups { found: 1, needed: 2 },
        16 | 35 => Slip39Error::TooFewMembers { group: 4, found: 1, needed: 2 },
        39 => Slip39Error::WordCount { found: 19 },
        40 => Slip39Error::WordCount { found: 21 },
        other => unreachable!("vector {other}"),
    }
}

#[test]
fn invalid_shares_are_refused_for_what_is_wrong_with_them() {
    let all = vectors();
    let invalid: Vec<_> = all.iter().filter(|vector| vector.secret.is_empty()).collect();
    assert_eq!(invalid.len(), 30);
    for vector in invalid {
        assert_eq!(vector.joined().err(), Some(wrong_with(vector.number())), "{}", vector.name);
    }
}

/// The shares of a vector, one after another: what is still missing ends with the last of them.
#[test]
fn what_is_missing_ends_with_the_last_share() {
    use fastness::keystore::slip39::missing;

    for vector in vectors().iter().filter(|vector| !vector.secret.is_empty()) {
        let shares: Vec<_> = vector.shares.iter().map(|share| Share::parse(share).unwrap()).collect();
        for count in 1..=shares.len() {
            let missing = missing(&shares[..count]).unwrap().groups();
            assert_eq!(missing == 0, count == shares.len(), "{}, {count} shares", vector.name);
        }
    }
}
