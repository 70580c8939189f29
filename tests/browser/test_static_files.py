"""Minified scripts in a real browser."""

from __future__ import annotations

import pytest
import rjsmin
from playwright.sync_api import Route, expect

from config.settings import BASE_DIR
from inbox.models import Agent, Conversation
from tests.browser.conftest import OpenWindow, Window
from tests.browser.test_composer import amara, arrived, field, log, sent

__all__ = ["amara"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def minified(route: Route) -> None:
    path = BASE_DIR / route.request.url.partition("?")[0].partition("/static/")[2].join(["static/", ""])
    route.fulfill(body=rjsmin.jsmin(path.read_text()), content_type="text/javascript")


def test_minified_scripts_open_a_thread_and_send(window: OpenWindow, alice: Agent, amara: Conversation) -> None:
    opened: Window = window(alice)
    opened.page.route("**/static/js/**", minified)
    page = opened.open(f"/conversations/{amara.pk}/")
    field(page).fill("*Hello* `there` https://example.com/a")
    field(page).press("Enter")
    arrived(page)
    expect(log(page).locator("strong", has_text="Hello")).to_be_visible()
    page.get_by_title("Attach").click()
    page.get_by_role("link", name="Location").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert sent(amara) == ["*Hello* `there` https://example.com/a"]
