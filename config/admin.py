"""The admin site: the same login as the inbox, a second factor, and only the pages that administrators need."""

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
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from config import __version__

#: The index and the side bar, in the order of use and with the product's names.
SECTIONS = {
    "Inbox": (
        _("Inbox"),
        {
            "inbox.Message": _("Messages"),
            "inbox.Conversation": _("Conversations"),
            "inbox.Contact": _("Contacts"),
            "inbox.Media": _("Files"),
            "inbox.OutboxEntry": _("Outbox"),
            "inbox.Upload": _("Unsent files"),
        },
    ),
    "WhatsApp": (
        _("WhatsApp"),
        {
            "whatsapp.PhoneNumber": _("Numbers"),
            "whatsapp.Notification": _("Webhook journal"),
            "whatsapp.NumberUpdate": _("Number updates"),
            "whatsapp.MessageTemplate": _("Message templates"),
            "inbox.PendingStatus": _("Statuses without a message"),
        },
    ),
    "Programs": (
        _("Programs"),
        {
            "inbox.Program": _("Programs"),
            "inbox.ApiToken": _("API tokens"),
            "inbox.WebhookEndpoint": _("Outgoing webhooks"),
            "inbox.WebhookDelivery": _("Webhook deliveries"),
        },
    ),
    "People": (
        _("People"),
        {
            "inbox.Agent": _("Agents"),
            "auth.Group": _("Permission groups"),
            "axes.AccessAttempt": _("Failed sign-ins and lock-outs"),
            "axes.AccessLog": _("Sign-ins"),
            "admin.LogEntry": _("Admin log"),
        },
    ),
    "System": (
        _("System"),
        {
            "inbox.Reconciliation": _("File reconciliations"),
            "inbox.ImportedItem": _("Imported items"),
            "procrastinate.ProcrastinateJob": _("Jobs"),
        },
    ),
}
#: Registered by libraries. They show secrets (Authenticator) or nothing that an administrator needs.
LEFT_OUT = ["account.EmailAddress", "mfa.Authenticator", "axes.AccessFailureLog"]


class InboxAdminSite(admin.AdminSite):
    """For signed-in staff, with a second factor where ADMIN_MFA_REQUIRED is on."""

    site_title = _("Inbox admin")
    site_header = _("Inbox admin")
    index_title = _("Administration")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        if app_label is not None:
            return super().get_app_list(request, app_label)
        models = {
            f"{model['model']._meta.app_label}.{model['object_name']}": model
            for app in super().get_app_list(request)
            for model in app["models"]
        }
        sections = {
            key: (name, [{**models.pop(label), "name": title} for label, title in titles.items() if label in models])
            for key, (name, titles) in SECTIONS.items()
        }
        sections["Other"] = (_("Other"), list(models.values()))
        return [
            {
                "name": name,
                "app_label": key.lower(),
                "app_url": reverse("admin:index"),
                "has_module_perms": True,
                "models": shown,
            }
            for key, (name, shown) in sections.items()
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
        """Whether they must set up a second factor first. Looked up once a request."""
        if not settings.ADMIN_MFA_REQUIRED:
            return False
        if not hasattr(request, "_lacks_second_factor"):
            from allauth.mfa.utils import is_mfa_enabled

            request._lacks_second_factor = not is_mfa_enabled(request.user, ["totp", "webauthn"])  # type: ignore[attr-defined]
        return bool(request._lacks_second_factor)  # type: ignore[attr-defined]

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the login page, to setting up a second factor, or into the admin. There is no password form here:
        only the login page limits failed attempts."""
        target = request.GET.get(REDIRECT_FIELD_NAME, "")
        if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
            target = reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({REDIRECT_FIELD_NAME: target})}")
        if not super().has_permission(request):
            raise PermissionDenied(
                gettext("This account cannot open the admin. Ask an administrator to give it staff status.")
            )
        if self.lacks_second_factor(request):
            sentence = gettext("The admin requires a second factor. Set one up here, then open the admin again.")
            messages.warning(request, sentence)
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
        # Our versions of the libraries' pages replace theirs.
        for label, page in (("procrastinate.ProcrastinateJob", JobAdmin), ("axes.AccessLog", SignInAdmin)):
            admin.site.unregister(apps.get_model(label))
            admin.site.register(apps.get_model(label), page)
