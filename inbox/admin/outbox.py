"""The outbox: messages waiting to be sent, and files that belong to no message yet."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin.changelist import NewestFirstAdmin, ViewOnly
from core.admin.display import excerpt
from inbox.admin.scope import NumberFilter, NumberScoped
from inbox.models import OutboxEntry, Upload


@admin.register(OutboxEntry)
class OutboxEntryAdmin(NumberScoped, ViewOnly, NewestFirstAdmin):
    """Messages waiting to be sent. Usually empty; the number's page says why a long queue waits."""

    key = "message_id"
    moment_field = "due_at"
    list_display = ["due_at", "number", "message_link", "why", "attempts", "priority", "leased_until"]
    list_filter = [NumberFilter]
    fields = ["number", "message_link", "why", "due_at", "attempts", "priority", "leased_until"]
    readonly_fields = ["message_link", "why"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxEntry]:
        return super().get_queryset(request).select_related("number", "message").defer("number__access_token")

    @admin.display(description=_("message"))
    def message_link(self, entry: OutboxEntry) -> SafeString:
        address = reverse("admin:inbox_message_change", args=[entry.pk])
        return format_html('<a href="{}">{}</a>', address, entry.message)

    @admin.display(description=_("reason"))
    def why(self, entry: OutboxEntry) -> str:
        error = entry.message.error
        return gettext(error) if error else entry.message.get_status_display()


@admin.register(Upload)
class UploadAdmin(NumberScoped, ViewOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Files that belong to no message yet: being prepared, in a draft, or refused with the reason."""

    ordering = ["-created_at", "pk"]
    show_full_result_count = False
    list_display = ["created_at", "number", "agent", "program", "kind", "state", "name", "original_size"]
    list_filter = [NumberFilter, "state", "kind"]
    fields = [
        *("number", "agent", "program", "kind", "state", "error", "name", "original_type", "original_size"),
        *("content_type", "size", "sha256", "changes", "attempts", "created_at"),
    ]
    readonly_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Upload]:
        uploads = super().get_queryset(request).select_related("number", "agent", "program")
        return uploads.defer("number__access_token")

    @admin.display(description=_("file name"))
    def name(self, upload: Any) -> SafeString:
        return excerpt(upload.file_name)
