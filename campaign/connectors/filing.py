"""A file that was read, handed to ingest: its rows as events, and what became of each row."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaign.connectors.reading import FileLine, Reading, Refused
from campaign.kit.actor import Actor
from campaign.kit.strict_json import canonical
from campaign.sales.ingest import Outcome, Source, ingest
from campaign.sales.merging import dump_statement
from campaign.sales.submissions import Rejection, Submission

CHUNK = 2000
Progress = Callable[[int, int], None]
"""Told how many of how many lines are done."""


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
    reading: Reading


def take_over(
    db: Session, actor: Actor, staged: Staged, progress: Progress | None
) -> tuple[Mapping[str, int], list[Refused]]:
    """What it did by file row, and the rows that could be read and still were not taken."""
    shop, reading = staged.shop, staged.reading
    # Ascending by line, so that the slices together take their locks in the order every writer takes them.
    lines = sorted(reading.lines, key=lambda line: (line.line_id, line.key))
    outcome = Outcome()
    for start in range(0, len(lines), CHUNK):
        some = [
            _submission(index, staged.kind, shop, reading.exported_at, line)
            for index, line in enumerate(lines[start : start + CHUNK], start=start)
        ]
        done = ingest(db, actor, some, Source("import", import_id=staged.id, through=reading.exported_at))
        outcome.new_lines |= done.new_lines
        outcome.changed_lines |= done.changed_lines
        outcome.new_refunds |= done.new_refunds
        outcome.changed_refunds |= done.changed_refunds
        outcome.accepted += done.accepted
        outcome.rejected += done.rejected
        if progress is not None:
            progress(min(start + CHUNK, len(lines)), len(lines))
    refused = _refused(lines, outcome.rejected)
    return _counted(shop, reading, outcome, {one.row for one in refused}), refused


def _refused(lines: Sequence[FileLine], rejected: Sequence[Rejection]) -> list[Refused]:
    """What ingest rejected, as rows of the file; a row of joined lines once."""
    by_row: dict[int, Refused] = {}
    for one in rejected:
        line = lines[one.index]
        params = {"line_id": line.line_id, "refund_id": line.refund_id or ""}
        by_row.setdefault(line.row, Refused(line.row, one.code, params, cells=line.raw))
    return [by_row[row] for row in sorted(by_row)]


def _counted(shop: FileShop, reading: Reading, outcome: Outcome, refused: set[int]) -> Mapping[str, int]:
    """Counts by file row: a row of joined lines is new when any of them is. What is kept for the log alone is new or
    was there.
    """
    taken = [line for line in reading.lines if line.row not in refused]
    if any(line.record for line in taken):
        return {"new": outcome.accepted, "changed": 0, "same": len(taken) - outcome.accepted}
    kinds: dict[int, int] = {}
    for line in taken:
        key = (shop.id, line.key)
        new, changed = (
            (outcome.new_refunds, outcome.changed_refunds)
            if line.refund_id
            else (outcome.new_lines, outcome.changed_lines)
        )
        kinds[line.row] = max(kinds.get(line.row, 0), 2 if key in new else 1 if key in changed else 0)
    tally = list(kinds.values())
    return {"new": tally.count(2), "changed": tally.count(1), "same": tally.count(0)}


def _submission(index: int, kind: str, shop: FileShop, exported_at: datetime, line: FileLine) -> Submission:
    """A file row as an event. Its id holds the content and, where a later export may say otherwise of the same, the
    export time: the same row again is a duplicate.
    """
    raw: dict[str, Any] = {"row": dict(line.raw)}
    if line.statement is not None:
        raw["statement"] = dump_statement(line.statement)
    if line.refund_id is not None:
        raw["refund_id"] = line.refund_id
    digest = hashlib.sha256(canonical([line.key, raw])).digest()
    said_at = f"@{exported_at.timestamp():.0f}" if line.statement is not None else ""
    return Submission(
        index=index,
        platform=shop.platform,
        shop_ref=shop.external_id,
        type=f"file.{kind}",
        event_id=f"{line.key}{said_at}#{digest.hex()[:16]}",
        occurred_at=line.occurred_at,
        raw=raw,
        digest=digest,
        line_id=line.line_id,
        refund_id=line.refund_id,
        told=line.statement,
    )
