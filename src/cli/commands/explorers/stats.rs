//! `explorers stats` and `explorers forget`: how each host behaved, as kept from one run to the next in explorers.json.
//!
//! Shows what src/explorer/health.rs remembers, and judges nothing itself.

use crate::cli::{
    CliError,
    context::Context,
    duration::span,
    page::{Page, Tone},
    report::{Answer, Report, answer},
};
use fastness::{
    explorer::{
        Health,
        health::{Gate, Lane},
    },
    ledger::now,
    text::{SafeText, date},
};
use serde::Serialize;

/// Whether it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum HostStateRow {
    /// As often as it allows.
    Asked,
    /// It failed often a moment ago: after all others.
    Failing,
    /// It asked for a pause.
    Resting,
    /// It sent what proves itself false within the last day: not at all.
    Distrusted,
}

#[derive(Serialize)]
struct HostRow {
    host: String,
    state: HostStateRow,
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
    /// Seconds for which it asked to be left alone from now on; 0 if it did not.
    rests: u64,
}

#[derive(Serialize)]
struct HostStats {
    hosts: Vec<HostRow>,
}

impl HostRow {
    fn of(host: String, health: &Health, now: u64) -> Self {
        let fails = |lane| health.gate(lane, now) == Gate::Open;
        let state = match () {
            () if health.is_quarantined(now) => HostStateRow::Distrusted,
            () if health.rest(now) > 0 => HostStateRow::Resting,
            () if fails(Lane::Read) || fails(Lane::Send) => HostStateRow::Failing,
            () => HostStateRow::Asked,
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
            rests: health.rest(now).div_ceil(1000),
        }
    }
}

/// A host to think well of again.
#[derive(Debug, clap::Args)]
pub(super) struct ForgetArgs {
    /// The host, as `explorers stats` names it
    host: String,
}

#[derive(Serialize)]
struct StatsForgotten {
    host: String,
}

impl ForgetArgs {
    pub(super) fn run(&self, context: &mut Context) -> Answer {
        if !context.health()?.forget(&self.host) {
            let what = format!("nothing is remembered of `{}`", SafeText::new(&self.host));
            return Err(CliError::Usage(format!("{what}; `fastness explorers stats` names the hosts")).into());
        }
        answer(StatsForgotten { host: self.host.clone() })
    }
}

impl Report for StatsForgotten {
    fn page(&self, page: &mut Page) {
        page.line(&format!("Forgot how {} behaved; it is asked again like any other.", self.host));
    }
}

pub(super) fn run(context: &mut Context) -> Answer {
    let now = now().saturating_mul(1000);
    let hosts = context.health()?.hosts();
    let hosts = hosts.into_iter().filter(|(_, health)| health.asked > 0);
    answer(HostStats { hosts: hosts.map(|(host, health)| HostRow::of(host, &health, now)).collect() })
}

impl Report for HostStats {
    fn page(&self, page: &mut Page) {
        if self.hosts.is_empty() {
            return page.line("No explorer was asked anything yet from this home.");
        }
        for row in &self.hosts {
            let latency = row.latency_ms.map_or_else(|| "no answer yet".to_owned(), |ms| format!("answers in {ms} ms"));
            page.heading(&row.host, &latency);
            let HostRow { asked, failed, throttled, .. } = row;
            page.field("Asked", &format!("{asked} times: {failed} failed, {throttled} were too many for it"));
            let tip = row.tip.map_or_else(String::new, |height| format!(", at height {height}"));
            page.field("Last", &format!("{}{tip}", date(row.last)));
            match row.state {
                HostStateRow::Asked => {}
                HostStateRow::Failing => {
                    page.toned_field("State", (Tone::Claimed, "failed often: asked after all others"))
                }
                HostStateRow::Resting => {
                    let rest = format!("asked for a pause: left alone for {} more", span(row.rests));
                    page.toned_field("State", (Tone::Claimed, &rest));
                }
                HostStateRow::Distrusted => {
                    let why = "sent false data: not asked for a day, or until `explorers forget` with its name";
                    page.toned_field("State", (Tone::Stop, why));
                }
            }
        }
    }
}
