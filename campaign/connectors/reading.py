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
    """A row that was left out: its number in the file, why, and the column at fault where one is.

    `cells`: of a file of sales the row as it stood, by column, without people's data.
    """

    row: int
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    column: str | None = None
    cells: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FileLine:
    """What one file row tells of an order line, of a refund of it (refund_id), or for the log alone (record).

    `raw` is the row without people's data, for the raw log.
    """

    row: int
    line_id: str
    order_id: str
    occurred_at: datetime
    statement: Statement | None
    raw: Mapping[str, Any]
    refund_id: str | None = None
    record: str | None = None

    @property
    def key(self) -> str:
        """What must stand once in a file."""
        return self.refund_id or self.record or self.line_id
