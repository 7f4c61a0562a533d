//! Signals that stop or abort this process (SIGTSTP, SIGQUIT, SIGABRT): the terminal is put right first, as for an interrupt.
//!
//! They are held back in every thread and waited for in one, so no handler runs in the middle of anything. Nothing is asked
//! or decided here.

use std::thread;

use nix::sys::signal::{SigSet, Signal, raise};

use super::terminal;

/// Starts waiting. Threads that start later hold these signals back too; programs that are started do not.
pub(crate) fn watch() {
    let watched: SigSet = [Signal::SIGTSTP, Signal::SIGQUIT, Signal::SIGABRT].into_iter().collect();
    if watched.thread_block().is_ok() {
        // Without this thread the signals are held back, and an interrupt still ends the process.
        let _ = thread::Builder::new().spawn(move || wait(watched));
    }
}

/// Holds back the signal of a file that may not grow (SIGXFSZ): the write fails with an error in its place.
pub(crate) fn hold_back_file_size_signal() {
    let _ = SigSet::from_iter([Signal::SIGXFSZ]).thread_block();
}

fn wait(watched: SigSet) {
    loop {
        match watched.wait() {
            Ok(Signal::SIGTSTP) => {
                terminal::lend();
                // It stops all threads, until the shell lets the process go on.
                let _ = raise(Signal::SIGSTOP);
                terminal::take_back();
            }
            Ok(signal) => {
                terminal::restore();
                // The process ends by that signal, as its sender expects.
                let _ = watched.thread_unblock();
                let _ = raise(signal);
            }
            Err(_) => return,
        }
    }
}
