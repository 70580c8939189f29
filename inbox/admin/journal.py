"""The webhook journal: every webhook exactly as it came, what became of it, and replaying it."""

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
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from core.admin.actions import RowActionsAdmin, record, record_all
from core.admin.changelist import NewestFirstAdmin, ReceivedFilter, ViewOnly, moment_in
from core.admin.display import excerpt, full_text, moment
from core.integers import small_integer
from inbox.formatting import humanize
from inbox.models import Message
from inbox.models.messages import wamid_token_of
from whatsapp import events, parse
from whatsapp.models import Notification
from whatsapp.webhooks import journal

MESSAGES_SHOWN = 100
#: Larger bodies are shown without being indented.
READABLE = 1_000_000


class AttentionFilter(admin.SimpleListFilter):
    """Webhooks that need attention, and those that were dismissed."""

    title = _("attention")
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("parked", gettext("Parked")),
            ("left_out", gettext("Parts left out")),
            ("dismissed", gettext("Dismissed")),
        ]

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
class NotificationAdmin(ViewOnly, RowActionsAdmin, NewestFirstAdmin):
    """For superusers only: one webhook may hold messages of any number."""

    moment_field = "received_at"
    title = _("Webhook journal")
    list_display = ["id", "received_at", "state", "provider", "body_size", "attempts", "problem_count", "reason"]
    list_filter = ["state", AttentionFilter, ReceivedFilter, "provider"]
    search_fields = ["id"]
    search_help_text = _("Search for an id, or for a date or time (2026-11-20 02:14) to see what came until then.")
    actions = ["replay_selected", "dismiss_selected"]
    row_actions = {"replay": _("Replay"), "dismiss": _("Dismiss")}
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
                    "full_reason",
                ]
            },
        ),
        (_("Result"), {"fields": ["problems_shown", "messages_made"]}),
        (_("Raw webhook"), {"fields": ["body_size", "body_shown"]}),
    ]
    readonly_fields = ["full_reason", "problems_shown", "messages_made", "body_size", "body_shown"]
    change_list_template = "admin/whatsapp/notification/change_list.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_act_permission(self, request: HttpRequest, row: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        # The length alone: a body may be megabytes.
        length: Func = Func("body", function="octet_length", output_field=IntegerField())
        return super().get_queryset(request).defer("body").annotate(length=length)  # type: ignore[no-any-return]  # has no types

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip().removeprefix("#")
        if not term:
            return queryset, False
        if moment := moment_in(term):
            return self.received_before(queryset, moment), False
        if (pk := small_integer(term)) is not None:
            return queryset.filter(pk=pk), False
        messages.info(
            request, _("Search the journal by id or time. To find a text, phone or message id, search messages.")
        )
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
        # Partial indexes hold exactly these rows.
        counts = {"parked": Notification.objects.parked().count(), "left_out": Notification.objects.left_out().count()}
        return super().changelist_view(request, counts | (extra_context or {}))

    def available_actions(self, request: HttpRequest, row: Notification) -> list[str]:
        waits = row.dismissed_at is None and (row.state == Notification.State.PARKED or row.problems)
        return ["replay", "dismiss"] if waits else ["replay"]

    def row_links(self, request: HttpRequest, row: Notification) -> list[tuple[str, str]]:
        return [(reverse("admin:whatsapp_notification_body", args=[row.pk]), gettext("Download raw bytes"))]

    def run_replay(self, request: HttpRequest, row: Notification) -> None:
        self.replay_selected(request, Notification.objects.filter(pk=row.pk))

    @admin.action(description=_("Replay the selected webhooks"), permissions=["act"])
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        """Set them back to pending. What was already applied is recognised and not applied again."""
        rows = list(queryset.only("pk").order_by())
        count = journal.replay(row.pk for row in rows)
        record(request, rows, gettext_noop("Replayed."), "journal_replayed")
        self._report(request, count, len(rows))

    def run_dismiss(self, request: HttpRequest, row: Notification) -> None:
        self.dismiss_selected(request, Notification.objects.filter(pk=row.pk))

    @admin.action(description=_("Dismiss the selected webhooks"), permissions=["act"])
    def dismiss_selected(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        """Stop counting them. They are kept as long as processed ones and can still be replayed."""
        rows = list(queryset.only("pk").order_by())
        count = journal.dismiss(row.pk for row in rows)
        record(request, rows, gettext_noop("Dismissed."), "journal_dismissed")
        sentence = ngettext("%(count)s webhook dismissed.", "%(count)s webhooks dismissed.", count)
        self.message_user(request, sentence % {"count": count})

    def replay_parked(self, request: HttpRequest) -> HttpResponse:
        """Replay every parked notification, however many."""
        return self._replay_all(request, gettext_noop("All parked webhooks"), journal.replay_parked)

    def replay_left_out(self, request: HttpRequest) -> HttpResponse:
        """Replay every notification with parts left out, however many."""
        return self._replay_all(request, gettext_noop("All webhooks with parts left out"), journal.replay_left_out)

    def _replay_all(self, request: HttpRequest, what: str, replay: Callable[[], int]) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_act_permission(request):
            raise PermissionDenied
        count = replay()
        record_all(request, Notification, what, gettext_noop("Replayed."), "journal_replayed", count)
        self._report(request, count, count)
        return redirect("admin:whatsapp_notification_changelist")

    def _report(self, request: HttpRequest, count: int, asked: int) -> None:
        if count:
            sentence = ngettext(
                "%(count)s webhook will be replayed in a moment.",
                "%(count)s webhooks will be replayed in a moment.",
                count,
            )
            self.message_user(request, sentence % {"count": count})
        if waiting := asked - count:
            sentence = ngettext(
                "%(count)s webhook was already pending or has been deleted.",
                "%(count)s webhooks were already pending or have been deleted.",
                waiting,
            )
            self.message_user(request, sentence % {"count": waiting}, messages.WARNING)

    def download_body(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The exact bytes, as a file that no browser interprets. Logged, since they hold what customers wrote."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        notification = Notification.objects.filter(pk=pk).first()
        if notification is None:
            raise Http404
        record(request, [notification], gettext_noop("Downloaded the raw webhook."), "journal_body_downloaded")
        return HttpResponse(
            bytes(notification.body),
            content_type="application/octet-stream",
            headers={
                "Content-Disposition": f'attachment; filename="notification-{pk}.bin"',
                "Cache-Control": "private, no-store",
            },
        )

    @admin.display(description=_("size"))
    def body_size(self, notification: Notification) -> str:
        return humanize.size(notification.length)  # type: ignore[attr-defined]

    @admin.display(description=_("problems"))
    def problem_count(self, notification: Notification) -> int | str:
        return len(notification.problems) or "-"

    @admin.display(description=_("reason"))
    def reason(self, notification: Notification) -> SafeString:
        left_out = [str(problem.get("reason", "")) for problem in notification.problems[:1]]
        return excerpt(notification.error or "".join(left_out) or "-")

    @admin.display(description=_("reason"))
    def full_reason(self, notification: Notification) -> SafeString | str:
        return full_text(notification.error) if notification.error else "-"

    @admin.display(description=_("parts left out"))
    def problems_shown(self, notification: Notification) -> SafeString | str:
        problems = [(str(problem.get("path", "")), str(problem.get("reason", ""))) for problem in notification.problems]
        shown = format_html_join("", "<div><code>{}</code> {}</div>", problems[:MESSAGES_SHOWN])
        return shown or gettext("Nothing")

    @admin.display(description=_("raw body"))
    def body_shown(self, notification: Notification) -> SafeString:
        return full_text(readable(bytes(notification.body)))

    @admin.display(description=_("messages"))
    def messages_made(self, notification: Notification) -> SafeString | str:
        """The messages that this webhook is about, found by the ids in its body."""
        found = messages_of(bytes(notification.body))
        if isinstance(found, str):
            return found
        rows = [
            (
                reverse("admin:inbox_message_change", args=[message.pk]),
                _("Message %(id)s") % {"id": message.pk},
                moment(message.sent_at),
                message.get_direction_display(),
                message.get_kind_display(),
                excerpt(message.text, 60),
            )
            for message in found
        ]
        return format_html_join("", '<div><a href="{}">{}</a> {} · {} · {} {}</div>', rows) or gettext("None")


def readable(body: bytes) -> str:
    """A body as text: JSON indented, bytes that are not UTF-8 as “�”."""
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
        parsed = list(parse.parse(body))
    except events.UnreadableError as error:
        return gettext("Cannot be read: %(error)s") % {"error": error}
    wamids = {
        wamid
        for event in parsed
        for wamid in (getattr(event, "wamid", ""), getattr(event, "target_wamid", ""), getattr(event, "call_id", ""))
        if wamid
    }
    named = Message.objects.filter(
        number__phone_number_id__in={event.phone_number_id for event in parsed},
        wamid_token__in=[wamid_token_of(Value(wamid)) for wamid in sorted(wamids)],
    )
    found = named.exclude(wamid="").select_related("number").defer("number__access_token")
    return list(found.order_by("-pk")[:MESSAGES_SHOWN])
