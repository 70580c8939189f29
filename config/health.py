"""Health: whether this process answers, and whether the installation around it does its work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection, connections, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.storage import StorageError, media_storage
from whatsapp.database import describe

log = structlog.get_logger(__name__)

#: Seconds that a check may take. What hangs is as bad as what fails.
TIMEOUT = 3.0
#: A worker reports every 10 seconds (procrastinate's default); nine missing reports are no accident.
HEARTBEAT_LIMIT = 90
#: A notification waits a second when all is well; the sweep picks up what was forgotten within ten.
BACKLOG_LIMIT = 60
STORAGE_CACHED_SECONDS = 30

#: Checks run beside the page's thread, so that one that hangs can be left behind. They keep no connection.
_threads = ThreadPoolExecutor(4, thread_name_prefix="health")

FACTS = """
    SELECT (SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers),
           (SELECT extract(epoch FROM now() - received_at) FROM whatsapp_notification
            WHERE state = 'pending' ORDER BY id LIMIT 1)
"""


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found, as a sentence without secrets: it is shown to everybody."""

    ok: bool
    says: str


@login_not_required
@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all; looks at nothing else."""
    return HttpResponse("The process answers.\n", content_type="text/plain; charset=utf-8")


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when everything works, else 503: {"ready": …, "checks": {name: {"ok": …, "says": sentence}}}."""
    storage = _threads.submit(_storage)
    checks = _database() | {"storage": _within(storage.result, "The file storage")}
    found = all(check.ok for check in checks.values())
    return JsonResponse(
        {"ready": found, "checks": {name: {"ok": check.ok, "says": check.says} for name, check in checks.items()}},
        status=200 if found else 503,
    )


def _within(result: Callable[[float], Check], what: str) -> Check:
    try:
        return result(TIMEOUT)
    except TimeoutError:
        return Check(False, f"{what} did not answer within {TIMEOUT:.0f} seconds.")


def _database() -> dict[str, Check]:
    """The database, and what only it knows: the worker's last report and the oldest pending notification."""
    asked = _threads.submit(_facts)
    try:
        heartbeat, oldest = asked.result(TIMEOUT)
    except TimeoutError:
        asked.cancel()
        away = Check(False, f"The database did not answer within {TIMEOUT:.0f} seconds.")
    except DatabaseError as error:
        log.warning("health_check_failed", check="database", reason=describe(error))
        away = Check(False, "The database cannot be reached or refuses to work; the log says why.")
    else:
        return {
            "database": Check(True, "The database answers."),
            "worker": _worker(heartbeat),
            "journal": _journal(oldest),
        }
    unknown = Check(False, "Not known while the database is away.")
    return {"database": away, "worker": unknown, "journal": unknown}


def _facts() -> tuple[float | None, float | None]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '2s'")
            cursor.execute(FACTS)
            heartbeat, oldest = cursor.fetchone()
            return heartbeat, oldest
    finally:
        connections.close_all()


def _worker(heartbeat: float | None) -> Check:
    if heartbeat is None:
        return Check(False, "No worker is running: notifications are stored but not shown. Start the worker process.")
    if heartbeat > HEARTBEAT_LIMIT:
        return Check(False, f"The worker last reported {heartbeat:.0f} seconds ago. Restart the worker process.")
    return Check(True, "The worker reports.")


def _journal(oldest: float | None) -> Check:
    if oldest is None:
        return Check(True, "No notification is waiting.")
    says = f"The oldest pending notification has waited {oldest:.0f} seconds."
    return Check(oldest <= BACKLOG_LIMIT, says)


def _storage() -> Check:
    """Asked every half minute at most: the answer costs a request to the bucket."""
    found: Check | None = cache.get("health-storage")
    if found is None:
        try:
            media_storage().ping()
        except StorageError as error:
            found = Check(False, str(error))
        else:
            found = Check(True, "The file storage answers.")
        cache.set("health-storage", found, STORAGE_CACHED_SECONDS)
    return found
