"""Reading a Douyin export row by row, whatever its kind: one that is at fault keeps no other out."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from campaign.connectors.douyin.cells import BEIJING, RowRefused, beijing
from campaign.connectors.douyin.columns import Columns
from campaign.connectors.reading import FileLine, Refused

_IN_NAME = re.compile(
    r"(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?:[-_ T.]?(\d\d)[-_:.]?(\d\d)(?:[-_:.]?(\d\d))?)?(?!\d)"
)


class Row(Protocol):
    """What a kind of export makes of its rows."""

    number: int

    def lines(self, exported_at: datetime) -> list[FileLine]:
        """What the row says, one or several lines. Raises RowRefused."""

    def moments(self) -> list[datetime]:
        """Every readable moment of the row."""

    def began(self) -> datetime | None:
        """When what it tells of began, however little else of it can be read; None where that cannot be told."""

    def raw(self) -> dict[str, str]:
        """Its cells by column, without people's data."""


_ANY_TIME = datetime(2099, 12, 31, tzinfo=UTC)
Header = tuple[str, ...]
MakeRow = Callable[[int, tuple[str, ...], tuple[str, ...], Mapping[str, int]], Row]


@dataclass(frozen=True)
class Kind:
    """One kind of export: its columns, and what it makes of a row.

    header: of the first two rows the names, where the second is a header too. completes: whether a file says that a
    shop's orders are complete up to its export.
    """

    columns: Columns
    make: MakeRow
    header: Callable[[Header, Header], Header | None] = lambda _first, _second: None
    completes: bool = False


@dataclass(frozen=True)
class Layout:
    """How one file is read."""

    kind: Kind
    header: Header
    where: Mapping[str, int]

    def row(self, number: int, cells: Header) -> Row:
        return self.kind.make(number, cells, self.header, self.where)


def read_rows(
    layout: Layout, rows: Iterable[tuple[int, Header]], exported_at: datetime
) -> tuple[list[FileLine], list[Refused]]:
    """What rows say, and those that cannot be read: one that is at fault keeps no other out."""
    lines: list[FileLine] = []
    refused: list[Refused] = []
    for number, cells in rows:
        row = layout.row(number, cells)
        try:
            lines.extend(row.lines(exported_at))
        except RowRefused as fault:
            refused.append(Refused(number, fault.code, fault.params, cells=row.raw()))
    return lines, refused


class Scan:
    """What a file is as a whole, seen row by row before any is taken over. rows: how many; latest: the last moment
    it tells of. It keeps a number per line, not the lines.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._seen: dict[str, int] = {}
        self.rows = 0
        self.latest: datetime | None = None
        self.order_ids: set[str] = set()
        self.line_ids: set[str] = set()

    def take(self, rows: Iterable[tuple[int, Header]]) -> tuple[list[int], list[int]]:
        """(rows that an earlier one said word for word, rows with a line that an earlier one told otherwise), of rows
        without people's data.
        """
        again, repeated = [], []
        for number, cells in rows:
            self.rows += 1
            row = self._layout.row(number, cells)
            self._note_moments(row)
            try:
                # When it was exported changes neither what a line is called nor what stands in its row.
                lines = row.lines(_ANY_TIME)
            except RowRefused:
                continue
            said = hash(cells)
            if any(self._seen.get(line.key, said) != said for line in lines):
                repeated.append(number)
            elif all(line.key in self._seen for line in lines):
                again.append(number)
            for line in lines:
                self._seen.setdefault(line.key, said)
                self.order_ids.add(line.order_id)
                self.line_ids.add(line.line_id)
        return again, repeated

    def _note_moments(self, row: Row) -> None:
        for moment in row.moments():
            if self.latest is None or moment > self.latest:
                self.latest = moment


def exported_at_in(filename: str) -> datetime | None:
    """The export time that a file's name carries (…20261107103000.csv), None where it carries none."""
    return beijing(_IN_NAME.search(filename))


def stamp_of(exported_at: datetime) -> str:
    """An export time as a file's name carries it, see exported_at_in."""
    return exported_at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")
