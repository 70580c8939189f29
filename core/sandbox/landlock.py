"""Landlock: restrict this process to the files named here (landlock(7))."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Sequence

from core.sandbox.kernel import syscall

#: Rights of linux/landlock.h. The right to make, rename, link or delete anything is given to nobody.
WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 14
#: All rights of files and folders that each ABI knows; later ones know the last.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
ALL_FILE_RIGHTS = (1 << 16) - 1
#: Binding and connecting TCP, from ABI 4; signals and abstract Unix sockets to others, from ABI 6.
NETWORK_RIGHTS, SCOPES = 3, 3
#: The same numbers on every architecture.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG, PATH_BENEATH = 1, 1

Rule = tuple[str, int]


def abi() -> int:
    """Which version of Landlock the kernel speaks: 1 since Linux 5.13. Raises OSError where there is none."""
    return syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION_FLAG))


def restrict(rules: Sequence[Rule]) -> None:
    """Close all files but those in ``rules``, (path, rights), for good. Raises OSError where that cannot be done.

    TCP, signals and abstract Unix sockets are closed too where the kernel can. It binds the calling thread and those it
    starts, so there must be no other yet.
    """
    if len(os.listdir("/proc/self/task")) != 1:
        raise OSError(errno.EBUSY, "There is more than one thread, and Landlock would bind only one of them")
    ruleset, handled = _ruleset()
    for path, rights in rules:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        beneath = struct.pack("=Qi", rights & handled, descriptor)
        syscall(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(PATH_BENEATH), beneath, ctypes.c_uint32(0))
        os.close(descriptor)
    syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)


def _ruleset() -> tuple[int, int]:
    """A descriptor of an empty ruleset that handles all this kernel can, and which rights of files those are."""
    version = abi()
    while True:
        handled = FILE_RIGHTS.get(version, ALL_FILE_RIGHTS)
        # Kernels before a field was added refuse it.
        fields = struct.pack("=QQQ", handled, NETWORK_RIGHTS, SCOPES)[: 8 if version < 4 else 16 if version < 6 else 24]
        try:
            return syscall(CREATE_RULESET, fields, ctypes.c_size_t(len(fields)), ctypes.c_uint32(0)), handled
        except OSError as error:
            # Some vendors' kernels name a version and refuse its rights (github.com/tukaani-project/xz/issues/199).
            if error.errno != errno.EINVAL or version <= 1:
                raise
            version -= 1
