"""Programs in the admin: their rights, their tokens and where they are told what happens. Secrets are shown once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core import safe_http
from core.admin.actions import ActsAdmin, record
from core.admin.changelist import NewestFirstAdmin, ViewOnly
from core.admin.display import as_json
from inbox.admin.scope import numbers_of
from inbox.api import tokens
from inbox.api.webhooks import delivery as posting
from inbox.api.webhooks import signing
from inbox.changes.webhooks import wake_up
from inbox.models import ApiToken, Program, WebhookDelivery, WebhookEndpoint


class ForSuperusers:
    """Whoever can change programs can read and send as any of them."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_add_permission = has_change_permission = has_delete_permission = has_act_permission = has_view_permission

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


@admin.register(Program)
class ProgramAdmin(ForSuperusers, ActsAdmin):
    list_display = ["name", "active", "all_numbers", "may_read", "may_send", "tokens_shown", "created_at"]
    filter_horizontal = ["numbers"]
    acts = {"make_token": "Make a token"}
    readonly_fields = ["tokens_listed", "endpoints_listed", "created_at"]
    fieldsets = [
        (None, {"fields": ["name", "active"]}),
        ("Numbers", {"fields": ["all_numbers", "numbers"], "description": "The conversations it sees and answers."}),
        ("Rights", {"fields": ["may_read", "may_send"]}),
        ("Tokens and webhooks", {"fields": ["tokens_listed", "endpoints_listed", "created_at"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Program | None = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:3]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Messages say who sent them: a program is switched off instead."""
        return False

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "numbers":
            kwargs["queryset"] = numbers_of(request.user)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def links_of(self, request: HttpRequest, row: Program) -> list[tuple[str, str]]:
        add = reverse("admin:inbox_webhookendpoint_add")
        return [(f"{add}?program={row.pk}", "Add a webhook"), (reverse("api:api-root"), "API reference")]

    def act_make_token(self, request: HttpRequest, row: Program) -> None:
        made, token = tokens.make(row)
        record(request, [row], f"Made the API token {made}", "api_token_made")
        self.message_user(
            request, f"Copy this token now, it is not shown again: {token}", messages.SUCCESS, extra_tags="secret"
        )

    @admin.display(description="valid tokens")
    def tokens_shown(self, program: Program) -> int:
        return program.tokens.filter(revoked_at=None).count()

    @admin.display(description="tokens")
    def tokens_listed(self, program: Program) -> SafeString | str:
        rows = [
            (reverse("admin:inbox_apitoken_change", args=[token.pk]), token, _state(token))
            for token in program.tokens.all()
        ]
        return format_html_join("", '<div><a href="{}">{}</a> {}</div>', rows) or "None yet."

    @admin.display(description="webhooks")
    def endpoints_listed(self, program: Program) -> SafeString | str:
        rows = [
            (
                reverse("admin:inbox_webhookendpoint_change", args=[row.pk]),
                row.url,
                "" if row.active else "(switched off)",
            )
            for row in program.webhook_endpoints.order_by("pk").only("pk", "url", "active")
        ]
        return format_html_join("", '<div><a href="{}">{}</a> {}</div>', rows) or "None yet."


def _state(token: ApiToken) -> str:
    if token.revoked_at:
        return f"revoked on {token.revoked_at:%Y-%m-%d}"
    if token.expires_at and token.expires_at <= timezone.now():
        return f"expired on {token.expires_at:%Y-%m-%d}"
    return f"last used on {token.last_used_at:%Y-%m-%d}" if token.last_used_at else "never used"


@admin.register(ApiToken)
class ApiTokenAdmin(ForSuperusers, ActsAdmin):
    """Tokens are made at their program; here one sees what became of them, and takes them back."""

    list_display = ["prefix", "program", "state_shown", "created_at", "last_used_at", "expires_at"]
    list_select_related = ["program"]
    fields = ["prefix", "program", "state_shown", "created_at", "last_used_at", "expires_at", "revoked_at"]
    readonly_fields = ["prefix", "program", "state_shown", "created_at", "last_used_at", "revoked_at"]
    acts = {"revoke": "Revoke"}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_delete_permission = has_add_permission

    @admin.display(description="state")
    def state_shown(self, token: ApiToken) -> str:
        return _state(token)

    def acts_offered(self, request: HttpRequest, row: ApiToken) -> list[str]:
        return [] if row.revoked_at else ["revoke"]

    def act_revoke(self, request: HttpRequest, row: ApiToken) -> None:
        tokens.revoke(row)
        record(request, [row], "Revoked the token.", "api_token_revoked")
        self.message_user(request, "The token is refused from now on.")


class WebhookEndpointForm(forms.ModelForm):
    url = forms.URLField(label="Address", max_length=2000, assume_scheme="https")
    events = forms.MultipleChoiceField(
        choices=WebhookEndpoint.Event.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=WebhookEndpoint.Event.values,
        help_text="Their order is not guaranteed: every one carries the message as it is when it is posted.",
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
                raise forms.ValidationError(
                    f"{error} An internal program's host must be named in WEBHOOK_PRIVATE_HOSTS."
                ) from None
        return url


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ForSuperusers, ActsAdmin):
    form = WebhookEndpointForm
    list_display = ["url", "program", "active", "health", "created_at"]
    list_select_related = ["program"]
    list_filter = ["active", "program"]
    acts = {"rotate": "Replace the secret"}
    readonly_fields = ["health", "rotation", "created_at"]
    fieldsets = [
        (None, {"fields": ["program", "url", "events", "active"]}),
        ("How it does", {"fields": ["health", "rotation", "created_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        return super().get_queryset(request).defer("secret", "previous_secret")

    def get_fieldsets(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:1]

    def links_of(self, request: HttpRequest, row: WebhookEndpoint) -> list[tuple[str, str]]:
        return [(f"{reverse('admin:inbox_webhookdelivery_changelist')}?endpoint={row.pk}", "Deliveries")]

    @admin.display(description="health")
    def health(self, endpoint: WebhookEndpoint) -> SafeString | str:
        if endpoint.disabled_reason and not endpoint.active:
            return format_html("<strong>Switched off by itself:</strong> {}", endpoint.disabled_reason)
        if endpoint.failing_since:
            return f"Failing since {endpoint.failing_since:%Y-%m-%d %H:%M}, {endpoint.failures} times."
        return "Works." if endpoint.active else "Switched off."

    @admin.display(description="secret")
    def rotation(self, endpoint: WebhookEndpoint) -> str:
        until = endpoint.previous_secret_until
        if until and until > timezone.now():
            return f"Stored. The one before signs too until {until:%Y-%m-%d %H:%M}."
        return "Stored encrypted."

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

    def act_rotate(self, request: HttpRequest, row: WebhookEndpoint) -> None:
        """A leaked secret, or a yearly habit: the old one signs beside the new one for a day."""
        secret = signing.rotate(WebhookEndpoint.objects.get(pk=row.pk))
        record(request, [row], "Replaced the secret.", "webhook_secret_replaced")
        self._show(request, secret)

    def _show(self, request: HttpRequest, secret: str) -> None:
        self.message_user(
            request, f"Copy this secret now, it is not shown again: {secret}", messages.SUCCESS, extra_tags="secret"
        )


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ViewOnly, ForSuperusers, ActsAdmin, NewestFirstAdmin):
    """What was told to whom, each attempt with its answer."""

    moment_field = "created_at"
    linked_by = ("endpoint",)
    list_display = ["created_at", "event", "endpoint", "state", "attempts", "response_status", "error"]
    list_filter = ["state", "event"]
    actions = ["send_selected_again"]
    acts = {"send_again": "Send again"}
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

    @admin.display(description="message")
    def message_link(self, row: WebhookDelivery) -> SafeString:
        address = reverse("admin:inbox_message_change", args=[row.message_id])
        return format_html('<a href="{}">Message {}</a>', address, row.message_id)

    @admin.display(description="each attempt")
    def attempts_shown(self, row: WebhookDelivery) -> SafeString | str:
        return as_json(row.log)

    def acts_offered(self, request: HttpRequest, row: WebhookDelivery) -> list[str]:
        return [] if row.state == WebhookDelivery.State.PENDING else ["send_again"]

    def act_send_again(self, request: HttpRequest, row: WebhookDelivery) -> None:
        posting.send_again(row)
        record(request, [row], "Sent again.", "webhook_sent_again")
        self.message_user(request, "It is posted again under the same webhook-id, as soon as the endpoint is on.")

    @admin.action(description="Send the selected deliveries again", permissions=["act"])
    def send_selected_again(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        again = [row for row in queryset if posting.send_again(row)]
        record(request, again, "Sent again.", "webhook_sent_again")
        self.message_user(request, f"{len(again)} are posted again.", messages.SUCCESS if again else messages.WARNING)
