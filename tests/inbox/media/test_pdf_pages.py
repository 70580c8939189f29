from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image

from inbox.media import pdf_pages, scratch
from inbox.media.storage import media_storage
from inbox.models import Agent, Media
from inbox.models.media import page_key
from tests import samples
from tests.media_rows import drawn, own_files, stored
from whatsapp.models import PhoneNumber

__all__ = ["own_files"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf_pages._refused.clear()


def document(number: PhoneNumber, count: int = 6) -> Media:
    return drawn(number, samples.pdf([f"Page {page + 1}" for page in range(count)]))


def page(client: Client, row: Media, number: int) -> Image.Image:
    response = client.get(f"/media/{row.pk}/pages/{number}/")
    assert response.status_code == 302
    file = client.get(response.headers["Location"])
    assert file.headers["Content-Type"] == "image/webp"
    return Image.open(io.BytesIO(file.getvalue()))


class PageTests:
    def test_a_page_is_a_picture_that_can_be_read(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        client.force_login(alice)
        first, last = (page(client, document(number), which) for which in (1, 6))
        assert first.size == (1391, 1801)
        assert first.convert("L").histogram()[0] > 100  # there are dark letters on it
        assert last.size == first.size

    def test_a_page_is_drawn_once(
        self, client: Client, alice: Agent, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = document(number)
        client.force_login(alice)
        page(client, row, 2)
        monkeypatch.setattr(sys, "executable", "/bin/false")
        for which in (1, 2, 3, 4):  # drawn with it
            page(client, row, which)
        assert client.get(f"/media/{row.pk}/pages/5/").status_code == 404

    def test_one_that_could_not_be_drawn_is_tried_again_later(
        self, client: Client, alice: Agent, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = document(number)
        client.force_login(alice)
        with monkeypatch.context() as patched:
            patched.setattr(sys, "executable", "/bin/false")
            assert client.get(f"/media/{row.pk}/pages/1/").status_code == 404
        assert client.get(f"/media/{row.pk}/pages/1/").status_code == 404
        monkeypatch.setattr(pdf_pages, "REFUSED_SECONDS", 0.0)
        page(client, row, 1)

    def test_a_broken_page_costs_itself_and_not_its_neighbours(
        self, client: Client, alice: Agent, number: PhoneNumber
    ) -> None:
        content = samples.pdf(["one", "two", "three"]).replace(b"/Kids [3 0 R 5 0 R", b"/Kids [3 0 R 9 9 R")
        row = stored(number, content, pages=3)
        client.force_login(alice)
        for _ in range(2):
            assert client.get(f"/media/{row.pk}/pages/2/").status_code == 404
            page(client, row, 1)
            page(client, row, 3)

    def test_without_a_sandbox_no_page_is_drawn(
        self, client: Client, alice: Agent, number: PhoneNumber, no_sandbox: None
    ) -> None:
        client.force_login(alice)
        row = stored(number, samples.pdf(), pages=1)
        assert client.get(f"/media/{row.pk}/pages/1/").status_code == 404

    @pytest.mark.parametrize("which", [0, 7, 301, 99_999])
    def test_there_is_no_other_page(self, client: Client, alice: Agent, number: PhoneNumber, which: int) -> None:
        client.force_login(alice)
        assert client.get(f"/media/{document(number).pk}/pages/{which}/").status_code == 404

    def test_other_files_have_no_pages(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        client.force_login(alice)
        row = stored(number, samples.picture(), kind="image", pages=3)
        assert client.get(f"/media/{row.pk}/pages/1/").status_code == 404

    def test_charlie_finds_nothing(self, client: Client, charlie: Agent, number: PhoneNumber) -> None:
        row = document(number)
        client.force_login(charlie)
        assert client.get(f"/media/{row.pk}/pages/1/").status_code == 404

    def test_a_missing_or_broken_file_has_no_pages(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        broken, missing = (stored(number, content, pages=3) for content in (b"%PDF-1.4\nnothing", samples.pdf()))
        media_storage().discard(missing.file.name or "")
        client.force_login(alice)
        for row in (broken, missing):
            assert client.get(f"/media/{row.pk}/pages/1/").status_code == 404

    def test_too_many_at_once_are_asked_to_come_back(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = document(number)
        client.force_login(alice)
        taken = [pdf_pages._requests.acquire() for _ in range(pdf_pages.MOST_REQUESTS)]
        try:
            response = client.get(f"/media/{row.pk}/pages/1/")
        finally:
            for _ in taken:
                pdf_pages._requests.release()
        assert (response.status_code, response.headers["Retry-After"]) == (503, "3")
        page(client, row, 1)

    @pytest.mark.parametrize(
        "script",
        [
            'echo "{\\"done\\": {\\"pages\\": [1]}}" > $6/result.json; ln -s /etc/passwd $6/1.webp',
            'echo "{\\"done\\": {\\"pages\\": [1]}}" > $6/result.json; echo "<html>" > $6/1.webp',
            'echo "{\\"done\\": {\\"pages\\": [1, 2]}}" > $6/result.json',
            "true",
        ],
    )
    def test_a_child_that_was_taken_over_is_not_believed(
        self,
        client: Client,
        alice: Agent,
        number: PhoneNumber,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        script: str,
    ) -> None:
        row = document(number, 1)
        hostile = tmp_path / "python"
        hostile.write_text(f"#!/bin/sh\n{script}\n")
        hostile.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(hostile))
        client.force_login(alice)
        assert client.get(f"/media/{row.pk}/pages/1/").status_code == 404
        assert not (tmp_path / "files" / page_key(row, 1)).exists()

    def test_nothing_is_left_in_the_temporary_folder(
        self, client: Client, alice: Agent, number: PhoneNumber, settings: pytest.FixtureRequest, tmp_path: Path
    ) -> None:
        row = document(number)
        client.force_login(alice)
        settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)  # type: ignore[attr-defined]
        page(client, row, 1)
        assert list(tmp_path.glob(f"{scratch.PREFIX}*")) == []


class ViewerTests:
    def test_it_shows_every_page_in_its_place(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = document(number, 3)
        client.force_login(alice)
        html = " ".join(client.get(f"/media/{row.pk}/view/").content.decode().split())
        for which in (1, 2, 3):
            assert f'src="/media/{row.pk}/pages/{which}/" width="495" height="640"' in html
            assert f'alt="Page {which} of 3"' in html

    def test_a_very_long_document_ends_with_the_way_to_the_rest(
        self, client: Client, alice: Agent, number: PhoneNumber
    ) -> None:
        row = document(number, 1)
        Media.objects.filter(pk=row.pk).update(pages=1200)
        client.force_login(alice)
        html = client.get(f"/media/{row.pk}/view/").content.decode()
        assert html.count('<img class="pages__page"') == pdf_pages.MOST
        assert "900 more pages" in html

    def test_a_document_with_a_password_says_so(self, client: Client, alice: Agent, number: PhoneNumber) -> None:
        row = stored(number, samples.pdf(), preview_state="impossible", preview_error="It has a password.")
        client.force_login(alice)
        html = client.get(f"/media/{row.pk}/view/").content.decode()
        assert "It has a password." in html
        assert "pages/1/" not in html
