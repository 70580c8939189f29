"""People: the same one recognised, strangers kept apart."""

from __future__ import annotations

from typing import Any

import pytest

from inbox.models import Contact, ContactIdentity, Conversation
from tests import payloads
from tests.inbox.receiving.support import receive
from whatsapp import phone_numbers
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db

USER_ID = "PT.90210000000000001"
OTHER_USER_ID = "PT.90210000000000002"


def text(*, wa_id: str = "", user_id: str = "", **profile: str) -> dict[str, Any]:
    """A text from somebody whom the payload names by these ids only."""
    leaf = payloads.message()
    del leaf["from"]
    contact: dict[str, Any] = {"profile": {"name": "Tomasz", **profile}}
    if wa_id:
        leaf["from"] = contact["wa_id"] = wa_id
    if user_id:
        leaf["from_user_id"] = contact["user_id"] = user_id
    return payloads.notification(messages=[leaf], contacts=[contact])


class IdentityTests:
    def test_somebody_without_a_phone_number_has_a_conversation(self, number: PhoneNumber) -> None:
        receive(text(user_id=USER_ID, username="tomasz.k"))
        contact = Contact.objects.get()
        assert contact.phone is None
        assert contact.username == "tomasz.k"
        assert Conversation.objects.get().contact == contact

    def test_two_people_without_phone_numbers_are_two_contacts(self, number: PhoneNumber) -> None:
        receive(text(user_id=USER_ID), text(user_id=OTHER_USER_ID))
        assert Contact.objects.count() == 2

    def test_ids_that_come_together_are_linked(self, number: PhoneNumber) -> None:
        receive(text(wa_id="351915550123"))
        receive(text(wa_id="351915550123", user_id=USER_ID))
        receive(text(user_id=USER_ID))
        assert Contact.objects.count() == 1
        assert Conversation.objects.get().unread_count == 3

    def test_ids_are_linked_whatever_their_order_in_a_batch(self, number: PhoneNumber) -> None:
        receive(text(user_id=USER_ID), text(wa_id="351915550123"), text(wa_id="351915550123", user_id=USER_ID))
        assert Contact.objects.get().phone == "+351915550123"

    def test_ids_that_belong_to_two_contacts_never_merge_by_themselves(self, number: PhoneNumber) -> None:
        receive(text(wa_id="351915550123"))
        receive(text(user_id=USER_ID))
        receive(text(wa_id="351915550123", user_id=USER_ID))
        assert Contact.objects.count() == 2
        assert Conversation.objects.get(contact__identities__value=USER_ID).unread_count == 2

    def test_a_phone_number_that_was_handed_on_is_another_person(self, number: PhoneNumber) -> None:
        receive(text(wa_id="351915550123", user_id=USER_ID))
        receive(text(wa_id="351915550123", user_id=OTHER_USER_ID))
        receive(text(wa_id="351915550123", user_id=OTHER_USER_ID))
        assert Contact.objects.count() == 2
        assert Conversation.objects.get(contact__identities__value=OTHER_USER_ID).unread_count == 2

    def test_a_user_id_means_nothing_in_another_account(self, number: PhoneNumber, other_number: PhoneNumber) -> None:
        other_number.waba_id = "100000000000009"
        other_number.save()
        receive(text(user_id=USER_ID))
        body = text(user_id=USER_ID)
        body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = other_number.phone_number_id
        receive(body)
        assert Contact.objects.count() == 2

    def test_a_changed_number_stays_the_same_person(self, number: PhoneNumber) -> None:
        receive(text(wa_id="351915550123"))
        system = {"body": "changed", "type": "user_changed_number", "wa_id": "351915550999"}
        leaf = payloads.message("system", sender="351915550123", system=system)
        body = payloads.notification(messages=[leaf])
        receive(body)
        receive(text(wa_id="351915550999"))
        contact = Contact.objects.get()
        assert contact.phone == "+351915550999"
        assert Conversation.objects.get().unread_count == 2
        assert Conversation.objects.get().messages.count() == 3

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("5511987654321", "551187654321"),
            ("5215512345678", "525512345678"),
            ("5491112345678", "541112345678"),
        ],
    )
    def test_the_variants_of_a_phone_number_are_one_person(self, number: PhoneNumber, first: str, second: str) -> None:
        assert phone_numbers.variants(first) == [second]
        assert phone_numbers.variants(second) == [first]
        receive(text(wa_id=first))
        receive(text(wa_id=second))
        assert Contact.objects.count() == 1
        assert ContactIdentity.objects.count() == 2

    def test_a_group_is_one_conversation_with_its_authors_named(self, number: PhoneNumber) -> None:
        for sender in ("351915550123", "351915550124"):
            receive(payloads.notification(payloads.message(sender=sender, group_id="GROUP1"), name=f"Name {sender}"))
        conversation = Conversation.objects.get()
        assert conversation.contact.is_group
        authors = {message.author.profile_name for message in conversation.messages.all() if message.author}
        assert authors == {"Name 351915550123", "Name 351915550124"}


class MarketingTests:
    def told(self, value: str, at: int) -> dict[str, Any]:
        leaf = {"wa_id": payloads.CUSTOMER, "category": "marketing_messages", "value": value, "timestamp": at}
        return payloads.notification(field="user_preferences", user_preferences=[leaf])

    @pytest.mark.parametrize("word", ["resume", "signup"])
    def test_asking_for_marketing_takes_back_that_none_was_wanted(self, number: PhoneNumber, word: str) -> None:
        receive(self.told("stop", 1_760_000_000))
        assert Contact.objects.get().marketing_stopped_at is not None
        receive(self.told(word, 1_760_000_100))
        assert Contact.objects.get().marketing_stopped_at is None
