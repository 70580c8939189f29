"""One conversation: its thread, the stretches of it, one message of it, and the mark that it was read."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from inbox.models import Agent, Conversation
from tests.inbox.thread_rows import NOON, conversation, media, message, thread
from tests.inbox.web.views.test_conversations import rows, text
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db


def messages(html: str) -> list[str]:
    return re.findall(r">(Message \d+)", html)


def link(html: str, name: str) -> str:
    match = re.search(rf'data-{name}="([^"]+)"', html)
    return match[1].replace("&amp;", "&") if match else ""


class ConversationTests:
    def test_it_works(self, client: Client, alice: Agent, amara: Conversation) -> None:
        message(amara, "Is it in *stock*?")
        message(amara, "It is.", direction="outbound", agent=alice, status="read", at=NOON + timedelta(minutes=1))
        client.force_login(alice)
        html = text(client.get(f"/conversations/{amara.pk}/"))
        assert "Is it in <strong>stock</strong>?" in html
        assert "tick--read" in html
        assert rows(html) == [amara.pk]
        assert "+351 912 345 678" in html

    def test_it_does_not_exist_for_an_agent_of_another_number(
        self, client: Client, charlie: Agent, amara: Conversation
    ) -> None:
        client.force_login(charlie)
        for address in ("", "messages/", "?details"):
            assert client.get(f"/conversations/{amara.pk}/{address}").status_code == 404
        assert client.get("/conversations/987654321/").status_code == 404

    def test_it_sends_a_stranger_to_the_login(self, client: Client, amara: Conversation) -> None:
        assert client.get(f"/conversations/{amara.pk}/").status_code == 302
        assert client.get(f"/conversations/{amara.pk}/messages/").status_code == 302

    def test_it_refuses_other_methods(self, client: Client, alice: Agent, amara: Conversation) -> None:
        client.force_login(alice)
        assert client.post(f"/conversations/{amara.pk}/").status_code == 405
        assert client.post(f"/conversations/{amara.pk}/messages/").status_code == 405

    def test_it_gives_htmx_less_of_the_page(self, client: Client, alice: Agent, amara: Conversation) -> None:
        message(amara, "Message 1")
        client.force_login(alice)
        html = text(client.get(f"/conversations/{amara.pk}/", headers={"HX-Request": "true"}))
        assert messages(html) == ["Message 1"]
        assert rows(html) == []
        assert "<title>Amara Okafor · Inbox</title>" in html

    def test_it_gives_the_whole_page_back_to_the_browsers_history(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        client.force_login(alice)
        headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
        assert "<html" in text(client.get(f"/conversations/{amara.pk}/", headers=headers))

    def test_it_opens_at_the_newest_and_pages_back_through_equal_times(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        thread(amara, 120, step=timedelta(0))
        client.force_login(alice)
        html = text(client.get(f"/conversations/{amara.pk}/"))
        found = messages(html.split('class="thread__messages"')[1].split("thread__foot")[0])
        assert len(found) == 30
        while address := link(html, "older"):
            html = text(client.get(address))
            found = messages(html) + found
        assert found == [f"Message {i + 1}" for i in range(120)]

    def test_it_opens_around_a_message_and_pages_both_ways(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        rows = thread(amara, 200, step=timedelta(seconds=1))
        client.force_login(alice)
        html = text(client.get(f"/conversations/{amara.pk}/?at={rows[99].pk}", headers={"HX-Request": "true"}))
        found, back = messages(html), html
        assert "Message 100" in found
        assert 25 < found.index("Message 100") + 1 <= 26
        while address := link(html, "newer"):
            html = text(client.get(address))
            found += messages(html)
        while address := link(back, "older"):
            back = text(client.get(address))
            found = messages(back) + found
        assert found == [f"Message {i + 1}" for i in range(200)]

    def test_it_does_not_open_around_a_message_of_somebody_else(
        self, client: Client, alice: Agent, amara: Conversation, other_number: PhoneNumber
    ) -> None:
        theirs = message(conversation(other_number, "Cato"), "secret")
        client.force_login(alice)
        assert client.get(f"/conversations/{amara.pk}/?at={theirs.pk}").status_code == 404

    @pytest.mark.parametrize("query", ["before=x", "after=1", "before=1,99999999999999999999", "after=9e9,1"])
    def test_it_knows_no_place_that_is_none(
        self, client: Client, alice: Agent, amara: Conversation, query: str
    ) -> None:
        client.force_login(alice)
        assert client.get(f"/conversations/{amara.pk}/messages/?{query}").status_code == 404

    def test_it_draws_the_line_before_the_first_unread(self, client: Client, alice: Agent, amara: Conversation) -> None:
        thread(amara, 3)
        Conversation.objects.update(unread_count=2)
        client.force_login(alice)
        html = text(client.get(f"/conversations/{amara.pk}/"))
        assert html.index("Message 1") < html.index("2 new messages") < html.index("Message 2")

    def test_the_line_stands_only_where_the_first_unread_is(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        rows = thread(amara, 120)
        message(amara, kind="system", at=NOON + timedelta(days=1))
        message(amara, "Old", at=NOON + timedelta(days=1), historic=True)
        Conversation.objects.update(unread_count=80)
        client.force_login(alice)
        html = text(client.get(f"/conversations/{amara.pk}/"))
        first = rows[40]
        assert "new-line" not in html
        assert f'data-first-unread="{first.pk}"' in html
        assert f"?at={first.pk}#message-{first.pk}" in html
        html = text(client.get(f"/conversations/{amara.pk}/?at={first.pk}"))
        assert html.index("Message 40<") < html.index("80 new messages</div>") < html.index("Message 41<")

    def test_a_date_leads_to_the_first_message_of_the_readers_day(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        message(amara, "before", at=NOON.replace(hour=21, minute=59))
        first = message(amara, "after", at=NOON.replace(hour=22, minute=1))
        client.force_login(alice)
        client.cookies["timezone"] = "Europe/Helsinki"
        answer = client.get(f"/conversations/{amara.pk}/?on=2026-11-21")
        assert (answer.status_code, answer["Location"]) == (
            302,
            f"/conversations/{amara.pk}/?at={first.pk}#message-{first.pk}",
        )

    def test_a_day_without_messages_leads_to_the_next_and_a_later_one_to_the_newest(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        rows = thread(amara, 3, step=timedelta(days=2))
        client.force_login(alice)
        for day, row in (("2026-11-21", rows[1]), ("2030-01-01", rows[2]), ("0001-01-01", rows[0])):
            assert f"?at={row.pk}#" in client.get(f"/conversations/{amara.pk}/?on={day}")["Location"]

    @pytest.mark.parametrize("day", ["", "yesterday", "2026-13-01", "9999999-01-01"])
    def test_what_is_no_date_is_404(self, client: Client, alice: Agent, amara: Conversation, day: str) -> None:
        client.force_login(alice)
        assert client.get(f"/conversations/{amara.pk}/messages/?on={day}").status_code == 404

    def test_a_part_comes_back_with_both_its_ends(self, client: Client, alice: Agent, amara: Conversation) -> None:
        thread(amara, 20, step=timedelta(0))
        client.force_login(alice)
        html = text(client.get(f"/conversations/{amara.pk}/"))
        places = re.findall(r'data-place="([^"]+)"', html.split('class="thread__messages"')[1])
        address = f"/conversations/{amara.pk}/messages/?from={places[4]}&to={places[9]}"
        assert messages(text(client.get(address))) == [f"Message {i}" for i in range(5, 11)]
        assert client.get(f"/conversations/{amara.pk}/messages/?from={places[4]}").status_code == 404

    def test_deleted_words_are_for_administrators_or_all_as_policy_says(
        self, client: Client, alice: Agent, amara: Conversation, settings: Any
    ) -> None:
        message(amara, "my secret", revoked_at=NOON)
        client.force_login(alice)
        address = f"/conversations/{amara.pk}/"
        assert "my secret" not in text(client.get(f"{address}messages/"))
        settings.DELETED_TEXT = "show"
        html = text(client.get(f"{address}messages/"))
        assert "my secret" in html
        assert "Amara Okafor deleted this message" in html
        settings.DELETED_TEXT = "hide"
        Agent.objects.filter(pk=alice.pk).update(is_staff=True)
        assert "my secret" in text(client.get(f"{address}messages/"))

    def test_it_groups_by_sender_within_five_minutes(self, client: Client, alice: Agent, amara: Conversation) -> None:
        for minutes in (0, 4, 10):
            message(amara, "hello", at=NOON + timedelta(minutes=minutes))
        client.force_login(alice)
        html = text(client.get(f"/conversations/{amara.pk}/"))
        classes = re.findall(r'class="message message--inbound([^"]*)"', html)
        assert classes == [" message--first", " message--last", " message--first message--last"]

    def test_it_separates_days_in_the_readers_time_zone(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        message(amara, "late", at=NOON.replace(hour=23, minute=30))
        message(amara, "early", at=NOON.replace(hour=23, minute=50))
        client.force_login(alice)
        assert text(client.get(f"/conversations/{amara.pk}/")).count('class="day"') == 1
        client.cookies["timezone"] = "Europe/Helsinki"
        html = text(client.get(f"/conversations/{amara.pk}/"))
        assert 'data-day="2026-11-21"' in html
        assert ">01:30<" in html

    @pytest.mark.parametrize("zone", ["../../etc/passwd", "Mars/Olympus", "x" * 5000, "Europe", "\x00"])
    def test_it_ignores_a_time_zone_that_is_none(
        self, client: Client, alice: Agent, amara: Conversation, zone: str
    ) -> None:
        client.cookies["timezone"] = zone
        client.force_login(alice)
        assert client.get(f"/conversations/{amara.pk}/").status_code == 200

    @pytest.mark.parametrize("size", [3, 30])
    def test_it_asks_the_same_few_questions_however_many_messages(
        self, client: Client, alice: Agent, amara: Conversation, size: int, django_assert_num_queries: object
    ) -> None:
        for i in range(size):
            media(amara, text=f"Message {i}", at=NOON + timedelta(minutes=i))
        client.force_login(alice)
        with django_assert_num_queries(8):  # type: ignore[operator]
            client.get(f"/conversations/{amara.pk}/")


class MessageTests:
    def test_it_shows_the_whole_of_a_long_text(self, client: Client, alice: Agent, amara: Conversation) -> None:
        long = message(amara, "a" * 6000 + " the end")
        client.force_login(alice)
        html = text(client.get(f"/conversations/{amara.pk}/"))
        assert "the end" not in html.split('class="thread__messages"')[1]
        assert "Show all 6,008 characters" in html
        assert "the end" in text(client.get(f"/messages/{long.pk}/"))

    def test_it_does_not_exist_for_an_agent_of_another_number(
        self, client: Client, charlie: Agent, amara: Conversation
    ) -> None:
        client.force_login(charlie)
        assert client.get(f"/messages/{message(amara, 'hello').pk}/").status_code == 404

    def test_it_refuses_other_methods(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        assert client.post("/messages/1/").status_code == 405


class ReadTests:
    def test_it_marks_what_the_page_showed(self, client: Client, alice: Agent, amara: Conversation) -> None:
        message(amara, "hello")
        Conversation.objects.update(unread_count=2)
        amara.refresh_from_db()
        client.force_login(alice)
        response = client.post(f"/conversations/{amara.pk}/read/", {"changed": amara.changed_xid})
        assert response.status_code == 204
        amara.refresh_from_db()
        assert amara.unread_count == 0

    def test_it_leaves_alone_what_arrived_after_the_page_was_drawn(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        Conversation.objects.update(unread_count=2)
        amara.refresh_from_db()
        client.force_login(alice)
        response = client.post(f"/conversations/{amara.pk}/read/", {"changed": amara.changed_xid - 1})
        assert response.status_code == 204
        amara.refresh_from_db()
        assert amara.unread_count == 2

    @pytest.mark.parametrize("changed", ["", "x", "9" * 30])
    def test_it_refuses_a_mark_that_is_none(
        self, client: Client, alice: Agent, amara: Conversation, changed: str
    ) -> None:
        client.force_login(alice)
        assert client.post(f"/conversations/{amara.pk}/read/", {"changed": changed}).status_code == 400

    def test_it_does_not_exist_for_an_agent_of_another_number(
        self, client: Client, charlie: Agent, amara: Conversation
    ) -> None:
        client.force_login(charlie)
        assert client.post(f"/conversations/{amara.pk}/read/", {"changed": "1"}).status_code == 404

    def test_it_refuses_other_methods_and_forged_forms(self, client: Client, alice: Agent, amara: Conversation) -> None:
        client.force_login(alice)
        assert client.get(f"/conversations/{amara.pk}/read/").status_code == 405
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(alice)
        assert strict.post(f"/conversations/{amara.pk}/read/", {"changed": "1"}).status_code == 403
