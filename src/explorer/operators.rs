//! The organisation behind a host: two hosts of one organisation are one source. Also what each is known to allow.
//!
//! Names and numbers only. Where nothing is known, a host's registrable part stands for its organisation.

use std::{net::IpAddr, time::Duration};

use super::health::Allowance;

/// Onion services and second names of organisations that have others.
const SAME: &[(&str, &str)] = &[
    ("explorerzydxu5ecjrkwceayqybizmpjjznk5izmitf2modhcusuqlid.onion", "blockstream.info"),
    ("mempoolhqx4isw62xs7abwphsq7ldayuidyx2v2oethdhhj6mlo2r6ad.onion", "mempool.space"),
];

/// What organisations allow without a key: thousandths of a request per second, and a burst.
const ALLOWANCES: &[(&str, Allowance)] = &[
    ("blockstream.info", Allowance { rate: 190, burst: 60 }),
    ("mempool.space", Allowance { rate: 3_000, burst: 10 }),
    ("etherscan.io", Allowance { rate: 2_800, burst: 3 }),
    ("blockscout.com", Allowance { rate: 3_000, burst: 3 }),
    ("blockchair.com", Allowance { rate: 400, burst: 5 }),
    ("blockcypher.com", Allowance { rate: 1_000, burst: 3 }),
];

/// A host that counts by the hour allows nothing for a while once it says so.
const WINDOWS: &[(&str, Duration)] = &[("blockstream.info", Duration::from_secs(600))];

/// For a host that nothing is known of.
const UNKNOWN: Allowance = Allowance { rate: 5_000, burst: 50 };

/// The owner of a host, and so how far it is trusted with what it learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// On this machine: asked first, as often as we like.
    Own,
    /// A stranger's.
    Public,
}

/// The organisation behind a host (`name` or `name:port`). On this machine each port is a source of its own.
#[must_use]
pub fn organisation(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host.as_str(), |(name, _)| name);
    if is_loopback(name) {
        return host;
    }
    if let Some((_, same)) = SAME.iter().find(|(onion, _)| *onion == name) {
        return (*same).to_owned();
    }
    let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
    if is_address || labels.len() <= 2 {
        return name.to_owned();
    }
    // Countries sell names below a second level of their own (co.uk): three labels are kept there.
    let short = |label: Option<&&str>| label.is_some_and(|label| label.len() <= 3);
    let kept =
        if short(labels.last().filter(|last| last.len() == 2)) && short(labels.get(labels.len() - 2)) { 3 } else { 2 };
    labels.get(labels.len().saturating_sub(kept)..).unwrap_or_default().join(".")
}

/// `localhost` (RFC 6761) and loopback addresses.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What a host allows; nothing where it is our own and allows everything.
#[must_use]
pub fn allowance(host: &str, trust: Trust) -> Option<Allowance> {
    let whose = organisation(host);
    let known = || ALLOWANCES.iter().find(|(name, _)| *name == whose).map_or(UNKNOWN, |(_, allowance)| *allowance);
    (trust == Trust::Public).then(known)
}

/// How long a host is left alone after it said that we ask too often, where that is known.
#[must_use]
pub fn window(host: &str) -> Option<Duration> {
    let whose = organisation(host);
    WINDOWS.iter().find(|(name, _)| *name == whose).map(|(_, window)| *window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_one_organisation_are_one_source() {
        for (host, whose) in [
            ("mempool.space", "mempool.space"),
            ("Node1.Mempool.space:8443", "mempool.space"),
            ("enterprise.blockstream.info", "blockstream.info"),
            ("explorerzydxu5ecjrkwceayqybizmpjjznk5izmitf2modhcusuqlid.onion", "blockstream.info"),
            ("eth.drpc.org", "drpc.org"),
            ("a.example.co.uk", "example.co.uk"),
            ("203.0.113.7:443", "203.0.113.7"),
            ("[2001:db8::1]:443", "[2001:db8::1]"),
            ("127.0.0.1:3002", "127.0.0.1:3002"),
            ("localhost:3002", "localhost:3002"),
        ] {
            assert_eq!(organisation(host), whose, "{host}");
        }
    }

    #[test]
    fn our_own_allow_everything() {
        assert_eq!(allowance("127.0.0.1:3002", Trust::Own), None);
        assert_eq!(allowance("blockstream.info", Trust::Public), Some(Allowance { rate: 190, burst: 60 }));
        assert_eq!(allowance("explorer.example", Trust::Public), Some(UNKNOWN));
    }
}
