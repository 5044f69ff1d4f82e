"""Summaries that are to be sent by themselves: set up, looked at, changed, paused and ended, each party its own."""

from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any, Literal

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from campaign.audit.actions import note
from campaign.delivery.notices.queries import get_channel
from campaign.delivery.notices.whose import party_of
from campaign.insight.summary import check_brand, zone_of
from campaign.insight.turns import Every, next_turn
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import Forbidden, NotFound, Stale
from campaign.kit.paging import Page, from_cursor, page_from

State = Literal["active", "paused"]


@dataclass(frozen=True)
class Turn:
    """One summary that is sent day by day, week by week or month by month. brand_id None: of all brands."""

    id: int
    audience: str
    party_id: int
    brand_id: int | None
    channel_id: int
    every: Every
    at: time
    next_at: datetime
    sent_at: datetime | None
    created_by: str
    created_at: datetime
    paused_at: datetime | None
    rev: int

    @property
    def state(self) -> State:
        return "active" if self.paused_at is None else "paused"


@dataclass(frozen=True)
class Listed:
    """A turn with the names a page shows; channel_state None where the channel was removed: nothing is sent."""

    turn: Turn
    brand: str | None
    brand_en: str | None
    channel: str
    channel_state: str | None


TURN_COLUMNS = ", ".join(f"t.{name}" for name in Turn.__dataclass_fields__)
_MINE = "t.audience = :audience AND t.party_id = :party_id AND t.ended_at IS NULL"
_LISTED = (
    f"SELECT {TURN_COLUMNS}, b.name AS brand, b.name_en AS brand_en, c.name AS channel,"
    " CASE WHEN c.archived_at IS NULL THEN c.state END AS channel_state FROM summary_turn t"
    " JOIN notice_channel c ON c.id = t.channel_id LEFT JOIN brand b ON b.id = t.brand_id"
    f" WHERE {_MINE}"
)


def send_by_itself(
    db: Session, actor: Actor, *, brand_id: int | None, channel_id: int, every: Every, at: time
) -> int:
    """From its next turn on. Gives its id. Raises NotFound for a brand or channel not the actor's own."""
    audience, party_id = _party(actor)
    if audience == "brand":
        brand_id = party_id if brand_id is None else brand_id
    if brand_id is not None:
        check_brand(db, actor, brand_id)
    channel = get_channel(db, actor, channel_id)
    now = clock.now(db)
    given = {
        "audience": audience,
        "party_id": party_id,
        "brand_id": brand_id,
        "channel_id": channel.id,
        "every": every,
        "at": at,
        "next_at": next_turn(every, at, now, zone_of(db)),
        "by": actor.name,
        "now": now,
    }
    sql = (
        "INSERT INTO summary_turn (audience, party_id, brand_id, channel_id, every, at, next_at, created_by,"
        " created_at, updated_at) VALUES (:audience, :party_id, :brand_id, :channel_id, :every, :at, :next_at, :by,"
        " :now, :now)"
        " RETURNING id"
    )
    made: int = db.execute(text(sql), given).scalar_one()
    detail = {"brand_id": brand_id, "channel": channel.name, "every": every, "at": f"{at:%H:%M}"}
    note(db, actor, "summary.turn_added", "summary_turn", made, detail)
    return made


def change_turn(
    db: Session,
    actor: Actor,
    turn_id: int,
    *,
    expected_rev: int | None = None,
    channel_id: int | None = None,
    every: Every | None = None,
    at: time | None = None,
    state: State | None = None,
) -> None:
    """Change what is given. Raises NotFound, Stale.

    Its next turn is the first from now on: what fell into a pause was not wanted and is not sent after.
    """
    before = _locked(db, actor, turn_id, expected_rev)
    if channel_id is not None:
        channel_id = get_channel(db, actor, channel_id).id
    now = clock.now(db)
    paused_at = before.paused_at if state is None else None if state == "active" else before.paused_at or now
    after = replace(
        before,
        channel_id=channel_id or before.channel_id,
        every=every or before.every,
        at=before.at if at is None else at,
        paused_at=paused_at,
    )
    resumed = before.paused_at is not None and paused_at is None
    if resumed or (after.every, after.at) != (before.every, before.at):
        after = replace(after, next_at=next_turn(after.every, after.at, now, zone_of(db)))
    if after == before:
        return
    sql = (
        "UPDATE summary_turn SET channel_id = :channel_id, every = :every, at = :at, next_at = :next_at,"
        " paused_at = :paused_at, retry_at = NULL, rev = rev + 1, updated_at = :now WHERE id = :id"
    )
    names = ("id", "channel_id", "every", "at", "next_at", "paused_at")
    db.execute(text(sql), {name: getattr(after, name) for name in names} | {"now": now})
    detail = {"every": after.every, "at": f"{after.at:%H:%M}", "state": after.state}
    note(db, actor, "summary.turn_changed", "summary_turn", turn_id, detail)


def end(db: Session, actor: Actor, turn_id: int, *, expected_rev: int | None = None) -> None:
    """It is sent no more. Raises NotFound, also where it has ended before; Stale."""
    _locked(db, actor, turn_id, expected_rev)
    sql = "UPDATE summary_turn SET ended_at = :now, rev = rev + 1, updated_at = :now WHERE id = :id"
    db.execute(text(sql), {"id": turn_id, "now": clock.now(db)})
    note(db, actor, "summary.turn_ended", "summary_turn", turn_id, {})


def page_of_turns(
    db: Session,
    actor: Actor,
    *,
    limit: int = 200,
    cursor: str | None = None,
    since: datetime | None = None,
) -> Page[Listed]:
    """The party's own, oldest first. since: what is told of them, their channel too, changed then or later."""
    after = from_cursor(cursor, (int,))[0] if cursor else 0
    sql = (
        f"{_LISTED} AND t.id > :after AND (CAST(:since AS timestamptz) IS NULL"
        " OR greatest(t.updated_at, c.updated_at) >= :since) ORDER BY t.id LIMIT :limit"
    )
    params = _mine(actor) | {"after": after, "since": since, "limit": limit + 1}
    found = db.execute(text(sql), params).mappings()
    return page_from([_listed(row) for row in found], limit, lambda row: [row.turn.id])


def get_turn(db: Session, actor: Actor, turn_id: int) -> Listed:
    """One of the party's own. Raises NotFound."""
    row = (
        db.execute(text(f"{_LISTED} AND t.id = :id"), _mine(actor) | {"id": turn_id}).mappings().one_or_none()
    )
    if row is None:
        raise NotFound
    return _listed(row)


def turn_of(row: RowMapping) -> Turn:
    """A row of TURN_COLUMNS."""
    return Turn(**{name: row[name] for name in Turn.__dataclass_fields__})


def _locked(db: Session, actor: Actor, turn_id: int, expected_rev: int | None) -> Turn:
    sql = f"SELECT {TURN_COLUMNS} FROM summary_turn t WHERE t.id = :id AND {_MINE} FOR UPDATE"
    row = db.execute(text(sql), _mine(actor) | {"id": turn_id}).mappings().one_or_none()
    if row is None:
        raise NotFound
    found = turn_of(row)
    if expected_rev not in (None, found.rev):
        raise Stale
    return found


def _listed(row: RowMapping) -> Listed:
    names = {name: row[name] for name in ("brand", "brand_en", "channel", "channel_state")}
    return Listed(turn_of(row), **names)


def _party(actor: Actor) -> tuple[str, int]:
    party = party_of(actor)
    if party is None or party[0] not in ("hub", "brand"):
        raise Forbidden
    return party


def _mine(actor: Actor) -> dict[str, Any]:
    audience, party_id = _party(actor)
    return {"audience": audience, "party_id": party_id}
