//! When the newest block that an account knows counts as old.
//!
//! Tests only.

use super::*;

#[test]
fn an_old_newest_block_is_said_on_public_networks() {
    let hours = |hours: u64| u32::try_from(now() - hours * 3_600).ok();
    assert_eq!(stale(Network::Bitcoin, hours(1)), None);
    assert!(stale(Network::Bitcoin, hours(3)).is_some_and(|age| age >= 3 * 3_600));
    assert_eq!(stale(Network::Regtest, hours(300)), None);
    assert_eq!(stale(Network::Signet, None), None);
    let at = |operator, height| BestBlock { operator, height };
    assert_eq!(behind(at("a", 10), at("b", 12)), None);
    assert_eq!(
        behind(at("a", 10), at("b", 13)).as_deref(),
        Some("a is 3 blocks behind: confirmations are counted to block 10.")
    );
}
