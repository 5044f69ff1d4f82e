"""Reading a Douyin export row by row, whatever its kind: one that is at fault keeps no other out."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from campaign.connectors.douyin.cells import RowRefused, beijing
from campaign.connectors.douyin.columns import Columns
from campaign.connectors.reading import FileLine, FileRefused, Reading, Refused
from campaign.kit.tabular import Table

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

    def raw(self) -> dict[str, str]:
        """Its cells by column, without people's data."""


MakeRow = Callable[[int, tuple[str, ...], tuple[str, ...], Mapping[str, int]], Row]


def read_rows(table: Table, names: Columns, make: MakeRow, *, exported_at: datetime | None) -> Reading:
    """Turn an export into statements. Raises FileRefused when its columns are not those of its kind.

    Without an export time the latest moment the file itself tells of stands in: it cannot be older, and the
    same file always gives the same.
    """
    where = names.mapped(table.header)
    rows = [make(number, cells, table.header, where) for number, cells in table.rows]
    exported = exported_at or _latest(rows)
    lines: list[FileLine] = []
    refused: list[Refused] = []
    seen: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        try:
            lines.extend(_new_to(seen, row.lines(exported)))
        except RowRefused as fault:
            refused.append(Refused(row.number, fault.code, fault.params, cells=row.raw()))
    mapping = tuple((name, _ours(where, column)) for column, name in enumerate(table.header))
    return Reading(mapping, len(rows), exported, tuple(lines), tuple(refused))


def _new_to(seen: dict[str, Mapping[str, Any]], made: list[FileLine]) -> list[FileLine]:
    """The lines of a row; raises RowRefused where one stands in the file already with other content."""
    for line in made:
        if seen.setdefault(line.key, line.raw) != line.raw:
            raise RowRefused("repeated_line", line_id=line.key)
    return made


def exported_at_in(filename: str) -> datetime | None:
    """The export time that a file's name carries (…20261107103000.csv), None where it carries none."""
    return beijing(_IN_NAME.search(filename))


def _ours(where: Mapping[str, int], column: int) -> str | None:
    return next((name for name, place in where.items() if place == column), None)


def _latest(rows: Sequence[Row]) -> datetime:
    moments = [moment for row in rows for moment in row.moments()]
    if not moments:
        raise FileRefused("no_export_time")
    return max(moments)
