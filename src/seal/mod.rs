//! The sealed process: before a secret is asked for, this process gives up what a thief inside it would need.
//!
//! No sockets, no other programs, no tracing, no core dump, no files but those that were named. A [`Sealed`] is the
//! proof, and a function that unlocks a wallet asks for it. This module never unseals, and never claims a protection
//! that the system did not confirm: [`SealReport`] says what is in force, in words.

#[cfg(target_os = "linux")]
mod calls;
mod descriptors;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

pub use descriptors::close_inherited;

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
    /// The open descriptors could not be looked at.
    #[error("the open descriptors of this process cannot be listed: {0}")]
    Descriptors(SafeText),
    /// A secret could leave through it.
    #[error("{0} is a socket, through which a secret could leave this process")]
    Socket(String),
    /// A descriptor that secrets are read from could be written to as well.
    #[error("descriptor {0} can be written to, and a process with secrets keeps only what it reads from")]
    WritableDescriptor(i32),
    /// The rules on files could not be put in force.
    #[error("files cannot be restricted: {0}")]
    Files(SafeText),
    /// A file or folder that must stay writable cannot be opened.
    #[error("`{path}` cannot be kept writable: {reason}")]
    Writable {
        /// The file or folder.
        path: SafeText,
        /// Why.
        reason: SafeText,
    },
}

catalogue! {
    CORE_DUMPS = "seal.core_dumps", Refused, "Run `fastness doctor` and look for what forbids setting resource limits";
    SYSTEM_CALLS = "seal.system_calls", Refused, "Use a kernel with seccomp filters (any common Linux since 2014), outside of sandboxes that forbid them";
    DESCRIPTORS = "seal.descriptors", Refused, "Run it where /proc is mounted";
    SOCKET = "seal.socket", Refused, "Connect it with a pipe, a file or a terminal: `... | cat` and `< FILE` do";
    WRITABLE_DESCRIPTOR = "seal.writable_descriptor", Refused, "Open it for reading only, such as `3<FILE`";
    FILES = "seal.files", Refused, "Run `fastness doctor`, and report this with its output";
    WRITABLE = "seal.writable", Refused, "Check that it exists and is yours";
}

impl Explain for SealError {
    fn entry(&self) -> &'static Entry {
        match self {
            Self::CoreDumps(_) => CORE_DUMPS,
            Self::SystemCalls(_) => SYSTEM_CALLS,
            Self::Descriptors(_) => DESCRIPTORS,
            Self::Socket(_) => SOCKET,
            Self::WritableDescriptor(_) => WRITABLE_DESCRIPTOR,
            Self::Files(_) => FILES,
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

/// The files that a sealed process can still reach; the kernel refuses all others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileAccess {
    /// Files to read, and folders with everything beneath them. What does not exist is left out.
    pub read: Vec<PathBuf>,
    /// Files to read and write, and folders in which plain files are made, replaced and removed. All must exist.
    pub write: Vec<PathBuf>,
}

/// Seals this process for the rest of its life; of all files only those of `access` can be reached.
///
/// Call it once, early, before any other thread exists: the rules on files hold for the calling thread and those it
/// starts (on kernels before Landlock ABI 8), and after the seal no thread can be started at all.
///
/// # Errors
/// A protection that must not be missing on this system is missing: no core dumps; on Linux also the system call filter.
/// An open descriptor is a socket.
pub fn seal_this_process(access: &FileAccess) -> Result<Sealed, SealError> {
    seal_with_threads(access, || {})
}

/// As [`seal_this_process`]; `start_threads` runs when the rules on files hold already and threads can still be started,
/// so that those it starts are held by every rule.
///
/// # Errors
/// As [`seal_this_process`].
pub fn seal_with_threads(access: &FileAccess, start_threads: impl FnOnce()) -> Result<Sealed, SealError> {
    let mut report = SealReport::default();
    umask(Mode::RWXG | Mode::RWXO);
    report.note("file modes", Force::Full, "new files are closed to group and others (umask 077)");
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(|reason| SealError::CoreDumps(SafeText::new(&reason.to_string())))?;
    report.note("core dumps", Force::Full, "a crash writes no memory to disk (RLIMIT_CORE 0)");
    descriptors::refuse_sockets()?;
    report.note("inherited", Force::Full, "no socket is open, and no descriptor that nobody named");
    confine(access, &mut report, start_threads)?;
    report.note("swap", Force::Absent, "memory is not locked: encrypt the swap of this machine, or have none");
    Ok(Sealed { report })
}

#[cfg(target_os = "linux")]
fn confine(access: &FileAccess, report: &mut SealReport, start_threads: impl FnOnce()) -> Result<(), SealError> {
    linux::forbid_tracing(report)?;
    linux::confine_files(access, report)?;
    start_threads();
    linux::confine_calls(report)
}

/// Nothing beyond POSIX is known here, and the report says so.
#[cfg(not(target_os = "linux"))]
fn confine(_access: &FileAccess, report: &mut SealReport, start_threads: impl FnOnce()) -> Result<(), SealError> {
    start_threads();
    report.note("tracing", Force::Absent, "other programs of this user may read this process's memory");
    report.note("writes", Force::Absent, "nothing stops this process from writing elsewhere");
    report.note("reads", Force::Absent, "nothing stops this process from reading other files");
    report.note("network", Force::Absent, "nothing stops this process from opening sockets: use the air-gapped build");
    report.note("programs", Force::Absent, "nothing stops this process from starting other programs");
    Ok(())
}
