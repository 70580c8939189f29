"""What a taken-over decoder would try; run in the sandbox, one attack in each child.

An attack returns what it got, or raises what stopped it. Against decoys of the test: see `Decoys` in test_attacks.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import mmap
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.sandbox.kernel import ARM, syscall

Facts = dict[str, Any]
#: What stops an attack. AssertionError: it found nothing where it looked.
STOPPED = (OSError, MemoryError, RuntimeError, AssertionError)


def attack(source: Path, target: Path, name: str, facts: str) -> dict[str, Any]:
    known = {"source": str(source), "target": str(target), **json.loads(facts)}
    try:
        got = ATTACKS[name](known)
    except STOPPED as error:
        return {"through": False, "because": repr(error)[:200]}
    return {"through": True, "got": str(got)[:200]}


def call(numbers: tuple[int, int], *arguments: object) -> int:
    """A system call by its numbers on x86-64 and arm64."""
    return syscall(numbers[ARM], *arguments)


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(40)


# --- Other machines, other processes ---------------------------------------------------------------------------------


def connect(family: int, address: Any) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        connection.settimeout(5)
        connection.connect(address)


def udp(known: Facts) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as connection:
        connection.sendto(b"?", ("127.0.0.1", known["udp"]))


def netlink(known: Facts) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as connection:
        connection.bind((0, 0))


def pair(known: Facts) -> None:
    for end in socket.socketpair():
        end.close()


def inherited(known: Facts) -> list[int]:
    """What the parent had open, be it listed or tried."""
    found = []
    for descriptor in range(3, 64):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        found.append(descriptor)
    assert found
    return found


def environ_of_parent(known: Facts) -> None:
    assert b"HUSH" in Path(f"/proc/{known['parent']}/environ").read_bytes()


def own_environ(known: Facts) -> None:
    assert any("HUSH" in word for pair in os.environ.items() for word in pair)


def memory_of_parent(known: Facts) -> bytes:
    content = ctypes.create_string_buffer(4)

    def place(address: int) -> Any:
        return (ctypes.c_ulong * 2)(address, 4)

    one = ctypes.c_ulong(1)
    ours, theirs = place(ctypes.addressof(content)), place(known["address"])
    call((310, 270), ctypes.c_int(known["parent"]), ours, one, theirs, one, ctypes.c_ulong(0))
    return content.value


def seize(known: Facts) -> None:
    call((101, 117), ctypes.c_long(0x4206), ctypes.c_long(known["parent"]), None, None)


def steal_descriptor(known: Facts) -> None:
    descriptor = call((434, 434), ctypes.c_int(known["parent"]), ctypes.c_int(0))
    call((438, 438), ctypes.c_int(descriptor), ctypes.c_int(1), ctypes.c_int(0))


def signal_by_lease(known: Facts) -> None:
    """Have the kernel signal the parent when somebody opens a file of ours."""
    with open(known["target"] + "/result.json", "wb") as file:
        fcntl.fcntl(file, fcntl.F_SETOWN, known["parent"])
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)


def forks(known: Facts) -> int:
    children = []
    try:
        for _ in range(40):
            child = os.fork()
            if child == 0:
                time.sleep(1)
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.waitpid(child, 0)
    return len(children)


def threads(known: Facts) -> None:
    ending = threading.Event()
    try:
        for _ in range(2000):
            threading.Thread(target=ending.wait, daemon=True).start()
    finally:
        ending.set()


def execute_in_memory(known: Facts) -> None:
    program = os.memfd_create("program")
    os.write(program, Path("/bin/true").read_bytes())
    os.execve(program, ["program"], {})


# --- Files -----------------------------------------------------------------------------------------------------------


def write_outside(known: Facts) -> None:
    Path(known["folder"], "new").write_text("x")


def write_beside(known: Facts) -> None:
    Path(known["target"], "another").write_text("x")


def write_input(known: Facts) -> None:
    os.chmod(known["source"], 0o666)
    Path(known["source"]).write_bytes(b"x")


def append_to_input(known: Facts) -> None:
    with open(known["source"], "ab") as file:
        file.write(b"x")


def shared_memory(known: Facts) -> None:
    path = Path(f"/dev/shm/inbox-test-{os.getpid()}")
    path.write_text("x")
    path.unlink()


def rename(known: Facts) -> None:
    os.rename(known["source"], known["target"] + "/moved")


def hard_link(known: Facts) -> None:
    os.link(known["secret"], known["target"] + "/link")


def list_folders(known: Facts) -> list[str]:
    return os.listdir("/") + os.listdir(known["folder"])


# --- The kernel, and the limits --------------------------------------------------------------------------------------


def io_uring(known: Facts) -> None:
    call((425, 425), ctypes.c_uint(4), ctypes.create_string_buffer(120))


def keyring(known: Facts) -> None:
    call((248, 217), b"user", b"key", b"value", ctypes.c_size_t(5), ctypes.c_int(-4))


def bpf(known: Facts) -> None:
    call((321, 280), ctypes.c_int(0), ctypes.create_string_buffer(128), ctypes.c_uint(0))


def user_namespace(known: Facts) -> None:
    call((272, 97), ctypes.c_int(0x10000000))


def mount(known: Facts) -> None:
    call((165, 40), b"none", b"/mnt", b"tmpfs", ctypes.c_ulong(0), None)


def executable_memory(known: Facts) -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def turn_executable(known: Facts) -> None:
    memory = mmap.mmap(-1, 4096)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    call((10, 226), ctypes.c_void_p(address), ctypes.c_size_t(4096), ctypes.c_int(7))


def privileges(known: Facts) -> None:
    os.setuid(0)
    os.chroot("/")


def raise_limits(known: Facts) -> None:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    try:
        resource.setrlimit(resource.RLIMIT_AS, unlimited)
    except ValueError as error:  # how Python says it was refused
        raise PermissionError from error
    assert resource.getrlimit(resource.RLIMIT_AS) == unlimited


def limits_of_parent(known: Facts) -> None:
    resource.prlimit(known["parent"], resource.RLIMIT_NOFILE)


def much_memory(known: Facts) -> None:
    mmap.mmap(-1, 4 << 30).close()


def memory_in_files(known: Facts) -> int:
    """Not mapped, so no limit on the address space sees it."""
    block, held = bytes(1 << 20), []
    for _ in range(24):
        held.append(os.memfd_create("held"))
        for _ in range(60):
            os.write(held[-1], block)
    return len(held)


def lasting_memory(known: Facts) -> None:
    """It outlives the process."""
    call((29, 194), ctypes.c_int(0), ctypes.c_size_t(1 << 28), ctypes.c_int(0o1600))


def large_file(known: Facts) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open(known["target"] + "/result.json", "wb") as file:
        file.truncate(1 << 30)


def many_files(known: Facts) -> None:
    for place in range(20):
        with open(f"{known['target']}/many{place}", "wb") as file:
            file.truncate(1 << 20)


def other_numbers(known: Facts) -> None:
    """getpid by x32's number: x86-64's second set of calls, which kills the process."""
    assert not ARM
    syscall(0x40000000 + 39)


# --- Ending only by force --------------------------------------------------------------------------------------------


def processor_time(known: Facts) -> None:
    for number in (signal.SIGXCPU, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    began = time.process_time()
    while time.process_time() < began + 60:
        pass


def sleep(known: Facts) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    time.sleep(100)


ATTACKS: dict[str, Callable[[Facts], object]] = {
    "TCP": lambda known: connect(socket.AF_INET, ("127.0.0.1", known["tcp"])),
    "UDP": udp,
    "a Unix socket": lambda known: connect(socket.AF_UNIX, known["unix"]),
    "an abstract Unix socket": lambda known: connect(socket.AF_UNIX, "\0" + known["abstract"]),
    "netlink": netlink,
    "a pair of sockets": pair,
    "inherited descriptors": inherited,
    "the parent's environment": environ_of_parent,
    "its own environment": own_environ,
    "the parent's memory": memory_of_parent,
    "ptrace": seize,
    "the parent's descriptors": steal_descriptor,
    "a signal": lambda known: os.kill(known["parent"], 0),
    "a signal to the group": lambda known: os.killpg(os.getpgid(known["parent"]), 0),
    "a signal by lease": signal_by_lease,
    "the parent's limits": limits_of_parent,
    "a shell": lambda known: os.execv("/bin/sh", ["sh", "-c", "true"]),
    "a program through its loader": lambda known: os.execv(known["loader"], ["ld", "/bin/true"]),
    "a program in memory": execute_in_memory,
    "forks": forks,
    "threads": threads,
    "/etc/passwd": lambda known: read("/etc/passwd"),
    "a secret file": lambda known: read(known["secret"]),
    "another job's file": lambda known: read(known["job"]),
    "listing folders": list_folders,
    "writing outside": write_outside,
    "writing beside the outputs": write_beside,
    "writing its input": write_input,
    "appending to its input": append_to_input,
    "truncating": lambda known: os.truncate(known["secret"], 0),
    "truncating by opening": lambda known: os.open(known["secret"], os.O_RDONLY | os.O_TRUNC),
    "emptying its input": lambda known: os.open(known["source"], os.O_RDONLY | os.O_TRUNC),
    "chmod": lambda known: os.chmod(known["secret"], 0o666),
    "utime": lambda known: os.utime(known["secret"], (1, 1)),
    "deleting": lambda known: os.unlink(known["secret"]),
    "renaming": rename,
    "a symbolic link": lambda known: os.symlink(known["secret"], known["target"] + "/link"),
    "a hard link": hard_link,
    "/dev/shm": shared_memory,
    "/dev/mem": lambda known: read("/dev/mem"),
    "io_uring": io_uring,
    "keys": keyring,
    "bpf": bpf,
    "a user namespace": user_namespace,
    "mount": mount,
    "executable memory": executable_memory,
    "memory turned executable": turn_executable,
    "privileges": privileges,
    "its own limits": raise_limits,
    "much memory": much_memory,
    "memory in files": memory_in_files,
    "memory that lasts": lasting_memory,
    "a large file": large_file,
    "many files": many_files,
}
#: These are ended from outside, so they are no answer.
ENDED: dict[str, Callable[[Facts], object]] = {
    "other numbers of calls": other_numbers,
    "processor time": processor_time,
    "sleep": sleep,
}
#: What gets through the lock by its nature.
KNOWN: dict[str, Callable[[Facts], object]] = {"stat": lambda known: os.stat(known["secret"])}
ATTACKS |= ENDED | KNOWN
