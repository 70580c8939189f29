"""Sources of items: a live table, the file of a scan, an export to S3. Each gives records in pieces."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import boto3
import ijson
from botocore.config import Config

from inbox.operations.dynamodb_import import exports
from inbox.operations.dynamodb_import.locations import (
    Bucket,
    Folder,
    Location,
    SourceError,
    aws_errors,
    region_of,
    unpacked,
)
from inbox.operations.dynamodb_import.records import Record

CHUNK = 1000
#: Records, and the position after them (None where one cannot be kept).
Piece = tuple[list[Record], Any]


class Source(Protocol):
    """``expected`` is how many items there are, None when nobody knows; ``warning`` a sentence, set once it is read."""

    expected: int | None
    warning: str

    @property
    def name(self) -> str: ...

    def read(self, position: Any) -> Iterator[Piece]:
        """Everything after ``position`` (None: from the beginning). Raises SourceError."""


def open_source(text: str, region: str = "") -> list[Source]:
    """The sources that ``text`` names, in the order in which they were written. Raises SourceError.

    ``text``: dynamodb://Table or the bare name of a table; s3://bucket/prefix of an export; a folder with an export
    in it; the file of a scan or of an export's lines, gzipped or not.
    """
    if text.startswith("dynamodb://"):
        return [LiveTable(text.removeprefix("dynamodb://").strip("/"), region)]
    if text.startswith("s3://"):
        bucket, _, prefix = text.removeprefix("s3://").partition("/")
        return _exports(Bucket(bucket, prefix, region))
    path = Path(text)
    if path.is_dir():
        return _exports(Folder(path))
    if path.name == exports.SUMMARY and path.is_file():
        return _exports(Folder(path.parent.parent))
    if path.is_file():
        return [File(path)]
    if "/" in text or path.suffix in (".json", ".jsonl", ".gz"):
        raise SourceError(f"{text} does not exist.")
    return [LiveTable(text, region)]


def _exports(place: Location) -> list[Source]:
    return [ExportSource(export) for export in exports.find(place)]


class ExportSource:
    def __init__(self, export: exports.Export) -> None:
        self._export = export
        self.name = export.name
        self.expected: int | None = export.items
        self.warning = ""

    def read(self, position: Any) -> Iterator[Piece]:
        yield from self._export.read(position if isinstance(position, int) else 0)


@dataclass
class File:
    """The file of `aws dynamodb scan`, of its pages one after the other, of an export's lines, or a list of items."""

    path: Path
    expected: int | None = None
    warning: str = ""

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self, position: Any) -> Iterator[Piece]:
        del position  # a file is read from its beginning: that is quick, and nothing is done twice
        with Folder(self.path.parent).open(self.path.name) as file, unpacked(file) as content:
            chunk = []
            for record in self._records(content):
                chunk.append(record)
                if len(chunk) == CHUNK:
                    yield chunk, None
                    chunk = []
            yield chunk, None
        self.warning = self._truncated()

    def _records(self, content: IO[bytes]) -> Iterator[Record]:
        first = content.readline(exports.LONGEST_LINE)
        content.seek(0)
        if not first:
            return
        if _is_line(first):
            yield from exports.lines(content)
            return
        path = "item" if first.lstrip().startswith(b"[") else "Items.item"
        try:
            for image in ijson.items(content, path, multiple_values=True, use_float=True):
                yield Record(image.get("Item", image) if isinstance(image, dict) else image)
        except ijson.JSONError as error:
            # Its own words quote the file.
            raise SourceError(f"{self.path} is not JSON as DynamoDB writes it, or is cut short.") from error

    def _truncated(self) -> str:
        """A sentence when this is one page of a scan: `--limit`, `--max-items` and `--no-paginate` stop early."""
        with self.path.open("rb") as file, unpacked(file) as content:
            if not content.read(1):
                return f"{self.path} is empty."
        for name in ("LastEvaluatedKey", "NextToken"):
            with self.path.open("rb") as file, unpacked(file) as content:
                if _mentions(content, name) and _has(content, name):
                    return f"{self.path} is only a part of the table: the scan stopped before its end."
        return ""


def _mentions(content: IO[bytes], name: str) -> bool:
    """Whether the word occurs at all, which most files can be asked without reading them as JSON. Rewinds."""
    word, kept, found = f'"{name}"'.encode(), b"", False
    while not found and (piece := content.read(1024 * 1024)):
        found = word in kept + piece
        kept = piece[-len(word) :]
    content.seek(0)
    return found


def _has(content: IO[bytes], name: str) -> bool:
    try:
        return any(True for _ in ijson.items(content, name, multiple_values=True))
    except ijson.JSONError:
        return False


def _is_line(first: bytes) -> bool:
    """Whether the first line is an export's: a whole object about one item."""
    try:
        entry = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(entry, dict) and not entry.keys().isdisjoint({"Item", "Keys", "NewImage"})


class LiveTable:
    """A scan of the table itself, page by page: it costs read capacity, so it goes on where it stopped."""

    def __init__(self, table: str, region: str) -> None:
        self._table = table
        self.name = f"dynamodb://{table}"
        self.warning = ""
        config = Config(retries={"mode": "adaptive", "max_attempts": 10}, connect_timeout=5, read_timeout=30)
        with aws_errors(f"The table {table}"):
            self._client: Any = boto3.client("dynamodb", region_name=region_of(region), config=config)
            described = self._client.describe_table(TableName=table)["Table"]
        #: DynamoDB counts every six hours.
        self.expected: int | None = described.get("ItemCount") or None

    def read(self, position: Any) -> Iterator[Piece]:
        place = {"ExclusiveStartKey": position} if isinstance(position, dict) else {}
        while True:
            read_at = int(time.time() * 1_000_000)
            with aws_errors(f"The table {self._table}"):
                page = self._client.scan(TableName=self._table, **place)
            last = page.get("LastEvaluatedKey")
            yield [Record(image, read_at) for image in page["Items"]], last
            if not last:
                return
            place = {"ExclusiveStartKey": last}
