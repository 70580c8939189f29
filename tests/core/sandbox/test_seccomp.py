"""What the filter answers, run by a machine of the test's own: so arm64's is tried on x86-64 too."""

from __future__ import annotations

import errno

import pytest

from core.sandbox import seccomp

PID = 4711
X86_64, AARCH64 = 0xC000003E, 0xC00000B7
#: socket, connect, execve, ptrace, unlinkat, io_uring_setup, memfd_create, bpf, prlimit64, setuid; fork on x86-64.
FORBIDDEN = {
    False: (41, 42, 59, 101, 263, 425, 319, 321, 302, 105, 57),
    True: (198, 203, 221, 117, 35, 425, 279, 280, 261, 146),
}


@pytest.fixture(params=[False, True], ids=["x86-64", "arm64"])
def arm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(seccomp, "ARM", request.param)
    monkeypatch.setattr(seccomp, "AUDIT_ARCH", AARCH64 if request.param else X86_64)
    return bool(request.param)


def answer(number: int, *arguments: int, architecture: int | None = None) -> int:
    """What the kernel does with a call: the value of the instruction that returns."""
    words = {seccomp.NUMBER_AT: number, seccomp.ARCHITECTURE_AT: architecture or seccomp.AUDIT_ARCH}
    for place in range(6):
        words[seccomp.ARGUMENTS_AT + 8 * place] = arguments[place] if place < len(arguments) else 0
    steps, at, value = seccomp.program(PID), 0, 0
    while True:
        code, yes, no, operand = steps[at]
        at += 1
        if code == seccomp.RETURN:
            return operand
        if code == seccomp.LOAD:
            value = words[operand]
        elif code == seccomp.KEEP_BITS:
            value &= operand
        else:
            met = {
                seccomp.EQUALS: value == operand,
                seccomp.AT_LEAST: value >= operand,
                seccomp.HAS_BITS: bool(value & operand),
            }[code]
            at += yes if met else no


def refused(code: int) -> int:
    return seccomp.REFUSE | code


class ProgramTests:
    def test_it_allows_what_is_listed(self, arm: bool) -> None:
        for call in (*seccomp.COMPUTING.values(), *seccomp.NAMING_FILES.values()):
            if call[arm] >= 0:
                assert answer(call[arm]) == seccomp.ALLOW

    def test_it_refuses_all_else(self, arm: bool) -> None:
        special = (
            *(seccomp.MMAP, seccomp.MPROTECT, seccomp.CLONE, seccomp.FCNTL, seccomp.IOCTL, seccomp.PRCTL),
            *(seccomp.KILL, seccomp.TGKILL, *seccomp.UNKNOWN.values(), *(call for call, _ in seccomp.OPENING)),
        )
        listed = (*seccomp.COMPUTING.values(), *seccomp.NAMING_FILES.values(), *special)
        known = {call[arm] for call in listed}
        for number in (*FORBIDDEN[arm], *range(1000)):
            if number not in known:
                assert answer(number) == refused(errno.EPERM), number
        assert not known & set(FORBIDDEN[arm])

    def test_newer_calls_are_unknown_so_that_libc_takes_the_older_ones(self, arm: bool) -> None:
        for call in seccomp.UNKNOWN.values():
            assert answer(call[arm]) == refused(errno.ENOSYS)

    def test_another_architecture_ends_the_process(self, arm: bool) -> None:
        other = X86_64 if arm else AARCH64
        assert answer(seccomp.COMPUTING["getpid"][arm], architecture=other) == seccomp.KILL_PROCESS
        x32 = answer(seccomp.X32 + seccomp.COMPUTING["getpid"][arm])
        assert x32 == (refused(errno.EPERM) if arm else seccomp.KILL_PROCESS)

    @pytest.mark.parametrize("call", [seccomp.MMAP, seccomp.MPROTECT])
    def test_memory_is_never_executable(self, arm: bool, call: seccomp.Call) -> None:
        assert answer(call[arm], 0, 4096, 3) == seccomp.ALLOW
        assert answer(call[arm], 0, 4096, 7) == refused(errno.EACCES)

    def test_there_are_threads_and_no_processes(self, arm: bool) -> None:
        assert answer(seccomp.CLONE[arm], 0x3D0F00) == seccomp.ALLOW
        assert answer(seccomp.CLONE[arm], 17) == refused(errno.EAGAIN)

    @pytest.mark.parametrize("call", [seccomp.KILL, seccomp.TGKILL])
    def test_it_signals_itself_alone(self, arm: bool, call: seccomp.Call) -> None:
        assert answer(call[arm], PID) == seccomp.ALLOW
        for other in (1, 0, 0xFFFFFFFF):
            assert answer(call[arm], other) == refused(errno.EPERM)

    def test_prctl_names_threads_and_no_more(self, arm: bool) -> None:
        assert answer(seccomp.PRCTL[arm], 15) == seccomp.ALLOW
        assert answer(seccomp.PRCTL[arm], 4) == refused(errno.EPERM)

    def test_a_file_is_not_emptied_by_opening_it_for_reading(self, arm: bool) -> None:
        for call, place in seccomp.OPENING:
            if call[arm] < 0:
                continue
            flags = {0: seccomp.ALLOW, 0o1000: refused(errno.EACCES), 0o1101: seccomp.ALLOW, 0o2002000: seccomp.ALLOW}
            for flag, expected in flags.items():
                assert answer(call[arm], *[0] * place, flag) == expected

    def test_descriptors_do_not_have_owners(self, arm: bool) -> None:
        allowed = {command for command in range(1100) if answer(seccomp.FCNTL[arm], 3, command) == seccomp.ALLOW}
        assert allowed == set(seccomp.FCNTL_COMMANDS)
