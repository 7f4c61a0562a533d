//! Which shares belong together: a set in its groups, before anything is computed of them.
//!
//! Looks at what the shares say of their set, never at their values.

use super::{Share, Slip39Error, share::SetParameters};

/// Shares of one set.
pub(super) struct ShareSet<'a> {
    /// What every share says.
    pub(super) parameters: SetParameters,
    /// The groups of which there are shares, in their order.
    pub(super) groups: Vec<ShareGroup<'a>>,
}

/// Shares of one group: at least one, and no member twice.
pub(super) struct ShareGroup<'a> {
    /// Place in the set, from 0.
    pub(super) place: u8,
    /// How many members are needed.
    pub(super) threshold: usize,
    /// The members, in their order.
    pub(super) members: Vec<&'a Share>,
}

impl<'a> ShareSet<'a> {
    /// Sorts shares, however many.
    ///
    /// # Errors
    /// There are none, they are not of one set, or a member is there twice.
    pub(super) fn of(shares: &[&'a Share]) -> Result<Self, Slip39Error> {
        let first = shares.first().ok_or(Slip39Error::NoShares)?;
        let mut set = Self { parameters: first.set, groups: Vec::new() };
        for (number, share) in (1..).zip(shares) {
            if let Some(differs) = difference(first, share) {
                return Err(Slip39Error::MixedSets { share: number, differs });
            }
            set.add(share, number)?;
        }
        Ok(set)
    }

    /// How many groups are needed.
    pub(super) fn threshold(&self) -> usize {
        usize::from(self.parameters.group_threshold)
    }

    fn add(&mut self, share: &'a Share, number: usize) -> Result<(), Slip39Error> {
        if let Some(group) = self.groups.iter_mut().find(|group| group.place == share.at.group) {
            return group.add(share, number);
        }
        let threshold = usize::from(share.at.threshold);
        self.groups.push(ShareGroup { place: share.at.group, threshold, members: vec![share] });
        self.groups.sort_by_key(|group| group.place);
        Ok(())
    }
}

impl<'a> ShareGroup<'a> {
    /// Number in the set, from 1.
    pub(super) const fn number(&self) -> u8 {
        self.place + 1
    }

    fn add(&mut self, share: &'a Share, number: usize) -> Result<(), Slip39Error> {
        if usize::from(share.at.threshold) != self.threshold {
            return Err(Slip39Error::MixedSets { share: number, differs: "threshold of its group" });
        }
        if self.members.iter().any(|member| member.at.member == share.at.member) {
            return Err(Slip39Error::SameMember { group: share.group(), member: share.member() });
        }
        self.members.push(share);
        self.members.sort_by_key(|member| member.at.member);
        Ok(())
    }
}

/// The first thing in which shares differ that all shares of a set have in common (SLIP-0039, "Combining the shares").
fn difference(first: &Share, share: &Share) -> Option<&'static str> {
    let (one, other) = (first.set, share.set);
    let facts = [
        (one.identifier == other.identifier, "identifier"),
        (one.extendable == other.extendable, "extendable backup flag"),
        (one.exponent == other.exponent, "iteration exponent"),
        (one.group_threshold == other.group_threshold, "group threshold"),
        (one.group_count == other.group_count, "number of groups"),
        (first.secret_length() == share.secret_length(), "length"),
    ];
    facts.into_iter().find(|(same, _)| !same).map(|(_, name)| name)
}
