"""Programs: their rights, API tokens, webhooks and deliveries. Secrets are shown once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from core import safe_http
from core.admin.actions import RowActionsAdmin, record
from core.admin.changelist import NewestFirstAdmin, ViewOnly
from core.admin.display import json_block, moment
from inbox.admin.scope import numbers_of
from inbox.api import tokens
from inbox.api.webhooks import delivery as posting
from inbox.api.webhooks import signing
from inbox.changes.webhooks import wake_up
from inbox.models import ApiToken, Program, WebhookDelivery, WebhookEndpoint


class ForSuperusers:
    """For superusers only: changing a program is enough to read and send as it."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_add_permission = has_change_permission = has_delete_permission = has_act_permission = has_view_permission

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


@admin.register(Program)
class ProgramAdmin(ForSuperusers, RowActionsAdmin):
    list_display = ["name", "active", "all_numbers", "may_read", "may_send", "tokens_shown", "created_at"]
    filter_horizontal = ["numbers"]
    row_actions = {"make_token": _("Create token")}
    readonly_fields = ["tokens_listed", "endpoints_listed", "created_at"]
    fieldsets = [
        (None, {"fields": ["name", "active"]}),
        (
            _("Numbers"),
            {
                "fields": ["all_numbers", "numbers"],
                "description": _("The program sees and answers the conversations of these numbers."),
            },
        ),
        (_("Permissions"), {"fields": ["may_read", "may_send"]}),
        (_("Tokens and webhooks"), {"fields": ["tokens_listed", "endpoints_listed", "created_at"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Program | None = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:3]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: messages name the program that sent them. It is switched off instead."""
        return False

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "numbers":
            kwargs["queryset"] = numbers_of(request.user)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def row_links(self, request: HttpRequest, row: Program) -> list[tuple[str, str]]:
        add = reverse("admin:inbox_webhookendpoint_add")
        return [
            (f"{add}?program={row.pk}", gettext("Add webhook")),
            (reverse("api:api-root"), gettext("API reference")),
        ]

    def run_make_token(self, request: HttpRequest, row: Program) -> None:
        created, token = tokens.make(row)
        record(request, [row], f"Created the API token {created}", "api_token_made")
        sentence = _("Copy this token now. It will not be shown again: %(token)s") % {"token": token}
        self.message_user(request, sentence, messages.SUCCESS, extra_tags="secret")

    @admin.display(description=_("valid tokens"))
    def tokens_shown(self, program: Program) -> int:
        return program.tokens.filter(revoked_at=None).count()

    @admin.display(description=_("tokens"))
    def tokens_listed(self, program: Program) -> SafeString | str:
        rows = [
            (reverse("admin:inbox_apitoken_change", args=[token.pk]), token, _state(token))
            for token in program.tokens.all()
        ]
        return format_html_join("", '<div><a href="{}">{}</a> {}</div>', rows) or gettext("None yet")

    @admin.display(description=_("webhooks"))
    def endpoints_listed(self, program: Program) -> SafeString | str:
        rows = [
            (
                reverse("admin:inbox_webhookendpoint_change", args=[row.pk]),
                row.url,
                "" if row.active else gettext("(switched off)"),
            )
            for row in program.webhook_endpoints.order_by("pk").only("pk", "url", "active")
        ]
        return format_html_join("", '<div><a href="{}">{}</a> {}</div>', rows) or gettext("None yet")


def _state(token: ApiToken) -> str:
    if token.revoked_at:
        return _("revoked on %(date)s") % {"date": _day(token.revoked_at)}
    if token.expires_at and token.expires_at <= timezone.now():
        return _("expired on %(date)s") % {"date": _day(token.expires_at)}
    if token.last_used_at:
        return _("last used on %(date)s") % {"date": _day(token.last_used_at)}
    return gettext("never used")


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at))


@admin.register(ApiToken)
class ApiTokenAdmin(ForSuperusers, RowActionsAdmin):
    """API tokens and when each was last used. A token is created on the page of its program."""

    list_display = ["prefix", "program", "state_shown", "created_at", "last_used_at", "expires_at"]
    list_select_related = ["program"]
    fields = ["prefix", "program", "state_shown", "created_at", "last_used_at", "expires_at", "revoked_at"]
    readonly_fields = ["prefix", "program", "state_shown", "created_at", "last_used_at", "revoked_at"]
    row_actions = {"revoke": _("Revoke")}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_delete_permission = has_add_permission

    @admin.display(description=_("state"))
    def state_shown(self, token: ApiToken) -> str:
        return _state(token)

    def available_actions(self, request: HttpRequest, row: ApiToken) -> list[str]:
        return [] if row.revoked_at else ["revoke"]

    def run_revoke(self, request: HttpRequest, row: ApiToken) -> None:
        tokens.revoke(row)
        record(request, [row], gettext_noop("Revoked the token."), "api_token_revoked")
        self.message_user(request, _("The token is revoked and no longer works."))


class WebhookEndpointForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    url = forms.URLField(label=_("Address"), max_length=2000, assume_scheme="https")
    events = forms.MultipleChoiceField(
        choices=WebhookEndpoint.Event.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=WebhookEndpoint.Event.values,
        help_text=_("Events may arrive out of order. Each carries the message as it is when the event is posted."),
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("program", "url", "events", "active")

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            safe_http.check(url, private=settings.WEBHOOK_PRIVATE_HOSTS)
        except safe_http.OutsideError as error:
            if error.refused:
                sentence = _("%(error)s For a program in your own network, add its host to WEBHOOK_PRIVATE_HOSTS.")
                raise forms.ValidationError(sentence % {"error": gettext(str(error))}) from None
        return url


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ForSuperusers, RowActionsAdmin):
    form = WebhookEndpointForm
    list_display = ["url", "program", "active", "health", "created_at"]
    list_select_related = ["program"]
    list_filter = ["active", "program"]
    row_actions = {"rotate": _("Replace secret")}
    readonly_fields = ["health", "rotation", "created_at"]
    fieldsets = [
        (None, {"fields": ["program", "url", "events", "active"]}),
        (_("Health"), {"fields": ["health", "rotation", "created_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        return super().get_queryset(request).defer("secret", "previous_secret")

    def get_fieldsets(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:1]

    def row_links(self, request: HttpRequest, row: WebhookEndpoint) -> list[tuple[str, str]]:
        return [(f"{reverse('admin:inbox_webhookdelivery_changelist')}?endpoint={row.pk}", gettext("Deliveries"))]

    @admin.display(description=_("health"))
    def health(self, endpoint: WebhookEndpoint) -> SafeString | str:
        if endpoint.disabled_reason and not endpoint.active:
            reason = gettext(endpoint.disabled_reason)
            return format_html("<strong>{}</strong> {}", gettext("Switched off automatically:"), reason)
        if endpoint.failing_since:
            sentence = ngettext(
                "Failing since %(time)s: %(count)s attempt.",
                "Failing since %(time)s: %(count)s attempts.",
                endpoint.failures,
            )
            return sentence % {"time": moment(endpoint.failing_since), "count": endpoint.failures}
        return gettext("Working") if endpoint.active else gettext("Switched off")

    @admin.display(description=_("secret"))
    def rotation(self, endpoint: WebhookEndpoint) -> str:
        until = endpoint.previous_secret_until
        if until and until > timezone.now():
            return gettext("Stored encrypted. The previous secret also signs until %(time)s.") % {"time": moment(until)}
        return gettext("Stored encrypted")

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:
        if not change:
            obj.secret = signing.new_secret()
        elif "active" in form.changed_data and obj.active:
            obj.disabled_reason, obj.failing_since, obj.failures, obj.held_until = "", None, 0, None
        super().save_model(request, obj, form, change)
        if change:
            wake_up(obj.pk)
        else:
            self._show(request, obj.secret)

    def run_rotate(self, request: HttpRequest, row: WebhookEndpoint) -> None:
        """Replace the secret. For a day, both the old and the new one sign."""
        secret = signing.rotate(WebhookEndpoint.objects.get(pk=row.pk))
        record(request, [row], gettext_noop("Replaced the secret."), "webhook_secret_replaced")
        self._show(request, secret)

    def _show(self, request: HttpRequest, secret: str) -> None:
        sentence = _("Copy this secret now. It will not be shown again: %(secret)s") % {"secret": secret}
        self.message_user(request, sentence, messages.SUCCESS, extra_tags="secret")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ViewOnly, ForSuperusers, RowActionsAdmin, NewestFirstAdmin):
    """Each event for each endpoint, with every attempt and its answer."""

    moment_field = "created_at"
    linked_by = ("endpoint",)
    list_display = ["created_at", "event", "endpoint", "state", "attempts", "response_status", "error"]
    list_filter = ["state", "event"]
    actions = ["send_selected_again"]
    row_actions = {"send_again": _("Send again")}
    fields = [
        "created_at",
        "event",
        "endpoint",
        "message_link",
        "webhook_id",
        "state",
        "attempts",
        "next_try_at",
        "delivered_at",
        "response_status",
        "error",
        "attempts_shown",
    ]
    readonly_fields = ["message_link", "webhook_id", "attempts_shown"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        deferred = ("endpoint__secret", "endpoint__previous_secret")
        return super().get_queryset(request).select_related("endpoint").defer(*deferred)

    @admin.display(description=_("message"))
    def message_link(self, row: WebhookDelivery) -> SafeString:
        address = reverse("admin:inbox_message_change", args=[row.message_id])
        return format_html('<a href="{}">{}</a>', address, _("Message %(id)s") % {"id": row.message_id})

    @admin.display(description=_("attempts"))
    def attempts_shown(self, row: WebhookDelivery) -> SafeString | str:
        return json_block(row.log)

    def available_actions(self, request: HttpRequest, row: WebhookDelivery) -> list[str]:
        return [] if row.state == WebhookDelivery.State.PENDING else ["send_again"]

    def run_send_again(self, request: HttpRequest, row: WebhookDelivery) -> None:
        posting.send_again(row)
        record(request, [row], gettext_noop("Sent again."), "webhook_sent_again")
        self.message_user(request, _("The event will be posted again with the same webhook-id."))

    @admin.action(description=_("Send the selected deliveries again"), permissions=["act"])
    def send_selected_again(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        again = [row for row in queryset if posting.send_again(row)]
        record(request, again, gettext_noop("Sent again."), "webhook_sent_again")
        sentence = ngettext(
            "%(count)s event will be posted again.", "%(count)s events will be posted again.", len(again)
        )
        self.message_user(request, sentence % {"count": len(again)}, messages.SUCCESS if again else messages.WARNING)
