//! The health of every host in one book, kept from one run to the next, and laid over what another process wrote.
//!
//! Bytes in and out; no files. What it says of a host is src/explorer/health.rs's business.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use serde::{Deserialize, Serialize};

use super::health::Health;

/// Version of the file's form; another one is forgotten, for nothing in it is irreplaceable.
const SCHEMA: u32 = 1;
/// Hosts that are remembered; the longest unasked go first.
const MAX_HOSTS: usize = 256;

/// The health of every host, shared by all callers in this process, and the organisations that were told something in
/// it.
#[derive(Clone, Debug, Default)]
pub struct HealthBook {
    hosts: Rc<RefCell<BTreeMap<String, Rc<RefCell<Health>>>>>,
    /// Organisations that were told something of ours, each with its network. Not kept.
    told: Rc<RefCell<BTreeSet<String>>>,
}

#[derive(Serialize, Deserialize)]
struct HealthPage {
    schema: u32,
    hosts: BTreeMap<String, Health>,
}

impl HealthBook {
    /// Reads what [`Self::write`] wrote; what cannot be read is forgotten, and what a clock that was ahead wrote is cut.
    #[must_use]
    pub fn read(bytes: &[u8], now: u64) -> Self {
        let page = serde_json::from_slice::<HealthPage>(bytes).ok().filter(|page| page.schema == SCHEMA);
        let hosts = page.map(|page| page.hosts).unwrap_or_default();
        let shared =
            hosts.into_iter().take(MAX_HOSTS).map(|(host, health)| (host, Rc::new(RefCell::new(health.sane(now)))));
        Self { hosts: Rc::new(RefCell::new(shared.collect())), told: Rc::default() }
    }

    /// The book as JSON, laid over what another process wrote meanwhile: of each host the newer page counts, with every
    /// rest and quarantine of the older one.
    #[must_use]
    pub fn write(&self, meanwhile: &[u8], now: u64) -> Vec<u8> {
        let mut hosts = Self::read(meanwhile, now).hosts();
        for (host, health) in self.hosts() {
            let merged = match hosts.remove(&host) {
                Some(other) => health.merged(other),
                None => health,
            };
            hosts.insert(host, merged);
        }
        while hosts.len() > MAX_HOSTS
            && let Some(oldest) = hosts.iter().min_by_key(|(_, health)| health.last).map(|(host, _)| host.clone())
        {
            hosts.remove(&oldest);
        }
        serde_json::to_vec_pretty(&HealthPage { schema: SCHEMA, hosts }).unwrap_or_default()
    }

    /// A copy of what is known of every host, by name.
    #[must_use]
    pub fn hosts(&self) -> BTreeMap<String, Health> {
        self.hosts.borrow().iter().map(|(host, health)| (host.clone(), health.borrow().clone())).collect()
    }

    /// Organisations that were told something of ours by this process.
    #[must_use]
    pub fn told(&self) -> Rc<RefCell<BTreeSet<String>>> {
        Rc::clone(&self.told)
    }

    /// Begins the page of one host anew; false if there is none.
    #[must_use]
    pub fn forget(&self, host: &str) -> bool {
        let pages = self.hosts.borrow();
        let Some(page) = pages.get(host) else { return false };
        let anew = page.borrow().forgotten();
        page.replace(anew);
        true
    }

    /// The page of one host.
    #[must_use]
    pub fn of(&self, host: &str) -> Rc<RefCell<Health>> {
        Rc::clone(self.hosts.borrow_mut().entry(host.to_owned()).or_default())
    }
}
