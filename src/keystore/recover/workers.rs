//! Threads that wait for work: started before a process is sealed, for afterwards no thread starts.
//!
//! They run what they are given and know nothing of it. A process without them does the work itself.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

/// A piece of work.
pub(super) type Task = Box<dyn FnOnce() + Send>;

/// Threads that wait for work. They end when this is dropped.
#[derive(Debug, Default)]
pub struct Workers {
    line: Option<mpsc::Sender<Task>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Workers {
    /// As many threads as this machine runs at once, or as many of them as start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_some(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// So many threads, or as many of them as start.
    #[must_use]
    pub fn start_some(count: NonZeroUsize) -> Self {
        let (line, waiting) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let start = |_| {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new().spawn(move || work(&waiting)).ok()
        };
        let threads: Vec<_> = (0..count.get()).filter_map(start).collect();
        Self { line: (!threads.is_empty()).then_some(line), threads }
    }

    /// No thread: whoever gives work does it.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// How many threads there are.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// Gives a task to the next thread that is free, or does it on the spot.
    pub(super) fn run(&self, task: Task) {
        match &self.line {
            None => task(),
            Some(line) => {
                if let Err(mpsc::SendError(task)) = line.send(task) {
                    task();
                }
            }
        }
    }

    /// False if a thread ended, which none does before it is told to.
    pub(super) fn are_well(&self) -> bool {
        !self.threads.iter().any(thread::JoinHandle::is_finished)
    }
}

/// Does what comes, until nobody is left who gives work.
fn work(waiting: &Mutex<mpsc::Receiver<Task>>) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = next else { return };
        task();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once_by_threads_or_by_the_caller() {
        assert!(Workers::none().threads() == 0 && Workers::start().threads() > 0);
        for workers in [Workers::none(), Workers::start(), Workers::start_some(NonZeroUsize::new(3).unwrap())] {
            let (done, all) = mpsc::channel();
            for number in 0..100 {
                let done = done.clone();
                workers.run(Box::new(move || done.send(number).unwrap()));
            }
            drop(done);
            let mut numbers: Vec<i32> = all.iter().collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (0..100).collect::<Vec<_>>());
            assert!(workers.are_well());
        }
    }

    #[test]
    fn a_thread_that_died_is_noticed() {
        let workers = Workers::start_some(NonZeroUsize::MIN);
        workers.run(Box::new(|| std::panic::resume_unwind(Box::new(()))));
        while workers.are_well() {
            thread::yield_now();
        }
    }
}
