//! One writer at a time: a kernel lock on a file, which the kernel lets go when its holder dies.
//!
//! The lock file has no content and is never deleted: deleting it would let two holders lock two different files.

use std::{
    os::fd::OwnedFd,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};

use super::{StoreError, shown, system};

/// How long to wait for another fastness, which writes for a second or two when it derives a key.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(25);

/// The right to write, until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: OwnedFd,
}

impl Lock {
    /// Takes the lock on `path`, which is created (0600) when missing; waits at most 5 seconds.
    ///
    /// # Errors
    /// Another process holds it, or the system refuses.
    pub fn acquire(path: &Path) -> Result<Self, StoreError> {
        Self::acquire_within(path, PATIENCE)
    }

    /// As [`Lock::acquire`], with the longest wait.
    ///
    /// # Errors
    /// Another process holds it, or the system refuses.
    pub fn acquire_within(path: &Path, patience: Duration) -> Result<Self, StoreError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file =
            open(path, flags, Mode::RUSR | Mode::WUSR).map_err(|reason| system("open the lock", path, reason))?;
        let started = Instant::now();
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::WOULDBLOCK) if started.elapsed() < patience => sleep(PAUSE),
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(StoreError::Locked { path: shown(path) }),
                Err(reason) => return Err(system("lock", path, reason)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_told_who_is_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let first = Lock::acquire(&path).unwrap();
        let second = Lock::acquire_within(&path, Duration::from_millis(50)).unwrap_err();
        assert!(second.to_string().contains("another fastness is writing"), "{second}");
        drop(first);
        assert!(Lock::acquire_within(&path, Duration::ZERO).is_ok());
    }

    #[test]
    fn no_update_is_lost_under_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (lock, count) = (dir.path().join("lock"), dir.path().join("count"));
        std::fs::write(&count, "0").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let _held = Lock::acquire_within(&lock, Duration::from_secs(60)).unwrap();
                        let value: u32 = std::fs::read_to_string(&count).unwrap().parse().unwrap();
                        std::fs::write(&count, (value + 1).to_string()).unwrap();
                    }
                });
            }
        });
        assert_eq!(std::fs::read_to_string(&count).unwrap(), "80");
    }
}
