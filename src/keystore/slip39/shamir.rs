//! Shamir's secret sharing with a digest (SLIP-0039, "Sharing a secret"): one secret into points, and enough points into it.
//!
//! The caller has checked thresholds, lengths and places. Must not know groups, words or encryption.

use hmac::{
    Hmac, Mac,
    digest::{FixedOutput, KeyInit},
};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::field::{Point, interpolate};
use crate::keystore::{KeystoreError, SecretBytes};

/// Place of the secret.
const SECRET_PLACE: u8 = 255;
/// Place of the digest.
const DIGEST_PLACE: u8 = 254;
/// Bytes of a digest; the rest of the value at its place is random.
const DIGEST_LENGTH: usize = 4;
/// Size of a key of HMAC-SHA256 that is used as it is; a shorter one has zeros behind it (RFC 2104).
const HMAC_BLOCK: usize = 64;

/// What fills a buffer with random bytes.
pub(super) type Fill = fn(&mut [u8]) -> Result<(), KeystoreError>;

/// The values at the places 0 to `count` - 1, of which any `threshold` give the secret, and fewer say nothing about it.
///
/// # Errors
/// The generator failed, or said the same thing twice.
pub(super) fn split_secret(
    threshold: u8,
    count: u8,
    secret: &SecretBytes,
    fill: Fill,
) -> Result<Vec<SecretBytes>, KeystoreError> {
    let length = secret.as_bytes().len();
    if threshold == 1 {
        return Ok((0..count).map(|_| SecretBytes::new(secret.as_bytes().to_vec())).collect());
    }
    let salt = random(length.saturating_sub(DIGEST_LENGTH), fill)?;
    let chosen = (2..threshold).map(|_| random(length, fill)).collect::<Result<Vec<_>, _>>()?;
    refuse_repeats(&salt, &chosen)?;
    let digest = SecretBytes::new([digest(secret, salt.as_bytes()).as_slice(), salt.as_bytes()].concat());
    let mut points: Vec<_> = (0..).zip(&chosen).map(|(x, value)| Point { x, y: value.as_bytes() }).collect();
    points.push(Point { x: DIGEST_PLACE, y: digest.as_bytes() });
    points.push(Point { x: SECRET_PLACE, y: secret.as_bytes() });
    let computed: Vec<_> = (threshold - 2..count).map(|x| interpolate(x, &points)).collect();
    Ok(chosen.into_iter().chain(computed).collect())
}

/// The secret, of exactly as many points as its threshold; `None` if the digest says that it is another.
pub(super) fn recover_secret(points: &[Point<'_>]) -> Option<SecretBytes> {
    if let [only] = points {
        return Some(SecretBytes::new(only.y.to_vec()));
    }
    let (secret, digest) = (interpolate(SECRET_PLACE, points), interpolate(DIGEST_PLACE, points));
    let (expected, salt) = digest.as_bytes().split_at_checked(DIGEST_LENGTH)?;
    bool::from(self::digest(&secret, salt).as_slice().ct_eq(expected)).then_some(secret)
}

/// The first bytes of HMAC-SHA256 with the salt as key, which is shorter than a block.
fn digest(secret: &SecretBytes, salt: &[u8]) -> Zeroizing<[u8; DIGEST_LENGTH]> {
    let mut key = Zeroizing::new([0; HMAC_BLOCK]);
    for (byte, given) in key.iter_mut().zip(salt) {
        *byte = *given;
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new(key.as_slice().into());
    mac.update(secret.as_bytes());
    let mut whole = Zeroizing::new([0; 32]);
    mac.finalize_into(whole.as_mut_slice().into());
    let mut first = Zeroizing::new([0; DIGEST_LENGTH]);
    for (byte, given) in first.iter_mut().zip(whole.iter()) {
        *byte = *given;
    }
    first
}

fn random(length: usize, fill: Fill) -> Result<SecretBytes, KeystoreError> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    fill(&mut bytes)?;
    Ok(SecretBytes::new(std::mem::take(&mut *bytes)))
}

/// A generator that says the same thing twice is broken, and fewer shares than needed would tell the secret.
fn refuse_repeats(salt: &SecretBytes, chosen: &[SecretBytes]) -> Result<(), KeystoreError> {
    let shortest = salt.as_bytes().len();
    let starts: Vec<_> = chosen.iter().filter_map(|value| value.as_bytes().get(..shortest)).collect();
    let all = std::iter::once(salt.as_bytes()).chain(starts.iter().copied());
    let repeats = all.enumerate().any(|(place, one)| starts.iter().skip(place).any(|other| one.ct_eq(other).into()));
    if repeats { Err(KeystoreError::Randomness("it repeats itself")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keystore::entropy::fill_from_kernel;

    fn secret(bytes: &[u8]) -> SecretBytes {
        SecretBytes::new(bytes.to_vec())
    }

    /// What the values at these places give.
    fn recovered(values: &[SecretBytes], places: &[u8]) -> Option<Vec<u8>> {
        let point = |place: &u8| Point { x: *place, y: values[usize::from(*place)].as_bytes() };
        recover_secret(&places.iter().map(point).collect::<Vec<_>>()).map(|secret| secret.as_bytes().to_vec())
    }

    fn split_plans() -> impl Strategy<Value = (u8, u8)> {
        (2u8..=16).prop_flat_map(|count| (2..=count, Just(count)))
    }

    proptest! {
        #[test]
        fn any_sufficient_points_give_the_secret_and_fewer_do_not(
            (threshold, count) in split_plans(),
            bytes in prop::collection::vec(any::<u8>(), 16..=32),
            order in Just((0..16).collect::<Vec<u8>>()).prop_shuffle(),
        ) {
            let values = split_secret(threshold, count, &secret(&bytes), fill_from_kernel).unwrap();
            prop_assert_eq!(values.len(), usize::from(count));
            let places: Vec<u8> = order.into_iter().filter(|place| *place < count).collect();
            let (enough, _) = places.split_at(usize::from(threshold));
            prop_assert_eq!(recovered(&values, enough), Some(bytes));
            // One point alone is a secret of threshold 1, which its share does not say.
            if let [_, fewer @ ..] = enough && fewer.len() > 1 {
                prop_assert_eq!(recovered(&values, fewer), None);
            }
        }

        #[test]
        fn a_changed_point_is_noticed(
            (threshold, count) in split_plans(),
            which: prop::sample::Index,
            place: prop::sample::Index,
            change in 1u8..,
        ) {
            let mut values = split_secret(threshold, count, &secret(&[7; 32]), fill_from_kernel).unwrap();
            let which = which.index(usize::from(threshold));
            let mut bytes = values[which].as_bytes().to_vec();
            bytes[place.index(32)] ^= change;
            values[which] = SecretBytes::new(bytes);
            prop_assert_eq!(recovered(&values, &(0..threshold).collect::<Vec<_>>()), None);
        }
    }

    #[test]
    fn a_threshold_of_one_copies_the_secret() {
        let values = split_secret(1, 3, &secret(&[7; 16]), |_| unreachable!("nothing is random")).unwrap();
        assert!(values.len() == 3 && values.iter().all(|value| value.as_bytes() == [7; 16]));
    }

    #[test]
    fn a_generator_that_repeats_itself_is_refused() {
        let constant: Fill = |buffer| {
            buffer.fill(9);
            Ok(())
        };
        let of = |threshold, fill| split_secret(threshold, 16, &secret(&[7; 16]), fill).err();
        for threshold in 3..=16 {
            assert_eq!(of(threshold, constant), Some(KeystoreError::Randomness("it repeats itself")), "{threshold}");
        }
        assert_eq!(of(2, constant), None, "one draw cannot repeat");
        assert_eq!(of(16, fill_from_kernel), None);
        let silent: Fill = |_| Err(KeystoreError::Randomness("it returned an error"));
        assert_eq!(of(2, silent), Some(KeystoreError::Randomness("it returned an error")));
    }

    #[test]
    fn shares_are_random_at_every_place() {
        let of = || split_secret(3, 3, &secret(&[0; 16]), fill_from_kernel).unwrap();
        let (one, other) = (of(), of());
        assert!(one.iter().zip(&other).all(|(one, other)| one.as_bytes() != other.as_bytes()));
    }
}
