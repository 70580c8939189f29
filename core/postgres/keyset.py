"""Keyset paging: a position in an ordered list, written into URLs and compared by row value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import BooleanField, F, Func, Value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadPlaceError(ValueError):
    """A URL contains an invalid position."""


@dataclass(frozen=True, slots=True)
class Place:
    """A row's position in the order of (time, id). In URLs: microseconds since 1970, a comma, the id."""

    at: datetime
    id: int

    @classmethod
    def parse(cls, text: str) -> Place:
        """The position in a URL. Raises BadPlaceError unless str(place) could have written it."""
        time, _, pk = text.partition(",")
        try:
            place = cls(EPOCH + timedelta(microseconds=int(time)), int(pk))
        except (ValueError, OverflowError) as error:
            raise BadPlaceError(text) from error
        if abs(place.id) >= 2**63:
            raise BadPlaceError(text)
        return place

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)},{self.id}"


class RowComparison(Func):
    """(time, id) < (time, id) as one condition, which PostgreSQL answers with one range of an index."""

    output_field = BooleanField()
    conditional = True
    arity = 4

    def __init__(self, field: str, operator: str, place: Place) -> None:
        super().__init__(F(field), F("id"), Value(place.at), Value(place.id))
        self.operator = operator

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        parts = [compiler.compile(expression) for expression in self.get_source_expressions()]
        sql = f"({parts[0][0]}, {parts[1][0]}) {self.operator} ({parts[2][0]}, {parts[3][0]})"
        return sql, [value for _, values in parts for value in values]


def before(field: str, place: Place) -> RowComparison:
    return RowComparison(field, "<", place)


def after(field: str, place: Place) -> RowComparison:
    return RowComparison(field, ">", place)
