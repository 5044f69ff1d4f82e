"""Tables for people to open in a spreadsheet: CSV with a byte order mark, and XLSX. All cells are text."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xlsxwriter import Workbook

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
LONGEST_CELL = 32_767
"""What a workbook's cell takes."""


@dataclass(frozen=True)
class Sheet:
    """A header and rows of text; name: what its tab in a workbook says."""

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[str]]


def guarded(cell: str) -> str:
    """A cell no spreadsheet takes for a formula: an apostrophe goes before what would start one."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "'")) else cell


def write_sheets(form: str, first: Sheet, *others: Sheet) -> bytes:
    """`form` is csv or xlsx. A CSV holds the first sheet alone."""
    return _csv(first) if form == "csv" else _xlsx((first, *others))


def _csv(sheet: Sheet) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in (sheet.header, *sheet.rows):
        writer.writerow([guarded(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def _xlsx(sheets: Sequence[Sheet]) -> bytes:
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold = book.add_format({"bold": True, "num_format": "@"})
        # As text: a spreadsheet must make no number of an id, no date of a price.
        plain = book.add_format({"num_format": "@"})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name)
            page.set_column(0, max(0, len(sheet.header) - 1), 20, plain)
            page.freeze_panes(1, 0)
            for number, row in enumerate((sheet.header, *sheet.rows)):
                for at, cell in enumerate(row):
                    if cell:
                        page.write_string(number, at, guarded(cell)[:LONGEST_CELL], plain if number else bold)
    return out.getvalue()
