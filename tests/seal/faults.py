#!/usr/bin/env python3
"""Injects EIO, ENOSPC and EINTR at the file calls of every command that writes, and compares what is said with what is there.

    tests/seal/faults.py PATH-TO-FASTNESS          a sample, under a minute
    tests/seal/faults.py PATH-TO-FASTNESS --long   every call

Linux with strace. A message is false when it says that nothing changed and something did, that a thing was done and it was
not, or when a wallet is there whose words nobody was shown. So is an end by a signal, and any bug that is reported.
"""

import concurrent.futures
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

WORDS = "develop pool radar lobster dress blind flat grass leaf slim globe border"
OLD, NEW = "correct horse battery staple", "another horse battery"
SENDER = "0xa9D329B459730dd0043e761D38424452F8B3cDE4"
ETHER = (
    '{"fastness_draft": 1, "network": "eip155:1", "from": "%s", "unsigned": '
    '"0x02eb01800184465330178252089470997970c51812dc3a010c7d01b50e0d17dc79c8880de0b6b3a764000080c0"}' % SENDER
)
CALLS = (
    "openat read pread64 write pwrite64 fsync fdatasync ftruncate rename renameat renameat2 link linkat unlink unlinkat mkdir "
    "mkdirat fchmod flock fcntl fstat newfstatat statx lseek getdents64"
).split()
ERRORS = ["EIO", "ENOSPC", "EINTR"]
DENIALS = re.compile(r"nothing (is|was) (changed|written)|not changed|untouched|unchanged|no wallet was made", re.I)
DONE = re.compile(r"(?<!put )in place|was written and is whole|has its new password|the work itself is done", re.I)
KNOWN = range(0, 9)
# One in so many is tried in the sample; it is prime, so that calls and errors mix.
STRIDE = 61


class Run:
    """One run of one command in a home of its own."""

    def __init__(self, program, base, words):
        self.folder = tempfile.mkdtemp()
        self.home = os.path.join(self.folder, "home")
        shutil.copytree(base, self.folder, dirs_exist_ok=True, symlinks=True)
        self.command = [program, "--home", self.home, *(word.replace("@", self.folder + "/") for word in words)]
        self.program = program

    def traced(self, *options):
        done = subprocess.run(["strace", "-f", *options, *self.command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.code, self.text = done.returncode, done.stdout + done.stderr
        return self

    def plain(self, *words):
        command = [self.program, "--home", self.home, *words]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def opens(self, wallet, password):
        with open(os.open(self.path("tried"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(password)
        words = ("backup", "words", "--words-to-stdout", "--wallet", wallet, "--password-file", self.path("tried"), "--json")
        done = self.plain(*words)
        return json.loads(done.stdout)["data"]["words"] if done.returncode == 0 else None

    def path(self, name):
        return os.path.join(self.folder, name)

    def has(self, name):
        return os.path.lexists(self.path(name))

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def password(run):
    old, new = run.opens("main", OLD), run.opens("main", NEW)
    if bool(old) == bool(new):
        return "not exactly one password opens the wallet"
    return judged(run, bool(new))


def new(run):
    there = run.has("home/wallets/fresh.keystore")
    if not there:
        return judged(run, False)
    words = run.opens("fresh", OLD)
    if not words:
        return "the new wallet does not open"
    if " ".join(words) not in re.sub(r"[\s\",]+", " ", run.text):
        return "a wallet is there, and nobody was shown its words"
    return None if not DENIALS.search(run.text) else "it says that nothing was made"


def restore(run):
    there = run.has("home/wallets/again.keystore")
    if there and not run.opens("again", OLD):
        return "the restored wallet does not open"
    return judged(run, there)


def account(run):
    listed = run.plain("account", "list", "--json")
    there = "84'/0'/5'" in listed.stdout
    if run.code == 0:
        return None if there else "it says that the account was added"
    return "it says that nothing changed" if there and DENIALS.search(run.text) else None


def signed(run):
    there = run.has("signed")
    if there and run.plain("inspect", run.path("signed")).returncode != 0:
        return "the signed file is not whole"
    return judged(run, there)


def settings(run):
    with open(run.path("home/config.toml")) as file:
        return judged(run, "b.example" in file.read())


def judged(run, there):
    """A thing is there or not, and the message says so, or does not deny it."""
    if run.code == 0:
        return None if there else "it says that it is done, and it is not"
    if there:
        return None if DONE.search(run.text) and not DENIALS.search(run.text) else "it is done, and a failure is told"
    return "it says that it is done" if DONE.search(run.text) else None


COMMANDS = {
    "password": (["password", "--password-file", "@old", "--new-password-file", "@new", "--wallet=main"], password),
    "new": (["new", "--wallet=fresh", "--words=12", "--words-to-stdout", "--password-file", "@old"], new),
    "restore": (["restore", "--wallet=again", "--words-file", "@words", "--password-file", "@old", "--yes"], restore),
    "account add": (["account", "add", "--wallet=main", "--number=5", "--password-file", "@old"], account),
    "sign": (["sign", "@ether.draft", "-o", "@signed", "--password-file", "@old", "--yes", "--max-fee=0.01eth", "--expect-to=0x70997970C51812dc3A010C7d01b50e0d17dc79C8"], signed),
    "explorers add": (["explorers", "add", "https://b.example", "--network=bitcoin"], settings),
}


def points(program, base, words):
    """Every call of the main process behind its first own one, by name and number."""
    run = Run(program, base, words)
    log = run.path("log")
    run.traced("-o", log, "-e", "trace=umask," + ",".join(CALLS))
    if run.code != 0:
        sys.exit(f"faults.py: {words} does not work: {run.text}")
    counts, found, main, own = {}, [], None, False
    with open(log) as lines:
        for line in lines:
            process, _, rest = line.strip().partition(" ")
            call = rest.strip().split("(", 1)[0]
            main = main or process
            own = own or call == "umask"
            if process != main or call not in CALLS:
                continue
            counts[call] = counts.get(call, 0) + 1
            if own:
                found.append((call, counts[call]))
    run.close()
    return found


def attempt(program, base, name, point, error):
    words, judge = COMMANDS[name]
    (call, number), run = point, Run(program, base, words)
    try:
        run.traced("-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}")
        if run.code not in KNOWN:
            return f"{name}: {error} at {call} {number}: ended with {run.code}: {run.text}"
        false = judge(run)
        return false and f"{name}: {error} at {call} {number}: {false}; exit {run.code}: {run.text}"
    finally:
        run.close()


def base_of(program):
    folder = tempfile.mkdtemp()
    for name, text in [("old", OLD), ("new", NEW), ("words", WORDS), ("ether.draft", ETHER)]:
        with open(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(text)
    home = os.path.join(folder, "home")
    secrets = ["--words-file", os.path.join(folder, "words"), "--password-file", os.path.join(folder, "old")]
    subprocess.run([program, "--home", home, "restore", "--wallet=main", *secrets, "--yes"], check=True, capture_output=True)
    subprocess.run([program, "--home", home, "wallets"], check=True, capture_output=True)
    with open(os.open(os.path.join(home, "config.toml"), os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write('wallet = "main"\n[explorers]\nbitcoin = ["https://a.example"]\n')
    return folder


def main():
    program, long = os.path.abspath(sys.argv[1]), "--long" in sys.argv
    only = [word for word in sys.argv[2:] if not word.startswith("--")] or list(COMMANDS)
    base = base_of(program)
    every = [
        (name, point, error)
        for name in only
        for point, error in itertools.product(points(program, base, COMMANDS[name][0]), ERRORS)
    ]
    chosen = every if long else every[::STRIDE]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        wrong = [false for false in pool.map(lambda one: attempt(program, base, *one), chosen) if false]
    for false in wrong:
        print(f"faults.py: {false}")
    print(f"faults.py: {len(chosen)} of {len(every)} injected errors in {len(only)} commands, {len(wrong)} false messages")
    sys.exit(1 if wrong else 0)


main()
