//! Random numbers of one plan, from bytes that come in: a plan is the same for the same bytes.
//!
//! No source of randomness of its own.

/// Bytes that must not be predictable, drawn one after the other.
#[derive(Debug)]
pub(super) struct Random(pub(super) [u8; 32]);

impl Random {
    /// A number below `bound` (at least 1), and the rest of the bytes for later.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let (head, tail) = self.0.split_at(8);
        let number = head.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let mut rest = [0u8; 32];
        rest[..24].copy_from_slice(tail);
        self.0 = rest;
        number % bound.max(1)
    }
}
