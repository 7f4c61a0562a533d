//! The sealed process: before a secret is asked for, this process gives up what a thief inside it would need.
//!
//! No new sockets, no other programs, no tracing, no core dump, no writing outside the directories that were named. A
//! [`Sealed`] is the proof, and whoever unlocks a wallet asks for it. This room never unseals, and never claims a
//! protection that the system did not confirm: [`SealReport`] says what is in force, in words.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::path::PathBuf;

use rustix::{
    fs::Mode,
    process::{Resource, Rlimit, setrlimit, umask},
};
use serde::Serialize;

use crate::{
    explain::{Entry, Explain, catalogue},
    text::SafeText,
};

/// Why the process could not be sealed; then no secret may be asked for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// Core dumps could not be switched off.
    #[error("core dumps cannot be switched off: {0}")]
    CoreDumps(SafeText),
    /// The filter of system calls could not be installed.
    #[error("system calls cannot be restricted: {0}")]
    SystemCalls(SafeText),
    /// A directory that must stay writable cannot be opened.
    #[error("`{path}` cannot be kept writable: {reason}")]
    Writable {
        /// The directory.
        path: SafeText,
        /// Why.
        reason: SafeText,
    },
}

catalogue! {
    CORE_DUMPS = "seal.core_dumps", Refused, "Run `fastness doctor` and look for what forbids setting resource limits";
    SYSTEM_CALLS = "seal.system_calls", Refused, "Use a kernel with seccomp filters (any common Linux since 2014), outside of sandboxes that forbid them";
    WRITABLE = "seal.writable", Refused, "Check that the directory exists and is yours";
}

impl Explain for SealError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::CoreDumps(_) => CORE_DUMPS,
            Self::SystemCalls(_) => SYSTEM_CALLS,
            Self::Writable { .. } => WRITABLE,
        }
    }
}

/// How much of a protection the system gave us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Force {
    /// All of it.
    Full,
    /// Some of it; the words say what is missing.
    Partial,
    /// Nothing.
    Absent,
}

/// One protection, as `fastness doctor` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Protection {
    /// Short stable name, e.g. `network`.
    pub name: &'static str,
    /// How much of it is in force.
    pub force: Force,
    /// What that means, in words.
    pub meaning: &'static str,
}

/// What the seal of this process consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SealReport {
    /// Every protection that this program knows of, in force or not.
    pub protections: Vec<Protection>,
}

impl SealReport {
    /// The protection of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Protection> {
        self.protections.iter().find(|protection| protection.name == name)
    }

    fn note(&mut self, name: &'static str, force: Force, meaning: &'static str) {
        self.protections.push(Protection { name, force, meaning });
    }
}

/// Proof that this process is sealed. Made by [`seal_this_process`] only.
#[derive(Debug)]
pub struct Sealed {
    report: SealReport,
}

impl Sealed {
    /// What is in force.
    #[must_use]
    pub const fn report(&self) -> &SealReport {
        &self.report
    }

    /// A stand-in for unit tests, whose process cannot be sealed without breaking its other tests.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self { report: SealReport::default() }
    }
}

/// Seals this process for the rest of its life; files can be written beneath the `writable` directories only.
///
/// Call it once, early, before any other thread exists: the rules on files hold for the calling thread and those it
/// starts (on kernels before Landlock ABI 8), and after the seal no thread can be started at all.
///
/// # Errors
/// A protection that must not be missing on this system is missing: no core dumps; on Linux also the system call filter.
pub fn seal_this_process(writable: &[PathBuf]) -> Result<Sealed, SealError> {
    seal_with_threads(writable, || {})
}

/// As [`seal_this_process`]; `start_threads` runs when the rules on files hold already and threads can still be started,
/// so that those it starts are held by every rule.
///
/// # Errors
/// As [`seal_this_process`].
pub fn seal_with_threads(writable: &[PathBuf], start_threads: impl FnOnce()) -> Result<Sealed, SealError> {
    let mut report = SealReport::default();
    umask(Mode::RWXG | Mode::RWXO);
    report.note("file modes", Force::Full, "new files are closed to group and others (umask 077)");
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(|reason| SealError::CoreDumps(SafeText::new(&reason.to_string())))?;
    report.note("core dumps", Force::Full, "a crash writes no memory to disk (RLIMIT_CORE 0)");
    confine(writable, &mut report, start_threads)?;
    report.note("swap", Force::Absent, "memory is not locked: encrypt the swap of this machine, or have none");
    Ok(Sealed { report })
}

#[cfg(target_os = "linux")]
fn confine(writable: &[PathBuf], report: &mut SealReport, start_threads: impl FnOnce()) -> Result<(), SealError> {
    linux::forbid_tracing(report)?;
    linux::confine_writes(writable, report)?;
    start_threads();
    linux::confine_calls(report)
}

/// Nothing beyond POSIX is known here, and the report says so.
#[cfg(not(target_os = "linux"))]
fn confine(_writable: &[PathBuf], report: &mut SealReport, start_threads: impl FnOnce()) -> Result<(), SealError> {
    start_threads();
    report.note("tracing", Force::Absent, "other programs of this user may read this process's memory");
    report.note("writes", Force::Absent, "nothing stops this process from writing elsewhere");
    report.note("network", Force::Absent, "nothing stops this process from opening sockets: use the air-gapped build");
    report.note("programs", Force::Absent, "nothing stops this process from starting other programs");
    Ok(())
}
