"""Ingest in one go: taken in and merged in the same transaction. Files come this way, pushes in two steps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.sales import merging_in, rooms
from campaign.sales.rows import LineKey
from campaign.sales.submissions import Rejection, Submission
from campaign.sales.taking import Parcel, Source, into_log, take

__all__ = ["Outcome", "Source", "ingest"]


@dataclass
class Outcome:
    """A verdict for each event of the batch, and which lines and refunds (shop, id) were new or changed by it."""

    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    new_lines: set[LineKey] = field(default_factory=set)
    changed_lines: set[LineKey] = field(default_factory=set)
    new_refunds: set[LineKey] = field(default_factory=set)
    changed_refunds: set[LineKey] = field(default_factory=set)


def ingest(
    db: Session, actor: Actor, given: Sequence[Submission], source: Source, refused: Iterable[Rejection] = ()
) -> Outcome:
    """Take a batch in as the system (db) on behalf of `actor`; `refused` are events that failed their check.

    Only what was not seen before is merged.
    """
    (taken,) = take(db, [Parcel(actor, given, source, refused)], into_log)
    told_by = source.connector_id if source.kind == "detail" else None
    done = merging_in.merge(db, taken.usable, now=clock.now(db), through=source.through, told_by=told_by)
    rooms.note_events(db, taken.usable)
    return Outcome(
        taken.accepted,
        taken.duplicates,
        taken.quarantined,
        taken.rejected,
        done.new_lines,
        done.changed_lines,
        done.new_refunds,
        done.changed_refunds,
    )
