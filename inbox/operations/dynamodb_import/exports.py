"""DynamoDB's exports to S3: manifests, gzipped lines, empty partitions, full and incremental."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import IO, Any

from inbox.operations.dynamodb_import.locations import Location, SourceError, unpacked
from inbox.operations.dynamodb_import.records import Record

SUMMARY = "manifest-summary.json"
#: Characters of one line. An item has at most 400 KB, an incremental line holds two.
LONGEST_LINE = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Export:
    """One export. ``files`` are (name in the location, items, MD5 in base64) as its manifest lists them."""

    location: Location
    name: str
    exported_at: int
    items: int
    files: list[tuple[str, int, str]]

    def read(self, done: int) -> Iterator[tuple[list[Record], int]]:
        """The records of each data file after the first ``done`` of them, with the number of files read by then.

        A file counts when it is whole: its MD5 and its number of items are the manifest's. Raises SourceError.
        """
        for number, (name, items, checksum) in enumerate(self.files, start=1):
            if number > done:
                yield from self._file(number, name, items, checksum)

    def _file(self, number: int, name: str, items: int, checksum: str) -> Iterator[tuple[list[Record], int]]:
        with self.location.open(name) as file:
            if checksum and _md5(file) != checksum:
                where = f"{name} of {self.location}"
                raise SourceError(f"{where} is not the exported file (its MD5 differs): copy it again.")
            count, chunk = 0, []
            with unpacked(file) as content:
                for record in lines(content, self.exported_at):
                    count += 1
                    chunk.append(record)
                    if len(chunk) == 1000:
                        yield chunk, number - 1
                        chunk = []
        if count != items:
            raise SourceError(f"{name} of {self.location} holds {count} items where the manifest says {items}.")
        yield chunk, number


def find(location: Location) -> list[Export]:
    """The finished exports in a location, oldest first. Raises SourceError when none can be read."""
    names = set(location.names())
    summaries = [name for name in names if PurePosixPath(name).name == SUMMARY]
    if not summaries:
        raise SourceError(f"There is no {SUMMARY} in {location}: it is not a finished export of DynamoDB.")
    return sorted((_export(location, name, names) for name in summaries), key=lambda export: export.exported_at)


def _export(location: Location, summary_name: str, names: set[str]) -> Export:
    summary = _json(location, summary_name)
    if summary.get("outputFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON":
        raise SourceError(f"{summary_name} is an export in {summary['outputFormat']}: export it as DYNAMODB_JSON.")
    folder = PurePosixPath(summary_name).parent
    manifest_name = str(folder / "manifest-files.json")
    files = []
    with location.open(manifest_name) as file:
        for line in file.read().splitlines():
            if line.strip():
                entry = _object(line, manifest_name)
                key, items = str(entry.get("dataFileS3Key", "")), int(entry.get("itemCount") or 0)
                files.append((_located(key, folder, names, location), items, str(entry.get("md5Checksum") or "")))
    exported = str(summary.get("exportTime") or summary.get("exportToTime") or "")
    return Export(
        location,
        str(summary.get("exportArn") or summary_name),
        _microseconds(exported),
        int(summary.get("itemCount") or 0),
        files,
    )


def _located(key: str, folder: PurePosixPath, names: set[str], location: Location) -> str:
    """Where a data file lies here: the manifest has its key in the bucket, of which this may be a copied part.
    Incremental exports keep their data beside the folder of the manifest."""
    base = PurePosixPath(key).name
    for name in (key, str(folder / "data" / base), str(folder.parent / "data" / base)):
        if name in names:
            return name
    parts = PurePosixPath(key).parts
    for start in range(1, len(parts)):
        if (name := "/".join(parts[start:])) in names:
            return name
    raise SourceError(f"The data file {key} is missing in {location}: copy the whole export.")


def lines(content: IO[bytes], exported_at: int = 0) -> Iterator[Record]:
    """The records of JSON Lines: {"Item": …} of full exports, {"Keys": …, "NewImage"?: …} of incremental ones. A line
    that is neither is a record too, with nothing but its bytes."""
    while line := content.readline(LONGEST_LINE):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        yield _record(entry, line.rstrip(b"\r\n"), exported_at)


def _record(entry: Any, line: bytes, exported_at: int) -> Record:
    if not isinstance(entry, dict):
        return Record(line=line)
    if "Item" in entry:
        return Record(entry["Item"], exported_at)
    if "Keys" not in entry and "NewImage" not in entry:
        return Record(line=line)
    written_at = _number(entry.get("Metadata")) or exported_at
    if entry.get("NewImage"):
        return Record(entry["NewImage"], written_at)
    return Record(entry.get("OldImage") or None, written_at, deleted=True, keys=entry.get("Keys"))


def _number(metadata: Any) -> int:
    """WriteTimestampMicros: a number, a text, or typed JSON of one."""
    value = metadata.get("WriteTimestampMicros") if isinstance(metadata, dict) else None
    if isinstance(value, dict):
        value = value.get("N")
    try:
        return max(0, min(int(str(value)), 2**62))
    except ValueError:
        return 0


def _microseconds(moment: str) -> int:
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return 0
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000_000)


def _md5(file: IO[bytes]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    while part := file.read(1024 * 1024):
        digest.update(part)
    file.seek(0)
    return base64.b64encode(digest.digest()).decode()


def _json(location: Location, name: str) -> dict[str, Any]:
    with location.open(name) as file:
        return _object(file.read(), name)


def _object(text: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise SourceError(f"{name} is not JSON: the export is not whole.") from error
    if not isinstance(found, dict):
        raise SourceError(f"{name} is not what DynamoDB writes.")
    return found
