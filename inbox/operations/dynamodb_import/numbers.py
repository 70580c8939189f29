"""Which of our numbers an old item is about."""

from __future__ import annotations

import re

from django.db.models import Q

from inbox.models import ImportedItem
from inbox.operations.dynamodb_import.reading import aws_id
from whatsapp.models import PhoneNumber, Provider


class Numbers:
    """Our numbers by AWS's id and by digits. Items teach which id and which digits are one number.

    With ``write``, a number that nobody entered becomes an UNKNOWN one, with AWS's id in place of Meta's until an
    administrator enters that; without, its items are only marked.
    """

    def __init__(self, *, write: bool) -> None:
        self._write = write
        self._by_aws_id: dict[str, PhoneNumber] = {}
        self._by_digits: dict[str, PhoneNumber] = {}
        for number in PhoneNumber.objects.defer("access_token").order_by("-pk"):
            if number.aws_phone_number_id:
                self._by_aws_id[aws_id(number.aws_phone_number_id)] = number
            if found := re.sub(r"\D", "", number.display_number):
                self._by_digits[found] = number
        pairs = (
            ImportedItem.objects.filter(table=ImportedItem.Table.MESSAGE)
            .exclude(Q(aws_phone_number_id="") & Q(our_phone=""))
            .order_by("aws_phone_number_id", "our_phone")
            .values_list("aws_phone_number_id", "our_phone")
            .distinct()
        )
        for identifier, phone in sorted(pairs, key=lambda pair: not (pair[0] and pair[1])):
            self._learn(identifier, phone)

    def of(self, identifier: str, phone: str) -> tuple[PhoneNumber | None, bool]:
        """The number that AWS's id and our digits name, and whether the two contradict each other.

        The digits win: they came from WhatsApp, the id from a table with a silent default to the first number.
        """
        by_digits, by_id = self._by_digits.get(phone), self._by_aws_id.get(identifier)
        return by_digits or by_id, bool(by_digits and by_id and by_digits is not by_id and by_digits != by_id)

    def _learn(self, identifier: str, phone: str) -> None:
        number = self._by_digits.get(phone) or self._by_aws_id.get(identifier) or self._unknown(identifier, phone)
        if identifier:
            self._by_aws_id.setdefault(identifier, number)
        if phone:
            self._by_digits.setdefault(phone, number)

    def _unknown(self, identifier: str, phone: str) -> PhoneNumber:
        number = PhoneNumber(
            provider=Provider.AWS,
            phone_number_id=(identifier or phone)[:64],
            aws_phone_number_id=identifier,
            display_number=f"+{phone}" if phone else "",
            name=f"Unknown number {f'+{phone}' if phone else identifier}"[:128],
            state=PhoneNumber.State.UNKNOWN,
        )
        if self._write:
            number.save()
        return number
