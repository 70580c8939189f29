"""Finding people by name, username and phone number."""

from __future__ import annotations

import pytest
from django.db import connection

from inbox import people
from inbox.models import Contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def amara() -> Contact:
    return Contact.objects.create(profile_name="Amara Okafor-Lund", username="amara.rides", phone="+351912345678")


@pytest.mark.parametrize(
    ("sought", "expected"),
    [
        ("amara", True),
        ("OKA", True),
        ("lund am", True),
        ("amara.rides", True),
        ("mara", False),
        ("amara bea", False),
        ("+351 912", True),
        ("00351912", True),
        ("912 345 678", True),
        ("5678", True),
        ("78", False),
        ("999", False),
        ("!!!", False),
        ("'", False),
        ("' | !x:* \\", False),
    ],
)
def test_it_finds_beginnings_of_words_and_ends_of_numbers(amara: Contact, sought: str, expected: bool) -> None:
    assert (amara.pk in people.found(sought)) is expected
    assert people.is_found(amara, sought) is expected


@pytest.mark.parametrize("sought", ["amara", "912345678"])
def test_it_reads_no_table_from_end_to_end(sought: str) -> None:
    Contact.objects.bulk_create(Contact(profile_name=f"Person {i} Name{i}", phone=f"+4930{i:08}") for i in range(5_000))
    Contact.objects.create(profile_name="Amara Okafor", phone="+351912345678")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_contact")
    plan = people.found(sought).explain()
    assert "Seq Scan" not in plan, plan
