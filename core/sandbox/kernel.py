"""System calls that Python has no function for, with their errors as OSError."""

from __future__ import annotations

import ctypes
import os
import platform
import sys

LINUX = sys.platform == "linux"
#: "x86_64" and "aarch64" are the architectures whose call numbers are known here.
MACHINE = platform.machine()
ARM = MACHINE == "aarch64"
SUPPORTED = LINUX and MACHINE in ("x86_64", "aarch64")

#: linux/prctl.h
PR_SET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_NO_NEW_PRIVS = 1, 3, 4, 15, 38
_LINUX_CAPABILITY_VERSION_3 = 0x20080522
_CAPSET = 91 if ARM else 126

_libc = ctypes.CDLL(None, use_errno=True)


class CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


def syscall(number: int, *arguments: object) -> int:
    """Make a system call. Each argument has to be wrapped in its C type. Raises OSError."""
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def prctl(option: int, value: int = 0) -> int:
    """Raises OSError."""
    result = int(_libc.prctl(ctypes.c_int(option), *(ctypes.c_ulong(word) for word in (value, 0, 0, 0))))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def hide_process() -> None:
    """Make this process's memory, environment and open files unreadable for other processes of the same user, and
    untraceable.

    A program that it executes is readable again, so each process has to call this. It disables core dumps; py-spy and
    gdb then need root. Does nothing where prctl is missing. Safe to repeat.
    """
    if LINUX:
        prctl(PR_SET_DUMPABLE, 0)


def drop_capabilities() -> None:
    """Drop root's capabilities for good: no executed program can regain them."""
    header = CapabilityHeader(_LINUX_CAPABILITY_VERSION_3, 0)
    syscall(_CAPSET, ctypes.byref(header), ctypes.c_char_p(bytes(24)))
