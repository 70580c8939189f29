"""Finding people by what an agent remembers of them: words of a name, a username, digits of a phone number."""

from __future__ import annotations

import re

from django.contrib.postgres.search import SearchQueryField
from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from django.db.models.functions import Cast, Reverse

from inbox.formatting import folding
from inbox.models import Contact
from inbox.models.contacts import NAME_WORDS
from whatsapp import phone_numbers

MAX_LENGTH = 80
#: Fewer digits than these at the end of a phone number are no way to find somebody.
MIN_DIGITS = 3
#: What phone numbers are written with.
PHONE = re.compile(r"[\d\s()+./-]+")


class HasWords(Func):
    """Whether a contact's name has the words of a text search query, such as ``'amara':* & 'oka':*``."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()
    conditional = True

    def __init__(self, query: str) -> None:
        # Not to_tsquery(): it would take the words apart again, by other rules than the index.
        super().__init__(NAME_WORDS, Cast(Value(query), SearchQueryField()))


def found(sought: str) -> QuerySet[Contact, int]:
    """Ids of the contacts that have a word beginning with each word of ``sought``, whatever its accents, or a phone
    number that begins or ends with its digits. Every condition has its index (inbox/models/contacts.py)."""
    condition = Q(pk__in=[])
    digits = _digits(sought)
    contacts = Contact.objects.alias(turned=Reverse(F("phone")))
    if digits:
        condition |= Q(phone__startswith=f"+{digits}") | Q(phone__startswith=digits)
        condition |= Q(turned__startswith=digits[::-1])
        condition |= Q(phone__in=[f"+{other}" for other in phone_numbers.variants(digits)])
    if words := folding.words(sought):
        condition |= Q(HasWords(" & ".join(f"'{word}':*" for word in words)))
    return contacts.filter(condition).values_list("pk", flat=True)


def is_found(contact: Contact, sought: str) -> bool:
    """Whether found() would find this contact, for rows that are read already."""
    digits, phone = _digits(sought), (contact.phone or "").removeprefix("+")
    if (
        digits
        and phone
        and (phone.startswith(digits) or phone.endswith(digits) or phone in phone_numbers.variants(digits))
    ):
        return True
    known, words = folding.words(f"{contact.profile_name} {contact.username}"), folding.words(sought)
    return bool(words) and all(any(one.startswith(word) for one in known) for word in words)


def _digits(sought: str) -> str:
    """The digits of what is searched if it can be a phone number or a part of one, without the 00 before a country."""
    if not PHONE.fullmatch(sought):
        return ""
    digits = re.sub(r"\D", "", sought).removeprefix("00")
    return digits if len(digits) >= MIN_DIGITS else ""
