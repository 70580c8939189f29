"""Admin lists that stay quick at a million rows: newest first, paged by the last row seen, nothing counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Any

import psycopg
from django.contrib import admin, messages
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import OperationalError, connection, transaction
from django.db.models import Max, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import capfirst

BEFORE, AFTER = "before", "after"
#: How long one query of a list may take. Somebody waits for it, and so does the database.
SECONDS = 4
#: How many ids are looked at when a whole table took too long.
SPAN = 200_000


PLACE = re.compile("[0-9]{1,18}")
MOMENT = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")


class TookTooLongError(Exception):
    """The database stopped a query at its time limit."""


@contextmanager
def time_limit() -> Iterator[None]:
    """Let PostgreSQL stop any statement in this block after SECONDS. Raises TookTooLongError when it did."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{SECONDS * 1000:.0f}"])
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise TookTooLongError from error
        raise


def first_key_since(model: type[Model], key: str, moment_field: str, moment: datetime) -> int | None:
    """The smallest key of a row that is not older than ``moment``, None when all are older.

    For tables whose rows are only added, so that keys and times rise together: a bisection over the key's index, some
    twenty look-ups in one statement, where an index on the time would cost every insert. Rows of transactions that
    overlapped may be out of order by as long as those ran, so filter by the time as well where seconds matter.
    """
    quote = connection.ops.quote_name
    columns = {field.attname: str(field.column) for field in model._meta.concrete_fields}
    table, column, at = quote(model._meta.db_table), quote(columns[key]), quote(columns[moment_field])
    # The answer lies in [low, high). A row older than the moment moves low past it, any other moves high down to it.
    sql = f"""
        WITH RECURSIVE bisection (low, high) AS (
            SELECT min({column}), max({column}) + 1 FROM {table}
            UNION ALL
            SELECT CASE WHEN probe.at < %(moment)s THEN probe.key + 1 ELSE low END,
                   CASE WHEN probe.at < %(moment)s THEN high ELSE (low + high) / 2 END
            FROM bisection, LATERAL (
                SELECT {column} AS key, {at} AS at FROM {table}
                WHERE {column} >= (low + high) / 2 ORDER BY {column} LIMIT 1
            ) probe
            WHERE low < high
        )
        SELECT min(row.key) FROM (SELECT low FROM bisection WHERE low >= high) AS found, LATERAL (
            SELECT {column} AS key FROM {table} WHERE {column} >= found.low ORDER BY {column} LIMIT 1
        ) row
    """  # noqa: S608 - table and columns come from the model, the moment is a parameter
    with connection.cursor() as cursor:
        cursor.execute(sql, {"moment": moment})
        row = cursor.fetchone()
    return None if row is None else row[0]


def moment_in(term: str) -> datetime | None:
    """The date or time that somebody typed ("2026-11-20", "2026-11-20 02:14"), of a date its end; None for others."""
    if not MOMENT.fullmatch(term):
        return None
    try:
        moment = datetime.fromisoformat(term)
    except ValueError:
        return None
    if len(term) == len("2026-11-20"):
        moment += timedelta(days=1)
    return timezone.make_aware(moment)


class NewestFirstChangeList(ChangeList):
    """One page of a list in falling order of ``model_admin.key``, with links to the newer and older ones.

    A query that takes too long is tried once more on the newest SPAN keys, and the page says so; "Older" then goes on
    from there, so that everything can be reached in steps that end.
    """

    model_admin: NewestFirstAdmin
    before: int | None
    after: int | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = self.model_admin.title or str(capfirst(self.opts.verbose_name_plural))

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        for name in (BEFORE, AFTER):
            # Taken out, so that changing a filter or searching starts at the newest again.
            value = self.params.pop(name, None)
            self.filter_params.pop(name, None)
            if not hasattr(self, name):
                setattr(self, name, int(value) if value and PLACE.fullmatch(value) else None)
        return super().get_queryset(request, exclude_parameters)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return [f"-{self.model_admin.key}"]

    def get_results(self, request: HttpRequest) -> None:
        key, size = self.model_admin.key, self.list_per_page
        self.older_from: int | None = None
        self.newer_from: int | None = None
        if self.after is not None:
            rows = self._read(request, self.queryset.filter(**{f"{key}__gt": self.after}).order_by(key)[: size + 1])
            more = len(rows) > size
            rows = rows[:size][::-1]
            self.newer_from = self._key(rows[0]) if more else None
            self.older_from = self._key(rows[-1]) if rows else self.after + 1
        else:
            rows = self._from_newest(request)
            if len(rows) > size:
                rows = rows[:size]
                self.older_from = self._key(rows[-1])
            if self.before is not None:
                self.newer_from = self._key(rows[0]) if rows else self.before - 1
        self.result_list = rows
        self.result_count = self.full_result_count = len(rows)
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = self.multi_page = False
        self.paginator = Paginator(rows, size)

    def _key(self, row: Any) -> int:
        return int(getattr(row, self.model_admin.key))

    def _from_newest(self, request: HttpRequest) -> list[Any]:
        key = self.model_admin.key
        queryset = self.queryset if self.before is None else self.queryset.filter(**{f"{key}__lt": self.before})
        try:
            with time_limit():
                return list(queryset[: self.list_per_page + 1])
        except TookTooLongError:
            top = self.before or (self.model._default_manager.aggregate(top=Max(key))["top"] or 0) + 1
            bottom = top - SPAN
            if bottom > 0:
                self.older_from = bottom
                messages.warning(
                    request,
                    f"Looking through everything took longer than {SECONDS} seconds, so this shows what matches among "
                    f"{SPAN:,} rows only. “Older” goes on from there; another filter or an exact id finds it at once.",
                )
            return self._read(request, queryset.filter(**{f"{key}__gte": bottom})[: self.list_per_page + 1])

    def _read(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        try:
            with time_limit():
                return list(queryset)
        except TookTooLongError:
            messages.error(
                request, f"The database took longer than {SECONDS} seconds and was stopped. Narrow the search."
            )
            return []

    @property
    def newer_link(self) -> str | None:
        return None if self.newer_from is None else self._link({AFTER: self.newer_from})

    @property
    def older_link(self) -> str | None:
        return None if self.older_from is None else self._link({BEFORE: self.older_from})

    @property
    def newest_link(self) -> str | None:
        return self._link({}) if self.before is not None or self.after is not None else None

    def _link(self, place: dict[str, int]) -> str:
        parameters: dict[str, Any] = {**self.filter_params, **place}
        return "?" + urlencode(sorted(parameters.items()), doseq=True)


class NewestFirstAdmin(admin.ModelAdmin):
    """A list of a table that only grows. ``key`` is a unique, indexed column; ``moment_field`` says when a row came."""

    key = "id"
    moment_field = ""
    #: Whether the two rise together. They do not where rows came from an older system with times of their own.
    rising = True
    #: The list's heading where the model's own name says too little.
    title = ""
    #: Columns that links from elsewhere may narrow the list by, beside its filters.
    linked_by: tuple[str, ...] = ()
    list_per_page = 50
    sortable_by = ()
    show_full_result_count = False
    show_facets = ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NewestFirstChangeList

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only what a filter or a link of ours writes: Django would also take a regular expression on any column."""
        ours = {
            f"{item}__exact" if isinstance(item, str) else getattr(item, "parameter_name", "")
            for item in self.get_list_filter(request)
        }
        return lookup in ours or lookup in self.linked_by

    def received_before(self, queryset: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        """Rows older than that moment: what a list shows for a date or time in the search box."""
        if not self.rising:
            return queryset.filter(**{f"{self.moment_field}__lt": moment})
        first = first_key_since(self.model, self.key, self.moment_field, moment)
        return queryset if first is None else queryset.filter(**{f"{self.key}__lt": first})

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any) -> HttpResponse | None:
        if request.POST.get("select_across", "0") != "0":
            raise PermissionDenied("An action works on the rows that are selected on the page.")
        return super().response_action(request, queryset)


class ReceivedFilter(admin.SimpleListFilter):
    """When a row came, as a range of keys: no index on the time is needed, and nothing is scanned."""

    title = "received"
    parameter_name = "received"
    SPANS = {
        "hour": timedelta(hours=1),
        "day": timedelta(days=1),
        "week": timedelta(days=7),
        "month": timedelta(days=30),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("hour", "Past hour"),
            ("today", "Today"),
            ("day", "Past 24 hours"),
            ("week", "Past 7 days"),
            ("month", "Past 30 days"),
        ]

    def __init__(self, request: HttpRequest, params: Any, model: type[Model], model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.model, self.model_admin = model, model_admin

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value == "today":
            since = timezone.make_aware(datetime.combine(timezone.localdate(), time.min))
        elif value in self.SPANS:
            since = timezone.now() - self.SPANS[value]
        else:
            return queryset
        queryset = queryset.filter(**{f"{self.model_admin.moment_field}__gte": since})
        if not self.model_admin.rising:
            return queryset
        first = first_key_since(self.model, self.model_admin.key, self.model_admin.moment_field, since)
        return queryset.none() if first is None else queryset.filter(**{f"{self.model_admin.key}__gte": first})


class ViewOnly:
    """Rows that the product writes and people only read."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
