"""Who may see what. Pages, API, media and live updates reach rows only through these querysets."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, QuerySet

from inbox.models import Agent, Contact, Conversation, Media, Message, Program, Upload
from inbox.models.conversations import ConversationQuerySet
from inbox.models.messages import MessageQuerySet
from whatsapp.models import MessageTemplate, PhoneNumber

#: Whoever asks for rows.
Viewer = Agent | AnonymousUser | Program


def visible_numbers(viewer: Viewer) -> QuerySet[PhoneNumber]:
    """The numbers whose conversations this viewer sees, by id; none for anybody not signed in or inactive."""
    if isinstance(viewer, AnonymousUser) or not (viewer.active if isinstance(viewer, Program) else viewer.is_active):
        return PhoneNumber.objects.none()
    # Conversations of a paused number stay readable; an unknown number belongs to nobody yet.
    numbers = PhoneNumber.objects.exclude(state=PhoneNumber.State.UNKNOWN)
    if isinstance(viewer, Program):
        numbers = numbers if viewer.all_numbers else numbers.filter(programs=viewer)
    elif not viewer.is_superuser:
        numbers = numbers.filter(agents=viewer)
    return numbers.order_by("id")


def numbers_visible_to(viewer: Viewer) -> list[int]:
    """Their primary keys."""
    return list(visible_numbers(viewer).values_list("id", flat=True))


def sees_deleted_text(viewer: Agent) -> bool:
    """Whether an agent sees the text of deleted messages: administrators do, and everybody if DELETED_TEXT says so."""
    return viewer.is_staff or viewer.is_superuser or settings.DELETED_TEXT == "show"


def conversations_visible_to(viewer: Viewer) -> ConversationQuerySet:
    return Conversation.objects.filter(number_id__in=numbers_visible_to(viewer))


def messages_visible_to(viewer: Viewer) -> MessageQuerySet:
    return Message.objects.filter(number_id__in=numbers_visible_to(viewer))


def media_visible_to(viewer: Viewer) -> QuerySet[Media]:
    if isinstance(viewer, Agent) and viewer.is_active and viewer.is_superuser:
        # Administrators check the files of unknown numbers before they accept a number.
        return Media.objects.all()
    visible = Media.objects.filter(message__number_id__in=numbers_visible_to(viewer))
    if isinstance(viewer, Agent) and sees_deleted_text(viewer):
        return visible
    return visible.filter(message__revoked_at=None)


def contacts_visible_to(viewer: Viewer) -> QuerySet[Contact]:
    known = Conversation.objects.filter(contact=OuterRef("pk"), number_id__in=numbers_visible_to(viewer))
    return Contact.objects.filter(Exists(known))


def strangers_to(viewer: Viewer, contacts: Iterable[int]) -> set[int]:
    """Those of these contacts who never wrote to a number that this viewer sees, but have a conversation with another
    number. Their name may come from there, so the viewer may only see the phone number it sent to. At most two
    queries."""
    numbers = numbers_visible_to(viewer)
    elsewhere = Conversation.objects.filter(contact__in=set(contacts)).exclude(number__in=numbers)
    found = set(elsewhere.values_list("contact_id", flat=True))
    if found:
        wrote = Message.objects.filter(conversation__contact__in=found, number__in=numbers, direction="inbound")
        found -= set(wrote.values_list("conversation__contact_id", flat=True).distinct())
    return found


def uploads_visible_to(owner: Agent | Program) -> QuerySet[Upload]:
    """Files that this agent or program uploaded and that are not part of a message yet."""
    return owner.uploads.filter(number_id__in=numbers_visible_to(owner))


def templates_visible_to(viewer: Viewer) -> QuerySet[MessageTemplate]:
    """The message templates of the accounts of these numbers, except those deleted at WhatsApp."""
    accounts = PhoneNumber.objects.filter(pk__in=numbers_visible_to(viewer)).exclude(waba_id="").values("waba_id")
    return MessageTemplate.objects.filter(waba_id__in=accounts, gone_at=None)
