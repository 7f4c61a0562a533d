//! `explorers stats`: how each host behaved, as kept from one run to the next in explorers.json.
//!
//! Shows what src/explorer/health.rs remembers, and judges nothing itself.

use fastness::{
    chain::bitcoin::decode::date,
    explorer::{
        Health,
        health::{Gate, Lane},
    },
    ledger::now,
};
use serde::Serialize;

use crate::cli::{
    commands::{Answer, answer},
    context::Context,
    page::{Page, Tone},
    report::Report,
};

/// Whether it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As often as it allows.
    Asked,
    /// It failed often a moment ago: after all others.
    Resting,
    /// It sent what proves itself false within the last day: not at all.
    Distrusted,
}

#[derive(Serialize)]
struct Row {
    host: String,
    state: State,
    /// Requests made.
    asked: u64,
    /// Of those, without a usable answer.
    failed: u64,
    /// Of those, answered with "too many requests".
    throttled: u64,
    /// Smoothed; nothing before the first answer.
    latency_ms: Option<u64>,
    tip: Option<u32>,
    /// Seconds since 1970.
    last: u64,
}

#[derive(Serialize)]
struct Stats {
    hosts: Vec<Row>,
}

impl Row {
    fn of(host: String, health: &Health, now: u64) -> Self {
        let rests = |lane| health.gate(lane, now) == Gate::Open;
        let state = match () {
            () if health.is_quarantined(now) => State::Distrusted,
            () if rests(Lane::Read) || rests(Lane::Send) => State::Resting,
            () => State::Asked,
        };
        Self {
            host,
            state,
            asked: health.asked,
            failed: health.failed,
            throttled: health.throttled,
            latency_ms: (health.latency_us > 0).then_some(health.latency_us / 1000),
            tip: health.tip.map(|(height, _)| height),
            last: health.last / 1000,
        }
    }
}

pub(super) fn run(context: &mut Context) -> Answer {
    let now = now().saturating_mul(1000);
    let hosts = context.health()?.hosts();
    let hosts = hosts.into_iter().filter(|(_, health)| health.asked > 0);
    answer(Stats { hosts: hosts.map(|(host, health)| Row::of(host, &health, now)).collect() })
}

impl Report for Stats {
    fn page(&self, page: &mut Page) {
        if self.hosts.is_empty() {
            return page.line("No explorer was asked anything yet from this home.");
        }
        for row in &self.hosts {
            let latency = row.latency_ms.map_or_else(|| "no answer yet".to_owned(), |ms| format!("answers in {ms} ms"));
            page.heading(&row.host, &latency);
            let Row { asked, failed, throttled, .. } = row;
            page.field("Asked", &format!("{asked} times: {failed} failed, {throttled} were too many for it"));
            let tip = row.tip.map_or_else(String::new, |height| format!(", at height {height}"));
            page.field("Last", &format!("{}{tip}", date(row.last)));
            match row.state {
                State::Asked => {}
                State::Resting => page.toned_field("State", (Tone::Claimed, "failed often: asked after all others")),
                State::Distrusted => page.toned_field("State", (Tone::Stop, "sent false data: not asked for a day")),
            }
        }
    }
}
