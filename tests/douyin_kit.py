"""A whole export read at once, as tests of its rows want it: found columns, looked through, then read."""

from dataclasses import dataclass

from campaign.connectors.douyin.rows import Layout, Scan, read_rows
from campaign.connectors.reading import FileRefused, Refused


@dataclass(frozen=True)
class Reading:
    mapping: tuple
    rows: int
    exported_at: object
    lines: tuple
    refused: tuple
    again: tuple


def read_file(kind, table, exported_at=None):
    """Raises FileRefused as the product does."""
    header, rows = table.header, list(table.rows)
    joined = kind.header(header, rows[0][1]) if rows else None
    if joined is not None:
        header, rows = joined, rows[1:]
    placed = kind.columns.placed(header)
    if placed.missing:
        raise FileRefused("missing_columns", columns=kind.columns.named(placed.missing))
    layout = Layout(kind, header, placed.where)
    scan = Scan(layout)
    again, repeated = scan.take(rows)
    at = exported_at or scan.latest
    if at is None:
        raise FileRefused("no_export_time")
    lines, refused = read_rows(layout, [row for row in rows if row[0] not in {*again, *repeated}], at)
    refused += [Refused(number, "repeated_line") for number in repeated]
    return Reading(
        placed.mapping(header),
        scan.rows,
        at,
        tuple(lines),
        tuple(sorted(refused, key=lambda one: one.row)),
        tuple(again),
    )
