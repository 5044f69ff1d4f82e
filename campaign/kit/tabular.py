"""Tables people upload: CSV in UTF-8 or GBK, and XLSX read in a child process with limits."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LARGEST_FILE = 32 * 1024 * 1024
MOST_ROWS = 200_000
MOST_UNZIPPED = 64 * 1024 * 1024
_READER = Path(__file__).with_name("workbook.py")
_CHILD_SECONDS = 30


class BadTable(ValueError):
    """A file that cannot be read as a table. `code`: empty_file, too_large, no_header, not_a_table,
    broken_quote.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Table:
    """A header and the rows under it, all cells as text. Numbers are those a spreadsheet shows, from 1."""

    header: tuple[str, ...]
    rows: Sequence[tuple[int, tuple[str, ...]]]


def read_table(content: bytes) -> Table:
    """Read a CSV or XLSX file by its content, whatever its name says. Raises BadTable."""
    if not content.strip(b"\xef\xbb\xbf\r\n\t "):
        raise BadTable("empty_file")
    if len(content) > LARGEST_FILE:
        raise BadTable("too_large")
    if content[:4] == b"PK\x03\x04":
        return _table(_read_workbook(content))
    if content[:4] == b"\xd0\xcf\x11\xe0" or b"\x00" in content or zipfile.is_zipfile(io.BytesIO(content)):
        raise BadTable("not_a_table")
    return _table(_read_csv(content))


def _table(rows: list[tuple[int, tuple[str, ...]]]) -> Table:
    """The first line that holds anything is the header; blank lines are no rows."""
    begun = [row for row in rows if len(row[1]) > 1 or any(cell.strip() for cell in row[1])]
    if not begun:
        raise BadTable("empty_file")
    header = tuple(cell.strip() for cell in begun[0][1])
    if not any(header):
        raise BadTable("no_header")
    return Table(header, [row for row in begun[1:] if any(cell.strip() for cell in row[1])])


def decode(content: bytes) -> str:
    """UTF-8 with or without a byte order mark, else GBK in its widest form. Raises BadTable on neither."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadTable("not_a_table")


def _read_csv(content: bytes) -> list[tuple[int, tuple[str, ...]]]:
    text = decode(content)
    first = text.split("\n", 1)[0]
    if first.lstrip().startswith("<"):
        raise BadTable("not_a_table")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(first), strict=True)
    rows = []
    try:
        for number, cells in enumerate(reader, start=1):
            if number > MOST_ROWS + 1:
                raise BadTable("too_large")
            rows.append((number, tuple(cells)))
    except csv.Error as error:
        raise BadTable("broken_quote") from error
    return rows


def _delimiter(first_line: str) -> str:
    """The separator that the header line uses most; a comma where there is one column."""
    return max(",;\t", key=lambda mark: (first_line.count(mark), mark == ","))


def _read_workbook(content: bytes) -> list[tuple[int, tuple[str, ...]]]:
    """The first sheet, read in a child that may not grow, run long or keep more than the limits say."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_UNZIPPED:
                raise BadTable("too_large")
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise BadTable("not_a_table") from error
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_READER)],
            input=content,
            capture_output=True,
            timeout=_CHILD_SECONDS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired as error:
        raise BadTable("too_large") from error
    if done.returncode == 3:
        raise BadTable("too_large")
    if done.returncode != 0:
        # Killed by its limits (memory shows as an abort), or a panic of the reader: refused either way.
        raise BadTable("too_large" if done.returncode < 0 else "not_a_table")
    return [(number, tuple(cells)) for number, cells in json.loads(done.stdout)]
