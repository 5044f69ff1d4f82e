"""Looking for a place for one entry, and holding it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import DomainError
from campaign.kit.instants import written
from campaign.outbox.notices import HUB_ID, tell
from campaign.parties.queries import get_hub
from campaign.schedule import booking
from campaign.schedule.schemas import ChannelIn, ParticipantIn, SessionIn
from campaign.schedule.slots import Search, ranked
from campaign.schedule.spans import Span
from campaign.schedule.views import SessionView
from campaign.schedule.waiting.choosing import (
    Candidate,
    WaitingSettings,
    ahead,
    held_until,
    suited,
)
from campaign.schedule.waiting.models import WaitingEntry, WaitingOffer, WaitingWindow

log = structlog.get_logger(__name__)

_TRIED = 4
_HOSTS_TRIED = 8
_LOOKED_BACK = timedelta(days=180)

# Who sold these brands most in the last half year; then the hub's own people.
_KNOWN_HOSTS = text("""
    SELECT h.id FROM host h
    LEFT JOIN (SELECT p.host_id, count(*) AS times
               FROM session_brand b JOIN live_session s ON s.id = b.session_id JOIN participant p ON p.session_id = s.id
               WHERE b.brand_id = ANY (CAST(:brands AS bigint[])) AND s.state IN ('ended', 'reviewed')
                 AND s.starts_at > CAST(:since AS timestamptz)
               GROUP BY p.host_id) sold ON sold.host_id = h.id
    WHERE h.archived_at IS NULL AND (sold.times > 0 OR h.kind = 'in_house')
    ORDER BY sold.times DESC NULLS LAST, h.id LIMIT CAST(:most AS integer)
""")


def candidates_for(db: Session, actor: Actor, entry: WaitingEntry) -> list[Candidate]:
    """The best places for an entry, best first; an offer may still meet a rule."""
    now = clock.now(db)
    windows = db.scalars(select(WaitingWindow).where(WaitingWindow.entry_id == entry.id))
    spans = ahead((Span(one.starts_at, one.ends_at) for one in windows), entry.minutes, now)
    if not spans:
        return []
    hosts = list(entry.host_ids) or _any_hosts(db, entry, now)
    found = [
        Candidate(slot, host_id)
        for span in spans
        for host_id in hosts
        for slot in ranked(
            db,
            actor,
            Search(span, timedelta(minutes=entry.minutes), entry.studio_ids, [host_id], entry.brand_ids),
            most=_TRIED * 2,
        )
    ]
    return suited(found, _refused(db, entry), most=_TRIED)


def _any_hosts(db: Session, entry: WaitingEntry, now: datetime) -> list[int]:
    values = {"brands": entry.brand_ids, "since": now - _LOOKED_BACK, "most": _HOSTS_TRIED}
    return list(db.scalars(_KNOWN_HOSTS, values))


def _refused(db: Session, entry: WaitingEntry) -> list[Span]:
    rows = db.execute(
        select(WaitingOffer.starts_at, WaitingOffer.ends_at).where(
            WaitingOffer.entry_id == entry.id, WaitingOffer.state != "open"
        )
    )
    return [Span(row.starts_at, row.ends_at) for row in rows]


def hold_one(db: Session, actor: Actor, entry: WaitingEntry, found: Sequence[Candidate]) -> bool:
    """Book the first candidate that the rules let through, as a draft that lapses; False where none is."""
    for one in found:
        try:
            with db.begin_nested():
                session = booking.book(db, actor, _draft(db, actor, entry, one))
                _offered(db, entry, session)
        except DomainError as error:
            log.info("place_does_not_do", entry=entry.id, why=error.error_code)
        else:
            return True
    return False


def _draft(db: Session, actor: Actor, entry: WaitingEntry, one: Candidate) -> SessionIn:
    hold_minutes = WaitingSettings.of(get_hub(db, actor).settings).hold_minutes
    return SessionIn(
        title=entry.title,
        studio_id=one.slot.studio_id,
        brand_ids=list(entry.brand_ids),
        starts_at=one.slot.starts_at,
        ends_at=one.slot.ends_at,
        campaign_id=entry.campaign_id,
        notes=entry.note,
        hold_until=held_until(clock.now(db), one.slot.starts_at, hold_minutes),
        channels=[ChannelIn(platform=entry.platform, platform_account_id=entry.platform_account_id)],
        participants=[ParticipantIn(host_id=one.host_id)],
    )


def _offered(db: Session, entry: WaitingEntry, session: SessionView) -> None:
    """The entry and its offer; both stand with the draft, or none of the three."""
    now = clock.now(db)
    done = db.execute(
        update(WaitingEntry)
        .where(WaitingEntry.id == entry.id, WaitingEntry.state == "waiting")
        .values(state="offered", rev=WaitingEntry.rev + 1, updated_at=now)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise DomainError("wrong_state")
    offer = WaitingOffer(
        entry_id=entry.id,
        session_id=session.id,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        made_at=now,
        expires_at=session.hold_until,
    )
    db.add(offer)
    db.flush()
    announce(db, "change.place_held", entry, offer, session)


def announce(
    db: Session, kind: str, entry: WaitingEntry, offer: WaitingOffer, session: SessionView | None = None
) -> None:
    """Tell hub, brands and the agency that asked, each once per offer, of its own matter alone."""
    params = {
        "title": entry.title,
        "starts_at": written(offer.starts_at),
        "until_at": written(offer.expires_at),
    }
    if session is not None:
        params |= {"studio": session.studio_name, "studio_en": session.studio_name_en}
    key = f"{kind}:{offer.id}"
    useful = offer.expires_at if session is not None else offer.starts_at
    # A link to the session only for the hub: agencies see a session from its offer on.
    tell(db, kind, "hub", (HUB_ID,), key=key, params=params, session_id=offer.session_id, useful_until=useful)
    tell(db, kind, "brand", entry.brand_ids, key=key, params=params, useful_until=useful)
    if entry.agency_id is not None:
        tell(db, kind, "agency", (entry.agency_id,), key=key, params=params, useful_until=useful)
