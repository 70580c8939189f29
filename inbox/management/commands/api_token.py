"""`manage.py api_token NAME`: makes a token for a program and prints nothing but the token."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Q

from inbox.api import tokens
from inbox.models import Program
from whatsapp.models import PhoneNumber


class Command(BaseCommand):
    help = (
        "Make an API token and print it; it is not shown again. A program that does not exist yet is made: with the "
        "numbers given, or with all of them. An existing program keeps its numbers and rights and gets another token."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the program's name")
        parser.add_argument(
            "--number",
            action="append",
            default=[],
            metavar="ID",
            help="a number it may use: its phone_number_id, or its AWS phone number id; may be repeated",
        )
        parser.add_argument("--read-only", action="store_true", help="it may read and not send")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        if not name or len(name) > 128 or not name.isprintable():
            raise CommandError("The name must have 1 to 128 printable characters.")
        with transaction.atomic():
            program = Program.objects.filter(name=name).first()
            if program is None:
                program = self._make(name, options["number"], read_only=options["read_only"])
            elif options["number"] or options["read_only"]:
                raise CommandError(
                    f"The program “{name}” exists: change its numbers and rights in the admin, or leave out --number "
                    "and --read-only to give it another token."
                )
            _, token = tokens.make(program)
        self.stdout.write(token)

    def _make(self, name: str, ids: list[str], *, read_only: bool) -> Program:
        numbers = [self._number(word) for word in ids]
        program = Program.objects.create(name=name, all_numbers=not numbers, may_send=not read_only)
        program.numbers.set(numbers)
        return program

    def _number(self, word: str) -> PhoneNumber:
        known = PhoneNumber.objects.exclude(state=PhoneNumber.State.UNKNOWN)
        number = known.filter(Q(phone_number_id=word) | Q(aws_phone_number_id=word)).first() if word else None
        if number is None:
            raise CommandError(f"There is no connected number with the id {word!r}.")
        return number
