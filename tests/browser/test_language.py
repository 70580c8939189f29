"""The pages from right to left."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from inbox.models import Agent, Conversation
from tests.browser.conftest import OpenWindow
from tests.browser.test_pages import amara  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class RightToLeftTests:
    @pytest.mark.parametrize("width", [1440, 390])
    def test_pages_are_mirrored_readable_and_not_too_wide(
        self,
        window: OpenWindow,
        alice: Agent,
        amara: Conversation,  # noqa: F811
        width: int,
    ) -> None:
        Agent.objects.filter(pk=alice.pk).update(language="ar")
        opened = window(alice, width=width)
        for path in ("/", f"/conversations/{amara.pk}/", "/preferences/"):
            page = opened.open(path)
            expect(page.locator("html")).to_have_attribute("dir", "rtl")
            assert page.evaluate(OVERFLOW) <= 0
            opened.check_accessibility()

    def test_the_choice_applies_at_once(self, window: OpenWindow, alice: Agent) -> None:
        page = window(alice).open("/preferences/")
        page.get_by_label("Language").select_option("ar")
        page.locator("main button[type=submit]").click()
        expect(page.locator("html")).to_have_attribute("lang", "ar")
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
