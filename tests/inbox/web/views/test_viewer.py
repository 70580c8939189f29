from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from inbox.models import Agent, Conversation, Media
from tests.inbox.thread_rows import NOON, conversation, media, message
from whatsapp.models import PhoneNumber

pytestmark = pytest.mark.django_db


def picture(talk: Conversation, minute: int, kind: str = "image", **fields: Any) -> Media:
    """A stored picture or film of this minute after noon."""
    fields.setdefault("content_type", "video/mp4" if kind == "video" else "image/jpeg")
    at = NOON + timedelta(minutes=minute)
    defaults: dict[str, Any] = {"state": "stored", "thumbnail": "previews/a.webp", "width": 1200, "height": 800}
    return media(talk, kind, at=at, **defaults | fields)


def steps(client: Client, row: Media) -> dict[str, str]:
    """Where the links of the viewer of this file lead: {"before": id, …}."""
    page = client.get(f"/media/{row.pk}/view/").content.decode()
    found = {}
    for part in page.split('data-step="')[1:]:
        name = part.partition('"')[0]
        if name in ("before", "after", "first", "last"):
            link = page.split(f'data-step="{name}"')[0].rpartition('href="')[2]
            found[name] = link.split("/")[2]
    return found


class ViewerTests:
    def test_it_shows_who_sent_what_and_when(self, client: Client, alice: Agent, amara: Conversation) -> None:
        row = picture(amara, 0, text="The <b>box</b>", size=1_800_000, file_name="box.jpg")
        client.force_login(alice)
        page = client.get(f"/media/{row.pk}/view/").content.decode()
        assert f'<img src="/media/{row.pk}/" width="1200" height="800"' in page
        for words in ("Amara Okafor", "20 November 2026", "box.jpg", "1.8 MB", "1200 × 800", "&lt;b&gt;box&lt;/b&gt;"):
            assert words in page
        assert f'href="/media/{row.pk}/download/"' in page
        assert f'href="/conversations/{amara.pk}/?at={row.message_id}#message-{row.message_id}"' in page

    def test_scripts_get_only_what_shows_it(self, client: Client, alice: Agent, amara: Conversation) -> None:
        row = picture(amara, 0)
        client.force_login(alice)
        page = client.get(f"/media/{row.pk}/view/", headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in page
        assert "data-viewer" in page

    def test_its_neighbours_are_in_the_threads_order(self, client: Client, alice: Agent, amara: Conversation) -> None:
        rows = [picture(amara, minute, "video" if minute % 2 else "image") for minute in range(7)]
        client.force_login(alice)
        assert steps(client, rows[0]) == {"after": str(rows[1].pk), "last": str(rows[6].pk)}
        assert steps(client, rows[3]) == {
            "first": str(rows[0].pk),
            "before": str(rows[2].pk),
            "after": str(rows[4].pk),
            "last": str(rows[6].pk),
        }
        assert steps(client, rows[6]) == {"first": str(rows[0].pk), "before": str(rows[5].pk)}

    def test_pictures_of_one_moment_are_all_walked_through(
        self, client: Client, alice: Agent, amara: Conversation
    ) -> None:
        rows = [picture(amara, 0) for _ in range(9)]
        client.force_login(alice)
        at, walk = rows[0], [str(rows[0].pk)]
        while following := steps(client, at).get("after"):
            walk.append(following)
            at = Media.objects.get(pk=following)
        assert walk == [str(row.pk) for row in rows]

    def test_what_cannot_be_seen_is_no_neighbour(
        self, client: Client, alice: Agent, amara: Conversation, number: PhoneNumber
    ) -> None:
        row = picture(amara, 0)
        picture(amara, 1, state="failed")
        picture(amara, 2, thumbnail="")
        picture(amara, 3, "sticker")
        picture(amara, 4, "document", content_type="application/pdf")
        deleted = picture(amara, 5)
        type(deleted.message).objects.filter(pk=deleted.message_id).update(revoked_at=NOON)
        picture(conversation(number, "Bo Lind", phone="+351912345679"), 6)
        message(amara, "Only words", at=NOON + timedelta(minutes=7))
        client.force_login(alice)
        assert steps(client, row) == {}
        assert client.get(f"/media/{deleted.pk}/view/").status_code == 404

    def test_the_walk_costs_the_same_however_long_it_is(
        self, client: Client, alice: Agent, amara: Conversation, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        rows = [picture(amara, minute) for minute in range(30)]
        client.force_login(alice)
        client.get(f"/media/{rows[15].pk}/view/")
        with django_assert_num_queries(8):
            client.get(f"/media/{rows[15].pk}/view/")

    def test_charlie_finds_nothing(self, client: Client, charlie: Agent, amara: Conversation) -> None:
        client.force_login(charlie)
        assert client.get(f"/media/{picture(amara, 0).pk}/view/").status_code == 404
        assert client.get(f"/media/{uuid.uuid4()}/view/").status_code == 404

    def test_a_stranger_is_asked_to_sign_in(self, client: Client, amara: Conversation) -> None:
        response = client.get(f"/media/{picture(amara, 0).pk}/view/")
        assert response.headers["Location"].startswith("/accounts/login/")

    @pytest.mark.parametrize("state", ["pending", "retrying", "expired", "too_large", "failed", "preparing"])
    def test_what_is_not_stored_is_not_found(
        self, client: Client, alice: Agent, amara: Conversation, state: str
    ) -> None:
        client.force_login(alice)
        assert client.get(f"/media/{picture(amara, 0, state=state).pk}/view/").status_code == 404

    @pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/zip", ""])
    def test_a_file_it_cannot_show_says_so(
        self, client: Client, alice: Agent, amara: Conversation, content_type: str
    ) -> None:
        row = picture(amara, 0, "document", content_type=content_type, thumbnail="")
        client.force_login(alice)
        page = client.get(f"/media/{row.pk}/view/").content.decode()
        assert "no preview" in page
        assert f'src="/media/{row.pk}/"' not in page

    def test_it_only_reads(self, client: Client, alice: Agent, amara: Conversation) -> None:
        client.force_login(alice)
        assert client.post(f"/media/{picture(amara, 0).pk}/view/").status_code == 405
