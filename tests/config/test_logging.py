"""Log lines: fields, and never a customer's words."""

from __future__ import annotations

import logging

import pytest
import structlog
from django.db import DatabaseError, connection, transaction
from django.test import Client

from config.logging import configure_logging, drop_secrets, format_exception


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
        formatter = configure_logging(json=True, level="INFO")["formatters"]["structured"]
        line = structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"]
        ).format(logging.LogRecord("django", logging.ERROR, __file__, 1, "%s failed", ("It",), None))
        assert '"event": "It failed"' in line

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
