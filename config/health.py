"""Health checks: whether this process answers, and whether the installation works."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum

import psycopg
import structlog
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection, connections, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config import __version__
from core.postgres.errors import describe
from core.sandbox import parent as sandbox
from inbox.media.storage import StorageError, media_storage
from inbox.operations import attention, workers
from inbox.operations.doctor import database_sessions

log = structlog.get_logger(__name__)

#: Time limit in seconds for a check; a timeout counts as a failure.
TIMEOUT = 3.0
#: Seconds. Normally a notification waits one second, and ten when its wake-up was lost.
BACKLOG_LIMIT = 60
#: Seconds for which a result is reused: each check costs a request to the bucket, or a write.
STORAGE_REMEMBERED, SESSIONS_REMEMBERED = 30.0, 5.0

#: Checks run in their own threads, so that a hanging one can be abandoned. They keep no connection.
_threads = ThreadPoolExecutor(6, thread_name_prefix="health")
_remembered: dict[str, tuple[float, list[str]]] = {}

OLDEST = """
    SELECT extract(epoch FROM now() - received_at) FROM whatsapp_notification
    WHERE state = 'pending' ORDER BY id LIMIT 1
"""


class Level(IntEnum):
    OK = 0
    #: Somebody has to act; everything else works.
    DEGRADED = 1
    DOWN = 2


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check, as a sentence without secrets: it is public."""

    level: Level
    says: str


@login_not_required
@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 if the process answers. Checks nothing else."""
    return HttpResponse("The process answers.\n", content_type="text/plain; charset=utf-8")


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 while the work goes on, also degraded, else 503.

    {"ready": …, "state": "ok" | "degraded" | "down", "version": "1.0.0",
     "checks": {name: {"ok": …, "state": …, "says": sentence}}}.
    """
    storage = _threads.submit(_remember, "storage", STORAGE_REMEMBERED, _storage)
    decoding = _threads.submit(sandbox.available)
    checks = _database() | {
        "storage": _within(storage, "The file storage", "The file storage answers."),
        "decoding": _decoding(decoding),
    }
    worst = max(check.level for check in checks.values())
    shown = {
        name: {"ok": check.level is Level.OK, "state": check.level.name.lower(), "says": check.says}
        for name, check in checks.items()
    }
    answer = {"ready": worst is not Level.DOWN, "state": worst.name.lower(), "version": __version__, "checks": shown}
    return JsonResponse(answer, status=503 if worst is Level.DOWN else 200)


def _within(asked: Future[list[str]], what: str, well: str) -> Check:
    """The check for work in another thread, which returns sentences about faults: none when all is well."""
    try:
        faults = asked.result(TIMEOUT)
    except TimeoutError:
        asked.cancel()
        return Check(Level.DOWN, f"{what} did not answer within {TIMEOUT:.0f} seconds.")
    return Check(Level.DOWN, " ".join(faults)) if faults else Check(Level.OK, well)


def _decoding(asked: Future[bool]) -> Check:
    """Whether files are decoded on this machine. Tested once per process."""
    try:
        available = asked.result(TIMEOUT)
    except TimeoutError:
        return Check(Level.DEGRADED, "Whether files may be decoded is still being tried.")
    if available:
        return Check(Level.OK, "Files are decoded.")
    return Check(Level.DEGRADED, "Previews are off, and files only go out as documents; `manage.py doctor` says why.")


def _remember(name: str, seconds: float, look: Callable[[], list[str]]) -> list[str]:
    """The result of ``look``, at most ``seconds`` old. Kept in this process's memory: a cache may be away too."""
    at, found = _remembered.get(name, (-seconds, []))
    if time.monotonic() - at >= seconds:
        found = look()
        _remembered[name] = (time.monotonic(), found)
    return found


def _database() -> dict[str, Check]:
    """The database check, and the checks that need the database."""
    tried = _threads.submit(_remember, "sessions", SESSIONS_REMEMBERED, _sessions)
    asked = _threads.submit(_facts)
    database = _within(tried, "The database", "The database takes changes; LISTEN and prepared statements work.")
    try:
        checks = asked.result(TIMEOUT)
    except (TimeoutError, DatabaseError) as error:
        asked.cancel()
        log.warning("health_check_failed", check="database", reason=describe(error))
        if database.level is Level.OK:
            database = Check(Level.DOWN, "The database cannot be reached or refuses to work; the log says why.")
        unknown = Check(Level.DOWN, "Not known while the database is away.")
        checks = dict.fromkeys(("worker", "journal", "sending", "provider"), unknown)
    return {"database": database} | checks


def _sessions() -> list[str]:
    try:
        return database_sessions.faults()
    except psycopg.Error as error:
        log.warning("health_check_failed", check="sessions", reason=describe(error))
        return ["The database cannot be reached or refuses to work; the log says why."]


def _facts() -> dict[str, Check]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '2s'")
            cursor.execute(OLDEST)
            oldest = cursor.fetchone()
            concerns = attention.concerns()
            journal = _journal(oldest[0] if oldest else None)
            return {
                "worker": _worker(workers.standing()),
                "journal": journal if journal.level else _all(_concerning("journal", concerns), journal.says),
                "sending": _all(_concerning("sending", concerns), "No message is stuck."),
                "provider": _all(_concerning("provider", concerns), "WhatsApp answers in time."),
            }
    finally:
        connections.close_all()


def _concerning(area: str, concerns: Iterable[attention.Concern]) -> list[Check]:
    return [Check(Level.DEGRADED, concern.public) for concern in concerns if concern.area == area]


def _all(found: list[Check], well: str) -> Check:
    if not found:
        return Check(Level.OK, well)
    # Two numbers with the same problem share a sentence.
    return Check(Level.DEGRADED, " ".join(dict.fromkeys(check.says for check in found)))


def _worker(found: workers.Standing) -> Check:
    total = found.alive + len(found.dead)
    if not total:
        sentence = "No worker is running: notifications are stored but not shown. Start the worker process."
        return Check(Level.DOWN, sentence)
    if not found.dead:
        return Check(Level.OK, "The worker reports." if total == 1 else f"All {total} workers report.")
    silent = min(dead.silent for dead in found.dead)
    if not found.alive:
        return Check(Level.DOWN, f"The worker last reported {silent:.0f} seconds ago. Restart the worker process.")
    missing = f"{len(found.dead)} of {total} workers last reported {silent:.0f} seconds ago."
    return Check(Level.DEGRADED, f"{missing} The others do their work. Restart the worker process.")


def _journal(oldest: float | None) -> Check:
    if oldest is None:
        return Check(Level.OK, "No notification is waiting.")
    says = f"The oldest pending notification has waited {oldest:.0f} seconds."
    return Check(Level.OK if oldest <= BACKLOG_LIMIT else Level.DOWN, says)


def _storage() -> list[str]:
    try:
        media_storage().ping()
    except StorageError as error:
        return [str(error)]
    return []
