//! Words of several lanes: the operations of SHA-512 on as many messages at once as this machine's registers hold.
//!
//! What the processor has is looked for at run time, and a token of it is the proof that its instructions can be used: no
//! unsafe code. Lanes never mix, and nothing is known here of what is in them.

/// Most lanes of any width.
pub(super) const MOST_LANES: usize = 16;
/// One word of every lane.
pub(super) type Row = [u64; MOST_LANES];

/// Arithmetic on one word of every lane, all modulo 2^64.
pub(super) trait Lanes: Copy {
    /// One 64-bit word of every lane.
    type Word: Copy;

    /// The same value in every lane.
    fn splat(self, value: u64) -> Self::Word;
    /// The first words of a row, one for each lane.
    fn load(self, row: &Row) -> Self::Word;
    /// Writes the first words of a row.
    fn store(self, word: Self::Word, row: &mut Row);
    /// The sum.
    fn add(self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Exclusive or.
    fn xor(self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Exclusive or of three.
    fn xor3(self, a: Self::Word, b: Self::Word, c: Self::Word) -> Self::Word;
    /// Bits of `b` where `a` has ones, else of `c` (Ch of FIPS 180-4).
    fn choose(self, a: Self::Word, b: Self::Word, c: Self::Word) -> Self::Word;
    /// Bits that two of three have (Maj of FIPS 180-4).
    fn majority(self, a: Self::Word, b: Self::Word, c: Self::Word) -> Self::Word;
    /// Rotated by `RIGHT` bits to the right, which is by `LEFT` = 64 - `RIGHT` to the left.
    fn rotated<const RIGHT: i32, const LEFT: i32>(self, a: Self::Word) -> Self::Word;
    /// Shifted by `RIGHT` bits to the right.
    fn shifted<const RIGHT: i32>(self, a: Self::Word) -> Self::Word;
}

/// One message at a time, on any machine.
#[derive(Clone, Copy)]
pub(super) struct OneLane;

impl Lanes for OneLane {
    type Word = u64;

    #[inline(always)]
    fn splat(self, value: u64) -> u64 {
        value
    }

    #[inline(always)]
    fn load(self, row: &Row) -> u64 {
        let [first, ..] = *row;
        first
    }

    #[inline(always)]
    fn store(self, word: u64, row: &mut Row) {
        let [first, ..] = row;
        *first = word;
    }

    #[inline(always)]
    fn add(self, a: u64, b: u64) -> u64 {
        a.wrapping_add(b)
    }

    #[inline(always)]
    fn xor(self, a: u64, b: u64) -> u64 {
        a ^ b
    }

    #[inline(always)]
    fn xor3(self, a: u64, b: u64, c: u64) -> u64 {
        a ^ b ^ c
    }

    #[inline(always)]
    fn choose(self, a: u64, b: u64, c: u64) -> u64 {
        c ^ (a & (b ^ c))
    }

    #[inline(always)]
    fn majority(self, a: u64, b: u64, c: u64) -> u64 {
        (a & b) | (c & (a | b))
    }

    #[inline(always)]
    fn rotated<const RIGHT: i32, const LEFT: i32>(self, a: u64) -> u64 {
        (a >> RIGHT) | (a << LEFT)
    }

    #[inline(always)]
    fn shifted<const RIGHT: i32>(self, a: u64) -> u64 {
        a >> RIGHT
    }
}
