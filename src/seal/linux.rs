//! The seal on Linux: not dumpable, no new privileges, Landlock for files and scopes, a seccomp filter for all threads.
//!
//! Every call goes through a safe interface. Landlock is best effort, and what it lacks is reported; seccomp must work.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, RestrictSelfAttr,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::{
    fs::{FileType, fstat},
    process::{DumpableBehavior, dumpable_behavior, set_dumpable_behavior},
    thread::set_no_new_privs,
};

use super::{FileAccess, Force, SealError, SealReport, calls};
use crate::text::SafeText;

/// The newest Landlock whose rights are asked for; older kernels give what they know.
const LANDLOCK: ABI = ABI::V6;
/// Devices that stay open to both: the terminal for prompts, and the bin.
const DEVICES: [&str; 2] = ["/dev/tty", "/dev/null"];

/// PR_SET_DUMPABLE 0 closes /proc/PID/mem and ptrace to other programs of the same user; no_new_privs disarms set-user-id.
pub(super) fn forbid_tracing(report: &mut SealReport) -> Result<(), SealError> {
    let failed = |reason: rustix::io::Errno| SealError::CoreDumps(SafeText::new(&reason.to_string()));
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(failed)?;
    if dumpable_behavior().map_err(failed)? != DumpableBehavior::NotDumpable {
        return Err(SealError::CoreDumps(SafeText::new("it was asked for, and is not so")));
    }
    set_no_new_privs(true).map_err(failed)?;
    report.note(
        "tracing",
        Force::Full,
        "no program of this user can open this process's memory from now on (root can; one that has it open reads on)",
    );
    report.note("privileges", Force::Full, "this process can never gain any (no_new_privs)");
    Ok(())
}

/// Files as `access` says, and [`DEVICES`]; no TCP, no abstract sockets, no signals to processes outside.
pub(super) fn confine_files(access: &FileAccess, report: &mut SealReport) -> Result<(), SealError> {
    let writable = access.write.iter().map(|path| open_writable(path)).collect::<Result<Vec<_>, _>>()?;
    // What is not there is found missing by its reader.
    let readable = access.read.iter().filter_map(|path| PathFd::new(path).ok()).collect();
    match restrict(readable, writable) {
        Ok(status) if status.ruleset == RulesetStatus::NotEnforced => no_landlock(report),
        Ok(status) if status.all_threads || single_threaded() => {
            report.note(
                "writes",
                Force::Full,
                "only the files that the command is to change can be written to (Landlock)",
            );
            report.note("reads", Force::Full, "only the files that the command needs can be read (Landlock)");
        }
        Ok(_) => report.note("writes", Force::Partial, "confined by Landlock, but not in threads that existed before"),
        // A kernel without Landlock is no error; one that has it and refuses must not pass for one without.
        Err(reason) => return Err(SealError::Files(SafeText::new(&reason.to_string()))),
    }
    Ok(())
}

fn no_landlock(report: &mut SealReport) {
    report.note("writes", Force::Absent, "this kernel has no Landlock: other files of this user can be written to");
    report.note("reads", Force::Absent, "this kernel has no Landlock: other files of this user can be read");
}

/// Opens the path for the rule itself; it must exist, so that a typing slip cannot leave a wallet read-only later.
fn open_writable(path: &Path) -> Result<PathFd, SealError> {
    PathFd::new(path).map_err(|reason| SealError::Writable {
        path: SafeText::new(&path.to_string_lossy()),
        reason: SafeText::new(&reason.to_string()),
    })
}

fn restrict(readable: Vec<PathFd>, writable: Vec<PathFd>) -> Result<RestrictionStatus, RulesetError> {
    let mut ruleset = with_devices(create_ruleset()?)?;
    for path in readable {
        let rights = reading(&path);
        // The kernel takes no rule for a pipe without a name, and needs none: the holder of its descriptor reads it.
        let _ = (&mut ruleset).add_rule(PathBeneath::new(path, rights));
    }
    for path in writable {
        let rights = reading(&path) | writing(&path);
        ruleset = ruleset.add_rule(PathBeneath::new(path, rights))?;
    }
    ruleset.all_threads(true)?.restrict_self()
}

/// Every right that this Landlock knows is taken first; the rules give a few of them back.
fn create_ruleset() -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()
}

fn is_folder(path: &PathFd) -> bool {
    fstat(path).is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Directory)
}

/// Content, and for a folder its names too.
fn reading(path: &PathFd) -> BitFlags<AccessFs> {
    if is_folder(path) { AccessFs::ReadFile | AccessFs::ReadDir } else { AccessFs::ReadFile.into() }
}

/// Content; in a folder plain files can be made, renamed and removed too, but no links, pipes, devices or folders.
fn writing(path: &PathFd) -> BitFlags<AccessFs> {
    let content = AccessFs::WriteFile | AccessFs::Truncate;
    if is_folder(path) { content | AccessFs::MakeReg | AccessFs::RemoveFile } else { content }
}

/// Reading and writing the terminal, with its line settings (ioctl).
fn with_devices(mut ruleset: RulesetCreated) -> Result<RulesetCreated, RulesetError> {
    let rights = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    for device in DEVICES {
        if let Ok(device) = PathFd::new(device) {
            ruleset = ruleset.add_rule(PathBeneath::new(device, rights))?;
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
