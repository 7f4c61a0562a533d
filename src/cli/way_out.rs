//! The terminal put right on every way out: interrupt, stop, abort, panic.
//!
//! Nothing is asked or decided here.

use super::{interrupts, stopping, terminal};

/// Restores the terminal on interrupt, termination, hang-up, stop and abort, and on a panic. It starts the threads that
/// wait for signals, so it runs while threads can still be started: a sealed process calls it within its sealing.
pub(crate) fn restore_on_the_way_out() {
    stopping::watch();
    interrupts::watch();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        terminal::restore();
        before(info);
    }));
}
