//! How many candidates this machine hashes at once, and the way into its instructions.
//!
//! Found out once and at run time; must not know what is computed.

use super::lanes::{Lanes, OneLane};
#[cfg(target_arch = "x86_64")]
use pulp::{
    Simd, WithSimd,
    x86::{V3, V4},
};

/// A computation on lanes, whatever their number.
pub(super) trait OnLanes {
    /// Computes; inlined into code that may use the lanes' instructions.
    fn run<L: Lanes>(self, lanes: L);
}

/// The lanes of this machine.
#[derive(Clone, Copy)]
pub(super) enum Width {
    /// Sixteen lanes of AVX-512.
    #[cfg(target_arch = "x86_64")]
    Avx512(V4),
    /// Four lanes of AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2(V3),
    /// One lane, on any machine.
    One,
}

impl Width {
    /// The widest that this processor has.
    pub(super) fn widest() -> Self {
        Self::all().into_iter().next().unwrap_or(Self::One)
    }

    /// Every one that this processor has, the widest first.
    pub(super) fn all() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let vectors = [V4::try_new().map(Self::Avx512), V3::try_new().map(Self::Avx2)];
        #[cfg(not(target_arch = "x86_64"))]
        let vectors = [None, None];
        vectors.into_iter().flatten().chain([Self::One]).collect()
    }

    /// How many lanes there are: 1 to [`super::lanes::MOST_LANES`].
    pub(super) const fn lanes(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => 16,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => 4,
            Self::One => 1,
        }
    }

    /// The instruction set, for a report.
    pub(super) const fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "AVX2",
            Self::One => "no vector instructions",
        }
    }

    /// Computes with the instructions of this width.
    pub(super) fn run(self, work: impl OnLanes) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(lanes) => Simd::vectorize(lanes, Vectorized { lanes, work }),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(lanes) => Simd::vectorize(lanes, Vectorized { lanes, work }),
            Self::One => work.run(OneLane),
        }
    }
}

/// A computation with the token of the instructions that it uses.
#[cfg(target_arch = "x86_64")]
struct Vectorized<L, O> {
    lanes: L,
    work: O,
}

#[cfg(target_arch = "x86_64")]
impl<L: Lanes, O: OnLanes> WithSimd for Vectorized<L, O> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.work.run(self.lanes);
    }
}
