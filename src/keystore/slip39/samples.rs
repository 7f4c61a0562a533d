//! Sets of shares for the tests of this folder.

use super::{GroupPlan, Share, SplitPlan, split};
use crate::keystore::SecretBytes;

/// A plan at the least cost of PBKDF2; thresholds and counts of groups.
pub(super) fn plan(threshold: u8, groups: &[(u8, u8)]) -> SplitPlan {
    let groups = groups.iter().map(|(threshold, count)| GroupPlan::new(*threshold, *count).unwrap()).collect();
    SplitPlan::new(threshold, groups, 0).unwrap()
}

/// The secret of every sample.
pub(super) fn secret() -> SecretBytes {
    SecretBytes::new((100..116).collect())
}

/// Shares of [`secret`] without a passphrase.
pub(super) fn set(threshold: u8, groups: &[(u8, u8)]) -> Vec<Vec<Share>> {
    split(&secret(), None, &plan(threshold, groups)).unwrap()
}

/// What a person would type.
pub(super) fn text(share: &Share) -> String {
    share.words().collect::<Vec<_>>().join(" ")
}
