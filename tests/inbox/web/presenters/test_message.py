"""What a message looks like: every kind, every state of its file, everything that was done to it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inbox.models import Agent, Contact, Conversation, Media, Message, Reaction, Revision
from inbox.web.queries import thread
from tests.inbox.thread_rows import NOON, media, message
from tests.inbox.web.views.test_conversations import text
from whatsapp.errors import explain, explain_received
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db

#: What strangers put where a name, a text, a link or a file name is expected.
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'`{{7*7}}${7*7}"


class KindTests:
    def test_a_location_is_a_card_with_a_link_to_a_map(self, amara: Conversation, shown: Any) -> None:
        payload = {"latitude": 38.7086, "longitude": -9.143, "name": "Rua do Alecrim 12", "address": "Lisboa"}
        message(amara, kind="location", payload=payload)
        html = shown()
        assert "Rua do Alecrim 12" in html
        assert "https://www.openstreetmap.org/?mlat=38.708600&amp;mlon=-9.143000" in html
        assert "<iframe" not in html
        assert 'src="https' not in html

    def test_contact_cards_show_names_and_numbers(self, amara: Conversation, shown: Any) -> None:
        cards = [{"name": "Carlos", "phones": [{"number": "+351 934 555 012"}], "emails": [{"value": "c@example.com"}]}]
        message(amara, kind="contacts", payload={"contacts": cards})
        html = shown()
        assert 'href="tel:+351934555012"' in html
        assert "c@example.com" in html

    def test_an_order_adds_up(self, amara: Conversation, shown: Any) -> None:
        items = [
            {"product_id": "pads", "quantity": 2, "price": "19", "currency": "EUR"},
            {"product_id": "bell", "quantity": 1, "price": "24.5", "currency": "EUR"},
        ]
        message(amara, kind="order", payload={"items": items})
        html = shown()
        assert "2 × 19.00 EUR" in html
        assert "62.50 EUR" in html
        assert "3 items" in html

    def test_an_order_in_two_currencies_has_no_total(self, amara: Conversation, shown: Any) -> None:
        items = [
            {"product_id": "pads", "quantity": 1, "price": "19", "currency": "EUR"},
            {"product_id": "bell", "quantity": 1, "price": "24", "currency": "USD"},
        ]
        message(amara, kind="order", payload={"items": items})
        assert "43.00" not in shown()

    def test_a_hand_over_is_a_line_with_the_summary_below(self, amara: Conversation, shown: Any) -> None:
        payload = {"type": "handover", "to": "team", "summary": f"Waits for frame 4711. {HOSTILE}"}
        message(amara, kind="system", payload=payload)
        html = shown()
        assert "Meta Business Agent handed over to the team" in html
        assert "Waits for frame 4711." in html
        assert HOSTILE not in html

    def test_a_recorded_call_has_a_player(self, amara: Conversation, shown: Any) -> None:
        call = message(amara, kind="call", payload={"outcome": "answered", "duration": 55})
        file = Media.objects.create(
            message=call,
            state="stored",
            content_type="audio/mpeg",
            extension=".mp3",
            file="media/x.mp3",
            duration=54.0,
            preview_state="ready",
        )
        html = shown()
        assert "Voice call from Amara Okafor, 0:55" in html
        assert f'src="/media/{file.pk}/"' in html
        assert "system-line" not in html
        assert "data-answerable" not in html

    def test_the_transcript_of_a_call_is_a_document(self, amara: Conversation, shown: Any) -> None:
        line = message(amara, kind="system", payload={"type": "call_transcript"})
        name = "Call transcript.json"
        Media.objects.create(message=line, state="stored", extension=".json", file="media/x.json", file_name=name)
        html = shown()
        assert "Transcript of the call" in html
        assert name in html
        assert "data-answerable" not in html

    @pytest.mark.parametrize(
        ("payload", "words"),
        [
            ({"outcome": "missed"}, "Missed voice call from Amara Okafor"),
            ({"outcome": "answered", "duration": 75}, "Voice call from Amara Okafor, 1:15"),
            ({"outcome": "rejected"}, "Declined voice call from Amara Okafor"),
            ({"outcome": "failed"}, "Failed voice call from Amara Okafor"),
            ({}, "Voice call from Amara Okafor"),
        ],
    )
    def test_a_call_is_one_line(self, amara: Conversation, shown: Any, payload: dict[str, Any], words: str) -> None:
        message(amara, kind="call", payload=payload)
        html = shown()
        assert f">{words}<" in html
        assert "message__bubble" not in html

    def test_a_system_message_is_one_line(self, amara: Conversation, shown: Any) -> None:
        message(amara, kind="system", payload={"type": "user_changed_number", "body": "Amara changed her number"})
        assert "Amara changed her number" in shown()

    def test_an_answer_shows_its_description_and_fields(self, amara: Conversation, shown: Any) -> None:
        payload = {
            "type": "nfm_reply",
            "answers": [{"name": "Size", "value": "L"}, {"name": "Colour", "value": "petrol"}],
        }
        message(amara, kind="interactive", payload=payload)
        html = shown()
        assert "Size" in html
        assert "petrol" in html
        assert "Empty message" not in html

    @pytest.mark.parametrize(
        ("kind", "payload", "words"),
        [
            ("unsupported", {"type": "poll_creation"}, "A poll. WhatsApp doesn’t pass polls on to businesses."),
            ("unsupported", {}, "WhatsApp doesn’t deliver this type of message to businesses."),
            ("unknown", {"type": "hologram"}, "This type of message (hologram) is not supported yet."),
            ("text", {}, "Empty message"),
        ],
    )
    def test_what_cannot_be_shown_is_a_sentence(
        self, amara: Conversation, shown: Any, kind: str, payload: dict[str, Any], words: str
    ) -> None:
        message(amara, kind=kind, payload=payload)
        html = shown()
        assert words in html
        assert "Raw message" not in html

    @pytest.mark.parametrize(
        ("payload", "code", "words"),
        [
            ({}, 131060, "Read it in the phone app, or ask the customer to send it again."),
            ({"type": "image"}, 131060, "Read it in the phone app, or ask the customer to send it again."),
            ({}, 131051, "Ask the customer to send it another way."),
            ({"type": "gif"}, 130501, "GIF that WhatsApp does not pass on to businesses. Ask the customer"),
            ({"type": "edit"}, 131051, "Ask the customer what changed."),
            ({}, 131000, "WhatsApp had a problem and didn’t deliver this message."),
            ({}, 999999, "WhatsApp reported error 999999 for this message. Ask the customer"),
        ],
    )
    def test_what_whatsapp_did_not_pass_on_says_why_and_what_to_do(
        self, amara: Conversation, shown: Any, payload: dict[str, Any], code: int, words: str
    ) -> None:
        message(amara, kind="unsupported", payload=payload, error_code=code, error="Unavailable")
        assert words in shown()

    def test_a_photo_that_whatsapp_could_not_pass_on_keeps_its_caption_and_says_why(
        self, amara: Conversation, shown: Any
    ) -> None:
        row = message(amara, "The broken hinge", kind="image", error_code=131052, error="Failed to download")
        words = explain_received(131052).problem
        Media.objects.create(message=row, state="failed", media_id="3000009", mime_type="image/jpeg", error=words)
        html = shown()
        assert "The broken hinge" in html
        assert "Photo: not passed on by WhatsApp" in html
        assert html.count(words) == 1
        assert "Ask for it again" in html
        assert "Download again" not in html

    def test_a_problem_with_a_message_that_is_here_stands_below_it(self, amara: Conversation, shown: Any) -> None:
        message(amara, "Good morning", error_code=131000, error="Something went wrong")
        html = shown()
        assert "Good morning" in html
        assert explain_received(131000).problem in html
        assert "Arrived" not in html

    def test_an_administrator_gets_to_the_raw_message(self, client: Client, admin: Agent, amara: Conversation) -> None:
        unknown = message(amara, kind="unknown", payload={"type": "hologram"})
        client.force_login(admin)
        html = text(client.get(f"/conversations/{amara.pk}/"))
        assert f'href="/admin/inbox/message/{unknown.pk}/change/"' in html

    def test_every_kind_survives_an_empty_and_a_wrong_payload(self, amara: Conversation, shown: Any) -> None:
        wrong = {
            "latitude": "x",
            "longitude": None,
            "contacts": ["x", {"name": 7, "phones": "x", "emails": [7], "organization": ["x"]}],
            "items": [{"quantity": "x", "price": [], "currency": 7}, 7],
            "answers": {"name": "x"},
            "title": 7,
            "type": ["x"],
        }
        kinds = [kind[0] for kind in Message._meta.get_field("kind").choices or []]
        for kind in kinds:
            message(amara, kind=kind, payload={})
        assert shown().count("data-message") == len(kinds)
        for kind in kinds:
            message(amara, kind=kind, payload=wrong, context={"referral": "x", "referred_product": 7})
        assert shown().count("data-message") == thread.FIRST_PAGE_SIZE


class HostileTests:
    def test_nothing_of_a_strangers_becomes_markup_or_a_script(self, amara: Conversation, shown: Any) -> None:
        Contact.objects.update(profile_name=HOSTILE, username=HOSTILE[:100])
        message(amara, HOSTILE)
        message(amara, HOSTILE, kind="image")
        media(amara, "document", text=HOSTILE, state="stored", file_name=f"{HOSTILE}.html", size=9)
        media(amara, "document", state="failed", file_name=HOSTILE, error=HOSTILE)
        place = {"latitude": 1.5, "longitude": 2.5, "name": HOSTILE, "address": HOSTILE, "url": "javascript:alert(1)"}
        message(amara, kind="location", payload=place)
        card = {
            "name": HOSTILE,
            "urls": [{"value": "data:text/html,<script>1</script>", "label": HOSTILE}],
            "emails": [{"value": '"><svg onload=alert(1)>@x'}],
            "phones": [{"number": "tel:*%2306%23", "wa_id": "../../admin"}],
        }
        message(amara, kind="contacts", payload={"contacts": [card]})
        message(amara, kind="order", payload={"items": [{"product_id": HOSTILE, "currency": HOSTILE, "price": "1"}]})
        message(amara, kind="interactive", payload={"answers": [{"name": HOSTILE, "value": HOSTILE}]})
        message(amara, kind="unknown", payload={"type": HOSTILE})
        message(amara, kind="system", payload={"body": HOSTILE})
        advertisement = {"headline": HOSTILE, "body": HOSTILE, "source_url": "javascript:alert(1)"}
        first = message(amara, "x", context={"referral": advertisement})
        Reaction.objects.create(
            number=amara.number, target_wamid=first.wamid, message=first, emoji="<b>", contact=amara.contact, at=NOON
        )
        html = shown()
        assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 10
        assert "<script" not in html
        assert "<img src=x" not in html
        assert "<svg onload" not in html
        assert "<b>" not in html
        assert not re.search(r"<[^>]+\son\w+=", html)
        assert not re.search(r'(?:href|src)="(?!/|#|https?://|tel:\+)', html)

    def test_a_link_in_a_message_gives_nothing_away(self, amara: Conversation, shown: Any) -> None:
        message(amara, "see https://evil.example/?a=1&b=2")
        assert (
            '<a href="https://evil.example/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer nofollow">' in shown()
        )


class HistoryTests:
    def test_an_edit_shows_what_was_said_before(self, amara: Conversation, shown: Any) -> None:
        one = message(amara, "Nothing to pay, whatever it is.", edited_at=NOON)
        Revision.objects.create(
            number=amara.number, wamid="r", target_wamid=one.wamid, message=one, kind="edit", at=NOON,
            text=one.text, previous_text="Nothing <b>to pay.",
        )  # fmt: skip
        html = shown()
        assert "edited" in html
        assert "Nothing &lt;b&gt;to pay." in html

    def test_a_deleted_message_shows_nothing_of_itself(self, amara: Conversation, shown: Any) -> None:
        media(amara, text="my secret", state="stored", content_type="image/jpeg", thumbnail="x.webp")
        Message.objects.update(revoked_at=NOON)
        html = shown()
        assert "Amara Okafor deleted this message" in html
        assert "secret" not in html
        assert "/media/" not in html

    def test_a_deleted_message_is_not_quoted(self, amara: Conversation, shown: Any) -> None:
        one = message(amara, "my secret", revoked_at=NOON)
        message(amara, "what?", quoted=one, quoted_wamid=one.wamid)
        assert "secret" not in shown()

    def test_a_quote_leads_to_what_it_quotes(self, amara: Conversation, shown: Any) -> None:
        one = message(amara, "Is it in stock?")
        message(amara, "Yes", direction="outbound", quoted=one, quoted_wamid=one.wamid)
        html = shown()
        assert f'href="/conversations/{amara.pk}/?at={one.pk}#message-{one.pk}"' in html
        assert html.count("Is it in stock?") == 2

    def test_a_quote_of_what_we_do_not_have_says_so(self, amara: Conversation, shown: Any) -> None:
        message(amara, "Yes", quoted_wamid="wamid.ELSEWHERE")
        assert "Message not available" in shown()

    def test_reactions_are_counted_and_named(self, amara: Conversation, shown: Any) -> None:
        one = message(amara, "hello")
        other = Contact.objects.create(profile_name="Zé", phone="+351911111111")
        for contact, emoji in ((amara.contact, "👍"), (other, "👍"), (None, "❤"), (other, "")):
            if contact == other and emoji == "":
                continue
            Reaction.objects.create(
                number=amara.number, target_wamid=one.wamid, message=one, emoji=emoji, contact=contact, at=NOON
            )
        html = shown()
        assert "👍 <span" in html
        assert ">2<" in html
        assert "reaction--ours" in html

    def test_a_removed_reaction_is_gone(self, amara: Conversation, shown: Any) -> None:
        one = message(amara, "hello")
        Reaction.objects.create(number=amara.number, target_wamid=one.wamid, message=one, emoji="", at=NOON)
        assert "reactions" not in shown()

    def test_a_late_arrival_says_how_late(self, amara: Conversation, shown: Any) -> None:
        message(amara, "hello", created_at=NOON + timedelta(hours=2))
        assert "arrived 2 h late" in shown()

    def test_history_is_not_late(self, amara: Conversation, shown: Any) -> None:
        message(amara, "hello", created_at=NOON + timedelta(days=30), historic=True)
        html = shown()
        assert "late" not in html
        assert "from phone history" in html

    def test_a_time_that_whatsapp_did_not_give_is_marked(self, amara: Conversation, shown: Any) -> None:
        message(amara, "hello", bad_timestamp=True)
        assert "time unknown" in shown()


class OutcomeTests:
    @pytest.mark.parametrize(
        ("status", "word"),
        [
            ("queued", "Queued"),
            ("sending", "Sending"),
            ("sent", "Sent"),
            ("delivered", "Delivered"),
            ("read", "Read"),
            ("played", "Played"),
            ("failed", "Not sent"),
            ("unknown", "May have been sent"),
        ],
    )
    def test_every_status_has_a_mark_and_a_word(self, amara: Conversation, shown: Any, status: str, word: str) -> None:
        message(amara, "hello", direction="outbound", status=status)
        html = shown()
        assert f"tick--{status}" in html
        assert f'<span class="visually-hidden">{word}</span>' in html

    def test_a_failure_says_why(self, amara: Conversation, shown: Any) -> None:
        message(amara, "x", direction="outbound", status="failed", error="The window is closed.", error_code=131047)
        html = unescape(shown())
        assert f"Not sent: {explain(131047).problem}" in html
        assert explain(131047).next_step in html
        assert 'title="The window is closed."' in html
        assert "131047" in html

    def test_an_error_after_delivery_stands_beside_the_ticks(self, amara: Conversation, shown: Any) -> None:
        at = timezone.now()
        parts = {"status": "delivered", "delivered_at": at, "failed_at": at, "error_code": 131026}
        message(amara, "x", direction="outbound", **parts)
        html = shown()
        assert "tick--delivered" in html
        assert "Not sent" not in html
        assert explain(131026).problem in unescape(html)

    def test_a_message_that_may_have_been_sent_says_so(self, amara: Conversation, shown: Any) -> None:
        message(amara, "x", direction="outbound", status="unknown")
        assert "problem--caution" in shown()

    def test_a_customers_message_has_no_ticks(self, amara: Conversation, shown: Any) -> None:
        message(amara, "x")
        assert "tick--" not in shown()

    @pytest.mark.parametrize(
        ("origin", "words"),
        [("phone_app", "From the phone app"), ("api", "Via the API"), ("ai_agent", "Meta Business")],
    )
    def test_ours_says_who_wrote_it(self, amara: Conversation, shown: Any, origin: str, words: str) -> None:
        message(amara, "x", direction="outbound", origin=origin)
        assert words in shown()

    def test_members_of_a_group_are_named(self, amara: Conversation, shown: Any) -> None:
        message(amara, "x", author=Contact.objects.create(profile_name="Uncle Zé", phone="+351911111111"))
        assert "Uncle Zé" in shown()


class DetailsTests:
    def test_they_show_the_person_and_their_files(
        self, client: Client, alice: Agent, admin: Agent, amara: Conversation
    ) -> None:
        Contact.objects.update(username="amara.rides")
        amara.contact.identities.create(kind="user_id", scope="1", value="PT.1349")
        one = media(amara, state="stored", content_type="image/jpeg", thumbnail="x.webp")
        client.force_login(alice)
        html = text(client.get(f"/conversations/{amara.pk}/?details")).split("app__details")[1]
        assert "@amara.rides" in html
        assert f"/media/{one.pk}/thumbnail/" in html
        assert "PT.1349" not in html
        client.force_login(admin)
        assert "PT.1349" in text(client.get(f"/conversations/{amara.pk}/"))

    def test_they_do_not_tell_of_numbers_the_agent_does_not_see(
        self, client: Client, alice: Agent, amara: Conversation, other_number: PhoneNumber
    ) -> None:
        Conversation.objects.create(number=other_number, contact=amara.contact)
        client.force_login(alice)
        assert "Norte Lisboa" not in text(client.get(f"/conversations/{amara.pk}/"))

    def test_the_customer_service_window_is_told(self, client: Client, alice: Agent, amara: Conversation) -> None:
        client.force_login(alice)
        address = f"/conversations/{amara.pk}/"
        assert "opens when they write" in text(client.get(address))
        Conversation.objects.update(window_closes_at=timezone.now() + timedelta(hours=23, minutes=58, seconds=30))
        assert ">23 h 58<" in text(client.get(address))
        Conversation.objects.update(window_closes_at=timezone.now() - timedelta(hours=1))
        assert "window closed on" in text(client.get(address))
