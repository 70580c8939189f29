"""What an import found and did: counts of each problem with sample ids, and everything that was held back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import connection

from core.postgres import bulk
from inbox.models import ImportedItem
from inbox.models.imports import ImportedItem as Item
from inbox.operations.dynamodb_import.problems import HOLDING, SENTENCES

SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """``samples`` are up to five keys of items, in their order."""

    table: str
    code: str
    sentence: str
    count: int
    samples: list[str]


@dataclass(frozen=True, slots=True)
class Held:
    """An item that is not imported: ``raw`` as it was read."""

    table: str
    key: str
    reasons: list[str]
    raw: str


@dataclass(slots=True)
class Report:
    """``items``: {table: {state: count}}; ``files``: {named, found}; ``copied``: files brought over, and failures."""

    dry_run: bool
    sources: list[dict[str, Any]]
    items: dict[str, dict[str, int]] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def mark_shared_files() -> None:
    """Mark all but the newest of the messages that name one file: the old system overwrote files of the same name."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE inbox_importeditem i
            SET problems = CASE WHEN shared.older THEN array_append(i.problems, 'shared_key')
                ELSE array_remove(i.problems, 'shared_key') END
            FROM (
                SELECT id, row_number() OVER (
                    PARTITION BY found_key, message_id IS NULL ORDER BY sent_at DESC, key DESC) > 1 AS older
                FROM inbox_importeditem
                WHERE "table" = 'message' AND found_key <> '' AND NOT 'repeated_message' = ANY(problems)
            ) shared
            WHERE shared.id = i.id AND shared.older <> ('shared_key' = ANY(i.problems))
            """
        )


def report(sources: list[dict[str, Any]], *, dry_run: bool) -> Report:
    """The whole of what was read so far, by this import and earlier ones; the same however often it is repeated."""
    found = Report(dry_run, sources)
    for table, state, count in bulk.fetch(
        'SELECT "table", state, count(*) FROM inbox_importeditem GROUP BY 1, 2 ORDER BY 1, 2'
    ):
        found.items.setdefault(table, {})[state] = count
    [(named, located)] = bulk.fetch(
        """
        SELECT count(*) FILTER (WHERE object_key <> ''), count(*) FILTER (WHERE found_key <> '')
        FROM inbox_importeditem WHERE "table" = 'message'
        """
    )
    found.files = {"named": named, "found": located}
    counted = bulk.fetch(
        """
        SELECT "table", code, count(*) FROM inbox_importeditem, unnest(problems) AS code
        GROUP BY 1, 2 ORDER BY array_position(ARRAY['message', 'contact', 'file'], "table"::text), 3 DESC, 2
        """
    )
    for table, code, count in counted:
        samples = bulk.fetch(
            """
            SELECT key FROM inbox_importeditem WHERE "table" = %s AND %s = ANY(problems)
            ORDER BY sent_at, key LIMIT %s
            """,
            table,
            code,
            SAMPLES,
        )
        found.problems.append(Problem(table, code, SENTENCES[code], count, [key for (key,) in samples]))
    return found


def held() -> Iterator[Held]:
    """Everything that is held back, with its raw item: nothing is dropped in silence."""
    for row in ImportedItem.objects.filter(state=Item.State.HELD).order_by("table", "id").iterator(500):
        reasons = [SENTENCES[code] for code in row.problems if code in HOLDING]
        yield Held(row.table, row.key, reasons, bytes(row.raw).decode("utf-8", errors="backslashreplace"))


def as_json_pieces(found: Report) -> Iterator[str]:
    """The report as one JSON object with ``held`` at its end, written piece by piece."""
    head = json.dumps(found.as_json(), ensure_ascii=False, indent=2)
    yield head[: head.rindex("}")].rstrip() + ',\n  "held": ['
    separator = "\n    "
    for item in held():
        yield separator + json.dumps(asdict(item), ensure_ascii=False)
        separator = ",\n    "
    yield "\n  ]\n}"
