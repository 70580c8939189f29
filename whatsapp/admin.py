"""Message templates in the admin, as WhatsApp last described them."""

from __future__ import annotations

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.admin.changelist import ViewOnly
from core.admin.display import json_block
from whatsapp.models import MessageTemplate, PhoneNumber
from whatsapp.providers.base import ProviderError
from whatsapp.template_sync import accounts, sync


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ViewOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
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

    change_list_template = "admin/whatsapp/messagetemplate/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        sync = self.admin_site.admin_view(self.sync)
        return [path("sync/", sync, name="whatsapp_messagetemplate_sync"), *super().get_urls()]

    def sync(self, request: HttpRequest) -> HttpResponse:
        """Copy the templates from WhatsApp now: of every account, or those of this administrator's numbers."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        count = 0
        for waba_id in accounts():
            if not request.user.is_superuser and waba_id not in self._accounts(request):
                continue
            try:
                count += sync(waba_id)
            except ProviderError as error:
                sentence = _("Account %(account)s: %(error)s") % {"account": waba_id, "error": _(str(error))}
                self.message_user(request, sentence, messages.ERROR)
        sentence = ngettext("WhatsApp lists %(count)s template.", "WhatsApp lists %(count)s templates.", count)
        self.message_user(request, sentence % {"count": count})
        return redirect("admin:whatsapp_messagetemplate_changelist")

    @admin.display(description=gettext_lazy("components"))
    def components_shown(self, template: MessageTemplate) -> SafeString | str:
        return json_block(template.components)

    def get_queryset(self, request: HttpRequest) -> QuerySet[MessageTemplate]:
        """Staff see the templates of the accounts that their numbers belong to."""
        templates = super().get_queryset(request)
        if request.user.is_superuser:
            return templates
        return templates.filter(waba_id__in=self._accounts(request))

    def _accounts(self, request: HttpRequest) -> set[str]:
        numbers = PhoneNumber.objects.filter(agents=request.user.pk).exclude(waba_id="")
        return set(numbers.values_list("waba_id", flat=True))
