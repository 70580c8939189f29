"""Reports of browsers about the content security policy: counted, logged without customers' words, and harmless."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from prometheus_client import REGISTRY

from config import csp_reports
from inbox.models import Agent

FIREFOX = {
    "csp-report": {
        "document-uri": "https://inbox.example.com/conversations/7/?q=what+a+customer+wrote",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://evil.example/x.js?stolen=1",
    }
}
CHROMIUM = [
    {
        "type": "csp-violation",
        "body": {
            "documentURL": "https://inbox.example.com/conversations/7/?q=what+a+customer+wrote",
            "effectiveDirective": "style-src-attr",
            "blockedURL": "inline",
        },
    }
]


@pytest.fixture(autouse=True)
def _nothing_logged_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csp_reports, "_logged_at", -csp_reports.LOGGED_EVERY)


def report(client: Client, content: Any, kind: str = "application/csp-report") -> int:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return client.post("/csp-reports/", body, content_type=kind).status_code


def counted(directive: str) -> float:
    return REGISTRY.get_sample_value("inbox_csp_reports_total", {"directive": directive}) or 0


@pytest.mark.django_db
class CspReportTests:
    def test_pages_say_where_to_report(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        headers = client.get("/").headers
        assert "report-uri /csp-reports/" in headers["Content-Security-Policy"].split("; ")
        assert headers["Reporting-Endpoints"] == 'csp="/csp-reports/"'

    @pytest.mark.parametrize(
        ("content", "kind", "directive"),
        [
            (FIREFOX, "application/csp-report", "script-src-elem"),
            (CHROMIUM, "application/reports+json", "style-src-attr"),
        ],
    )
    def test_both_formats_are_counted_and_logged_without_queries(
        self, client: Client, content: Any, kind: str, directive: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        before = counted(directive)
        assert report(client, content, kind) == 204
        assert counted(directive) == before + 1
        assert directive in caplog.text
        assert "/conversations/7/" in caplog.text
        assert "customer" not in caplog.text
        assert "stolen" not in caplog.text

    def test_a_flood_is_one_line_in_the_log_and_no_new_series(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        before = counted("other")
        for made_up in range(50):
            report(client, {"csp-report": {"effective-directive": f"made-up-{made_up}", "blocked-uri": "eval"}})
        assert counted("other") == before + 50
        assert caplog.text.count("csp_violation") == 1

    def test_extensions_of_the_reader_are_not_faults_of_the_page(self, client: Client) -> None:
        before = counted("script-src")
        body = {"effective-directive": "script-src", "blocked-uri": "chrome-extension://abc/x.js"}
        assert report(client, {"csp-report": body}) == 204
        assert counted("script-src") == before

    @pytest.mark.parametrize("content", [b"", b"{", b"[1, 2", b"7", b'"text"', b"\xff\xfe", b"[" * 60_000])
    def test_what_is_no_report_is_refused(self, client: Client, content: bytes) -> None:
        assert report(client, content) == 400

    @pytest.mark.parametrize(
        "content", [{}, [], [1], {"csp-report": None}, {"csp-report": {"blocked-uri": "http://["}}]
    )
    def test_odd_reports_do_no_harm(self, client: Client, content: Any) -> None:
        assert report(client, content) == 204

    def test_a_large_body_is_refused(self, client: Client) -> None:
        assert report(client, b"[" + b" " * 70_000 + b"]") == 413
