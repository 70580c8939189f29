"""Interactive messages: buttons, lists, links and requests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whatsapp import compose
from whatsapp.compose import ComposeError, Outgoing
from whatsapp.events import Kind


def interactive(payload: dict[str, Any], text: str = "Which one?", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = compose.message(
        Outgoing(kind=Kind.INTERACTIVE, to="+351915550123", text=text, payload=payload, **more)
    )["interactive"]
    return found


def reply_buttons(*titles: str) -> dict[str, Any]:
    return {"type": "buttons", "buttons": [{"id": f"b{i}", "title": title} for i, title in enumerate(titles)]}


def rows(count: int, start: int = 0) -> list[dict[str, str]]:
    return [{"id": f"r{i}", "title": f"Row {i}"} for i in range(start, start + count)]


class InteractiveTests:
    def test_reply_buttons(self) -> None:
        payload = reply_buttons("Yes", "No") | {"header": {"type": "text", "text": "Order 7"}, "footer": "Norte"}
        assert interactive(payload) == {
            "type": "button",
            "header": {"type": "text", "text": "Order 7"},
            "body": {"text": "Which one?"},
            "footer": {"text": "Norte"},
            "action": {
                "buttons": [
                    {"type": "reply", "reply": {"id": "b0", "title": "Yes"}},
                    {"type": "reply", "reply": {"id": "b1", "title": "No"}},
                ]
            },
        }

    @pytest.mark.parametrize("kind", ["image", "video", "document"])
    def test_a_header_shows_the_messages_file(self, kind: str) -> None:
        sent = interactive(reply_buttons("Yes") | {"header": {"type": kind}}, media_id="9", file_name="a.pdf")
        name = {"filename": "a.pdf"} if kind == "document" else {}
        assert sent["header"] == {"type": kind, kind: {"id": "9"} | name}

    def test_a_list(self) -> None:
        sections = [
            {"title": "Cargo", "rows": [{"id": "1", "title": "Norte 1", "description": "For two"}]},
            {"title": "City", "rows": [{"id": "2", "title": "Norte 2"}]},
        ]
        sent = interactive({"type": "list", "button": "Bikes", "sections": sections})
        assert sent["type"] == "list"
        assert sent["action"] == {"button": "Bikes", "sections": sections}

    def test_one_section_needs_no_title(self) -> None:
        sent = interactive({"type": "list", "button": "Bikes", "sections": [{"rows": rows(10)}]}, text="x" * 4096)
        assert sent["action"]["sections"] == [{"rows": rows(10)}]

    def test_a_link(self) -> None:
        sent = interactive({"type": "link", "display_text": "Open", "url": "https://norte.example/?a=1&b=ü"})
        assert sent["type"] == "cta_url"
        assert sent["action"] == {
            "name": "cta_url",
            "parameters": {"display_text": "Open", "url": "https://norte.example/?a=1&b=ü"},
        }

    def test_requests(self) -> None:
        assert interactive({"type": "location_request"}) == {
            "type": "location_request_message",
            "body": {"text": "Which one?"},
            "action": {"name": "send_location"},
        }
        assert interactive({"type": "contact_request"}) == {
            "type": "contact_request",
            "body": {"text": "Which one?"},
            "action": {"name": "request_contact_info"},
        }

    def test_a_flow(self) -> None:
        flow = {"id": "123", "cta": "Book", "token": "t1", "screen": "START", "data": {"day": 1}, "mode": "draft"}
        assert interactive({"type": "flow", "flow": flow})["action"] == {
            "name": "flow",
            "parameters": {
                "flow_message_version": "3",
                "flow_id": "123",
                "flow_cta": "Book",
                "flow_token": "t1",
                "flow_action": "navigate",
                "flow_action_payload": {"screen": "START", "data": {"day": 1}},
                "mode": "draft",
            },
        }

    def test_a_flow_whose_endpoint_says_what_comes_first(self) -> None:
        flow = {"name": "booking", "cta": "Book", "action": "data_exchange", "screen": "IGNORED", "data": {"a": 1}}
        sent = interactive({"type": "flow", "flow": flow})["action"]["parameters"]
        assert sent["flow_name"] == "booking"
        assert "flow_action_payload" not in sent

    def test_a_title_that_is_too_long_is_named(self) -> None:
        with pytest.raises(ComposeError) as caught:
            interactive(reply_buttons("Choose another day please"))
        assert str(caught.value) == ("Button text: use at most 20 characters; “Choose another day please” has 25.")

    @pytest.mark.parametrize(
        "payload",
        [
            {},
            {"type": None},
            {"type": ["buttons"]},
            {"type": "catalog_message"},
            {"type": "buttons"},
            {"type": "buttons", "buttons": "Yes"},
            {"type": "buttons", "buttons": [7]},
            reply_buttons(),
            reply_buttons("1", "2", "3", "4"),
            reply_buttons("Yes", "Yes "),
            reply_buttons(" "),
            reply_buttons("Yes\nplease"),
            {"type": "buttons", "buttons": [{"id": "1", "title": "A"}, {"id": "1", "title": "B"}]},
            {"type": "buttons", "buttons": [{"id": "x" * 257, "title": "A"}]},
            {"type": "buttons", "buttons": [{"id": 7, "title": "A"}]},
            reply_buttons("A") | {"footer": "x" * 61},
            reply_buttons("A") | {"header": {"type": "text", "text": "x" * 61}},
            reply_buttons("A") | {"header": {"type": "text", "text": ""}},
            reply_buttons("A") | {"header": {"type": "audio"}},
            reply_buttons("A") | {"header": {"type": "image"}},
            reply_buttons("A") | {"header": "Order"},
            {"type": "list", "button": "x" * 21, "sections": [{"rows": rows(1)}]},
            {"type": "list", "button": "Bikes", "sections": []},
            {"type": "list", "button": "Bikes", "sections": [{"rows": []}]},
            {"type": "list", "button": "Bikes", "sections": [{"rows": rows(11)}]},
            {"type": "list", "button": "Bikes", "sections": [{"rows": rows(1)}, {"rows": rows(1, 1)}]},
            {"type": "list", "button": "Bikes", "sections": [{"title": "A", "rows": rows(1)}] * 2},
            {"type": "list", "button": "B", "sections": [{"rows": [{"id": "1", "title": "x" * 25}]}]},
            {
                "type": "list",
                "button": "B",
                "sections": [{"rows": [{"id": "1", "title": "A", "description": "x" * 73}]}],
            },
            {"type": "list", "button": "B", "sections": [{"rows": rows(1)}], "header": {"type": "image"}},
            {"type": "link", "display_text": "Open", "url": "javascript:alert(1)"},
            {"type": "link", "display_text": "Open", "url": "https://a b"},
            {"type": "link", "display_text": "Open", "url": "norte.example"},
            {"type": "link", "display_text": "", "url": "https://norte.example"},
            {"type": "location_request", "footer": "x"},
            {"type": "contact_request", "header": {"type": "text", "text": "x"}},
            {"type": "flow"},
            {"type": "flow", "flow": {"cta": "Book"}},
            {"type": "flow", "flow": {"id": "1", "cta": "x" * 21}},
            {"type": "flow", "flow": {"id": "1", "cta": "Book", "action": "open"}},
            {"type": "flow", "flow": {"id": "1", "cta": "Book", "data": {"a": 1}}},
            {"type": "flow", "flow": {"id": "1", "cta": "Book", "screen": "S", "data": {"a": float("nan")}}},
        ],
    )
    def test_what_whatsapp_refuses_is_refused_in_a_sentence(self, payload: dict[str, Any]) -> None:
        with pytest.raises(ComposeError) as caught:
            interactive(payload)
        assert str(caught.value).endswith(".")

    @pytest.mark.parametrize(("kind", "most"), [("buttons", 1024), ("list", 4096)])
    def test_the_text_has_the_limit_of_its_type(self, kind: str, most: int) -> None:
        payload = reply_buttons("A") | {"type": kind, "button": "B", "sections": [{"rows": rows(1)}]}
        assert interactive(payload, text="x" * most)["body"] == {"text": "x" * most}
        for text in ("", "x" * (most + 1)):
            with pytest.raises(ComposeError):
                interactive(payload, text=text)

    def test_a_file_without_a_header_for_it_is_not_left_out_silently(self) -> None:
        with pytest.raises(ComposeError, match="header"):
            interactive(reply_buttons("A"), media_id="9")

    @given(title=st.text(min_size=1, max_size=20), body=st.text(min_size=1), row=st.text(min_size=1, max_size=24))
    def test_words_arrive_as_they_were_written(self, title: str, body: str, row: str) -> None:
        try:
            asked = interactive(reply_buttons(title), text=body)
            listed = interactive({"type": "list", "button": title, "sections": [{"rows": [{"id": "1", "title": row}]}]})
        except ComposeError:
            lines = max(len(title.splitlines()), len(row.splitlines()))
            assert lines > 1 or not (title.strip() and body.strip() and row.strip()) or "\x00" in title + body + row
            return
        assert asked["body"] == {"text": body}
        assert asked["action"]["buttons"][0]["reply"]["title"] == title
        assert listed["action"]["sections"][0]["rows"] == [{"id": "1", "title": row}]
