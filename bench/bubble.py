"""From the webhook's arrival to the bubble on the page, in a real browser, while an agent looks at the conversation."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from typing import Any

import requests

from bench.browser import SWAP
from bench.installation import Installation, installation
from bench.load import bodies, signed
from bench.table import Figure, show

MESSAGES = 200
WARM_UP = 10
#: How many times the webhook's own answer and an empty swap together.
TARGET = 3.0
SWAPS = 30
CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

#: Notes the moment at which each new bubble is in the page.
WATCH = """
() => {
  window.bubbles = {};
  const note = (node) => {
    for (const words of node.querySelectorAll?.(".message__text") ?? []) {
      const order = words.textContent.match(/Order (\\d+):/);
      if (order) window.bubbles[Number(order[1])] ??= Date.now();
    }
  };
  new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach(note)))
    .observe(document.body, { childList: true, subtree: true });
}
"""


def main() -> int:
    if CHROMIUM is None:
        print("Webhook to bubble: left out, it needs Debian's package chromium.")
        return 0
    with installation() as installed:
        return measure(installed)


def measure(installed: Installation) -> int:
    from inbox.models import Agent, Conversation
    from whatsapp.models import PhoneNumber

    number = PhoneNumber.objects.create(phone_number_id="200000000000001", waba_id="100000000000001", name="Norte")
    agent = Agent.objects.create_user("bench", password="bench password")
    agent.numbers.add(number)
    with installed.web() as web:
        worker = subprocess.Popen([sys.executable, "manage.py", "worker"], stdout=subprocess.DEVNULL)
        try:
            # One customer: every thousandth body is from the same person.
            made = bodies()
            mine = [
                body for place, body in zip(range(1000 * (MESSAGES + WARM_UP)), made, strict=False) if place % 1000 == 0
            ]
            post(web.url, mine[0])
            while not Conversation.objects.exists():
                time.sleep(0.05)
            waits, swap, answer = watch(web.url, Conversation.objects.get().pk, agent, mine[1:])
        finally:
            worker.terminate()
            worker.wait(40)
    waits = sorted(waits[WARM_UP - 1 :])
    median, p99 = statistics.median(waits), waits[len(waits) * 99 // 100]
    return show(
        f"Webhook to bubble: {len(waits)} messages into an open conversation in Chromium",
        [
            Figure("the webhook's answer, and an empty swap", f"{answer:.1f} and {swap:.1f} ms"),
            Figure(
                "median",
                f"{median:.0f} ms = {median / (answer + swap):.1f} × both",
                f"within {TARGET:.0f} ×",
                median <= TARGET * (answer + swap),
            ),
            Figure("p99", f"{p99:.0f} ms"),
        ],
    )


def post(url: str, body: bytes) -> None:
    answer = requests.post(
        f"{url}/webhooks/meta/", data=body, headers={"X-Hub-Signature-256": signed(body)}, timeout=10
    )
    assert answer.status_code == 200, f"The endpoint answered {answer.status_code}."


def watch(url: str, conversation: int, agent: Any, made: list[bytes]) -> tuple[list[float], float, float]:
    """Milliseconds from sending each body to its bubble; the median of an empty swap in the same tab, and of the
    webhook's answers. Raises RuntimeError when a bubble does not come."""
    from django.conf import settings
    from django.test import Client
    from playwright.sync_api import sync_playwright

    from bench.urls import EMPTY

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    client = Client()
    client.force_login(agent)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    waits, answers = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
        page = context.new_page()
        opened = page.goto(f"{url}/conversations/{conversation}/")
        assert opened.ok, f"The page answered {opened.status}."
        page.wait_for_timeout(1500)
        page.evaluate(WATCH)
        for body in made:
            order = int(body.split(b"Order ")[1][:12])
            sent = time.time() * 1000
            post(url, body)
            answers.append(time.time() * 1000 - sent)
            waits.append(shown_at(page, order) - sent)
            page.wait_for_timeout(60)
        swap = statistics.median(page.evaluate(SWAP, EMPTY) for _ in range(SWAPS))
        browser.close()
    return waits, swap, statistics.median(answers)


def shown_at(page: Any, order: int) -> float:
    """Milliseconds since 1970 at which the bubble of this order was in the page. Raises RuntimeError if it never is."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        # Not wait_for_function: the page's content security policy refuses the script it would add.
        at = page.evaluate("(order) => window.bubbles[order] ?? null", order)
        if at is not None:
            return float(at)
        page.wait_for_timeout(5)
    raise RuntimeError(f"The bubble of order {order} did not come within 10 s.")


if __name__ == "__main__":
    sys.exit(main())
