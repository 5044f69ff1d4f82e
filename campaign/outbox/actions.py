"""Writing a fact in the transaction of the change it tells of: both stand, or neither does."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from campaign.kit import clock, ids
from campaign.outbox.events import TYPES
from campaign.outbox.models import OutboxEvent, OutboxSeq

CHANNEL = "outbox"
"""What the sender listens to."""

FACT = "fact"
"""What is said there of a fact: fanning it out tells whose it is. Anything else means: look at all."""


def write(
    db: Session,
    type: str,  # noqa: A002 - the word of the wire format
    *,
    session_id: int | None = None,
    agency_ids: Iterable[int] = (),
    data: Mapping[str, Any],
    per_agency: Mapping[int, Mapping[str, Any]] | None = None,
) -> None:
    """Keep a fact and its audience; the sender takes it from here once the transaction stands.

    `data` is plain JSON as the agencies will read it (public ids, RFC 3339 instants) and is the same for all
    of them; `per_agency` replaces whole parts of it, by name, for one agency alone. session_id and seq are
    added here: seq rises by one with each event of a session, in the order of their commits. Raises
    ValueError for an unknown type.
    """
    if type not in TYPES:
        raise ValueError(type)
    audience = sorted(set(agency_ids))
    seq = _next_seq(db, session_id) if session_id is not None else None
    known = {} if session_id is None else {"session_id": ids.public("ses", session_id), "seq": seq}
    db.execute(
        # Core and inline: the app role may insert rows that it may not read back.
        insert(OutboxEvent)
        .values(
            type=type,
            at=clock.now(db),
            session_id=session_id,
            seq=seq,
            agency_ids=audience,
            data=known | dict(data),
            agency_data={str(one): dict(part) for one, part in (per_agency or {}).items() if one in audience},
        )
        .inline()
    )
    db.execute(select(func.pg_notify(CHANNEL, FACT)))


def wake(db: Session) -> None:
    """Tell the sender, at commit, to look at all that is due. PostgreSQL sends it once per transaction."""
    db.execute(select(func.pg_notify(CHANNEL, "")))


def _next_seq(db: Session, session_id: int) -> int:
    row = upsert(OutboxSeq).values(session_id=session_id, seq=1)
    counted = row.on_conflict_do_update(
        index_elements=[OutboxSeq.session_id], set_={"seq": OutboxSeq.seq + 1}
    ).returning(OutboxSeq.seq)
    return db.execute(counted).scalar_one()
