//! Randomness: from the kernel in one call, checked; and dice, which are only ever mixed into it.
//!
//! There is no other source, no fallback, and no way to make a wallet of dice alone.

use hex::DisplayHex;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{KeystoreError, PhraseError, SecretBytes};

/// How many words a phrase has (BIP-39).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordCount {
    /// 128 bits.
    Twelve,
    /// 160 bits.
    Fifteen,
    /// 192 bits.
    Eighteen,
    /// 224 bits.
    TwentyOne,
    /// 256 bits.
    TwentyFour,
}

impl WordCount {
    /// Every count, smallest first.
    pub const ALL: [Self; 5] = [Self::Twelve, Self::Fifteen, Self::Eighteen, Self::TwentyOne, Self::TwentyFour];

    /// The number of words.
    #[must_use]
    pub const fn words(self) -> usize {
        match self {
            Self::Twelve => 12,
            Self::Fifteen => 15,
            Self::Eighteen => 18,
            Self::TwentyOne => 21,
            Self::TwentyFour => 24,
        }
    }

    /// The number of bytes of entropy: 4 for every 3 words.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.words() / 3 * 4
    }

    /// Rolls of a six-sided die that carry that much entropy (2.585 bits each).
    #[must_use]
    pub const fn rolls(self) -> usize {
        match self {
            Self::Twelve => 50,
            Self::Fifteen => 62,
            Self::Eighteen => 75,
            Self::TwentyOne => 87,
            Self::TwentyFour => 99,
        }
    }

    /// The count with that many words.
    ///
    /// # Errors
    /// BIP-39 has no such phrase.
    pub fn of_words(found: usize) -> Result<Self, PhraseError> {
        Self::ALL.into_iter().find(|count| count.words() == found).ok_or(PhraseError::WordCount { found })
    }

    /// The count with that many bytes of entropy.
    pub(super) fn of_bytes(bytes: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|count| count.bytes() == bytes)
    }
}

/// Fills the buffer with one call of the kernel's generator. A second call never hides that the first one failed.
///
/// # Errors
/// The call fails, gives fewer bytes, or gives zeros only.
pub(super) fn fill_from_kernel(buffer: &mut [u8]) -> Result<(), KeystoreError> {
    fill_from(ask_kernel, buffer)
}

/// Fills from one call of a source, whose answer is judged before anything is made of it.
fn fill_from(
    source: impl FnOnce(&mut [u8]) -> Result<usize, KeystoreError>,
    buffer: &mut [u8],
) -> Result<(), KeystoreError> {
    let given = source(buffer)?;
    judge(buffer, given)
}

#[cfg(target_os = "linux")]
fn ask_kernel(buffer: &mut [u8]) -> Result<usize, KeystoreError> {
    rustix::rand::getrandom(buffer, rustix::rand::GetRandomFlags::empty())
        .map_err(|_| KeystoreError::Randomness("it returned an error"))
}

#[cfg(not(target_os = "linux"))]
fn ask_kernel(buffer: &mut [u8]) -> Result<usize, KeystoreError> {
    getrandom::fill(buffer).map_err(|_| KeystoreError::Randomness("it returned an error"))?;
    Ok(buffer.len())
}

fn judge(buffer: &[u8], given: usize) -> Result<(), KeystoreError> {
    if given != buffer.len() {
        return Err(KeystoreError::Randomness("it gave fewer bytes than asked for"));
    }
    if buffer.iter().all(|byte| *byte == 0) {
        return Err(KeystoreError::Randomness("it gave zeros only"));
    }
    Ok(())
}

/// Fresh bytes for a salt, a nonce or an id.
pub(super) fn fresh<const N: usize>() -> Result<[u8; N], KeystoreError> {
    let mut bytes = [0; N];
    fill_from_kernel(&mut bytes)?;
    Ok(bytes)
}

/// Fresh secret entropy of the phrase's size.
pub(super) fn kernel_entropy(count: WordCount) -> Result<SecretBytes, KeystoreError> {
    let mut bytes = Zeroizing::new(vec![0; count.bytes()]);
    fill_from_kernel(&mut bytes)?;
    Ok(SecretBytes::new(std::mem::take(&mut *bytes)))
}

/// Rolls of a die, as typed: digits 1 to 6.
pub struct DiceRolls(Zeroizing<String>);

impl DiceRolls {
    /// Reads digits 1 to 6 (spaces are skipped), enough of them for `count` words and at most 1000.
    ///
    /// # Errors
    /// Another character, or too few or too many rolls.
    pub fn parse(typed: &str, count: WordCount) -> Result<Self, PhraseError> {
        const MOST: usize = 1000;
        let mut rolls = Zeroizing::new(String::with_capacity(typed.len()));
        rolls.extend(typed.chars().filter(|character| !character.is_whitespace()));
        let found = rolls.bytes().filter(|byte| (b'1'..=b'6').contains(byte)).count();
        if found != rolls.len() || found > MOST {
            return Err(PhraseError::Dice { found, needed: count.rolls() });
        }
        Self(rolls).enough_for(count)
    }

    /// The same rolls, when there are enough of them for `count` words.
    pub(super) fn enough_for(self, count: WordCount) -> Result<Self, PhraseError> {
        let found = self.0.len();
        if found < count.rolls() { Err(PhraseError::Dice { found, needed: count.rolls() }) } else { Ok(self) }
    }
}

/// How dice were mixed in, so that a second tool can compute the same entropy. For the alternate screen only.
pub struct DiceReport {
    kernel: SecretBytes,
    rolls: DiceRolls,
    count: WordCount,
}

impl DiceReport {
    /// The computation, in words: the hashed input is the kernel's raw bytes followed by the digits as ASCII.
    pub const FORMULA: &str = "entropy = first bytes of SHA-256(kernel bytes || ASCII digits of the rolls)";

    /// The kernel's bytes, as hex.
    #[must_use]
    pub fn kernel_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(self.kernel.as_bytes().to_lower_hex_string())
    }

    /// The rolls, without spaces.
    #[must_use]
    pub fn rolls(&self) -> &str {
        &self.rolls.0
    }

    /// How many bytes of the hash are used.
    #[must_use]
    pub const fn used_bytes(&self) -> usize {
        self.count.bytes()
    }
}

/// Kernel bytes and rolls, hashed together: as good as the better of the two.
pub(super) fn mix(kernel: SecretBytes, rolls: DiceRolls, count: WordCount) -> (SecretBytes, DiceReport) {
    let mut hash = Zeroizing::new([0; 32]);
    let hasher = Sha256::new().chain_update(kernel.as_bytes()).chain_update(rolls.0.as_bytes());
    hasher.finalize_into(hash.as_mut_slice().into());
    let mixed = SecretBytes::new(hash.iter().copied().take(count.bytes()).collect());
    (mixed, DiceReport { kernel, rolls, count })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_generator_is_an_error() {
        assert_eq!(judge(&[1, 2, 3], 3), Ok(()));
        assert!(matches!(judge(&[1, 2, 3], 2), Err(KeystoreError::Randomness(_))));
        assert!(matches!(judge(&[1, 2, 3], 0), Err(KeystoreError::Randomness(_))));
        assert!(matches!(judge(&[0; 16], 16), Err(KeystoreError::Randomness(_))));
    }

    #[test]
    fn what_a_source_gives_is_judged_before_it_is_used() {
        let filled = |byte: u8, given: usize| {
            let source = |buffer: &mut [u8]| {
                buffer.fill(byte);
                Ok(given)
            };
            fill_from(source, &mut [0; 32])
        };
        assert_eq!(filled(7, 32), Ok(()));
        assert!(filled(7, 31).is_err(), "fewer bytes than asked for");
        assert!(filled(0, 32).is_err(), "zeros only");
    }

    #[test]
    fn no_draw_repeats() {
        let draws: std::collections::HashSet<[u8; 16]> = (0..10_000).map(|_| fresh().unwrap()).collect();
        assert_eq!(draws.len(), 10_000);
    }

    #[test]
    fn too_few_dice_are_refused() {
        for (count, enough) in WordCount::ALL.into_iter().zip([50, 62, 75, 87, 99]) {
            let short = DiceRolls::parse(&"3".repeat(enough - 1), count).err();
            assert_eq!(short, Some(PhraseError::Dice { found: enough - 1, needed: enough }));
            assert!(DiceRolls::parse(&"3".repeat(enough), count).is_ok());
        }
        for bad in ["0", "7", "a", "\u{0661}", "-"] {
            assert!(DiceRolls::parse(&format!("{}{bad}", "1".repeat(60)), WordCount::Twelve).is_err(), "{bad}");
        }
        assert!(DiceRolls::parse(&"1".repeat(1001), WordCount::Twelve).is_err());
    }

    #[test]
    fn a_second_tool_gets_the_same_entropy() {
        let rolls = DiceRolls::parse(&"123456 ".repeat(9), WordCount::Twelve).unwrap();
        let (mixed, report) = mix(SecretBytes::new((0..16).collect()), rolls, WordCount::Twelve);
        assert_eq!(*report.kernel_hex(), "000102030405060708090a0b0c0d0e0f");
        assert_eq!(report.rolls(), "123456".repeat(9));
        // python: hashlib.sha256(bytes(range(16)) + b"123456" * 9).hexdigest()[:32]
        assert_eq!(mixed.as_bytes().to_lower_hex_string(), "40a54839fae74f84ba8669f39daae8bd");
        assert_eq!(report.used_bytes(), 16);
    }
}
