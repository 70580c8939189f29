"""Pages of the API: newest first, going on from an opaque cursor, never counting."""

from __future__ import annotations

import base64
from typing import Annotated, TypeVar

from django.db.models import Model, QuerySet
from pydantic import Field

from core.postgres import keyset
from inbox.api.problems import invalid

MAX_LIMIT = 100
#: Ids as answers write them.
Id = Annotated[str, Field(pattern=r"^[0-9]{1,18}$", description="An id, as answers write it.")]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Rows on a page.")]
Cursor = Annotated[str | None, Field(max_length=100, description="`nextCursor` of the page before.")]
#: Rows on a page when nobody says.
LIMIT = 50

T = TypeVar("T", bound=Model)


def page(rows: QuerySet[T], field: str, cursor: str | None, limit: int) -> tuple[list[T], str | None]:
    """Up to ``limit`` rows, newest first by (``field``, id), after the place that the cursor names, and the cursor of
    the rest. Raises Problem for a cursor that is none of ours."""
    if cursor:
        rows = rows.filter(keyset.before(field, _place(cursor)))
    found = list(rows.order_by(f"-{field}", "-pk")[: limit + 1])
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], _cursor(keyset.Place(getattr(last, field), last.pk))


def page_by_id(rows: QuerySet[T], cursor: str | None, limit: int) -> tuple[list[T], str | None]:
    """The same in the order of arrival, which every table has an index for."""
    if cursor:
        rows = rows.filter(pk__lt=_place(cursor).id)
    found = list(rows.order_by("-pk")[: limit + 1])
    if len(found) <= limit:
        return found, None
    return found[:limit], _cursor(keyset.Place(keyset.EPOCH, found[limit - 1].pk))


def _cursor(place: keyset.Place) -> str:
    return base64.urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def _place(cursor: str) -> keyset.Place:
    try:
        text = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return keyset.Place.parse(text.decode("ascii"))
    except (ValueError, keyset.BadPlaceError):
        raise invalid("cursor", "This is not a cursor that an answer gave.") from None
