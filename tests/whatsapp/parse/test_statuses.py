"""Statuses of our messages: every word, whom it is about, what it costs and why it failed."""

from __future__ import annotations

import pytest

from tests.whatsapp.parse.support import LEAF, NAMELESS, PARENT, USER_ID, about, notification, only
from whatsapp.events import BadLeaf, Fault, Party, PaymentChanged, StatusChanged, Unrecognized
from whatsapp.parse import parse

PATH = f"{LEAF}.statuses[0]"
BOTH_IDS = Party("351915550123", USER_ID)


def status(word: str, **fields: object) -> StatusChanged:
    return StatusChanged(**(about(PATH) | {"wamid": "wamid.OURS", "status": word, "party": NAMELESS} | fields))


class StatusTests:
    def test_sent_with_our_own_id_and_the_price(self) -> None:
        assert only("status_sent") == status(
            "sent",
            party=BOTH_IDS,
            callback_data="message-77",
            pricing={"billable": True, "model": "PMP", "type": "regular", "category": "utility"},
        )

    def test_delivered_to_a_person_with_all_ids(self) -> None:
        party = Party("351915550123", USER_ID, PARENT)
        assert only("status_delivered") == status("delivered", party=party)

    def test_the_parent_id_had_another_name_until_may_2026(self) -> None:
        assert only("status_delivered_of_old") == status(
            "delivered",
            party=Party("351915550123", USER_ID, PARENT),
            pricing={"billable": False, "model": "CBP", "category": "service"},
        )

    @pytest.mark.parametrize("key", ["recipient_parent_user_id", "parent_recipient_user_id", "parent_user_id"])
    def test_the_parent_id_has_three_names_in_metas_pages(self, key: str) -> None:
        leaf = {"id": "wamid.OURS", "status": "read", "recipient_user_id": USER_ID, key: PARENT}
        (event,) = parse(notification(leaf, key="statuses"))
        assert isinstance(event, StatusChanged)
        assert event.party == Party("", USER_ID, PARENT)

    @pytest.mark.parametrize("word", ["read", "played"])
    def test_read_and_played(self, word: str) -> None:
        assert only(f"status_{word}") == status(word)

    def test_failed_says_why(self) -> None:
        fault = Fault(131026, "Message undeliverable", "Message Undeliverable.")
        assert only("status_failed") == status("failed", faults=(fault,))

    def test_about_somebody_without_a_phone_number(self) -> None:
        party = Party(user_id=USER_ID, name="Amara Okafor")
        assert only("status_without_phone") == status("delivered", party=party)

    def test_a_word_that_we_do_not_know_is_kept(self) -> None:
        assert only("status_of_the_future") == status("teleported")

    def test_words_in_capitals_are_the_same_words(self) -> None:
        (event,) = parse(notification({"id": "wamid.OURS", "status": "DELIVERED"}, key="statuses"))
        assert isinstance(event, StatusChanged)
        assert event.status == "delivered"

    def test_of_a_group_it_says_who_of_the_group(self) -> None:
        assert only("status_in_group") == status(
            "read", party=Party(), group_id="R3JvdXBPZk5vcnRl", participant=Party("351915550123", USER_ID, PARENT)
        )

    def test_of_a_group_in_older_words(self) -> None:
        assert only("status_in_group_of_old") == status(
            "delivered",
            party=Party(),
            group_id="R3JvdXBPZk5vcnRl",
            participant=NAMELESS,
            pricing={"billable": True, "model": "PMP", "category": "group_service"},
        )

    @pytest.mark.parametrize("word", [None, "", [], {}])
    def test_a_status_without_a_word_is_a_bad_leaf(self, word: object) -> None:
        (event,) = parse(notification({"id": "wamid.OURS", "status": word}, key="statuses"))
        assert isinstance(event, BadLeaf)
        assert event.reason == "It does not say what the status is."

    def test_a_status_of_no_message_is_a_bad_leaf(self) -> None:
        (event,) = parse(notification({"status": "read"}, key="statuses"))
        assert isinstance(event, BadLeaf)
        assert event.reason == "It has no usable message id."

    @pytest.mark.parametrize("part", [None, 5, [], {"billable": "yes"}, {"pricing_model": None}])
    def test_a_price_that_makes_no_sense_is_no_price(self, part: object) -> None:
        (event,) = parse(notification({"id": "wamid.OURS", "status": "sent", "pricing": part}, key="statuses"))
        assert isinstance(event, StatusChanged)
        assert event.pricing == {}


class OtherTypeTests:
    def leaf(self, kind: str, **parts: object) -> dict[str, object]:
        return {"id": "wamid.OURS", "recipient_id": "351915550123", "type": kind, "status": "failed"} | parts

    def test_a_payment_is_no_delivery(self) -> None:
        told = {
            "reference_id": "order-7",
            "amount": {"value": 1999, "offset": 100},
            "currency": "BRL",
            "transaction": {"id": "t", "type": "pix", "status": "failed"},
        }
        (event,) = parse(notification(self.leaf("payment", payment=told), key="statuses"))
        assert isinstance(event, PaymentChanged)
        assert event.status == "failed"
        assert event.payment == {
            "reference_id": "order-7",
            "amount": "19.99",
            "currency": "BRL",
            "attempt": "failed",
        }

    @pytest.mark.parametrize("amount", [None, {}, {"value": 5}, {"value": 5, "offset": 0}, {"value": "x", "offset": 1}])
    def test_an_amount_that_cannot_be_read_is_left_out(self, amount: object) -> None:
        (event,) = parse(notification(self.leaf("payment", payment={"amount": amount}), key="statuses"))
        assert isinstance(event, PaymentChanged)
        assert event.payment == {}

    def test_a_type_that_we_do_not_know_changes_nothing(self) -> None:
        (event,) = parse(notification(self.leaf("refund"), key="statuses"))
        assert isinstance(event, Unrecognized)
        assert event.what == "status of type refund"

    def test_a_message_is_what_it_is_about_when_it_says_so(self) -> None:
        (event,) = parse(notification(self.leaf("message"), key="statuses"))
        assert isinstance(event, StatusChanged)
