"""Our numbers: connecting one, its access token, and what WhatsApp reports about it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ImproperlyConfigured
from django.db.models import BooleanField, Case, ExpressionWrapper, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from core.admin.actions import RowActionsAdmin, record
from core.admin.changelist import NewestFirstAdmin, ViewOnly
from core.admin.display import full_text, json_block, moment
from inbox.admin.scope import NumberFilter, NumberScoped, numbers_of
from inbox.media import fetch
from inbox.models import Outbox, OutboxEntry
from inbox.sending import outbox
from whatsapp.models import NumberUpdate, PhoneNumber, Provider
from whatsapp.providers.aws import arns
from whatsapp.providers.base import NumberInfo, ProviderError, provider_for

UPDATES_SHOWN = 20


class PhoneNumberForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A number. The access token can be set but never read; an empty field keeps the stored one."""

    # Named unlike the column, which an empty form field would overwrite.
    new_token = forms.CharField(
        label=_("Access token"),
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "class": "vTextField"}),
        help_text=_(
            "The token of a system user with whatsapp_business_messaging and whatsapp_business_management. It is "
            "stored encrypted and never shown again. Leave empty to keep the stored token."
        ),
    )
    #: The Region of the ARN that was entered.
    named_region = ""
    remove_token = forms.BooleanField(required=False, label=_("Remove the stored token"))

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
        # ARNs are long.
        widgets = {"aws_phone_number_id": forms.TextInput(attrs={"class": "vURLField"})}

    def clean_new_token(self) -> str:
        token: str = self.cleaned_data["new_token"].strip()
        if not token.isascii() or not token.isprintable() or " " in token:
            raise forms.ValidationError(_("A token has no spaces, line breaks or accents. Copy it again."))
        if token:
            try:
                PhoneNumber._meta.get_field("access_token").get_prep_value(token)
            except (ImproperlyConfigured, ValueError):
                raise forms.ValidationError(
                    _(
                        "The token cannot be encrypted. Set FIELD_ENCRYPTION_KEYS to the output of "
                        "`manage.py generate_key` and restart."
                    )
                ) from None
        return token

    def clean_aws_phone_number_id(self) -> str:
        """The id, also when the ARN was entered, which names the Region too."""
        entered: str = self.cleaned_data["aws_phone_number_id"].strip()
        if not entered:
            return ""
        found = arns.number(entered)
        if found is None:
            raise forms.ValidationError(
                _(
                    "Enter phone-number-id-… as AWS shows it, or the ARN of the number "
                    "(arn:aws:social-messaging:eu-central-1:123456789012:phone-number-id/…)."
                )
            )
        self.named_region = found.region
        return found.id

    def clean_aws_region(self) -> str:
        region: str = self.cleaned_data["aws_region"].strip() or self.named_region
        if region and not arns.REGION.fullmatch(region):
            raise forms.ValidationError(_("Enter an AWS Region, such as eu-central-1."))
        return region

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("provider") == Provider.AWS and cleaned.get("new_token"):
            self.add_error(
                "new_token", _("Numbers at AWS have no access token. The server's own credentials are used.")
            )
        entered, region = self.named_region, cleaned.get("aws_region")
        if entered and region and entered != region:
            self.add_error("aws_region", _("The ARN names the Region %(region)s.") % {"region": entered})
        if cleaned.get("new_token") and cleaned.get("remove_token"):
            raise forms.ValidationError(_("Either enter a new token or remove the stored one."))
        return cleaned

    @property
    def token_changed(self) -> bool:
        return bool(self.cleaned_data.get("new_token") or self.cleaned_data.get("remove_token"))

    def save(self, commit: bool = True) -> Any:
        if self.token_changed:
            self.instance.access_token = self.cleaned_data["new_token"]
        return super().save(commit)


@admin.register(PhoneNumber)
class PhoneNumberAdmin(RowActionsAdmin):
    form = PhoneNumberForm
    list_display = ["label", "shown_number", "state", "provider", "token_stored", "quality", "messaging_limit"]
    list_filter = ["state", "provider"]
    search_fields = ["name", "display_number", "phone_number_id", "waba_id"]
    actions = ["accept_numbers"]
    row_actions = {"accept": _("Accept this number"), "check": _("Check connection"), "resume": _("Resume sending")}
    fieldsets = [
        (None, {"fields": ["name", "display_number", "state"]}),
        (
            _("WhatsApp"),
            {"fields": ["provider", "phone_number_id", "waba_id", "portfolio_id"]},
        ),
        (
            _("Access token"),
            {
                "fields": ["token_stored", "new_token", "remove_token"],
                "description": _("For numbers of Meta's Cloud API. AWS uses the server's own credentials instead."),
            },
        ),
        (
            "AWS End User Messaging Social",
            {
                "fields": ["aws_phone_number_id", "aws_region"],
                "description": _("For numbers at AWS. docs/aws.md says where to find these."),
            },
        ),
        (_("Sending"), {"fields": ["outbox_shown", "send_rate", "read_receipts"]}),
        (
            _("Reported by WhatsApp"),
            {"fields": ["verified_name", "quality", "throughput", "messaging_limit", "updates_shown"]},
        ),
        (_("In this inbox"), {"fields": ["agents_shown", "created_at"]}),
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
        """Unknown numbers first, since they wait to be accepted. The token itself is not read."""
        unknown_first = Case(When(state=PhoneNumber.State.UNKNOWN, then=Value(0)), default=Value(1))
        has_token = ExpressionWrapper(~Q(access_token=""), output_field=BooleanField())
        return numbers_of(request.user).annotate(has_token=has_token).order_by(unknown_first, "name", "pk")

    def get_readonly_fields(self, request: HttpRequest, obj: PhoneNumber | None = None) -> list[str]:
        """Webhooks name our number by Meta's id, so it cannot change afterwards."""
        fixed = ["phone_number_id"] if obj else []
        return [*self.readonly_fields, *fixed]

    def get_fieldsets(self, request: HttpRequest, obj: PhoneNumber | None = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else self.fieldsets[:4]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: conversations belong to it. A number is paused instead."""
        return False

    @admin.display(description=_("name"))
    def label(self, number: PhoneNumber) -> str:
        return str(number)

    @admin.display(description=_("number"))
    def shown_number(self, number: PhoneNumber) -> SafeString:
        return format_html("<bdi>{}</bdi>", number.display_number or "-")

    @admin.display(description=_("token stored"), boolean=True)
    def token_stored(self, number: PhoneNumber) -> bool:
        return getattr(number, "has_token", False)

    @admin.display(description=_("agents"))
    def agents_shown(self, number: PhoneNumber) -> SafeString | str:
        agents = [
            (
                reverse("admin:inbox_agent_change", args=[agent.pk]),
                agent,
                "" if agent.is_active else gettext("(inactive)"),
            )
            for agent in number.agents.order_by("username")
        ]
        return format_html_join(", ", '<a href="{}">{}</a> {}', agents) or gettext(
            "Nobody yet. Assign the number on the page of an agent."
        )

    @admin.display(description=_("outbox"))
    def outbox_shown(self, number: PhoneNumber) -> str:
        waiting = OutboxEntry.objects.filter(number=number).count()
        paused = Outbox.objects.filter(number=number, active=True).first()
        sentence = ngettext("%(count)s message waiting.", "%(count)s messages waiting.", waiting)
        sentence = sentence % {"count": intcomma(waiting)} if waiting else gettext("No messages waiting.")
        if paused is None:
            return sentence
        reason = {"time": moment(paused.paused_at), "reason": gettext(paused.reason)}
        return f"{sentence} {gettext('Paused since %(time)s: %(reason)s') % reason}"

    @admin.display(description=_("latest updates"))
    def updates_shown(self, number: PhoneNumber) -> SafeString | str:
        updates = NumberUpdate.objects.filter(number=number).order_by("-at")[:UPDATES_SHOWN]
        rows = [
            (reverse("admin:whatsapp_numberupdate_change", args=[update.pk]), moment(update.at), update)
            for update in updates
        ]
        return format_html_join("", '<div><a href="{}">{}</a> {}</div>', rows) or gettext("None yet")

    def available_actions(self, request: HttpRequest, row: PhoneNumber) -> list[str]:
        if row.state == PhoneNumber.State.UNKNOWN:
            return ["accept", "check"]
        return ["check", "resume"] if Outbox.objects.filter(number=row, active=True).exists() else ["check"]

    def row_links(self, request: HttpRequest, row: PhoneNumber) -> list[tuple[str, str]]:
        return [
            (f"{reverse('admin:inbox_message_changelist')}?number={row.pk}", gettext("Messages")),
            (f"{reverse('admin:whatsapp_numberupdate_changelist')}?number={row.pk}", gettext("All updates")),
        ]

    def save_model(self, request: HttpRequest, obj: PhoneNumber, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.token_changed:
            removed = form.cleaned_data["remove_token"]
            sentence = (
                gettext_noop("Removed the access token.") if removed else gettext_noop("Stored a new access token.")
            )
            record(request, [obj], sentence, "token_set")
            if not removed:
                self._fetch_waiting(request, obj)
                outbox.resume(obj)

        elif change and {"provider", "aws_phone_number_id", "aws_region"} & set(form.changed_data):
            self._fetch_waiting(request, obj)
            outbox.resume(obj)

    def _fetch_waiting(self, request: HttpRequest, number: PhoneNumber) -> None:
        if waiting := fetch.fetch_waiting(number):
            sentence = ngettext(
                "%(count)s waiting file will be fetched now.", "%(count)s waiting files will be fetched now.", waiting
            )
            self.message_user(request, sentence % {"count": waiting})

    def run_accept(self, request: HttpRequest, row: PhoneNumber) -> None:
        self.accept_numbers(request, PhoneNumber.objects.filter(pk=row.pk))

    @admin.action(description=_("Accept the selected numbers"), permissions=["act"])
    def accept_numbers(self, request: HttpRequest, queryset: QuerySet[PhoneNumber]) -> None:
        """Connect unknown numbers, so that they can be assigned to agents."""
        accepted = []
        for number in queryset.filter(state=PhoneNumber.State.UNKNOWN).defer("access_token"):
            unknown = PhoneNumber.objects.filter(pk=number.pk, state=PhoneNumber.State.UNKNOWN)
            if unknown.update(state=PhoneNumber.State.CONNECTED):
                accepted.append(number)
                self._fetch_waiting(request, number)
        record(request, accepted, gettext_noop("Accepted the number."), "number_accepted")
        if not accepted:
            self.message_user(request, _("None of these numbers was waiting to be accepted."), messages.WARNING)
        for number in accepted:
            if number.provider == Provider.AWS:
                sentence = _("%(number)s is connected. Next, assign it to the agents who answer for it.")
            else:
                sentence = _("%(number)s is connected. Next, enter its token and assign it to agents.")
            self.message_user(request, sentence % {"number": number})

    def run_resume(self, request: HttpRequest, row: PhoneNumber) -> None:
        """Resume sending at once instead of waiting for the next automatic try."""
        outbox.resume(row)
        record(request, [row], gettext_noop("Resumed sending."), "sending_resumed")
        sentence = _("The messages waiting at %(number)s are being sent.") % {"number": row}
        self.message_user(request, sentence, messages.SUCCESS)

    def run_check(self, request: HttpRequest, row: PhoneNumber) -> None:
        """Ask the provider about the number with the stored credentials, and store what it reports."""
        try:
            number = PhoneNumber.objects.get(pk=row.pk)
            provider = provider_for(number)
            info = provider.number_info()
            apps = provider.subscribed_apps()
        except (ProviderError, ImproperlyConfigured) as error:
            sentence = _("No connection: %(error)s") % {"error": gettext(str(error))}
            self.message_user(request, sentence, messages.ERROR)
            return
        self._store(row, info)
        works = (
            _("The connection works. WhatsApp knows this number as %(number)s, “%(name)s”, quality: %(quality)s.")
            if row.provider == Provider.AWS
            else _("The token works. WhatsApp knows this number as %(number)s, “%(name)s”, quality: %(quality)s.")
        )
        facts = {"number": info.display_phone_number, "name": info.verified_name, "quality": info.quality}
        self.message_user(request, works % {name: fact or "-" for name, fact in facts.items()}, messages.SUCCESS)
        self._report_webhooks(request, row, apps)

    def _store(self, row: PhoneNumber, info: NumberInfo) -> None:
        reported = {name: getattr(info, name) for name in ("verified_name", "quality", "throughput", "messaging_limit")}
        if changed := {name: value for name, value in reported.items() if value and value != getattr(row, name)}:
            PhoneNumber.objects.filter(pk=row.pk).update(**changed)

    def _report_webhooks(self, request: HttpRequest, row: PhoneNumber, apps: list[str]) -> None:
        """Say where the account's webhooks go: without any, no message arrives."""
        if apps:
            sentence = _("Webhooks of the account go to: %(apps)s.") % {"apps": ", ".join(apps)}
        elif row.provider == Provider.AWS:
            sentence = gettext(
                "No messages will arrive, because AWS publishes the events of the account nowhere. Add an event "
                "destination as described in docs/aws.md."
            )
        else:
            sentence = _(
                "No messages will arrive, because no app is subscribed to the account's webhooks. POST to "
                "/%(account)s/subscribed_apps once, as described in docs/configuration.md."
            ) % {"account": row.waba_id or "WABA_ID"}
        self.message_user(request, sentence, messages.SUCCESS if apps else messages.ERROR)


@admin.register(NumberUpdate)
class NumberUpdateAdmin(NumberScoped, ViewOnly, NewestFirstAdmin):
    """Quality, limits, restrictions and names as WhatsApp reported them, newest first."""

    moment_field = "at"
    list_display = ["at", "number", "field", "summary"]
    list_filter = [NumberFilter]
    fields = ["at", "number", "waba_id", "field", "summary_shown", "notification", "payload_shown"]
    readonly_fields = ["summary_shown", "payload_shown"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[NumberUpdate]:
        updates = super().get_queryset(request)
        return updates.select_related("number", "notification").defer("number__access_token", "notification__body")

    @admin.display(description=_("summary"))
    def summary_shown(self, update: NumberUpdate) -> SafeString:
        return full_text(update.summary)

    @admin.display(description=_("payload"))
    def payload_shown(self, update: NumberUpdate) -> SafeString | str:
        return json_block(update.payload)
