"""Sentences about the sandbox on this machine: for the doctor, `check --deploy` and the worker's log."""

from __future__ import annotations

import errno
import platform
from collections.abc import Sequence
from typing import NamedTuple

import structlog
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from core.sandbox import Lock, kernel, landlock, parent
from core.sandbox.probe import Protection

log = structlog.get_logger(__name__)

RISKS = {
    Lock.FILTER: "Decoders are kept from the network and from other processes, but not from files: a hostile file "
    "could read and change whatever this user can.",
    Lock.LIMITS: "Decoders are not locked in: a hostile file could do whatever this user can.",
}


class Report(NamedTuple):
    """``closed``: the sandbox prevents everything it should. ``decodes``: files are decoded, with it or because that
    was allowed."""

    closed: bool
    decodes: bool
    #: The state, and its consequence.
    sentence: str
    #: What to do; empty when all is well.
    advice: str = ""


def report() -> Report:
    """The state of the sandbox in this process, tested with a real child the first time."""
    found = parent.protection()
    if found is None:
        return Report(
            False, False, "The sandbox could not be tried; the log says why. No file is decoded until it can."
        )
    if found.closed:
        sentence = f"Decoders are locked in, and nothing gets through (closed; Landlock version {found.landlock})."
        return Report(True, True, sentence)
    if not parent.accepted():
        consequence = "No file is decoded: there are no previews, and files can only be sent as documents."
    elif settings.DEBUG:
        consequence = "Files are decoded all the same, because this is development."
    else:
        consequence = "Files are decoded all the same, because DECODE_WITHOUT_SANDBOX is set."
    return Report(False, parent.accepted(), f"{_risk(found)} {consequence}", _advice(found))


def log_report() -> None:
    """Log the state once when a process that decodes files starts."""
    found = report()
    if found.closed:
        log.info("sandbox_holds", sentence=found.sentence)
    elif found.decodes:
        log.warning("files_decoded_without_sandbox", sentence=found.sentence, advice=found.advice)
    else:
        log.error("files_not_decoded", sentence=found.sentence, advice=found.advice)


@register(Tags.security, deploy=True)
def sandbox_holds(app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    found = report()
    if found.closed:
        return []
    kind = Warning if found.decodes else Error
    return [kind(found.sentence, hint=found.advice or None, id="sandbox.W001" if found.decodes else "sandbox.E001")]


def _risk(found: Protection) -> str:
    if found.through:
        return f"Decoders are locked in, but can still {', '.join(found.through)}."
    return f"{RISKS[found.lock]} ({found.because})"


def _advice(found: Protection) -> str:
    """What to do on this machine."""
    if not kernel.SUPPORTED:
        return f"The sandbox needs Linux on x86-64 or arm64; this is {platform.system()} on {platform.machine()}."
    if found.through:
        return "This should not be possible: please report it, with the version of the kernel."
    try:
        landlock.abi()
    except OSError as error:
        return _without_landlock(error)
    return (
        "The container or the service forbids what the lock takes: let the system calls landlock_create_ruleset, "
        "landlock_add_rule, landlock_restrict_self, seccomp, prctl and capset through."
    )


def _without_landlock(error: OSError) -> str:
    if error.errno == errno.EOPNOTSUPP:
        return (
            "Landlock is switched off: add landlock to the lsm= list of the kernel's command line, and restart. "
            "/sys/kernel/security/lsm shows the list."
        )
    if error.errno == errno.ENOSYS:
        return (
            f"The kernel ({platform.release()}) has no Landlock: use Linux 5.13 or newer, built with it, as Debian 12, "
            "Ubuntu 22.04 and RHEL 9.6 are. gVisor has none."
        )
    return (
        "The container forbids Landlock: use the seccomp profile of a Docker or Podman of 2022 or later, and no "
        "narrower one."
    )
