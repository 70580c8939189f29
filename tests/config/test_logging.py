"""Log lines: fields, and never a customer's words."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import psycopg
import pytest
import structlog
from django.core.exceptions import DisallowedHost
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client

from config.logging import FIELD_LENGTH, configure_logging, drop_secrets, format_exception


def line_of(logger: str, message: str, error: Exception | None = None) -> dict[str, Any]:
    """What production writes when a logger of the standard library says this."""
    formatter = configure_logging(json=True, level="INFO")["formatters"]["structured"]
    exc_info = (type(error), error, error.__traceback__) if error else None
    line = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"]
    ).format(logging.LogRecord(logger, logging.ERROR, __file__, 1, message, None, exc_info))
    found: dict[str, Any] = json.loads(line)
    return found


class LoggingTests:
    @pytest.mark.django_db
    def test_a_refused_row_is_not_repeated_in_the_log(self) -> None:
        words = "a customer's\nsecret"
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE told (words text CONSTRAINT no_words CHECK (length(words) < 9))")
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("INSERT INTO told VALUES (%s)", [words])
        except DatabaseError as error:
            event = format_exception(None, "error", {"exc_info": error})
        assert "secret" not in event["exception"]
        assert "no_words" in event["exception"]
        assert "test_logging.py" in event["exception"]

    def test_other_errors_keep_their_words(self) -> None:
        try:
            raise ValueError("the port is in use")
        except ValueError:
            event = format_exception(None, "error", {"exc_info": True})
        assert event["exception"].endswith("builtins.ValueError: the port is in use")

    def test_a_line_of_the_standard_library_is_formatted_the_same_way(self) -> None:
        assert line_of("django", "It failed")["event"] == "It failed"

    def test_a_wrong_host_is_a_line_and_no_traceback(self) -> None:
        line = line_of("django.security.DisallowedHost", "Invalid HTTP_HOST header", DisallowedHost("evil.example"))
        assert line["level"] == "warning"
        assert "exception" not in line

    def test_an_error_of_ours_keeps_its_traceback(self) -> None:
        line = line_of("django.request", "Internal Server Error: /", ValueError("the port is in use"))
        assert line["level"] == "error"
        assert line["exception"].endswith("builtins.ValueError: the port is in use")

    def test_a_database_that_is_away_is_a_sentence_and_no_traceback(self) -> None:
        # Every page fails then: a traceback for each would fill the disk.
        try:
            try:
                raise psycopg.OperationalError("connection refused")
            except psycopg.Error as cause:
                raise OperationalError("connection refused") from cause
        except OperationalError as error:
            line = line_of("django.request", "Internal Server Error: /", error)
        assert line["exception"] == "The database is away: SQLSTATE unknown"

    def test_a_statement_that_took_too_long_keeps_its_traceback(self) -> None:
        error = OperationalError()
        error.__cause__ = psycopg.errors.QueryCanceled()
        written = line_of("django.request", "Internal Server Error: /", error)["exception"]
        assert "Then:" in written

    def test_errors_that_lead_to_one_another_in_a_circle_are_written_once(self) -> None:
        first, second = ValueError("first"), ValueError("second")
        first.__context__, second.__context__ = second, first
        written = line_of("asyncio", "It failed", first)["exception"]
        assert written.endswith("ValueError: second\n\nThen:\n\nbuiltins.ValueError: first")

    def test_what_a_stranger_sends_is_cut(self) -> None:
        assert len(line_of("django.request", "a" * 60_000)["event"]) == FIELD_LENGTH + 1

    def test_the_web_servers_own_lines_are_formatted_like_all_others(self) -> None:
        program = """
import logging.config, uvicorn.config
from config.logging import configure_logging
for settings in (uvicorn.config.LOGGING_CONFIG, configure_logging(json=True, level="INFO")):
    logging.config.dictConfig(settings)
logging.getLogger("uvicorn.error").info("Started")
"""
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert json.loads(ran.stderr)["event"] == "Started"

    @pytest.mark.django_db
    def test_a_request_is_logged_once_and_with_the_address_it_came_from(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        client.get("/nowhere/", headers={"X-Forwarded-For": "203.0.113.9"})
        finished = [record.msg for record in caplog.records if "request_finished" in str(record.msg)]
        assert [event["ip"] for event in finished] == ["127.0.0.1"]
        assert not logging.getLogger("django").handlers

    def test_fields_that_could_carry_secrets_are_emptied(self) -> None:
        assert drop_secrets(None, "info", {"access_token": "EAAG", "id": 7}) == {"access_token": "[removed]", "id": 7}
