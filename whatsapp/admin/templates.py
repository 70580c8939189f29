"""Message templates in the admin, as WhatsApp last described them."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from whatsapp.admin.lists import ViewOnly
from whatsapp.admin.show import as_json
from whatsapp.models import MessageTemplate, PhoneNumber


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ViewOnly, admin.ModelAdmin):
    list_display = ["name", "language", "status", "category", "quality", "waba_id", "updated_at"]
    list_filter = ["status", "category"]
    search_fields = ["name", "template_id"]
    ordering = ["name", "language"]
    fields = [
        "name",
        "language",
        "status",
        "reason",
        "category",
        "quality",
        "waba_id",
        "template_id",
        "updated_at",
        "components_shown",
    ]
    readonly_fields = ["components_shown"]

    @admin.display(description="components")
    def components_shown(self, template: MessageTemplate) -> SafeString | str:
        return as_json(template.components)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageTemplate]:
        """Staff see the templates of the accounts that their numbers belong to."""
        templates = super().get_queryset(request)
        if request.user.is_superuser:
            return templates
        accounts = PhoneNumber.objects.filter(agents=request.user.pk).exclude(waba_id="").values("waba_id")
        return templates.filter(waba_id__in=accounts)
