"""One message under ids of several scopes: whatever names it finds it, and never another one."""

from __future__ import annotations

import base64
import secrets
import time
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from core.postgres import bulk
from inbox import callback_data
from inbox.models import Conversation, Message, PendingStatus, Reaction
from inbox.receiving import pipeline
from tests import payloads
from tests.inbox.receiving.support import receive
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db

NOW = int(time.time()) - 600
USER = "PT.77120000000001"
OTHER = "351915550987"


def token() -> str:
    return secrets.token_hex(16).upper()


def person(sender: str = payloads.CUSTOMER, user: str = USER) -> dict[str, str]:
    return {"from": sender, "from_user_id": user}


def leaf(id: str, kind: str = "text", *, sender: str = payloads.CUSTOMER, user: str = USER, **parts: Any) -> Any:
    return payloads.message(kind, at=NOW, sender=sender, from_user_id=user, id=id, **parts)


def reply(target: str, **who: str) -> dict[str, Any]:
    context = {"from": payloads.CUSTOMER, "id": target}
    return payloads.notification(leaf(payloads.wamid(), text={"body": "an answer"}, context=context, **who))


def reaction(target: str, emoji: str = "👍", *, at: int = NOW, **who: str) -> dict[str, Any]:
    body = {"message_id": target, "emoji": emoji}
    return payloads.notification(leaf(payloads.wamid(), "reaction", reaction=body, **who) | {"timestamp": str(at)})


def edit(target: str, words: str, **who: str) -> dict[str, Any]:
    inner = {"type": "text", "text": {"body": words}}
    body = {"original_message_id": target, "message": inner}
    return payloads.notification(leaf(payloads.wamid(), "edit", edit=body, **who))


def revoke(target: str, **who: str) -> dict[str, Any]:
    return payloads.notification(leaf(payloads.wamid(), "revoke", revoke={"original_message_id": target}, **who))


def echo(id: str, *, words: str = "We are open until six", to: str = payloads.CUSTOMER) -> dict[str, Any]:
    sent = {
        "from": payloads.DISPLAY_NUMBER,
        "to": to,
        "id": id,
        "timestamp": str(NOW),
        "type": "text",
        "text": {"body": words},
    }
    return payloads.notification(field="smb_message_echoes", message_echoes=[sent])


def read(id: str, **parts: Any) -> dict[str, Any]:
    return payloads.notification(statuses=[payloads.status(id, "read", at=NOW, **parts)])


class ScopeTests:
    """``stored`` is the id that the message came under, ``scoped`` the one that the others name it by."""

    @pytest.fixture(params=["phone first", "user id first", "url alphabet without padding"])
    def ids(self, request: pytest.FixtureRequest) -> tuple[str, str]:
        same = token()
        ids = payloads.scoped_wamid(payloads.CUSTOMER, same), payloads.scoped_wamid(USER, same)
        if request.param == "user id first":
            return ids[1], ids[0]
        if request.param == "url alphabet without padding":
            return ids[0], ids[1].rstrip("=").replace("+", "-").replace("/", "_")
        return ids

    @pytest.fixture(params=["in one batch", "later", "before"])
    def arrive(self, request: pytest.FixtureRequest) -> Any:
        """Receive a message and something about it: together, one after the other, or the wrong way round."""

        def both(first: dict[str, Any], *others: dict[str, Any]) -> None:
            if request.param == "in one batch":
                receive(first, *others)
            elif request.param == "later":
                receive(first)
                receive(*others)
            else:
                for other in others:
                    receive(other)
                receive(first)

        return both

    def test_a_reply_quotes_it(self, number: PhoneNumber, ids: tuple[str, str], arrive: Any) -> None:
        stored, scoped = ids
        arrive(payloads.notification(leaf(stored)), reply(scoped))
        assert Message.objects.get(text="an answer").quoted == Message.objects.get(wamid=stored)

    def test_a_reaction_is_put_on_it(self, number: PhoneNumber, ids: tuple[str, str], arrive: Any) -> None:
        stored, scoped = ids
        arrive(payloads.notification(leaf(stored)), reaction(scoped))
        assert Message.objects.get().reactions.get().emoji == "👍"

    def test_one_person_has_one_reaction_by_whatever_id(
        self, number: PhoneNumber, ids: tuple[str, str], arrive: Any
    ) -> None:
        stored, scoped = ids
        arrive(payloads.notification(leaf(stored)), reaction(scoped), reaction(stored, "❤️", at=NOW + 9))
        assert Reaction.objects.get().emoji == "❤️"
        assert Reaction.objects.get().message == Message.objects.get()

    def test_edits_by_both_ids_are_one_chain(self, number: PhoneNumber, ids: tuple[str, str], arrive: Any) -> None:
        stored, scoped = ids
        arrive(payloads.notification(leaf(stored)), edit(scoped, "one"), edit(stored, "two"), edit(scoped, "three"))
        message = Message.objects.get()
        assert message.text == "three"
        assert list(message.revisions.order_by("id").values_list("previous_text", flat=True)) == [
            "Good morning",
            "one",
            "two",
        ]

    def test_a_deletion_deletes_it(self, number: PhoneNumber, ids: tuple[str, str], arrive: Any) -> None:
        stored, scoped = ids
        arrive(payloads.notification(leaf(stored)), revoke(scoped))
        assert Message.objects.get().revoked_at is not None
        assert Conversation.objects.get().last_message_preview == "Deleted message"

    def test_a_status_ticks_it(self, number: PhoneNumber, ids: tuple[str, str], arrive: Any) -> None:
        stored, scoped = ids
        receive(payloads.notification(leaf(payloads.wamid())))  # tells which user id belongs to the phone
        arrive(echo(stored), read(scoped, recipient_user_id=USER))
        assert Message.objects.get(direction="outbound").status == "read"
        assert not PendingStatus.objects.exists()

    def test_the_message_itself_is_kept_once(self, number: PhoneNumber, ids: tuple[str, str], arrive: Any) -> None:
        stored, scoped = ids
        arrive(payloads.notification(leaf(stored)), payloads.notification(leaf(scoped)))
        assert Message.objects.count() == 1
        assert Conversation.objects.get().unread_count == 1

    def test_a_status_that_waited_is_settled_by_the_sweep(self, number: PhoneNumber, ids: tuple[str, str]) -> None:
        stored, scoped = ids
        receive(payloads.notification(leaf(payloads.wamid())))
        receive(read(scoped, recipient_user_id=USER))
        conversation = Conversation.objects.get()
        Message.objects.create(
            number=number, conversation=conversation, direction="outbound", kind="text", origin="agent", wamid=stored,
            sent_at=conversation.last_message_at, status="sent",
        )  # fmt: skip
        assert pipeline.settle_waiting_statuses() == 1
        assert Message.objects.get(direction="outbound").status == "read"

    def test_a_batch_costs_the_same_however_many_name_messages_so(self, number: PhoneNumber) -> None:
        def cost(size: int) -> int:
            tokens = [token() for _ in range(size)]
            receive(*(payloads.notification(leaf(payloads.scoped_wamid(payloads.CUSTOMER, one))) for one in tokens))
            scoped = [payloads.scoped_wamid(USER, one) for one in tokens]
            bodies = [act(id) for id in scoped for act in (reply, reaction, revoke)]
            with CaptureQueriesContext(connection) as captured:
                receive(*bodies)
            # Without what stores each notification and looks at it afterwards.
            return len(captured) - 2 * len(bodies)

        assert cost(2) == cost(20)


class NeverAnotherTests:
    """Two messages with one token, as two recipients of a broadcast list of the phone app have them."""

    def everything(self, target: str, **who: str) -> list[dict[str, Any]]:
        return [act(target, **who) for act in (reply, reaction, revoke)] + [edit(target, "changed", **who)]

    def untouched(self, message: Message) -> bool:
        message.refresh_from_db()
        answered = Message.objects.filter(quoted=message).exists()
        return not (answered or message.reactions.exists() or message.revoked_at or message.edited_at)

    def test_not_on_another_number(self, number: PhoneNumber, other_number: PhoneNumber) -> None:
        same = token()
        there = payloads.notification(
            leaf(payloads.scoped_wamid(payloads.CUSTOMER, same)), phone_number_id=other_number.phone_number_id
        )
        receive(there, *self.everything(payloads.scoped_wamid(USER, same)))
        assert self.untouched(Message.objects.get(number=other_number))

    def test_not_in_another_conversation(self, number: PhoneNumber) -> None:
        same = token()
        theirs = payloads.notification(leaf(payloads.scoped_wamid(OTHER, same), sender=OTHER, user="PT.88"))
        receive(theirs)
        receive(*self.everything(payloads.scoped_wamid(payloads.CUSTOMER, same)))
        assert self.untouched(Message.objects.get(wamid=payloads.scoped_wamid(OTHER, same)))

    def test_not_when_the_other_message_comes_later(self, number: PhoneNumber) -> None:
        same = token()
        receive(*self.everything(payloads.scoped_wamid(payloads.CUSTOMER, same)))
        receive(payloads.notification(leaf(payloads.scoped_wamid(OTHER, same), sender=OTHER, user="PT.88")))
        assert self.untouched(Message.objects.get(wamid=payloads.scoped_wamid(OTHER, same)))

    def test_not_by_the_status_of_another_recipient(self, number: PhoneNumber) -> None:
        same = token()
        receive(echo(payloads.scoped_wamid(OTHER, same), to=OTHER))
        receive(read(payloads.scoped_wamid(USER, same), recipient_user_id=USER))
        assert Message.objects.get().status == "sent"
        assert PendingStatus.objects.count() == 1
        assert pipeline.settle_waiting_statuses() == 0

    def test_two_with_one_token_in_one_conversation_stay_two_and_neither_is_guessed(self, number: PhoneNumber) -> None:
        same = token()
        receive(
            echo(payloads.scoped_wamid(payloads.CUSTOMER, same)),
            payloads.notification(leaf(payloads.scoped_wamid("351215550100", same))),
        )
        assert Message.objects.count() == 2
        receive(reply(payloads.scoped_wamid(USER, same)), reaction(payloads.scoped_wamid(USER, same)))
        assert Message.objects.get(text="an answer").quoted is None
        assert Reaction.objects.get().message is None

    def test_messages_of_different_moments_stay_two(self, number: PhoneNumber) -> None:
        """Only a message sent in the same second is taken for the same one: to keep one twice is better than to lose
        one."""
        same = token()
        later = leaf(payloads.scoped_wamid(USER, same)) | {"timestamp": str(NOW + 1)}
        receive(payloads.notification(leaf(payloads.scoped_wamid(payloads.CUSTOMER, same))))
        receive(payloads.notification(later))
        assert Message.objects.count() == 2


class ProviderIdTests:
    def test_a_status_under_the_providers_own_id_is_the_messages(self, number: PhoneNumber) -> None:
        own_id = "5c5b1a36-7a41-4e45-9a0f-6f3f6c0a1b2c"
        receive(payloads.notification(leaf(payloads.wamid())))
        conversation = Conversation.objects.get()
        message = Message.objects.create(
            number=number, conversation=conversation, direction="outbound", kind="text", origin="agent",
            provider_message_id=own_id, sent_at=conversation.last_message_at, status="sent",
        )  # fmt: skip
        receive(read(own_id))
        message.refresh_from_db()
        assert message.status == "read"
        assert message.wamid == "", "the provider's id is no wamid"


class NamedLaterTests:
    """A message of ours that had no id yet when the customer answered it: AWS tells the id with the first status."""

    def test_what_came_before_its_id_is_put_on_it(self, number: PhoneNumber) -> None:
        same = token()
        theirs, ours = payloads.scoped_wamid(USER, same), payloads.scoped_wamid(payloads.CUSTOMER, same)
        receive(payloads.notification(leaf(payloads.wamid())))
        conversation = Conversation.objects.get()
        press = uuid.uuid4()
        sent = Message.objects.create(
            number=number, conversation=conversation, direction="outbound", kind="text", origin="agent",
            client_token=press, sent_at=conversation.last_message_at, status="sent",
        )  # fmt: skip
        receive(reply(theirs), reaction(theirs))
        assert Reaction.objects.get().message is None
        receive(read(ours, biz_opaque_callback_data=callback_data.of_message(press)))
        assert Message.objects.get(text="an answer").quoted == sent
        assert Reaction.objects.get().message == sent


def token_of(wamid: str) -> str:
    return str(bulk.fetch("SELECT inbox_wamid_token(%s)", wamid)[0][0])


class TokenTests:
    def test_of_a_phone_a_user_and_a_group(self) -> None:
        assert {
            token_of(payloads.scoped_wamid(scope, "3EB0F4D25B5A4AB988DFAD", participant=participant))
            for scope in (payloads.CUSTOMER, USER)
            for participant in ("", OTHER)
        } == {"3EB0F4D25B5A4AB988DFAD"}

    @pytest.mark.parametrize(
        "wamid",
        [
            "wamid.TEST0000000117640000000000000000",
            "wacid.HBgLMTY0NjcwNDM1OTUVAgARGBI1QjJGRjI1RDY0RkE4Nzg4QzcA",
            payloads.scoped_wamid(USER, "product_inquiry1"),
            payloads.scoped_wamid(USER, "A" * 15),
            payloads.scoped_wamid(USER, "a" * 32),
            payloads.scoped_wamid(USER, "A" * 32)[:-8],
            "wamid." + base64.b64encode(b"\x1c\x18\xff" + b"A" * 60).decode(),
            "",
        ],
        ids=["ours", "a call", "words", "too short", "small letters", "cut off", "a lie about length", "none"],
    )
    def test_an_id_of_another_layout_is_its_own(self, wamid: str) -> None:
        assert token_of(wamid) == wamid


class AnyIdTests(HypothesisTestCase):
    @settings(max_examples=300)
    @given(
        st.binary(max_size=120) | st.binary(max_size=60).map(lambda tail: b"\x1c\x18\x03351\x15\x02\x00\x12\x18" + tail)
    )
    def test_no_id_breaks_it_and_none_but_a_token_comes_out(self, raw: bytes) -> None:
        wamid = "wamid." + base64.b64encode(raw).decode()
        found = token_of(wamid)
        assert found == wamid or (found.encode() in raw and len(found) >= 16)

    @settings(max_examples=300)
    @given(st.text(max_size=80).map(lambda text: text.replace("\0", "")))
    def test_no_text_breaks_it(self, text: str) -> None:
        clean = text.encode("utf-8", "replace").decode()
        assert token_of("wamid." + clean) == "wamid." + clean
