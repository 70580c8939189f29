"""seccomp: restrict this process to the system calls listed here (seccomp(2)).

An allow-list: calls added by later kernels are refused. The numbers are from arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from core.sandbox.kernel import ARM, PR_SET_NAME, syscall

#: (number on x86-64, number on arm64); -1 where the architecture has no such call
Call = tuple[int, int]

#: Computing, and using files that are open.
COMPUTING: dict[str, Call] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "poll": (7, -1),
    "lseek": (8, 62),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "readv": (19, 65),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "dup": (32, 23),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "exit": (60, 93),
    "uname": (63, 160),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "ftruncate": (77, 46),
    "getcwd": (79, 17),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "ppoll": (271, 73),
    "set_robust_list": (273, 99),
    "epoll_create1": (291, 20),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
}
#: Calls that name a file. Landlock decides which files; it doesn't cover stat, so a file's existence is visible.
NAMING_FILES: dict[str, Call] = {
    "stat": (4, -1),
    "lstat": (6, -1),
    "access": (21, -1),
    "getdents64": (217, 61),
    "newfstatat": (262, 79),
    "readlinkat": (267, 78),
    "readlink": (89, -1),
    "faccessat": (269, 48),
    "statx": (332, 291),
}
#: libc falls back to an older call on ENOSYS; any other error breaks threads and open().
UNKNOWN: dict[str, Call] = {"clone3": (435, 435), "openat2": (437, 437), "faccessat2": (439, 439)}
#: With the index of their flags argument.
OPENING: tuple[tuple[Call, int], ...] = (((2, -1), 1), ((257, 56), 2))
MMAP, MPROTECT, CLONE, FCNTL, IOCTL, PRCTL = (9, 222), (10, 226), (56, 220), (72, 25), (16, 29), (157, 167)
KILL, TGKILL = (62, 129), (234, 131)
SECCOMP = (317, 277)

PROT_EXEC, CLONE_THREAD = 0x4, 0x10000
O_ACCMODE, O_TRUNC = 0o3, 0o1000
#: F_DUPFD to F_SETFL and F_DUPFD_CLOEXEC. F_SETOWN and F_SETLEASE would make the kernel send signals to others.
FCNTL_COMMANDS = (0, 1, 2, 3, 4, 1030)
AUDIT_ARCH = 0xC00000B7 if ARM else 0xC000003E
#: x86-64's second set of numbers for the same calls.
X32 = 0x40000000

# linux/bpf_common.h: load a word; return; compare with a value; keep some of its bits.
LOAD, RETURN, EQUALS, AT_LEAST, HAS_BITS, KEEP_BITS = 0x20, 0x06, 0x15, 0x35, 0x45, 0x54
# linux/seccomp.h
ALLOW, KILL_PROCESS, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
SET_MODE_FILTER, ALL_THREADS = 1, 1
# Where struct seccomp_data has the call's number, the architecture and the arguments.
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16

Step = tuple[int, int, int, int]


def restrict() -> None:
    """Refuse every call that isn't listed, for good and for all threads. Raises OSError when that fails.

    Needs no_new_privs. Refused calls raise PermissionError; calls of another architecture end the process.
    """
    code = b"".join(struct.pack("=HBBI", *step) for step in program(os.getpid()))
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    syscall(SECCOMP[ARM], ctypes.c_uint(SET_MODE_FILTER), ctypes.c_uint(ALL_THREADS), header)


def program(pid: int) -> list[Step]:
    """The filter for the process ``pid``, as instructions of the kernel's classic BPF machine."""
    steps = [_load(ARCHITECTURE_AT), (EQUALS, 1, 0, AUDIT_ARCH), _answer(KILL_PROCESS), _load(NUMBER_AT)]
    if not ARM:
        steps += [(AT_LEAST, 0, 1, X32), _answer(KILL_PROCESS)]
    for call in (*COMPUTING.values(), *NAMING_FILES.values()):
        steps += _when(call, _answer(ALLOW))
    for call in UNKNOWN.values():
        steps += _when(call, _answer(REFUSE | errno.ENOSYS))
    allow = _answer(ALLOW)
    # Before version 3, Landlock lets a reader truncate a file by opening it for reading.
    emptying = ((KEEP_BITS, 0, 0, O_ACCMODE | O_TRUNC), (EQUALS, 0, 1, O_TRUNC), _answer(REFUSE | errno.EACCES), allow)
    for call, place in OPENING:
        steps += _when(call, _load_argument(place), *emptying)
    for call in (MMAP, MPROTECT):  # no new code
        steps += _when(call, _load_argument(2), (HAS_BITS, 0, 1, PROT_EXEC), _answer(REFUSE | errno.EACCES), allow)
    # Threads, no processes.
    steps += _when(CLONE, _load_argument(0), (HAS_BITS, 1, 0, CLONE_THREAD), _answer(REFUSE | errno.EAGAIN), allow)
    for call in (KILL, TGKILL):  # itself, so that abort() works
        steps += _when(call, _load_argument(0), (EQUALS, 1, 0, pid), _answer(REFUSE | errno.EPERM), allow)
    # x264 names its threads.
    steps += _when(PRCTL, _load_argument(0), (EQUALS, 1, 0, PR_SET_NAME), _answer(REFUSE | errno.EPERM), allow)
    left = len(FCNTL_COMMANDS)
    commands = [(EQUALS, left - place, 0, command) for place, command in enumerate(FCNTL_COMMANDS)]
    steps += _when(FCNTL, _load_argument(1), *commands, _answer(REFUSE | errno.EPERM), allow)
    # open() asks whether it opened a terminal.
    steps += _when(IOCTL, _answer(REFUSE | errno.ENOTTY))
    return [*steps, _answer(REFUSE | errno.EPERM)]


def _when(call: Call, *steps: Step) -> list[Step]:
    """The steps for one call. The last step returns; other calls jump over them."""
    number = call[ARM]
    return [] if number < 0 else [(EQUALS, 0, len(steps), number), *steps]


def _load(offset: int) -> Step:
    return LOAD, 0, 0, offset


def _load_argument(place: int) -> Step:
    """The lower half of an argument: both architectures are little-endian."""
    return _load(ARGUMENTS_AT + 8 * place)


def _answer(value: int) -> Step:
    return RETURN, 0, 0, value
