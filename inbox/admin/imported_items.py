"""Items imported from the old system's tables, what became of each, and which were held back."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin.changelist import NewestFirstAdmin, ViewOnly
from core.admin.display import excerpt, full_text, json_block
from inbox.models import ImportedItem
from inbox.operations.dynamodb_import.problems import SENTENCES
from whatsapp.parse.clean_json import cleaned


@admin.register(ImportedItem)
class ImportedItemAdmin(ViewOnly, NewestFirstAdmin):
    """For superusers: the items of every number, as they were."""

    title = _("Imported items")
    list_display = ["table", "key_shown", "state", "sent_at", "problems_excerpt"]
    list_display_links = ["key_shown"]
    list_filter = ["table", "state"]
    search_fields = ["key"]
    search_help_text = _("Search for the item's own id (messageId, contactId, fileId) or WhatsApp's id of the message.")
    fieldsets = [
        (None, {"fields": ["table", "key_shown", "state", "problems_shown", "message_link", "found_key", "deleted"]}),
        (_("Original item"), {"fields": ["raw_shown"]}),
    ]
    readonly_fields = ["key_shown", "problems_shown", "message_link", "raw_shown"]

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

    @admin.display(description=_("id"))
    def key_shown(self, item: ImportedItem) -> SafeString:
        return excerpt(item.key)

    @admin.display(description=_("problems"))
    def problems_excerpt(self, item: ImportedItem) -> SafeString:
        return excerpt(" ".join(_problems(item)) or "-", 160)

    @admin.display(description=_("problems"))
    def problems_shown(self, item: ImportedItem) -> SafeString | str:
        return format_html_join("", "<div>{}</div>", ((problem,) for problem in _problems(item))) or "-"

    @admin.display(description=_("message"))
    def message_link(self, item: ImportedItem) -> SafeString | str:
        if item.message_id is None:
            return "-"
        address = reverse("admin:inbox_message_change", args=[item.message_id])
        return format_html('<a href="{}">{}</a>', address, _("Message %(id)s") % {"id": item.message_id})

    @admin.display(description=_("item"))
    def raw_shown(self, item: ImportedItem) -> SafeString | str:
        raw = bytes(item.raw)
        try:
            # A lone surrogate can be stored but not shown.
            return json_block(cleaned(json.loads(raw)))
        except (ValueError, RecursionError):
            return full_text(raw.decode("utf-8", errors="backslashreplace"))


def _problems(item: ImportedItem) -> list[str]:
    return [gettext(SENTENCES.get(code, code)) for code in item.problems]
