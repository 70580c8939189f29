"""A real browser on the real server: Debian's Chromium, logged in, with every fault of the page a failed test."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
import pytest_timeout
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from inbox.models import Agent
from tests.servers import WebServer

CHROMIUM = shutil.which("chromium")
#: Chromium looks for updates and Google's hosts by itself; the tests' network is closed.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
#: What axe calls a fault only because a page is a fragment of something larger.
AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COUNT_VIOLATIONS = """
window.policyViolations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.policyViolations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""

#: What a page does at once may take seconds on a busy machine, and no test is about speed. In milliseconds.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)

# Playwright's event loop runs in the test's own thread, where Django then suspects asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None and not os.environ.get("REQUIRE_BROWSER"):
        skip = pytest.mark.skip(reason="Browser tests need Debian's package chromium: apt-get install chromium")
        for item in items:
            if "browser" in item.keywords:
                item.add_marker(skip)


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: pytest_timeout.Settings) -> bool | None:
    """A browser test that takes too long ends with its process. pytest-timeout's own way, an exception out of a signal,
    is raised inside of Playwright's event loop, and what then closes the page waits for a browser that never answers.
    With several processes the test is reported by its name, and another process goes on with the others."""
    if "browser" not in item.keywords:
        return None

    def end() -> None:
        # They would spin on after us.
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if process.name().startswith(("chrom", "node")):
                    process.kill()
        item.config.get_terminal_writer().line(f"\n{item.nodeid} did not end within {settings.timeout:.0f} s")
        pytest_timeout.timeout_timer(item, settings)

    timer = threading.Timer(settings.timeout, end)
    timer.daemon = True
    item.cancel_timeout = timer.cancel  # type: ignore[attr-defined]
    timer.start()
    return True


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Chromium, for one module. While Playwright runs, its event loop is the thread's own, and Django keeps another set
    of connections for it: a browser that stayed open would change the ground under every test that follows."""
    if CHROMIUM is None:
        pytest.fail("Browser tests need Debian's package chromium: apt-get install chromium")
    connections.close_all()
    further = getattr(request.module, "CHROMIUM_ARGUMENTS", [])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *further])
        yield browser
        browser.close()
        connections.close_all()


class Window:
    """One browser window of one agent."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("console", self._console)

    def _console(self, message: Any) -> None:
        if "Content Security Policy" in message.text or (message.type == "error" and "net::ERR" not in message.text):
            self.faults.append(f"{message.text} {message.location.get('url', '')}".strip())

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def check(self) -> None:
        """Fail for scripts that broke and for anything that the content security policy refused."""
        refused = None
        with contextlib.suppress(Error):  # it is being left just now; the console told of what was refused there
            refused = self.page.evaluate("window.policyViolations ?? []")
        assert not refused
        assert not self.faults

    def check_accessibility(self, options: dict[str, list[str]] = AXE_OPTIONS) -> None:
        found = Axe().run(self.page, options=options)
        assert not found.response["violations"], found.generate_report()

    def check_themes(self) -> None:
        """Accessible in light colours, and readable in dark ones."""
        self.check_accessibility()
        self.page.emulate_media(color_scheme="dark")
        self.check_accessibility({"runOnly": ["color-contrast"]})
        self.page.emulate_media(color_scheme="light")


OpenWindow = Callable[..., Window]


@pytest.fixture
def window(browser: Browser, web_server: WebServer) -> Iterator[OpenWindow]:
    """Opens windows: window(alice), window(alice, width=390, theme="dark"), window(None) for a stranger."""
    opened: list[tuple[BrowserContext, Window]] = []

    def open_window(
        agent: Agent | None, *, width: int = 1440, height: int = 900, theme: str = "light", **options: Any
    ) -> Window:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            timezone_id="Europe/Lisbon",
            has_touch=width < 768,
            **options,
        )
        context.add_init_script(COUNT_VIOLATIONS)
        context.set_default_timeout(PATIENCE)
        if agent is not None:
            client = Client()
            client.force_login(agent)
            value = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": web_server.url}])
        made = Window(context.new_page(), web_server.url)
        opened.append((context, made))
        return made

    yield open_window
    try:
        for _, made in opened:
            made.check()
    finally:
        for context, _ in opened:
            context.close()


def until(page: Page, expression: str) -> None:
    """Return once a JavaScript expression is true. Not wait_for_function: where it has to look twice it evaluates the
    text inside the page, which the content security policy refuses."""
    for _ in range(PATIENCE // 50):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"It never became true: {expression}")
