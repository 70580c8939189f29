"""What is known of a WhatsApp group: who is in it, its description, and whether it still can be used."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy

from inbox.formatting import humanize, system_lines
from inbox.models import Contact, ContactIdentity, Conversation, Message
from whatsapp.events import Kind

#: Who wrote one of this many newest messages is a member too: nobody may have told us that they joined.
LOOK_BACK = 300
STATES = {"deleted": gettext_lazy("Deleted"), "suspended": gettext_lazy("Suspended by WhatsApp"), "unsuspended": ""}


@dataclass(slots=True)
class Group:
    members: list[str] = field(default_factory=list)
    description: str = ""
    #: Why the group cannot be used; empty when it can.
    state: str = ""


def of(conversation: Conversation) -> Group | None:
    """What the lines and writers of a group's thread tell; None for a person. Two queries, whatever its length."""
    if not conversation.contact.is_group:
        return None
    lines = Message.objects.filter(conversation=conversation, kind=Kind.SYSTEM, payload__type="group")
    writers = _writers(conversation)
    found = Group()
    members = {str(contact.pk): humanize.display_name(contact) for contact in writers.values()}
    for payload in lines.in_order().values_list("payload", flat=True):
        found.description = str(payload.get("description") or found.description)
        found.state = str(STATES.get(str(payload.get("step")), found.state))
        for person in payload.get("people") or []:
            writer = writers.get(str(person.get("wa_id"))) or writers.get(str(person.get("user_id")))
            key = str(writer.pk if writer else person.get("wa_id") or person.get("user_id"))
            if payload.get("step") == "joined":
                members[key] = (
                    humanize.display_name(writer) if writer else system_lines.called(str(person.get("name") or ""))
                )
            elif payload.get("step") in ("left", "removed"):
                members.pop(key, None)
    found.members = sorted(filter(None, map(humanize.clean_name, members.values())), key=str.casefold)
    return found


def _writers(conversation: Conversation) -> dict[str, Contact]:
    """Who wrote here, by each WhatsApp id and user id of theirs."""
    newest = Message.objects.filter(conversation=conversation).order_by("-sent_at", "-id").values("pk")[:LOOK_BACK]
    authors = Message.objects.filter(pk__in=newest, author__isnull=False).values("author")
    identities = ContactIdentity.objects.filter(contact__in=authors).select_related("contact")
    return {identity.value: identity.contact for identity in identities}
