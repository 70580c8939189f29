"""`manage.py journal`."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from inbox.models import Message
from tests import payloads
from tests.inbox.receiving.support import receive, store
from whatsapp.models import Notification, PhoneNumber

pytestmark = pytest.mark.django_db


def journal(*arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("journal", *arguments, stdout=out, **options)
    return out.getvalue()


class JournalCommandTests:
    def test_it_prints_counts_and_the_age_of_the_oldest(self, number: PhoneNumber) -> None:
        receive(payloads.notification(payloads.message()), b"nonsense")
        store(payloads.notification(payloads.message()))
        assert journal().splitlines()[:3] == ["pending 1", "parked 1", "processed 1"]
        assert "oldest pending: 0 s" in journal()

    def test_it_prints_json(self, db: None) -> None:
        assert json.loads(journal("--json")) == {
            "pending": 0,
            "parked": 0,
            "processed": 0,
            "left_out": 0,
            "oldest_pending_seconds": None,
        }

    def test_it_says_what_was_left_out_how_often_and_replays_or_dismisses_it(self, number: PhoneNumber) -> None:
        bodies = [payloads.notification(payloads.message(), **{"mo\x1bods": [{"id": "1"}]}) for _ in range(2)]
        receive(*bodies, payloads.notification(payloads.message(), jokes=[{"id": "1"}]))
        assert journal().splitlines()[3:6] == [
            "with parts left out 3",
            "  2 × Not understood: “mo\\x1bods” in field messages.",
            "  1 × Not understood: “jokes” in field messages.",
        ]
        first = Notification.objects.order_by("pk")[0]
        assert journal("dismiss", str(first.pk)) == "dismissed 1\n"
        assert json.loads(journal("--json"))["left_out"] == 2
        assert journal("replay", "--left-out") == "replaying 2\n"

    def test_it_shows_one_with_its_reason_and_body_escaped(self, db: None) -> None:
        (notification,) = receive(b"nonsense \x1b[2J \xff")
        shown = journal("show", str(notification.pk))
        assert "parked" in shown
        assert notification.error in shown
        assert "nonsense \\x1b[2J \\xff" in shown

    def test_it_says_so_when_there_is_none(self, db: None) -> None:
        with pytest.raises(CommandError, match="There is no notification 7"):
            journal("show", "7")

    def test_it_replays_and_drains(self, number: PhoneNumber) -> None:
        (notification,) = receive(payloads.notification(payloads.message()))
        Message.objects.all().delete()
        assert journal("replay", str(notification.pk)) == "replaying 1\n"
        assert Notification.objects.pending().count() == 1
        assert journal("drain") == "settled 1\n"
        assert Message.objects.count() == 1

    def test_it_replays_what_came_since_a_moment(self, number: PhoneNumber) -> None:
        receive(payloads.notification(payloads.message()))
        assert journal("replay", "--since", "2020-01-01") == "replaying 1\n"
        assert journal("replay", "--since", "2100-01-01T00:00") == "replaying 0\n"

    @pytest.mark.parametrize("arguments", [[], ["--parked", "--since", "2020-01-01"], ["--since", "yesterday"]])
    def test_it_asks_for_exactly_one_choice(self, db: None, arguments: list[str]) -> None:
        with pytest.raises(CommandError):
            journal("replay", *arguments)
