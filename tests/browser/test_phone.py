from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from simulator.samples import catalog
from tests.browser.conftest import AXE_OPTIONS, COUNT_VIOLATIONS, PATIENCE
from tests.simulator.conftest import NUMBER, Api, Endpoint, api, endpoint, simulator  # noqa: F401 (fixtures)

pytestmark = pytest.mark.browser
OSCILLATOR = """
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const target = context.createMediaStreamDestination();
  const source = context.createOscillator();
  source.connect(target);
  source.start();
  return target.stream;
};
"""


@pytest.fixture(params=[1440, 390])
def phone(browser: Browser, api: Api, request: pytest.FixtureRequest) -> Iterator[Page]:  # noqa: F811
    """The phone page, open for Amara, on a desk and on a phone."""
    context = browser.new_context(viewport={"width": request.param, "height": 844})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(COUNT_VIOLATIONS)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{api.origin}/?person=amara&number={NUMBER.phone_number_id}")
    yield page
    assert not errors
    assert not page.evaluate("window.policyViolations")
    context.close()


def write(phone: Page, text: str) -> None:
    phone.get_by_label("Message", exact=True).fill(text)
    phone.keyboard.press("Enter")


class PhonePageTests:
    def test_it_sends_and_shows_without_reloading(self, phone: Page, endpoint: Endpoint) -> None:  # noqa: F811
        phone.evaluate("window.here = true")

        write(phone, "Good *morning*")

        expect(phone.locator(".speech--mine")).to_contain_text("Good morning")
        expect(phone.get_by_label("Message", exact=True)).to_have_value("")
        endpoint.wait(endpoint.messages)
        assert phone.evaluate("window.here")

    def test_what_the_business_sends_appears_and_becomes_read(
        self,
        phone: Page,
        api: Api,  # noqa: F811
        endpoint: Endpoint,  # noqa: F811
    ) -> None:
        write(phone, "Hello")
        expect(phone.locator(".speech")).to_have_count(1)
        buttons = [{"type": "reply", "reply": {"id": "fri", "title": "Friday"}}]
        interactive = {"type": "button", "body": {"text": "Which day?"}, "action": {"buttons": buttons}}
        api.answer(type="interactive", interactive=interactive)

        phone.get_by_role("button", name="Friday").click()

        expect(phone.locator(".speech--mine").last).to_contain_text("Friday")
        endpoint.wait(lambda: "read" in [status["status"] for status in endpoint.statuses()])

    def test_it_sends_from_the_sheet_and_from_the_disk(self, phone: Page, tmp_path: Path) -> None:
        clip = phone.locator("[data-attach] summary")
        clip.click()
        phone.get_by_role("button", name="Photo", exact=True).click()
        expect(phone.locator("img.speech__picture")).to_have_count(1)
        expect(phone.locator(".phone__sheet")).to_be_hidden()

        path = tmp_path / "relatório.csv"
        path.write_bytes(catalog.make("orders").content)
        clip.click()
        phone.locator("[data-file]").set_input_files(path)
        expect(phone.locator(".speech__file")).to_contain_text("relatório.csv")

    def test_it_answers_and_reacts(self, phone: Page, api: Api, endpoint: Endpoint) -> None:  # noqa: F811
        wamid = api.write(text="First")
        menu = phone.locator(".speech__menu summary")
        menu.click()
        phone.get_by_role("button", name="React with 👍").click()
        expect(phone.locator(".speech__reactions")).to_contain_text("👍")
        menu.click()
        phone.get_by_role("link", name="Reply").click()
        write(phone, "Second")

        expect(phone.locator(".speech__quote")).to_contain_text("First")
        expect(phone.locator("[data-quote]")).to_have_count(0)
        endpoint.wait(lambda: len(endpoint.messages()) == 3)
        assert endpoint.messages()[2]["context"]["id"] == wamid

    def test_a_playing_video_plays_on_while_messages_arrive(self, phone: Page, api: Api) -> None:  # noqa: F811
        api.write("video")
        video = phone.locator("video")
        expect(video).to_have_count(1)
        video.evaluate("element => { element.mark = 'the same' }")

        api.write(text="Another")

        expect(phone.locator(".speech")).to_have_count(2)
        assert video.evaluate("element => element.mark") == "the same"

    def test_it_records_a_voice_note(self, phone: Page, endpoint: Endpoint) -> None:  # noqa: F811
        # A machine that runs tests has no microphone; an oscillator takes its place.
        phone.evaluate(OSCILLATOR)
        button = phone.locator("[data-record]")

        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        phone.wait_for_timeout(600)
        button.click()

        expect(phone.locator("audio")).to_have_count(1)
        endpoint.wait(endpoint.messages)
        assert endpoint.messages()[0]["audio"]["voice"] is True

    def test_a_switch_is_set_at_once(self, phone: Page, api: Api) -> None:  # noqa: F811
        with phone.expect_response("**/faults"):
            phone.get_by_label("File download").select_option("media_gone")

        assert api.faults()["media"] == "media_gone"

    def test_the_player_gives_receipts_message_by_message(
        self,
        phone: Page,
        api: Api,  # noqa: F811
        endpoint: Endpoint,  # noqa: F811
    ) -> None:
        api.write(text="Hello")
        api.faults(receipts="held")
        first = api.answer(text={"body": "First"}).json()["messages"][0]["id"]
        api.answer(text={"body": "Second"})
        expect(phone.locator(".receipt")).to_have_count(2)

        phone.locator(".receipt").first.get_by_role("button", name="Read").click()
        expect(phone.locator(".receipt")).to_have_count(1)
        phone.get_by_label("Error code").fill("131049")
        phone.get_by_role("button", name="Fail").click()

        expect(phone.locator(".speech__failure")).to_contain_text("healthy ecosystem")
        statuses = endpoint.wait_for_statuses(2)
        assert [(each["id"] == first, each["status"]) for each in statuses] == [(True, "read"), (False, "failed")]
        assert statuses[1]["errors"][0]["code"] == 131049

    def test_a_voice_note_that_is_played_says_so(self, phone: Page, api: Api, endpoint: Endpoint) -> None:  # noqa: F811
        api.write(text="Hello")
        voice = {"id": api.upload(catalog.make("voice").content, "audio/ogg; codecs=opus"), "voice": True}
        api.answer(type="audio", audio=voice)
        expect(phone.locator("audio")).to_have_count(1)

        phone.locator("audio").evaluate("element => { element.muted = true; return element.play() }")

        endpoint.wait(lambda: "played" in [each["status"] for each in endpoint.statuses()])

    def test_the_plug_is_pulled_and_put_back_in(self, phone: Page, api: Api) -> None:  # noqa: F811
        phone.get_by_role("button", name="Pull the plug").click()
        expect(phone.get_by_text("The plug is pulled")).to_be_visible()
        assert not phone.url.startswith(api.origin)
        write(phone, "Anybody?")
        expect(phone.locator(".speech--mine")).to_contain_text("Anybody?")

        phone.get_by_role("button", name="Put the plug back in").click()

        expect(phone.locator(".speech--mine")).to_contain_text("Anybody?")
        assert phone.url.startswith(api.origin)

    def test_the_next_sends_are_planned(self, phone: Page, api: Api) -> None:  # noqa: F811
        phone.get_by_label("How many").select_option("2")
        phone.get_by_label("What they get").select_option("131056")
        phone.get_by_role("button", name="Plan", exact=True).click()

        expect(phone.get_by_text("the next sends: 2 planned")).to_be_visible()
        assert [(step["times"], step["code"]) for step in api.planned()] == [(2, 131056)]
        phone.get_by_role("button", name="Forget the plan").click()
        expect(phone.get_by_text("the next sends: 2 planned")).to_be_hidden()

    def test_it_says_why_the_simulator_refused(self, phone: Page) -> None:
        phone.locator("[data-attach] summary").click()
        phone.evaluate("document.querySelector('[name=what]').value = 'image/nothing'")
        phone.locator("[name=what]").first.click()

        expect(phone.get_by_role("status")).to_contain_text("There is no sample 'nothing'")

    def test_it_can_be_used_by_everybody(self, phone: Page, api: Api) -> None:  # noqa: F811
        api.write("image", text="Look")
        api.answer(text={"body": "We see"})
        expect(phone.locator(".speech")).to_have_count(2)

        found = Axe().run(phone, options=AXE_OPTIONS)

        assert not found.response["violations"], found.generate_report()
        assert phone.evaluate("document.documentElement.scrollWidth") <= phone.viewport_size["width"]  # type: ignore[index]
