"""The admin site: the same login as the pages, a second factor, and none of the libraries' noise."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import apps as admin_apps
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from config import __version__

#: The index and the side bar: what is looked for first comes first, in the words of the product.
SECTIONS = {
    "Inbox": {
        "inbox.Message": "Messages",
        "inbox.Conversation": "Conversations",
        "inbox.Contact": "Contacts",
        "inbox.Media": "Files",
        "inbox.OutboxEntry": "Outbox",
        "inbox.Upload": "Files not sent yet",
    },
    "WhatsApp": {
        "whatsapp.PhoneNumber": "Numbers",
        "whatsapp.Notification": "Journal of webhooks",
        "whatsapp.NumberUpdate": "Updates on numbers",
        "whatsapp.MessageTemplate": "Message templates",
        "inbox.PendingStatus": "Statuses without a message",
    },
    "Programs": {
        "inbox.Program": "Programs",
        "inbox.ApiToken": "API tokens",
        "inbox.WebhookEndpoint": "Webhooks of ours",
        "inbox.WebhookDelivery": "Deliveries of webhooks",
    },
    "People": {
        "inbox.Agent": "Agents",
        "auth.Group": "Groups of permissions",
        "axes.AccessAttempt": "Failed sign-ins and locks",
        "axes.AccessLog": "Sign-ins",
        "admin.LogEntry": "What administrators did",
    },
    "Machinery": {
        "inbox.Reconciliation": "Reconciliations of files",
        "inbox.ImportedItem": "Items of the old system",
        "procrastinate.ProcrastinateJob": "Jobs",
    },
}
#: Registered by libraries; shows secrets (Authenticator), or nothing that an administrator of an inbox needs.
LEFT_OUT = ["account.EmailAddress", "mfa.Authenticator", "axes.AccessFailureLog"]


class InboxAdminSite(admin.AdminSite):
    """The admin for staff who signed in like everybody else and, where ADMIN_MFA_REQUIRED, with a second factor."""

    site_title = "Inbox admin"
    site_header = "Inbox admin"
    index_title = "Administration"

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        if app_label is not None:
            return super().get_app_list(request, app_label)
        models = {
            f"{model['model']._meta.app_label}.{model['object_name']}": model
            for app in super().get_app_list(request)
            for model in app["models"]
        }
        sections = {
            name: [{**models.pop(label), "name": title} for label, title in titles.items() if label in models]
            for name, titles in SECTIONS.items()
        }
        sections["Other"] = list(models.values())
        return [
            {
                "name": name,
                "app_label": name.lower(),
                "app_url": reverse("admin:index"),
                "has_module_perms": True,
                "models": shown,
            }
            for name, shown in sections.items()
            if shown
        ]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With the version, and the webhooks that were switched off by themselves."""
        context = super().each_context(request) | {"version": __version__}
        if request.user.is_active and request.user.is_superuser:
            endpoints = apps.get_model("inbox.WebhookEndpoint").objects.filter(active=False).exclude(disabled_reason="")
            context["disabled_webhooks"] = list(endpoints.only("pk", "url", "disabled_reason")[:5])
        return context

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not self.lacks_second_factor(request)

    def lacks_second_factor(self, request: HttpRequest) -> bool:
        """Whether this person must set a second factor up first. Asked once a request: several views ask again."""
        if not settings.ADMIN_MFA_REQUIRED:
            return False
        if not hasattr(request, "_lacks_second_factor"):
            from allauth.mfa.utils import is_mfa_enabled

            request._lacks_second_factor = not is_mfa_enabled(request.user, ["totp", "webauthn"])  # type: ignore[attr-defined]
        return bool(request._lacks_second_factor)  # type: ignore[attr-defined]

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send people where they can get in. There is no password form here: only the login page counts attempts."""
        target = request.GET.get(REDIRECT_FIELD_NAME, "")
        if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
            target = reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({REDIRECT_FIELD_NAME: target})}")
        if not super().has_permission(request):
            raise PermissionDenied("This account is not for the admin: an administrator can mark it as staff.")
        if self.lacks_second_factor(request):
            messages.warning(request, "The admin needs a second factor. Set one up here, then open the admin again.")
            return redirect("mfa_activate_totp")
        return redirect(target)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_change_password")


class AdminConfig(admin_apps.AdminConfig):
    default_site = "config.admin.InboxAdminSite"

    def ready(self) -> None:
        super().ready()
        from inbox.admin.agents import SignInAdmin
        from inbox.admin.jobs import JobAdmin

        for label in LEFT_OUT:
            admin.site.unregister(apps.get_model(label))
        # The libraries' own pages, made to fit: registered once theirs are.
        for label, page in (("procrastinate.ProcrastinateJob", JobAdmin), ("axes.AccessLog", SignInAdmin)):
            admin.site.unregister(apps.get_model(label))
            admin.site.register(apps.get_model(label), page)
