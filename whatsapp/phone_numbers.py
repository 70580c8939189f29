"""Phone numbers as people write them, as WhatsApp's ids, and in E.164.

WhatsApp's phone ids (wa_id) are full numbers without a plus. Some differ from the number to dial: Mexico's have a 1
after the country code, Argentina's a 9, Brazil's may lack their first 9 (Meta, "Phone number formats").
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import phonenumbers

MAX_LENGTH = 32
HOW = "Write a phone number with a plus and its country code, like +351912345678."


class NotAPhoneError(ValueError):
    """The text is not a phone number, or lacks its country. The message is a sentence for whoever wrote it."""


class AmbiguousPhoneError(NotAPhoneError):
    """The text can mean two numbers; the message names both."""


def variants(wa_id: str) -> list[str]:
    """Other digits by which WhatsApp may know the same phone: Brazil's ninth digit, Mexico's 1, Argentina's 9."""
    if wa_id.startswith("55") and len(wa_id) == 13 and wa_id[4] == "9":
        return [wa_id[:4] + wa_id[5:]]
    if wa_id.startswith("55") and len(wa_id) == 12 and wa_id[4] in "6789":
        return [wa_id[:4] + "9" + wa_id[4:]]
    if wa_id.startswith("521") and len(wa_id) == 13:
        return ["52" + wa_id[3:]]
    if wa_id.startswith("52") and len(wa_id) == 12:
        return ["521" + wa_id[2:]]
    if wa_id.startswith("549") and len(wa_id) == 13:
        return ["54" + wa_id[3:]]
    if wa_id.startswith("54") and len(wa_id) == 12:
        return ["549" + wa_id[2:]]
    return []


@lru_cache(maxsize=4096)
def e164(written: str) -> str:
    """A number with its country ("+351 21 555 0100", a wa_id) in E.164 ("+351215550100"); anything else unchanged."""
    digits = _digits(written)
    whole = digits and (written.strip().startswith("+") or is_complete(digits))
    return f"+{digits}" if whole else written


def country_of(written: str) -> str:
    """The country of a number that includes it ("PT"), else empty."""
    return phonenumbers.region_code_for_number(number) or "" if (number := _parsed(e164(written))) else ""


def is_complete(digits: str) -> bool:
    """Whether these digits are a full number with its country, as in WhatsApp's ids."""
    return any(_is_valid(one) for one in (digits, *variants(digits)))


def read(written: str, countries: Iterable[str]) -> str:
    """A number as somebody wrote it, in E.164. ``countries`` are those of our own numbers.

    A number with a plus or 00 is taken as it is. Without, a full number is kept, and one that can't be full gets one of
    these countries. Raises AmbiguousPhoneError when both are possible, NotAPhoneError when neither is.
    """
    text = written.strip()
    digits = _digits(text)
    if not digits or len(text) > MAX_LENGTH or any(character.isalpha() for character in text):
        raise NotAPhoneError(HOW)
    if text.startswith(("+", "00")):
        return _possible(digits if text.startswith("+") else digits.removeprefix("00"))
    meant = {f"+{digits}"} if is_complete(digits) else set()
    for country in set(countries):
        number = _parsed(text, country)
        if number and phonenumbers.is_valid_number(number):
            meant.add(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    if len(meant) > 1:
        either = " or ".join(sorted(meant))
        raise AmbiguousPhoneError(f"“{text}” can be {either}. Write it with a plus and its country code.")
    return meant.pop() if meant else _possible(digits)


def _possible(digits: str) -> str:
    numbers = [number for one in (digits, *variants(digits)) if (number := _parsed(f"+{one}"))]
    if not any(phonenumbers.is_possible_number(number) for number in numbers):
        raise NotAPhoneError(f"This is not a possible phone number. {HOW}")
    if phonenumbers.is_possible_number(numbers[0]):
        return phonenumbers.format_number(numbers[0], phonenumbers.PhoneNumberFormat.E164)
    return f"+{digits}"


def _is_valid(digits: str) -> bool:
    number = _parsed(f"+{digits}")
    return number is not None and phonenumbers.is_valid_number(number)


def _parsed(text: str, country: str | None = None) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    return None if number.extension else number


def _digits(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")
