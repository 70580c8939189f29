"""Messages in the admin: finding one by id, phone, text or time, and everything that is known about it."""

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

from core.admin.actions import ActsAdmin, record
from core.admin.changelist import NewestFirstAdmin, ReceivedFilter, ViewOnly, moment_in
from core.admin.display import as_json, excerpt, person, whole
from inbox.admin.player import player
from inbox.admin.scope import NumberFilter, NumberScoped, links_to_the_inbox
from inbox.admin.search import contacts_by_phone, looks_like_a_phone
from inbox.models import Conversation, Media, Message, PendingStatus, Reaction, Revision
from inbox.models.messages import wamid_token_of
from inbox.sending import queue
from whatsapp.events import Status
from whatsapp.models import Notification

#: Ids that WhatsApp gives to messages and calls: no spaces, a prefix with a dot or long enough to be nothing else.
WAMID = re.compile(r"(wamid|wacid|wamcid)\.\S+|[A-Za-z0-9+/=_\-.]{28,255}", re.IGNORECASE)
CONVERSATIONS = 200


class MediaFilter(admin.SimpleListFilter):
    """Messages with a file, by what became of it."""

    title = "file"
    parameter_name = "file"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("any", "With a file"), *((state.value, str(state.label)) for state in Media.State)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        value = self.value()
        if not value:
            return queryset
        if value == "any":
            return queryset.filter(media__isnull=False)
        return queryset.filter(media__state=value)


class ReadOnlyInline(ViewOnly, admin.TabularInline):
    """Rows that belong to the message: whoever may see it sees them."""

    extra = 0
    can_delete = False
    verbose_name_plural: str

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class RevisionInline(ReadOnlyInline):
    model = Revision
    verbose_name_plural = "edits and deletions"
    fields = ["at", "kind", "was", "became"]
    readonly_fields = ["at", "kind", "was", "became"]

    @admin.display(description="before")
    def was(self, revision: Revision) -> SafeString:
        return whole(revision.previous_text)

    @admin.display(description="after")
    def became(self, revision: Revision) -> SafeString:
        return whole(revision.text)


class ReactionInline(ReadOnlyInline):
    model = Reaction
    fields = ["at", "emoji", "by"]
    readonly_fields = ["at", "emoji", "by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reaction]:
        return super().get_queryset(request).select_related("contact")

    @admin.display(description="by")
    def by(self, reaction: Reaction) -> SafeString | str:
        return person(str(reaction.contact)) if reaction.contact else "us"


@admin.register(Message)
class MessageAdmin(NumberScoped, ViewOnly, ActsAdmin, NewestFirstAdmin):
    moment_field = "created_at"
    rising = False
    linked_by = ("conversation",)
    list_display = ["sent_at", "number", "contact", "direction", "kind", "status", "what", "file"]
    list_filter = [NumberFilter, "direction", "kind", "status", MediaFilter, ReceivedFilter]
    search_fields = ["wamid"]
    search_help_text = (
        "A message id (wamid), a phone number as you would write it, a date or time (2026-11-20 02:14: shows what came "
        "until then), #123 for our own number of it, or words of the text."
    )
    inlines = [RevisionInline, ReactionInline]
    actions = ["dismiss_selected"]
    acts = {"resend": "Send again", "dismiss": "Dismiss", "cancel": "Take back"}
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
            "Status",
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
            "Context",
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
            "Ids and raw facts",
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
        """What a term means, the most exact first. Everything but words of the text is answered from an index."""
        own = term.removeprefix("#")
        if term != own and own.isascii() and own.isdigit() and len(own) <= 18:
            return queryset.filter(pk=int(own))
        if moment := moment_in(term):
            return self.received_before(queryset, moment)
        if looks_like_a_phone(term):
            # By conversation, and by who wrote in a group; the few conversations are found first, then their messages.
            contacts = contacts_by_phone(term)
            conversations = Conversation.objects.filter(contact__in=contacts).values_list("pk", flat=True)
            return queryset.filter(Q(conversation__in=list(conversations[:CONVERSATIONS])) | Q(author__in=contacts))
        try:
            token = uuid.UUID(term)
        except ValueError:
            pass  # not the id of a file or of a press of Send
        else:
            by_file = Media.objects.filter(pk=token).values_list("message_id", flat=True)
            return queryset.filter(Q(client_token=token) | Q(pk__in=list(by_file)) | Q(provider_message_id=term))
        if WAMID.fullmatch(term):
            # In whatever scope the id was copied.
            return queryset.filter(wamid_token=wamid_token_of(Value(term))).exclude(wamid="")
        return queryset.filter(text__icontains=term)

    def acts_offered(self, request: HttpRequest, row: Message) -> list[str]:
        if row.unsettled:
            return ["resend", "dismiss"]
        if row.status in (Status.FAILED, Status.UNKNOWN) and not row.inbound and row.resent_at is None:
            return ["resend"]
        return ["cancel"] if row.status == Status.QUEUED else []

    def act_resend(self, request: HttpRequest, row: Message) -> None:
        """Queue a failed or unknown message once more, as a message of its own."""
        try:
            copy = queue.resend(row)
        except queue.NotSendableError as error:
            self.message_user(request, f"It was not sent again: {error}", messages.ERROR)
            return
        record(request, [row], f"Sent again as message {copy.pk}.", "message_resent")
        self.message_user(request, f"It is sent again as message {copy.pk}.", messages.SUCCESS)

    def act_dismiss(self, request: HttpRequest, row: Message) -> None:
        self.dismiss_selected(request, Message.objects.filter(pk=row.pk))

    @admin.action(description="Dismiss the selected failures", permissions=["act"])
    def dismiss_selected(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        """Leave failed and unknown messages at that."""
        failed = [row for row in queryset if row.unsettled]
        for row in failed:
            queue.dismiss(row)
        record(request, failed, "Dismissed the failure.", "message_dismissed")
        self.message_user(request, f"Dismissed {len(failed)} of {queryset.count()} selected messages.")

    def act_cancel(self, request: HttpRequest, row: Message) -> None:
        if queue.cancel(row):
            record(request, [row], "Took it back before it left.", "message_cancelled")
            self.message_user(request, "It was taken back before it left.", messages.SUCCESS)
        else:
            self.message_user(request, "It is too late: the message is on its way.", messages.WARNING)

    def links_of(self, request: HttpRequest, row: Message) -> list[tuple[str, str]]:
        links = links_to_the_inbox(row.number, row.conversation_id)
        if request.user.is_superuser and row.notification_id and self._in_journal(row):
            links.append((reverse("admin:whatsapp_notification_change", args=[row.notification_id]), "Raw webhook"))
        if media := getattr(row, "media", None):
            links.append((reverse("admin:inbox_media_change", args=[media.pk]), "File"))
        return links

    @admin.display(description="contact")
    def contact(self, message: Message) -> SafeString:
        contact = message.conversation.contact
        address = reverse("admin:inbox_contact_change", args=[contact.pk])
        return format_html('<a href="{}">{}</a>', address, person(str(contact)))

    @admin.display(description="text")
    def what(self, message: Message) -> SafeString:
        return excerpt(message.text)

    @admin.display(description="file")
    def file(self, message: Message) -> str:
        media = getattr(message, "media", None)
        return media.get_state_display() if media else ""

    @admin.display(description="conversation")
    def conversation_link(self, message: Message) -> SafeString:
        address = reverse("admin:inbox_conversation_change", args=[message.conversation_id])
        return format_html('<a href="{}">{}</a>', address, message.conversation)

    @admin.display(description="author in the group")
    def author_shown(self, message: Message) -> SafeString | str:
        return person(str(message.author)) if message.author else "-"

    @admin.display(description="text")
    def text_shown(self, message: Message) -> SafeString | str:
        return whole(message.text) if message.text else "-"

    @admin.display(description="file")
    def file_shown(self, message: Message) -> SafeString | str:
        media = getattr(message, "media", None)
        return player(media) if media else "-"

    @admin.display(description="payload")
    def payload_shown(self, message: Message) -> SafeString | str:
        return as_json(message.payload)

    @admin.display(description="error")
    def error_shown(self, message: Message) -> SafeString | str:
        return whole(message.error) if message.error else "-"

    @admin.display(description="pricing")
    def pricing_shown(self, message: Message) -> SafeString | str:
        return as_json(message.pricing)

    @admin.display(description="what led here")
    def context_shown(self, message: Message) -> SafeString | str:
        return as_json(message.context)

    @admin.display(description="sender name")
    def sender_name_shown(self, message: Message) -> SafeString | str:
        return person(message.sender_name) if message.sender_name else "-"

    @admin.display(description="answers")
    def quoted_link(self, message: Message) -> SafeString | str:
        if not message.quoted_wamid:
            return "-"
        if message.quoted_id is None:
            return f"{message.quoted_wamid} (not here)"
        address = reverse("admin:inbox_message_change", args=[message.quoted_id])
        return format_html('<a href="{}">{}</a>', address, message.quoted_wamid)

    @admin.display(description="raw webhook")
    def raw_webhook(self, message: Message) -> str:
        """The notification that brought it. The journal forgets processed ones sooner than the thread does."""
        if message.notification_id is None:
            return "None: this message was written here."
        if self._in_journal(message):
            return f"Notification {message.notification_id}"
        return (
            f"Notification {message.notification_id} is gone: the journal keeps processed ones for "
            f"{settings.JOURNAL_RETENTION_DAYS} days."
        )

    def _in_journal(self, message: Message) -> bool:
        return Notification.objects.filter(pk=message.notification_id or 0).exists()


@admin.register(PendingStatus)
class PendingStatusAdmin(NumberScoped, ViewOnly, NewestFirstAdmin):
    """Statuses whose message is not known (yet): many of these for one number mean that sends lose their ids."""

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
