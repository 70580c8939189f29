"""Admin lists that stay fast at a million rows: newest first, paged by the last row shown, nothing counted."""

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
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import OperationalError, connection, transaction
from django.db.models import Max, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.integers import small_integer

BEFORE, AFTER = "before", "after"
#: The longest that one query of a list may take.
SECONDS = 4
#: How many ids are searched when searching the whole table took too long.
SPAN = 200_000
MOMENT = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")


class QueryTimeoutError(Exception):
    """The database stopped a query at its time limit."""


@contextmanager
def time_limit() -> Iterator[None]:
    """Limit every statement in this block to SECONDS. Raises QueryTimeoutError."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{SECONDS * 1000:.0f}"])
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise QueryTimeoutError from error
        raise


def first_key_since(model: type[Model], key: str, moment_field: str, moment: datetime) -> int | None:
    """The smallest key of a row that is not older than ``moment``, None when all are older.

    For tables where keys and times rise together: a bisection over the key's index, some twenty look-ups in one
    statement, so that inserts need not maintain an index on the time. Overlapping transactions may commit out of
    order, so filter by the time as well.
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
    """A typed date or time ("2026-11-20", "2026-11-20 02:14"); for a date, the end of that day. None for other text."""
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
    """One page of a list, newest ``model_admin.key`` first, with links to the newer and the older page.

    A query that takes too long is tried once more on the newest SPAN keys, and the page says so. "Older" continues
    from there, so that every row can be reached in steps of bounded time.
    """

    model_admin: NewestFirstAdmin
    before: int | None
    after: int | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = str(self.model_admin.title or capfirst(self.opts.verbose_name_plural))

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        for name in (BEFORE, AFTER):
            # Removed, so that changing a filter or searching starts at the newest again.
            value = self.params.pop(name, None)
            self.filter_params.pop(name, None)
            if not hasattr(self, name):
                setattr(self, name, small_integer(value or ""))
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
        except QueryTimeoutError:
            top = self.before or (self.model._default_manager.aggregate(top=Max(key))["top"] or 0) + 1
            bottom = top - SPAN
            if bottom > 0:
                self.older_from = bottom
                sentence = _(
                    "Searching all rows took longer than %(seconds)s seconds. This page shows matches among the newest "
                    "%(rows)s rows only. Use “Older” to continue, or narrow the search with a filter or an exact id."
                )
                messages.warning(request, sentence % {"seconds": SECONDS, "rows": intcomma(SPAN)})
            return self._read(request, queryset.filter(**{f"{key}__gte": bottom})[: self.list_per_page + 1])

    def _read(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        try:
            with time_limit():
                return list(queryset)
        except QueryTimeoutError:
            sentence = _("The search was stopped after %(seconds)s seconds. Narrow it with a filter or an exact id.")
            messages.error(request, sentence % {"seconds": SECONDS})
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


class NewestFirstAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """A list of a table that only grows. ``key`` is a unique, indexed column; ``moment_field`` is when a row came."""

    key = "id"
    moment_field = ""
    #: Whether the two rise together. Imported rows keep the times they had in the old system.
    key_follows_time = True
    #: The list's heading where the model's own name says too little.
    title: str | Promise = ""
    #: Columns beside the filters that links from other pages may filter by.
    linked_by: tuple[str, ...] = ()
    list_per_page = 50
    sortable_by = ()
    show_full_result_count = False
    show_facets = ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NewestFirstChangeList

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Allow only what our filters and links use: Django would also run a regular expression on any column."""
        ours = {
            f"{item}__exact" if isinstance(item, str) else getattr(item, "parameter_name", "")
            for item in self.get_list_filter(request)
        }
        return lookup in ours or lookup in self.linked_by

    def received_before(self, queryset: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        """Rows older than ``moment``, for a date or time in the search box."""
        if not self.key_follows_time:
            return queryset.filter(**{f"{self.moment_field}__lt": moment})
        first = first_key_since(self.model, self.key, self.moment_field, moment)
        return queryset if first is None else queryset.filter(**{f"{self.key}__lt": first})

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any) -> HttpResponse | None:
        if request.POST.get("select_across", "0") != "0":
            raise PermissionDenied(_("An action applies only to the rows selected on this page."))
        return super().response_action(request, queryset)


class ReceivedFilter(admin.SimpleListFilter):
    """When a row came, as a range of keys: it needs no index on the time and scans nothing."""

    title = gettext_lazy("received")
    parameter_name = "received"
    SPANS = {
        "hour": timedelta(hours=1),
        "day": timedelta(days=1),
        "week": timedelta(days=7),
        "month": timedelta(days=30),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("hour", _("Past hour")),
            ("today", _("Today")),
            ("day", _("Past 24 hours")),
            ("week", _("Past 7 days")),
            ("month", _("Past 30 days")),
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
        if not self.model_admin.key_follows_time:
            return queryset
        first = first_key_since(self.model, self.model_admin.key, self.model_admin.moment_field, since)
        return queryset.none() if first is None else queryset.filter(**{f"{self.model_admin.key}__gte": first})


class ViewOnly:
    """Rows that the product writes: read-only in the admin."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
