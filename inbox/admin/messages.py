"""Messages: searching by id, phone, text or time, and everything that is known about one."""

from __future__ import annotations

import re
import uuid
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext_lazy as _

from core.admin.actions import RowActionsAdmin, record
from core.admin.changelist import NewestFirstAdmin, ReceivedFilter, ViewOnly, moment_in
from core.admin.display import excerpt, full_text, isolated, json_block
from inbox.admin.player import player
from inbox.admin.scope import NumberFilter, NumberScoped, links_to_the_inbox
from inbox.admin.search import contacts_by_phone, id_in, looks_like_a_phone
from inbox.models import Conversation, Media, Message, PendingStatus, Reaction, Revision
from inbox.models.messages import wamid_token_of
from inbox.sending import queue
from whatsapp.events import Status
from whatsapp.models import Notification, PhoneNumber

#: Ids that WhatsApp gives to messages and calls: no spaces, a prefix with a dot or long enough to be nothing else.
WAMID = re.compile(r"(wamid|wacid|wamcid)\.\S+|[A-Za-z0-9+/=_\-.]{28,255}", re.IGNORECASE)
CONVERSATIONS = 200


class MediaFilter(admin.SimpleListFilter):
    """Messages with a file, by the state of the file."""

    title = _("file")
    parameter_name = "file"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("any", gettext("With a file")), *((state.value, str(state.label)) for state in Media.State)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        value = self.value()
        if not value:
            return queryset
        if value == "any":
            return queryset.filter(media__isnull=False)
        return queryset.filter(media__state=value)


class ReadOnlyInline(ViewOnly, admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs only
    """Rows of the object on the page, visible to whoever sees it."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class RevisionInline(ReadOnlyInline):
    model = Revision
    verbose_name_plural = _("edits and deletions")
    fields = ["at", "kind", "text_before", "text_after"]
    readonly_fields = ["at", "kind", "text_before", "text_after"]

    @admin.display(description=_("before"))
    def text_before(self, revision: Revision) -> SafeString:
        return full_text(revision.previous_text)

    @admin.display(description=_("after"))
    def text_after(self, revision: Revision) -> SafeString:
        return full_text(revision.text)


class ReactionInline(ReadOnlyInline):
    model = Reaction
    fields = ["at", "emoji", "by"]
    readonly_fields = ["at", "emoji", "by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reaction]:
        return super().get_queryset(request).select_related("contact")

    @admin.display(description=_("by"))
    def by(self, reaction: Reaction) -> SafeString | str:
        return isolated(str(reaction.contact)) if reaction.contact else gettext("us")


@admin.register(Message)
class MessageAdmin(NumberScoped, ViewOnly, RowActionsAdmin, NewestFirstAdmin):
    moment_field = "created_at"
    key_follows_time = False
    linked_by = ("conversation",)
    list_display = ["sent_at", "number", "contact", "direction", "kind", "status", "text_excerpt", "file"]
    list_filter = [NumberFilter, "direction", "kind", "status", MediaFilter, ReceivedFilter]
    search_fields = ["wamid"]
    search_help_text = _(
        "Search for a message id (wamid), a phone number, #123 for message 123, words of the text, or a date or time "
        "(2026-11-20 02:14) to see what came until then."
    )
    inlines = [RevisionInline, ReactionInline]
    actions = ["dismiss_selected"]
    row_actions = {"resend": _("Send again"), "dismiss": _("Dismiss"), "cancel": _("Cancel sending")}
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "sent_at",
                    "created_at",
                    "number",
                    "conversation_link",
                    "contact",
                    "author_shown",
                    "direction",
                    "origin",
                    "agent",
                    "program",
                    "kind",
                    "text_shown",
                    "file_shown",
                    "payload_shown",
                ]
            },
        ),
        (
            _("Status"),
            {
                "fields": [
                    "status",
                    "accepted_at",
                    "delivered_at",
                    "read_at",
                    "played_at",
                    "failed_at",
                    "resent_at",
                    "dismissed_at",
                    "error_code",
                    "error_shown",
                    "pricing_shown",
                ]
            },
        ),
        (
            _("Context"),
            {
                "fields": [
                    "quoted_link",
                    "forwarded",
                    "frequently_forwarded",
                    "context_shown",
                    "edited_at",
                    "revoked_at",
                    "historic",
                    "standby",
                    "bad_timestamp",
                ]
            },
        ),
        (
            _("Ids and raw data"),
            {
                "fields": [
                    "wamid",
                    "provider_message_id",
                    "client_token",
                    "sender_phone",
                    "sender_name_shown",
                    "receiving_phone",
                    "aws_phone_number_id",
                    "raw_webhook",
                ]
            },
        ),
    ]
    readonly_fields = [
        "conversation_link",
        "contact",
        "author_shown",
        "text_shown",
        "file_shown",
        "payload_shown",
        "error_shown",
        "pricing_shown",
        "quoted_link",
        "context_shown",
        "sender_name_shown",
        "raw_webhook",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        related = ("number", "conversation__contact", "media", "agent", "program", "author")
        return super().get_queryset(request).select_related(*related).defer("number__access_token")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        return self._matching(queryset, term), False

    def _matching(self, queryset: QuerySet[Message], term: str) -> QuerySet[Message]:
        """The rows that a term means, trying the most exact meaning first. All but text search use an index."""
        if (pk := id_in(term)) is not None:
            return queryset.filter(pk=pk)
        if moment := moment_in(term):
            return self.received_before(queryset, moment)
        if looks_like_a_phone(term):
            # Their conversations, and what they wrote in groups.
            contacts = contacts_by_phone(term)
            conversations = Conversation.objects.filter(contact__in=contacts).values_list("pk", flat=True)
            return queryset.filter(Q(conversation__in=list(conversations[:CONVERSATIONS])) | Q(author__in=contacts))
        try:
            token = uuid.UUID(term)
        except ValueError:
            pass  # not the id of a file or a client token
        else:
            by_file = Media.objects.filter(pk=token).values_list("message_id", flat=True)
            return queryset.filter(Q(client_token=token) | Q(pk__in=list(by_file)) | Q(provider_message_id=term))
        if WAMID.fullmatch(term):
            # Matches the id in every scope that WhatsApp writes it in.
            numbers = list(PhoneNumber.objects.values_list("pk", flat=True))  # the index begins with the number
            return queryset.filter(number__in=numbers, wamid_token=wamid_token_of(Value(term))).exclude(wamid="")
        return queryset.filter(text__icontains=term)

    def available_actions(self, request: HttpRequest, row: Message) -> list[str]:
        if row.unsettled:
            return ["resend", "dismiss"]
        if row.status in (Status.FAILED, Status.UNKNOWN) and not row.inbound and row.resent_at is None:
            return ["resend"]
        return ["cancel"] if row.status == Status.QUEUED else []

    def run_resend(self, request: HttpRequest, row: Message) -> None:
        """Queue a failed or unknown message again, as a new message."""
        try:
            copy = queue.resend(row)
        except queue.NotSendableError as error:
            sentence = _("The message could not be sent again: %(error)s") % {"error": gettext(str(error))}
            self.message_user(request, sentence, messages.ERROR)
            return
        record(request, [row], gettext_noop("Sent again as a new message."), "message_resent")
        sentence = _("The message is being sent again as message %(id)s.") % {"id": copy.pk}
        self.message_user(request, sentence, messages.SUCCESS)

    def run_dismiss(self, request: HttpRequest, row: Message) -> None:
        self.dismiss_selected(request, Message.objects.filter(pk=row.pk))

    @admin.action(description=_("Dismiss the selected failures"), permissions=["act"])
    def dismiss_selected(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        """Stop counting failed and unknown messages as failures."""
        failed = [row for row in queryset if row.unsettled]
        for row in failed:
            queue.dismiss(row)
        record(request, failed, gettext_noop("Dismissed the failure."), "message_dismissed")
        sentence = _("Dismissed %(count)s of %(selected)s selected messages.")
        self.message_user(request, sentence % {"count": len(failed), "selected": queryset.count()})

    def run_cancel(self, request: HttpRequest, row: Message) -> None:
        if queue.cancel(row):
            record(request, [row], gettext_noop("Cancelled before sending."), "message_cancelled")
            self.message_user(request, _("Cancelled before sending."), messages.SUCCESS)
        else:
            self.message_user(request, _("Too late: the message is already being sent."), messages.WARNING)

    def row_links(self, request: HttpRequest, row: Message) -> list[tuple[str, str]]:
        links = links_to_the_inbox(row.number, row.conversation_id)
        if request.user.is_superuser and row.notification_id and self._in_journal(row):
            links.append(
                (reverse("admin:whatsapp_notification_change", args=[row.notification_id]), gettext("Raw webhook"))
            )
        if media := getattr(row, "media", None):
            links.append((reverse("admin:inbox_media_change", args=[media.pk]), gettext("File")))
        return links

    @admin.display(description=_("contact"))
    def contact(self, message: Message) -> SafeString:
        contact = message.conversation.contact
        address = reverse("admin:inbox_contact_change", args=[contact.pk])
        return format_html('<a href="{}">{}</a>', address, isolated(str(contact)))

    @admin.display(description=_("text"))
    def text_excerpt(self, message: Message) -> SafeString:
        return excerpt(message.text)

    @admin.display(description=_("file"))
    def file(self, message: Message) -> str:
        media = getattr(message, "media", None)
        return media.get_state_display() if media else ""

    @admin.display(description=_("conversation"))
    def conversation_link(self, message: Message) -> SafeString:
        address = reverse("admin:inbox_conversation_change", args=[message.conversation_id])
        return format_html('<a href="{}">{}</a>', address, message.conversation)

    @admin.display(description=_("group member"))
    def author_shown(self, message: Message) -> SafeString | str:
        return isolated(str(message.author)) if message.author else "-"

    @admin.display(description=_("text"))
    def text_shown(self, message: Message) -> SafeString | str:
        return full_text(message.text) if message.text else "-"

    @admin.display(description=_("file"))
    def file_shown(self, message: Message) -> SafeString | str:
        media = getattr(message, "media", None)
        return player(media) if media else "-"

    @admin.display(description=_("payload"))
    def payload_shown(self, message: Message) -> SafeString | str:
        return json_block(message.payload)

    @admin.display(description=_("error"))
    def error_shown(self, message: Message) -> SafeString | str:
        return full_text(gettext(message.error)) if message.error else "-"

    @admin.display(description=_("pricing"))
    def pricing_shown(self, message: Message) -> SafeString | str:
        return json_block(message.pricing)

    @admin.display(description=_("context"))
    def context_shown(self, message: Message) -> SafeString | str:
        return json_block(message.context)

    @admin.display(description=_("sender name"))
    def sender_name_shown(self, message: Message) -> SafeString | str:
        return isolated(message.sender_name) if message.sender_name else "-"

    @admin.display(description=_("reply to"))
    def quoted_link(self, message: Message) -> SafeString | str:
        if not message.quoted_wamid:
            return "-"
        if message.quoted_id is None:
            return gettext("%(wamid)s (not in this inbox)") % {"wamid": message.quoted_wamid}
        address = reverse("admin:inbox_message_change", args=[message.quoted_id])
        return format_html('<a href="{}">{}</a>', address, message.quoted_wamid)

    @admin.display(description=_("raw webhook"))
    def raw_webhook(self, message: Message) -> str:
        """The webhook that brought it, which the journal deletes after JOURNAL_RETENTION_DAYS."""
        if message.notification_id is None:
            return gettext("None: the message was written in this inbox.")
        if self._in_journal(message):
            return gettext("Webhook %(id)s") % {"id": message.notification_id}
        days = settings.JOURNAL_RETENTION_DAYS
        sentence = ngettext(
            "Webhook %(id)s has been deleted: the journal keeps them for %(days)s day.",
            "Webhook %(id)s has been deleted: the journal keeps them for %(days)s days.",
            days,
        )
        return sentence % {"id": message.notification_id, "days": days}

    def _in_journal(self, message: Message) -> bool:
        return Notification.objects.filter(pk=message.notification_id or 0).exists()


@admin.register(PendingStatus)
class PendingStatusAdmin(NumberScoped, ViewOnly, NewestFirstAdmin):
    """Statuses whose message is not known yet. Many for one number mean that its sent messages lose their ids."""

    moment_field = "created_at"
    list_display = ["created_at", "number", "status", "at", "wamid", "error_code"]
    list_filter = [NumberFilter, ReceivedFilter]
    search_fields = ["wamid"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PendingStatus]:
        return super().get_queryset(request).select_related("number").defer("number__access_token")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(wamid=term) if term else queryset), False
