"""Rows of statements that are written out, as model instances: for the pages that agents open all the time.

Django puts the same SQL together again for every request and runs each row through its constructors, which costs more
than PostgreSQL needs for the answer. Who may see what still comes from a queryset: its SQL chooses the rows, the
statement around it reads their columns.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, models
from django.db.models.base import ModelState

M = TypeVar("M", bound=models.Model)


class Columns(Generic[M]):
    """The columns of one table that a statement reads, under an alias, and the instances made of them."""

    def __init__(self, model: type[M], alias: str, names: Sequence[str]) -> None:
        fields = [model._meta.get_field(name) for name in names]
        self.model = model
        self.sql = ", ".join(f'{alias}."{field.column}"' for field in fields)  # type: ignore[union-attr]
        self.size = len(fields)
        self._names = [field.attname for field in fields]  # type: ignore[union-attr]
        self._json = [field.attname for field in fields if isinstance(field, models.JSONField)]

    def take(self, values: list[Any]) -> M:
        """The instance of the first values, which are taken from the list."""
        taken, values[:] = values[: self.size], values[self.size :]
        return self.instance(taken)

    def instance(self, values: Sequence[Any]) -> M:
        """A stored row with these columns. Others are read from the database when somebody asks for them."""
        row = self.model.__new__(self.model)
        known = dict(zip(self._names, values, strict=True))
        for name in self._json:
            known[name] = json.loads(known[name])
        row.__dict__.update(known)
        row._state = state = ModelState()
        state.adding, state.db = False, DEFAULT_DB_ALIAS
        return row


def read(chosen: models.QuerySet[Any], statement: str, *parameters: str | int) -> list[tuple[Any, ...]]:
    """The answer of a statement over the rows that a queryset chooses: their ids are its table ``chosen (id)``."""
    try:
        sql, choice = chosen.values("pk").query.sql_with_params()
    except EmptyResultSet:  # the queryset knows that nothing can match
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"WITH chosen (id) AS ({sql}) {statement}", (*choice, *parameters))
        return list(cursor.fetchall())
