"""Checks of the installation: settings, database, storage, temporary files, sandbox."""

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
from django.core import checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from core.sandbox import report as sandbox
from inbox.media.storage import MediaStorage, MissingFileError, StorageError, media_storage
from inbox.media.storage.local import signature_holds
from inbox.operations.attention import duration
from inbox.operations.doctor import database_sessions
from inbox.operations.doctor.findings import FAIL, OK, WARN, Finding, Result, check, counted

#: PostgreSQL 14, as its server_version_num writes it.
OLDEST_POSTGRESQL = 140000
CLOCK = timedelta(seconds=5)
STORAGE_SECONDS = 10
#: Bytes that should be free for temporary files: a few of the largest at once.
ROOM = 5 * settings.MEDIA_MAX_BYTES


@check("configuration")
def configuration() -> Iterator[Result]:
    """Django's system checks; those for deployments only when DEBUG is off."""
    messages = [
        message
        for message in checks.run_checks(include_deployment_checks=not settings.DEBUG)
        if not message.is_silenced() and not str(message.id).startswith("sandbox.")  # see decoders()
    ]
    for message in messages:
        if message.level >= checks.WARNING:
            hint = f" {message.hint}" if message.hint else ""
            yield FAIL if message.is_serious() else WARN, f"{message.msg}{hint} ({message.id})"
    if not messages:
        yield OK, "The settings pass every check."


@check("database")
def database() -> Iterator[Result]:
    """Raises DatabaseError when there is no connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_version'), now()")
        number, version, now = cursor.fetchone()
    if number < OLDEST_POSTGRESQL:
        yield FAIL, f"PostgreSQL {version} is too old: use 14 or newer."
    else:
        yield OK, f"PostgreSQL {version} answers."
    if (difference := abs(timezone.now() - now)) > CLOCK:
        apart = duration(difference)
        yield WARN, f"The clocks of this machine and of the database differ by {apart}: synchronise both (NTP)."
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield FAIL, f"Missing: {counted(len(missing), 'migration')}. Run `manage.py migrate`."
    else:
        yield OK, "All migrations are applied."
        yield from _sessions()


def _sessions() -> Iterator[Result]:
    """What the webhook endpoint, live updates and jobs need of their connections. Raises DatabaseError."""
    try:
        faults = database_sessions.faults()
        limit = None if database_sessions.POOLER_AWAY in faults else database_sessions.page_time_limit()
    except psycopg.Error as error:
        raise DatabaseError(str(error)) from error
    for fault in faults:
        yield FAIL, fault
    if not faults:
        yield OK, "A write, LISTEN and prepared statements work where they are needed."
    if limit == "0":
        yield (
            WARN,
            "Pages use a pooler, and nothing limits how long their statements run: set statement_timeout for the role "
            "(ALTER ROLE … SET statement_timeout = '30s').",
        )
    elif limit is not None:
        yield OK, f"Pages use a pooler; their statements may run for {limit}."


def unreachable(error: Exception) -> Finding:
    """Why the database cannot be used."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if database_sessions.is_refusing_pooler(error):
        reason = database_sessions.REFUSING_POOLER
    return Finding(FAIL, "database", f"The database cannot be used: {reason}")


@check("storage")
def storage() -> Iterator[Result]:
    """Write a small file, read it back by its signed address as a browser would, delete it."""
    name, content = f"doctor/{uuid.uuid4()}.txt", uuid.uuid4().hex.encode()
    where = f"the bucket {settings.S3_BUCKET}" if settings.S3_BUCKET else "this machine's disk"
    files = media_storage()
    try:
        files.put(name, io.BytesIO(content), content_type="text/plain")
        try:
            url = files.signed_url(name, content_type="text/plain", disposition="attachment", expires=60)
            if fault := _read_back(files, name, url, content):
                yield FAIL, f"A file was written to {where}, but {fault}"
            else:
                yield OK, f"A file was written to {where}, read by its signed address, and deleted."
        finally:
            files.discard(name)
    except (StorageError, MissingFileError) as error:
        yield FAIL, f"Files cannot be stored on {where}: {error}"


def _read_back(files: MediaStorage, name: str, url: str, content: bytes) -> str:
    """What is wrong when the file is read by its signed address; empty when nothing is."""
    address = urlsplit(url)
    if not address.netloc:
        # Our own address: the bytes and the signature are checked here, without the web process.
        copy = io.BytesIO()
        files.copy_to(name, copy)
        held = copy.getvalue() == content and signature_holds(name, dict(parse_qsl(address.query)))
        return "" if held else "it did not come back as it was written."
    try:
        signed = requests.get(url, timeout=STORAGE_SECONDS, allow_redirects=False)
        unsigned = requests.get(urlunsplit(address._replace(query="")), timeout=STORAGE_SECONDS)
    except requests.Timeout:
        return "its signed address did not answer in time."
    except requests.RequestException:
        return "its signed address cannot be reached."
    if signed.status_code != 200 or signed.content != content:
        return (
            f"its signed address answered {signed.status_code}: check S3_REGION, the keys' right to read, and this "
            "machine's clock."
        )
    return "anybody can read it without a signature: block all public access." if unsigned.status_code == 200 else ""


@check("storage")
def temporary_files() -> Iterator[Result]:
    """Whether there is room for the temporary files of uploads, downloads and previews."""
    try:
        with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="doctor-") as file:
            file.write(bytes(1024 * 1024))
        free = shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR or tempfile.gettempdir()).free
    except OSError as error:
        yield FAIL, f"Temporary files cannot be written ({error.strerror}), so files are neither received nor sent."
        return
    if free < ROOM:
        yield WARN, f"{free // 2**20} MB are left for temporary files; a single one may need a hundred."
    else:
        yield OK, "There is room for temporary files."


@check("sandbox")
def decoders() -> Iterator[Result]:
    """Whether the sandbox for hostile files holds, tried with a real child."""
    report = sandbox.report()
    yield OK if report.closed else WARN if report.decodes else FAIL, f"{report.sentence} {report.advice}".strip()
    if os.geteuid() == 0 and not settings.DEBUG:
        yield WARN, "This runs as root. Run web and worker as a user of their own that owns none of the code."
