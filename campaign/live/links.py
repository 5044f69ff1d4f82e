"""The phone on the studio floor: the QR at the door, and the host's own card. No account, one tap, safe twice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.errors import FieldError, Invalid, NotFound
from campaign.kit.signing import link_token, read_link_token
from campaign.live import correcting, running
from campaign.live.handing_over import hand_over
from campaign.live.presses import first
from campaign.live.standing_in import stand_in
from campaign.parties.models import Host, Studio
from campaign.schedule import answering
from campaign.schedule.models import LiveSession, Participant
from campaign.schedule.queries import get_session
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


@dataclass(frozen=True)
class Tap:
    """One press of a button. once: the button's own token; until: the planned end it was drawn with (extend)."""

    participant_id: int | None = None
    host_id: int | None = None
    until: datetime | None = None
    reason: str = ""
    once: str = ""


NOTHING = Tap()
Act = Callable[[Session, Actor, int, Tap], SessionView]


def door_verb(
    db: Session, secret_key: bytes, token: str, session_id: int, verb: str, tap: Tap = NOTHING
) -> SessionView:
    """One of DOOR_VERBS for a session of this studio near now. The same press again gives it as it stands.

    Raises BadLink, NotFound, Invalid, WrongState, Conflicting (extend, swap), TooLate (undo).
    """
    studio = studio_of_door(db, secret_key, token)
    row = db.get(LiveSession, session_id)
    now = clock.now(db)
    if row is None or row.studio_id != studio.id or not row.starts_at - REACH < now < row.ends_at + REACH:
        raise NotFound
    # Whoever stands at the door acts for the studio: the system's scope, this one studio's sessions.
    actor = Actor(kind="link", role="system", name=studio.name)
    return _press(db, actor, row, verb, tap, DOOR_VERBS)


def card_verb(
    db: Session, secret_key: bytes, token: str, session_id: int, verb: str, tap: Tap = NOTHING
) -> SessionView:
    """One of CARD_VERBS by the host of a card. The same press again gives the session as it stands."""
    host = host_of_card(db, secret_key, token)
    row = db.get(LiveSession, session_id)
    if row is None or host.id not in row.host_ids:
        raise NotFound
    return _press(db, holder_of_card(host), row, verb, tap, CARD_VERBS)


def _press(
    db: Session, actor: Actor, row: LiveSession, verb: str, tap: Tap, verbs: Mapping[str, Act]
) -> SessionView:
    if verb not in verbs:
        raise Invalid([FieldError("verb", "choice", {"allowed": ", ".join(verbs)})])
    # The row first, as every verb does; then the token, so that two of the same press take turns here.
    db.refresh(row, with_for_update=True)
    again = not first(db, actor, tap.once, row.id, verb)
    extended = verb == "extend" and tap.until is not None and row.ends_at != tap.until
    if again or _DONE.get(verb) == row.state or extended:
        return views_of(db, actor, [row])[0]
    return verbs[verb](db, actor, row.id, tap)


def _decline(db: Session, actor: Actor, session_id: int, tap: Tap) -> SessionView:
    return answering.decline(db, actor, session_id, reason=tap.reason, participant_id=tap.participant_id)


def _swap(db: Session, actor: Actor, session_id: int, tap: Tap) -> SessionView:
    if tap.participant_id is None or tap.host_id is None:
        raise Invalid([FieldError("host_id", "missing")])
    return stand_in(db, actor, session_id, participant_id=tap.participant_id, host_id=tap.host_id)


def _hand_over(db: Session, actor: Actor, session_id: int, tap: Tap) -> SessionView:
    """participant_id is the shift that ends, as the button was drawn with it."""
    leaving = None if tap.participant_id is None else db.get(Participant, tap.participant_id)
    if tap.host_id is None or leaving is None or leaving.session_id != session_id:
        raise Invalid([FieldError("host_id", "missing")])
    hand_over(db, actor, session_id, host_id=tap.host_id, left_host_id=leaving.host_id)
    return get_session(db, actor, session_id)


_RUNNING: dict[str, Act] = {
    "arrive": lambda db, actor, one, tap: running.arrive(db, actor, one, participant_id=tap.participant_id),
    "start": lambda db, actor, one, _: running.go_live(db, actor, one),
    "end": lambda db, actor, one, _: running.end(db, actor, one),
    "extend": lambda db, actor, one, _: running.extend(db, actor, one),
    "undo": lambda db, actor, one, _: correcting.undo(db, actor, one),
    "decline": _decline,
}
DOOR_VERBS: dict[str, Act] = _RUNNING | {"swap": _swap, "hand_over": _hand_over}
CARD_VERBS: dict[str, Act] = _RUNNING | {
    "accept": lambda db, actor, one, _: answering.accept(db, actor, one),
}
