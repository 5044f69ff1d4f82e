"""Child process of kit.tabular: reads the XLSX on standard input, a file, and writes its rows one by one as JSON.

Run by its path, alone: it imports nothing of the product. Its limits hold for whatever the file does to it. It holds
one row at a time and the shared strings as bytes, so 100,000 rows of 75 cells (250 MB of XML) fit in a tenth of that.
"""

import json
import posixpath
import re
import resource
import sys
import zipfile
from array import array
from collections.abc import Callable, Iterable, Iterator
from datetime import date, time, timedelta
from xml.parsers import expat

MEMORY = 128 * 1024 * 1024
CPU_SECONDS = 28
MOST_UNZIPPED = 640 * 1024 * 1024
MOST_CELLS = 20_000_000
MOST_COLUMNS = 512
LONGEST_CELL = 32_767
_PIECE = 1 << 16
_DAY = 86_400
_OFTEN = 4096
"""So many of the shared strings are kept as text: the first that are written are those that come again and again."""
_ROW = re.compile(r"[0-9]{1,7}\Z")
_LETTERS = re.compile("[A-Z]{1,3}\\Z")
_BUILT_IN = frozenset((*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)))
"""Number formats of dates and times that a workbook does not spell out."""
_BESIDE = re.compile(r'"[^"]*"|\\.|\[[^\]hms]*\]|_.|\*.')


class TooLarge(Exception):
    """The workbook holds more than is read."""


class NotAWorkbook(Exception):
    """The file is no XLSX."""


def main(which: str) -> int:
    """`which`: first, or all. Exit status 0 with, on standard output, a line ["name"] for each sheet and after it
    [row number, [cells…]] for each row that holds anything; 2 not a workbook, 3 too large.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    try:
        with zipfile.ZipFile(sys.stdin.buffer) as archive:
            book = Workbook(archive)
            for name, entry in book.sheets if which == "all" else book.sheets[:1]:
                sys.stdout.write(json.dumps([name]) + "\n")
                for number, cells in book.rows(entry):
                    sys.stdout.write(json.dumps([number, cells]) + "\n")
            sys.stdout.flush()
    except (MemoryError, TooLarge):
        return 3
    except Exception:  # noqa: BLE001 - whatever the reading raises, the file is at fault; the parent says so
        return 2
    return 0


class Workbook:
    """An open XLSX: its sheets in their order, as (name, entry of the archive)."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._unzipped = 0
        self._cells = 0
        self._names = {entry.filename for entry in archive.infolist()}
        self.from_1904 = False
        self.sheets = self._sheets()
        self._dated = self._styles()
        told = "xl/sharedStrings.xml" in self._names
        self.strings = _Strings(self._pieces("xl/sharedStrings.xml") if told else ())

    def rows(self, entry: str) -> Iterator[tuple[int, list[str]]]:
        """Each row with its number; cells that are not written are empty, those at the end left out."""
        reading = _SheetRows(self)
        for piece in self._pieces(entry):
            reading.parse(piece)
            self._cells += reading.taken_cells()
            if self._cells > MOST_CELLS:
                raise TooLarge
            yield from reading.taken()

    def is_dated(self, style: int) -> bool:
        return style in self._dated

    def _pieces(self, entry: str) -> Iterator[bytes]:
        with self._archive.open(entry) as file:
            while piece := file.read(_PIECE):
                self._unzipped += len(piece)
                if self._unzipped > MOST_UNZIPPED:
                    raise TooLarge
                yield piece
            yield b""

    def _walk(self, entry: str, begin: Callable[[str, dict[str, str]], None]) -> None:
        parser = _parser()
        parser.StartElementHandler = lambda name, given: begin(_bare(name), given)
        for piece in self._pieces(entry):
            parser.Parse(piece, not piece)

    def _sheets(self) -> list[tuple[str, str]]:
        targets: dict[str, str] = {}
        found: list[tuple[str, str]] = []

        def relation(name: str, given: dict[str, str]) -> None:
            if name == "Relationship" and given.get("TargetMode") != "External":
                targets[given["Id"]] = given["Target"]

        def sheet(name: str, given: dict[str, str]) -> None:
            if name == "workbookPr":
                self.from_1904 = given.get("date1904") in ("1", "true")
            elif name == "sheet":
                key = next(value for key, value in given.items() if _bare(key) == "id")
                # A link that leads out of the workbook is not followed: that sheet is not there.
                entry = posixpath.normpath(posixpath.join("/xl", targets.get(key, "")))[1:]
                if entry in self._names:
                    found.append((given["name"], entry))

        if "xl/workbook.xml" not in self._names:
            raise NotAWorkbook
        self._walk("xl/_rels/workbook.xml.rels", relation)
        self._walk("xl/workbook.xml", sheet)
        if not found:
            raise NotAWorkbook
        return found

    def _styles(self) -> frozenset[int]:
        """The cell styles whose numbers are dates or times."""
        dated = set(_BUILT_IN)
        styles: list[int] = []
        within = [""]

        def begin(name: str, given: dict[str, str]) -> None:
            if name == "numFmt" and _is_of_time(given.get("formatCode", "")):
                dated.add(int(given["numFmtId"]))
            elif name in ("cellXfs", "cellStyleXfs", "dxfs"):
                within[0] = name
            elif name == "xf" and within[0] == "cellXfs":
                styles.append(int(given.get("numFmtId", "0")))

        if "xl/styles.xml" in self._names:
            self._walk("xl/styles.xml", begin)
        return frozenset(number for number, form in enumerate(styles) if form in dated)


class _Strings:
    """The shared strings, as bytes end to end: a hundredth of what as many Python texts would take."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._often: dict[int, str] = {}
        self._starts, self._bytes = array("Q", [0]), bytearray()
        self._text: list[str] = []
        # Of the parts of a string, those that say how it is pronounced are no text of it.
        self._inside = {"t": False, "rPh": False}
        parser = _parser()
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.CharacterDataHandler = self._data
        for piece in pieces:
            parser.Parse(piece, not piece)

    def __getitem__(self, at: int) -> str:
        known = self._often.get(at)
        if known is not None:
            return known
        if not 0 <= at < len(self._starts) - 1:
            raise NotAWorkbook
        text = self._bytes[self._starts[at] : self._starts[at + 1]].decode()
        if at < _OFTEN:
            self._often[at] = text
        return text

    def _begin(self, name: str, _given: dict[str, str]) -> None:
        if _bare(name) in self._inside:
            self._inside[_bare(name)] = True

    def _end(self, name: str) -> None:
        name = _bare(name)
        if name in self._inside:
            self._inside[name] = False
        elif name == "si":
            text = "".join(self._text)
            if len(text) > LONGEST_CELL:
                raise TooLarge
            self._bytes.extend(text.encode())
            self._starts.append(len(self._bytes))
            self._text.clear()

    def _data(self, piece: str) -> None:
        if self._inside["t"] and not self._inside["rPh"]:
            self._text.append(piece)


class _SheetRows:
    """The rows of a sheet, as its XML comes in. Called five times a cell: what is spared here shows."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._rows: list[tuple[int, list[str]]] = []
        self._row: list[str] = []
        self._number = 0
        self._kind, self._style = "n", "0"
        self._text: list[str] = []
        self._cells = 0
        self._columns: dict[str, int] = {}
        self._parser = _parser()
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append

    def parse(self, piece: bytes) -> None:
        self._parser.Parse(piece, not piece)

    def taken(self) -> list[tuple[int, list[str]]]:
        rows, self._rows = self._rows, []
        return rows

    def taken_cells(self) -> int:
        cells, self._cells = self._cells, 0
        return cells

    def _begin(self, name: str, given: dict[str, str]) -> None:
        if name == "c":
            self._cells += 1
            self._kind = given.get("t", "n")
            self._style = given.get("s", "0")
            row = self._row
            # A cell need not say where it is: then it follows the one before it.
            at = self._column(given["r"]) if "r" in given else len(row)
            if at != len(row):
                if not len(row) < at:
                    raise NotAWorkbook
                row.extend([""] * (at - len(row)))
            if at >= MOST_COLUMNS:
                raise TooLarge
        elif name == "v":
            # What stood before is the formula.
            self._text.clear()
        elif name == "row":
            number = given.get("r", "")
            # Rows stand in their order; one that is out of it is counted on.
            told = int(number) if _ROW.match(number) else 0
            self._number = max(self._number + 1, told)
            self._row = []
        elif ":" in name:
            self._begin(_bare(name), given)

    def _end(self, name: str) -> None:
        if name == "c":
            self._row.append(self._value())
            self._text.clear()
        elif name == "row":
            while self._row and not self._row[-1].strip():
                self._row.pop()
            if self._row:
                self._rows.append((self._number, self._row))
            self._text.clear()
        elif ":" in name:
            self._end(_bare(name))

    def _column(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        at = self._columns.get(letters)
        if at is None:
            if not _LETTERS.match(letters):
                raise NotAWorkbook
            at = self._columns[letters] = _number_of(letters)
        return at

    def _value(self) -> str:
        text = "".join(self._text).strip()
        if self._kind == "s":
            return self._book.strings[int(text)]
        if self._kind == "n":
            return _shown(text, self._book, int(self._style)) if text else ""
        if self._kind == "b":
            return "TRUE" if text == "1" else "FALSE"
        if len(text) > LONGEST_CELL:
            raise TooLarge
        return text.replace("T", " ") if self._kind == "d" else text


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    # No workbook declares a document type; entities and references outside are made with one.
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_given: object) -> None:
    raise NotAWorkbook


def _bare(name: str) -> str:
    """An element's name without the prefix of its namespace."""
    return name.rpartition(":")[2]


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _is_of_time(form: str) -> bool:
    """Whether a number format shows a date or a time: y, m, d, h or s beside its quoted and coloured parts."""
    if re.search(r"\[[hms]", form.lower()):
        return False  # hours that go on past 24: a length, no moment
    return (
        re.search("[ymdhs]", _BESIDE.sub("", form.split(";", maxsplit=1)[0]).lower().replace("general", ""))
        is not None
    )


def _shown(text: str, book: Workbook, style: int) -> str:
    """A number as its reader would see it. Whole numbers lose their ".0"; past 15 digits they are not exact."""
    value = float(text)
    if book.is_dated(style) and 0 <= value < 2_958_466:
        return _moment(round(value * _DAY), from_1904=book.from_1904)
    return str(int(value)) if value.is_integer() and abs(value) < 10**15 else repr(value)


def _moment(seconds: int, *, from_1904: bool) -> str:
    """A day, a moment, or within the first day a time of day: a workbook's clock is that on the wall."""
    days, within = divmod(seconds, _DAY)
    # Day 60 of 1900 never was, but workbooks count it.
    first = date(1904, 1, 1) if from_1904 else date(1899, 12, 30 if days >= 60 else 31)
    clock = str(time(within // 3600, within // 60 % 60, within % 60))
    if days == 0:
        return clock
    day = str(first + timedelta(days=days))
    return f"{day} {clock}" if within else day


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "first"))
