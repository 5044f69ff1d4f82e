"""What every file reader gives: rows turned into statements, and rows refused with number and reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaign.kit.errors import DomainError
from campaign.sales.merging import Statement


class FileRefused(DomainError):
    """The file as a whole cannot be imported: code says why (missing_columns, repeated_column, …)."""

    status = 422
    code = "file_refused"


@dataclass(frozen=True)
class Refused:
    """A row that was left out: its number in the file, why, and the column at fault where one is."""

    row: int
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    column: str | None = None


@dataclass(frozen=True)
class FileLine:
    """One order line as one file row tells it. `raw` is the row without people's data, for the raw log."""

    row: int
    line_id: str
    order_id: str
    occurred_at: datetime
    statement: Statement
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """A file as read: how its columns map, its lines and what was refused. rows counts both."""

    mapping: tuple[tuple[str, str | None], ...]
    rows: int
    exported_at: datetime
    lines: tuple[FileLine, ...]
    refused: tuple[Refused, ...]
