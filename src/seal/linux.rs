//! The seal on Linux: not dumpable, no new privileges, Landlock for files and scopes, a seccomp filter for all threads.
//!
//! Every call goes through a safe interface. Landlock is best effort, and what it lacks is reported; seccomp must work.

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, RestrictSelfAttr,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::{
    process::{DumpableBehavior, set_dumpable_behavior},
    thread::set_no_new_privs,
};

use super::{Force, SealError, SealReport, calls};
use crate::text::SafeText;

/// The newest Landlock whose rights are asked for; older kernels give what they know.
const LANDLOCK: ABI = ABI::V6;
/// Devices that stay writable: the terminal for prompts, and the bin.
const DEVICES: [&str; 2] = ["/dev/tty", "/dev/null"];

/// PR_SET_DUMPABLE 0 closes /proc/PID/mem and ptrace to other programs of the same user; no_new_privs disarms set-user-id.
pub(super) fn forbid_tracing(report: &mut SealReport) -> Result<(), SealError> {
    let failed = |reason: rustix::io::Errno| SealError::CoreDumps(SafeText::new(&reason.to_string()));
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(failed)?;
    set_no_new_privs(true).map_err(failed)?;
    report.note(
        "tracing",
        Force::Full,
        "other programs of this user cannot read this process's memory (only root can)",
    );
    report.note("privileges", Force::Full, "this process can never gain any (no_new_privs)");
    Ok(())
}

/// Writes only beneath `writable` and to [`DEVICES`]; no TCP, no abstract sockets, no signals to processes outside.
pub(super) fn confine_writes(writable: &[PathBuf], report: &mut SealReport) -> Result<(), SealError> {
    let directories = writable.iter().map(open_writable).collect::<Result<Vec<_>, _>>()?;
    match restrict(directories) {
        Ok(status) if status.ruleset == RulesetStatus::NotEnforced => no_landlock(report),
        Ok(status) if status.all_threads || single_threaded() => {
            report.note("writes", Force::Full, "only this wallet's directories can be written to (Landlock)");
        }
        Ok(_) => report.note("writes", Force::Partial, "confined by Landlock, but not in threads that existed before"),
        Err(_) => no_landlock(report),
    }
    Ok(())
}

fn no_landlock(report: &mut SealReport) {
    report.note("writes", Force::Absent, "this kernel has no Landlock: other files of this user can be written to");
}

/// Opens the directory for the rule itself; it must exist, so that a typing slip cannot leave a wallet read-only later.
fn open_writable(path: &PathBuf) -> Result<PathFd, SealError> {
    PathFd::new(path).map_err(|reason| SealError::Writable {
        path: SafeText::new(&path.to_string_lossy()),
        reason: SafeText::new(&reason.to_string()),
    })
}

fn restrict(directories: Vec<PathFd>) -> Result<RestrictionStatus, RulesetError> {
    let write = AccessFs::from_write(LANDLOCK);
    let mut ruleset = with_devices(create_ruleset(write)?)?;
    for directory in directories {
        ruleset = ruleset.add_rule(PathBeneath::new(directory, write))?;
    }
    ruleset.all_threads(true)?.restrict_self()
}

fn create_ruleset(write: BitFlags<AccessFs>) -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(write | AccessFs::Execute)?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()
}

/// Reading and writing the terminal, with its line settings (ioctl).
fn with_devices(mut ruleset: RulesetCreated) -> Result<RulesetCreated, RulesetError> {
    for device in DEVICES {
        if let Ok(device) = PathFd::new(device) {
            ruleset = ruleset.add_rule(PathBeneath::new(device, AccessFs::WriteFile | AccessFs::IoctlDev))?;
        }
    }
    Ok(ruleset)
}

/// True when the kernel says that this process has one thread. Unknown counts as several.
fn single_threaded() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}

/// Installs the allow-list of system calls for every thread of this process. All others return EPERM.
pub(super) fn confine_calls(report: &mut SealReport) -> Result<(), SealError> {
    let program = calls::allow_list().map_err(|reason| SealError::SystemCalls(SafeText::new(&reason.to_string())))?;
    seccompiler::apply_filter_all_threads(&program)
        .map_err(|reason| SealError::SystemCalls(SafeText::new(&reason.to_string())))?;
    report.note("network", Force::Full, "no socket can be opened, in any thread (seccomp)");
    report.note("programs", Force::Full, "no program, process or thread can be started (seccomp)");
    report.note("code", Force::Full, "no memory can be made executable (seccomp)");
    Ok(())
}
