"""Our reactions: shown on the phone, changed, taken back, and honest when WhatsApp refuses them."""

from __future__ import annotations

import pytest

from inbox.models import Message, PendingStatus, Reaction
from inbox.sending import queue, reactions
from tests.simulated import Phone


def inbound(phone: Phone) -> Message:
    return phone.writes().messages.get(direction="inbound")


class ReactionTests:
    def test_one_appears_on_the_phone_and_can_be_taken_back(self, phone: Phone) -> None:
        message = inbound(phone)

        queue.react(message, "👍")
        reactions.send_queued()
        assert phone.shows()[-1]["leaf"]["reaction"] == {"message_id": message.wamid, "emoji": "👍"}
        assert Reaction.objects.get().status == "sent"

        queue.react(message, "")
        reactions.send_queued()
        assert phone.shows()[-1]["leaf"]["reaction"]["emoji"] == ""
        assert Reaction.objects.get().emoji == ""

    def test_its_receipts_wait_for_no_message(self, phone: Phone) -> None:
        queue.react(inbound(phone), "👍")
        reactions.send_queued()
        phone.settle()

        assert not PendingStatus.objects.exists()

    def test_a_refusal_is_written_on_it(self, phone: Phone) -> None:
        message = inbound(phone)
        phone.faults(refuse=131026)

        queue.react(message, "👍")
        reactions.send_queued()
        phone.settle()

        reaction = Reaction.objects.get()
        assert reaction.status == "failed"
        assert reaction.error

    def test_what_is_no_emoji_is_a_sentence(self, phone: Phone) -> None:
        with pytest.raises(queue.NotSendableError):
            queue.react(inbound(phone), "well done")
