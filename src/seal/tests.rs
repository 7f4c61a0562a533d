//! The seal tried from inside: this test program starts itself again as a child, which seals itself and then misbehaves.
//!
//! Each attempt is one line on the child's standard output; the parent, unsealed, judges them.

use std::{
    fmt::Debug,
    io::{ErrorKind, Read, Seek, SeekFrom, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
};

use super::*;

const MARKER: &str = "FASTNESS_TEST_SEALED_CHILD";
const OUTSIDE: &str = "FASTNESS_TEST_OUTSIDE";
const PORT: &str = "FASTNESS_TEST_PORT";

/// Says on standard output how an attempt ended.
fn tell<T, E: Debug>(name: &str, outcome: &Result<T, E>) {
    match outcome {
        Ok(_) => println!("\nattempt {name} = done"),
        Err(reason) => println!("\nattempt {name} = {reason:?}"),
    }
}

fn kind<T>(outcome: std::io::Result<T>) -> Result<T, ErrorKind> {
    outcome.map_err(|reason| reason.kind())
}

fn misbehave(outside: &Path, port: u16) {
    tell("tcp connect", &kind(TcpStream::connect(("127.0.0.1", port))));
    tell("tcp listen", &kind(TcpListener::bind("127.0.0.1:0")));
    tell("udp", &kind(UdpSocket::bind("127.0.0.1:0")));
    tell("unix pair", &kind(UnixStream::pair()));
    tell("unix connect", &kind(UnixStream::connect("/run/nothing")));
    tell("spawn", &kind(Command::new("/bin/true").spawn()));
    tell("thread", &kind(std::thread::Builder::new().spawn(|| ()).map(|_| ())));
    tell("write outside", &kind(std::fs::write(outside.join("new"), b"x")));
    tell("overwrite outside", &kind(std::fs::OpenOptions::new().append(true).open(outside.join("old"))));
    tell("delete outside", &kind(std::fs::remove_file(outside.join("old"))));
    tell("parent memory", &kind(read_parent_memory()));
    tell("core limit", &setrlimit(Resource::Core, Rlimit { current: None, maximum: None }).map_err(|_| "refused"));
    let own = std::fs::File::open("/dev/null").unwrap();
    tell("terminal ioctl", &rustix::termios::tcgetattr(&own).map(|_| ()));
    tell("other ioctl", &rustix::termios::ioctl_tiocexcl(&own));
    tell("read outside", &kind(std::fs::read(outside.join("old"))));
    tell("list outside", &kind(std::fs::read_dir(outside)));
    tell("own environment", &kind(std::fs::read("/proc/self/environ")));
    tell("own memory", &kind(write_own_memory()));
    tell("seal again", &seal_this_process(&FileAccess::default()).map_err(|_| "refused"));
}

fn read_parent_memory() -> std::io::Result<u8> {
    let parent = rustix::process::getppid().map_or(0, rustix::process::Pid::as_raw_pid);
    let maps = std::fs::read_to_string(format!("/proc/{parent}/maps"))?;
    let start = u64::from_str_radix(maps.split('-').next().unwrap(), 16).unwrap();
    let mut memory = std::fs::File::open(format!("/proc/{parent}/mem"))?;
    memory.seek(SeekFrom::Start(start))?;
    let mut byte = [0];
    memory.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn write_own_memory() -> std::io::Result<()> {
    std::fs::OpenOptions::new().write(true).open("/proc/self/mem").map(|_| ())
}

fn behave(inside: &Path) {
    tell("write inside", &kind(std::fs::write(inside.join("new"), b"x")));
    tell("atomic write", &crate::store::atomic_write(&inside.join("a"), b"x", crate::store::WriteRule::New));
    tell("atomic replace", &crate::store::atomic_write(&inside.join("a"), b"y", crate::store::WriteRule::Replace));
    tell("lock", &crate::store::Lock::acquire(&inside.join("lock")));
    tell("list", &kind(std::fs::read_dir(inside)));
    tell("sqlite", &write_database(&inside.join("ledger.db")));
    let mut key = [0; 64];
    let parameters = scrypt::Params::new(17, 8, 1, 64).unwrap();
    tell("scrypt", &scrypt::scrypt(b"password", b"salt", &parameters, &mut key));
    tell("random", &kind(getrandom::fill(&mut key).map_err(|_| ErrorKind::Other.into())));
    tell("terminal", &open_terminal());
    tell(
        "panic",
        &std::panic::catch_unwind(|| panic!("on purpose")).map_err(|_: Box<dyn std::any::Any + Send>| "caught"),
    );
}

fn write_database(path: &Path) -> rusqlite::Result<i64> {
    let database = rusqlite::Connection::open(path)?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database
        .execute_batch("create table t (x); begin; insert into t values (1), (2); commit; pragma wal_checkpoint")?;
    database.query_row("select sum(x) from t", [], |row| row.get(0))
}

/// Opens /dev/tty; ENXIO says that there is no terminal, which is not the seal's doing.
fn open_terminal() -> Result<(), ErrorKind> {
    match std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty") {
        Err(reason) if reason.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => Ok(()),
        Err(reason) if reason.kind() == ErrorKind::NotFound => Ok(()),
        other => kind(other.map(|_| ())),
    }
}

/// Not a test of its own: does nothing unless it is the child of `the_seal_holds_from_inside`.
#[test]
fn sealed_child() {
    let Some(inside) = std::env::var_os(MARKER).map(PathBuf::from) else { return };
    let outside = PathBuf::from(std::env::var_os(OUTSIDE).unwrap());
    let port = std::env::var(PORT).unwrap().parse().unwrap();
    let (start, wait) = mpsc::channel::<()>();
    let earlier = std::thread::spawn(move || {
        wait.recv().unwrap();
        kind(TcpStream::connect(("127.0.0.1", port)).map(|_| ()))
    });
    let sealed = seal_this_process(&FileAccess { read: Vec::new(), write: vec![inside.clone()] }).unwrap();
    start.send(()).unwrap();
    tell("tcp connect in an earlier thread", &earlier.join().unwrap());
    for protection in &sealed.report().protections {
        println!("\nprotection {} = {:?}", protection.name, protection.force);
    }
    misbehave(&outside, port);
    behave(&inside);
    println!("\nattempt last = done");
}

fn run_child(inside: &Path, outside: &Path, port: u16) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "seal::tests::sealed_child", "--nocapture"])
        .env(MARKER, inside)
        .env(OUTSIDE, outside)
        .env(PORT, port.to_string())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn the_seal_holds_from_inside() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::File::create(outside.path().join("old")).unwrap().write_all(b"old").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let text = run_child(inside.path(), outside.path(), listener.local_addr().unwrap().port());
    let outcome = |name: &str| {
        let start = format!("attempt {name} = ");
        text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("no `{name}` in {text}"))
    };
    for name in ["tcp connect", "tcp connect in an earlier thread", "tcp listen", "udp", "unix pair", "unix connect"] {
        assert_eq!(outcome(name), "PermissionDenied", "{name}");
    }
    assert!(listener.accept().is_err(), "a connection arrived");
    for name in ["spawn", "thread"] {
        assert_eq!(outcome(name), "PermissionDenied", "{name}");
    }
    if text.contains("protection writes = Full") || text.contains("protection writes = Partial") {
        for name in ["write outside", "overwrite outside", "delete outside", "parent memory", "own memory"]
            .into_iter()
            .chain(["read outside", "list outside", "own environment"])
        {
            assert_eq!(outcome(name), "PermissionDenied", "{name}");
        }
        assert_eq!(std::fs::read(outside.path().join("old")).unwrap(), b"old");
    }
    assert_eq!((outcome("core limit"), outcome("seal again")), ("\"refused\"", "\"refused\""));
    // The bin is no terminal (ENOTTY); what is not on the list never reaches it (EPERM).
    let errno = |name, wanted: rustix::io::Errno| assert_eq!(outcome(name), format!("{wanted:?}"));
    errno("terminal ioctl", rustix::io::Errno::NOTTY);
    errno("other ioctl", rustix::io::Errno::PERM);
    let allowed = ["write inside", "atomic write", "atomic replace", "lock", "list", "sqlite", "scrypt", "random"];
    for name in allowed.into_iter().chain(["terminal", "last"]) {
        assert_eq!(outcome(name), "done", "{name}");
    }
    assert_eq!(outcome("panic"), "\"caught\"");
}

#[test]
fn a_missing_directory_is_an_error_before_anything_is_sealed_off() {
    let mut report = SealReport::default();
    let access = FileAccess { read: Vec::new(), write: vec![PathBuf::from("/nowhere/at/all")] };
    let missing = linux::confine_files(&access, &mut report);
    assert!(matches!(missing, Err(SealError::Writable { .. })), "{missing:?}");
}

/// What the kernel would answer to a call: runs the filter's program on the data that the kernel hands to it
/// (linux/seccomp.h: number, architecture, instruction pointer, six arguments; little-endian halves).
fn verdict(call: libc::c_long, arguments: [u64; 6]) -> u32 {
    let architecture: u32 = if cfg!(target_arch = "x86_64") { 0xc000_003e } else { 0xc000_00b7 };
    let mut data = Vec::new();
    data.extend(u32::try_from(call).unwrap().to_le_bytes());
    data.extend(architecture.to_le_bytes());
    data.extend([0; 8]);
    data.extend(arguments.iter().flat_map(|argument| argument.to_le_bytes()));
    let program = calls::allow_list().unwrap();
    let (mut accumulator, mut at) = (0u32, 0usize);
    loop {
        let step = &program[at];
        at += 1;
        let jump = |condition: bool| usize::from(if condition { step.jt } else { step.jf });
        match step.code {
            0x20 => {
                let from = usize::try_from(step.k).unwrap();
                accumulator = u32::from_le_bytes(data[from..from + 4].try_into().unwrap());
            }
            0x05 => at += usize::try_from(step.k).unwrap(),
            0x15 => at += jump(accumulator == step.k),
            0x25 => at += jump(accumulator > step.k),
            0x35 => at += jump(accumulator >= step.k),
            0x54 => accumulator &= step.k,
            0x06 => return step.k,
            other => panic!("unknown instruction {other:#x}"),
        }
    }
}

const ALLOWED: u32 = 0x7fff_0000;
const EPERM: u32 = 0x0005_0001;

/// Ways out of the process, into others, and to what files are named, owned and dated.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_io_uring_setup,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_memfd_create,
    libc::SYS_mount,
    libc::SYS_prctl,
    libc::SYS_seccomp,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_setuid,
    libc::SYS_add_key,
    libc::SYS_perf_event_open,
    libc::SYS_open_by_handle_at,
    libc::SYS_symlinkat,
    libc::SYS_mknodat,
    libc::SYS_unshare,
    libc::SYS_sendmmsg,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_tee,
    libc::SYS_vmsplice,
    libc::SYS_copy_file_range,
    libc::SYS_pidfd_send_signal,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_io_uring_enter,
    libc::SYS_shmget,
    libc::SYS_mq_open,
    libc::SYS_msgget,
    libc::SYS_truncate,
    libc::SYS_mkdirat,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_umask,
    libc::SYS_fallocate,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_name_to_handle_at,
    libc::SYS_inotify_init1,
    libc::SYS_fanotify_init,
    libc::SYS_setpriority,
    libc::SYS_setpgid,
    libc::SYS_setsid,
    libc::SYS_chroot,
    libc::SYS_syslog,
    libc::SYS_kcmp,
    libc::SYS_process_madvise,
    libc::SYS_move_pages,
];

#[test]
fn what_is_not_listed_is_refused() {
    for call in REFUSED.iter().copied() {
        assert_eq!(verdict(call, [0; 6]), EPERM, "call {call}");
    }
    for call in 0..600 {
        let answer = verdict(call, [0; 6]);
        assert!([ALLOWED, EPERM].contains(&answer), "call {call}: {answer:#x}");
    }
    assert_eq!(verdict(libc::SYS_read, [0; 6]), ALLOWED);
}

#[test]
fn arguments_decide_where_a_call_has_two_sides() {
    let own = u64::from(std::process::id());
    for (call, arguments, answer) in [
        (libc::SYS_ioctl, [0, 0x5401, 0, 0, 0, 0], ALLOWED),
        (libc::SYS_ioctl, [0, 0x802c_542a, 0, 0, 0, 0], ALLOWED),
        (libc::SYS_ioctl, [0, 0x5413, 0, 0, 0, 0], ALLOWED),
        (libc::SYS_ioctl, [0, 0x5414, 0, 0, 0, 0], EPERM),
        (libc::SYS_ioctl, [0, 0x8933, 0, 0, 0, 0], EPERM),
        (libc::SYS_ioctl, [0, 0x5412, 0, 0, 0, 0], EPERM),
        (libc::SYS_fchmod, [3, 0o600, 0, 0, 0, 0], ALLOWED),
        (libc::SYS_fchmod, [3, 0o100_600, 0, 0, 0, 0], ALLOWED),
        (libc::SYS_fchmod, [3, 0o604, 0, 0, 0, 0], EPERM),
        (libc::SYS_fchmod, [3, 0o640, 0, 0, 0, 0], EPERM),
        (libc::SYS_fchmod, [3, 0o4700, 0, 0, 0, 0], EPERM),
        (libc::SYS_umask, [0o077, 0, 0, 0, 0, 0], ALLOWED),
        (libc::SYS_umask, [0o022, 0, 0, 0, 0, 0], EPERM),
        (libc::SYS_fcntl, [3, 6, 0, 0, 0, 0], ALLOWED),
        (libc::SYS_fcntl, [3, 1030, 0, 0, 0, 0], ALLOWED),
        (libc::SYS_fcntl, [3, 8, 0, 0, 0, 0], EPERM),
        (libc::SYS_fcntl, [3, 1024, 0, 0, 0, 0], EPERM),
        (libc::SYS_fcntl, [3, 1033, 0, 0, 0, 0], EPERM),
        (libc::SYS_ioctl, [0, 0x1_0000_5412, 0, 0, 0, 0], EPERM),
        (libc::SYS_ioctl, [0, 0x541c, 0, 0, 0, 0], EPERM),
        (libc::SYS_mmap, [0, 4096, 3, 0x22, 0, 0], ALLOWED),
        (libc::SYS_mmap, [0, 4096, 7, 0x22, 0, 0], EPERM),
        (libc::SYS_mprotect, [0, 4096, 5, 0, 0, 0], EPERM),
        (libc::SYS_mprotect, [0, 4096, 1, 0, 0, 0], ALLOWED),
        (libc::SYS_tgkill, [own, own, 6, 0, 0, 0], ALLOWED),
        (libc::SYS_tgkill, [own + 1, own + 1, 9, 0, 0, 0], EPERM),
        (libc::SYS_prlimit64, [0, 4, 0, 1, 0, 0], ALLOWED),
        (libc::SYS_prlimit64, [0, 4, 1 << 32, 0, 0, 0], EPERM),
    ] {
        assert_eq!(verdict(call, arguments), answer, "call {call} {arguments:x?}");
    }
}
