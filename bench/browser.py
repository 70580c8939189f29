"""The inbox in Debian's Chromium: first paint and bytes from a cold cache, opening a conversation, twenty messages a
second into an open thread, and memory after ten thousand."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.installation import WebProcess, installation
from bench.pages import fill, vacuum
from bench.table import Figure, show

#: Conversations of the list that are opened, and their messages.
CONVERSATIONS, EACH = 60, 120
THREAD = 10_000
COLD_LOADS = 9
OPENINGS = 30
RATE, SECONDS = 20, 15
BATCH = 100
WIRE_KB = 120.0
#: How many empty swaps opening a conversation may take.
OPENING = 6.0
LONG_TASK_MS = 50.0
#: Memory may grow by this and be called flat: what the browser keeps in pools and what a garbage collection left.
GROWTH = 1.25
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WATCH = """
window.paints = {};
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.paints[entry.name || entry.entryType] = entry.startTime;
}).observe({ type: "paint", buffered: true });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.paints.largest = entry.startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
}).observe({ type: "longtask", buffered: true });
"""
#: From the press on a row until the frame after the newest page was put in is drawn.
OPEN = """
(index) => new Promise((resolve) => {
  const row = document.querySelectorAll(".conversation-row")[index];
  const started = performance.now();
  document.addEventListener("htmx:afterSettle", () => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve(performance.now() - started);
    channel.port2.postMessage("");
  }), { once: true });
  row.click();
})
"""
#: The same for a page of nothing into an empty place: what the browser, htmx and the server cost without the inbox.
SWAP = """
(path) => new Promise((resolve) => {
  const target = document.body.appendChild(document.createElement("div"));
  const started = performance.now();
  document.addEventListener("htmx:afterSettle", () => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => { target.remove(); resolve(performance.now() - started); };
    channel.port2.postMessage("");
  }), { once: true });
  htmx.ajax("GET", path, { target, swap: "innerHTML" });
})
"""


class Tab:
    """One tab of one logged-in agent, with nothing in its cache."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.protocol = page.context.new_cdp_session(page)
        self.protocol.send("Network.enable")
        self.protocol.send("Performance.enable")
        self.bytes = 0
        self._media: set[str] = set()
        self.protocol.on("Network.responseReceived", self._received)
        self.protocol.on("Network.loadingFinished", self._finished)

    def _received(self, event: dict[str, Any]) -> None:
        if "/media/" in event["response"]["url"]:
            self._media.add(event["requestId"])

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] not in self._media:
            self.bytes += int(event["encodedDataLength"])

    def memory(self) -> tuple[float, int]:
        """Megabytes of the JavaScript heap and nodes of the document, after a garbage collection."""
        for _ in range(3):
            self.protocol.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in self.protocol.send("Performance.getMetrics")["metrics"]}
        return metrics["JSHeapUsedSize"] / 1e6, int(metrics["Nodes"])


class Browser:
    """Chromium, and the cookie that logs an agent in."""

    def __init__(self, chromium: Any, web: WebProcess, cookie: dict[str, str]) -> None:
        self._chromium = chromium
        self._web = web
        self._cookie = cookie

    @contextmanager
    def tab(self, path: str) -> Iterator[Tab]:
        context = self._chromium.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([self._cookie | {"url": self._web.url}])
        context.add_init_script(WATCH)
        tab = Tab(context.new_page())
        tab.page.goto(self._web.url + path, wait_until="load")
        tab.page.wait_for_timeout(600)
        yield tab
        context.close()


def arrive(conversation: int, count: int, serial: int) -> None:
    """``count`` messages as receiving leaves them: rows and announcement in one transaction."""
    from django.db import transaction
    from django.utils import timezone

    from inbox.changes import pages
    from inbox.models import Conversation, Message

    with transaction.atomic():
        row = Conversation.objects.get(pk=conversation)
        Message.objects.bulk_create(
            Message(
                number_id=row.number_id, conversation_id=row.pk, direction="inbound", kind="text", origin="customer",
                text=f"Arrival {serial + i}: could you tell me when the order leaves, and where it is now?",
                wamid=f"wamid.ARRIVAL{serial + i}", sent_at=timezone.now(),
            )
            for i in range(count)
        )  # fmt: skip
        Conversation.objects.filter(pk=conversation).update(last_message_at=timezone.now())
        pages.announce([(row.number_id, row.pk)])


def cold(browser: Browser, path: str) -> list[Figure]:
    paints, sizes = [], []
    for _ in range(COLD_LOADS):
        with browser.tab(path) as tab:
            paints.append(tab.page.evaluate("window.paints"))
            sizes.append(tab.bytes / 1000)
    first = statistics.median(one["first-contentful-paint"] for one in paints)
    largest = statistics.median(one.get("largest", 0) for one in paints)
    size = max(sizes)
    return [
        Figure("cold: first contentful paint", f"{first:.0f} ms"),
        Figure("cold: largest paint", f"{largest:.0f} ms"),
        Figure("cold: on the wire, without media", f"{size:.0f} kB", f"under {WIRE_KB:.0f} kB", size < WIRE_KB),
    ]


def opening(browser: Browser) -> list[Figure]:
    from bench.urls import EMPTY

    with browser.tab("/") as tab:
        swaps = [tab.page.evaluate(SWAP, EMPTY) for _ in range(OPENINGS)]
        times = [tab.page.evaluate(OPEN, 1 + index % 20) for index in range(OPENINGS)]
        swaps += [tab.page.evaluate(SWAP, EMPTY) for _ in range(OPENINGS)]
    swap, median = statistics.median(swaps), statistics.median(times)
    return [
        Figure("an empty swap, median", f"{swap:.0f} ms"),
        Figure(
            "opening a conversation, median",
            f"{median:.0f} ms = {median / swap:.1f} × empty",
            f"within {OPENING:.0f} ×",
            median <= OPENING * swap,
        ),
        Figure("opening a conversation, worst", f"{max(times):.0f} ms"),
    ]


def arriving(browser: Browser, conversation: int) -> list[Figure]:
    with browser.tab(f"/conversations/{conversation}/") as tab:
        tab.page.evaluate("window.longTasks.length = 0")
        started = time.monotonic()
        for serial in range(RATE * SECONDS):
            time.sleep(max(0.0, started + serial / RATE - time.monotonic()))
            arrive(conversation, 1, serial)
        tab.page.get_by_text(f"Arrival {RATE * SECONDS - 1}:").last.wait_for()
        tasks = tab.page.evaluate("window.longTasks")
    longest = max(tasks, default=0.0)
    return [
        Figure(f"{RATE} messages a second: tasks over {LONG_TASK_MS:.0f} ms", f"{len(tasks)}", "none", not tasks),
        Figure(f"{RATE} messages a second: longest of them", f"{longest:.0f} ms"),
    ]


def _compared(name: str, before: tuple[float, int], after: tuple[float, int]) -> list[Figure]:
    heap, nodes = after[0] / before[0], after[1] / before[1]
    limit = f"within {GROWTH} ×"
    return [
        Figure(f"{name}: heap", f"{before[0]:.1f} → {after[0]:.1f} MB", limit, heap <= GROWTH),
        Figure(f"{name}: nodes", f"{before[1]:,} → {after[1]:,}", limit, nodes <= GROWTH),
    ]


def reading_back(browser: Browser, conversation: int) -> list[Figure]:
    """From the newest of ten thousand messages to the first, page by page."""
    with browser.tab(f"/conversations/{conversation}/") as tab:
        before = None
        begun = time.monotonic()
        while tab.page.locator("[data-older]").count():
            if time.monotonic() - begun > 600:
                raise RuntimeError("The first message was not reached within ten minutes.")
            tab.page.evaluate("document.querySelector('.thread__scroll').scrollTop = -1e9")
            tab.page.wait_for_timeout(50)
            if before is None and tab.page.locator("[data-part]").count() >= 10:
                tab.page.wait_for_timeout(500)
                before = tab.memory()
        tab.page.get_by_text(f"Message {THREAD}:").wait_for()
        tab.page.wait_for_timeout(500)
        assert before is not None
        return _compared(f"memory, {THREAD:,} messages read back", before, tab.memory())


def staying_open(browser: Browser, conversation: int) -> list[Figure]:
    """Ten thousand messages into a thread that stays open."""
    with browser.tab(f"/conversations/{conversation}/") as tab:
        before = None
        for serial in range(1_000_000, 1_000_000 + THREAD, BATCH):
            arrive(conversation, BATCH, serial)
            tab.page.get_by_text(f"Arrival {serial + BATCH - 1}:").last.wait_for()
            if serial == 1_000_000 + 10 * BATCH:
                tab.page.wait_for_timeout(500)
                before = tab.memory()
        tab.page.wait_for_timeout(500)
        assert before is not None
        return _compared(f"memory, {THREAD:,} messages arrived", before, tab.memory())


def measure(web: WebProcess) -> int:
    from django.conf import settings
    from django.test import Client
    from playwright.sync_api import sync_playwright

    from inbox.models import Agent
    from whatsapp.models import PhoneNumber

    number = PhoneNumber.objects.create(phone_number_id="200000000000001", waba_id="1", name="Norte Service")
    agent = Agent.objects.create_user("bench", password="bench password")
    agent.numbers.add(number)
    (long,) = fill(number.pk, 0, 1, THREAD)
    short = fill(number.pk, 1, CONVERSATIONS, EACH)
    vacuum()
    client = Client()
    client.force_login(agent)
    name = settings.SESSION_COOKIE_NAME
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        browser = Browser(chromium, web, {"name": name, "value": client.cookies[name].value})
        with browser.tab(f"/conversations/{long}/"):
            pass  # what the server loads and compiles once is not the price of a page
        figures = [
            *cold(browser, f"/conversations/{short[3]}/"),
            *opening(browser),
            *arriving(browser, short[0]),
            *reading_back(browser, long),
            *staying_open(browser, short[1]),
        ]
        chromium.close()
    return show(f"Browser: medians of {COLD_LOADS} cold loads and {OPENINGS} openings", figures)


def main() -> int:
    if shutil.which("chromium") is None:
        print("\nBrowser: not measured, for it needs Debian's package chromium: apt-get install chromium")
        return 0
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with installation() as installed, installed.web() as web:
        return measure(web)


if __name__ == "__main__":
    sys.exit(main())
