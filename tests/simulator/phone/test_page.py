from __future__ import annotations

import re

import pytest
import requests

from simulator.control import everything
from simulator.phone import markup
from simulator.samples import catalog
from tests.simulator.conftest import NUMBER, TOKEN, Api, Endpoint
from tests.simulator.phone_page import page, post


class PageTests:
    def test_it_works(self, api: Api) -> None:
        text = page(api)

        for words in ("Amara Okafor", "@tomasz.k, no number", "Norte Service", "Norte Lisboa", "what goes wrong"):
            assert words in text

    def test_it_allows_no_script_or_style_but_its_own(self, api: Api) -> None:
        answer = requests.get(f"{api.origin}/", timeout=10)

        assert "script-src 'self'; style-src 'self'" in answer.headers["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=", answer.text)

    def test_it_escapes_what_people_and_the_business_write(self, api: Api) -> None:
        hostile = '<img src=x onerror=alert(1)>"&'
        api.write(text=hostile)
        api.add_person(hostile, wa_id="351915550188")
        api.answer(text={"body": hostile})

        assert "<img src=x" not in page(api)

    @pytest.mark.parametrize("path", ["", "live"])
    def test_it_does_not_know_other_people(self, api: Api, path: str) -> None:
        assert requests.get(f"{api.origin}/{path}?person=nobody", timeout=10).status_code == 404

    @pytest.mark.parametrize(
        "path",
        [
            "say",
            "change",
            "open",
            "faults",
            "everything",
            "thousand",
            "people",
            "retry",
            "plan",
            "plug",
            "block",
            "heard",
        ],
    )
    def test_its_forms_are_posted(self, api: Api, path: str) -> None:
        assert requests.get(f"{api.origin}/{path}", timeout=10).status_code == 405

    @pytest.mark.parametrize(
        "path", ["static/../phone.py", "static/phone.py", "static/nothing.css", "files/1", "nothing"]
    )
    def test_it_serves_nothing_else(self, api: Api, path: str) -> None:
        with requests.Session() as session:
            request = requests.Request("GET", f"{api.origin}/{path}").prepare()
            request.url = f"{api.origin}/{path}"
            assert session.send(request, timeout=10).status_code == 404


class FormTests:
    def test_it_sends_a_text(self, api: Api, endpoint: Endpoint) -> None:
        answer = post(api, "say", {"text": "Good morning"})

        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/?person=amara&number={NUMBER.phone_number_id}"
        endpoint.wait(endpoint.messages)
        assert endpoint.messages()[0]["text"] == {"body": "Good morning"}

    def test_it_does_not_send_nothing(self, api: Api) -> None:
        assert post(api, "say", {"text": "  "}).status_code == 400
        assert api.messages() == []

    def test_it_sends_a_thing_of_the_sheet_with_a_caption(self, api: Api, endpoint: Endpoint) -> None:
        post(api, "say", {"what": "image/photo-hills", "text": "Look", "forwarded": "yes"})

        endpoint.wait(endpoint.messages)
        leaf = endpoint.messages()[0]
        assert (leaf["type"], leaf["image"]["caption"], leaf["context"]) == ("image", "Look", {"forwarded": True})

    @pytest.mark.parametrize(
        ("mime_type", "kind"),
        [
            ("image/png", "image"),
            ("image/svg+xml", "document"),
            ("text/html", "document"),
            ("video/mp4", "video"),
            ("audio/mpeg", "audio"),
        ],
    )
    def test_it_sends_a_file_as_what_it_is(self, api: Api, endpoint: Endpoint, mime_type: str, kind: str) -> None:
        post(api, "say", {"text": ""}, files={"file": ("mine", b"bytes", mime_type)})

        endpoint.wait(endpoint.messages)
        assert endpoint.messages()[0][kind]["mime_type"] == mime_type

    def test_it_makes_a_voice_note_of_a_recording(self, api: Api, endpoint: Endpoint) -> None:
        recording = catalog.make("song-m4a").content

        post(api, "say", {"text": "", "recorded": "yes"}, files={"file": ("recording", recording, "audio/webm")})

        endpoint.wait(endpoint.messages)
        part = endpoint.messages()[0]["audio"]
        assert (part["voice"], part["mime_type"]) == (True, "audio/ogg; codecs=opus")
        content = requests.get(part["url"], headers=TOKEN, timeout=10).content
        assert content.startswith(b"OggS")

    def test_it_reacts_edits_and_deletes(self, api: Api) -> None:
        wamid = api.write(text="Frist")

        post(api, "change", {"target": wamid, "emoji": "👍"})
        post(api, "change", {"target": wamid, "act": "edit", "text": "First"})
        text = page(api)
        assert "👍</span>" in text
        assert "First" in text
        assert "edited" in text

        post(api, "change", {"target": wamid, "act": "revoke"})
        assert "You deleted this message" in page(api)

    def test_another_person_joins(self, api: Api) -> None:
        answer = post(api, "people", {"name": "Zé", "username": "@ze.silva"})

        assert answer.status_code == 303
        assert "@ze.silva, no number" in page(api)

    def test_it_sends_every_kind(self, api: Api, endpoint: Endpoint) -> None:
        post(api, "everything", {})

        endpoint.wait(lambda: len(endpoint.messages()) == len(everything.drafts()) + 6, seconds=30)
        kinds = {message["type"] for message in endpoint.messages()}
        words = (
            "text image video audio document sticker location contacts order interactive button unsupported hologram"
        )
        assert kinds == {*words.split(), "edit", "revoke", "reaction"}

    def test_it_sends_a_thousand_at_once(self, api: Api, endpoint: Endpoint) -> None:
        post(api, "thousand", {})

        endpoint.wait(endpoint.messages)
        assert len(endpoint.messages()) == 1000
        assert len(endpoint.posts) == 1

    def test_the_switches_are_kept(self, api: Api) -> None:
        post(api, "faults", {"webhook_twice": "yes", "media": "media_gone", "refuse": "190", "window_closed": "yes"})

        assert api.faults() | {"window_closed_at": 0} == {
            "webhook_twice": True,
            "webhook_late": 0,
            "webhook_disorder": False,
            "webhook_batch": False,
            "receipts": "auto",
            "receipts_first": False,
            "media": "media_gone",
            "line": "",
            "refuse": 190,
            "token_dead": False,
            "slow": 0,
            "rates": True,
            "throughput": 80,
            "window_error": "later",
            "window_closed_at": 0,
        }
        closed = api.faults()["window_closed_at"]
        post(api, "faults", {"window_closed": "yes"})
        assert api.faults()["window_closed_at"] == closed


class LiveTests:
    def test_it_says_nothing_until_something_changes(self, api: Api) -> None:
        first = requests.get(f"{api.origin}/live?person=amara", timeout=10)
        revision = re.search(r'data-revision="(\d+)"', first.text)
        assert revision
        query = {"person": "amara", "since": revision[1], "typing": "no"}

        assert requests.get(f"{api.origin}/live", params=query, timeout=10).status_code == 204
        api.faults(line="before")
        changed = requests.get(f"{api.origin}/live", params=query, timeout=10)
        assert changed.status_code == 200
        assert 'data-region="thread"' in changed.text


class MarkupTests:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("*bold* and _so_", "<b>bold</b> and <i>so</i>"),
            ("~gone~ ```a*b*c```", "<s>gone</s> <code>a*b*c</code>"),
            ("*_both_*", "<b><i>both</i></b>"),
            ("2 * 3 * 4", "2 * 3 * 4"),
            ("*<script>*", "<b>&lt;script&gt;</b>"),
            ("{0} {x}", "{0} {x}"),
            ("", ""),
            ("> said *before*", '<span class="speech__cited">said <b>before</b></span>'),
            ("Bring:\n- lock\n* key", "Bring:\n• lock\n• key"),
        ],
    )
    def test_it_draws_whatsapps_markup(self, text: str, expected: str) -> None:
        assert markup.to_html(text) == expected
