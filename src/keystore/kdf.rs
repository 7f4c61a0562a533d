//! From a password to keys: scrypt (RFC 7914) with bounds that are checked before any memory is taken.
//!
//! Nothing below the floor is ever opened or written, in any build; nothing above the ceiling is ever started.

use aes_gcm::{Aes256Gcm, KeyInit};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{KeystoreError, Password};

/// N below which no file is opened or written: 128 MiB with r = 8.
const FLOOR_N: u64 = 1 << 17;
/// Block size below which no file is opened or written; RFC 7914's own recommendation.
const FLOOR_R: u32 = 8;
/// Most memory a derivation may take: 128 * r * N bytes.
const MEMORY_CEILING: u128 = 1 << 30;
/// What the rest of the command may take besides.
const SLACK: usize = 8 << 20;
/// Most work, as N * r * p: 16 times the default.
const WORK_CEILING: u128 = 16 * (1 << 18) * 8;

/// What one guess of the password costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    log_n: u8,
    r: u32,
    p: u32,
}

impl Cost {
    /// N = 2^18, r = 8, p = 1: 256 MiB and about a second.
    pub const DEFAULT: Self = Self { log_n: 18, r: 8, p: 1 };
    /// N = 2^17, r = 8, p = 1: the least that is accepted.
    pub const FLOOR: Self = Self { log_n: 17, r: 8, p: 1 };

    /// Checks numbers from outside.
    ///
    /// # Errors
    /// N is no power of two, or the cost lies below the floor or above the ceiling of memory or work.
    pub fn new(n: u64, r: u32, p: u32) -> Result<Self, KeystoreError> {
        if !n.is_power_of_two() {
            return Err(KeystoreError::Kdf("N is not a power of two"));
        }
        if n < FLOOR_N || r < FLOOR_R || p < 1 {
            return Err(KeystoreError::Kdf("it is weaker than N=2^17, r=8, p=1"));
        }
        if 128 * u128::from(n) * u128::from(r) > MEMORY_CEILING {
            return Err(KeystoreError::Kdf("it asks for more than 1 GiB of memory"));
        }
        if u128::from(n) * u128::from(r) * u128::from(p) > WORK_CEILING {
            return Err(KeystoreError::Kdf("it asks for more than 16 times the usual work"));
        }
        let log_n = u8::try_from(n.trailing_zeros()).map_err(|_| KeystoreError::Kdf("N is too large"))?;
        Ok(Self { log_n, r, p })
    }

    /// N, r and p.
    #[must_use]
    pub const fn numbers(self) -> (u64, u32, u32) {
        (1 << self.log_n, self.r, self.p)
    }
}

/// Two keys of one password: one for the cipher, one for the commitment. Never leaves this module.
pub(super) struct Derived {
    bytes: Zeroizing<[u8; 64]>,
}

impl Derived {
    /// Runs scrypt: seconds of work and hundreds of MiB.
    pub(super) fn from_password(password: &Password, salt: &[u8; 32], cost: Cost) -> Result<Self, KeystoreError> {
        let impossible = |_| KeystoreError::SelfCheck("scrypt's parameters");
        let parameters = scrypt::Params::new(cost.log_n, cost.r, cost.p, 64).map_err(impossible)?;
        require_memory(cost)?;
        let mut bytes = Zeroizing::new([0; 64]);
        scrypt::scrypt(password.as_bytes(), salt, &parameters, bytes.as_mut())
            .map_err(|_| KeystoreError::SelfCheck("scrypt's output"))?;
        Ok(Self { bytes })
    }

    /// For tests of what comes after the derivation.
    #[cfg(test)]
    pub(super) fn from_bytes(bytes: [u8; 64]) -> Self {
        Self { bytes: Zeroizing::new(bytes) }
    }

    /// For tests of what another implementation does with the same key.
    #[cfg(test)]
    pub(super) fn cipher_key(&self) -> &[u8] {
        &self.bytes[..32]
    }

    /// AES-256-GCM under the first 32 bytes.
    pub(super) fn cipher(&self) -> Result<Aes256Gcm, KeystoreError> {
        Aes256Gcm::new_from_slice(&self.bytes[..32]).map_err(|_| KeystoreError::SelfCheck("the cipher's key"))
    }

    /// What says that a file is for this key and no other: HMAC-SHA256 of a label under the last 32 bytes.
    pub(super) fn commitment(&self, label: &[u8]) -> Result<[u8; 32], KeystoreError> {
        let mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.bytes[32..]);
        let mac = mac.map_err(|_| KeystoreError::SelfCheck("the commitment"))?;
        Ok(mac.chain_update(label).finalize().into_bytes().into())
    }
}

/// Fails where the memory of the derivation (128 * r * N bytes, RFC 7914) cannot be had: scrypt itself would abort.
fn require_memory(cost: Cost) -> Result<(), KeystoreError> {
    let (n, r, _) = cost.numbers();
    let wanted = usize::try_from(128 * u128::from(n) * u128::from(r)).map_err(|_| KeystoreError::Memory)?;
    Vec::<u8>::new().try_reserve_exact(wanted.saturating_add(SLACK)).map_err(|_| KeystoreError::Memory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_on_both_sides() {
        assert_eq!(Cost::new(1 << 18, 8, 1), Ok(Cost::DEFAULT));
        assert_eq!(Cost::new(1 << 17, 8, 1), Ok(Cost::FLOOR));
        assert!(Cost::new(1 << 20, 8, 1).is_ok(), "1 GiB exactly");
        assert!(Cost::new(1 << 18, 8, 16).is_ok(), "16 times the work exactly");
        for (n, r, p) in
            [(1 << 16, 8, 1), (1 << 17, 7, 1), (1 << 17, 8, 0), (1 << 20, 9, 1), (1 << 21, 8, 1), (1 << 18, 8, 17)]
        {
            assert!(matches!(Cost::new(n, r, p), Err(KeystoreError::Kdf(_))), "{n} {r} {p}");
        }
    }

    #[test]
    fn scrypt_is_scrypt() {
        // RFC 7914 section 12 has no vector in our range; this one was computed with another implementation (hashlib).
        let password = Password::new("pleaseletmein".to_owned()).unwrap();
        let derived = Derived::from_password(&password, b"SodiumChlorideSodiumChloride0000", Cost::FLOOR).unwrap();
        assert_eq!(hex::DisplayHex::to_lower_hex_string(derived.bytes.as_slice()), SCRYPT_2_17);
    }

    const SCRYPT_2_17: &str = "b50500f438f89e688bf3362e8a02f235a4b1050b19e6a6899f7595016a1baf369b7c1da93080914ba36abef93f84aa1b5d994edc6d5bbea9e6aa497b9c75860a";
}
