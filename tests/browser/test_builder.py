"""The dialog for messages with buttons, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from inbox.models import Conversation
from tests import samples
from tests.browser.conftest import Window
from tests.browser.test_composer import amara, prepare
from tests.browser.test_leaving import opened, page

__all__ = ["amara", "opened", "page"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class BuilderTests:
    def test_a_list_asks_for_sections_only_when_they_are_wanted(
        self, opened: Window, page: Page, amara: Conversation
    ) -> None:
        page.get_by_title("Attach").click()
        page.get_by_role("link", name="Buttons and lists").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("List", exact=True).click()
        expect(dialog.get_by_label("Section 1", exact=True)).to_be_hidden()
        dialog.get_by_label("Text", exact=True).fill("Choose")
        dialog.get_by_role("button", name="Send").click()
        expect(dialog.get_by_role("alert")).to_have_text("Add at least one row.")
        dialog.get_by_label("Row 1", exact=True).fill("Two wheels")
        expect(dialog.get_by_role("group", name="Preview").get_by_text("Two wheels")).to_be_visible()
        dialog.get_by_label("Group rows into sections").check()
        dialog.get_by_label("Section 1", exact=True).fill("Cargo")
        dialog.get_by_label("Group rows into sections").uncheck()
        expect(dialog.get_by_role("group", name="Preview").get_by_text("Cargo")).to_have_count(0)
        dialog.get_by_role("button", name="Send").click()
        expect(page.locator(".message--outbound[data-message]")).to_have_count(1)
        assert amara.messages.get(kind="interactive").payload["sections"][0]["title"] == ""
        opened.faults.clear()  # the browser writes every refused request to its console

    def test_the_chosen_file_is_named(self, page: Page, tmp_path: Path) -> None:
        (tmp_path / "catalogue.png").write_bytes(samples.picture("PNG"))
        page.get_by_title("Attach").click()
        page.get_by_role("link", name="Buttons and lists").click()
        dialog = page.get_by_role("dialog")
        dialog.locator("#header-file").set_input_files(tmp_path / "catalogue.png")
        expect(dialog.get_by_text("catalogue.png")).to_be_visible()
        expect(dialog.locator("#header-file")).to_be_hidden()
        prepare(page, 1)
        dialog.get_by_role("button", name="Remove catalogue.png").click()
        expect(dialog.locator("#header-file")).to_be_visible()
