"""The list of conversations."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from inbox.models import Agent, Contact, Conversation, Outbox
from inbox.web.queries import conversation_list
from tests.inbox.thread_rows import NOON, conversation, message
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db


def rows(html: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'data-row="(\d+)"', html)]


def text(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined]


@pytest.fixture
def amara(number: PhoneNumber) -> Conversation:
    amara = conversation(number)
    message(amara, "Is it in stock?", at=NOON)
    return amara


class ConversationsTests:
    def test_it_works(self, client: Client, alice: Agent, amara: Conversation) -> None:
        client.force_login(alice)
        html = text(client.get("/"))
        assert "Amara Okafor" in html
        assert "Is it in stock?" in html
        assert "Choose a conversation" in html

    def test_it_sends_a_stranger_to_the_login(self, client: Client, amara: Conversation) -> None:
        response = client.get("/")
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/")

    def test_it_hides_other_peoples_numbers(self, client: Client, charlie: Agent, amara: Conversation) -> None:
        client.force_login(charlie)
        html = text(client.get("/"))
        assert "Amara" not in html
        assert "No conversations yet" in html

    def test_it_says_what_is_missing_to_an_agent_without_numbers(self, client: Client, db: None) -> None:
        client.force_login(Agent.objects.create_user("dora"))
        assert "You have no numbers yet" in text(client.get("/"))

    def test_it_refuses_other_methods(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        assert client.post("/").status_code == 405

    def test_it_is_never_cached(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        response = client.get("/")
        assert "no-store" in response.headers["Cache-Control"]
        assert "HX-Request" in response.headers["Vary"]

    def test_it_shows_the_newest_first(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        old, new = conversation(number, "Old"), conversation(number, "New")
        message(old, "a", at=NOON)
        message(new, "b", at=NOON + timedelta(hours=1))
        client.force_login(alice)
        assert rows(text(client.get("/"))) == [new.pk, old.pk]

    def test_it_pages_through_equal_times_without_loss_or_repetition(
        self, client: Client, alice: Agent, number: PhoneNumber
    ) -> None:
        expected = []
        for i in range(70):
            one = conversation(number, f"Person {i}", phone=None)
            message(one, "at the same moment", at=NOON)
            expected.append(one.pk)
        client.force_login(alice)
        found, address = [], "/"
        while address:
            html = text(client.get(address, headers={"HX-Request": "true"} if found else {}))
            found += rows(html)
            match = re.search(r'class="list__more" href="([^"]+)"', html)
            address = match[1].replace("&amp;", "&") if match else ""
        assert found == expected[::-1]

    def test_it_answers_htmx_with_rows_only(self, client: Client, alice: Agent, amara: Conversation) -> None:
        client.force_login(alice)
        html = text(client.get("/conversations/", headers={"HX-Request": "true"}))
        assert rows(html) == [amara.pk]
        assert "<html" not in html

    @pytest.mark.parametrize(
        "place", ["x", "1", "1,x", "99999999999999999999999,1", "1,99999999999999999999", "-1e5,2"]
    )
    def test_it_knows_no_place_that_is_none(self, client: Client, alice: Agent, place: str) -> None:
        client.force_login(alice)
        assert client.get("/", {"before": place}).status_code == 404

    def test_it_filters_unread_and_number(
        self, client: Client, alice: Agent, number: PhoneNumber, other_number: PhoneNumber, amara: Conversation
    ) -> None:
        alice.numbers.add(other_number)
        unread, elsewhere = conversation(number, "Bea"), conversation(other_number, "Cato")
        Conversation.objects.filter(pk__in=[unread.pk, elsewhere.pk]).update(unread_count=2)
        client.force_login(alice)
        assert set(rows(text(client.get("/?filter=unread")))) == {unread.pk, elsewhere.pk}
        assert rows(text(client.get(f"/?filter=unread&number={number.pk}"))) == [unread.pk]
        assert set(rows(text(client.get(f"/?number={number.pk}")))) == {unread.pk, amara.pk}

    def test_it_shows_nothing_of_a_number_that_is_not_ours(
        self, client: Client, alice: Agent, other_number: PhoneNumber
    ) -> None:
        conversation(other_number, "Cato")
        client.force_login(alice)
        assert rows(text(client.get(f"/?number={other_number.pk}"))) == []

    def test_it_marks_unread_and_windows_that_close_soon(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        Conversation.objects.update(unread_count=3, window_closes_at=timezone.now() + timedelta(minutes=35, seconds=30))
        client.force_login(alice)
        html = text(client.get("/"))
        assert "conversation-row--unread" in html
        assert ">35 min<" in html
        assert "<title>(1) Inbox</title>" in html

    def test_it_counts_unread_conversations_up_to_a_limit(
        self, client: Client, alice: Agent, number: PhoneNumber
    ) -> None:
        for i in range(101):
            conversation(number, f"Person {i}", phone=None)
        Conversation.objects.update(unread_count=1)
        client.force_login(alice)
        assert "<title>(99+) Inbox</title>" in text(client.get("/"))

    def test_it_keeps_a_name_from_disturbing_its_row(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        message(conversation(number, "\u202eevil\u2066" + "x" * 400), "hello")
        client.force_login(alice)
        html = text(client.get("/"))
        assert "\u202e" not in html
        assert "x" * 100 not in html

    @pytest.mark.parametrize("size", [3, 30])
    def test_it_asks_the_same_few_questions_however_many_rows(
        self, client: Client, alice: Agent, number: PhoneNumber, size: int, django_assert_num_queries: object
    ) -> None:
        for i in range(size):
            message(conversation(number, f"Person {i}", phone=None), "hello")
        client.force_login(alice)
        with django_assert_num_queries(4):  # type: ignore[operator]
            client.get("/")


class ClosingTests:
    def test_it_lists_the_windows_that_close_within_two_hours(
        self, client: Client, alice: Agent, number: PhoneNumber
    ) -> None:
        now = timezone.now()
        found = []
        for name, hours in (("Soon", 1.5), ("Later", 3.0), ("Closed", -0.1)):
            row = conversation(number, name, phone=f"+35191111111{len(found)}")
            message(row, "Hello", at=now - timedelta(hours=24 - hours))
            Conversation.objects.filter(pk=row.pk).update(window_closes_at=now + timedelta(hours=hours))
            found.append(row.pk)
        client.force_login(alice)
        html = text(client.get("/?filter=closing"))
        assert rows(html) == found[:1]
        assert "1 h 29" in html
        assert set(rows(text(client.get("/")))) == set(found)

    def test_a_paused_number_is_told_on_top(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        Outbox.objects.create(number=number, probe_at=timezone.now(), reason="The token <has> expired.")
        client.force_login(alice)
        assert "The token &lt;has&gt; expired." in text(client.get("/"))

    def test_another_numbers_pause_is_not(
        self, client: Client, alice: Agent, number: PhoneNumber, other_number: PhoneNumber
    ) -> None:
        Outbox.objects.create(number=other_number, probe_at=timezone.now(), reason="Expired.")
        client.force_login(alice)
        assert "Expired." not in text(client.get("/"))

    def test_it_finds_people_within_a_filter(
        self, client: Client, alice: Agent, number: PhoneNumber, amara: Conversation
    ) -> None:
        bea = conversation(number, "Bea Okafor", phone="+351911111111")
        Conversation.objects.filter(pk=bea.pk).update(unread_count=1)
        client.force_login(alice)
        assert set(rows(text(client.get("/?q=okafor")))) == {amara.pk, bea.pk}
        assert rows(text(client.get("/?q=okafor&filter=unread"))) == [bea.pk]
        assert rows(text(client.get("/?q=5678"))) == [amara.pk]
        html = text(client.get("/", {"q": "<b>nobody"}))
        assert "No contacts match “<bdi>&lt;b&gt;nobody</bdi>”" in html

    def test_it_finds_nobody_of_a_number_that_is_not_ours(
        self, client: Client, charlie: Agent, amara: Conversation
    ) -> None:
        client.force_login(charlie)
        assert rows(text(client.get("/?q=amara"))) == []

    def test_it_filters_what_failed(
        self, client: Client, alice: Agent, number: PhoneNumber, amara: Conversation
    ) -> None:
        failed, doubtful = conversation(number, "Bea"), conversation(number, "Cai")
        message(failed, "Ours", direction="outbound", status="failed")
        message(doubtful, "Ours", direction="outbound", status="unknown", at=NOON - timedelta(hours=1))
        client.force_login(alice)
        assert rows(text(client.get("/?filter=failed"))) == [failed.pk, doubtful.pk]

    def test_a_failure_stays_marked_however_much_is_said_after_it(
        self, client: Client, alice: Agent, number: PhoneNumber, amara: Conversation
    ) -> None:
        mark = "A message was not sent, or may not have been"
        client.force_login(alice)
        message(amara, "Ours", direction="outbound", status="failed", at=NOON + timedelta(minutes=1))
        message(amara, "Hello?", at=NOON + timedelta(minutes=2))
        message(amara, "Here I am", direction="outbound", at=NOON + timedelta(minutes=3))
        html = text(client.get("/?filter=failed"))
        assert rows(html) == [amara.pk]
        assert mark in html
        message(amara, "One more", direction="outbound", status="failed", at=NOON + timedelta(minutes=4))
        assert mark not in text(client.get("/"))  # the tick of the last message says it

    def test_it_shows_previews_without_the_signs_of_markup(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        message(amara, "Is it *in stock*, _please_? 2*3*4", at=NOON + timedelta(hours=1))
        client.force_login(alice)
        assert ">Is it in stock, please? 2*3*4<" in text(client.get("/"))


class PinTests:
    def test_pinned_conversations_stand_on_top_for_their_agent_alone(
        self, client: Client, alice: Agent, bob: Agent, number: PhoneNumber, amara: Conversation
    ) -> None:
        newer = conversation(number, "Bea")
        message(newer, "New", at=NOON + timedelta(hours=1))
        client.force_login(alice)
        for _ in range(2):
            assert client.post(f"/conversations/{amara.pk}/pin/", {"pinned": "1"}).status_code == 302
        assert rows(text(client.get("/"))) == [amara.pk, newer.pk]
        client.force_login(bob)
        assert rows(text(client.get("/"))) == [newer.pk, amara.pk]
        client.force_login(alice)
        client.post(f"/conversations/{amara.pk}/pin/", {"pinned": ""})
        assert rows(text(client.get("/"))) == [newer.pk, amara.pk]

    def test_no_more_than_a_few_are_pinned(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        client.force_login(alice)
        found = [conversation(number, f"Person {i}", phone=None) for i in range(6)]
        answers = [client.post(f"/conversations/{one.pk}/pin/", {"pinned": "1"}).status_code for one in found]
        assert answers == [302] * 5 + [422]

    def test_a_conversation_that_is_not_ours_cannot_be_pinned(
        self, client: Client, charlie: Agent, amara: Conversation
    ) -> None:
        client.force_login(charlie)
        assert client.post(f"/conversations/{amara.pk}/pin/", {"pinned": "1"}).status_code == 404


class MarkUnreadTests:
    def test_it_counts_as_unread_again(self, client: Client, alice: Agent, amara: Conversation) -> None:
        client.force_login(alice)
        assert client.post(f"/conversations/{amara.pk}/unread/").status_code == 302
        assert rows(text(client.get("/?filter=unread"))) == [amara.pk]

    def test_others_cannot(self, client: Client, charlie: Agent, amara: Conversation) -> None:
        client.force_login(charlie)
        assert client.post(f"/conversations/{amara.pk}/unread/").status_code == 404
        assert client.get(f"/conversations/{amara.pk}/unread/").status_code == 405


class ManyPeopleTests:
    """A search takes different ways to the few and to the many; what is found does not depend on the way."""

    @pytest.fixture
    def crowd(self, number: PhoneNumber) -> None:
        people = Contact.objects.bulk_create(
            Contact(profile_name="Zora Old" if i < 3 else f"Person {i}") for i in range(conversation_list.NEWEST + 40)
        )
        Conversation.objects.bulk_create(
            Conversation(number=number, contact=person, last_message_at=NOON + timedelta(minutes=i))
            for i, person in enumerate(people)
        )

    def test_it_finds_who_wrote_long_ago(self, client: Client, alice: Agent, crowd: None) -> None:
        client.force_login(alice)
        assert len(rows(text(client.get("/?q=zora")))) == 3

    @pytest.mark.parametrize(
        ("few", "newer"), [(conversation_list.FEW, conversation_list.NEWER), (5, conversation_list.NEWER), (5, 160)]
    )
    def test_it_finds_everybody_page_by_page(
        self, client: Client, alice: Agent, crowd: None, monkeypatch: pytest.MonkeyPatch, few: int, newer: int
    ) -> None:
        monkeypatch.setattr(conversation_list, "FEW", few)
        monkeypatch.setattr(conversation_list, "NEWER", newer)
        client.force_login(alice)
        found, address = [], "/?q=person"
        while address:
            html = text(client.get(address, headers={"HX-Request": "true"}))
            found += rows(html)
            match = re.search(r'class="list__more" href="([^"]+)"', html)
            address = match[1].replace("&amp;", "&") if match else ""
        assert len(found) == conversation_list.NEWEST + 37
        assert found == sorted(found, reverse=True)
