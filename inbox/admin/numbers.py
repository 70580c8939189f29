"""Our numbers in the admin: connecting one, its token that nobody can read back, and what WhatsApp says about it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured
from django.db.models import BooleanField, Case, ExpressionWrapper, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.admin.actions import ActsAdmin, record
from core.admin.changelist import NewestFirstAdmin, ViewOnly
from core.admin.display import as_json, whole
from inbox.admin.scope import NumberFilter, NumberScoped, numbers_of
from inbox.media import fetch
from inbox.models import Outbox, OutboxEntry
from inbox.sending import outbox
from whatsapp.models import NumberUpdate, PhoneNumber, Provider
from whatsapp.providers.aws import arns
from whatsapp.providers.base import ProviderError, provider_for

UPDATES_SHOWN = 20


class PhoneNumberForm(forms.ModelForm):
    """The number's facts. The token goes in and never comes out: empty keeps the stored one."""

    # Not called like the column: a form fills what has a column's name, also with nothing.
    new_token = forms.CharField(
        label="Access token",
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "class": "vTextField"}),
        help_text="Of a system user, with whatsapp_business_messaging and whatsapp_business_management. It is stored "
        "encrypted and never shown again. Leave this empty to keep the one that is stored.",
    )
    #: The Region in an ARN that was entered.
    named_region = ""
    remove_token = forms.BooleanField(required=False, label="Remove the stored token")

    class Meta:
        model = PhoneNumber
        fields = (
            "name",
            "display_number",
            "state",
            "provider",
            "phone_number_id",
            "waba_id",
            "portfolio_id",
            "aws_phone_number_id",
            "aws_region",
            "send_rate",
            "read_receipts",
        )
        # An ARN is long, and is to be compared with AWS's.
        widgets = {"aws_phone_number_id": forms.TextInput(attrs={"class": "vURLField"})}

    def clean_new_token(self) -> str:
        token: str = self.cleaned_data["new_token"].strip()
        if not token.isascii() or not token.isprintable() or " " in token:
            raise forms.ValidationError("A token has no spaces, line breaks or accents: copy it again.")
        if token:
            try:
                PhoneNumber._meta.get_field("access_token").get_prep_value(token)
            except (ImproperlyConfigured, ValueError):
                raise forms.ValidationError(
                    "The token cannot be stored encrypted: set FIELD_ENCRYPTION_KEYS to the output of "
                    "`manage.py generate_key` and restart."
                ) from None
        return token

    def clean_aws_phone_number_id(self) -> str:
        """The id, also where somebody entered the ARN, which tells the Region too."""
        entered: str = self.cleaned_data["aws_phone_number_id"].strip()
        if not entered:
            return ""
        found = arns.number(entered)
        if found is None:
            raise forms.ValidationError(
                "This is no number of AWS End User Messaging: enter phone-number-id-… or its ARN "
                "(arn:aws:social-messaging:eu-central-1:123456789012:phone-number-id/…)."
            )
        self.named_region = found.region
        return found.id

    def clean_aws_region(self) -> str:
        region: str = self.cleaned_data["aws_region"].strip() or self.named_region
        if region and not arns.REGION.fullmatch(region):
            raise forms.ValidationError("This is no Region of AWS: they look like eu-central-1.")
        return region

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("provider") == Provider.AWS and cleaned.get("new_token"):
            self.add_error("new_token", "A number at AWS has no access token; the server's credentials count.")
        entered, region = self.named_region, cleaned.get("aws_region")
        if entered and region and entered != region:
            self.add_error("aws_region", f"The ARN says that the number is in {entered}.")
        if cleaned.get("new_token") and cleaned.get("remove_token"):
            raise forms.ValidationError("Either enter a new token or remove the stored one.")
        return cleaned

    @property
    def token_changed(self) -> bool:
        return bool(self.cleaned_data.get("new_token") or self.cleaned_data.get("remove_token"))

    def save(self, commit: bool = True) -> Any:
        if self.token_changed:
            self.instance.access_token = self.cleaned_data["new_token"]
        return super().save(commit)


@admin.register(PhoneNumber)
class PhoneNumberAdmin(ActsAdmin):
    form = PhoneNumberForm
    list_display = ["label", "shown_number", "state", "provider", "token_stored", "quality", "messaging_limit"]
    list_filter = ["state", "provider"]
    search_fields = ["name", "display_number", "phone_number_id", "waba_id"]
    actions = ["accept_numbers"]
    acts = {"accept": "Accept this number", "check": "Check connection", "resume": "Resume sending"}
    fieldsets = [
        (None, {"fields": ["name", "display_number", "state"]}),
        (
            "At WhatsApp",
            {"fields": ["provider", "phone_number_id", "waba_id", "portfolio_id"]},
        ),
        (
            "Access token",
            {
                "fields": ["token_stored", "new_token", "remove_token"],
                "description": "For numbers of the Meta Cloud API. AWS takes the server's own credentials instead.",
            },
        ),
        (
            "AWS End User Messaging Social",
            {
                "fields": ["aws_phone_number_id", "aws_region"],
                "description": "For numbers that AWS carries. docs/aws.md says where to find these.",
            },
        ),
        ("Sending", {"fields": ["outbox_shown", "send_rate", "read_receipts"]}),
        (
            "As WhatsApp last reported",
            {"fields": ["verified_name", "quality", "throughput", "messaging_limit", "updates_shown"]},
        ),
        ("Here", {"fields": ["agents_shown", "created_at"]}),
    ]
    readonly_fields = [
        "token_stored",
        "outbox_shown",
        "verified_name",
        "quality",
        "throughput",
        "messaging_limit",
        "updates_shown",
        "agents_shown",
        "created_at",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PhoneNumber]:
        """Unknown numbers first: their messages wait for somebody to accept them. The token stays in the database."""
        unknown_first = Case(When(state=PhoneNumber.State.UNKNOWN, then=Value(0)), default=Value(1))
        has_token = ExpressionWrapper(~Q(access_token=""), output_field=BooleanField())
        return numbers_of(request.user).annotate(has_token=has_token).order_by(unknown_first, "name", "pk")

    def get_readonly_fields(self, request: HttpRequest, obj: PhoneNumber | None = None) -> list[str]:
        """Payloads name our number by Meta's id: once rows hang on it, another id would be another number."""
        fixed = ["phone_number_id"] if obj else []
        return [*self.readonly_fields, *fixed]

    def get_fieldsets(self, request: HttpRequest, obj: PhoneNumber | None = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else self.fieldsets[:4]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Conversations hang on a number: it is paused, not deleted."""
        return False

    @admin.display(description="name")
    def label(self, number: PhoneNumber) -> str:
        return str(number)

    @admin.display(description="number")
    def shown_number(self, number: PhoneNumber) -> SafeString:
        return format_html("<bdi>{}</bdi>", number.display_number or "-")

    @admin.display(description="token stored", boolean=True)
    def token_stored(self, number: PhoneNumber) -> bool:
        return getattr(number, "has_token", False)

    @admin.display(description="agents")
    def agents_shown(self, number: PhoneNumber) -> SafeString | str:
        agents = [
            (reverse("admin:inbox_agent_change", args=[agent.pk]), agent, "" if agent.is_active else " (inactive)")
            for agent in number.agents.order_by("username")
        ]
        return format_html_join(", ", '<a href="{}">{}</a>{}', agents) or "Nobody yet: choose numbers at each agent."

    @admin.display(description="outbox")
    def outbox_shown(self, number: PhoneNumber) -> str:
        waiting = OutboxEntry.objects.filter(number=number).count()
        paused = Outbox.objects.filter(number=number, active=True).first()
        words = f"{waiting:,} message{'' if waiting == 1 else 's'} waiting to leave." if waiting else "Nothing waits."
        if paused is None:
            return words
        since = timezone.localtime(paused.paused_at)
        return f"{words} Paused since {since:%Y-%m-%d %H:%M}: {paused.reason}"

    @admin.display(description="newest updates")
    def updates_shown(self, number: PhoneNumber) -> SafeString | str:
        updates = NumberUpdate.objects.filter(number=number).order_by("-at")[:UPDATES_SHOWN]
        rows = [
            (reverse("admin:whatsapp_numberupdate_change", args=[update.pk]), f"{update.at:%Y-%m-%d %H:%M}", update)
            for update in updates
        ]
        return format_html_join("", '<div><a href="{}">{}</a> {}</div>', rows) or "None yet."

    def acts_offered(self, request: HttpRequest, row: PhoneNumber) -> list[str]:
        if row.state == PhoneNumber.State.UNKNOWN:
            return ["accept", "check"]
        return ["check", "resume"] if Outbox.objects.filter(number=row, active=True).exists() else ["check"]

    def links_of(self, request: HttpRequest, row: PhoneNumber) -> list[tuple[str, str]]:
        return [
            (f"{reverse('admin:inbox_message_changelist')}?number={row.pk}", "Messages"),
            (f"{reverse('admin:whatsapp_numberupdate_changelist')}?number={row.pk}", "All updates"),
        ]

    def save_model(self, request: HttpRequest, obj: PhoneNumber, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.token_changed:
            removed = form.cleaned_data["remove_token"]
            record(
                request, [obj], "Removed the access token." if removed else "Stored a new access token.", "token_set"
            )
            if not removed:
                self._fetch_waiting(request, obj)
                outbox.resume(obj)

        elif change and {"provider", "aws_phone_number_id", "aws_region"} & set(form.changed_data):
            self._fetch_waiting(request, obj)
            outbox.resume(obj)

    def _fetch_waiting(self, request: HttpRequest, number: PhoneNumber) -> None:
        if waiting := fetch.fetch_waiting(number):
            self.message_user(request, f"{waiting} waiting files will be fetched now.")

    def act_accept(self, request: HttpRequest, row: PhoneNumber) -> None:
        self.accept_numbers(request, PhoneNumber.objects.filter(pk=row.pk))

    @admin.action(description="Accept the selected numbers", permissions=["act"])
    def accept_numbers(self, request: HttpRequest, queryset: QuerySet[PhoneNumber]) -> None:
        """Make unknown numbers connected: from now on agents can be given their conversations."""
        accepted = []
        for number in queryset.filter(state=PhoneNumber.State.UNKNOWN).defer("access_token"):
            unknown = PhoneNumber.objects.filter(pk=number.pk, state=PhoneNumber.State.UNKNOWN)
            if unknown.update(state=PhoneNumber.State.CONNECTED):
                accepted.append(number)
                self._fetch_waiting(request, number)
        record(request, accepted, "Accepted the number.", "number_accepted")
        if not accepted:
            self.message_user(request, "None of these numbers is unknown, so nothing changed.", messages.WARNING)
        for number in accepted:
            self.message_user(
                request,
                f"{number} is connected. "
                + ("Choose" if number.provider == Provider.AWS else "Give it a token, and choose")
                + " it at the agents who answer for it.",
            )

    def act_resume(self, request: HttpRequest, row: PhoneNumber) -> None:
        """Send again at once, without waiting for the next look at whether it works."""
        outbox.resume(row)
        record(request, [row], "Resumed sending.", "sending_resumed")
        self.message_user(request, f"What waits at {row} is sent now.", messages.SUCCESS)

    def act_check(self, request: HttpRequest, row: PhoneNumber) -> None:
        """Ask the provider about the number with the stored token, and keep what it says."""
        try:
            number = PhoneNumber.objects.get(pk=row.pk)
            provider = provider_for(number)
            info = provider.number_info()
            apps = provider.subscribed_apps()
        except (ProviderError, ImproperlyConfigured) as error:
            self.message_user(request, f"No connection: {error}", messages.ERROR)
            return
        reported = {
            "verified_name": info.verified_name,
            "quality": info.quality,
            "throughput": info.throughput,
            "messaging_limit": info.messaging_limit,
        }
        if changed := {name: value for name, value in reported.items() if value and value != getattr(row, name)}:
            PhoneNumber.objects.filter(pk=row.pk).update(**changed)
        self.message_user(
            request,
            f"The {'connection' if row.provider == Provider.AWS else 'token'} works: WhatsApp knows this number as "
            f"{info.display_phone_number or 'no number'}, "
            f"“{info.verified_name or 'no name'}”, quality {info.quality or 'not told'}.",
            messages.SUCCESS,
        )
        if apps:
            self.message_user(request, f"Webhooks of the account go to: {', '.join(apps)}.", messages.SUCCESS)
        elif row.provider == Provider.AWS:
            self.message_user(
                request,
                "AWS publishes the events of the account nowhere, so no message will arrive: add an event destination, "
                "as docs/aws.md describes.",
                messages.ERROR,
            )
        else:
            self.message_user(
                request,
                "No app is subscribed to the account's webhooks, so no message will arrive: POST to "
                f"/{row.waba_id or 'WABA_ID'}/subscribed_apps once, as docs/configuration.md describes.",
                messages.ERROR,
            )


@admin.register(NumberUpdate)
class NumberUpdateAdmin(NumberScoped, ViewOnly, NewestFirstAdmin):
    """Quality, limits, restrictions, names: what WhatsApp told, newest first."""

    moment_field = "at"
    list_display = ["at", "number", "field", "summary"]
    list_filter = [NumberFilter]
    fields = ["at", "number", "waba_id", "field", "summary_shown", "notification", "payload_shown"]
    readonly_fields = ["summary_shown", "payload_shown"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[NumberUpdate]:
        updates = super().get_queryset(request)
        return updates.select_related("number", "notification").defer("number__access_token", "notification__body")

    @admin.display(description="summary")
    def summary_shown(self, update: NumberUpdate) -> SafeString:
        return whole(update.summary)

    @admin.display(description="payload")
    def payload_shown(self, update: NumberUpdate) -> SafeString | str:
        return as_json(update.payload)
