//! The allow-list of system calls of the sealed process: files, memory, time, the terminal, and leaving.
//!
//! What is not listed returns EPERM: sockets, processes, threads, programs, tracing, other processes' memory, io_uring,
//! new privileges, mounts, keys, modes, owners and times of files, links and pipes. Add a call only with the reason why a
//! sealed process needs it.

use std::collections::BTreeMap;

use libc::{c_int, c_long};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// Calls that exist on every architecture. Which files the calls with a path reach is Landlock's part.
const COMMON: &[c_long] = &[
    // Content of files: the wallet's own and SQLite's (write-ahead log: shared mapping, positioned reads and writes). None
    // of them reaches more than the descriptor it is given was opened for.
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_lseek,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_flock,
    // Facts about files and names: they tell this process something and change nothing.
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_readlinkat,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    // Moving a finished file into its place, and taking a temporary one away: within one folder that Landlock leaves
    // writable. A hard link is used where the file system cannot rename without replacing.
    libc::SYS_unlinkat,
    libc::SYS_linkat,
    libc::SYS_renameat2,
    // Waiting for the terminal.
    libc::SYS_ppoll,
    // Memory of this process (mmap and mprotect have rules of their own).
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    // Locks between the threads that exist, and the end of their start.
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    // Signals that arrive: handled, held back, waited for. Sending is tgkill's rule.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // Time and randomness.
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    // The ids of this process, the amount of memory, and leaving.
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Older names of the same calls, which some C libraries still use here.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_unlink,
    libc::SYS_link,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_poll,
    libc::SYS_time,
];
/// Older names of the same calls: `renameat` was never replaced by its libraries here.
#[cfg(target_arch = "aarch64")]
const OLDER: &[c_long] = &[libc::SYS_renameat];
/// No older names.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const OLDER: &[c_long] = &[];

/// What is asked of a terminal (asm-generic/ioctls.h): its line settings read and set, its input flushed, its size.
/// Everything else is refused, such as typing into it (TIOCSTI) and the requests of files and other devices.
const IOCTLS: [u64; 10] = [
    0x5401,      // TCGETS
    0x5402,      // TCSETS
    0x5403,      // TCSETSW
    0x5404,      // TCSETSF
    0x540b,      // TCFLSH
    0x5413,      // TIOCGWINSZ
    0x802c_542a, // TCGETS2
    0x402c_542b, // TCSETS2
    0x402c_542c, // TCSETSW2
    0x402c_542d, // TCSETSF2
];
/// What is asked of a descriptor: copies within this process, its flags, and record locks (SQLite). Not F_SETOWN, F_SETSIG
/// and F_NOTIFY, which send signals, and not F_SETLEASE and F_ADD_SEALS, which hold others back.
const FCNTLS: [c_int; 9] = [
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
    libc::F_SETFL,
    libc::F_GETLK,
    libc::F_SETLK,
    libc::F_SETLKW,
];
/// Bits of a mode that would open a file to others, or lend its owner's rights (S_ISUID, S_ISGID, S_ISVTX).
const OPENING_MODES: u64 = 0o7077;
/// The umask that closes new files to group and others.
const CLOSED: u64 = 0o077;
/// PROT_EXEC of mmap and mprotect: new code.
const EXECUTABLE: u64 = 4;

/// The filter for this architecture.
///
/// # Errors
/// The architecture is not one that the filter's compiler knows.
pub(super) fn allow_list() -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for call in COMMON.iter().chain(OLDER) {
        rules.insert(*call, Vec::new());
    }
    rules.insert(libc::SYS_ioctl, one_of(1, IOCTLS)?);
    rules.insert(libc::SYS_fcntl, one_of(1, FCNTLS.map(|command| u64::from(command.unsigned_abs())))?);
    // The mask that sealing sets, and no other: with a wider one new files would be open to others.
    rules.insert(libc::SYS_umask, vec![one(0, SeccompCmpOp::Eq, CLOSED)?]);
    // SQLite gives its files the mode of the database.
    rules.insert(libc::SYS_fchmod, vec![one(1, SeccompCmpOp::MaskedEq(OPENING_MODES), 0)?]);
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![one(2, SeccompCmpOp::MaskedEq(EXECUTABLE), 0)?]);
    }
    // A signal to ourselves (abort, stop on ^Z), never to another process.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![one(0, SeccompCmpOp::Eq, own)?]);
    // Reading limits, ours or the stack's; setting none: the third argument is a pointer to new ones, hence all 64 bits.
    let no_new_limits = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![no_new_limits])?]);
    let eperm = SeccompAction::Errno(rustix::io::Errno::PERM.raw_os_error().unsigned_abs());
    let filter = SeccompFilter::new(rules, eperm, SeccompAction::Allow, std::env::consts::ARCH.try_into()?)?;
    filter.try_into()
}

/// A rule of one condition on the low 32 bits of one argument.
fn one(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?])
}

/// Rules of which one holds when the argument is one of `values`; the kernel looks at no more than its low 32 bits either.
fn one_of<const N: usize>(argument: u8, values: [u64; N]) -> Result<Vec<SeccompRule>, BackendError> {
    values.iter().map(|value| one(argument, SeccompCmpOp::Eq, *value)).collect()
}
