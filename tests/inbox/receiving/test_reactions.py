"""Reactions, edits and deletions, in any order."""

from __future__ import annotations

import time
from typing import Any

import pytest

from inbox.models import Conversation, Message, Reaction, Revision
from tests import payloads
from tests.inbox.receiving.support import receive
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db

NOW = int(time.time()) - 600


def reaction(target: str, emoji: str | None, at: int = NOW) -> dict[str, Any]:
    body = {"message_id": target} | ({} if emoji is None else {"emoji": emoji})
    return payloads.notification(payloads.message("reaction", at=at, reaction=body))


def edit(target: str, text: str, at: int) -> dict[str, Any]:
    inner = {"type": "text", "text": {"body": text}}
    body = {"original_message_id": target, "message": inner}
    return payloads.notification(payloads.message("edit", at=at, edit=body))


def revoke(target: str, at: int = NOW) -> dict[str, Any]:
    return payloads.notification(payloads.message("revoke", at=at, revoke={"original_message_id": target}))


class ReactionTests:
    def test_it_works(self, number: PhoneNumber) -> None:
        leaf = payloads.message()
        receive(payloads.notification(leaf), reaction(leaf["id"], "👍"))
        assert Message.objects.get().reactions.get().emoji == "👍"
        assert Message.objects.count() == 1

    def test_the_later_one_wins_whatever_the_order(self, number: PhoneNumber) -> None:
        leaf = payloads.message()
        receive(payloads.notification(leaf))
        receive(reaction(leaf["id"], None, at=NOW + 10))
        receive(reaction(leaf["id"], "👍", at=NOW))
        assert Reaction.objects.get().emoji == ""

    def test_one_that_comes_before_its_message_waits_for_it(self, number: PhoneNumber) -> None:
        leaf = payloads.message()
        receive(reaction(leaf["id"], "❤️"))
        assert Reaction.objects.get().message is None
        receive(payloads.notification(leaf))
        assert Reaction.objects.get().message == Message.objects.get()

    def test_it_marks_its_message_as_changed(self, number: PhoneNumber) -> None:
        leaf = payloads.message()
        receive(payloads.notification(leaf))
        before = Message.objects.get().changed_xid
        receive(reaction(leaf["id"], "👍"))
        assert Message.objects.get().changed_xid >= before


class RevisionTests:
    def test_an_edit_shows_the_new_text_and_keeps_the_old(self, number: PhoneNumber) -> None:
        leaf = payloads.message(text={"body": "tomorow"}, at=NOW)
        receive(payloads.notification(leaf), edit(leaf["id"], "tomorrow", NOW + 5))
        message = Message.objects.get()
        assert message.text == "tomorrow"
        assert message.edited_at is not None
        assert message.revisions.get().previous_text == "tomorow"
        assert Conversation.objects.get().last_message_preview == "tomorrow"

    def test_two_edits_in_the_wrong_order_end_with_the_newer(self, number: PhoneNumber) -> None:
        leaf = payloads.message(text={"body": "one"}, at=NOW)
        receive(payloads.notification(leaf))
        receive(edit(leaf["id"], "three", NOW + 20))
        receive(edit(leaf["id"], "two", NOW + 10))
        assert Message.objects.get().text == "three"
        assert list(Revision.objects.order_by("at").values_list("previous_text", "text")) == [
            ("one", "two"),
            ("two", "three"),
        ]

    def test_an_edit_that_comes_before_its_message_waits_for_it(self, number: PhoneNumber) -> None:
        leaf = payloads.message(text={"body": "one"}, at=NOW)
        receive(edit(leaf["id"], "two", NOW + 10))
        receive(payloads.notification(leaf))
        assert Message.objects.get().text == "two"
        assert Revision.objects.get().previous_text == "one"

    def test_a_deleted_message_says_so_and_keeps_its_text_for_colleagues(self, number: PhoneNumber) -> None:
        leaf = payloads.message(text={"body": "a mistake"}, at=NOW)
        receive(payloads.notification(leaf), revoke(leaf["id"]))
        message = Message.objects.get()
        assert message.revoked_at is not None
        assert message.text == "a mistake"
        assert Conversation.objects.get().last_message_preview == "Deleted message"
