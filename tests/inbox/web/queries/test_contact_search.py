"""Finding people by name, username and phone number."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given
from hypothesis.strategies import characters, text

from inbox.formatting import folding
from inbox.models import Contact
from inbox.web.queries import contact_search

pytestmark = pytest.mark.django_db


@pytest.fixture
def amara() -> Contact:
    return Contact.objects.create(profile_name="Amara Okafor-Lund", username="amara.rides", phone="+351912345678")


def test_a_number_as_whatsapp_once_printed_it_finds_its_person() -> None:
    mexican = Contact.objects.create(profile_name="Lucía", phone="+525512345678")
    assert list(contact_search.found("+52 1 55 1234 5678")) == [mexican.pk]
    assert contact_search.is_found(mexican, "+5215512345678")
    assert not contact_search.is_found(mexican, "+5215512345679")


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
    assert (amara.pk in contact_search.found(sought)) is expected
    assert contact_search.is_found(amara, sought) is expected


@pytest.mark.parametrize(
    ("name", "sought"),
    [
        ("José d'Ávila-Núñez", "JOSE avila NUN"),
        ("Jose Nunez", "josé núñez"),
        ("Große Łódź Søren Æsir", "grosse lodz soren aes"),
        ("Grosse Lodz", "große łódź"),
        ("İpek Işık", "ipek isik"),
        ("Иван Йовков", "ИВАН йов"),
        ("Γιώργος", "ΓΙΩΡΓΟΣ"),
        ("हिन्दी", "हिन्"),
        ("يوسف الحداد", "الحد"),
        ("陳美玲", "陳美"),
        ("강민준", "강민"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("Lucía 🚲", "🚲"),
        ("Bea 100% <b> & “Sons”", "b 100 sons"),
        ("e\u0301t\u00e9", "été"),
        ("\ufdfa" * 500, "\ufdfa"),
        ("𝓐" * 512, "a" * 80),
    ],
)
def test_it_folds_names_and_searches_alike(name: str, sought: str) -> None:
    contact = Contact.objects.create(profile_name=name)
    assert list(contact_search.found(sought)) == [contact.pk]
    assert contact_search.is_found(contact, sought)


@given(text(alphabet=characters(min_codepoint=1, max_codepoint=0x52F), max_size=40))
def test_the_index_holds_the_words_that_python_folds(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(inbox_name_words(%s, ''))", [name])
        assert set(cursor.fetchone()[0]) == set(folding.words(name))


@pytest.mark.parametrize("sought", ["amara", "912345678"])
def test_it_reads_no_table_from_end_to_end(sought: str) -> None:
    Contact.objects.bulk_create(Contact(profile_name=f"Person {i} Name{i}", phone=f"+4930{i:08}") for i in range(5_000))
    Contact.objects.create(profile_name="Amara Okafor", phone="+351912345678")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_contact")
    plan = contact_search.found(sought).explain()
    assert "Seq Scan" not in plan, plan
