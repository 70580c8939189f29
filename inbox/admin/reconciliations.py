"""Comparisons of file storage and database: what is wrong, with examples, and counts by day and number."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from core.admin.actions import record_all
from core.admin.changelist import NewestFirstAdmin, ViewOnly
from core.admin.display import excerpt
from core.jobs import enqueue_once
from inbox.models import Reconciliation, ReconciliationFault
from inbox.operations.reconciliation.faults import FAULTS

#: Examples of each fault on the page. The command lists all.
EXAMPLES = 25


@admin.register(Reconciliation)
class ReconciliationAdmin(ViewOnly, NewestFirstAdmin):
    """For superusers: a report is about the files of every number."""

    moment_field = "started_at"
    title = _("File reconciliations")
    list_display = ["started_at", "finished_at", "objects_seen", "files_known", "faults_count", "mended_count"]
    change_list_template = "admin/inbox/reconciliation/change_list.html"
    fieldsets = [
        (None, {"fields": ["started_at", "finished_at", "objects_seen", "files_known", "digests_compared", "applied"]}),
        (_("Faults"), {"fields": ["faults_shown"]}),
        (_("Examples"), {"fields": ["examples_shown"]}),
        (_("Days"), {"fields": ["days_shown"]}),
    ]
    readonly_fields = ["faults_shown", "examples_shown", "days_shown"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.start)
        return [path("look-again/", view, name="inbox_reconciliation_look_again"), *super().get_urls()]

    def start(self, request: HttpRequest) -> HttpResponse:
        """Ask a worker for a new comparison, which only reports. Repairs take `manage.py reconcile --apply`."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        enqueue_once("reconcile")
        record_all(
            request,
            Reconciliation,
            gettext_noop("Files"),
            gettext_noop("Requested a reconciliation."),
            "reconciliation_asked",
            1,
        )
        self.message_user(request, _("The comparison has started. Its report will appear in this list."))
        return redirect("admin:inbox_reconciliation_changelist")

    @admin.display(description=_("faults"))
    def faults_count(self, report: Reconciliation) -> str:
        return intcomma(sum(report.counts.values()))

    @admin.display(description=_("repaired"))
    def mended_count(self, report: Reconciliation) -> str:
        return intcomma(sum(report.mended.values())) if report.applied else "-"

    @admin.display(description=_("faults"))
    def faults_shown(self, report: Reconciliation) -> SafeString | str:
        rows = [
            (intcomma(count), gettext(FAULTS[code].sentence), intcomma(report.mended.get(code, 0)), _remedy(code))
            for code, count in report.counts.items()
            if code in FAULTS
        ]
        if not rows:
            return gettext("No faults found.") if report.finished_at else gettext("Not finished")
        return _table([_("count"), _("fault"), _("repaired"), _("what `manage.py reconcile --apply` does")], rows)

    @admin.display(description=_("examples"))
    def examples_shown(self, report: Reconciliation) -> SafeString | str:
        rows: list[tuple[Any, ...]] = []
        for code in report.counts:
            rows += [
                (code, _link(fault), excerpt(fault.key, 120), excerpt(fault.detail, 120))
                for fault in report.faults.filter(code=code).order_by("pk")[:EXAMPLES]
            ]
        return _table([_("fault"), _("row"), _("storage key"), _("detail")], rows) if rows else "-"

    @admin.display(description=_("messages and files by day"))
    def days_shown(self, report: Reconciliation) -> SafeString | str:
        columns = {
            "received": _("received"),
            "sent": _("sent"),
            "files": _("files"),
            "stored": _("stored"),
            "complete": _("complete"),
        }
        rows = [
            (day["day"], day["number"], *(intcomma(day[name]) for name in columns), _missing(day))
            for day in report.days
        ]
        return _table([_("day"), _("number"), *columns.values(), ""], rows) if rows else "-"


def _remedy(code: str) -> str:
    return gettext(FAULTS[code].remedy or gettext_noop("Nothing: decide by hand"))


def _missing(day: dict[str, Any]) -> str:
    missing = day["files"] - day["stored"]
    return gettext("%(count)s not stored") % {"count": intcomma(missing)} if missing else ""


def _link(fault: ReconciliationFault) -> SafeString | str:
    """The page of the row that a fault is about."""
    if fault.row.isdigit():
        return format_html('<a href="{}">{}</a>', reverse("admin:inbox_message_change", args=[fault.row]), _("message"))
    try:
        uuid.UUID(fault.row)
    except ValueError:
        return "-"
    if "upload" in fault.code:
        return fault.row
    return format_html('<a href="{}">{}</a>', reverse("admin:inbox_media_change", args=[fault.row]), _("file"))


def _table(headings: Iterable[str | Promise], rows: Iterable[tuple[Any, ...]]) -> SafeString:
    head = format_html_join("", "<th>{}</th>", ((heading,) for heading in headings))
    body = format_html_join(
        "", "<tr>{}</tr>", ((format_html_join("", "<td>{}</td>", ((cell,) for cell in row)),) for row in rows)
    )
    return format_html('<table class="report"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', head, body)
