"""What somebody types into a search box: one of our ids, or a phone number."""

from __future__ import annotations

import re

import phonenumbers
from django.db.models import Q

from core.integers import small_integer
from inbox.models import Contact, ContactIdentity
from whatsapp import phone_numbers
from whatsapp.models import PhoneNumber

#: A phone number: digits, with the signs that people write between them.
PHONE = re.compile(r"[+(]{0,2}[0-9][0-9\s().\-/\u00a0]{4,30}")
#: Fewer digits than this match the ends of too many other numbers.
TAIL_DIGITS = 6
MOST = 50


def id_in(term: str) -> int | None:
    """The id in a term like "#123", None for any other term."""
    return small_integer(term[1:]) if term.startswith("#") else None


def looks_like_a_phone(term: str) -> bool:
    return PHONE.fullmatch(term) is not None


def contacts_by_phone(term: str) -> list[int]:
    """Primary keys of contacts with this phone number, at most 50.

    "+351 915 550 123", "00351915550123" and the WhatsApp id are looked up as whole numbers by index; a national number
    ("915 550 123") gets the country codes of our own numbers. Only when none of these is known, the digits are
    compared with the ends of all numbers.
    """
    digits = re.sub("[^0-9]", "", term)
    whole = spellings(term, digits)
    found = set(
        ContactIdentity.objects.filter(kind=ContactIdentity.Kind.WA_ID, scope="", value__in=whole).values_list(
            "contact_id", flat=True
        )[:MOST]
    )
    found.update(
        Contact.objects.filter(phone__in=[f"+{number}" for number in whole]).values_list("pk", flat=True)[:MOST]
    )
    if not found and len(digits) >= TAIL_DIGITS:
        tail = digits.lstrip("0")
        by_end = Contact.objects.filter(
            Q(phone__endswith=tail)
            | Q(
                pk__in=ContactIdentity.objects.filter(kind=ContactIdentity.Kind.WA_ID, value__endswith=tail).values(
                    "contact"
                )
            )
        )
        found.update(by_end.order_by().values_list("pk", flat=True)[:MOST])
    return sorted(found)[:MOST]


def spellings(term: str, digits: str) -> set[str]:
    """The international numbers, as digits, that a term can mean."""
    meant = {digits, digits.removeprefix("00")}
    if not term.startswith("+"):
        for country in our_countries():
            try:
                number = phonenumbers.parse(term, country)
            except phonenumbers.NumberParseException:
                continue
            meant.add(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+"))
    return meant | {variant for number in meant for variant in phone_numbers.variants(number)}


def our_countries() -> set[str]:
    """The countries of our own numbers ("PT"), assumed for numbers without a country code."""
    written = PhoneNumber.objects.connected().values_list("display_number", flat=True)[:MOST]
    return {country for number in written if (country := phone_numbers.country_of(number))}
