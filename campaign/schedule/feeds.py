"""Calendar feeds: a secret address per studio, host, agency and brand, and what each may see behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit import actions as audit
from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.signing import BadLink, link_token, read_link_token
from campaign.parties.models import Agency, Brand, Host, Party, Studio
from campaign.parties.queries import get
from campaign.schedule.models import CalendarFeed, LiveSession
from campaign.schedule.reading import overlapping, views_of, visible
from campaign.schedule.views import SessionView

WINDOW = timedelta(days=90)
LANGUAGES = ("zh_CN", "en")
MODELS: Mapping[str, type[Party]] = MappingProxyType(
    {"studio": Studio, "host": Host, "agency": Agency, "brand": Brand}
)
_KINDS = tuple(MODELS)
_PURPOSE = "ical"
_SLICE = 500


@dataclass(frozen=True)
class Feed:
    """Whose feed it is, in which language (one of LANGUAGES), and when its address was last replaced."""

    kind: str
    party: Party
    language: str
    replaced_at: datetime | None


@dataclass(frozen=True)
class FeedSession:
    """A session as the feed's party may see it. over: called off, or no longer this party's."""

    view: SessionView
    over: bool


def feed_token(db: Session, actor: Actor, secret_key: bytes, kind: str, party_id: int, language: str) -> str:
    """The secret part of the feed's address. Raises NotFound where the party is not the actor's to see."""
    party = get(db, actor, MODELS[kind], party_id)
    numbers = (_KINDS.index(kind), party.id, _rev(db, kind, party.id), LANGUAGES.index(language))
    return link_token(secret_key, _PURPOSE, *numbers)


def read_token(db: Session, secret_key: bytes, token: str) -> Feed:
    """Whose feed a token opens; db opened as SYSTEM. Raises BadLink when forged, revoked or the party archived."""
    kind_no, party_id, rev, language_no = read_link_token(secret_key, _PURPOSE, token, clock.now(db))
    kind = _KINDS[kind_no]
    row = db.get(CalendarFeed, (kind, party_id))
    party = db.get(MODELS[kind], party_id)
    if party is None or party.archived_at is not None or (row.rev if row else 1) != rev:
        raise BadLink
    return Feed(kind, party, LANGUAGES[language_no], row.changed_at if row else None)


def renew_feed(db: Session, actor: Actor, kind: str, party_id: int) -> None:
    """A new address; the old one, in every language, opens nothing from now on. Raises NotFound."""
    get(db, actor, MODELS[kind], party_id)
    now = clock.now(db)
    statement = insert(CalendarFeed).values(kind=kind, party_id=party_id, rev=2, changed_at=now)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "party_id"], set_={"rev": CalendarFeed.rev + 1, "changed_at": now}
        )
    )
    audit.note(db, actor, "calendar.renewed", kind, party_id, {})


def viewer_of(feed: Feed) -> Actor:
    """As whom the feed is read: its party. A studio's is the house's own and read as the hub would."""
    if feed.kind == "studio":
        return Actor(kind="link", role="hub", hub_role="viewer", name=feed.party.name)
    return Actor(kind="link", role=feed.kind, name=feed.party.name, **{f"{feed.kind}_id": feed.party.id})  # type: ignore[arg-type]


def sessions_of(db: Session, viewer: Actor, feed: Feed) -> list[FeedSession]:
    """What stands from 90 days back to 90 ahead, called off ones too, by start."""
    now = clock.now(db)
    wanted = [visible(viewer), overlapping(now - WINDOW, now + WINDOW)]
    if feed.kind == "studio":
        wanted.append(LiveSession.studio_id == feed.party.id)
    statement = select(LiveSession).where(*wanted).order_by(LiveSession.starts_at, LiveSession.id)
    rows = db.scalars(statement).all()
    views = [
        view
        for start in range(0, len(rows), _SLICE)
        for view in views_of(db, viewer, rows[start : start + _SLICE], lineup=False)
    ]
    return [FeedSession(view, _is_over(feed, view)) for view in views]


def changed_at(db: Session, feed: Feed, sessions: list[FeedSession]) -> datetime:
    """When anything the feed shows last changed: a session, the address, or a name of a party."""
    named = [db.scalar(select(func.max(model.updated_at))) for model in MODELS.values()]
    seen = [one.view.updated_at for one in sessions]
    return max([feed.party.updated_at, *seen, *(at for at in (*named, feed.replaced_at) if at is not None)])


def _is_over(feed: Feed, view: SessionView) -> bool:
    """A party that was taken out of a session, or has declined, learns that it is off for it."""
    if view.state == "cancelled":
        return True
    if feed.kind not in ("agency", "host"):
        return False
    mine = [one for one in view.participants if getattr(one, f"{feed.kind}_id") == feed.party.id]
    return all(one.acceptance == "declined" for one in mine)


def _rev(db: Session, kind: str, party_id: int) -> int:
    row = db.get(CalendarFeed, (kind, party_id))
    return row.rev if row else 1
