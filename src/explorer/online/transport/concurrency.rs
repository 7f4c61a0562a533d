//! How many questions one host has in hand at once: few at first, more as it answers, one after it said 429.
//!
//! Counts only, and asks nothing. A host's own bucket is unknown until it runs dry, and every question that is under way then
//! is one too many: so their number begins low, and grows only as answers prove that the host can take more.

use std::cell::Cell;

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

use super::limits;
use crate::explorer::Cause;

/// The questions that one host may have in hand.
pub(crate) struct ConcurrencyLimit {
    free: Semaphore,
    /// The limit on questions that are under way at once.
    all: Cell<usize>,
    /// Those to be taken away as soon as they are given back.
    surplus: Cell<usize>,
    /// Answers since the limit was last raised.
    answers: Cell<usize>,
    /// Answers that the next raise costs.
    price: Cell<usize>,
}

/// One of them; given back at the end.
pub(crate) struct Seat<'a> {
    seats: &'a ConcurrencyLimit,
    permit: Option<SemaphorePermit<'a>>,
}

impl Default for ConcurrencyLimit {
    fn default() -> Self {
        let first = limits::FIRST_IN_FLIGHT;
        let (all, surplus, answers, price) =
            (Cell::new(first), Cell::new(0), Cell::new(0), Cell::new(limits::ANSWERS_A_SEAT));
        Self { free: Semaphore::new(first), all, surplus, answers, price }
    }
}

impl ConcurrencyLimit {
    /// As many as an earlier run ended with.
    pub(crate) fn begin_with(&self, all: usize) {
        let all = all.clamp(1, limits::IN_FLIGHT);
        self.free.forget_permits(limits::IN_FLIGHT);
        self.free.add_permits(all);
        self.all.set(all);
        self.surplus.set(0);
        if all == 1 {
            self.price.set(limits::ANSWERS_A_SEAT_AFTER_429);
        }
    }

    /// The limit on questions that are under way at once.
    pub(crate) const fn all(&self) -> usize {
        self.all.get()
    }

    /// Waits for one, in the order of asking and not beyond `deadline`.
    pub(crate) async fn take(&self, deadline: Instant) -> Result<Seat<'_>, Cause> {
        let permit = timeout_at(deadline, self.free.acquire()).await.map_err(|_| Cause::TimedOut)?;
        Ok(Seat { seats: self, permit: permit.ok() })
    }

    /// The host answered: after so many answers the limit rises by one.
    pub(crate) fn answered(&self) {
        self.answers.set(self.answers.get() + 1);
        if self.answers.get() >= self.price.get() && self.all.get() < limits::IN_FLIGHT {
            self.answers.set(0);
            self.all.set(self.all.get() + 1);
            match self.surplus.get() {
                0 => self.free.add_permits(1),
                surplus => self.surplus.set(surplus - 1),
            }
        }
    }

    /// The host said that we ask too often: one question at a time, and more only after many answers.
    pub(crate) fn throttled(&self) {
        let surplus = self.all.get() - 1;
        let taken = self.free.forget_permits(surplus);
        self.all.set(1);
        self.surplus.set(self.surplus.get() + surplus - taken);
        self.answers.set(0);
        self.price.set(limits::ANSWERS_A_SEAT_AFTER_429);
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if let (1.., Some(permit)) = (self.seats.surplus.get(), self.permit.take()) {
            self.seats.surplus.set(self.seats.surplus.get() - 1);
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::explorer::online::transport::{fake, pool::after};

    /// How many can be taken now.
    async fn free(seats: &ConcurrencyLimit) -> Vec<Seat<'_>> {
        let mut taken = Vec::new();
        while let Ok(seat) = seats.take(after(Duration::from_millis(1))).await {
            taken.push(seat);
        }
        taken
    }

    #[test]
    fn seats_are_few_at_first_and_grow_with_answers() {
        fake::block_on(async {
            let seats = ConcurrencyLimit::default();
            assert_eq!(free(&seats).await.len(), limits::FIRST_IN_FLIGHT);
            for answers in 1..200 {
                seats.answered();
                let seats_now = (limits::FIRST_IN_FLIGHT + answers / limits::ANSWERS_A_SEAT).min(limits::IN_FLIGHT);
                assert_eq!(free(&seats).await.len(), seats_now);
            }
        });
    }

    #[test]
    fn after_429_there_is_one_and_those_that_are_taken_go_when_they_are_given_back() {
        fake::block_on(async {
            let seats = ConcurrencyLimit::default();
            (0..6 * limits::ANSWERS_A_SEAT).for_each(|_| seats.answered());
            let taken = free(&seats).await;
            assert_eq!(taken.len(), limits::FIRST_IN_FLIGHT + 6);
            // The answers to those under way say it as well.
            (0..3).for_each(|_| seats.throttled());
            assert!(free(&seats).await.is_empty(), "nothing new while the old ones are under way");
            drop(taken);
            assert_eq!(free(&seats).await.len(), 1);
            (0..limits::ANSWERS_A_SEAT_AFTER_429 - 1).for_each(|_| seats.answered());
            assert_eq!(free(&seats).await.len(), 1);
            seats.answered();
            assert_eq!(free(&seats).await.len(), 2);
        });
    }

    #[test]
    fn another_run_goes_on_from_there() {
        fake::block_on(async {
            for (left, found) in [(1, 1), (9, 9), (16, 16), (17, 16), (0, 1)] {
                let seats = ConcurrencyLimit::default();
                seats.begin_with(left);
                assert_eq!((seats.all(), free(&seats).await.len()), (found, found));
            }
        });
    }

    #[test]
    fn a_seat_that_comes_back_late_is_not_lost() {
        fake::block_on(async {
            let seats = ConcurrencyLimit::default();
            let taken = free(&seats).await;
            seats.throttled();
            (0..limits::ANSWERS_A_SEAT_AFTER_429).for_each(|_| seats.answered());
            drop(taken);
            assert_eq!(free(&seats).await.len(), 2);
        });
    }
}
