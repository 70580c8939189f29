"""Read every stored file and compare its SHA-256 with its row's: slow, and the only proof that files are intact."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

from inbox.media import inspection
from inbox.media.storage import MissingFileError, StorageError, media_storage

PAGE = 200


def compare(progress: Callable[[int], None]) -> None:
    """Add a fault for each file with another digest than its row. Raises StorageError. Memory stays flat."""
    last, count = "", 0
    while page := _page(last):
        for id, key, sha256 in page:
            try:
                code = "" if _digest(key) in (sha256, None) else "digest_differs"
            except StorageError:
                media_storage().ping()  # raises if the whole storage is away
                code = "unreadable"
            if code:
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO fault (code, key, row) VALUES (%s, %s, %s)", [code, key, id])
            count += 1
            progress(count)
        last = page[-1][0]


def _page(last: str) -> list[tuple[str, str, str]]:
    """Stored files with a known digest, in the order of their ids; those with another size are faults already."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id::text, m.file, m.sha256 FROM inbox_media m
            JOIN stored_object o ON o.key = m.file COLLATE "C" AND o.size = m.size
            WHERE m.state = 'stored' AND m.sha256 <> '' AND m.id > %s::uuid ORDER BY m.id LIMIT %s
            """,
            [last or "00000000-0000-0000-0000-000000000000", PAGE],
        )
        return list(cursor.fetchall())


def _digest(key: str) -> str | None:
    """The SHA-256 of a stored file, None when it has been deleted since."""
    try:
        return inspection.inspect_stored(key).sha256
    except MissingFileError:
        return None
    except OSError as error:
        raise StorageError(f"There is no room for a copy of a file ({error.strerror}).") from error
