"""Markup: what people write becomes safe HTML, quickly."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.formatting import markup

ALLOWED = {"strong", "em", "s", "code", "ul", "ol", "li", "blockquote", "a", "bdi"}
ATTRIBUTES = {"a": {"href", "target", "rel"}, "ol": {"start"}}
LINK = '<a href="{0}" target="_blank" rel="noopener noreferrer nofollow"><bdi>{1}</bdi></a>'


class Reader(HTMLParser):
    """Checks that tags are ours and properly nested, and keeps the text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        assert {name for name, _ in attrs} <= ATTRIBUTES.get(tag, set())
        for name, value in attrs:
            assert name != "href" or re.match(r"https?://", value or "", re.IGNORECASE)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment got through")


def read(text: str) -> str:
    reader = Reader()
    reader.feed(markup.render(text))
    reader.close()
    assert not reader.open
    return reader.text


class MarkupTests:
    @pytest.mark.parametrize(
        ("text", "html"),
        [
            ("plain <b> & words", "plain &lt;b&gt; &amp; words"),
            ("*bold* _italic_ ~gone~", "<strong>bold</strong> <em>italic</em> <s>gone</s>"),
            ("_a *b* c_", "<em>a <strong>b</strong> c</em>"),
            ("*a _b* c_", "<strong>a _b</strong> c_"),
            ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
            ("* not bold*", "* not bold*"),
            ("*not\nbold*", "*not\nbold*"),
            ("`code *x*`", "<code>code *x*</code>"),
            ("```\nmono\n  x\n```", "<code>mono\n  x</code>"),
            ("```open", "```open"),
            ("- one\n- two", "<ul><li>one</li><li>two</li></ul>"),
            ("* one\n* two", "<ul><li>one</li><li>two</li></ul>"),
            ("1. one\n2. two", "<ol><li>one</li><li>two</li></ol>"),
            ("3. three", '<ol start="3"><li>three</li></ol>'),
            ("> said\nthen", "<blockquote>said</blockquote>then"),
            (
                "see https://a.example/b_c_d.",
                "see " + LINK.format("https://a.example/b_c_d", "https://a.example/b_c_d") + ".",
            ),
            ("*https://a.example*", f"<strong>{LINK.format('https://a.example', 'https://a.example')}</strong>"),
            ("www.a.example", LINK.format("https://www.a.example", "www.a.example")),
            ("javascript:alert(1)", "javascript:alert(1)"),
        ],
    )
    def test_it_writes_what_whatsapp_shows(self, text: str, html: str) -> None:
        assert markup.render(text) == html

    def test_it_keeps_quotes_out_of_attributes(self) -> None:
        html = markup.render('https://a.example/"onmouseover="alert(1)')
        assert 'href="https://a.example/"' in html
        assert "&quot;onmouseover=" in html

    def test_it_ends_a_link_where_the_direction_changes(self) -> None:
        assert 'href="https://a.example/"' in markup.render("https://a.example/\u202egnp.exe")

    @given(st.text(alphabet="*_~`<>&\"'ab -1.\n>h", max_size=200))
    def test_it_only_ever_writes_its_own_tags(self, text: str) -> None:
        read(text)

    @given(st.text(max_size=300))
    def test_it_loses_no_letter(self, text: str) -> None:
        letters = re.compile(r"[^\W\d_]")
        assert letters.findall(unescape(read(text))) == letters.findall(text.replace("\r", "\n"))

    @pytest.mark.parametrize("piece", ["*_~", "*a ", "`", "```", "* ", "> ", "https://a*", "<"])
    def test_it_survives_64_kilobytes_of_marks(self, piece: str) -> None:
        read((piece * 65536)[:65536])


class PlainTests:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("*Now* _or_ ~never~", "Now or never"),
            ("`code` and ```more\nof it```", "code and more\nof it"),
            ("2*3*4 <b> &amp;", "2*3*4 <b> &amp;"),
            ("*Fish & <chips>*", "Fish & <chips>"),
            ("see https://a.example/_b_", "see https://a.example/_b_"),
        ],
    )
    def test_it_leaves_the_words(self, text: str, words: str) -> None:
        assert markup.plain(text) == words

    def test_it_keeps_the_items_of_a_list_apart(self) -> None:
        assert markup.plain("- one\n- two\n> three").split() == ["one", "two", "three"]

    @given(st.text(max_size=300))
    def test_it_loses_no_letter(self, text: str) -> None:
        letters = re.compile(r"[^\W\d_]")
        assert letters.findall(markup.plain(text)) == letters.findall(text.replace("\r", "\n"))
