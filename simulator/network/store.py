"""The simulator's memory: people, messages, files, webhooks on their way and the last calls, in one SQLite file.

It survives a restart. Files' bytes lie beside it, one per media id.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from simulator.network import message_templates, world
from simulator.network.faults import Faults
from simulator.network.world import Person

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS people (
    key TEXT PRIMARY KEY, name TEXT NOT NULL, wa_id TEXT NOT NULL, user_id TEXT NOT NULL UNIQUE, username TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, wamid TEXT NOT NULL UNIQUE, number_id TEXT NOT NULL, person TEXT NOT NULL,
    mine INTEGER NOT NULL, kind TEXT NOT NULL, leaf TEXT NOT NULL, at REAL NOT NULL, media_id TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '', callback_data TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS messages_of_chat ON messages (number_id, person, at, id);
CREATE INDEX IF NOT EXISTS messages_unread ON messages (person, number_id, status) WHERE mine = 0;
CREATE TABLE IF NOT EXISTS reactions (
    wamid TEXT NOT NULL, mine INTEGER NOT NULL, emoji TEXT NOT NULL, PRIMARY KEY (wamid, mine)
);
CREATE TABLE IF NOT EXISTS media (
    media_id TEXT PRIMARY KEY, number_id TEXT NOT NULL, mime_type TEXT NOT NULL, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, file_name TEXT NOT NULL, expires_at REAL NOT NULL, fault TEXT NOT NULL DEFAULT '',
    refusals INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, due_at REAL NOT NULL, chat TEXT NOT NULL, label TEXT NOT NULL,
    changes TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS webhooks_due ON webhooks (due_at, id);
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL, target TEXT NOT NULL,
    status INTEGER NOT NULL, ms REAL NOT NULL, note TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    body TEXT NOT NULL, status INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS templates (id TEXT PRIMARY KEY, body TEXT NOT NULL);
"""

CALLS_KEPT = 500
_TABLES = ("settings", "people", "messages", "reactions", "media", "webhooks", "calls", "requests", "templates")
REQUESTS_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One bubble. ``mine``: the person wrote it; else the business. ``leaf`` is the message as it went over the wire.

    ``status`` for the business's: accepted, sent, delivered, read, played, failed; for the person's: empty, or read
    once the business marked it. ``text`` replaces the leaf's text after an edit; ``note`` is "revoked", "edited",
    "echo" or empty.
    """

    id: int
    wamid: str
    number_id: str
    person: str
    mine: bool
    kind: str
    leaf: dict[str, Any]
    at: float
    media_id: str = ""
    status: str = ""
    error: dict[str, Any] = field(default_factory=dict)
    callback_data: str = ""
    text: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """A file that WhatsApp holds. ``sha256`` is hex; ``refusals`` counts the 503s given under a passing fault."""

    media_id: str
    number_id: str
    mime_type: str
    sha256: str
    size: int
    file_name: str
    expires_at: float
    fault: str = ""
    refusals: int = 0
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook on its way: ``changes`` are {waba, field, value}; the body is composed when it is posted."""

    id: int
    due_at: float
    chat: str
    label: str
    changes: list[dict[str, Any]]
    attempts: int


@dataclass(frozen=True, slots=True)
class Call:
    """One line of "last calls": a request that came in, or a webhook ("hook") that went out."""

    id: int
    at: float
    method: str
    target: str
    status: int
    ms: float
    note: str


@dataclass(frozen=True, slots=True)
class GraphRequest:
    """A request to the Graph API as it arrived. ``path`` is without the version; ``body`` the JSON object, or the form
    with its file as {name, type, size}; ``status`` what was answered, 0 while it is not, or when the line broke."""

    id: int
    at: float
    method: str
    path: str
    body: Any
    status: int


class Store:
    """Opens (and creates) the simulator's file in ``folder``. Safe to use from many threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "media"
        self.files.mkdir(parents=True, exist_ok=True)
        self._local = threading.local()
        self._writing = threading.RLock()
        #: Grows with every change; pages ask "anything since?".
        self.revision = time.time_ns() // 1_000_000
        with self.write() as db:
            db.executescript(_SCHEMA)
        if not self.people():
            self.reset()
        self._add_new_templates()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.folder / "simulator.sqlite3", timeout=10, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            self._local.connection = connection
        return connection

    def close(self) -> None:
        """Close this thread's connection; the other threads close theirs as they end.

        No thread closes another's: SQLite would crash the process if that one were reading.
        """
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One writer at a time; its statements commit together."""
        with self._writing:
            connection = self._connection()
            nested = connection.in_transaction
            if not nested:
                connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                if not nested and connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            if not nested and connection.in_transaction:
                connection.execute("COMMIT")
            self.revision += 1

    def touch(self) -> None:
        """Tell the pages that something changed that is not in a row."""
        with self._writing:
            self.revision += 1

    def rows(self, sql: str, *parameters: Any) -> list[sqlite3.Row]:
        return self._connection().execute(sql, parameters).fetchall()

    def reset(self) -> None:
        """Forget everything; the world is as `world.py` says."""
        with self.write() as db:
            for table in _TABLES:
                db.execute(f"DELETE FROM {table}")  # noqa: S608 (the names stand above)
            for person in world.PEOPLE:
                self.save_person(person)
            self._add_new_templates()
        for path in self.files.iterdir():
            path.unlink(missing_ok=True)

    def _add_new_templates(self) -> None:
        """Keep the templates that this file never had: it may be older than they are. A deleted one stays deleted."""
        known = set(self.setting("templates_known") or [each["id"] for each in self.templates()])
        fresh = [each for each in message_templates.TEMPLATES if each["id"] not in known]
        if fresh:
            with self.write():
                for template in fresh:
                    self.save_template(template)
                self.set_setting("templates_known", [each["id"] for each in message_templates.TEMPLATES])

    # Settings

    def setting(self, key: str) -> Any:
        """The JSON value kept under ``key``, None when nothing was."""
        rows = self.rows("SELECT value FROM settings WHERE key = ?", key)
        return json.loads(rows[0]["value"]) if rows else None

    def set_setting(self, key: str, value: Any) -> None:
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, json.dumps(value)))

    def faults(self) -> Faults:
        return Faults().changed(self.setting("faults") or {})

    def set_faults(self, faults: Faults) -> None:
        self.set_setting("faults", asdict(faults))

    # People

    def people(self) -> list[Person]:
        return [Person(**row) for row in self.rows("SELECT * FROM people ORDER BY rowid")]

    def person(self, key: str) -> Person | None:
        return next((Person(**row) for row in self.rows("SELECT * FROM people WHERE key = ?", key)), None)

    def person_by(self, *, wa_id: str = "", user_id: str = "") -> Person | None:
        """Whoever has this number, or this business-scoped user id. Empty ids match nobody."""
        for column, value in (("wa_id", wa_id), ("user_id", user_id)):
            if value:
                rows = self.rows(f"SELECT * FROM people WHERE {column} = ?", value)  # noqa: S608 (two literals)
                if rows:
                    return Person(**rows[0])
        return None

    def save_person(self, person: Person) -> None:
        with self.write() as db:
            db.execute(
                "INSERT INTO people VALUES (:key, :name, :wa_id, :user_id, :username) ON CONFLICT (key) DO UPDATE SET"
                " name = :name, wa_id = :wa_id, user_id = :user_id, username = :username",
                asdict(person),
            )

    # Templates

    def templates(self) -> list[dict[str, Any]]:
        return [json.loads(row["body"]) for row in self.rows("SELECT body FROM templates ORDER BY id")]

    def save_template(self, template: dict[str, Any]) -> None:
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO templates VALUES (?, ?)", (template["id"], json.dumps(template)))

    def delete_template(self, template_id: str) -> None:
        with self.write() as db:
            db.execute("DELETE FROM templates WHERE id = ?", (template_id,))

    # Files

    def add_media(self, media: StoredMedia, content: bytes) -> None:
        (self.files / media.media_id).write_bytes(content)
        with self.write() as db:
            db.execute(
                "INSERT INTO media VALUES (:media_id, :number_id, :mime_type, :sha256, :size, :file_name, :expires_at,"
                " :fault, :refusals, :deleted)",
                asdict(media),
            )

    def media(self, media_id: str) -> StoredMedia | None:
        """The file with this id, expired or deleted ones too; None when there never was one."""
        rows = self.rows("SELECT * FROM media WHERE media_id = ?", media_id)
        return StoredMedia(**{**dict(rows[0]), "deleted": bool(rows[0]["deleted"])}) if rows else None

    def media_path(self, media: StoredMedia) -> Path:
        return self.files / media.media_id

    def change_media(self, media_id: str, **changes: str | float) -> None:
        """Set columns of a file's row (fault, refusals, deleted, expires_at)."""
        names = ", ".join(f"{name} = :{name}" for name in changes)
        with self.write() as db:
            db.execute(f"UPDATE media SET {names} WHERE media_id = :media_id", changes | {"media_id": media_id})  # noqa: S608

    # Calls

    def add_call(self, method: str, target: str, status: int, ms: float, note: str = "") -> None:
        with self.write() as db:
            db.execute(
                "INSERT INTO calls (at, method, target, status, ms, note) VALUES (?, ?, ?, ?, ?, ?)",
                (time.time(), method, target, status, ms, note),
            )
            db.execute("DELETE FROM calls WHERE id <= (SELECT max(id) FROM calls) - ?", (CALLS_KEPT,))

    def add_request(self, method: str, path: str, body: Any) -> int:
        """Keep a request that arrived; returns its id."""
        with self.write() as db:
            cursor = db.execute(
                "INSERT INTO requests (at, method, path, body) VALUES (?, ?, ?, ?)",
                (time.time(), method, path, json.dumps(body)),
            )
            db.execute("DELETE FROM requests WHERE id <= ?", ((cursor.lastrowid or 0) - REQUESTS_KEPT,))
            return cursor.lastrowid or 0

    def answer_request(self, request_id: int, status: int) -> None:
        """Note what it was answered."""
        with self.write() as db:
            db.execute("UPDATE requests SET status = ? WHERE id = ?", (status, request_id))

    def requests(self, *, after: int = 0, method: str = "", path: str = "") -> list[GraphRequest]:
        """Requests kept after this row, oldest first; of one method, or whose path ends so."""
        rows = self.rows(
            "SELECT * FROM requests WHERE id > ? AND ? IN ('', method) AND path LIKE '%' || ? ORDER BY id",
            *(after, method, path),
        )
        return [GraphRequest(**{**dict(row), "body": json.loads(row["body"])}) for row in rows]

    def calls(self, limit: int = CALLS_KEPT) -> list[Call]:
        """The last calls, oldest first."""
        rows = self.rows("SELECT * FROM calls ORDER BY id DESC LIMIT ?", limit)
        return [Call(**row) for row in reversed(rows)]
