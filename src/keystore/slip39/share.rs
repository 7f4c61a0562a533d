//! One share: what its words say, and the words that say it (SLIP-0039, "Format of the share mnemonic").
//!
//! A share has no Debug, Display, Clone or Serialize. Nothing typed is corrected. Must not know other shares.

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::{
    Slip39Error, checksum,
    words::{self, low_ten_bits},
};
use crate::keystore::{SecretBytes, secret::normalized};

/// Longest text that is read as a share: 33 words of 8 letters, with room for odd spacing.
const MAX_TYPED: usize = 2048;
/// Words before the value: 40 bits.
const HEAD: usize = 4;
/// Most bits of padding before the value (SLIP-0039, "Combining the shares").
const MAX_PADDING: usize = 8;
/// Sizes of a master secret, in bytes: from 128 to 256 bits.
const SIZES: std::ops::RangeInclusive<usize> = 16..=32;

/// Whether the identifier takes part in the encryption (the extendable backup flag of SLIP-0039).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExtendableFlag {
    /// It does not: other sets of shares can be made of the same encrypted secret.
    Set,
    /// It does, as salt.
    Unset,
}

/// What the shares of a set have in common. It is in every share, and no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SetParameters {
    /// 15 random bits.
    pub(super) identifier: u16,
    pub(super) extendable: ExtendableFlag,
    /// The iterations are 10,000 times 2 to the power of this, 0 to 15.
    pub(super) exponent: u8,
    /// How many groups are needed, 1 to 16.
    pub(super) group_threshold: u8,
    /// How many groups there are, 1 to 16.
    pub(super) group_count: u8,
}

/// Where a share belongs in its set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SharePlace {
    /// Place of the group, from 0.
    pub(super) group: u8,
    /// Place in the group, from 0.
    pub(super) member: u8,
    /// How many members of the group are needed, 1 to 16.
    pub(super) threshold: u8,
}

/// A share of a master secret.
///
/// ```compile_fail
/// fn printed(share: &fastness::keystore::slip39::Share) -> String { format!("{share:?}") }
/// ```
/// ```compile_fail
/// fn copied(share: &fastness::keystore::slip39::Share) -> fastness::keystore::slip39::Share { share.clone() }
/// ```
pub struct Share {
    pub(super) set: SetParameters,
    pub(super) at: SharePlace,
    pub(super) value: SecretBytes,
}

impl Share {
    /// Reads typed words: in any case, with any spacing, each whole or by at least its first four letters.
    ///
    /// # Errors
    /// A number of words that no share has, an unknown word, a wrong checksum, or a share that no program should have made.
    pub fn parse(typed: &str) -> Result<Self, Slip39Error> {
        let numbers = numbers(typed)?;
        let too_few = || Slip39Error::WordCount { found: numbers.len() };
        let (head, rest) = numbers.split_first_chunk::<HEAD>().ok_or_else(too_few)?;
        let (value, _) = rest.split_last_chunk::<{ checksum::LENGTH }>().ok_or_else(too_few)?;
        let (set, at) = read_head(head);
        if !checksum::is_valid(set.extendable.customization(), &numbers) {
            return Err(Slip39Error::Checksum);
        }
        let (threshold, count) = (set.group_threshold, set.group_count);
        if threshold > count {
            return Err(Slip39Error::GroupThreshold { threshold, count });
        }
        Ok(Self { set, at, value: unpadded(value)? })
    }

    /// The words in order, for the screen.
    pub fn words(&self) -> impl Iterator<Item = &'static str> + use<> {
        let numbers = self.numbers();
        (0..numbers.len()).filter_map(move |place| numbers.get(place).map(|number| words::word(*number)))
    }

    /// The number that all shares of a set have, 0 to 32767. Together with two other facts it is the first two words.
    #[must_use]
    pub const fn identifier(&self) -> u16 {
        self.set.identifier
    }

    /// True if other sets of shares can be made of the same encrypted secret. It is of all that this program makes.
    #[must_use]
    pub fn is_extendable(&self) -> bool {
        self.set.extendable == ExtendableFlag::Set
    }

    /// PBKDF2 takes 10,000 iterations times 2 to the power of this, 0 to 15.
    #[must_use]
    pub const fn iteration_exponent(&self) -> u8 {
        self.set.exponent
    }

    /// The number of its group, 1 to 16.
    #[must_use]
    pub const fn group(&self) -> u8 {
        self.at.group + 1
    }

    /// How many groups are needed, 1 to 16.
    #[must_use]
    pub const fn group_threshold(&self) -> u8 {
        self.set.group_threshold
    }

    /// How many groups there are, 1 to 16.
    #[must_use]
    pub const fn group_count(&self) -> u8 {
        self.set.group_count
    }

    /// The number of the member in its group, 1 to 16.
    #[must_use]
    pub const fn member(&self) -> u8 {
        self.at.member + 1
    }

    /// How many members of its group are needed, 1 to 16.
    #[must_use]
    pub const fn member_threshold(&self) -> u8 {
        self.at.threshold
    }

    /// Size of the master secret, in bytes.
    #[must_use]
    pub fn secret_length(&self) -> usize {
        self.value.as_bytes().len()
    }

    /// Compares without telling where the values differ (for a share that is typed a second time).
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        let same_place = Choice::from(u8::from(self.set == other.set && self.at == other.at));
        bool::from(self.value.as_bytes().ct_eq(other.value.as_bytes()) & same_place)
    }

    /// What every word stands for.
    fn numbers(&self) -> Zeroizing<Vec<u16>> {
        let value = padded(self.value.as_bytes());
        let mut numbers = Zeroizing::new(Vec::with_capacity(HEAD + value.len() + checksum::LENGTH));
        numbers.extend_from_slice(&head(self.set, self.at));
        numbers.extend_from_slice(&value);
        let checksum = checksum::of(self.set.extendable.customization(), &numbers);
        numbers.extend_from_slice(&checksum);
        numbers
    }
}

impl ExtendableFlag {
    /// What the checksum begins with.
    const fn customization(self) -> &'static str {
        match self {
            Self::Set => "shamir_extendable",
            Self::Unset => "shamir",
        }
    }
}

/// What the 40 bits of the first words say: 15 and 1, and six times 4.
fn read_head(words: &[u16; HEAD]) -> (SetParameters, SharePlace) {
    let bits = words.iter().fold(0u64, |bits, word| bits << 10 | u64::from(*word));
    let [.., high, low] = (bits >> 25).to_be_bytes();
    let nibble = |place: u32| low_byte(bits >> (4 * place)) & 0xf;
    let set = SetParameters {
        identifier: u16::from_be_bytes([high, low]),
        extendable: if bits >> 24 & 1 == 1 { ExtendableFlag::Set } else { ExtendableFlag::Unset },
        exponent: nibble(5),
        group_threshold: nibble(3) + 1,
        group_count: nibble(2) + 1,
    };
    (set, SharePlace { group: nibble(4), member: nibble(1), threshold: nibble(0) + 1 })
}

/// The first words.
fn head(set: SetParameters, at: SharePlace) -> [u16; HEAD] {
    let flag = u64::from(set.extendable == ExtendableFlag::Set);
    let (threshold, count) = (set.group_threshold - 1, set.group_count - 1);
    let nibbles = [set.exponent, at.group, threshold, count, at.member, at.threshold - 1];
    let front = u64::from(set.identifier) << 1 | flag;
    let bits = nibbles.iter().fold(front, |bits, nibble| bits << 4 | u64::from(*nibble));
    [30, 20, 10, 0].map(|shift| low_ten_bits(bits >> shift))
}

/// Fails for a master secret that has no shares here.
pub(super) fn check_length(bytes: usize) -> Result<(), Slip39Error> {
    if SIZES.contains(&bytes) && bytes.is_multiple_of(2) {
        Ok(())
    } else {
        Err(Slip39Error::SecretLength { found: bytes })
    }
}

/// The number of every typed word; as many as a share has.
fn numbers(typed: &str) -> Result<Zeroizing<Vec<u16>>, Slip39Error> {
    if typed.len() > MAX_TYPED {
        return Err(Slip39Error::WordCount { found: typed.split_whitespace().count() });
    }
    let mut text = normalized(typed);
    text.make_ascii_lowercase();
    let found = text.split_whitespace().count();
    if !SIZES.step_by(2).any(|bytes| word_count(bytes) == found) {
        return Err(Slip39Error::WordCount { found });
    }
    let mut numbers = Zeroizing::new(Vec::with_capacity(found));
    for (position, word) in (1..).zip(text.split_whitespace()) {
        let unknown = || Slip39Error::UnknownWord { position, suggestions: words::similar(word) };
        numbers.push(words::number(word).ok_or_else(unknown)?);
    }
    Ok(numbers)
}

/// How many words a share of a secret of this size has.
const fn word_count(bytes: usize) -> usize {
    HEAD + (bytes * 8).div_ceil(10) + checksum::LENGTH
}

/// The value as words of 10 bits, behind as many zero bits as fill the first word.
fn padded(value: &[u8]) -> Zeroizing<Vec<u16>> {
    let count = (value.len() * 8).div_ceil(10);
    let mut words = Zeroizing::new(Vec::with_capacity(count));
    let (mut bits, mut waiting) = (0u64, count * 10 - value.len() * 8);
    for byte in value {
        (bits, waiting) = (bits << 8 | u64::from(*byte), waiting + 8);
        if waiting >= 10 {
            waiting -= 10;
            words.push(low_ten_bits(bits >> waiting));
        }
    }
    words
}

/// The value in words of 10 bits.
fn unpadded(words: &[u16]) -> Result<SecretBytes, Slip39Error> {
    let padding = words.len() * 10 % 16;
    let first = words.first().copied().unwrap_or_default();
    if padding > MAX_PADDING || first >> (10 - padding) != 0 {
        return Err(Slip39Error::Padding);
    }
    let mut value = Zeroizing::new(Vec::with_capacity(words.len() * 10 / 8));
    let (mut bits, mut waiting) = (u64::from(first), 10 - padding);
    for word in words.iter().skip(1).map(Some).chain([None]) {
        while waiting >= 8 {
            waiting -= 8;
            value.push(low_byte(bits >> waiting));
        }
        if let Some(word) = word {
            (bits, waiting) = (bits << 10 | u64::from(*word), waiting + 10);
        }
    }
    Ok(SecretBytes::new(std::mem::take(&mut *value)))
}

const fn low_byte(bits: u64) -> u8 {
    let [.., low] = bits.to_be_bytes();
    low
}

#[cfg(test)]
#[path = "share_tests.rs"]
mod tests;
