"""Run the tests' work on a machine that lacks a part of the lock; fails with what it raised.

``python -m tests.core.sandbox.without PART LOCK FOLDER``: the part is "landlock" or "seccomp", whose calls a filter
on this process and its children refuses, as an old kernel or a narrow container would.
"""

from __future__ import annotations

import ctypes
import errno
import struct
import sys
from pathlib import Path

from core.sandbox import Limits, Lock, child_process, kernel, landlock, seccomp

LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=10, wall_seconds=60, file_bytes=1 << 20)
PARTS = {
    "landlock": (landlock.CREATE_RULESET, landlock.ADD_RULE, landlock.RESTRICT_SELF),
    "seccomp": (seccomp.SECCOMP[kernel.ARM],),
}


def forbid(numbers: tuple[int, ...]) -> None:
    """Answer these calls as a kernel does that never heard of them."""
    steps = [(seccomp.LOAD, 0, 0, seccomp.NUMBER_AT)]
    steps += [(seccomp.EQUALS, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    steps += [(seccomp.RETURN, 0, 0, seccomp.ALLOW), (seccomp.RETURN, 0, 0, seccomp.REFUSE | errno.ENOSYS)]
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HxxxxxxP", len(steps), ctypes.addressof(buffer))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.syscall(seccomp.SECCOMP[kernel.ARM], ctypes.c_uint(1), ctypes.c_uint(0), header)


def main() -> None:
    part, lock, folder = sys.argv[1], Lock(sys.argv[2]), Path(sys.argv[3])
    forbid(PARTS[part])
    work = "tests.core.sandbox.work:echo"
    try:
        child_process.start(lock, work, folder / "source", folder / "target", limits=LIMITS, outputs=["copy"])
    except child_process.LockError as error:
        sys.exit(f"LockError: {error}")


if __name__ == "__main__":
    main()
