"""Every source of items: the live table and S3 over real HTTP, exports whole and damaged, files good and bad."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from inbox.operations.dynamodb_import import sources
from inbox.operations.dynamodb_import.locations import SourceError
from inbox.operations.dynamodb_import.records import Record
from tests.aws_server import REGION, _aws_address, aws
from tests.inbox.operations.dynamodb_import.conftest import SAMPLES

__all__ = ["_aws_address", "aws"]

ITEMS: list[dict[str, Any]] = json.loads((SAMPLES / "message_scan.json").read_text())["Items"]
EXPORT = SAMPLES / "s3_export"


def records(text: str | Path, position: Any = None) -> list[Record]:
    return [one for source in sources.open_source(str(text)) for piece, _ in source.read(position) for one in piece]


def images(text: str | Path) -> list[Any]:
    return sorted((record.image for record in records(text)), key=lambda image: image["messageId"]["S"])


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def export(folder: Path, files: dict[str, list[Any]], **summary: Any) -> Path:
    """An export with these data files."""
    prefix = "exports/AWSDynamoDB"
    lines = []
    for name, entries in files.items():
        content = gzip.compress("".join(json.dumps(entry) + "\n" for entry in entries).encode())
        key = f"{prefix}/{name}"
        write(folder / key, content)
        checksum = base64.b64encode(hashlib.md5(content).digest()).decode()
        lines.append(json.dumps({"itemCount": len(entries), "md5Checksum": checksum, "dataFileS3Key": key}))
    write(folder / prefix / "01-a/manifest-files.json", "\n".join(lines).encode())
    facts = {
        "exportArn": "arn:x/export/01-a",
        "exportTime": "2026-01-21T10:00:00.028Z",
        "outputFormat": "DYNAMODB_JSON",
    }
    write(folder / prefix / "01-a/manifest-summary.json", facts | summary)
    return folder


class FormTests:
    @pytest.mark.parametrize("form", ["message_scan.json", "message_export_plain.jsonl", "s3_export"])
    def test_every_form_gives_the_same_items(self, form: str) -> None:
        assert images(SAMPLES / form) == ITEMS

    def test_a_file_may_be_gzipped_or_have_several_pages(self, tmp_path: Path) -> None:
        pages = json.dumps({"Items": ITEMS[:4]}) + "\n" + json.dumps({"Items": ITEMS[4:]})
        assert images(write(tmp_path / "pages.json", pages.encode())) == ITEMS
        assert images(write(tmp_path / "scan.json.gz", gzip.compress(pages.encode()))) == ITEMS
        assert images(write(tmp_path / "list.json", ITEMS)) == ITEMS

    def test_a_manifest_or_any_folder_above_it_names_an_export(self) -> None:
        folder = next(EXPORT.rglob("manifest-summary.json")).parent
        for place in (EXPORT / "exports", folder.parent, folder, folder / "manifest-summary.json"):
            assert images(place) == ITEMS

    def test_a_truncated_gzip_says_so(self, tmp_path: Path) -> None:
        whole = gzip.compress(json.dumps({"Items": ITEMS}).encode())
        with pytest.raises(SourceError, match="cut short"):
            records(write(tmp_path / "scan.json.gz", whole[:-40]))

    @pytest.mark.parametrize(
        "content", [b"not json", b'{"Items": [{"a": {"S": "x"}}', b'{"Items": [NaN]}', b"\xff\xfe{", b"[" * 5000]
    )
    def test_a_broken_file_says_so_and_quotes_nothing(self, tmp_path: Path, content: bytes) -> None:
        with pytest.raises(SourceError, match="is not JSON as DynamoDB writes it, or is cut short"):
            records(write(tmp_path / "scan.json", content))

    def test_an_empty_file_is_called_empty(self, tmp_path: Path) -> None:
        [source] = sources.open_source(str(write(tmp_path / "scan.json", b"")))
        assert [piece for piece, _ in source.read(None)] == [[]]
        assert "is empty" in source.warning

    def test_a_bad_line_of_an_export_is_a_record_of_its_own(self, tmp_path: Path) -> None:
        lines = json.dumps({"Item": ITEMS[0]}).encode() + b'\n{"Item": \xff\n[1]\n\n' + b'{"Item": 7}\n'
        found = records(write(tmp_path / "lines.jsonl", lines))
        assert [record.line for record in found] == [b"", b'{"Item": \xff', b"[1]", b""]
        assert found[3].image == 7

    def test_a_missing_file_is_not_taken_for_a_table(self, tmp_path: Path) -> None:
        for text in (str(tmp_path / "nothing"), "scan.json"):
            with pytest.raises(SourceError, match="does not exist"):
                sources.open_source(text)


class ExportTests:
    def test_an_empty_partition_is_no_fault(self, tmp_path: Path) -> None:
        place = export(tmp_path, {"01-a/data/a.json.gz": [{"Item": ITEMS[0]}], "01-a/data/b.json.gz": []})
        assert images(place) == ITEMS[:1]

    def test_reading_goes_on_after_the_files_that_were_read(self, tmp_path: Path) -> None:
        files = {f"01-a/data/{n}.json.gz": [{"Item": ITEMS[n]}] for n in range(3)}
        place = export(tmp_path, files)
        assert [record.image for record in records(place, position=2)] == [ITEMS[2]]

    def test_incremental_exports_tell_what_was_written_and_deleted(self, tmp_path: Path) -> None:
        at = {"WriteTimestampMicros": {"N": "1768989600000001"}}
        keys = {"messageId": ITEMS[0]["messageId"]}
        place = export(
            tmp_path,
            {
                "data/a.json.gz": [
                    {"Metadata": at, "Keys": keys, "NewImage": ITEMS[0]},
                    {"Metadata": at, "Keys": keys, "OldImage": ITEMS[1]},
                    {"Metadata": {"WriteTimestampMicros": 7}, "Keys": keys},
                ]
            },
            exportType="INCREMENTAL_EXPORT",
        )
        assert [(one.image, one.deleted, one.written_at) for one in records(place)] == [
            (ITEMS[0], False, 1768989600000001),
            (ITEMS[1], True, 1768989600000001),
            (None, True, 7),
        ]

    def test_an_altered_data_file_is_refused(self, tmp_path: Path) -> None:
        place = export(tmp_path, {"01-a/data/a.json.gz": [{"Item": ITEMS[0]}]})
        write(tmp_path / "exports/AWSDynamoDB/01-a/data/a.json.gz", gzip.compress(b""))
        with pytest.raises(SourceError, match="MD5 differs"):
            records(place)

    def test_a_wrong_count_is_refused(self, tmp_path: Path) -> None:
        place = export(tmp_path, {"01-a/data/a.json.gz": [{"Item": ITEMS[0]}]})
        manifest = tmp_path / "exports/AWSDynamoDB/01-a/manifest-files.json"
        manifest.write_text(manifest.read_text().replace('"itemCount": 1', '"itemCount": 2'))
        with pytest.raises(SourceError, match="holds 1 items where the manifest says 2"):
            records(place)

    def test_a_missing_data_file_is_named(self, tmp_path: Path) -> None:
        place = export(tmp_path, {"01-a/data/a.json.gz": [{"Item": ITEMS[0]}]})
        (tmp_path / "exports/AWSDynamoDB/01-a/data/a.json.gz").unlink()
        with pytest.raises(SourceError, match=r"a\.json\.gz is missing"):
            records(place)

    def test_a_data_file_outside_the_export_is_not_read(self, tmp_path: Path) -> None:
        place = export(tmp_path / "copy", {"01-a/data/a.json.gz": [{"Item": ITEMS[0]}]})
        manifest = tmp_path / "copy/exports/AWSDynamoDB/01-a/manifest-files.json"
        write(tmp_path / "secret.json.gz", b"")
        manifest.write_text(manifest.read_text().replace("exports/AWSDynamoDB/01-a/data/a", "../secret"))
        with pytest.raises(SourceError, match="is missing"):
            records(place)

    def test_ion_is_refused_with_what_to_do(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="export it as DYNAMODB_JSON"):
            sources.open_source(str(export(tmp_path, {}, outputFormat="ION")))

    def test_a_folder_without_an_export_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"no manifest-summary\.json"):
            sources.open_source(str(tmp_path))


class AwsTests:
    @pytest.fixture
    def table(self, aws: str) -> Any:
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        dynamodb.create_table(
            TableName="Message-abc-NONE",
            KeySchema=[{"AttributeName": "messageId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "messageId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return dynamodb

    @pytest.mark.parametrize("text", ["dynamodb://Message-abc-NONE", "Message-abc-NONE"])
    def test_a_live_table_is_scanned(self, table: Any, text: str) -> None:
        for item in ITEMS:
            table.put_item(TableName="Message-abc-NONE", Item=item)
        assert images(text) == ITEMS

    def test_a_scan_of_many_pages_goes_on_from_any_of_them(self, table: Any) -> None:
        for number in range(9):
            item = {"messageId": {"S": f"m{number}"}, "content": {"S": "x" * 300_000}}
            table.put_item(TableName="Message-abc-NONE", Item=item)
        [source] = sources.open_source("Message-abc-NONE")
        pages = list(source.read(None))
        assert len(pages) > 1
        first, position = pages[0]
        rest = [record for piece, _ in source.read(position) for record in piece]
        keys = {record.image["messageId"]["S"] for record in first + rest}
        assert len(first) + len(rest) == len(keys) == 9

    def test_a_table_that_does_not_exist_is_a_sentence(self, aws: str) -> None:
        with pytest.raises(SourceError, match="The table Nope cannot be read"):
            sources.open_source("Nope")

    def test_an_export_is_read_from_its_bucket(self, aws: str) -> None:
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket="example-ddb-exports")
        for path in EXPORT.rglob("*"):
            if path.is_file():
                key = path.relative_to(EXPORT).as_posix()
                s3.put_object(Bucket="example-ddb-exports", Key=key, Body=path.read_bytes())
        for text in ("s3://example-ddb-exports", "s3://example-ddb-exports/exports/message/"):
            assert images(text) == ITEMS

    def test_a_bucket_that_does_not_exist_is_a_sentence(self, aws: str) -> None:
        with pytest.raises(SourceError, match="The bucket nope-nope cannot be read"):
            sources.open_source("s3://nope-nope/x")
