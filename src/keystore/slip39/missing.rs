//! What is still needed of a set while its shares are typed one by one.
//!
//! Counts only: no value is looked at, and a digest is known only when enough shares are there.

use std::fmt;

use super::{Share, Slip39Error, groups::ShareSet};

/// What is there of a set of shares, and what is still needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// How many groups are needed.
    pub group_threshold: usize,
    /// How many groups the set has.
    pub group_count: usize,
    /// The groups of which there are shares, in their order.
    pub begun: Vec<BegunGroup>,
}

/// A group of which there are shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BegunGroup {
    /// Number of the group, from 1.
    pub group: u8,
    /// How many of its shares are there.
    pub found: usize,
    /// How many of them are needed.
    pub threshold: usize,
}

/// What these shares still need before they can be joined. More than are needed do no harm: [`super::sufficient`] chooses.
///
/// # Errors
/// No shares, shares of several sets, or a member twice.
pub fn missing<'a>(shares: impl IntoIterator<Item = &'a Share>) -> Result<Missing, Slip39Error> {
    let shares: Vec<&Share> = shares.into_iter().collect();
    let set = ShareSet::of(&shares)?;
    let begun = set.groups.iter().map(|group| BegunGroup {
        group: group.number(),
        found: group.members.len(),
        threshold: group.threshold,
    });
    Ok(Missing {
        group_threshold: set.threshold(),
        group_count: usize::from(set.parameters.group_count),
        begun: begun.collect(),
    })
}

impl Missing {
    /// How many more groups have to be whole; 0 when the shares can be joined.
    #[must_use]
    pub fn groups(&self) -> usize {
        let whole = self.begun.iter().filter(|group| group.shares() == 0).count();
        self.group_threshold.saturating_sub(whole)
    }
}

impl BegunGroup {
    /// How many more shares of the group are needed.
    #[must_use]
    pub const fn shares(&self) -> usize {
        self.threshold.saturating_sub(self.found)
    }
}

impl fmt::Display for BegunGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.threshold == 1 { "share" } else { "shares" };
        write!(f, "group {}: {} of {} {noun}", self.group, self.found, self.threshold)?;
        match self.shares() {
            0 => Ok(()),
            more => write!(f, "; {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keystore::slip39::samples;

    #[test]
    fn what_is_missing_is_counted_share_by_share() {
        let set = samples::set(2, &[(1, 1), (2, 3), (3, 5)]);
        let given = |places: &[(usize, usize)]| {
            let found = missing(places.iter().map(|(group, member)| &set[*group][*member])).unwrap();
            let begun: Vec<String> = found.begun.iter().map(ToString::to_string).collect();
            (found.groups(), begun.join(", "))
        };
        let said = |groups, text: &str| (groups, text.to_owned());
        assert_eq!(given(&[(2, 1)]), said(2, "group 3: 1 of 3 shares; 2 more"));
        assert_eq!(given(&[(2, 1), (1, 2)]), said(2, "group 2: 1 of 2 shares; 1 more, group 3: 1 of 3 shares; 2 more"));
        assert_eq!(given(&[(0, 0)]), said(1, "group 1: 1 of 1 share"));
        assert_eq!(given(&[(0, 0), (1, 0), (1, 2)]), said(0, "group 1: 1 of 1 share, group 2: 2 of 2 shares"));
        // More than enough is no error.
        let all = missing(set.iter().flatten()).unwrap();
        assert_eq!((all.groups(), all.group_threshold, all.group_count), (0, 2, 3));
        assert_eq!(all.begun[2], BegunGroup { group: 3, found: 5, threshold: 3 });
        assert_eq!(all.begun[2].shares(), 0);
    }

    #[test]
    fn nothing_is_counted_of_shares_that_do_not_belong_together() {
        let (one, other) = (samples::set(1, &[(2, 2)]), samples::set(1, &[(2, 2), (1, 1)]));
        assert_eq!(missing(&[]), Err(Slip39Error::NoShares));
        assert!(matches!(missing([&one[0][0], &other[0][1]]), Err(Slip39Error::MixedSets { share: 2, .. })));
        let twice = [&one[0][0], &one[0][1], &one[0][0]];
        assert_eq!(missing(twice), Err(Slip39Error::SameMember { group: 1, member: 1 }));
    }
}
