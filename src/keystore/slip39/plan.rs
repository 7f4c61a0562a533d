//! How many shares are made, and how many of them are needed: checked before anything is split.
//!
//! Holds no secret.

use super::Slip39Error;

/// Most groups, and most members of one (SLIP-0039: 4 bits).
const MOST: u8 = 16;
/// Largest iteration exponent (SLIP-0039: 4 bits).
const MAX_EXPONENT: u8 = 15;

/// The shares of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupPlan {
    threshold: u8,
    count: u8,
}

/// The shares of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitPlan {
    group_threshold: u8,
    group_count: u8,
    groups: Vec<GroupPlan>,
    iteration_exponent: u8,
}

impl GroupPlan {
    /// `threshold` of `count` shares, each 1 to 16.
    ///
    /// # Errors
    /// More are needed than there are, or one of several is: then all would be the same (SLIP-0039, "Group policies").
    pub fn new(threshold: u8, count: u8) -> Result<Self, Slip39Error> {
        if threshold < 1 || count < 1 {
            return Err(Slip39Error::Plan("a group has at least one share, and needs at least one"));
        }
        if count > MOST {
            return Err(Slip39Error::Plan("a group has at most 16 shares"));
        }
        if threshold > count {
            return Err(Slip39Error::Plan("a group needs more shares than it has"));
        }
        if threshold == 1 && count > 1 {
            return Err(Slip39Error::OneOfMany { count });
        }
        Ok(Self { threshold, count })
    }

    /// How many shares of the group are needed.
    #[must_use]
    pub const fn threshold(self) -> u8 {
        self.threshold
    }

    /// How many shares the group has.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.count
    }
}

impl SplitPlan {
    /// The exponent that other wallets choose: 20,000 iterations of PBKDF2.
    pub const DEFAULT_EXPONENT: u8 = 1;

    /// Any `group_threshold` of these groups. PBKDF2 takes 10,000 iterations times 2 to the power of `iteration_exponent`,
    /// 0 to 15: from 10 on it takes seconds, and on a small device minutes.
    ///
    /// # Errors
    /// No group, more than 16, more needed than there are, or a larger exponent.
    pub fn new(group_threshold: u8, groups: Vec<GroupPlan>, iteration_exponent: u8) -> Result<Self, Slip39Error> {
        if groups.is_empty() || group_threshold < 1 {
            return Err(Slip39Error::Plan("there is at least one group, and at least one is needed"));
        }
        let group_count = u8::try_from(groups.len()).ok().filter(|count| *count <= MOST);
        let group_count = group_count.ok_or(Slip39Error::Plan("there are at most 16 groups"))?;
        if group_threshold > group_count {
            return Err(Slip39Error::Plan("more groups are needed than there are"));
        }
        if iteration_exponent > MAX_EXPONENT {
            return Err(Slip39Error::Plan("the iteration exponent is at most 15"));
        }
        Ok(Self { group_threshold, group_count, groups, iteration_exponent })
    }

    /// `threshold` of `count` shares without groups: one group, as SLIP-0039 asks for.
    ///
    /// # Errors
    /// As for [`GroupPlan::new`].
    pub fn single(threshold: u8, count: u8) -> Result<Self, Slip39Error> {
        Self::new(1, vec![GroupPlan::new(threshold, count)?], Self::DEFAULT_EXPONENT)
    }

    /// How many groups are needed.
    #[must_use]
    pub const fn group_threshold(&self) -> u8 {
        self.group_threshold
    }

    /// How many groups there are.
    #[must_use]
    pub const fn group_count(&self) -> u8 {
        self.group_count
    }

    /// The groups, in their order.
    #[must_use]
    pub fn groups(&self) -> &[GroupPlan] {
        &self.groups
    }

    /// PBKDF2 takes 10,000 iterations times 2 to the power of this.
    #[must_use]
    pub const fn iteration_exponent(&self) -> u8 {
        self.iteration_exponent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(threshold: u8, count: u8) -> Option<Slip39Error> {
        GroupPlan::new(threshold, count).err()
    }

    fn set(threshold: u8, groups: usize, exponent: u8) -> Option<Slip39Error> {
        SplitPlan::new(threshold, vec![GroupPlan::new(2, 3).unwrap(); groups], exponent).err()
    }

    #[test]
    fn thresholds_hold_on_both_sides() {
        for (threshold, count) in [(1, 1), (2, 2), (2, 16), (16, 16)] {
            assert_eq!(group(threshold, count), None, "{threshold} of {count}");
        }
        for (threshold, count) in [(0, 0), (0, 1), (1, 0), (2, 1), (17, 16), (2, 17), (17, 17), (255, 255)] {
            assert!(matches!(group(threshold, count), Some(Slip39Error::Plan(_))), "{threshold} of {count}");
        }
        for (threshold, groups, exponent) in [(1, 1, 0), (1, 16, 15), (16, 16, 1)] {
            assert_eq!(set(threshold, groups, exponent), None, "{threshold} of {groups}");
        }
        for (threshold, groups, exponent) in [(0, 1, 0), (1, 0, 0), (2, 1, 0), (17, 17, 0), (1, 17, 0), (1, 1, 16)] {
            assert!(matches!(set(threshold, groups, exponent), Some(Slip39Error::Plan(_))), "{threshold} of {groups}");
        }
    }

    #[test]
    fn one_of_many_is_refused() {
        for count in 2..=16 {
            assert_eq!(group(1, count), Some(Slip39Error::OneOfMany { count }));
            assert_eq!(SplitPlan::single(1, count), Err(Slip39Error::OneOfMany { count }));
        }
    }
}
