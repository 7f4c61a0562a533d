//! The encryption of a master secret before it is split (SLIP-0039): four Feistel rounds with PBKDF2-HMAC-SHA256.
//!
//! Any passphrase decrypts to something: whether it is the right one cannot be told here.

use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::share::{ExtendableFlag, SetParameters};
use crate::keystore::{Passphrase, SecretBytes};

/// Iterations of one round at exponent 0 (SLIP-0039): a quarter of 10,000.
const BASE_ITERATIONS: u32 = 2_500;

/// The encrypted master secret.
pub(super) fn encrypt(secret: &SecretBytes, passphrase: Option<&Passphrase>, set: SetParameters) -> SecretBytes {
    apply([0, 1, 2, 3], secret, passphrase, set)
}

/// The master secret.
pub(super) fn decrypt(encrypted: &SecretBytes, passphrase: Option<&Passphrase>, set: SetParameters) -> SecretBytes {
    apply([3, 2, 1, 0], encrypted, passphrase, set)
}

fn apply(rounds: [u8; 4], text: &SecretBytes, passphrase: Option<&Passphrase>, set: SetParameters) -> SecretBytes {
    let (left, right) = text.as_bytes().split_at(text.as_bytes().len() / 2);
    let (mut left, mut right) = (SecretBytes::new(left.to_vec()), SecretBytes::new(right.to_vec()));
    for round in rounds {
        let function = round_function(round, passphrase, &right, set);
        let mixed = left.as_bytes().iter().zip(function.iter()).map(|(one, other)| one ^ other).collect();
        (left, right) = (right, SecretBytes::new(mixed));
    }
    SecretBytes::new([right.as_bytes(), left.as_bytes()].concat())
}

/// F(i, R) of SLIP-0039: as many bytes as `right` has.
fn round_function(
    round: u8,
    passphrase: Option<&Passphrase>,
    right: &SecretBytes,
    set: SetParameters,
) -> Zeroizing<Vec<u8>> {
    let passphrase = passphrase.map_or("", Passphrase::as_str);
    let password = Zeroizing::new([[round].as_slice(), passphrase.as_bytes()].concat());
    let salt = match set.extendable {
        ExtendableFlag::Set => Zeroizing::new(right.as_bytes().to_vec()),
        ExtendableFlag::Unset => {
            Zeroizing::new([b"shamir".as_slice(), &set.identifier.to_be_bytes(), right.as_bytes()].concat())
        }
    };
    let mut output = Zeroizing::new(vec![0; right.as_bytes().len()]);
    pbkdf2_hmac::<Sha256>(&password, &salt, BASE_ITERATIONS << set.exponent, &mut output);
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(extendable: ExtendableFlag, identifier: u16) -> SetParameters {
        SetParameters { identifier, extendable, exponent: 0, group_threshold: 1, group_count: 1 }
    }

    #[test]
    fn what_was_encrypted_is_decrypted() {
        let passphrase = Passphrase::new("TREZOR".to_owned()).unwrap();
        for length in [16, 18, 32] {
            let secret = SecretBytes::new((0..length).collect());
            for flag in [ExtendableFlag::Set, ExtendableFlag::Unset] {
                let set = parameters(flag, 7945);
                let encrypted = encrypt(&secret, Some(&passphrase), set);
                assert_ne!(encrypted.as_bytes(), secret.as_bytes());
                assert_eq!(decrypt(&encrypted, Some(&passphrase), set).as_bytes(), secret.as_bytes());
                assert_ne!(decrypt(&encrypted, None, set).as_bytes(), secret.as_bytes());
            }
        }
    }

    /// Extendable sets give the same master secret under any identifier; the others do not.
    #[test]
    fn the_identifier_is_salt_of_sets_that_are_not_extendable() {
        let secret = SecretBytes::new((0..16).collect());
        let of = |flag, identifier| encrypt(&secret, None, parameters(flag, identifier));
        let same = |flag| of(flag, 1).as_bytes() == of(flag, 2).as_bytes();
        assert!(same(ExtendableFlag::Set) && !same(ExtendableFlag::Unset));
    }
}
