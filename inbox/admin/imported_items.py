"""Imported items in the admin: what the old system's tables said, what became of it, and what was held back."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.admin.changelist import NewestFirstAdmin, ViewOnly
from core.admin.display import as_json, excerpt, whole
from inbox.models import ImportedItem
from inbox.operations.dynamodb_import.problems import SENTENCES
from whatsapp.parse.clean_json import cleaned


@admin.register(ImportedItem)
class ImportedItemAdmin(ViewOnly, NewestFirstAdmin):
    """For superusers: items of every number, as they were."""

    title = "Items of the old system"
    list_display = ["table", "key_shown", "state", "sent_at", "what"]
    list_display_links = ["key_shown"]
    list_filter = ["table", "state"]
    search_fields = ["key"]
    search_help_text = "The item's own id (messageId, contactId, fileId), or WhatsApp's id of the message."
    fieldsets = [
        (None, {"fields": ["table", "key_shown", "state", "said", "message_link", "found_key", "deleted"]}),
        ("As it was read", {"fields": ["raw_shown"]}),
    ]
    readonly_fields = ["key_shown", "said", "message_link", "raw_shown"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser) and ImportedItem.objects.exists()

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportedItem]:
        return super().get_queryset(request).defer("raw")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = {"wamid": term} if term.startswith("wamid.") else {"key": term, "table__in": ImportedItem.Table.values}
        return queryset.filter(**found), False

    @admin.display(description="id")
    def key_shown(self, item: ImportedItem) -> SafeString:
        return excerpt(item.key)

    @admin.display(description="what")
    def what(self, item: ImportedItem) -> SafeString:
        return excerpt(" ".join(SENTENCES.get(code, code) for code in item.problems) or "-", 160)

    @admin.display(description="what was found")
    def said(self, item: ImportedItem) -> SafeString | str:
        return format_html_join("", "<div>{}</div>", ((SENTENCES.get(code, code),) for code in item.problems)) or "-"

    @admin.display(description="message")
    def message_link(self, item: ImportedItem) -> SafeString | str:
        if item.message_id is None:
            return "-"
        address = reverse("admin:inbox_message_change", args=[item.message_id])
        return format_html('<a href="{}">Message {}</a>', address, item.message_id)

    @admin.display(description="item")
    def raw_shown(self, item: ImportedItem) -> SafeString | str:
        raw = bytes(item.raw)
        try:
            # A lone surrogate can be stored, and not be shown.
            return as_json(cleaned(json.loads(raw)))
        except (ValueError, RecursionError):
            return whole(raw.decode("utf-8", errors="backslashreplace"))
