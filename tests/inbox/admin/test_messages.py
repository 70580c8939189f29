"""Finding messages in the admin, and what a message's page says."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox.models import Agent, ContactIdentity, Message, PendingStatus, Reaction, Revision
from tests import payloads
from tests.inbox import admin_rows
from whatsapp.models import Notification, PhoneNumber

LIST = "/admin/inbox/message/"


@pytest.fixture
def signed_in(client: Client, admin: Agent) -> Client:
    client.force_login(admin)
    return client


def found(client: Client, **query: Any) -> set[int]:
    page = client.get(LIST, query)
    assert page.status_code == 200
    return {int(pk) for pk in re.findall(r'href="/admin/inbox/message/(\d+)/change/', page.content.decode())}


def detail(client: Client, message: Message) -> str:
    return client.get(reverse("admin:inbox_message_change", args=[message.pk])).content.decode()


class SearchTests:
    @pytest.fixture
    def wanted(self, number: PhoneNumber) -> Message:
        """A message of +351 915 550 123, among others."""
        for _ in range(3):
            admin_rows.message(number, "something else")
        person = admin_rows.contact("Amara", "+351915550123")
        return admin_rows.message(
            number,
            "Is the café open, 100%?",
            conversation=admin_rows.conversation(number, person),
            wamid="wamid.HBgMMzUxOTE1NTUwMTIzFQIAEhgUM0E",
            client_token=uuid.uuid4(),
        )

    def test_it_works(self, signed_in: Client, wanted: Message) -> None:
        assert found(signed_in, q="wamid.HBgMMzUxOTE1NTUwMTIzFQIAEhgUM0E") == {wanted.pk}

    @pytest.mark.parametrize(
        "phone",
        [
            "+351915550123",
            "+351 915 550 123",
            "351915550123",
            "00351 915 550 123",
            "+351 915-550-123",
            "(351) 915 550 123",
            "915 550 123",
            "915.550.123",
            "550 123",
        ],
    )
    def test_it_takes_a_phone_number_as_people_write_it(self, signed_in: Client, wanted: Message, phone: str) -> None:
        assert found(signed_in, q=phone) == {wanted.pk}

    def test_it_knows_how_whatsapp_writes_brazilian_numbers(self, signed_in: Client, number: PhoneNumber) -> None:
        person = admin_rows.contact("Rui", "+551187654321")
        message = admin_rows.message(number, "x", conversation=admin_rows.conversation(number, person))
        assert found(signed_in, q="+55 11 98765-4321") == {message.pk}

    def test_it_finds_what_somebody_wrote_in_a_group(self, signed_in: Client, number: PhoneNumber) -> None:
        author = admin_rows.contact("Amara", "+351915550777")
        message = admin_rows.message(number, "in the group", author=author)
        assert found(signed_in, q="+351915550777") == {message.pk}

    def test_an_unknown_phone_finds_nothing_rather_than_everything(self, signed_in: Client, wanted: Message) -> None:
        assert found(signed_in, q="+49 30 901820") == set()

    @pytest.mark.parametrize("words", ["café", "CAFÉ OPEN", "100%"])
    def test_it_looks_for_words(self, signed_in: Client, wanted: Message, words: str) -> None:
        assert found(signed_in, q=words) == {wanted.pk}

    @pytest.mark.parametrize("words", ["1_0%", "caf_", "' OR 1=1 --", "\\"])
    def test_signs_mean_themselves(self, signed_in: Client, wanted: Message, words: str) -> None:
        assert found(signed_in, q=words) == set()

    def test_it_takes_our_own_ids(self, signed_in: Client, wanted: Message, number: PhoneNumber) -> None:
        media = admin_rows.media(number, "failed")
        assert found(signed_in, q=f"#{wanted.pk}") == {wanted.pk}
        assert found(signed_in, q=str(wanted.client_token)) == {wanted.pk}
        assert found(signed_in, q=str(media.pk)) == {media.message_id}

    def test_a_time_shows_what_came_until_then(self, signed_in: Client, number: PhoneNumber) -> None:
        old, new = admin_rows.message(number), admin_rows.message(number)
        Message.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
        day = timezone.localdate() - timedelta(days=1)
        assert found(signed_in, q=f"{day} 00:00") == {old.pk}
        assert found(signed_in) == {old.pk, new.pk}

    def test_a_wamid_is_found_by_its_index(self, wanted: Message) -> None:
        Message.objects.bulk_create(
            Message(
                number=wanted.number, conversation=wanted.conversation, sent_at=wanted.sent_at, wamid=f"wamid.{row}"
            )
            for row in range(1000)
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE inbox_message")
            cursor.execute(
                "EXPLAIN SELECT id FROM inbox_message WHERE number_id IN (%s) AND wamid_token = 'x' AND NOT wamid = ''",
                [wanted.number_id],
            )
            plan = " ".join(row[0] for row in cursor.fetchall())
        assert "message_token" in plan

    def test_a_wamid_is_found_in_whatever_scope_it_was_copied(self, signed_in: Client, number: PhoneNumber) -> None:
        stored = payloads.scoped_wamid(payloads.CUSTOMER, "3EB0F4D25B5A4AB988DFAD")
        message = admin_rows.message(number, wamid=stored)
        assert found(signed_in, q=payloads.scoped_wamid("PT.7712", "3EB0F4D25B5A4AB988DFAD")) == {message.pk}

    def test_the_providers_own_id_finds_its_message(self, signed_in: Client, number: PhoneNumber) -> None:
        own_id = str(uuid.uuid4())
        assert found(signed_in, q=own_id) == set()
        message = admin_rows.message(number, provider_message_id=own_id)
        assert found(signed_in, q=own_id) == {message.pk}


class FilterTests:
    def test_they_narrow_the_list(self, signed_in: Client, number: PhoneNumber, other_number: PhoneNumber) -> None:
        text = admin_rows.message(number)
        failed = admin_rows.message(number, direction="outbound", status="failed", origin="agent")
        lost = admin_rows.media(number, "expired").message
        kept = admin_rows.media(number).message
        other = admin_rows.message(other_number)
        everything = {text.pk, failed.pk, lost.pk, kept.pk, other.pk}
        assert found(signed_in) == everything
        assert found(signed_in, number=other_number.pk) == {other.pk}
        assert found(signed_in, direction__exact="outbound") == {failed.pk}
        assert found(signed_in, status__exact="failed") == {failed.pk}
        assert found(signed_in, kind__exact="image") == {lost.pk, kept.pk}
        assert found(signed_in, file="any") == {lost.pk, kept.pk}
        assert found(signed_in, file="expired") == {lost.pk}
        assert found(signed_in, received="hour") == everything
        assert found(signed_in, conversation=text.conversation_id) == {text.pk}
        assert found(signed_in, number=number.pk, kind__exact="text", q="morning") == {text.pk, failed.pk}

    def test_they_find_what_came_lately_though_older_messages_moved_in_later(
        self, signed_in: Client, number: PhoneNumber
    ) -> None:
        now = timezone.now()
        lately = {admin_rows.message(number, created_at=now - timedelta(minutes=5)).pk for _ in range(2)}
        before = {admin_rows.message(number, created_at=now - timedelta(days=90)).pk for _ in range(4)}
        assert found(signed_in, received="hour") == lately
        assert found(signed_in, q=(now - timedelta(days=1)).strftime("%Y-%m-%d")) == before

    @pytest.mark.parametrize("query", [{"number": "x"}, {"number": "9" * 30}, {"file": "x"}, {"received": "x"}])
    def test_nonsense_does_no_harm(self, signed_in: Client, number: PhoneNumber, query: dict[str, str]) -> None:
        assert signed_in.get(LIST, query).status_code == 200

    def test_they_do_not_ask_the_table_which_values_occur(
        self, signed_in: Client, number: PhoneNumber, django_assert_max_num_queries: Any
    ) -> None:
        admin_rows.message(number)
        with django_assert_max_num_queries(10) as captured:
            signed_in.get(LIST)
        assert [query["sql"] for query in captured.captured_queries if "DISTINCT" in query["sql"]] == []


class DetailTests:
    def test_it_leads_to_the_raw_webhook(self, signed_in: Client, number: PhoneNumber) -> None:
        notification = admin_rows.notification()
        page = detail(signed_in, admin_rows.message(number, notification=notification))
        assert f'href="/admin/whatsapp/notification/{notification.pk}/change/"' in page

    def test_it_says_when_the_webhook_is_gone(self, signed_in: Client, number: PhoneNumber) -> None:
        notification = admin_rows.notification()
        message = admin_rows.message(number, notification=notification)
        Notification.objects.all().delete()
        assert "has been deleted: the journal keeps them for 90 days" in detail(signed_in, message)

    def test_it_shows_status_times_error_price_edits_and_reactions(
        self, signed_in: Client, number: PhoneNumber
    ) -> None:
        now = timezone.now()
        message = admin_rows.message(
            number,
            "after",
            direction="outbound",
            status="failed",
            delivered_at=now,
            error_code=131047,
            error="More than 24 hours have passed.",
            pricing={"category": "utility"},
        )
        facts = {"number": number, "target_wamid": message.wamid, "message": message, "at": now}
        Revision.objects.create(wamid="w", kind="edit", text="after", previous_text="what stood before", **facts)
        Reaction.objects.create(emoji="🎉", contact=message.conversation.contact, **facts)
        page = detail(signed_in, message)
        for words in ("131047", "More than 24 hours", "utility", "what stood before", "🎉", f"{now:%Y-%m-%d %H:%M:%S}"):
            assert words in page

    def test_it_plays_the_file_through_our_own_address(self, signed_in: Client, number: PhoneNumber) -> None:
        picture = admin_rows.media(
            number, thumbnail="previews/x.webp", thumbnail_width=100, thumbnail_height=50, preview_state="ready"
        )
        page = detail(signed_in, picture.message)
        assert f'<img class="thumbnail" src="/media/{picture.pk}/thumbnail/" width="100" height="50"' in page
        assert f'href="/media/{picture.pk}/download/"' in page
        assert "previews/x.webp" not in page
        sound = admin_rows.media(number, content_type="audio/ogg")
        assert f'<audio controls preload="none" src="/media/{sound.pk}/"' in detail(signed_in, sound.message)
        old_phone = admin_rows.media(number, content_type="audio/amr", playable="previews/x.m4a")
        assert f'src="/media/{old_phone.pk}/playable/"' in detail(signed_in, old_phone.message)

    def test_it_says_why_a_file_is_missing(self, signed_in: Client, number: PhoneNumber) -> None:
        media = admin_rows.media(number, "expired", error="WhatsApp keeps files for 7 days.")
        assert "Expired at WhatsApp. WhatsApp keeps files for 7 days." in detail(signed_in, media.message)

    def test_staff_who_may_view_messages_see_their_edits_and_no_link_to_the_journal(
        self, client: Client, alice: Agent, number: PhoneNumber
    ) -> None:
        from django.contrib.auth.models import Permission

        alice.is_staff = True
        alice.save()
        alice.user_permissions.set(Permission.objects.filter(codename="view_message"))
        client.force_login(alice)
        message = admin_rows.message(number, notification=admin_rows.notification())
        facts = {"number": number, "target_wamid": message.wamid, "message": message, "at": timezone.now()}
        Revision.objects.create(wamid="w", kind="edit", previous_text="what stood before", **facts)
        page = detail(client, message)
        assert "what stood before" in page
        assert "/admin/whatsapp/notification/" not in page


class PendingStatusTests:
    def test_they_are_found_by_wamid(self, signed_in: Client, number: PhoneNumber) -> None:
        for wamid in ("wamid.A", "wamid.B"):
            PendingStatus.objects.create(number=number, wamid=wamid, status="sent", at=timezone.now())
        page = signed_in.get("/admin/inbox/pendingstatus/", {"q": "wamid.A"}).content.decode()
        assert ">wamid.A<" in page
        assert ">wamid.B<" not in page


class ContactTests:
    def found(self, client: Client, term: str) -> str:
        return client.get("/admin/inbox/contact/", {"q": term}).content.decode()

    def test_they_are_found_by_phone_id_and_name(self, signed_in: Client, number: PhoneNumber) -> None:
        person = admin_rows.contact("Amara Okafor", "+351915550123")
        admin_rows.contact("Somebody Else", "+351915550999")
        ContactIdentity.objects.create(contact=person, kind="user_id", scope=number.waba_id, value="PT.1349999")
        for term in ("915 550 123", "PT.1349999", "okafor"):
            page = self.found(signed_in, term)
            assert "Amara Okafor" in page, term
            assert "Somebody Else" not in page, term

    def test_the_page_shows_ids_and_conversations(self, signed_in: Client, number: PhoneNumber) -> None:
        thread = admin_rows.message(number).conversation
        page = signed_in.get(reverse("admin:inbox_contact_change", args=[thread.contact_id])).content.decode()
        assert f'href="/admin/inbox/conversation/{thread.pk}/change/"' in page
        assert thread.contact.identities.get().value in page

    def test_conversations_are_found_by_phone_and_lead_to_their_messages(
        self, signed_in: Client, number: PhoneNumber
    ) -> None:
        thread = admin_rows.conversation(number, admin_rows.contact("Amara", "+351915550123"))
        page = signed_in.get("/admin/inbox/conversation/", {"q": "915550123"}).content.decode()
        assert f"/admin/inbox/conversation/{thread.pk}/change/" in page
        page = signed_in.get(reverse("admin:inbox_conversation_change", args=[thread.pk])).content.decode()
        assert f"/admin/inbox/message/?conversation={thread.pk}" in page
