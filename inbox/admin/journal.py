"""The journal in the admin: every webhook exactly as it came, what became of it, and replaying it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Func, IntegerField, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from core.admin.actions import ActsAdmin, record, record_all
from core.admin.changelist import NewestFirstAdmin, ReceivedFilter, ViewOnly, moment_in
from core.admin.display import excerpt, whole
from inbox.formatting import humanize
from inbox.models import Message
from inbox.models.messages import wamid_token_of
from whatsapp import events, parse
from whatsapp.models import Notification
from whatsapp.webhooks import journal

MESSAGES_SHOWN = 100
#: Bytes of a body that are made readable for the page.
READABLE = 1_000_000


class AttentionFilter(admin.SimpleListFilter):
    """What waits for somebody to look at it."""

    title = "attention"
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("parked", "Parked"), ("left_out", "Parts left out"), ("dismissed", "Dismissed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "parked":
                return queryset & Notification.objects.parked()
            case "left_out":
                return queryset & Notification.objects.left_out()
            case "dismissed":
                return queryset.filter(dismissed_at__isnull=False)
        return queryset


@admin.register(Notification)
class NotificationAdmin(ViewOnly, ActsAdmin, NewestFirstAdmin):
    """For superusers: one webhook may hold messages of every number."""

    moment_field = "received_at"
    title = "Journal of webhooks"
    list_display = ["id", "received_at", "state", "provider", "body_size", "attempts", "problem_count", "reason"]
    list_filter = ["state", AttentionFilter, ReceivedFilter, "provider"]
    search_fields = ["id"]
    search_help_text = "A notification's id, or a date or time (2026-11-20 02:14): shows what came until then."
    actions = ["replay_selected", "dismiss_selected"]
    acts = {"replay": "Replay", "dismiss": "Dismiss"}
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "id",
                    "received_at",
                    "provider",
                    "signed_with",
                    "state",
                    "attempts",
                    "processed_at",
                    "dismissed_at",
                    "reason_whole",
                ]
            },
        ),
        ("What it made", {"fields": ["problems_shown", "messages_made"]}),
        ("Raw webhook", {"fields": ["body_size", "body_shown"]}),
    ]
    readonly_fields = ["reason_whole", "problems_shown", "messages_made", "body_size", "body_shown"]
    change_list_template = "admin/whatsapp/notification/change_list.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_act_permission(self, request: HttpRequest, row: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        # The length is read without the body, which may be megabytes.
        length: Func = Func("body", function="octet_length", output_field=IntegerField())
        return super().get_queryset(request).defer("body").annotate(length=length)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip().removeprefix("#")
        if not term:
            return queryset, False
        if moment := moment_in(term):
            return self.received_before(queryset, moment), False
        if term.isascii() and term.isdigit() and len(term) <= 18:
            return queryset.filter(pk=int(term)), False
        messages.info(request, "The journal is searched by id or time. Search messages for texts, phones and ids.")
        return queryset.none(), False

    def get_urls(self) -> list[URLPattern]:
        return [
            path("replay-parked/", self.admin_site.admin_view(self.replay_parked), name="whatsapp_notification_parked"),
            path(
                "replay-left-out/", self.admin_site.admin_view(self.replay_left_out), name="whatsapp_notification_left"
            ),
            path("<int:pk>/body/", self.admin_site.admin_view(self.download_body), name="whatsapp_notification_body"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        # Each counted through a partial index, which holds nothing else.
        counts = {"parked": Notification.objects.parked().count(), "left_out": Notification.objects.left_out().count()}
        return super().changelist_view(request, counts | (extra_context or {}))

    def acts_offered(self, request: HttpRequest, row: Notification) -> list[str]:
        waits = row.dismissed_at is None and (row.state == Notification.State.PARKED or row.problems)
        return ["replay", "dismiss"] if waits else ["replay"]

    def links_of(self, request: HttpRequest, row: Notification) -> list[tuple[str, str]]:
        return [(reverse("admin:whatsapp_notification_body", args=[row.pk]), "Download the exact bytes")]

    def act_replay(self, request: HttpRequest, row: Notification) -> None:
        self.replay_selected(request, Notification.objects.filter(pk=row.pk))

    @admin.action(description="Replay the selected notifications", permissions=["act"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        """Put them back to pending: what they already did is recognised and not done again."""
        rows = list(queryset.only("pk").order_by())
        count = journal.replay(row.pk for row in rows)
        record(request, rows, "Replayed.", "journal_replayed")
        self._tell(request, count, len(rows))

    def act_dismiss(self, request: HttpRequest, row: Notification) -> None:
        self.dismiss_selected(request, Notification.objects.filter(pk=row.pk))

    @admin.action(description="Dismiss the selected notifications", permissions=["act"])
    def dismiss_selected(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        """Count them no longer. They are kept as long as processed ones, and can still be replayed."""
        rows = list(queryset.only("pk").order_by())
        count = journal.dismiss(row.pk for row in rows)
        record(request, rows, "Dismissed.", "journal_dismissed")
        self.message_user(request, f"{count} dismissed.")

    def replay_parked(self, request: HttpRequest) -> HttpResponse:
        """Every parked notification, however many."""
        return self._replay_all(request, "All parked notifications", journal.replay_parked)

    def replay_left_out(self, request: HttpRequest) -> HttpResponse:
        """Every notification of which parts were left out, however many."""
        return self._replay_all(request, "All notifications with parts left out", journal.replay_left_out)

    def _replay_all(self, request: HttpRequest, what: str, replay: Callable[[], int]) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_act_permission(request):
            raise PermissionDenied
        count = replay()
        record_all(request, Notification, what, f"Replayed {count}.", "journal_replayed", count)
        self._tell(request, count, count)
        return redirect("admin:whatsapp_notification_changelist")

    def _tell(self, request: HttpRequest, count: int, asked: int) -> None:
        if count:
            self.message_user(request, f"{count} put back to pending: a worker applies them in a moment.")
        if waiting := asked - count:
            self.message_user(request, f"{waiting} were pending already or are gone.", messages.WARNING)

    def download_body(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The exact bytes, as a file that no browser interprets. Written to the log: they hold what customers wrote."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        notification = Notification.objects.filter(pk=pk).first()
        if notification is None:
            raise Http404
        record(request, [notification], "Downloaded the raw webhook.", "journal_body_downloaded")
        return HttpResponse(
            bytes(notification.body),
            content_type="application/octet-stream",
            headers={
                "Content-Disposition": f'attachment; filename="notification-{pk}.bin"',
                "Cache-Control": "private, no-store",
            },
        )

    @admin.display(description="size")
    def body_size(self, notification: Notification) -> str:
        return humanize.size(notification.length)  # type: ignore[attr-defined]

    @admin.display(description="problems")
    def problem_count(self, notification: Notification) -> int | str:
        return len(notification.problems) or "-"

    @admin.display(description="reason")
    def reason(self, notification: Notification) -> SafeString:
        left_out = [str(problem.get("reason", "")) for problem in notification.problems[:1]]
        return excerpt(notification.error or "".join(left_out) or "-")

    @admin.display(description="reason")
    def reason_whole(self, notification: Notification) -> SafeString | str:
        return whole(notification.error) if notification.error else "-"

    @admin.display(description="left out")
    def problems_shown(self, notification: Notification) -> SafeString | str:
        problems = [(str(problem.get("path", "")), str(problem.get("reason", ""))) for problem in notification.problems]
        shown = format_html_join("", "<div><code>{}</code> {}</div>", problems[:MESSAGES_SHOWN])
        return shown or "Nothing."

    @admin.display(description="raw body")
    def body_shown(self, notification: Notification) -> SafeString:
        return whole(readable(bytes(notification.body)))

    @admin.display(description="messages")
    def messages_made(self, notification: Notification) -> SafeString | str:
        """The rows that this webhook speaks of, found by the ids in its body: messages are not indexed by it."""
        found = messages_of(bytes(notification.body))
        if isinstance(found, str):
            return found
        rows = [
            (
                reverse("admin:inbox_message_change", args=[message.pk]),
                message.pk,
                f"{message.sent_at:%Y-%m-%d %H:%M:%S}",
                message.get_direction_display().lower(),
                message.get_kind_display().lower(),
                excerpt(message.text, 60),
            )
            for message in found
        ]
        return format_html_join("", '<div><a href="{}">Message {}</a> {} {} {} {}</div>', rows) or "None."


def readable(body: bytes) -> str:
    """A body as people read it: JSON indented, anything else as text, bytes that are not UTF-8 as “�”."""
    text = body.decode(errors="replace")
    if len(body) > READABLE:
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False).encode(errors="replace").decode()
    except (ValueError, RecursionError):
        return text


def messages_of(body: bytes) -> list[Message] | str:
    """The messages that a webhook brought or reports on, at most 100; a sentence when it cannot be read."""
    try:
        facts = list(parse.parse(body))
    except events.UnreadableError as error:
        return f"Not readable: {error}"
    wamids = {
        wamid
        for fact in facts
        for wamid in (getattr(fact, "wamid", ""), getattr(fact, "target_wamid", ""), getattr(fact, "call_id", ""))
        if wamid
    }
    named = Message.objects.filter(
        number__phone_number_id__in={fact.phone_number_id for fact in facts},
        wamid_token__in=[wamid_token_of(Value(wamid)) for wamid in sorted(wamids)],
    )
    found = named.exclude(wamid="").select_related("number").defer("number__access_token")
    return list(found.order_by("-pk")[:MESSAGES_SHOWN])
