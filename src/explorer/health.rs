//! How each host behaved, kept from one run to the next: pace, breakers, what it can do, and whether it lied.
//!
//! Plain data and exact arithmetic on milliseconds that the caller names; no clock, no I/O, no floats. It
//! decides what a host may be asked, and asks nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Failures in a row that open a breaker.
const IN_A_ROW: u32 = 5;
/// Of at least so many questions within [`WINDOW`], more than half failed: the breaker opens too.
const IN_WINDOW: u32 = 10;
const WINDOW: u64 = 30_000;
/// How long a breaker stays open the first time, doubled each time up to the ceiling.
const OPEN: u64 = 15_000;
const OPEN_CEILING: u64 = 600_000;
/// A host that denied us access is left alone for an hour.
const DENIED: u64 = 3_600_000;
/// A host that sent data that proves itself false is not asked for a day.
const QUARANTINE: u64 = 86_400_000;
/// What a host can do is asked again after a day.
const CAPABILITY: u64 = 86_400_000;
/// Full speed, in thousandths; halved by each 429, never below the floor, a tenth of full speed back each minute.
const FULL_SPEED: u64 = 1000;
const SLOWEST: u64 = 50;
const RECOVERY: u64 = 60_000;
const WARNING: u64 = 1_000;
/// The longest rest that a host is given for Blockstream's hour, and the longest time of an answer, in microseconds.
const REST_CEILING: u64 = 600_000;
const MOST_LATENCY: u64 = 600_000_000;
const SHUT: u32 = 5;
/// For a host that allows everything, and says all the same that we ask too often.
const AFTER_ALL: Allowance = Allowance { rate: 10_000, burst: 1 };

/// What a request is for, as far as breakers care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// A question.
    Read,
    /// A transaction.
    Send,
}

/// How a request ended, as far as its host is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestOutcome {
    /// It answered, whatever it said.
    Answered,
    /// It did not answer, or not in the form it promises.
    Failed,
    /// It said that we ask too often; no fault of its own.
    Throttled,
    /// It does not serve us.
    Denied,
}

/// A request that ended.
#[derive(Clone, Copy, Debug)]
pub struct EndedRequest {
    /// What it was for.
    pub lane: Lane,
    /// How it ended.
    pub outcome: RequestOutcome,
    /// How long it took, in microseconds.
    pub took: u64,
}

/// Whether a host may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// It may.
    Closed,
    /// It rested long enough for one question to find out.
    HalfOpen,
    /// It failed too often a moment ago, and is asked only if no other host is left.
    Open,
}

/// Requests a host is known or guessed to allow: thousandths of a request per second, and how many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Thousandths of a request per second.
    pub rate: u64,
    /// Requests that may be made at once after a rest.
    pub burst: u64,
}

/// A circuit breaker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Breaker {
    in_a_row: u32,
    times_open: u32,
    open_until: u64,
    window_from: u64,
    window_asked: u32,
    window_failed: u32,
}

impl Breaker {
    fn answered(&mut self, now: u64) {
        self.count(now);
        (self.in_a_row, self.times_open, self.open_until) = (0, 0, 0);
    }

    fn failed(&mut self, now: u64, jitter: u64) {
        self.count(now);
        self.window_failed = self.window_failed.saturating_add(1);
        self.in_a_row = self.in_a_row.saturating_add(1);
        let mostly = self.window_asked >= IN_WINDOW && self.window_failed.saturating_mul(2) > self.window_asked;
        // A question that found a half-open host still broken opens it again at once.
        let again = self.open_until > 0 && now >= self.open_until;
        if self.in_a_row >= IN_A_ROW || mostly || again {
            self.open(now, jitter);
        }
    }

    fn open(&mut self, now: u64, jitter: u64) {
        if self.gate(now) == Gate::Open {
            return;
        }
        let most = OPEN.saturating_mul(1 << self.times_open.min(6)).min(OPEN_CEILING);
        // Between seven eighths and all of it, so that many clients do not return at once.
        self.open_until = now + most - jitter % (most / 8 + 1);
        self.times_open = self.times_open.saturating_add(1);
        (self.window_from, self.window_asked, self.window_failed) = (now, 0, 0);
    }

    fn count(&mut self, now: u64) {
        if now.saturating_sub(self.window_from) > WINDOW {
            (self.window_from, self.window_asked, self.window_failed) = (now, 0, 0);
        }
        self.window_asked = self.window_asked.saturating_add(1);
    }

    const fn gate(&self, now: u64) -> Gate {
        match self.open_until {
            0 => Gate::Closed,
            until if now < until => Gate::Open,
            _ => Gate::HalfOpen,
        }
    }
}

/// A token bucket: thousandths of requests that are left, and its speed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Bucket {
    /// Thousandths of a request; below zero while requests wait for their turn.
    level: i64,
    at: u64,
    /// Thousandths of the allowed rate.
    speed: u64,
    speed_at: u64,
    slowed_at: u64,
    /// Warnings since it answered last.
    warnings: u32,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { level: i64::MAX, at: 0, speed: FULL_SPEED, speed_at: 0, slowed_at: 0, warnings: 0 }
    }
}

impl Bucket {
    /// Takes one request and says for how many milliseconds it has to wait for its turn.
    fn take(&mut self, now: u64, allowance: Allowance) -> u64 {
        self.recover(now);
        let rate = (allowance.rate.saturating_mul(self.speed) / FULL_SPEED).max(1);
        let full = i64::try_from(allowance.burst.saturating_mul(1000)).unwrap_or(i64::MAX);
        let gained = now.saturating_sub(self.at).saturating_mul(rate) / 1000;
        let gained = i64::try_from(gained).unwrap_or(i64::MAX);
        self.level = self.level.saturating_add(gained).min(full).saturating_sub(1000);
        self.at = now;
        u64::try_from(self.level.saturating_neg()).map_or(0, |lacking| lacking.saturating_mul(1000).div_ceil(rate))
    }

    const fn give_back(&mut self) {
        self.level = self.level.saturating_add(1000);
    }

    fn throttled(&mut self, now: u64) {
        self.recover(now);
        // Several that were under way at once are one warning.
        if now.saturating_sub(self.slowed_at) >= WARNING || self.slowed_at == 0 {
            self.warnings = self.warnings.saturating_add(1);
            self.speed = (self.speed / 2).max(SLOWEST);
            (self.slowed_at, self.speed_at) = (now, now);
        }
        (self.level, self.at) = (self.level.min(0), now);
    }

    fn recover(&mut self, now: u64) {
        let minutes = now.saturating_sub(self.speed_at) / RECOVERY;
        if minutes > 0 {
            self.speed = self.speed.saturating_add(minutes.saturating_mul(FULL_SPEED / 10)).min(FULL_SPEED);
            self.speed_at = now;
        }
    }
}

/// What came of a question about many scripts at once.
#[derive(Clone, Copy, Debug)]
pub struct ManyProbe {
    /// Whether the host takes such questions.
    pub taken: bool,
    /// When it was asked, in milliseconds since 1970.
    pub at: u64,
}

/// What a host was found to be able to do, by a digest of its address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Ability {
    chain_checked: u64,
    many_scripts: Option<bool>,
    many_checked: u64,
}

/// How one host behaved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// Requests made.
    pub asked: u64,
    /// Requests without a usable answer.
    pub failed: u64,
    /// Requests answered with "too many".
    pub throttled: u64,
    /// Smoothed time of an answer, in microseconds; 0 before the first.
    pub latency_us: u64,
    /// Smoothed share of failures, in thousandths.
    pub trouble: u64,
    /// When it was last asked, in milliseconds since 1970.
    pub last: u64,
    /// The height of its newest block when last asked, and when that was.
    pub tip: Option<(u32, u64)>,
    /// How often it was begun anew.
    edition: u64,
    not_before: u64,
    distrusted_until: u64,
    /// JSON-RPC questions it takes in one batch, once that was learned.
    pub batch: Option<usize>,
    /// Questions it was found to take at the same time.
    pub in_flight: Option<usize>,
    reads: Breaker,
    sends: Breaker,
    bucket: Bucket,
    abilities: BTreeMap<String, Ability>,
}

impl Health {
    /// Notes how a request ended. `jitter` is any number; it parts the clients that return to a host after its rest.
    pub fn note(&mut self, request: EndedRequest, now: u64, jitter: u64) {
        let EndedRequest { lane, outcome, took } = request;
        self.last = now;
        self.asked = self.asked.saturating_add(1);
        let trouble = if outcome == RequestOutcome::Answered { 0 } else { 1000 };
        let breaker = match lane {
            Lane::Read => &mut self.reads,
            Lane::Send => &mut self.sends,
        };
        match outcome {
            RequestOutcome::Answered => {
                breaker.answered(now);
                self.bucket.warnings = 0;
                self.latency_us = if self.latency_us == 0 {
                    took.min(MOST_LATENCY)
                } else {
                    (self.latency_us * 4 + took.min(MOST_LATENCY)) / 5
                };
            }
            RequestOutcome::Failed => {
                self.failed = self.failed.saturating_add(1);
                breaker.failed(now, jitter);
            }
            RequestOutcome::Throttled => {
                self.throttled = self.throttled.saturating_add(1);
                self.bucket.throttled(now);
                return;
            }
            RequestOutcome::Denied => {
                self.failed = self.failed.saturating_add(1);
                breaker.open_until = now + DENIED;
            }
        }
        self.trouble = (self.trouble * 9 + trouble) / 10;
    }

    /// The same host, to begin with anew, as if nothing was known of it.
    pub(super) fn forgotten(&self) -> Self {
        Self { edition: self.edition.saturating_add(1), ..Self::default() }
    }

    /// Two pages of one host, written by two processes, as one.
    pub(super) fn merged(self, other: Self) -> Self {
        let key = |page: &Self| (page.edition, page.last);
        let (newer, older) = if key(&other) > key(&self) { (other, self) } else { (self, other) };
        if newer.edition != older.edition {
            return newer;
        }
        Self {
            distrusted_until: newer.distrusted_until.max(older.distrusted_until),
            not_before: newer.not_before.max(older.not_before),
            ..newer
        }
    }

    /// A page as read from a file, where anything may stand: nothing lies further ahead than it could have been put, nor
    /// beyond what can be reckoned with.
    pub(super) fn sane(mut self, now: u64) -> Self {
        self.latency_us = self.latency_us.min(MOST_LATENCY);
        self.trouble = self.trouble.min(1000);
        self.last = self.last.min(now);
        self.not_before = self.not_before.min(now.saturating_add(REST_CEILING));
        self.distrusted_until = self.distrusted_until.min(now.saturating_add(QUARANTINE));
        for breaker in [&mut self.reads, &mut self.sends] {
            breaker.open_until = breaker.open_until.min(now.saturating_add(DENIED));
            breaker.window_from = breaker.window_from.min(now);
        }
        let bucket = &mut self.bucket;
        bucket.speed = bucket.speed.clamp(SLOWEST, FULL_SPEED);
        for moment in [&mut bucket.at, &mut bucket.speed_at, &mut bucket.slowed_at] {
            *moment = (*moment).min(now);
        }
        self
    }

    /// Whether it may be asked.
    #[must_use]
    pub const fn gate(&self, lane: Lane, now: u64) -> Gate {
        match lane {
            Lane::Read => self.reads.gate(now),
            Lane::Send => self.sends.gate(now),
        }
    }

    /// What holds for it: even our own has a limit once it said so.
    fn limited(&self, allowance: Option<Allowance>) -> Option<Allowance> {
        allowance.or((self.bucket.speed < FULL_SPEED).then_some(AFTER_ALL))
    }

    /// Whether it said nothing else for so long that waiting is of no use now.
    #[must_use]
    pub const fn is_shut(&self) -> bool {
        self.bucket.warnings >= SHUT
    }

    /// How much longer it asked to be left alone, in milliseconds.
    #[must_use]
    pub const fn rest(&self, now: u64) -> u64 {
        self.not_before.saturating_sub(now)
    }

    /// Milliseconds to wait before the next request; it is counted as made.
    pub fn take(&mut self, now: u64, allowance: Option<Allowance>) -> u64 {
        let turn = self.limited(allowance).map_or(0, |allowance| self.bucket.take(now, allowance));
        turn.max(self.rest(now))
    }

    /// How many requests it would take at once now.
    #[must_use]
    pub fn room(&self, now: u64, allowance: Option<Allowance>) -> usize {
        let Some(allowance) = allowance else { return usize::MAX };
        let mut bucket = self.bucket.clone();
        bucket.take(now, allowance);
        usize::try_from(bucket.level / 1000 + 1).unwrap_or(0)
    }

    /// A request that was counted was not made.
    pub fn give_back(&mut self, allowance: Option<Allowance>) {
        if self.limited(allowance).is_some() {
            self.bucket.give_back();
        }
    }

    /// The host is not asked before `then`.
    pub fn rest_until(&mut self, then: u64) {
        self.not_before = self.not_before.max(then);
    }

    /// It sent what proves itself false.
    pub const fn quarantine(&mut self, now: u64) {
        self.distrusted_until = now + QUARANTINE;
    }

    /// Whether it is in quarantine.
    #[must_use]
    pub const fn is_quarantined(&self, now: u64) -> bool {
        now < self.distrusted_until
    }

    /// How gladly it is asked, in thousandths: without failures, quick.
    #[must_use]
    pub fn score(&self) -> u64 {
        1000u64.saturating_sub(self.trouble).saturating_mul(1000) / (1000 + self.latency_us / 1000)
    }

    /// Whether the address with this digest was found to be on its chain within the last day.
    #[must_use]
    pub fn is_on_chain(&self, address: &str, now: u64) -> bool {
        self.abilities.get(address).is_some_and(|ability| recent(ability.chain_checked, now))
    }

    /// The address with this digest is on its chain.
    pub fn found_on_chain(&mut self, address: &str, now: u64) {
        self.abilities.entry(address.to_owned()).or_default().chain_checked = now;
    }

    /// Whether the address with this digest takes many scripts in one question; nothing if not found out within a day.
    #[must_use]
    pub fn takes_many(&self, address: &str, now: u64) -> Option<bool> {
        let ability = self.abilities.get(address)?;
        ability.many_scripts.filter(|_| recent(ability.many_checked, now))
    }

    /// Whether the address with this digest takes many scripts in one question.
    pub fn found_many(&mut self, address: &str, probe: ManyProbe) {
        let ability = self.abilities.entry(address.to_owned()).or_default();
        (ability.many_scripts, ability.many_checked) = (Some(probe.taken), probe.at);
    }
}

const fn recent(then: u64, now: u64) -> bool {
    then <= now && now - then < CAPABILITY
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
