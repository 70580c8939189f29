from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from tests.whatsapp.simulator.conftest import NUMBER, TOKEN, Api, Endpoint
from whatsapp.simulator import bubbles, everything, samples


def page(api: Api, **query: str) -> str:
    answer = requests.get(f"{api.origin}/", params=query, timeout=20)
    assert answer.status_code == 200
    return answer.text


def post(api: Api, path: str, data: dict[str, Any], **options: Any) -> requests.Response:
    """A plain form, as a browser without scripts sends it."""
    form = {"person": "amara", "number": NUMBER.phone_number_id} | data
    return requests.post(f"{api.origin}/{path}", data=form, timeout=30, allow_redirects=False, **options)


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

    @pytest.mark.parametrize("path", ["say", "change", "open", "faults", "everything", "thousand", "people", "retry"])
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
        recording = samples.make("song-m4a").content

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


class ChatTests:
    """What the business sends, and how the person answers."""

    def press(self, api: Api, label: str) -> None:
        """Press a button on a bubble, as its form would be sent."""
        form = next(part for part in page(api).split("<form") if re.search(rf'<button type="submit">{label}[<]', part))
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
        data = {name: value.replace("&quot;", '"') for name, value in fields.items()}
        assert post(api, "say", data).status_code == 303

    def test_it_shows_a_template_and_answers_its_button(self, api: Api, endpoint: Endpoint) -> None:
        words = ("Amara", "Norte Cargo 2", "Friday", "Rua do Alecrim 12")
        parameters = [{"type": "text", "text": word} for word in words]
        header = {"type": "image", "image": {"link": "https://norte.example/a.jpg"}}
        template = {
            "name": "order_shipped",
            "language": {"code": "en_US"},
            "components": [
                {"type": "header", "parameters": [header]},
                {"type": "body", "parameters": parameters},
                {
                    "type": "button",
                    "sub_type": "quick_reply",
                    "index": "0",
                    "parameters": [{"payload": "same-address"}],
                },
            ],
        }
        sent = api.answer(type="template", template=template).json()["messages"][0]["id"]

        assert "Hello <b>Amara</b>, your Norte Cargo 2 reaches you on <b>Friday</b>" in page(api)
        self.press(api, "Yes, same address")
        endpoint.wait(endpoint.messages)
        leaf = endpoint.messages()[0]
        assert leaf["button"] == {"payload": "same-address", "text": "Yes, same address"}
        assert leaf["context"] == {"from": NUMBER.digits, "id": sent}

    def test_it_answers_reply_buttons_and_lists(self, api: Api, endpoint: Endpoint) -> None:
        buttons = [{"type": "reply", "reply": {"id": "fri", "title": "Friday"}}]
        rows = [{"id": "mon", "title": "Monday", "description": "9 to 12"}]
        body = {"text": "Which day?"}
        api.answer(type="interactive", interactive={"type": "button", "body": body, "action": {"buttons": buttons}})
        action = {"button": "Days", "sections": [{"rows": rows}]}
        api.answer(type="interactive", interactive={"type": "list", "body": body, "action": action})

        self.press(api, "Friday")
        self.press(api, "Monday")

        endpoint.wait(lambda: len(endpoint.messages()) == 2)
        assert [message["interactive"] for message in endpoint.messages()] == [
            {"type": "button_reply", "button_reply": {"id": "fri", "title": "Friday"}},
            {"type": "list_reply", "list_reply": {"id": "mon", "title": "Monday", "description": "9 to 12"}},
        ]

    def test_it_answers_requests_for_a_place_and_a_number(self, api: Api, endpoint: Endpoint) -> None:
        body = {"text": "Please"}
        for kind, name in (("location_request_message", "send_location"), ("contact_request", "request_contact_info")):
            interactive = {"type": kind, "body": body, "action": {"name": name}}
            assert api.answer(recipient="PL.80125550417736620", type="interactive", interactive=interactive).ok

        for kind in ("location", "share_number"):
            post(api, "say", {"person": "tomasz", "kind": kind})

        endpoint.wait(lambda: len(endpoint.messages()) == 2)
        place, card = endpoint.messages()
        assert "latitude" in place["location"]
        assert "name" not in card["contacts"][0]
        assert card["contacts"][0]["phones"][0]["phone"].startswith("+")

    def test_it_shows_that_the_business_types_and_read(self, api: Api) -> None:
        wamid = api.write(text="Anybody?")
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        api.graph("POST", f"{NUMBER.phone_number_id}/messages", json=body | {"typing_indicator": {"type": "text"}})

        text = page(api)

        assert "typing…" in text
        assert '<span class="visually-hidden">Read</span>' in text

    def test_it_shows_what_never_arrived(self, api: Api) -> None:
        api.answer(text={"body": "Too late"})

        assert "Never arrived: Re-engagement message" in page(api)

    def test_the_player_gives_receipts(self, api: Api, endpoint: Endpoint) -> None:
        api.write(text="Hello")
        api.faults(receipts="by_hand")
        sent = api.answer(text={"body": "Good morning"}).json()["messages"][0]["id"]

        assert "Receipt:" in page(api)
        post(api, "receipt", {"wamid": sent, "status": "delivered"})

        endpoint.wait(lambda: len(endpoint.statuses()) == 2)
        assert [status["status"] for status in endpoint.statuses()] == ["sent", "delivered"]

    def test_a_file_of_the_business_never_runs_in_the_page(self, api: Api) -> None:
        wamid = api.write("document", file=("evil.html", b"<script>alert(1)</script>", "text/html"))
        media_id = next(message["media_id"] for message in api.messages() if message["wamid"] == wamid)

        answer = requests.get(f"{api.origin}/files/{media_id}", timeout=10)

        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    def test_a_recording_can_be_sought_in(self, api: Api) -> None:
        api.write("voice")
        media_id = api.messages()[0]["media_id"]
        content = samples.make("voice").content

        part = requests.get(f"{api.origin}/files/{media_id}", headers={"Range": "bytes=100-"}, timeout=10)

        assert part.status_code == 206
        assert part.content == content[100:]
        assert part.headers["Content-Range"] == f"bytes 100-{len(content) - 1}/{len(content)}"


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
        ],
    )
    def test_it_draws_whatsapps_markup(self, text: str, expected: str) -> None:
        assert bubbles.markup(text) == expected
