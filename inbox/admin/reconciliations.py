"""Reconciliations in the admin: what is wrong between storage and database, the days by number, and looking again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.admin.actions import record_all
from core.admin.changelist import NewestFirstAdmin, ViewOnly
from core.admin.display import excerpt
from core.jobs import enqueue_once
from inbox.models import Reconciliation, ReconciliationFault
from inbox.operations.reconciliation.faults import FAULTS

#: Examples of each kind on the page; the command lists all.
EXAMPLES = 25


@admin.register(Reconciliation)
class ReconciliationAdmin(ViewOnly, NewestFirstAdmin):
    """For superusers: it speaks of every number's files."""

    moment_field = "started_at"
    title = "Reconciliations of files"
    list_display = ["started_at", "finished_at", "objects_seen", "files_known", "faults_count", "mended_count"]
    change_list_template = "admin/inbox/reconciliation/change_list.html"
    fieldsets = [
        (None, {"fields": ["started_at", "finished_at", "objects_seen", "files_known", "digests_compared", "applied"]}),
        ("What is wrong", {"fields": ["faults_shown"]}),
        ("Examples", {"fields": ["examples_shown"]}),
        ("Days", {"fields": ["days_shown"]}),
    ]
    readonly_fields = ["faults_shown", "examples_shown", "days_shown"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.look_again)
        return [path("look-again/", view, name="inbox_reconciliation_look_again"), *super().get_urls()]

    def look_again(self, request: HttpRequest) -> HttpResponse:
        """Ask a worker for a new comparison. It mends nothing: that takes somebody at the command line."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        enqueue_once("reconcile")
        record_all(request, Reconciliation, "Files", "Asked for a reconciliation.", "reconciliation_asked", 1)
        self.message_user(request, "A worker compares storage and database now; the report appears in this list.")
        return redirect("admin:inbox_reconciliation_changelist")

    @admin.display(description="faults")
    def faults_count(self, report: Reconciliation) -> str:
        return f"{sum(report.counts.values()):,}"

    @admin.display(description="mended")
    def mended_count(self, report: Reconciliation) -> str:
        return f"{sum(report.mended.values()):,}" if report.applied else "-"

    @admin.display(description="faults")
    def faults_shown(self, report: Reconciliation) -> SafeString | str:
        rows = [
            (f"{count:,}", FAULTS[code].sentence, f"{report.mended.get(code, 0):,}", _remedy(code))
            for code, count in report.counts.items()
            if code in FAULTS
        ]
        if not rows:
            return "Everything is where it belongs." if report.finished_at else "It was not finished."
        return _table(["how many", "what is wrong", "mended", "what `manage.py reconcile --apply` does"], rows)

    @admin.display(description="examples")
    def examples_shown(self, report: Reconciliation) -> SafeString | str:
        rows: list[tuple[Any, ...]] = []
        for code in report.counts:
            rows += [
                (code, _link(fault), excerpt(fault.key, 120), excerpt(fault.detail, 120))
                for fault in report.faults.filter(code=code).order_by("pk")[:EXAMPLES]
            ]
        return _table(["fault", "row", "key in the storage", "detail"], rows) if rows else "-"

    @admin.display(description="messages and files by day")
    def days_shown(self, report: Reconciliation) -> SafeString | str:
        names = ("received", "sent", "files", "stored", "complete")
        rows = [
            (day["day"], day["number"], *(f"{day[name]:,}" for name in names), _missing(day)) for day in report.days
        ]
        return _table(["day", "number", *names, ""], rows) if rows else "-"


def _remedy(code: str) -> str:
    return FAULTS[code].remedy or "nothing: somebody has to decide"


def _missing(day: dict[str, Any]) -> str:
    missing = day["files"] - day["stored"]
    return f"{missing:,} not stored" if missing else ""


def _link(fault: ReconciliationFault) -> SafeString | str:
    """The page of the row that a fault is about."""
    if fault.row.isdigit():
        return format_html('<a href="{}">message</a>', reverse("admin:inbox_message_change", args=[fault.row]))
    try:
        uuid.UUID(fault.row)
    except ValueError:
        return "-"
    if "upload" in fault.code:
        return fault.row
    return format_html('<a href="{}">file</a>', reverse("admin:inbox_media_change", args=[fault.row]))


def _table(heads: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> SafeString:
    head = format_html_join("", "<th>{}</th>", ((word,) for word in heads))
    body = format_html_join(
        "", "<tr>{}</tr>", ((format_html_join("", "<td>{}</td>", ((cell,) for cell in row)),) for row in rows)
    )
    return format_html('<table class="report"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', head, body)
