"""Long commands while the database restarts under them: an import, a reconciliation."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, ProgrammingError, connection

from core.postgres import outages
from core.postgres.async_connection import connection_parameters
from inbox.models import Media, Message
from inbox.operations.progress import Bar
from tests.inbox.operations.dynamodb_import.conftest import SAMPLES, bucket, first, own_storage, second

__all__ = ["bucket", "first", "own_storage", "second"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("bucket", "first", "second")]


@pytest.fixture
def restart_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """End the command's connection, as a restart of the server does, when it first tells that it does this."""

    def arrange(what: str) -> list[str]:
        ended: list[str] = []
        tell = Bar.__call__

        def told(bar: Bar, doing: str, done: int, total: int | None) -> None:
            if doing.startswith(what) and not ended:
                ended.append(doing)
                with psycopg.connect(**connection_parameters(application_name="test")) as other:
                    mine = connection.connection.info.backend_pid
                    other.execute("SELECT pg_terminate_backend(%s, 5000)", [mine])
            tell(bar, doing, done, total)

        monkeypatch.setattr(Bar, "__call__", told)
        return ended

    monkeypatch.setattr("inbox.operations.dynamodb_import.messages.BATCH", 3)
    monkeypatch.setattr("inbox.media.storage.inventory.PROGRESS_EVERY", 1)
    return arrange


def imported(**options: Any) -> str:
    said = io.StringIO()
    options |= {
        "contacts": [str(SAMPLES / "contact_scan.json")],
        "media_files": [str(SAMPLES / "mediafile_scan.json")],
    }
    call_command("import_dynamodb", str(SAMPLES / "message_scan.json"), stdout=io.StringIO(), stderr=said, **options)
    return said.getvalue()


class ImportTests:
    @pytest.mark.parametrize("at", ["Reading", "Listing", "Messages"])
    def test_it_goes_on_when_the_database_is_back(self, restart_at: Callable[[str], list[str]], at: str) -> None:
        ended = restart_at(at)
        said = imported()
        assert ended
        assert "The database is back; going on." in said
        assert Message.objects.count() == 9
        assert Media.objects.filter(state="stored").count() == 6

    def test_a_dry_run_does_too(self, restart_at: Callable[[str], list[str]]) -> None:
        ended = restart_at("Messages")
        assert "going on" in imported(dry_run=True)
        assert ended
        assert not Message.objects.exists()

    def test_it_says_that_it_can_be_run_again_where_the_database_stays_away(
        self, restart_at: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        restart_at("Messages")
        monkeypatch.setattr(outages, "PATIENCE", 0)
        with pytest.raises(CommandError, match="Run the same command again: it goes on where it was"):
            imported()


class ReconciliationTests:
    def test_it_begins_again(self, restart_at: Callable[[str], list[str]]) -> None:
        ended = restart_at("Listing")
        said = io.StringIO()
        call_command("reconcile", stdout=io.StringIO(), stderr=said)
        assert ended
        assert "going on" in said.getvalue()


class OutlastTests:
    def test_a_fault_of_the_statement_is_not_waited_for(self) -> None:
        def act() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT nothing")

        with pytest.raises(ProgrammingError):
            outages.outlast(act, lambda _: None, repeatable=lambda: True)

    def test_what_has_told_its_result_is_not_done_twice(self) -> None:
        def act() -> None:
            raise OperationalError from psycopg.OperationalError("the connection is lost")

        with pytest.raises(CommandError, match="Run the same command again"):
            outages.outlast(act, lambda _: None, repeatable=lambda: False)

    def test_a_database_that_goes_away_for_ever_is_given_up(self) -> None:
        count = 0

        def act() -> None:
            nonlocal count
            count += 1
            raise OperationalError from psycopg.OperationalError("the connection is lost")

        with pytest.raises(CommandError, match="again and again"):
            outages.outlast(act, lambda _: None, repeatable=lambda: True)
        assert count == outages.OUTAGES
