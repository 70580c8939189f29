from __future__ import annotations

import io
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from inbox.media.storage import media_storage
from inbox.models import Agent, Media, Message
from tests import samples
from tests.media_rows import own_files, stored
from whatsapp.models import PhoneNumber

__all__ = ["own_files"]

PHOTO = samples.picture()
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


def follow(client: Client, url: str) -> Any:
    """The file behind an address of ours, through the redirect."""
    response = client.get(url)
    assert response.status_code == 302, response.content[:200]
    return client.get(response.headers["Location"])


@pytest.mark.django_db
class MediaTests:
    def test_it_works(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = stored(number, file_name="roof.jpg")
        client.force_login(alice)
        response = client.get(f"/media/{row.pk}/")
        assert response.status_code == 302
        assert response.headers["Cache-Control"] == "private, max-age=240"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        file = client.get(response.headers["Location"])
        assert b"".join(file.streaming_content) == PHOTO  # type: ignore[attr-defined]
        assert file.headers["Content-Type"] == "image/jpeg"
        assert file.headers["Content-Disposition"] == 'inline; filename="roof.jpg"'

    def test_a_strangers_address_leads_to_the_login(self, client: Client, number: PhoneNumber) -> None:
        response = client.get(f"/media/{stored(number).pk}/")
        assert response.headers["Location"].startswith("/accounts/login/")

    def test_the_signed_address_works_for_five_minutes_at_most(
        self, client: Client, alice: Agent, number: PhoneNumber
    ) -> None:
        client.force_login(alice)
        location = client.get(f"/media/{stored(number).pk}/").headers["Location"]
        (expires,) = parse_qs(urlsplit(location).query)["expires"]
        assert 290 < int(expires) - timezone.now().timestamp() <= 300

    def test_a_storage_that_fails_does_not_say_that_the_file_is_gone(
        self, client: Client, alice: Agent, number: PhoneNumber, tmp_path: Path
    ) -> None:
        row = stored(number)
        client.force_login(alice)
        files = tmp_path / "files"
        files.rename(tmp_path / "away")
        files.touch()  # a file where the folder was: as root, tests cannot take a permission away
        file = follow(client, f"/media/{row.pk}/")
        assert file.status_code == 503
        assert "is not responding" in file.content.decode()

    def test_a_photo_that_its_sender_deleted_is_for_administrators(
        self, client: Client, alice: Agent, admin: Agent, number: PhoneNumber
    ) -> None:
        row = stored(number)
        Message.objects.filter(pk=row.message_id).update(revoked_at=timezone.now())
        client.force_login(alice)
        assert client.get(f"/media/{row.pk}/").status_code == 404
        client.force_login(admin)
        assert client.get(f"/media/{row.pk}/").status_code == 302

    @pytest.mark.parametrize("part", ["", "thumbnail/", "playable/", "download/"])
    def test_charlie_finds_nothing(self, client: Client, charlie: Agent, number: PhoneNumber, part: str) -> None:
        row = stored(number, thumbnail="previews/a.webp", playable="previews/a.m4a")
        client.force_login(charlie)
        assert client.get(f"/media/{row.pk}/{part}").status_code == 404

    @pytest.mark.parametrize("part", ["", "thumbnail/", "playable/", "download/"])
    def test_what_is_not_there_is_not_found(self, client: Client, alice: Agent, number: PhoneNumber, part: str) -> None:
        client.force_login(alice)
        for row in (samples.waiting_media(number), samples.waiting_media(number, state="failed")):
            assert client.get(f"/media/{row.pk}/{part}").status_code == 404
        assert client.get(f"/media/{uuid.uuid4()}/{part}").status_code == 404

    def test_a_file_without_previews_has_no_picture(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = stored(number)
        client.force_login(alice)
        assert client.get(f"/media/{row.pk}/thumbnail/").status_code == 404
        assert client.get(f"/media/{row.pk}/playable/").status_code == 404

    @pytest.mark.parametrize("part", ["", "thumbnail/", "playable/", "download/"])
    def test_it_only_reads(self, client: Client, alice: Agent, number: PhoneNumber, part: str) -> None:
        client.force_login(alice)
        assert client.post(f"/media/{stored(number).pk}/{part}").status_code == 405

    def test_previews_are_of_our_own_types(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = stored(number, thumbnail="previews/a.webp", playable="previews/a.m4a")
        media_storage().put("previews/a.webp", io.BytesIO(b"RIFF"), content_type="image/webp")
        media_storage().put("previews/a.m4a", io.BytesIO(b"m4a"), content_type="audio/mp4")
        client.force_login(alice)
        assert follow(client, f"/media/{row.pk}/thumbnail/").headers["Content-Type"] == "image/webp"
        assert follow(client, f"/media/{row.pk}/playable/").headers["Content-Type"] == "audio/mp4"


@pytest.mark.django_db
class ServedTypeTests:
    """What a browser is told about a file, whatever its sender, WhatsApp and its name say."""

    @pytest.mark.parametrize(
        ("content", "content_type"),
        [
            (samples.picture("JPEG"), "image/jpeg"),
            (samples.picture("PNG"), "image/png"),
            (samples.picture("WEBP"), "image/webp"),
            (samples.animation("GIF"), "image/gif"),
            (samples.video("mp4"), "video/mp4"),
            (samples.sound("ogg", "libopus"), "audio/ogg"),
            (samples.sound("mp3", "libmp3lame"), "audio/mpeg"),
            (samples.sound("adts", "aac"), "audio/aac"),
            (samples.sound("ipod", "aac"), "audio/mp4"),
            (samples.pdf(), "application/pdf"),
            (b"GIF89a/*<html><script>alert(1)</script>*/", "image/gif"),
        ],
    )
    def test_trusted_types_open_in_place(
        self, client: Client, alice: Agent, number: PhoneNumber, content: bytes, content_type: str
    ) -> None:
        row = stored(number, content, mime_type="text/html", file_name="x.html")
        client.force_login(alice)
        headers = follow(client, f"/media/{row.pk}/").headers
        assert headers["Content-Type"] == content_type
        assert headers["Content-Disposition"].startswith("inline")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]

    @pytest.mark.parametrize(
        "content",
        [
            SVG,
            b"<!doctype html><script>alert(1)</script>",
            b"<?xml version='1.0'?><x/>",
            b"BEGIN:VCARD\nPHOTO;VALUE=uri:http://169.254.169.254/\n",
            b"plain words",
            b"%!PS-Adobe-3.0 EPSF-3.0\n",
            b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
            b"MZ\x90\x00",
            samples.docx(),
            samples.archive(a_dot_txt="x"),
            samples.sound("amr", "libopencore_amrnb", rate=8000),
            samples.video("mov"),
            b"\x00\x01unknown",
        ],
    )
    def test_everything_else_is_downloaded(
        self, client: Client, alice: Agent, number: PhoneNumber, content: bytes
    ) -> None:
        row = stored(number, content, mime_type="image/jpeg", file_name="photo.jpg")
        client.force_login(alice)
        headers = follow(client, f"/media/{row.pk}/").headers
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["Content-Disposition"].startswith("attachment")
        assert headers["X-Content-Type-Options"] == "nosniff"

    def test_a_download_is_never_opened_in_place(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = stored(number, file_name="roof.jpg")
        client.force_login(alice)
        headers = follow(client, f"/media/{row.pk}/download/").headers
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["Content-Disposition"] == 'attachment; filename="roof.jpg"'

    def test_a_name_cannot_add_a_header(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = stored(number, file_name='inv\r\nSet-Cookie: a=b";filename=evil.html;\u202e.jpg')
        client.force_login(alice)
        headers = follow(client, f"/media/{row.pk}/download/").headers
        assert headers["Content-Disposition"] == 'attachment; filename="inv Set-Cookie a=b ;filename=evil.html; .jpg"'
        assert "Set-Cookie" not in headers

    def test_the_key_has_no_part_of_the_name(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = stored(number, file_name="secret-offer.jpg")
        client.force_login(alice)
        location = client.get(f"/media/{row.pk}/").headers["Location"]
        assert "secret-offer" not in urlsplit(location).path

    def test_a_film_can_be_sought_in(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        film = samples.video("mp4")
        row = stored(number, film, kind="video")
        client.force_login(alice)
        location = client.get(f"/media/{row.pk}/").headers["Location"]
        part = client.get(location, headers={"Range": "bytes=100-199"})
        assert part.status_code == 206
        assert b"".join(part.streaming_content) == film[100:200]  # type: ignore[attr-defined]


@pytest.mark.django_db
class FetchAgainTests:
    def test_it_works(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = samples.waiting_media(number, state="failed", next_try_at=None)
        client.force_login(alice)
        back = f"http://testserver/conversations/{row.message.conversation_id}/"
        response = client.post(f"/media/{row.pk}/fetch-again/", headers={"Referer": back})
        assert (response.status_code, response.headers["Location"]) == (302, back)
        row.refresh_from_db()
        assert row.state == Media.State.RETRYING

    def test_htmx_gets_an_empty_answer(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = samples.waiting_media(number, state="failed", next_try_at=None)
        client.force_login(alice)
        response = client.post(f"/media/{row.pk}/fetch-again/", headers={"HX-Request": "true"})
        assert (response.status_code, response.content) == (204, b"")

    @pytest.mark.parametrize("referer", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
    def test_it_leads_nowhere_else(self, client: Client, alice: Agent, number: PhoneNumber, referer: str) -> None:
        client.force_login(alice)
        row = samples.waiting_media(number, state="failed", next_try_at=None)
        response = client.post(f"/media/{row.pk}/fetch-again/", headers={"Referer": referer})
        assert response.headers["Location"] == "/"

    def test_charlie_cannot(self, client: Client, charlie: Agent, number: PhoneNumber) -> None:
        row = samples.waiting_media(number, state="failed", next_try_at=None)
        client.force_login(charlie)
        assert client.post(f"/media/{row.pk}/fetch-again/").status_code == 404
        row.refresh_from_db()
        assert row.state == Media.State.FAILED

    def test_looking_changes_nothing(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        client.force_login(alice)
        row = samples.waiting_media(number, state="failed", next_try_at=None)
        assert client.get(f"/media/{row.pk}/fetch-again/").status_code == 405

    def test_it_needs_the_token_of_the_form(self, alice: Agent, number: PhoneNumber) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        row = samples.waiting_media(number, state="failed", next_try_at=None)
        assert client.post(f"/media/{row.pk}/fetch-again/").status_code == 403
