//! Lanes of the vector registers of x86-64: four with AVX2, sixteen in two registers with AVX-512.
//!
//! How many is measured, not derived: with AVX-512 two registers side by side hide what one waits for, and with AVX2 there are
//! too few registers for two. `cargo bench --bench recover` shows the rates. Must not know what is in the lanes.

use pulp::{
    cast, u64x4, u64x8,
    x86::{V3, V4},
};

use super::lanes::{Lanes, Row};

/// Lanes of AVX2: one register of 256 bits for a word.
impl Lanes for V3 {
    type Word = u64x4;

    #[inline(always)]
    fn splat(self, value: u64) -> u64x4 {
        self.splat_u64x4(value)
    }

    #[inline(always)]
    fn load(self, row: &Row) -> u64x4 {
        let [a, b, c, d, ..] = *row;
        cast([a, b, c, d])
    }

    #[inline(always)]
    fn store(self, word: u64x4, row: &mut Row) {
        for (place, value) in row.iter_mut().zip(cast::<u64x4, [u64; 4]>(word)) {
            *place = value;
        }
    }

    #[inline(always)]
    fn add(self, a: u64x4, b: u64x4) -> u64x4 {
        self.wrapping_add_u64x4(a, b)
    }

    #[inline(always)]
    fn xor(self, a: u64x4, b: u64x4) -> u64x4 {
        self.xor_u64x4(a, b)
    }

    #[inline(always)]
    fn xor3(self, a: u64x4, b: u64x4, c: u64x4) -> u64x4 {
        self.xor_u64x4(self.xor_u64x4(a, b), c)
    }

    #[inline(always)]
    fn choose(self, a: u64x4, b: u64x4, c: u64x4) -> u64x4 {
        self.xor_u64x4(c, self.and_u64x4(a, self.xor_u64x4(b, c)))
    }

    #[inline(always)]
    fn majority(self, a: u64x4, b: u64x4, c: u64x4) -> u64x4 {
        self.xor_u64x4(self.and_u64x4(a, self.xor_u64x4(b, c)), self.and_u64x4(b, c))
    }

    #[inline(always)]
    fn rotated<const RIGHT: i32, const LEFT: i32>(self, a: u64x4) -> u64x4 {
        self.or_u64x4(self.shr_const_u64x4::<RIGHT>(a), self.shl_const_u64x4::<LEFT>(a))
    }

    #[inline(always)]
    fn shifted<const RIGHT: i32>(self, a: u64x4) -> u64x4 {
        self.shr_const_u64x4::<RIGHT>(a)
    }
}

/// Lanes of AVX-512: two registers of 512 bits for a word.
impl Lanes for V4 {
    type Word = [u64x8; 2];

    #[inline(always)]
    fn splat(self, value: u64) -> Self::Word {
        [self.splat_u64x8(value); 2]
    }

    #[inline(always)]
    fn load(self, row: &Row) -> Self::Word {
        cast(*row)
    }

    #[inline(always)]
    fn store(self, word: Self::Word, row: &mut Row) {
        *row = cast(word);
    }

    #[inline(always)]
    fn add(self, [a0, a1]: Self::Word, [b0, b1]: Self::Word) -> Self::Word {
        [self.wrapping_add_u64x8(a0, b0), self.wrapping_add_u64x8(a1, b1)]
    }

    #[inline(always)]
    fn xor(self, [a0, a1]: Self::Word, [b0, b1]: Self::Word) -> Self::Word {
        [self.xor_u64x8(a0, b0), self.xor_u64x8(a1, b1)]
    }

    #[inline(always)]
    fn xor3(self, a: Self::Word, b: Self::Word, c: Self::Word) -> Self::Word {
        self.xor(self.xor(a, b), c)
    }

    #[inline(always)]
    fn choose(self, a: Self::Word, b: Self::Word, c: Self::Word) -> Self::Word {
        self.xor(c, self.both(a, self.xor(b, c)))
    }

    #[inline(always)]
    fn majority(self, a: Self::Word, b: Self::Word, c: Self::Word) -> Self::Word {
        self.either(self.both(a, b), self.both(c, self.either(a, b)))
    }

    #[inline(always)]
    fn rotated<const RIGHT: i32, const LEFT: i32>(self, [a0, a1]: Self::Word) -> Self::Word {
        let avx = self.avx512f;
        [cast(avx._mm512_ror_epi64::<RIGHT>(cast(a0))), cast(avx._mm512_ror_epi64::<RIGHT>(cast(a1)))]
    }

    #[inline(always)]
    fn shifted<const RIGHT: i32>(self, [a0, a1]: Self::Word) -> Self::Word {
        let (avx, by) = (self.avx512f, cast(self.splat_u64x8(u64::from(RIGHT.unsigned_abs()))));
        [cast(avx._mm512_srlv_epi64(cast(a0), by)), cast(avx._mm512_srlv_epi64(cast(a1), by))]
    }
}

/// What the words of two registers need besides.
trait Bitwise: Lanes {
    /// Ones where both have ones.
    fn both(self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Ones where either has ones.
    fn either(self, a: Self::Word, b: Self::Word) -> Self::Word;
}

impl Bitwise for V4 {
    #[inline(always)]
    fn both(self, [a0, a1]: Self::Word, [b0, b1]: Self::Word) -> Self::Word {
        [self.and_u64x8(a0, b0), self.and_u64x8(a1, b1)]
    }

    #[inline(always)]
    fn either(self, [a0, a1]: Self::Word, [b0, b1]: Self::Word) -> Self::Word {
        [self.or_u64x8(a0, b0), self.or_u64x8(a1, b1)]
    }
}
