//! Breakers, buckets and the book under a clock that the tests move.

use proptest::prelude::*;

use super::*;
use crate::explorer::HealthBook;

const NOW: u64 = 1_800_000_000_000;

fn ended(outcome: RequestOutcome, took: u64) -> EndedRequest {
    EndedRequest { lane: Lane::Read, outcome, took }
}

fn note(health: &mut Health, outcome: RequestOutcome, now: u64) {
    health.note(ended(outcome, 1000), now, 0);
}

#[test]
fn five_failures_in_a_row_open_a_breaker_for_longer_each_time() {
    let mut health = Health::default();
    for now in 1..=4 {
        note(&mut health, RequestOutcome::Failed, now);
        assert_eq!(health.gate(Lane::Read, now), Gate::Closed);
    }
    note(&mut health, RequestOutcome::Failed, 5);
    assert_eq!(health.gate(Lane::Read, 6), Gate::Open);
    assert_eq!(health.gate(Lane::Send, 6), Gate::Closed, "sending has a breaker of its own");
    assert_eq!(health.gate(Lane::Read, 15_005), Gate::HalfOpen);
    note(&mut health, RequestOutcome::Failed, 15_005);
    assert_eq!(health.gate(Lane::Read, 45_004), Gate::Open, "twice as long");
    assert_eq!(health.gate(Lane::Read, 45_005), Gate::HalfOpen);
    note(&mut health, RequestOutcome::Answered, 45_005);
    assert_eq!(health.gate(Lane::Read, 45_006), Gate::Closed);
}

#[test]
fn more_than_half_of_ten_open_it_too_and_the_rest_has_a_ceiling() {
    let mut health = Health::default();
    for now in 0..10 {
        note(&mut health, if now % 5 < 2 { RequestOutcome::Answered } else { RequestOutcome::Failed }, 100 + now);
    }
    assert_eq!(health.gate(Lane::Read, 110), Gate::Open);
    let mut now = 110;
    for _ in 0..20 {
        now += OPEN_CEILING;
        note(&mut health, RequestOutcome::Failed, now);
    }
    assert_eq!(health.gate(Lane::Read, now + OPEN_CEILING - 1), Gate::Open);
    assert_eq!(health.gate(Lane::Read, now + OPEN_CEILING), Gate::HalfOpen);
}

#[test]
fn a_429_slows_down_and_is_no_fault() {
    let mut health = Health::default();
    let allowance = Some(Allowance { rate: 1000, burst: 1 });
    for second in 0..20 {
        note(&mut health, RequestOutcome::Throttled, second * 1000);
        note(&mut health, RequestOutcome::Throttled, second * 1000 + 1);
    }
    assert_eq!((health.gate(Lane::Read, 0), health.failed, health.trouble), (Gate::Closed, 0, 0));
    assert_eq!(health.take(19_001, allowance), 20_000, "a twentieth of the speed at the slowest");
    assert!(health.take(19_001, None) > 0, "and even our own is asked more slowly");
    let rested = 700_000;
    assert_eq!(health.take(rested, allowance), 0);
    assert_eq!(health.take(rested, allowance), 1000, "full speed again after ten minutes");
}

#[test]
fn who_lied_is_left_alone_for_a_day() {
    let mut health = Health::default();
    health.quarantine(7);
    assert!(health.is_quarantined(8) && !health.is_quarantined(7 + QUARANTINE));
}

#[test]
fn abilities_are_asked_again_after_a_day() {
    let mut health = Health::default();
    assert_eq!((health.is_on_chain("a", 5), health.takes_many("a", 5)), (false, None));
    health.found_on_chain("a", 5);
    health.found_many("a", ManyProbe { taken: true, at: 5 });
    assert_eq!((health.is_on_chain("a", 6), health.takes_many("a", 6)), (true, Some(true)));
    assert!(!health.is_on_chain("b", 6));
    assert_eq!((health.is_on_chain("a", 5 + CAPABILITY), health.takes_many("a", 5 + CAPABILITY)), (false, None));
}

#[test]
fn the_book_survives_a_run_and_another_process() {
    let book = HealthBook::default();
    note(&mut book.of("a.example").borrow_mut(), RequestOutcome::Failed, 50);
    let other = HealthBook::read(&book.write(b"", NOW), NOW);
    note(&mut other.of("a.example").borrow_mut(), RequestOutcome::Answered, 60);
    note(&mut other.of("b.example").borrow_mut(), RequestOutcome::Answered, 60);
    let both = HealthBook::read(&book.write(&other.write(b"", NOW), NOW), NOW);
    assert_eq!(both.hosts(), other.hosts(), "the newer page of a host counts");
    for bad in [&b""[..], b"{}", b"{\"schema\":2,\"hosts\":{}}", b"[1", b"\xff"] {
        assert!(HealthBook::read(bad, NOW).hosts().is_empty());
    }
}

proptest! {
    #[test]
    fn no_storm_gets_more_than_the_bucket_allows(
        rate in 100u64..20_000, burst in 1u64..100, gaps in proptest::collection::vec(0u64..50, 1..400),
    ) {
        let mut health = Health::default();
        let (mut now, mut let_through) = (1_000_000u64, Vec::new());
        for gap in gaps {
            now += gap;
            let_through.push(now + health.take(now, Some(Allowance { rate, burst })));
        }
        let span = let_through.last().copied().unwrap_or(now) - let_through[0];
        let allowed = burst + span * rate / 1_000_000 + 1;
        prop_assert!(u64::try_from(let_through.len()).unwrap_or(u64::MAX) <= allowed);
    }
}

#[test]
fn a_clock_that_was_ahead_and_numbers_beyond_reckoning_do_no_harm() {
    let book = HealthBook::default();
    let year = 365 * 86_400_000;
    {
        let page = book.of("a.example");
        let mut page = page.borrow_mut();
        page.rest_until(NOW + year);
        page.quarantine(NOW + year);
        (0..IN_A_ROW).for_each(|_| page.note(ended(RequestOutcome::Failed, 1), NOW + year, 0));
        page.latency_us = u64::MAX;
        page.trouble = u64::MAX;
    }
    let read = HealthBook::read(&book.write(b"", u64::MAX), NOW);
    let page = read.of("a.example");
    let mut page = page.borrow_mut();
    assert!(page.rest(NOW) <= REST_CEILING && !page.is_quarantined(NOW + QUARANTINE));
    assert_ne!(page.gate(Lane::Read, NOW + DENIED), Gate::Open);
    page.note(ended(RequestOutcome::Answered, u64::MAX / 2), NOW, 0);
    page.note(ended(RequestOutcome::Failed, 1), NOW, 0);
}

#[test]
fn what_one_process_learnt_is_not_lost_to_another() {
    let (one, other) = (HealthBook::default(), HealthBook::default());
    one.of("a.example").borrow_mut().quarantine(NOW);
    other.of("a.example").borrow_mut().note(ended(RequestOutcome::Answered, 1), NOW + 5, 0);
    for (first, second) in [(&one, &other), (&other, &one)] {
        let both = HealthBook::read(&second.write(&first.write(b"", NOW + 9), NOW + 9), NOW + 9);
        let page = both.of("a.example");
        assert!(page.borrow().is_quarantined(NOW + 9));
        assert_eq!(page.borrow().asked, 1);
    }
    // Unless a person wants it forgotten.
    assert!(one.forget("a.example") && !one.forget("b.example"));
    let both = HealthBook::read(&one.write(&other.write(b"", NOW + 9), NOW + 9), NOW + 9);
    assert_eq!(both.of("a.example").borrow().asked, 0);
}
