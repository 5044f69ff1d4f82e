"""Tables people upload: CSV in UTF-8 or GBK, and XLSX read in a child process with limits. Row by row, however many."""

import codecs
import csv
import io
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

LARGEST_FILE = 64 * 1024 * 1024
MOST_ROWS = 200_000
MOST_UNZIPPED = 640 * 1024 * 1024
UNZIPPED_FREELY = 64 * 1024 * 1024
MOST_UNZIPPED_TIMES = 250
"""A workbook that swells further than this was made to: real ones, full of the same cells, swell 15-fold."""
_READER = Path(__file__).with_name("workbook.py")
_WAIT_SECONDS = 60.0
"""So long its rows are waited for in all; its limit of 28 s of work is reached long before where it has a core. What
its reader's reader does meanwhile does not count against it.
"""
_PIECE = 1 << 16

Row = tuple[int, tuple[str, ...]]


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
    rows: Sequence[Row]


@dataclass(frozen=True)
class Stream:
    """A table whose rows are read as they are asked for: BadTable may be raised by any of them."""

    header: tuple[str, ...]
    rows: Iterator[Row]


def read_table(content: bytes) -> Table:
    """Read a CSV or the first sheet of an XLSX file by its content, whatever its name says. Raises BadTable."""
    with open_table(io.BytesIO(content)) as stream:
        return Table(stream.header, list(stream.rows))


@contextmanager
def open_table(file: BinaryIO) -> Iterator[Stream]:
    """A CSV or the first sheet of an XLSX, row by row while the block lasts. Raises BadTable."""
    if _is_workbook(file):
        with _opened_workbook(file, "first") as lines:
            yield _stream((_row(line) for line in lines if len(line) == 2), padded=True)
    else:
        with closing(_read_csv(file)) as rows:
            yield _stream(rows, padded=False)


def read_sheets(content: bytes) -> dict[str, list[Row]]:
    """All sheets of a workbook by name, the rows that hold anything. Raises BadTable."""
    file = io.BytesIO(content)
    if not _is_workbook(file):
        raise BadTable("not_a_table")
    with _opened_workbook(file, "all") as lines:
        return _by_sheet(lines)


def _by_sheet(lines: Iterator[list[object]]) -> dict[str, list[Row]]:
    sheets: dict[str, list[Row]] = {}
    rows: list[Row] = []
    for line in lines:
        if len(line) == 1:
            rows = sheets.setdefault(str(line[0]), [])
        else:
            rows.append(_row(line))
            if len(rows) > MOST_ROWS:
                raise BadTable("too_large")
    return sheets


def _is_workbook(file: BinaryIO) -> bool:
    """Whether it is a workbook by its first bytes. Raises BadTable where it is nothing that can be read."""
    size = file.seek(0, io.SEEK_END)
    if size > LARGEST_FILE:
        raise BadTable("too_large")
    file.seek(0)
    begin = file.read(4)
    file.seek(0)
    if begin == b"PK\x03\x04":
        return True
    if begin == b"\xd0\xcf\x11\xe0" or zipfile.is_zipfile(file):
        raise BadTable("not_a_table")
    return False


def _stream(rows: Iterator[Row], *, padded: bool) -> Stream:
    """The first line that holds anything is the header; blank lines are no rows.

    padded: a workbook leaves out the empty cells at the end of a row, so that says nothing; in a CSV they are there.
    """
    for _, cells in rows:
        if len(cells) > 1 or any(cell.strip() for cell in cells):
            header = tuple(cell.strip() for cell in cells)
            break
    else:
        raise BadTable("empty_file")
    if not any(header):
        raise BadTable("no_header")
    return Stream(header, _beneath(rows, len(header) if padded else 0))


def _beneath(rows: Iterator[Row], width: int) -> Iterator[Row]:
    for count, (number, cells) in enumerate(rows, start=1):
        if count > MOST_ROWS:
            raise BadTable("too_large")
        if any(cell.strip() for cell in cells):
            yield number, cells + ("",) * (width - len(cells))


def decode(content: bytes) -> str:
    """UTF-8 with or without a byte order mark, else GBK in its widest form. Raises BadTable on neither."""
    return content.decode(_encoding(io.BytesIO(content)))


def _encoding(file: BinaryIO) -> str:
    """What the whole file can be read as: a piece at a time, since the first odd letter may be the last one."""
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        file.seek(0)
        try:
            while piece := file.read(_PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        file.seek(0)
        return encoding
    raise BadTable("not_a_table")


def _read_csv(file: BinaryIO) -> Generator[Row]:
    file.seek(0)
    while piece := file.read(_PIECE):
        if b"\x00" in piece:
            raise BadTable("not_a_table")
    text = io.TextIOWrapper(file, _encoding(file), newline="")
    try:
        first = text.readline(_PIECE)
        if first.lstrip().startswith("<"):
            raise BadTable("not_a_table")
        text.seek(0)
        reader = csv.reader(text, delimiter=_delimiter(first), strict=True)
        try:
            for number, cells in enumerate(reader, start=1):
                yield number, tuple(cells)
        except csv.Error as error:
            raise BadTable("broken_quote") from error
    finally:
        text.detach()


def _delimiter(first_line: str) -> str:
    """The separator that the header line uses most; a comma where there is one column."""
    return max(",;\t", key=lambda mark: (first_line.count(mark), mark == ","))


def _row(line: list[object]) -> Row:
    number, cells = line
    return number, tuple(cells)  # type: ignore[return-value, arg-type]


@contextmanager
def _opened_workbook(content: BinaryIO, which: str) -> Iterator[Iterator[list[object]]]:
    """What the reader writes: lines of sheets and rows. It may not grow, run long or unzip more than the limits say."""
    _check_archive(content)
    with tempfile.TemporaryFile() as file:
        _copy(content, file)
        child = subprocess.Popen(
            [sys.executable, "-I", str(_READER), which],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
        )
        try:
            yield _lines(child, child.stdout or io.BytesIO())
        finally:
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()


def _check_archive(content: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(content) as archive:
            unzipped = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise BadTable("not_a_table") from error
    swollen = unzipped > MOST_UNZIPPED_TIMES * content.seek(0, io.SEEK_END)
    if unzipped > MOST_UNZIPPED or (unzipped > UNZIPPED_FREELY and swollen):
        raise BadTable("too_large")


def _copy(content: BinaryIO, file: IO[bytes]) -> None:
    content.seek(0)
    while piece := content.read(_PIECE):
        file.write(piece)
    file.flush()
    # The child reads the file itself: it begins where we stand.
    file.seek(0)


def _lines(child: "subprocess.Popen[bytes]", out: IO[bytes]) -> Iterator[list[object]]:
    """Raises BadTable at the end of a child that did not get through, or does not go on."""
    rest = b""
    for piece in _pieces(out):
        *whole, rest = (rest + piece).split(b"\n")
        yield from map(json.loads, whole)
    status = child.wait(_WAIT_SECONDS)
    if status == 3 or status < 0:
        # Killed by its limits (memory shows as an abort, time as a signal).
        raise BadTable("too_large")
    if status:
        raise BadTable("not_a_table")


def _pieces(out: IO[bytes]) -> Iterator[bytes]:
    left = _WAIT_SECONDS
    poll = select.poll()
    poll.register(out, select.POLLIN)
    while True:
        began = time.monotonic()
        if not poll.poll(max(0.0, left) * 1000):
            raise BadTable("too_large")
        left -= time.monotonic() - began
        piece = os.read(out.fileno(), _PIECE)
        if not piece:
            return
        yield piece
