"""Files: which did not arrive, why, and fetching them again."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from core.admin.actions import RowActionsAdmin, record
from core.admin.changelist import NewestFirstAdmin, ReceivedFilter, ViewOnly
from core.admin.display import excerpt, full_text
from inbox.admin.player import player
from inbox.admin.scope import NumberFilter, NumberScoped
from inbox.admin.search import id_in
from inbox.formatting import humanize
from inbox.media import fetch as files
from inbox.models import Media

NOTHING_TO_FETCH = _("Nothing to fetch: the file is stored or already waiting, or WhatsApp gave it no id.")


@admin.register(Media)
class MediaAdmin(NumberScoped, ViewOnly, RowActionsAdmin, NewestFirstAdmin):
    """Ordered by message, newest first, since ids of files are random."""

    key = "message_id"
    moment_field = "created_at"
    key_follows_time = False
    number_path = "message__number"
    list_display = ["created_at", "number", "message_link", "state", "kind", "size_shown", "attempts", "reason"]
    list_filter = ["state", "preview_state", NumberFilter, ReceivedFilter]
    search_fields = ["media_id"]
    search_help_text = _("Search for our id of the file, WhatsApp's id of it, or #123 for the file of message 123.")
    actions = ["fetch_selected"]
    row_actions = {"fetch_again": _("Fetch again")}
    fieldsets = [
        (None, {"fields": ["message_link", "number", "player", "state", "error_shown", "attempts", "next_try_at"]}),
        (
            _("File"),
            {
                "fields": [
                    "file_name_shown",
                    "mime_type",
                    "content_type",
                    "size_shown",
                    "sha256",
                    "voice",
                    "animated",
                    "width",
                    "height",
                    "duration",
                    "pages",
                    "stored_at",
                    "created_at",
                    "media_id",
                    "storage_key",
                ]
            },
        ),
        (_("Preview"), {"fields": ["preview_state", "preview_error", "excerpt_shown"]}),
    ]
    readonly_fields = [
        "message_link",
        "number",
        "player",
        "error_shown",
        "file_name_shown",
        "size_shown",
        "storage_key",
        "excerpt_shown",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Media]:
        return super().get_queryset(request).select_related("message__number").defer("message__number__access_token")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if (message_id := id_in(term)) is not None:
            return queryset.filter(message_id=message_id), False
        try:
            return queryset.filter(pk=uuid.UUID(term)), False
        except ValueError:
            return queryset.filter(media_id=term), False

    def available_actions(self, request: HttpRequest, row: Media) -> list[str]:
        settled = row.state in (Media.State.STORED, Media.State.PENDING)
        return [] if settled or not row.media_id else ["fetch_again"]

    def run_fetch_again(self, request: HttpRequest, row: Media) -> None:
        self.fetch_selected(request, Media.objects.filter(pk=row.pk))

    @admin.action(description=_("Fetch the selected files again"), permissions=["act"])
    def fetch_selected(self, request: HttpRequest, queryset: QuerySet[Media]) -> None:
        asked = [row for row in queryset if files.fetch_again(row)]
        record(request, asked, gettext_noop("Requested the file again."), "media_fetch_again")
        if asked:
            sentence = ngettext(
                "%(count)s file will be fetched again in a moment.",
                "%(count)s files will be fetched again in a moment.",
                len(asked),
            )
            self.message_user(request, sentence % {"count": len(asked)})
        else:
            self.message_user(request, NOTHING_TO_FETCH, messages.WARNING)

    @admin.display(description=_("number"))
    def number(self, media: Media) -> str:
        return str(media.message.number)

    @admin.display(description=_("message"))
    def message_link(self, media: Media) -> SafeString:
        address = reverse("admin:inbox_message_change", args=[media.message_id])
        return format_html('<a href="{}">{} {}</a>', address, media.message.get_kind_display(), media.message_id)

    @admin.display(description=_("type"))
    def kind(self, media: Media) -> str:
        return media.content_type or media.mime_type

    @admin.display(description=_("size"))
    def size_shown(self, media: Media) -> str:
        return "" if media.size is None else humanize.size(media.size)

    @admin.display(description=_("reason"))
    def reason(self, media: Media) -> SafeString:
        return excerpt(gettext(media.error) if media.error else "")

    @admin.display(description=_("reason"))
    def error_shown(self, media: Media) -> SafeString | str:
        return full_text(gettext(media.error)) if media.error else "-"

    @admin.display(description=_("preview"))
    def player(self, media: Media) -> SafeString:
        return player(media)

    @admin.display(description=_("name from the sender"))
    def file_name_shown(self, media: Media) -> SafeString | str:
        return excerpt(media.file_name, 200) if media.file_name else "-"

    @admin.display(description=_("storage key"))
    def storage_key(self, media: Media) -> str:
        return media.file.name or "-"

    @admin.display(description=_("text in the file"))
    def excerpt_shown(self, media: Media) -> SafeString | str:
        return full_text(media.excerpt) if media.excerpt else "-"
