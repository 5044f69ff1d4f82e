"""Reading the waiting list. It is the hub's own: who else waits is nobody's business."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.kit.errors import Forbidden, NotFound
from campaign.kit.paging import Page, from_cursor, page_from
from campaign.schedule.waiting.models import WaitingEntry, WaitingOffer, WaitingWindow

ORDER = (WaitingEntry.priority.desc(), WaitingEntry.created_at, WaitingEntry.id)
"""The line: the higher priority first, then who came first."""


@dataclass(frozen=True)
class EntryView:
    """An entry with its windows by time and its offers, newest first; position None unless it waits."""

    row: WaitingEntry
    windows: tuple[WaitingWindow, ...]
    offers: tuple[WaitingOffer, ...]
    position: int | None

    @property
    def held(self) -> WaitingOffer | None:
        """The place that is held for it now."""
        return next((one for one in self.offers if one.state == "open"), None)


def get_entry(db: Session, actor: Actor, entry_id: int) -> EntryView:
    """One entry; raises NotFound."""
    _of_hub(actor)
    row = db.get(WaitingEntry, entry_id)
    if row is None:
        raise NotFound
    return views_of(db, actor, [row])[0]


def page_of_entries(
    db: Session,
    actor: Actor,
    *,
    limit: int,
    cursor: str | None = None,
    state: str | None = None,
    brand_id: int | None = None,
    updated_since: datetime | None = None,
) -> Page[EntryView]:
    """Entries, oldest first."""
    _of_hub(actor)
    statement = select(WaitingEntry).order_by(WaitingEntry.id).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(WaitingEntry.id > from_cursor(cursor, (int,))[0])
    if state is not None:
        statement = statement.where(WaitingEntry.state == state)
    if brand_id is not None:
        statement = statement.where(WaitingEntry.brand_ids.contains([brand_id]))
    if updated_since is not None:
        statement = statement.where(WaitingEntry.updated_at >= updated_since)
    page = page_from(db.scalars(statement).all(), limit, lambda row: (row.id,))
    return Page(views_of(db, actor, page.items), page.next_cursor)


def line_of(db: Session, actor: Actor) -> list[EntryView]:
    """Those a place is held for, then those that wait, in the order they are served."""
    _of_hub(actor)
    rows = db.scalars(
        select(WaitingEntry)
        .where(WaitingEntry.state.in_(("waiting", "offered")))
        .order_by(WaitingEntry.state, *ORDER)
    )
    return views_of(db, actor, rows.all())


def views_of(db: Session, actor: Actor, rows: Sequence[WaitingEntry]) -> list[EntryView]:
    """Entries with what belongs to them: three statements, however many there are."""
    _of_hub(actor)
    ids = [row.id for row in rows]
    windows: dict[int, list[WaitingWindow]] = {one: [] for one in ids}
    for window in db.scalars(
        select(WaitingWindow).where(WaitingWindow.entry_id.in_(ids)).order_by(WaitingWindow.starts_at)
    ):
        windows[window.entry_id].append(window)
    offers: dict[int, list[WaitingOffer]] = {one: [] for one in ids}
    for offer in db.scalars(
        select(WaitingOffer)
        .where(WaitingOffer.entry_id.in_(ids))
        .order_by(WaitingOffer.made_at.desc(), WaitingOffer.id.desc())
    ):
        offers[offer.entry_id].append(offer)
    places = {one: at for at, one in enumerate(_line_ids(db) if ids else (), start=1)}
    return [EntryView(row, tuple(windows[row.id]), tuple(offers[row.id]), places.get(row.id)) for row in rows]


def _line_ids(db: Session) -> Sequence[int]:
    return db.scalars(select(WaitingEntry.id).where(WaitingEntry.state == "waiting").order_by(*ORDER)).all()


def _of_hub(actor: Actor) -> None:
    if not actor.is_hub:
        raise Forbidden
