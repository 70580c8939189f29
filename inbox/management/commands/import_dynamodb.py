"""`manage.py import_dynamodb`: bring the replaced system's tables and files in, or say what would come of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.postgres.outages import outlast
from inbox.media.storage import MediaStorage, StorageError, media_storage
from inbox.media.storage.local import SignedFileSystemStorage
from inbox.media.storage.s3 import PrivateS3Storage
from inbox.models.imports import ImportedItem
from inbox.operations import dynamodb_import
from inbox.operations.dynamodb_import import report, sources
from inbox.operations.progress import Bar

#: Items held back that the text shows whole.
HELD_SHOWN = 20

SOURCES = """
A SOURCE is a live table (dynamodb://Message-abc-NONE, or its bare name), an export (s3://bucket/prefix, or a folder
with a copy of it), or a file: of `aws dynamodb scan`, or lines of an export, gzipped or not. Repeat an import as often
as you like: what is here already stays as it is, and an interrupted one goes on.
"""


class Command(BaseCommand):
    help = f"Import messages, contacts and files of the replaced system from DynamoDB and S3. {SOURCES}"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sources", nargs="+", metavar="SOURCE", help="the Message table, or inbound and outbound")
        parser.add_argument("--contacts", action="append", default=[], metavar="SOURCE", help="the Contact table")
        parser.add_argument("--media-files", action="append", default=[], metavar="SOURCE", help="the MediaFile table")
        parser.add_argument(
            "--media",
            metavar="PLACE",
            default="",
            help="where the old files lie: s3://bucket[/prefix] or a folder (default: our own storage)",
        )
        parser.add_argument(
            "--copy-media", action="store_true", help="copy files into our storage; needed when they lie elsewhere"
        )
        parser.add_argument("--region", default="", help="of tables and exports (default: AWS_DEFAULT_REGION)")
        parser.add_argument("--dry-run", action="store_true", help="write nothing, only report")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        place, adopt = self._place(options["media"], options["copy_media"])
        bar = Bar(self.stderr)
        try:
            opened = {
                table: [source for text in texts for source in sources.open_source(text, options["region"])]
                for table, texts in (
                    (ImportedItem.Table.MESSAGE.value, options["sources"]),
                    (ImportedItem.Table.CONTACT.value, options["contacts"]),
                    (ImportedItem.Table.FILE.value, options["media_files"]),
                )
            }
            self._told = False
            outlast(
                lambda: dynamodb_import.run(
                    opened,
                    place,
                    bar,
                    adopt=adopt,
                    dry_run=options["dry_run"],
                    look=partial(self._tell, options["as_json"]),
                ),
                self.stderr.write,
                repeatable=lambda: not self._told,
            )
        except (dynamodb_import.SourceError, StorageError) as error:
            raise CommandError(str(error)) from error
        finally:
            bar.end()

    def _place(self, text: str, copy: bool) -> tuple[MediaStorage, bool]:
        """The storage that the old files lie in, and whether they stay there."""
        own = media_storage()
        if not text:
            return own, not copy
        if not text.startswith("s3://"):
            if not Path(text).is_dir():
                raise CommandError(f"--media: {text} is no folder.")
            place: MediaStorage = SignedFileSystemStorage(location=text)
            same = isinstance(own, SignedFileSystemStorage) and Path(own.location).resolve() == Path(text).resolve()
        else:
            bucket, _, prefix = text.removeprefix("s3://").partition("/")
            prefix = prefix.strip("/")
            options = settings.STORAGES["default"].get("OPTIONS", {}) if settings.S3_BUCKET else {}
            options = options or {"region_name": settings.S3_REGION}
            if isinstance(default_storage, PrivateS3Storage):
                options = settings.STORAGES["default"]["OPTIONS"]
            place = PrivateS3Storage(**(options | {"bucket_name": bucket, "location": prefix}))
            own_location = getattr(own, "location", None)
            same = getattr(own, "bucket_name", "") == bucket and str(own_location).strip("/") == prefix
        if not same and not copy:
            raise CommandError(
                f"{text} is not our own storage, so keys cannot stay as they are: add --copy-media, or make it our "
                "storage (S3_BUCKET, S3_PREFIX)."
            )
        return place, not copy

    def _tell(self, as_json: bool, found: report.Report) -> None:
        self._told = True  # from here on, a second time would print everything twice
        (self._json if as_json else self._text)(found)

    def _json(self, found: report.Report) -> None:
        for piece in report.as_json_pieces(found):
            self.stdout.write(piece, ending="")
        self.stdout.write("")

    def _text(self, found: report.Report) -> None:
        for source in found.sources:
            self.stdout.write(f"read {source['items']:,} from {source['name']}")
            if source["warning"]:
                self.stdout.write(f"WARNING: {source['warning']}")
        for table, states in found.items.items():
            label = ImportedItem.Table(table).label
            counts = (f"{count:,} {ImportedItem.State(state).label.lower()}" for state, count in states.items())
            self.stdout.write(f"{label}: {', '.join(counts)}")
        self.stdout.write("files: " + ", ".join(f"{count:,} {word}" for word, count in found.files.items()))
        for problem in found.problems:
            self.stdout.write(f"\n{problem.count:,} × {problem.table} {problem.code}: {problem.sentence}")
            self.stdout.write(f"    {', '.join(problem.samples)}")
        self._held()
        if found.dry_run:
            self.stdout.write("\nNothing was written: this was a dry run.")

    def _held(self) -> None:
        for count, item in enumerate(report.held()):
            if count == 0:
                self.stdout.write("\nHeld back, and tried again by the next import:")
            if count == HELD_SHOWN:
                self.stdout.write("… and more: --json lists them all, and so does the admin.")
                return
            self.stdout.write(f"{item.table} {item.key}: {' '.join(item.reasons)}")
            # Escaped, because a terminal obeys control characters that a stranger may have sent.
            self.stdout.write("    " + "".join(c if c.isprintable() else repr(c)[1:-1] for c in item.raw))
