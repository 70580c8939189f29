"""The doctor: tries everything the product depends on, and says of each in a sentence whether it works."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import psycopg
import requests
from django.conf import settings
from django.core.checks import Warning as WarningMessage
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now
from django.utils import timezone

from core.sandbox import report as sandbox
from inbox.media.storage.local import MediaStorage, MissingFileError, StorageError, media_storage, signature_holds
from inbox.models import Media, Message
from inbox.operations import attention, workers
from inbox.operations.attention import words
from inbox.operations.doctor import aws as aws_doctor
from inbox.operations.doctor import database_sessions
from inbox.operations.doctor.findings import FAIL, OK, WARN, Finding
from whatsapp.events import Status
from whatsapp.models import PhoneNumber, Provider
from whatsapp.providers.base import ProviderError, provider_for
from whatsapp.webhooks import journal

#: PostgreSQL 14, as its server_version_num writes it.
OLDEST_POSTGRESQL = 140000
#: Seconds a notification may wait before something is wrong, and before it surely is.
LATE, STUCK = 60, 600
CLOCK = timedelta(seconds=5)
STORAGE_SECONDS = 10
#: Bytes that should be free for temporary files: a few of the largest at once.
ROOM = 5 * settings.MEDIA_MAX_BYTES


def examine() -> Iterator[Finding]:
    """Look at everything, quickest first. Needs no working part: what cannot be looked at is a finding too."""
    yield from configuration()
    reachable = True
    try:
        yield from database()
    except (DatabaseError, ImproperlyConfigured) as error:
        reachable = False
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if database_sessions.is_refusing_pooler(error):
            reason = database_sessions.REFUSING_POOLER
        yield Finding(FAIL, "database", f"The database cannot be used: {reason}")
    yield from storage()
    yield from room()
    yield from decoding()
    if reachable:
        for look in (numbers, aws, worker, waiting, concerns, files):
            try:
                yield from look()
            except DatabaseError:
                yield Finding(FAIL, look.__name__, "The tables cannot be read: run `manage.py migrate`.")


def configuration() -> Iterator[Finding]:
    """The system checks; those of a deployment only where there is one."""
    messages = [
        message
        for message in run_checks(include_deployment_checks=not settings.DEBUG)
        if not message.is_silenced() and not str(message.id).startswith("sandbox.")  # decoding() says more
    ]
    for message in messages:
        level = FAIL if message.is_serious() else WARN
        if message.level < WarningMessage("").level:
            continue
        hint = f" {message.hint}" if message.hint else ""
        yield Finding(level, "configuration", f"{message.msg}{hint} ({message.id})")
    if not messages:
        yield Finding(OK, "configuration", "The settings pass every check.")


def database() -> Iterator[Finding]:
    """Raises DatabaseError when there is no connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_version'), now()")
        number, version, now = cursor.fetchone()
    if number < OLDEST_POSTGRESQL:
        yield Finding(FAIL, "database", f"PostgreSQL {version} is too old: use 14 or newer.")
    else:
        yield Finding(OK, "database", f"PostgreSQL {version} answers.")
    if (apart := abs(timezone.now() - now)) > CLOCK:
        yield Finding(
            WARN,
            "database",
            f"This machine's clock and the database's differ by {words(apart)}: synchronise both (NTP).",
        )
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield Finding(FAIL, "database", f"Missing: {_count(len(missing), 'migration')}. Run `manage.py migrate`.")
    else:
        yield Finding(OK, "database", "All migrations are applied.")
        yield from connections()


def connections() -> Iterator[Finding]:
    """What the webhook endpoint, live updates and jobs need of their connections, tried. Raises DatabaseError."""
    try:
        faults = database_sessions.faults()
        limit = None if database_sessions.POOLER_AWAY in faults else database_sessions.page_time_limit()
    except psycopg.Error as error:
        raise DatabaseError(str(error)) from error
    for fault in faults:
        yield Finding(FAIL, "database", fault)
    if not faults:
        yield Finding(OK, "database", "A write, LISTEN and prepared statements work where they are needed.")
    if limit == "0":
        yield Finding(
            WARN,
            "database",
            "Pages use a pooler, and nothing limits how long their statements run: set statement_timeout for the role "
            "(ALTER ROLE … SET statement_timeout = '30s').",
        )
    elif limit is not None:
        yield Finding(OK, "database", f"Pages use a pooler; their statements may run for {limit}.")


def storage() -> Iterator[Finding]:
    """Write a small file, read it back by its signed address as a browser would, delete it."""
    name, content = f"doctor/{uuid.uuid4()}.txt", uuid.uuid4().hex.encode()
    where = f"the bucket {settings.S3_BUCKET}" if settings.S3_BUCKET else "this machine's disk"
    files = media_storage()
    try:
        files.put(name, io.BytesIO(content), content_type="text/plain")
        try:
            url = files.signed_url(name, content_type="text/plain", disposition="attachment", expires=60)
            yield from _served(files, name, url, content, where)
        finally:
            files.discard(name)
    except (StorageError, MissingFileError) as error:
        yield Finding(FAIL, "storage", f"Files cannot be kept on {where}: {error}")


def _served(files: MediaStorage, name: str, url: str, content: bytes, where: str) -> Iterator[Finding]:
    works = Finding(OK, "storage", f"A file was written to {where}, read by its signed address, and deleted.")
    if not urlsplit(url).netloc:
        # Ours to serve: the bytes and the signature are checked here, the web process is not needed for it.
        copy = io.BytesIO()
        files.copy_to(name, copy)
        held = copy.getvalue() == content and signature_holds(name, dict(parse_qsl(urlsplit(url).query)))
        yield works if held else Finding(FAIL, "storage", f"A file on {where} did not come back as it was written.")
        return
    try:
        answer = requests.get(url, timeout=STORAGE_SECONDS, allow_redirects=False)
        bare = requests.get(urlunsplit(urlsplit(url)._replace(query="")), timeout=STORAGE_SECONDS)
    except requests.RequestException as error:
        reason = "it did not answer in time" if isinstance(error, requests.Timeout) else "it could not be reached"
        yield Finding(FAIL, "storage", f"A file was written to {where}, but not read by its signed address: {reason}.")
        return
    if answer.status_code != 200 or answer.content != content:
        yield Finding(
            FAIL,
            "storage",
            f"A file was written to {where}, but its signed address answered {answer.status_code}: check S3_REGION, "
            "the keys' right to read, and this machine's clock.",
        )
    elif bare.status_code == 200:
        yield Finding(FAIL, "storage", f"Anybody can read {where} without a signature: block all public access to it.")
    else:
        yield works


def room() -> Iterator[Finding]:
    """Whether uploads, downloads and previews find a place for their temporary files."""
    try:
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="doctor-") as file:
            file.write(bytes(1024 * 1024))
        free = shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir()).free
    except OSError as error:
        yield Finding(
            FAIL, "storage", f"No temporary file can be written ({error.strerror}), so files neither come nor leave."
        )
        return
    if free < ROOM:
        yield Finding(
            WARN, "storage", f"{free // 2**20} MB are left for temporary files; a single one may need a hundred."
        )
    else:
        yield Finding(OK, "storage", "There is room for temporary files.")


def decoding() -> Iterator[Finding]:
    """Whether hostile files are decoded where they can do no harm: tried with a real child."""
    found = sandbox.report()
    level = OK if found.closed else WARN if found.decodes else FAIL
    yield Finding(level, "sandbox", f"{found.sentence} {found.advice}".strip())
    if os.geteuid() == 0 and not settings.DEBUG:
        yield Finding(
            WARN, "sandbox", "This runs as root. Run web and worker as a user of their own, who owns none of the code."
        )


def numbers() -> Iterator[Finding]:
    """Ask the provider about every connected number with its own token."""
    unknown = PhoneNumber.objects.filter(state=PhoneNumber.State.UNKNOWN).count()
    if unknown:
        yield Finding(
            WARN, "numbers", f"Webhooks came for {_count(unknown, 'number')} that nobody has accepted: see the admin."
        )
    connected = list(PhoneNumber.objects.connected().defer("access_token"))
    if not connected:
        yield Finding(WARN, "numbers", "No number is connected yet: add one in the admin.")
    for number in connected:
        yield from _number(number)


def _number(number: PhoneNumber) -> Iterator[Finding]:
    try:
        provider = provider_for(number)
        info = provider.number_info()
        yield Finding(OK, "numbers", f"{number}: the connection works, quality {info.quality or 'not told'}.")
        if apps := provider.subscribed_apps():
            yield Finding(OK, "numbers", f"{number}: webhooks of its account go to {', '.join(apps)}.")
        else:
            yield Finding(FAIL, "numbers", f"{number}: {_not_subscribed(number)}")
    except (ProviderError, ImproperlyConfigured) as error:
        yield Finding(FAIL, "numbers", f"{number}: {error}")


def aws() -> Iterator[Finding]:
    yield from aws_doctor.examine()


def _not_subscribed(number: PhoneNumber) -> str:
    if number.provider == Provider.AWS:
        return "AWS publishes the events of its account nowhere, so nothing will arrive: add an event destination."
    return "no app is subscribed to its account's webhooks, so nothing will arrive."


def worker() -> Iterator[Finding]:
    found = workers.standing()
    for dead in found.dead:
        silent = words(timedelta(seconds=dead.silent))
        yield Finding(
            WARN if found.alive else FAIL,
            "worker",
            f"The worker {dead.pid} on {dead.host} has been silent for {silent}: start it again. If it is gone for "
            "good, run `manage.py worker --forget-missing`.",
        )
    if found.alive:
        yield Finding(OK, "worker", f"{_count(found.alive, 'worker')} alive.")
    elif not found.dead:
        yield Finding(FAIL, "worker", "No worker runs: start `manage.py worker`.")


def waiting() -> Iterator[Finding]:
    """The journal: how long what waits has waited."""
    age = journal.oldest_pending_seconds()
    if age is None or age <= LATE:
        yield Finding(OK, "journal", "No webhook waits.")
    else:
        level = FAIL if age > STUCK else WARN
        yield Finding(level, "journal", f"The oldest webhook has waited for {words(timedelta(seconds=age))}.")


def concerns() -> Iterator[Finding]:
    """What needs attention while everything runs, and messages of unknown fate."""
    found = attention.concerns()
    for concern in found:
        yield Finding(FAIL if concern.stops else WARN, concern.area, concern.sentence)
    if not any(concern.area == "sending" for concern in found):
        yield Finding(OK, "sending", "No message that may leave waits.")
    doubtful = Message.objects.unsettled().filter(status=Status.UNKNOWN)
    if unknown := doubtful.filter(created_at__gt=Now() - timedelta(days=1)).count():
        yield Finding(WARN, "sending", f"{_count(unknown, 'message')} of the last day may or may not have been sent.")


def files() -> Iterator[Finding]:
    late = Media.objects.filter(
        state__in=[Media.State.PENDING, Media.State.RETRYING], created_at__lt=Now() - timedelta(days=1)
    ).count()
    if late:
        yield Finding(
            WARN, "files", f"{_count(late, 'file')} not here after more than a day; WhatsApp keeps them for seven."
        )
    else:
        yield Finding(OK, "files", "No file has been missing for more than a day.")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
