"""Tables for people to open in a spreadsheet: CSV with a byte order mark, and XLSX.

Sheets that are read back hold text alone; those of figures hold numbers that a spreadsheet can add up.
"""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import IO

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

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


Cell = str | int | Decimal | None
MOST_ROWS = 1_048_575
"""What a workbook's sheet takes beneath its header; more go on in another sheet."""
_IN_MEMORY = 1024 * 1024
_PIECE = 64 * 1024


@dataclass(frozen=True)
class Figures:
    """A header and rows of text and numbers; rows may be a stream of any length."""

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def spooled(form: str, sheet: Figures) -> IO[bytes]:
    """The file, written row by row and on disk where it is large; read from its start, and gone when closed."""
    out: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the answer closes it
    try:
        (_spool_csv if form == "csv" else _spool_xlsx)(out, sheet)
        out.seek(0)
    except BaseException:
        out.close()
        raise
    return out


def pieces(content: IO[bytes]) -> Iterator[bytes]:
    """The file piece by piece; closed at its end."""
    with content:
        while piece := content.read(_PIECE):
            yield piece


def _spool_csv(out: IO[bytes], sheet: Figures) -> None:
    out.write(b"\xef\xbb\xbf")
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    for row in chain([sheet.header], sheet.rows):
        # A number of ours is no formula, and below nought it has to stay one: behind an apostrophe nothing adds up.
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
        out.write(line.getvalue().encode())
        line.seek(0)
        line.truncate()


def _spool_xlsx(out: IO[bytes], sheet: Figures) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(out, options) as book:
        bold, plain = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        money = book.add_format({"num_format": "#,##0.00"})
        rows, more = iter(sheet.rows), True
        while more:
            page = book.add_worksheet(f"{sheet.name} {len(book.worksheets()) + 1}"[:31])
            page.set_column(0, len(sheet.header) - 1, 16)
            page.freeze_panes(1, 0)
            for at, title in enumerate(sheet.header):
                page.write_string(0, at, title, bold)
            more = _fill(page, rows, plain, money)


def _fill(page: Worksheet, rows: Iterator[Sequence[Cell]], plain: Format, money: Format) -> bool:
    """As many rows as the sheet takes. Gives whether it is full."""
    for number, row in zip(range(1, MOST_ROWS + 1), rows, strict=False):
        for at, cell in enumerate(row):
            if isinstance(cell, str):
                page.write_string(number, at, guarded(cell)[:LONGEST_CELL], plain)
            elif isinstance(cell, Decimal):
                page.write_number(number, at, cell, money)
            elif cell is not None:
                page.write_number(number, at, cell)
        if number == MOST_ROWS:
            return True
    return False
