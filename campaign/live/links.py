"""The phone on the studio floor: the QR at the door, and the host's own card. No account, one tap, safe twice."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, NotFound
from campaign.kit.signing import link_token, read_link_token
from campaign.live import correcting, running
from campaign.parties.models import Host, Studio
from campaign.schedule import answering
from campaign.schedule.models import LiveSession
from campaign.schedule.reading import views_of
from campaign.schedule.views import SessionView

DOOR, CARD = "door", "card"
REACH = timedelta(hours=12)
_DONE = {"start": "live", "end": "ended"}


def door_token(secret_key: bytes, studio: Studio) -> str:
    """The token in the QR at a studio's door; a new door_rev makes it void."""
    return link_token(secret_key, DOOR, studio.id, studio.door_rev)


def card_token(secret_key: bytes, host: Host) -> str:
    """The token of a host's card; a new card_rev makes it void."""
    return link_token(secret_key, CARD, host.id, host.card_rev)


def studio_of_door(db: Session, secret_key: bytes, token: str) -> Studio:
    """Raises BadLink, or NotFound where the link was replaced or the studio is gone."""
    studio_id, rev = read_link_token(secret_key, DOOR, token, clock.now(db))
    studio = db.get(Studio, studio_id)
    if studio is None or studio.door_rev != rev or studio.archived_at is not None:
        raise NotFound
    return studio


def host_of_card(db: Session, secret_key: bytes, token: str) -> Host:
    """Raises BadLink, or NotFound where the link was replaced or the host is gone."""
    host_id, rev = read_link_token(secret_key, CARD, token, clock.now(db))
    host = db.get(Host, host_id)
    if host is None or host.card_rev != rev or host.archived_at is not None:
        raise NotFound
    return host


def holder_of_card(host: Host) -> Actor:
    """Who holds a card acts as its host."""
    return Actor(kind="link", role="host", name=host.name, host_id=host.id)


def door_verb(
    db: Session,
    secret_key: bytes,
    token: str,
    session_id: int,
    verb: str,
    *,
    participant_id: int | None = None,
    until: datetime | None = None,
) -> SessionView:
    """arrive, start, end, extend or undo for a session of this studio near now. A second press gives it as it
    stands; of extend it knows that by `until`, the planned end the button was drawn with. Raises BadLink,
    NotFound, Invalid (verb), WrongState, Conflicting (extend).
    """
    studio = studio_of_door(db, secret_key, token)
    row = db.get(LiveSession, session_id)
    now = clock.now(db)
    if row is None or row.studio_id != studio.id or not row.starts_at - REACH < now < row.ends_at + REACH:
        raise NotFound
    # Whoever stands at the door acts for the studio: the system's scope, this one studio's sessions.
    actor = Actor(kind="link", role="system", name=studio.name)
    return _press(db, actor, row, verb, participant_id, until)


def card_verb(
    db: Session, secret_key: bytes, token: str, session_id: int, verb: str, *, reason: str = ""
) -> SessionView:
    """arrive, start, end, extend, undo or decline by the host of a card. A second press gives it as it stands."""
    host = host_of_card(db, secret_key, token)
    actor = holder_of_card(host)
    row = db.get(LiveSession, session_id)
    if row is None or host.id not in row.host_ids:
        raise NotFound
    if verb == "decline":
        return answering.decline(db, actor, session_id, reason=reason)
    return _press(db, actor, row, verb)


def _press(
    db: Session,
    actor: Actor,
    row: LiveSession,
    verb: str,
    participant_id: int | None = None,
    until: datetime | None = None,
) -> SessionView:
    db.refresh(row, with_for_update=True)
    extended = verb == "extend" and until is not None and row.ends_at != until
    if _DONE.get(verb) == row.state or extended:
        return views_of(db, actor, [row])[0]
    if verb == "arrive":
        return running.arrive(db, actor, row.id, participant_id=participant_id)
    if verb == "start":
        return running.go_live(db, actor, row.id)
    if verb == "end":
        return running.end(db, actor, row.id)
    if verb == "extend":
        return running.extend(db, actor, row.id)
    if verb == "undo":
        return correcting.undo(db, actor, row.id)
    raise Invalid([FieldError("verb", "choice", {"allowed": "arrive, start, end, extend, undo"})])
