#!/usr/bin/env python3
"""Attacks the sealed program from inside: a debugger stops it while it waits for a password and makes its calls.

    tests/seal/inside.py PATH-TO-FASTNESS

Root, Linux, x86_64. For each sealed command: what a thief inside would call, to carry a secret out or to change a file. At
the end it counts bytes that arrived outside and files that changed, and lets the command finish its work.
"""

import errno
import hashlib
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time

from tracing import Stopped

WORDS = "develop pool radar lobster dress blind flat grass leaf slim globe border"
PASSWORD = "correct horse battery staple"
SECRET = b"SECRET-OF-THE-WALLET"
DIGEST = "50b2c43fd39106bafbba0da34fc430e1f91e3c96ea2acee2bc34119f92b37750"
SENDER = "0xa9D329B459730dd0043e761D38424452F8B3cDE4"
ETHER = (
    '{"fastness_draft": 1, "network": "eip155:1", "from": "%s", "unsigned": '
    '"0x02eb01800184465330178252089470997970c51812dc3a010c7d01b50e0d17dc79c8880de0b6b3a764000080c0"}' % SENDER
)
# Linux x86_64 (asm/unistd_64.h).
CALLS = dict(
    read=0, write=1, open=2, mmap=9, mprotect=10, ioctl=16, pwrite64=18, writev=20, dup=32, dup2=33, sendfile=40, socket=41,
    connect=42, accept=43, sendto=44, sendmsg=46, shutdown=48, bind=49, listen=50, socketpair=53, clone=56, fork=57, vfork=58,
    execve=59, kill=62, shmget=29, msgget=68, fcntl=72, truncate=76, ftruncate=77, rename=82, mkdir=83, rmdir=84, creat=85,
    link=86, unlink=87, symlink=88, chmod=90, fchmod=91, chown=92, fchown=93, umask=95, ptrace=101, syslog=103, setuid=105,
    utime=132, mknod=133, setpriority=141, prctl=157, setrlimit=160, chroot=161, mount=165, setxattr=188, fsetxattr=190,
    removexattr=197, tkill=200, io_setup=206, tgkill=234, utimes=235, mq_open=240, add_key=248, keyctl=250, inotify_init=253,
    openat=257, mkdirat=258, mknodat=259, fchownat=260, futimesat=261, unlinkat=263, renameat=264, linkat=265, symlinkat=266,
    fchmodat=268, unshare=272, splice=275, tee=276, vmsplice=278, utimensat=280, fallocate=285, prlimit64=302,
    open_by_handle_at=304, sendmmsg=307, process_vm_readv=310, process_vm_writev=311, kcmp=312, seccomp=317, memfd_create=319,
    bpf=321, execveat=322, userfaultfd=323, copy_file_range=326, pidfd_send_signal=424, io_uring_setup=425,
    pidfd_open=434, clone3=435, openat2=437, pidfd_getfd=438, process_madvise=440, fchmodat2=452,
)
HERE = -100
WRITE_NEW, WRITE, READ = 0o101, 0o1, 0


def snapshot(folder):
    """Everything that a file shows: name, mode, owner, time of change, link, attributes and content."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(root, name)
            stat = os.lstat(path)
            content = b""
            if os.path.isfile(path) and not os.path.islink(path):
                content = hashlib.sha256(open(path, "rb").read()).digest()
            facts = (stat.st_mode, stat.st_uid, stat.st_nlink, stat.st_mtime_ns * os.path.isfile(path), content)
            found[path] = facts + (tuple(os.listxattr(path, follow_symlinks=False)),)
    return found


class Scene:
    """A home with a wallet and settings, files outside of it, and ways out that the process inherits."""

    def __init__(self, program):
        self.program = program
        self.folder = tempfile.mkdtemp()
        self.home = os.path.join(self.folder, "home")
        self.outside = os.path.join(self.folder, "outside")
        os.mkdir(self.outside, 0o700)
        for name, text in [("password", PASSWORD), ("words", WORDS), ("outside/old", "old"), ("ether.draft", ETHER)]:
            self.write(name, text)
        self.run("restore", "--words-file", self.path("words"), "--password-file", self.path("password"), "--yes")
        for name, text in [("config.toml", "gap = 21\n"), ("explorers.json", "{}"), ("requests.log", "")]:
            self.write("home/" + name, text)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(text)

    def run(self, *words):
        command = [self.program, "--home", self.home, *words]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def attack(scene, words, writes):
    """Stops the command while it waits for its password, makes every call, and lets it finish. Answers with what went wrong."""
    # What SQLite left beside the ledger is taken away first.
    scene.run("wallets")
    ours, theirs = socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))
    connected = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()
    pipe_out, pipe_in = os.pipe()
    file = os.open(scene.path("outside/old"), os.O_RDWR)
    inherited = [theirs.fileno(), connected.fileno(), pipe_in, file]
    source, password = os.pipe()
    before = snapshot(scene.folder)
    command = [scene.program, "--home", scene.home, *words, f"--password-fd={source}"]
    started = subprocess.Popen(
        command, pass_fds=[*inherited, source], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    os.close(source)
    wait_for_read(started)
    wrong = []
    stopped = Stopped(started.pid)
    for number in range(3, 64):
        if "ledger" in writes and "/home/ledger.db" in target_of(started.pid, number):
            continue
        # The one file that it was handed, to be filled.
        if "sheet" in writes and target_of(started.pid, number).endswith("/sheet"):
            continue
        stopped.call(CALLS["write"], number, SECRET, len(SECRET))
    made = 61
    for name, result, may in calls(stopped, scene, inherited, writes):
        made += 1
        if result >= 0 and not may:
            wrong.append(f"{words[0]}: {name} was allowed and answered {result}")
    if "--show" in sys.argv:
        for name, result, _ in calls(stopped, scene, inherited, writes):
            print(f"  {words[0]} {name}: {errno.errorcode.get(-result, result)}")
    stopped.release()
    for way in (ours, far):
        way.setblocking(False)
        try:
            wrong += [f"{words[0]}: {len(way.recv(4096))} bytes left through an inherited socket"]
        except BlockingIOError:
            pass
    os.set_blocking(pipe_out, False)
    try:
        wrong += [f"{words[0]}: {len(os.read(pipe_out, 4096))} bytes left through an inherited pipe"]
    except BlockingIOError:
        pass
    wrong += [f"{words[0]}: changed: {what}" for what in changes(before, snapshot(scene.folder), scene, writes)]
    os.write(password, PASSWORD.encode() + b"\n")
    os.close(password)
    output, error = started.communicate(timeout=120)
    if started.returncode != 0:
        wrong.append(f"{words[0]}: ended with {started.returncode} after the attack: {output + error}")
    for descriptor in (pipe_in, pipe_out, file):
        os.close(descriptor)
    for way in (ours, theirs, far, connected, listener):
        way.close()
    return made, wrong


def target_of(pid, number):
    try:
        return os.readlink(f"/proc/{pid}/fd/{number}")
    except FileNotFoundError:
        return ""


def wait_for_read(started):
    """Until the process is sealed (Seccomp 2) and waits in a read."""
    for _ in range(1200):
        if started.poll() is not None:
            sys.exit(f"inside.py: {started.args} ended early: {started.communicate()}")
        with open(f"/proc/{started.pid}/status") as status, open(f"/proc/{started.pid}/syscall") as call:
            if "Seccomp:\t2" in status.read() and call.read().startswith("0 "):
                return
        time.sleep(0.05)
    sys.exit("inside.py: the command never waited for its password")


def calls(stopped, scene, inherited, writes):
    """Every attempt: its name, what the kernel answered, and whether this command's own work needs it."""
    home, outside = scene.home, scene.outside
    parent = os.getpid()

    def call(name, *arguments):
        return stopped.call(CALLS[name], *arguments)

    for name in ("config.toml", "explorers.json", "requests.log", "new.toml"):
        path = f"{home}/{name}"
        for way in ("open", "openat", "openat2", "creat", "truncate"):
            words = {"open": (path, WRITE_NEW, 0o600), "openat": (HERE, path, WRITE_NEW, 0o600), "creat": (path, 0o600)}
            words |= {"openat2": (HERE, path, [WRITE_NEW, 0o600, 0], 24), "truncate": (path, 0)}
            yield f"{way} {name}", call(way, *words[way]), False
        yield f"read {name}", call("open", path, READ), False
        yield f"rename to {name}", call("rename", f"{home}/ledger.db", path), False
        yield f"rename from {name}", call("rename", path, f"{home}/x"), False
        yield f"unlink {name}", call("unlink", path), False
        yield f"unlinkat {name}", call("unlinkat", HERE, path, 0), False
        yield f"chmod {name}", call("chmod", path, 0o666), False
    for way, path in (("open", f"{outside}/old"), ("open", f"{outside}/new"), ("creat", f"{outside}/new"), ("open", "/tmp/x")):
        yield f"{way} {path}", call(way, path, WRITE_NEW, 0o600), False
    for path in (f"{outside}/old", "/etc/passwd", "/proc/self/environ", "/proc/self/mem", f"/proc/{parent}/mem", home, "/"):
        yield f"read {path}", call("open", path, READ), False
    for path in ("/proc/self/mem", f"/proc/{parent}/mem", "/proc/self/coredump_filter", "/proc/self/oom_score_adj"):
        yield f"write {path}", call("open", path, WRITE), False
    keystore = f"{home}/wallets/main.keystore"
    may = "wallets" in writes
    handle = call("open", keystore, READ)
    yield "keystore for writing", call("open", keystore, WRITE), may
    yield "a new file beside it", probe(stopped, call, f"{home}/wallets/probe", may), may
    for mode in (0o666, 0o644, 0o640, 0o4700):
        yield f"fchmod {mode:o}", call("fchmod", handle, mode), False
    for way, words in {
        "chmod": (keystore, 0o644), "fchmodat": (HERE, keystore, 0o644), "fchmodat2": (HERE, keystore, 0o644, 0),
        "chown": (keystore, 1, 1), "fchown": (handle, 1, 1), "fchownat": (HERE, keystore, 1, 1, 0), "utime": (keystore, 0),
        "utimes": (keystore, 0), "futimesat": (HERE, keystore, 0), "utimensat": (HERE, keystore, 0, 0), "ftruncate": (handle, 0),
        "setxattr": (keystore, "user.x", SECRET, 5, 0), "fsetxattr": (handle, "user.x", SECRET, 5, 0),
        "removexattr": (keystore, "user.x"), "fallocate": (handle, 0, 0, 9), "pwrite64": (handle, SECRET, 9, 0),
        "writev": (handle, [0, 0], 1), "link": (keystore, f"{outside}/link"), "linkat": (HERE, keystore, HERE, f"{outside}/l", 0),
        "symlink": (SECRET.decode(), f"{outside}/s"), "symlinkat": (SECRET.decode(), HERE, f"{home}/wallets/s"),
        "mknod": (f"{home}/wallets/p", 0o10600, 0), "mknodat": (HERE, f"{outside}/p", 0o10600, 0), "mkdir": (f"{outside}/d", 0o700),
        "mkdirat": (HERE, f"{home}/wallets/d", 0o700), "rmdir": (outside,), "rename": (keystore, f"{outside}/k"),
        "renameat": (HERE, keystore, HERE, f"{outside}/k"), "umask": (0,), "chroot": (outside,), "mount": ("x", outside, "tmpfs", 0, 0),
        "open_by_handle_at": (3, SECRET, 0), "copy_file_range": (handle, 0, inherited[3], 0, 9, 0), "inotify_init": (),
    }.items():
        yield way, call(way, *words), False
    for family in (1, 2, 10, 16, 17, 38, 40):
        yield f"socket of family {family}", call("socket", family, 1, 0), False
        yield f"datagram socket of family {family}", call("socket", family, 2, 0), False
    for way in ("sendto", "sendmsg", "sendmmsg", "connect", "bind", "listen", "accept", "shutdown", "dup"):
        for number in inherited:
            yield f"{way} {number}", call(way, number, SECRET, len(SECRET), 0, 0, 0), False
    for way in ("sendfile", "splice", "tee"):
        for number in inherited:
            yield f"{way} {number}", call(way, number, handle, 0, 9, 0, 0), False
    for way, words in {
        "socketpair": (1, 1, 0, SECRET), "dup2": (0, 9), "vmsplice": (1, [0, 0], 1, 0), "clone": (17, 0, 0, 0, 0), "fork": (),
        "vfork": (), "clone3": (bytes(88), 88), "execve": ("/bin/true", 0, 0), "execveat": (HERE, "/bin/true", 0, 0, 0),
        "kill": (parent, 0), "tkill": (parent, 0), "tgkill": (parent, parent, 0), "pidfd_open": (parent, 0),
        "pidfd_send_signal": (3, 0, 0, 0), "pidfd_getfd": (3, 0, 0), "ptrace": (16, parent, 0, 0), "kcmp": (parent, parent, 0, 0, 0),
        "process_vm_readv": (parent, [0, 0], 1, [0, 0], 1, 0), "process_vm_writev": (parent, [0, 0], 1, [0, 0], 1, 0),
        "process_madvise": (3, [0, 0], 1, 4, 0), "prlimit64": (0, 4, [1, 1], 0), "setrlimit": (4, [1, 1]), "setpriority": (0, parent, 5),
        "prctl": (4, 1, 0, 0, 0), "seccomp": (1, 0, 0), "unshare": (0x10000000,), "io_setup": (1, bytes(8)),
        "io_uring_setup": (8, bytes(120)), "memfd_create": ("x", 0), "shmget": (1234, 4096, 0o1666), "msgget": (1234, 0o1666),
        "mq_open": ("x", 0o102, 0o666, 0), "add_key": ("user", "x", SECRET, 9, MINUS_THREE), "keyctl": (0, MINUS_THREE, 1),
        "userfaultfd": (0,), "bpf": (0, bytes(120), 120), "syslog": (3, bytes(64), 64), "setuid": (1,),
        "mmap": (0, 4096, 7, 0x22, MINUS_ONE, 0),
        "mprotect": (stopped.saved["rsp"] & ~4095, 4096, 7),
    }.items():
        yield way, call(way, *words), False
    for command in (8, 10, 1024, 1026, 1031, 1033):
        yield f"fcntl {command}", call("fcntl", 0, command, parent), False
    for request in (0x5412, 0x541C, 0x541D, 0x5410, 0x5420, 0x5421, 0x5452, 0x8901, 0x8933, 0x40086602):
        yield f"ioctl {request:x}", call("ioctl", 0, request, SECRET), False


MINUS_ONE, MINUS_THREE = (1 << 64) - 1, (1 << 64) - 3


def probe(stopped, call, path, may):
    """A new file where the command may make one; it is taken away again."""
    result = call("open", path, WRITE_NEW | 0o200, 0o666)
    if result >= 0 and may:
        assert os.stat(path).st_mode & 0o77 == 0, "a new file is open to others"
        call("unlink", path)
    return result


def changes(before, after, scene, writes):
    """What differs, but for SQLite's own files and the folders that this command writes to."""
    def counts(path):
        name = os.path.relpath(path, scene.home)
        return not name.startswith("ledger.db-") and not name.endswith("wallets.lock")

    paths = filter(counts, set(before) | set(after))
    return sorted(path for path in paths if before.get(path) != after.get(path))


def main():
    if platform.machine() != "x86_64" or os.geteuid() != 0:
        print("inside.py: skipped, nothing was attacked: it needs root on x86_64")
        return
    scene = Scene(os.path.abspath(sys.argv[1]))
    draft, second = scene.path("ether.draft"), scene.path("password")
    scene.write("sheet", "")
    commands = [
        (["message", "sign", "hello", "--network=ethereum", "--approve", DIGEST], ()),
        (["sign", draft, "--yes", "--max-fee", "0.01eth", "--expect-to", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"], ()),
        (["backup", "words", "--words-to-stdout"], ()),
        (["backup", "sheet", "--filled", "--words-to-disk", "--yes", "--fill", scene.path("sheet")], ("sheet",)),
        (["account", "add", "--number=3"], ("ledger",)),
        (["child", "words", "--secret-to-stdout"], ("ledger",)),
        (["password", "--new-password-file", second], ("wallets",)),
        (["new", "--wallet=fresh", "--words-to-stdout"], ("wallets", "ledger")),
        (["restore", "--wallet=again", "--words-file", scene.path("words"), "--yes"], ("wallets", "ledger")),
    ]
    made, wrong = 0, []
    for words, writes in commands:
        count, found = attack(scene, words, writes)
        made, wrong = made + count, wrong + found
        for problem in found:
            print(f"inside.py: {problem}", flush=True)
    print(f"inside.py: {made} calls from inside {len(commands)} sealed commands, {len(wrong)} that got anything done")
    sys.exit(1 if wrong else 0)


signal.alarm(600)
main()
