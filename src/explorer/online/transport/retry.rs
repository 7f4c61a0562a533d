//! What a failed read is worth: whether the same host is asked again, and after what pause.
//!
//! Reads only: sending is never retried inside one host.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{endpoint::Endpoint, limits};
use crate::explorer::{Cause, health::Lane};

/// A read that failed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setback {
    pub(crate) cause: Cause,
    /// What the host asked for with `Retry-After`.
    pub(crate) asked_to_wait: Option<Duration>,
}

impl From<Cause> for Setback {
    fn from(cause: Cause) -> Self {
        Self { cause, asked_to_wait: None }
    }
}

/// One read at one host, repeated where that may help, not beyond `deadline`.
pub(crate) async fn read<T>(
    endpoint: &Endpoint,
    deadline: Instant,
    ask: impl AsyncFn() -> Result<T, Setback>,
) -> Result<T, Cause> {
    let mut patience = RetryBudget::default();
    endpoint.asks();
    loop {
        let setback = match once(endpoint, deadline, &ask).await? {
            Ok(answer) => return Ok(answer),
            Err(setback) => setback,
        };
        if setback.cause == Cause::Throttled {
            endpoint.rest_after_429(setback.asked_to_wait);
            if endpoint.health(|health| health.is_shut()) {
                return Err(Cause::Throttled);
            }
        }
        let Some(pause) =
            patience.pause(setback).filter(|_| setback.cause == Cause::Throttled || endpoint.may_repeat())
        else {
            return Err(setback.cause);
        };
        let then = Instant::now() + pause;
        if then >= deadline {
            return Err(setback.cause);
        }
        if setback.cause == Cause::Throttled {
            endpoint.rest_for(pause);
        }
        sleep_until(then).await;
    }
}

/// One attempt, when it is our turn and the host has not too much in hand.
async fn once<T>(
    endpoint: &Endpoint,
    deadline: Instant,
    ask: &impl AsyncFn() -> Result<T, Setback>,
) -> Result<Result<T, Setback>, Cause> {
    let _seat = endpoint.seats.take(deadline).await?;
    endpoint.turn(deadline).await?;
    let started = Instant::now();
    let answer = ask().await;
    let cause = answer.as_ref().err().map(|setback| setback.cause);
    endpoint.note(Lane::Read, cause, started);
    match cause {
        None => endpoint.seats.answered(),
        Some(Cause::Throttled) => endpoint.seats.throttled(),
        Some(_) => {}
    }
    endpoint.health(|health| health.in_flight = Some(endpoint.seats.all()));
    Ok(answer)
}

/// What was tried so far for one read at one host.
#[derive(Default)]
struct RetryBudget {
    failures: u8,
    throttled: u8,
}

impl RetryBudget {
    /// The pause before the same host is asked again, or nothing when it is time for the next host.
    fn pause(&mut self, setback: Setback) -> Option<Duration> {
        match setback.cause {
            Cause::Throttled => {
                self.throttled += 1;
                let wait = setback.asked_to_wait.unwrap_or_else(|| backoff(self.throttled.saturating_add(1)));
                (self.throttled <= limits::THROTTLE_WAITS && wait <= limits::RETRY_AFTER_CEILING).then_some(wait)
            }
            Cause::Interrupted | Cause::Busy | Cause::ServerError(_) => {
                self.failures += 1;
                (self.failures < limits::ATTEMPTS).then(|| jitter(backoff(self.failures)))
            }
            _ => None,
        }
    }
}

/// 250 ms, doubled `times` times, at most 8 s.
fn backoff(times: u8) -> Duration {
    let factor = 1u32.checked_shl(u32::from(times)).unwrap_or(u32::MAX);
    limits::BACKOFF.saturating_mul(factor).min(limits::BACKOFF_CEILING)
}

/// A random part of `most`, so that many clients do not return at once. Without randomness the whole of it.
fn jitter(most: Duration) -> Duration {
    let Ok(random) = getrandom::u32() else { return most };
    let part = (most.as_nanos() * u128::from(random)) >> u32::BITS;
    u64::try_from(part).map_or(most, Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(cause: Cause, asked_to_wait: Option<Duration>) -> usize {
        let mut patience = RetryBudget::default();
        (0..20).take_while(|_| patience.pause(Setback { cause, asked_to_wait }).is_some()).count()
    }

    #[test]
    fn each_cause_has_its_number_of_repeats() {
        for cause in [Cause::Interrupted, Cause::Busy, Cause::ServerError(500), Cause::ServerError(504)] {
            assert_eq!(pauses(cause, None), 1, "{cause}");
        }
        for cause in
            [Cause::Unreachable, Cause::TimedOut, Cause::Denied, Cause::Lied, Cause::WebPage, Cause::Redirected]
        {
            assert_eq!(pauses(cause, None), 0, "{cause}");
        }
        assert_eq!(pauses(Cause::Throttled, None), 4);
        assert_eq!(pauses(Cause::Throttled, Some(Duration::from_secs(30))), 4);
        assert_eq!(pauses(Cause::Throttled, Some(Duration::from_secs(31))), 0);
    }

    #[test]
    fn pauses_are_bounded() {
        for times in 0..=u8::MAX {
            let most = backoff(times);
            assert!(most <= limits::BACKOFF_CEILING && most >= limits::BACKOFF);
            assert!(jitter(most) <= most);
        }
    }
}
