"""Finding people by what an agent remembers of them: words of a name, a username, digits of a phone number."""

from __future__ import annotations

import re

from django.contrib.postgres.search import SearchQuery
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Reverse

from inbox.models import Contact
from inbox.models.contacts import NAME_WORDS

MAX_LENGTH = 80
#: Fewer digits than these at the end of a phone number are no way to find somebody.
MIN_DIGITS = 3
WORD = re.compile(r"[^\W_]+")
#: What phone numbers are written with.
PHONE = re.compile(r"[\d\s()+./-]+")


def found(sought: str) -> QuerySet[Contact, int]:
    """Ids of the contacts that have a word beginning with each word of ``sought``, or a phone number that begins or
    ends with its digits. Every condition has its index (inbox/models/contacts.py)."""
    condition = Q(pk__in=[])
    digits = _digits(sought)
    contacts = Contact.objects.alias(words=NAME_WORDS, turned=Reverse(F("phone")))
    if digits:
        condition |= Q(phone__startswith=f"+{digits}") | Q(phone__startswith=digits)
        condition |= Q(turned__startswith=digits[::-1])
    words = WORD.findall(sought)
    if words:
        prefixes = " & ".join(f"'{word}':*" for word in words)
        condition |= Q(words=SearchQuery(prefixes, config="simple", search_type="raw"))
    return contacts.filter(condition).values_list("pk", flat=True)


def is_found(contact: Contact, sought: str) -> bool:
    """Whether found() would find this contact, for rows that are read already."""
    digits, phone = _digits(sought), (contact.phone or "").removeprefix("+")
    if digits and phone and (phone.startswith(digits) or phone.endswith(digits)):
        return True
    known = WORD.findall(f"{contact.profile_name} {contact.username}".lower())
    words = WORD.findall(sought.lower())
    return bool(words) and all(any(one.startswith(word) for one in known) for word in words)


def _digits(sought: str) -> str:
    """The digits of what is searched if it can be a phone number or a part of one, without the 00 before a country."""
    if not PHONE.fullmatch(sought):
        return ""
    digits = re.sub(r"\D", "", sought).removeprefix("00")
    return digits if len(digits) >= MIN_DIGITS else ""
