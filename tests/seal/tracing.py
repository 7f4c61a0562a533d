"""What a debugger does to a process on Linux (x86_64): stop it, make its calls, read its memory. No other program is needed."""

import ctypes
import ctypes.util
import os
import signal
import struct

TRACEME, CONT, SINGLESTEP, GETREGS, SETREGS = 0, 7, 9, 12, 13
ATTACH, DETACH, SETOPTIONS, GETEVENTMSG = 16, 17, 0x4200, 0x4201
FORK, VFORK, CLONE, EXEC, EXIT = 1, 2, 3, 4, 6
WALL = 0x40000000
NAMES = (
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs"
).split()
ARGUMENTS = ["rdi", "rsi", "rdx", "r10", "r8", "r9"]
MASK = (1 << 64) - 1

libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, data=None):
    if libc.ptrace(request, pid, None, data) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace {request} of {pid}")


class Stopped:
    """A process that is stopped within a call, and makes other calls in between."""

    def __init__(self, pid):
        self.pid = pid
        ptrace(ATTACH, pid)
        os.waitpid(pid, WALL)
        self.saved = self.registers()
        self.memory = open(f"/proc/{pid}/mem", "r+b", buffering=0)
        self.gate = self.saved["rip"] - 2
        assert self.read(self.gate, 2) == b"\x0f\x05", "it is not within a call"
        self.room = self.saved["rsp"] - 65536

    def registers(self):
        buffer = ctypes.create_string_buffer(27 * 8)
        ptrace(GETREGS, self.pid, buffer)
        return dict(zip(NAMES, struct.unpack("<27Q", buffer.raw)))

    def set(self, registers):
        packed = struct.pack("<27Q", *(registers[name] & MASK for name in NAMES))
        ptrace(SETREGS, self.pid, ctypes.create_string_buffer(packed))

    def read(self, place, size):
        self.memory.seek(place)
        return self.memory.read(size)

    def call(self, number, *arguments):
        """Makes one call. Texts and bytes are put into its stack, and lists of numbers as an array."""
        registers, place = dict(self.saved), self.room
        for name, value in zip(ARGUMENTS, list(arguments) + [0] * (6 - len(arguments))):
            if isinstance(value, list):
                value = struct.pack(f"<{len(value)}Q", *value)
            if isinstance(value, str):
                value = value.encode() + b"\0"
            if isinstance(value, bytes):
                self.memory.seek(place)
                self.memory.write(value)
                value, place = place, place + (len(value) + 15) // 16 * 16
            registers[name] = value
        registers.update(rax=number, orig_rax=MASK, rip=self.gate)
        self.set(registers)
        ptrace(SINGLESTEP, self.pid)
        _, status = os.waitpid(self.pid, WALL)
        assert os.WIFSTOPPED(status), f"call {number} ended the process"
        result = self.registers()["rax"]
        return result - (1 << 64) if result >> 63 else result

    def release(self):
        """Goes on with the call that it was stopped in."""
        self.set(self.saved)
        self.memory.close()
        ptrace(DETACH, self.pid)


def memory_of(pid):
    """Every readable byte of a stopped process, by region, without the program's own constants."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            places, modes, *rest = line.split(None, 5)
            start, end = (int(place, 16) for place in places.split("-"))
            if modes[0] != "r" or (modes[1] != "w" and len(rest) == 4) or "[v" in line:
                continue
            try:
                memory.seek(start)
                yield line.strip(), memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue


def at_exit(command, look, **options):
    """Runs a command with all its children; `look(pid)` sees each process at its last moment. Answers with its exit code."""
    pid = os.fork()
    if pid == 0:
        for number, place in options.get("files", {}).items():
            os.dup2(place, number, inheritable=True)
        ptrace(TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.execve(command[0], command, options.get("environment", {}))
    os.waitpid(pid, WALL)
    follow = sum(1 << event for event in (FORK, VFORK, CLONE, EXEC, EXIT))
    ptrace(SETOPTIONS, pid, follow)
    ptrace(CONT, pid)
    code, alive = None, {pid}
    while alive:
        try:
            found, status = os.waitpid(-1, WALL)
        except ChildProcessError:
            break
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            alive.discard(found)
            if found == pid:
                code = os.waitstatus_to_exitcode(status)
            continue
        alive.add(found)
        event, deliver = status >> 16, os.WSTOPSIG(status)
        if event == EXIT and leader(found):
            look(found)
        if event or deliver in (signal.SIGTRAP, signal.SIGSTOP):
            deliver = 0
        try:
            ptrace(CONT, found, deliver)
        except OSError:
            alive.discard(found)
    return code


def leader(pid):
    with open(f"/proc/{pid}/status") as status:
        return f"Tgid:\t{pid}\n" in status.read()
