//! Which hosts a pool asks, in which order, and which are never told: with questions that are closures and no network.

use std::{cell::RefCell, rc::Rc};

use super::*;

fn pool(hosts: &[&str]) -> Pool {
    let hosts: Vec<String> = hosts.iter().map(|host| format!("https://{host}/api")).collect();
    Pool::new("bitcoin", &hosts).expect("a pool")
}

/// Asks once; every host that is reached has its chain compared, and `answer` says what it says.
fn seek(pool: &Pool, answer: impl Fn(&str) -> Result<Option<u8>, Cause>) -> (Option<u8>, Vec<String>) {
    let asked = Rc::new(RefCell::new(Vec::new()));
    let found = pool.wait(pool.seek(after(Duration::from_secs(5)), Audience::Sources, async |endpoint, _| {
        asked.borrow_mut().push(endpoint.operator.to_string());
        let answer = answer(endpoint.operator.as_str());
        if !matches!(answer, Err(Cause::Unreachable)) {
            drop(endpoint.on_our_chain.set(()));
        }
        answer
    }));
    let asked = asked.borrow().clone();
    (found.ok().and_then(|found| found.value), asked)
}

#[test]
fn scripts_are_told_to_two_organisations_at_most() {
    let pool = pool(&["a.example", "b.example", "c.example"]);
    let (value, asked) = seek(&pool, |_| Err(Cause::TimedOut));
    assert_eq!((value, asked), (None, vec!["a.example".to_owned(), "b.example".to_owned()]), "c is told nothing");
    let (value, asked) = seek(&pool, |host| if host == "b.example" { Ok(Some(7)) } else { Err(Cause::TimedOut) });
    assert_eq!(value, Some(7));
    assert!(!asked.contains(&"c.example".to_owned()), "{asked:?}");
}

#[test]
fn questions_that_name_nothing_of_ours_use_up_no_second_source() {
    let pool = pool(&["a.example", "b.example", "c.example"]);
    let neutral = async |endpoint: &Endpoint, _: Instant| {
        drop(endpoint.on_our_chain.set(()));
        if endpoint.operator.as_str() == "c.example" { Ok(Some(1)) } else { Err::<Option<u8>, _>(Cause::TimedOut) }
    };
    let raced = pool.wait(pool.race(after(Duration::from_secs(5)), neutral));
    assert_eq!(raced.expect("an answer").value, Some(1));
    let (value, asked) = seek(&pool, |_| Err(Cause::TimedOut));
    assert_eq!((value, asked.len()), (None, 2), "two are told, and not those that answered something else");
}

#[test]
fn what_one_explorer_was_told_counts_for_the_next_in_this_process() {
    let book = HealthBook::default();
    let (first, next) =
        (pool(&["a.example", "b.example", "c.example"]), pool(&["c.example", "a.example", "b.example"]));
    [&first, &next].into_iter().for_each(|pool| pool.remember_in(&book));
    assert_eq!(seek(&first, |_| Err(Cause::TimedOut)).1, ["a.example", "b.example"]);
    assert!(!seek(&next, |_| Ok(Some(1))).1.contains(&"c.example".to_owned()));
}

#[test]
fn who_lied_before_says_nothing_about_why_others_fail() {
    let pool = pool(&["a.example", "b.example"]);
    let failure = |operator: &str, cause| HostFailure { operator: SafeText::new(operator), cause };
    let error = pool.error_of(vec![failure("a.example", Cause::Distrusted), failure("b.example", Cause::TimedOut)]);
    assert!(matches!(error, ExplorerError::NoAnswer(_)), "{error:?}");
    assert!(matches!(pool.error_of(vec![failure("a.example", Cause::Distrusted)]), ExplorerError::Lied { .. }));
}

#[test]
fn who_was_never_reached_was_told_nothing_and_leaves_room_for_others() {
    let pool = pool(&["a.example", "b.example", "c.example"]);
    let only_c = |host: &str| if host == "c.example" { Ok(Some(1)) } else { Err(Cause::Unreachable) };
    assert_eq!(seek(&pool, only_c).0, Some(1));
}

#[test]
fn our_own_is_asked_first_and_who_keeps_failing_last() {
    let hosts = ["https://a.example".to_owned(), "http://127.0.0.1:9".to_owned(), "https://b.example".to_owned()];
    let pool = Pool::new("bitcoin", &hosts).expect("a pool");
    assert_eq!(seek(&pool, |_| Ok(Some(1))).1, ["127.0.0.1:9"]);
    let own = &pool.endpoints()[0];
    for _ in 0..5 {
        own.note(Lane::Read, Some(Cause::TimedOut), Instant::now());
    }
    assert_eq!(seek(&pool, |_| Ok(Some(1))).1, ["a.example"]);
    let (value, asked) = seek(&pool, |host| if host == "127.0.0.1:9" { Ok(Some(2)) } else { Err(Cause::Unreachable) });
    assert_eq!((value, asked.last().map(String::as_str)), (Some(2), Some("127.0.0.1:9")), "but if nobody else is left");
}

#[test]
fn a_liar_is_in_quarantine_for_the_next_run_too() {
    let book = HealthBook::default();
    let first = pool(&["a.example", "b.example"]);
    first.remember_in(&book);
    let lie = |host: &str| if host == "a.example" { Err(Cause::Lied) } else { Ok(Some(1)) };
    assert_eq!(seek(&first, lie).0, Some(1));
    let next = pool(&["a.example", "b.example"]);
    next.remember_in(&HealthBook::read(&book.write(b"", u64::MAX), u64::MAX));
    assert_eq!(seek(&next, |_| Ok(Some(1))), (Some(1), vec!["b.example".to_owned()]));
}

#[test]
fn what_names_nothing_of_ours_goes_to_a_second_host_when_the_first_is_slow() {
    let pool = pool(&["a.example", "b.example", "c.example"]);
    let asked = RefCell::new(Vec::new());
    let race = || {
        pool.wait(pool.race(after(Duration::from_secs(30)), async |endpoint, _| {
            asked.borrow_mut().push(endpoint.operator.to_string());
            if endpoint.operator.as_str() == "a.example" {
                sleep(Duration::from_secs(20)).await;
            }
            Ok(Some(endpoint.operator.to_string()))
        }))
    };
    let started = Instant::now();
    assert_eq!(race().expect("an answer").value.as_deref(), Some("b.example"));
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(*asked.borrow(), ["a.example", "b.example"]);
    assert!(!pool.may_hedge(), "one question in twenty, and the first");
}

#[test]
fn organisations_and_not_hosts_are_polled() {
    let pool = pool(&["one.a.example", "two.a.example", "b.example", "c.example"]);
    let ask = async |endpoint: &Endpoint, _| match endpoint.operator.as_str() {
        "b.example" => Err(Cause::TimedOut),
        _ => Ok(Some(())),
    };
    let poll = async { Ok(pool.poll(after(Duration::from_secs(5)), 2, Audience::Anybody, ask).await) };
    let polled = pool.wait(poll).expect("answers");
    let hosts: Vec<&str> = polled.answers.iter().map(|(host, _)| host.as_str()).collect();
    assert_eq!(hosts, ["one.a.example", "c.example"], "another one for the one that failed");
    assert_eq!(polled.failures.len(), 1);
}
