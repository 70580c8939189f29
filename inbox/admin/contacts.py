"""Contacts with their ids at WhatsApp, and conversations."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin.actions import RowActionsAdmin
from core.admin.changelist import NewestFirstAdmin, ReceivedFilter, ViewOnly
from core.admin.display import excerpt, isolated, moment
from inbox import access
from inbox.admin.messages import ReadOnlyInline
from inbox.admin.scope import NumberFilter, NumberScoped, links_to_the_inbox
from inbox.admin.search import contacts_by_phone, id_in, looks_like_a_phone
from inbox.formatting import humanize
from inbox.models import Contact, ContactIdentity, Conversation

SHOWN = 50


class IdentityInline(ReadOnlyInline):
    model = ContactIdentity
    verbose_name_plural = _("WhatsApp ids")
    fields = ["kind", "scope", "value", "created_at"]
    readonly_fields = ["kind", "scope", "value", "created_at"]


@admin.register(Contact)
class ContactAdmin(ViewOnly, NewestFirstAdmin):
    moment_field = "created_at"
    list_display = ["name", "phone_shown", "username_shown", "is_group", "marketing_stopped_at", "created_at"]
    list_display_links = ["name"]
    list_filter = ["is_group", ReceivedFilter]
    search_fields = ["profile_name"]
    search_help_text = _("Search for a phone number, a WhatsApp id, a business-scoped user id or a name.")
    inlines = [IdentityInline]
    fields = [
        "name",
        "phone_shown",
        "username_shown",
        "is_group",
        "marketing_stopped_at",
        "created_at",
        "conversations_shown",
    ]
    readonly_fields = ["name", "phone_shown", "username_shown", "conversations_shown"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        contacts = super().get_queryset(request)
        if request.user.is_superuser:
            return contacts
        ours = Conversation.objects.filter(number__in=access.numbers_visible_to(request.user))
        return contacts.filter(pk__in=ours.values("contact"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if looks_like_a_phone(term):
            return queryset.filter(pk__in=contacts_by_phone(term)), False
        kinds = ContactIdentity.Kind.values
        by_id = ContactIdentity.objects.filter(kind__in=kinds, value=term).values_list("contact_id", flat=True)[:SHOWN]
        if ids := list(by_id):
            return queryset.filter(pk__in=ids), False
        username = term.removeprefix("@")
        return queryset.filter(Q(profile_name__icontains=term) | Q(username__iexact=username)), False

    @admin.display(description=_("name"))
    def name(self, contact: Contact) -> SafeString:
        return isolated(humanize.display_name(contact))

    @admin.display(description=_("phone"))
    def phone_shown(self, contact: Contact) -> SafeString | str:
        return isolated(humanize.phone_words(contact.phone)) if contact.phone else gettext("Not shared")

    @admin.display(description=_("username"))
    def username_shown(self, contact: Contact) -> SafeString | str:
        return isolated(f"@{contact.username}") if contact.username else "-"

    @admin.display(description=_("conversations"))
    def conversations_shown(self, contact: Contact) -> SafeString | str:
        """Those that this administrator sees, which ``get_object`` has set."""
        rows = [
            (
                reverse("admin:inbox_conversation_change", args=[conversation.pk]),
                conversation.number,
                gettext("Last message: %(time)s") % {"time": moment(conversation.last_message_at)},
            )
            for conversation in contact.shown_conversations  # type: ignore[attr-defined]
        ]
        return format_html_join("", '<div><a href="{}">{}</a> · {}</div>', rows) or gettext("None")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Contact | None:
        contact: Contact | None = super().get_object(request, object_id, from_field)
        if contact is not None:
            conversations = contact.conversations.select_related("number").defer("number__access_token")
            if not request.user.is_superuser:
                conversations = conversations.filter(number__in=access.numbers_visible_to(request.user))
            contact.shown_conversations = list(conversations.order_by("-last_message_at")[:SHOWN])  # type: ignore[attr-defined]
        return contact


@admin.register(Conversation)
class ConversationAdmin(NumberScoped, ViewOnly, RowActionsAdmin, NewestFirstAdmin):
    moment_field = "created_at"
    list_display = ["id", "number", "contact_shown", "last_message_at", "preview", "unread_count", "window_closes_at"]
    list_filter = [NumberFilter, ReceivedFilter]
    search_fields = ["id"]
    search_help_text = _("Search for a phone number, a name, or #123 for conversation 123.")
    fields = [
        "number",
        "contact_link",
        "last_message_at",
        "last_message_kind",
        "last_message_direction",
        "last_message_status",
        "preview",
        "unread_count",
        "window_closes_at",
        "created_at",
    ]
    readonly_fields = ["contact_link", "preview"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        return super().get_queryset(request).select_related("number", "contact").defer("number__access_token")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if (own_id := id_in(term)) is not None:
            return queryset.filter(pk=own_id), False
        if looks_like_a_phone(term):
            return queryset.filter(contact__in=contacts_by_phone(term)), False
        return queryset.filter(contact__profile_name__icontains=term), False

    def row_links(self, request: HttpRequest, row: Conversation) -> list[tuple[str, str]]:
        messages = f"{reverse('admin:inbox_message_changelist')}?conversation={row.pk}"
        return [*links_to_the_inbox(row.number, row.pk), (messages, gettext("Messages"))]

    @admin.display(description=_("contact"))
    def contact_shown(self, conversation: Conversation) -> SafeString:
        return isolated(humanize.display_name(conversation.contact))

    @admin.display(description=_("contact"))
    def contact_link(self, conversation: Conversation) -> SafeString:
        address = reverse("admin:inbox_contact_change", args=[conversation.contact_id])
        return format_html('<a href="{}">{}</a>', address, self.contact_shown(conversation))

    @admin.display(description=_("last message"))
    def preview(self, conversation: Conversation) -> SafeString:
        return excerpt(conversation.last_message_preview)
