"""A part of a file, handed to ingest: its rows as events, and what became of each row."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from campaign.connectors.reading import FileLine, Refused
from campaign.kit.actor import Actor
from campaign.kit.strict_json import canonical
from campaign.sales.ingest import Outcome, Source, ingest
from campaign.sales.merging import dump_statement
from campaign.sales.submissions import Rejection, Submission

Progress = Callable[[int, int], None]
"""Told how many of how many rows are done."""

_NOTHING_YET = datetime(2000, 1, 1, tzinfo=UTC)
"""A part of a file does not say up to when its shop's orders are complete: the whole of it does."""


@dataclass(frozen=True)
class Tally:
    """Rows of a file by what they did."""

    new: int = 0
    changed: int = 0
    same: int = 0


@dataclass(frozen=True)
class FileShop:
    id: int
    platform: str
    external_id: str


@dataclass(frozen=True)
class Staged:
    """A file that was read, and what it is of."""

    id: int
    kind: str
    shop: FileShop
    exported_at: datetime


def take_over(
    db: Session, actor: Actor, staged: Staged, lines: Sequence[FileLine]
) -> tuple[Tally, list[Refused]]:
    """What it did by file row, and the rows that could be read and still were not taken."""
    # Ascending by line: the order in which every writer takes its locks.
    lines = sorted(lines, key=lambda line: (line.line_id, line.key))
    given = [_submission(index, staged, line) for index, line in enumerate(lines)]
    source = Source("import", import_id=staged.id, through=_NOTHING_YET)
    outcome = ingest(db, actor, given, source)
    refused = _refused(lines, outcome.rejected)
    at_fault = {one.row for one in refused}
    taken = [line for line in lines if line.row not in at_fault]
    return _counted(staged.shop, taken, outcome), refused


def _refused(lines: Sequence[FileLine], rejected: Sequence[Rejection]) -> list[Refused]:
    """What ingest rejected, as rows of the file; a row of joined lines once."""
    by_row: dict[int, Refused] = {}
    for one in rejected:
        line = lines[one.index]
        params = {"line_id": line.line_id, "refund_id": line.refund_id or ""}
        by_row.setdefault(line.row, Refused(line.row, one.code, params, cells=line.raw))
    return [by_row[row] for row in sorted(by_row)]


def _counted(shop: FileShop, taken: Sequence[FileLine], outcome: Outcome) -> Tally:
    """Counts by file row: a row of joined lines is new when any of them is. What is kept for the log alone is new or
    was there.
    """
    if any(line.record for line in taken):
        return Tally(outcome.accepted, 0, len(taken) - outcome.accepted)
    kinds: dict[int, int] = {}
    for line in taken:
        key = (shop.id, line.key)
        new, changed = (
            (outcome.new_refunds, outcome.changed_refunds)
            if line.refund_id
            else (outcome.new_lines, outcome.changed_lines)
        )
        kinds[line.row] = max(kinds.get(line.row, 0), 2 if key in new else 1 if key in changed else 0)
    told = list(kinds.values())
    return Tally(told.count(2), told.count(1), told.count(0))


def _submission(index: int, staged: Staged, line: FileLine) -> Submission:
    """A file row as an event. Its id holds the content and, where a later export may say otherwise of the same, the
    export time: the same row again is a duplicate.
    """
    raw: dict[str, Any] = {"row": dict(line.raw)}
    if line.statement is not None:
        raw["statement"] = dump_statement(line.statement)
    if line.refund_id is not None:
        raw["refund_id"] = line.refund_id
    written = canonical(raw)
    # Of both as one list would be written.
    digest = hashlib.sha256(b"[" + canonical(line.key) + b"," + written + b"]").digest()
    said_at = f"@{staged.exported_at.timestamp():.0f}" if line.statement is not None else ""
    return Submission(
        index=index,
        platform=staged.shop.platform,
        shop_ref=staged.shop.external_id,
        type=f"file.{staged.kind}",
        event_id=f"{line.key}{said_at}#{digest.hex()[:16]}",
        occurred_at=line.occurred_at,
        raw=raw,
        written=written,
        digest=digest,
        line_id=line.line_id,
        refund_id=line.refund_id,
        told=line.statement,
    )
