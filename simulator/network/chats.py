"""The messages between people and our numbers, as both sides have them on their phones."""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from simulator.network.store import ChatMessage, Store

#: How far along a status is; a status never moves down. "failed" ends it.
RANK = {"": 0, "accepted": 1, "sent": 2, "delivered": 3, "read": 4, "played": 5, "failed": 9}


def new_wamid(digits: str) -> str:
    """A message id that looks like Meta's: base64 of a few bytes, the number and twenty hex digits."""
    name = (digits or "0").encode()
    raw = b"\x1d\x18" + bytes([len(name)]) + name + b"\x15\x02\x00\x12\x18\x14" + secrets.token_hex(10).upper().encode()
    return "wamid." + base64.b64encode(raw + b"\x00").decode()


def _message(row: sqlite3.Row) -> ChatMessage:
    values: dict[str, Any] = dict(row)
    values["mine"] = bool(values["mine"])
    values["leaf"] = json.loads(values["leaf"])
    values["error"] = json.loads(values["error"]) if values["error"] else {}
    return ChatMessage(**values)


class Chats:
    """Messages and reactions in the store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def add(
        self,
        *,
        wamid: str,
        number_id: str,
        person: str,
        mine: bool,
        kind: str,
        leaf: dict[str, Any],
        at: float,
        media_id: str = "",
        status: str = "",
        callback_data: str = "",
        note: str = "",
    ) -> ChatMessage:
        """Keep a message. Raises sqlite3.IntegrityError when its wamid exists."""
        with self.store.write() as db:
            cursor = db.execute(
                "INSERT INTO messages (wamid, number_id, person, mine, kind, leaf, at, media_id, status, callback_data,"
                " note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(wamid, number_id, person, mine, kind, json.dumps(leaf)),
                    *(at, media_id, status, callback_data, note),
                ),
            )
            rows = db.execute("SELECT * FROM messages WHERE id = ?", (cursor.lastrowid,)).fetchall()
        return _message(rows[0])

    def get(self, wamid: str) -> ChatMessage | None:
        rows = self.store.rows("SELECT * FROM messages WHERE wamid = ?", wamid)
        return _message(rows[0]) if rows else None

    def thread(self, number_id: str, person: str, limit: int = 120) -> list[ChatMessage]:
        """The newest messages of one chat, oldest first."""
        rows = self.store.rows(
            "SELECT * FROM messages WHERE number_id = ? AND person = ? ORDER BY at DESC, id DESC LIMIT ?",
            *(number_id, person, limit),
        )
        return [_message(row) for row in reversed(rows)]

    def after(self, message_id: int, limit: int = 500) -> list[ChatMessage]:
        """Messages of all chats kept after this row, oldest first."""
        rows = self.store.rows("SELECT * FROM messages WHERE id > ? ORDER BY id LIMIT ?", message_id, limit)
        return [_message(row) for row in rows]

    def advance(self, message: ChatMessage, status: str, error: dict[str, Any] | None = None) -> bool:
        """Move the status up; False when it is there already or further."""
        with self.store.write() as db:
            rows = db.execute("SELECT status FROM messages WHERE id = ?", (message.id,)).fetchall()
            if not rows or RANK[rows[0]["status"]] >= RANK[status]:
                return False
            db.execute(
                "UPDATE messages SET status = ?, error = ? WHERE id = ?",
                (status, json.dumps(error) if error else "", message.id),
            )
        return True

    def attach(self, message: ChatMessage, media_id: str) -> None:
        """Name the file of a message that was sent as a link."""
        with self.store.write() as db:
            db.execute("UPDATE messages SET media_id = ? WHERE id = ?", (media_id, message.id))

    def rewrite(self, message: ChatMessage, *, text: str = "", note: str) -> None:
        """Record an edit (with its text) or a revocation."""
        with self.store.write() as db:
            db.execute("UPDATE messages SET text = ?, note = ? WHERE id = ?", (text, note, message.id))

    def react(self, wamid: str, *, mine: bool, emoji: str) -> None:
        """Set one side's reaction; an empty emoji takes it back."""
        with self.store.write() as db:
            db.execute("DELETE FROM reactions WHERE wamid = ? AND mine = ?", (wamid, mine))
            if emoji:
                db.execute("INSERT INTO reactions VALUES (?, ?, ?)", (wamid, mine, emoji))

    def reactions(self, messages: Iterable[ChatMessage]) -> dict[str, list[str]]:
        """The emoji on each of these messages, by wamid."""
        wamids = [message.wamid for message in messages]
        found: dict[str, list[str]] = defaultdict(list)
        marks = ", ".join("?" * len(wamids))
        for row in self.store.rows(f"SELECT * FROM reactions WHERE wamid IN ({marks})", *wamids):  # noqa: S608
            found[row["wamid"]].append(row["emoji"])
        return found

    def unread(self, *, person: str = "", number_id: str = "") -> dict[tuple[str, str], int]:
        """How many of the business's messages wait to be opened, by (person, number)."""
        rows = self.store.rows(
            "SELECT person, number_id, count(*) AS waiting FROM messages WHERE mine = 0 AND note != 'echo'"
            " AND status IN ('sent', 'delivered') AND ? IN ('', person) AND ? IN ('', number_id)"
            " GROUP BY person, number_id",
            *(person, number_id),
        )
        return {(row["person"], row["number_id"]): row["waiting"] for row in rows}

    def unopened(self, number_id: str, person: str) -> list[ChatMessage]:
        """The business's messages in one chat that the person has not opened."""
        rows = self.store.rows(
            "SELECT * FROM messages WHERE mine = 0 AND note != 'echo' AND status IN ('sent', 'delivered')"
            " AND number_id = ? AND person = ? ORDER BY at, id",
            *(number_id, person),
        )
        return [_message(row) for row in rows]

    def business_read(self, message: ChatMessage) -> None:
        """The business read this message of the person, and so all before it."""
        with self.store.write() as db:
            db.execute(
                "UPDATE messages SET status = 'read' WHERE mine = 1 AND number_id = ? AND person = ? AND at <= ?",
                (message.number_id, message.person, message.at),
            )

    def last_written_at(self, number_id: str, person: str) -> float:
        """When the person last wrote to this number, 0 when never: it opens the customer service window."""
        rows = self.store.rows(
            "SELECT max(at) AS at FROM messages WHERE mine = 1 AND kind != 'system' AND number_id = ? AND person = ?",
            *(number_id, person),
        )
        return float(rows[0]["at"] or 0)
