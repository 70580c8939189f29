"""Spreadsheets (.xlsx, .xls, .ods), by sheet, with the values as they were last calculated."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import python_calamine
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from core.sandbox import RefusalError
from inbox.media.sandboxed import PROTECTED, gettext_noop
from inbox.media.sandboxed.document_text import MOST_ROWS, Text

DAMAGED = gettext_noop("This spreadsheet is damaged, so it can’t be shown.")


def read(source: Path, text: Text) -> None:
    """Every sheet with cells that its author left visible."""
    try:
        workbook = CalamineWorkbook.from_path(str(source))
    except python_calamine.PasswordError as error:
        raise RefusalError(PROTECTED) from error
    except CalamineError as error:
        raise RefusalError(DAMAGED, broken=True) from error
    for sheet in workbook.sheets_metadata:
        if sheet.typ is not SheetTypeEnum.WorkSheet or sheet.visible is not SheetVisibleEnum.Visible:
            continue
        rows = workbook.get_sheet_by_name(sheet.name).to_python(nrows=MOST_ROWS + 1)
        text.part(sheet.name)
        text.table([written(value) for value in row] for row in rows)


def written(value: Any) -> str:
    """A cell as people write it: 3 for 3.0, and a date at midnight without its time."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "minutes")
    return str(value)
