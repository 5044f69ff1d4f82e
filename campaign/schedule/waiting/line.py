"""Joining the line, changing a wish, leaving; taking or passing up the place that is held."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.catalog.models import PlatformAccount
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.database import after_commit
from campaign.kit.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Stale, WrongState
from campaign.kit.queue import nudge
from campaign.parties.models import Agency, Host, Studio
from campaign.parties.queries import visible_ids
from campaign.schedule import changing, closing, references
from campaign.schedule.models import LiveSession
from campaign.schedule.schemas import SessionChange
from campaign.schedule.slots import LONGEST_SEARCH
from campaign.schedule.waiting.models import WaitingEntry, WaitingOffer, WaitingWindow
from campaign.schedule.waiting.queries import EntryView, get_entry
from campaign.schedule.waiting.schemas import EntryIn, WindowIn

TASK = "live.waiting"
"""What looks for places; a nudge is a hint, its turns find the work anyway."""

_PLAIN = tuple(name for name in EntryIn.model_fields if name not in ("windows", "valid_until"))


class NoOfferOpen(Conflict):
    """There is no place held for it (any more)."""

    code = "no_offer_open"


def join(db: Session, actor: Actor, given: EntryIn) -> EntryView:
    """A wish at the end of its priority's line. Raises Invalid."""
    now = clock.now(db)
    _check(db, actor, given, now)
    row = WaitingEntry(
        **{name: getattr(given, name) for name in _PLAIN},
        valid_until=given.valid_until or max(window.to_at for window in given.windows),
        look_at=now,
        created_at=now,
        updated_at=now,
    )
    db.add(row)
    db.flush()
    _set_windows(db, row, given.windows)
    _noted(db, actor, row, "joined")
    return get_entry(db, actor, row.id)


def change(
    db: Session, actor: Actor, entry_id: int, given: Any, *, expected_rev: int | None = None
) -> EntryView:
    """Change the fields given (EntryIn, all optional) of one that waits or has expired; it waits again.

    Raises WrongState while a place is held for it, Stale, Invalid.
    """
    row = _locked(db, actor, entry_id, "change", ("waiting", "expired"), expected_rev)
    whole = _whole(db, row, given)
    now = clock.now(db)
    _check(db, actor, whole, now)
    for name in _PLAIN:
        setattr(row, name, getattr(whole, name))
    row.valid_until = whole.valid_until or max(window.to_at for window in whole.windows)
    row.state, row.look_at = "waiting", now
    _set_windows(db, row, whole.windows)
    _noted(db, actor, row, "changed")
    return get_entry(db, actor, row.id)


def withdraw(db: Session, actor: Actor, entry_id: int, *, expected_rev: int | None = None) -> None:
    """Leave the line; a place held for it is given back. Raises WrongState once it was booked."""
    row = _locked(
        db, actor, entry_id, "withdraw", ("waiting", "offered", "expired", "withdrawn"), expected_rev
    )
    if row.state == "withdrawn":
        return
    if row.state == "offered":
        _give_back(db, actor, row, "withdrawn")
    row.state = "withdrawn"
    _noted(db, actor, row, "withdrawn")


def take(db: Session, actor: Actor, entry_id: int, *, expected_rev: int | None = None) -> EntryView:
    """The held draft becomes a booking that does not lapse. Safe to press twice. Raises NoOfferOpen."""
    row = _locked(db, actor, entry_id, "take", ("waiting", "offered", "taken"), expected_rev)
    if row.state != "taken":
        offer = _open_offer(db, row)
        session = db.get_one(LiveSession, offer.session_id, with_for_update=True, populate_existing=True)
        if session.state == "draft" and session.hold_until is not None:
            if session.hold_until <= clock.now(db):
                raise NoOfferOpen
            changing.change(db, actor, session.id, SessionChange(hold_until=None))
        elif session.state == "cancelled":
            raise NoOfferOpen
        close(db, offer, "taken")
        row.state, row.session_id = "taken", session.id
        _noted(db, actor, row, "taken")
    return get_entry(db, actor, row.id)


def pass_up(db: Session, actor: Actor, entry_id: int, *, expected_rev: int | None = None) -> EntryView:
    """Give the held place back, for the next in line; the entry waits on for another time. Raises NoOfferOpen."""
    row = _locked(db, actor, entry_id, "pass", ("waiting", "offered"), expected_rev)
    _give_back(db, actor, row, "passed")
    row.state, row.look_at = "waiting", clock.now(db)
    _noted(db, actor, row, "passed")
    return get_entry(db, actor, row.id)


def close(db: Session, offer: WaitingOffer, state: str) -> None:
    """An offer is over."""
    offer.state, offer.closed_at = state, clock.now(db)
    db.flush()


def _give_back(db: Session, actor: Actor, row: WaitingEntry, state: str) -> None:
    offer = _open_offer(db, row)
    session = db.get_one(LiveSession, offer.session_id, with_for_update=True, populate_existing=True)
    # What has become more than a held draft is no longer ours to call off.
    if session.state == "draft" and session.hold_until is not None:
        closing.cancel(db, actor, session.id, code="other")
    elif session.state != "cancelled":
        raise NoOfferOpen
    close(db, offer, state)


def _open_offer(db: Session, row: WaitingEntry) -> WaitingOffer:
    offer = db.scalars(
        select(WaitingOffer).where(WaitingOffer.entry_id == row.id, WaitingOffer.state == "open")
    ).one_or_none()
    if offer is None:
        raise NoOfferOpen
    return offer


def _locked(
    db: Session, actor: Actor, entry_id: int, verb: str, states: tuple[str, ...], expected_rev: int | None
) -> WaitingEntry:
    if not actor.is_hub:
        raise Forbidden
    row = db.get(WaitingEntry, entry_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    if expected_rev is not None and expected_rev != row.rev:
        raise Stale
    if row.state not in states:
        raise WrongState(verb=verb, state=row.state)
    return row


def _whole(db: Session, row: WaitingEntry, given: Any) -> EntryIn:
    """The entry as it stands with the fields given put over it."""
    windows = db.scalars(select(WaitingWindow).where(WaitingWindow.entry_id == row.id))
    stood: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    stood["windows"] = [WindowIn(from_at=one.starts_at, to_at=one.ends_at) for one in windows]
    stood["valid_until"] = None if "windows" in given.model_fields_set else row.valid_until
    return EntryIn.model_construct(**stood | {name: getattr(given, name) for name in given.model_fields_set})


def _check(db: Session, actor: Actor, given: EntryIn, now: datetime) -> None:
    faults = references.Faults()
    references.check_brands(db, actor, given.brand_ids, faults)
    references.check_campaign(db, actor, given.campaign_id, faults)
    for name, model, ids in (
        ("studio_ids", Studio, given.studio_ids),
        ("host_ids", Host, given.host_ids),
        ("agency_id", Agency, [given.agency_id] if given.agency_id else []),
        (
            "platform_account_id",
            PlatformAccount,
            [given.platform_account_id] if given.platform_account_id else [],
        ),
    ):
        known = visible_ids(db, actor, model, set(ids))
        for at, one in enumerate(ids):
            if one not in known:
                faults.add(f"{name}.{at}" if name.endswith("_ids") else name, "unknown_id")
    faults.raise_any()
    length = timedelta(minutes=given.minutes)
    for at, window in enumerate(given.windows):
        if window.to_at <= window.from_at:
            raise Invalid([FieldError(f"windows.{at}.to", "ends_before_start")])
        if window.to_at - window.from_at > LONGEST_SEARCH:
            raise Invalid([FieldError(f"windows.{at}.to", "search_span", {"days": LONGEST_SEARCH.days})])
    if not any(window.to_at - max(window.from_at, now) >= length for window in given.windows):
        raise Invalid([FieldError("windows", "waiting_windows")])
    if given.valid_until is not None and given.valid_until <= now:
        raise Invalid([FieldError("valid_until", "already_past")])


def _set_windows(db: Session, row: WaitingEntry, windows: list[WindowIn]) -> None:
    db.execute(delete(WaitingWindow).where(WaitingWindow.entry_id == row.id))
    # The same start twice: the longer one says it all.
    longest: dict[datetime, datetime] = {}
    for one in windows:
        longest[one.from_at] = max(one.to_at, longest.get(one.from_at, one.to_at))
    db.add_all(
        WaitingWindow(entry_id=row.id, starts_at=starts_at, ends_at=ends_at)
        for starts_at, ends_at in longest.items()
    )


def _noted(db: Session, actor: Actor, row: WaitingEntry, what: str) -> None:
    row.rev += 1
    row.updated_at = clock.now(db)
    db.flush()
    audit.note(
        db, actor, f"waiting.{what}", "waiting_entry", row.id, {"title": row.title, "state": row.state}
    )
    after_commit(db, lambda: nudge(TASK))
