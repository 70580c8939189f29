"""Paging in the API: newest first, by an opaque cursor, without counting."""

from __future__ import annotations

import base64
from typing import Annotated, TypeVar

from django.db.models import Model, QuerySet
from pydantic import Field

from core.postgres import keyset
from inbox.api.problems import invalid

MAX_LIMIT = 100
Id = Annotated[str, Field(pattern=r"^[0-9]{1,18}$", description="An id from an answer.")]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Items on a page.")]
Cursor = Annotated[str | None, Field(max_length=100, description="`nextCursor` of the previous page.")]
#: The default page size.
LIMIT = 50

T = TypeVar("T", bound=Model)


def page(rows: QuerySet[T], field: str, cursor: str | None, limit: int) -> tuple[list[T], str | None]:
    """Up to ``limit`` rows after the cursor, newest first by (``field``, id), and the cursor of the next page. Raises
    Problem."""
    if cursor:
        rows = rows.filter(keyset.before(field, place_of(cursor)))
    found = list(rows.order_by(f"-{field}", "-pk")[: limit + 1])
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], cursor_at(keyset.Place(getattr(last, field), last.pk))


def page_by_id(rows: QuerySet[T], cursor: str | None, limit: int) -> tuple[list[T], str | None]:
    """The same, newest id first."""
    if cursor:
        rows = rows.filter(pk__lt=place_of(cursor).id)
    found = list(rows.order_by("-pk")[: limit + 1])
    if len(found) <= limit:
        return found, None
    return found[:limit], cursor_at(keyset.Place(keyset.EPOCH, found[limit - 1].pk))


def cursor_at(place: keyset.Place) -> str:
    """The cursor of what follows after this place."""
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def place_of(cursor: str) -> keyset.Place:
    """The place that a cursor names. Raises Problem for a cursor that we did not write."""
    try:
        text = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return keyset.Place.parse(text.decode("ascii"))
    except (ValueError, keyset.BadPlaceError):
        raise invalid("cursor", "Use the `nextCursor` of an answer.") from None
