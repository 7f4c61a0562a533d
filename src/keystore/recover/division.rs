//! Numbers in order, given out in shares that come back in any order; and from where on not all is done.
//!
//! Only counts: who does the work and what it finds is not its matter.

use std::{collections::BTreeSet, ops::Range};

/// What is given out, what is done, and where to go on.
pub(super) struct Division {
    next: u64,
    end: u64,
    size: u64,
    /// First numbers of the shares that are not back.
    out: BTreeSet<u64>,
    /// The first number that a share came back without.
    left: Option<u64>,
    done: u64,
}

impl Division {
    /// The numbers of a range, in shares of `size` (at least 1).
    pub(super) const fn new(all: Range<u64>, size: u64) -> Self {
        let size = if size == 0 { 1 } else { size };
        Self { next: all.start, end: all.end, size, out: BTreeSet::new(), left: None, done: 0 }
    }

    /// The next share, unless all is given out.
    pub(super) fn take(&mut self) -> Option<Range<u64>> {
        let share = self.next..self.next.saturating_add(self.size).min(self.end);
        if share.is_empty() {
            return None;
        }
        self.next = share.end;
        self.out.insert(share.start);
        Some(share)
    }

    /// A share is back, done up to `reached`.
    pub(super) fn give_back(&mut self, share: &Range<u64>, reached: u64) {
        self.out.remove(&share.start);
        self.done += reached.saturating_sub(share.start);
        if reached < share.end {
            self.left = Some(self.left.map_or(reached, |left| left.min(reached)));
        }
    }

    /// Gives nothing more out.
    pub(super) const fn close(&mut self) {
        self.end = self.next;
    }

    /// How many shares are not back.
    pub(super) fn out(&self) -> usize {
        self.out.len()
    }

    /// How many numbers are done.
    pub(super) const fn done(&self) -> u64 {
        self.done
    }

    /// The first number that is not done: all before it are.
    pub(super) fn resume_at(&self) -> u64 {
        let first_out = self.out.first().copied().unwrap_or(self.next);
        self.left.map_or(first_out, |left| left.min(first_out))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_share_that_comes_back_late_holds_the_place() {
        let mut division = Division::new(10..35, 10);
        let shares: Vec<_> = std::iter::from_fn(|| division.take()).collect();
        assert_eq!(shares, [10..20, 20..30, 30..35]);
        division.give_back(&shares[2], 35);
        division.give_back(&shares[1], 25);
        assert_eq!((division.resume_at(), division.out(), division.done()), (10, 1, 10));
        division.give_back(&shares[0], 20);
        assert_eq!((division.resume_at(), division.out(), division.done()), (25, 0, 20));
        let mut closed = Division::new(0..100, 0);
        assert_eq!(closed.take(), Some(0..1));
        closed.close();
        assert_eq!((closed.take(), closed.resume_at()), (None, 0));
    }

    proptest! {
        #[test]
        fn all_numbers_are_given_out_once_and_none_before_the_place_is_open(
            start in 0u64..50,
            length in 0u64..200,
            size in 0u64..20,
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..200),
        ) {
            let mut division = Division::new(start..start + length, size);
            let mut shares: Vec<_> = std::iter::from_fn(|| division.take()).collect();
            let all: Vec<u64> = shares.iter().cloned().flatten().collect();
            prop_assert_eq!(all, (start..start + length).collect::<Vec<_>>());
            for index in order {
                if shares.is_empty() {
                    break;
                }
                let share = shares.swap_remove(index.index(shares.len()));
                division.give_back(&share, share.end);
                let first = shares.iter().map(|share| share.start).min();
                prop_assert_eq!(division.resume_at(), first.unwrap_or(start + length));
            }
        }
    }
}
