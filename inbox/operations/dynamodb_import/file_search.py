"""Where the files of old messages lie: under their key, under the key with AWS's suffix, or nowhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from core.postgres import bulk
from inbox.operations.dynamodb_import.kinds import OldFile
from inbox.operations.dynamodb_import.reading import LONGEST_KEY, UUID, MessageItem

#: The temporary table with everything that lies in the old storage (inbox.media.storage.inventory).
TABLE = "old_object"
#: What AWS appends to the key it was asked for.
SUFFIX = re.compile(r"(?P<media_id>[0-9]{6,32})\.[A-Za-z0-9]{1,8}")
#: Where the old handlers put files, each under its message's id.
OLD_FOLDERS = ("whatsapp-media/whatsapp-media-incoming/", "whatsapp-media/whatsapp-media-outgoing/", "media/")
#: Objects looked at under one prefix: more than one is a riddle already.
ENOUGH = 20


@dataclass(frozen=True, slots=True)
class Found:
    key: str
    size: int
    modified: datetime


def find(wanted: list[tuple[MessageItem, OldFile]]) -> dict[int, Found]:
    """The stored files of these messages, by their place in ``wanted``. Adds to the messages' problems why the others
    have none. Needs the table TABLE."""
    found = _exact({place: file.object_key for place, (_, file) in enumerate(wanted) if file.object_key})
    prefixes: list[tuple[int, str]] = []
    for place, (item, file) in enumerate(wanted):
        if place in found:
            continue
        if len(file.object_key.encode()) > LONGEST_KEY:
            item.problems.append("key_too_long")
        elif file.object_key:
            prefixes.append((place, file.object_key))
        elif UUID.fullmatch(item.key):
            prefixes += [(place, folder + item.key) for folder in OLD_FOLDERS]
    candidates = _beginning_with(prefixes)
    for place in dict(prefixes):
        item, file = wanted[place]
        settled = _choose(item, file, candidates.get(place, []))
        if settled:
            found[place] = settled
    return found


def _choose(item: MessageItem, file: OldFile, candidates: list[tuple[str, Found]]) -> Found | None:
    """The one object of those that begin with what was asked for. Never a guess: others' files lie beside it."""
    fitting = []
    for prefix, one in candidates:
        suffix = SUFFIX.fullmatch(one.key[len(prefix) :])
        if suffix and file.object_key:
            fitting.append((suffix["media_id"], one))
        elif not file.object_key and one.key[len(prefix) : len(prefix) + 1] in (".", "/"):
            fitting.append(("", one))
    if len(fitting) > 1:
        fitting = [pair for pair in fitting if file.media_id and pair[0] == file.media_id]
        if len(fitting) != 1:
            item.problems.append("key_ambiguous")
            return None
    if not fitting:
        if file.object_key:
            item.problems.append("object_missing")
        return None
    media_id, one = fitting[0]
    item.problems.append("found_by_prefix" if file.object_key else "found_by_id")
    if not item.outbound and not file.media_id:
        file.media_id = media_id
    return one


def _exact(keys: dict[int, str]) -> dict[int, Found]:
    found = bulk.fetch(
        f"""
        SELECT k.place, o.key, o.size, o.modified
        FROM unnest(%s::int[], %s::text[]) AS k (place, key) JOIN {TABLE} o ON o.key = k.key COLLATE "C"
        """,  # noqa: S608 - a constant of ours
        list(keys),
        list(keys.values()),
    )
    return {place: Found(key, size, modified) for place, key, size, modified in found}


def _beginning_with(prefixes: list[tuple[int, str]]) -> dict[int, list[tuple[str, Found]]]:
    candidates: dict[int, list[tuple[str, Found]]] = {}
    if not prefixes:
        return candidates
    for place, prefix, key, size, modified in bulk.fetch(
        f"""
        SELECT k.place, k.prefix, o.key, o.size, o.modified
        FROM unnest(%s::int[], %s::text[]) AS k (place, prefix), LATERAL (
            SELECT key, size, modified FROM {TABLE}
            -- A range of the index: everything up to the prefix followed by the last character there is.
            WHERE key > k.prefix COLLATE "C" AND key < (k.prefix || chr(1114111)) COLLATE "C"
            ORDER BY key LIMIT {ENOUGH}
        ) o
        """,  # noqa: S608 - constants of ours
        [place for place, _ in prefixes],
        [prefix for _, prefix in prefixes],
    ):
        candidates.setdefault(place, []).append((prefix, Found(key, size, modified)))
    return candidates
