//! RS1024, the checksum of a share (SLIP-0039, "Checksum"): three words that detect any three wrong ones.
//!
//! No branch is taken by a word. Errors are never corrected: a corrected share may be a valid one of another secret.

use super::words::low_ten_bits;

/// Words of a checksum.
pub(super) const LENGTH: usize = 3;
/// The generator polynomial's multiples by each bit of the word that leaves the register (SLIP-0039).
const GENERATORS: [u32; 10] = [
    0x00e0_e040,
    0x01c1_c080,
    0x0383_8100,
    0x0707_0200,
    0x0e0e_0009,
    0x1c0c_2412,
    0x3808_6c24,
    0x3090_fc48,
    0x21b1_f890,
    0x03f3_f120,
];

/// True if the last three words are the checksum of the words before them.
pub(super) fn is_valid(customization: &str, words: &[u16]) -> bool {
    remainder(customization, words.iter().copied()) == 1
}

/// The three words that belong behind these.
pub(super) fn of(customization: &str, words: &[u16]) -> [u16; LENGTH] {
    let rest = remainder(customization, words.iter().copied().chain([0; LENGTH])) ^ 1;
    [20, 10, 0].map(|shift| low_ten_bits(u64::from(rest >> shift)))
}

fn remainder(customization: &str, words: impl Iterator<Item = u16>) -> u32 {
    customization.bytes().map(u16::from).chain(words).fold(1, |register, word| {
        let top = register >> 20;
        let shifted = (register & 0xf_ffff) << 10 ^ u32::from(word);
        (0..).zip(GENERATORS).fold(shifted, |sum, (bit, generator)| sum ^ generator & all_ones(top >> bit & 1))
    })
}

/// Every bit set for 1, none for 0.
const fn all_ones(bit: u32) -> u32 {
    bit.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn one_to_three_wrong_words_are_noticed(
            words in prop::collection::vec(0u16..1024, 17..=30),
            slips in prop::collection::vec((any::<prop::sample::Index>(), 1u16..1024), 1..=3),
        ) {
            let whole = [words.as_slice(), &of("shamir", &words)].concat();
            prop_assert!(is_valid("shamir", &whole));
            let mut wrong = whole.clone();
            for (place, change) in slips {
                let place = place.index(wrong.len());
                wrong[place] = whole[place] ^ change;
            }
            prop_assert!(!is_valid("shamir", &wrong));
        }

        #[test]
        fn the_customization_counts(words in prop::collection::vec(0u16..1024, 17..=30)) {
            prop_assert!(of("shamir", &words) != of("shamir_extendable", &words));
        }
    }
}
