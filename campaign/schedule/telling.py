"""Which events of a session are told to people, and what of it each party may read."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from campaign.kit.actor import Actor
from campaign.kit.instants import written
from campaign.outbox.notices import HUB_ID, Audience, tell
from campaign.schedule.models import LiveSession
from campaign.schedule.states import HOLD_LAPSED
from campaign.schedule.views import ParticipantView, SessionView

# Event → kind of notice and who hears it. What goes as planned is seen on the board, and goes to machines only.
_TOLD: dict[str, tuple[str, frozenset[Audience]]] = {
    "session.offered": ("change.offered", frozenset(("agency",))),
    "session.declined": ("change.declined", frozenset(("hub",))),
    "session.countered": ("change.countered", frozenset(("hub",))),
    "session.offer_expired": ("deadline.expired", frozenset(("hub", "agency"))),
    "session.moved": ("change.moved", frozenset(("agency", "brand", "host"))),
    "session.people_changed": ("change.people_changed", frozenset(("agency", "brand"))),
    "session.cancelled": ("change.cancelled", frozenset(("agency", "brand", "host"))),
    "session.no_show": ("change.no_show", frozenset(("hub", "agency", "brand"))),
    "session.overrunning": ("change.overrunning", frozenset(("hub",))),
}


def tell_of_event(
    db: Session,
    actor: Actor,
    row: LiveSession,
    view: SessionView,
    event: str,
    *,
    agencies: Collection[int],
    parted: Iterable[int] = (),
    reason: str = "",
) -> None:
    """Tell people of an event, in its transaction. `agencies` are those the event goes to, `parted` among them
    hear only that they no longer take part, whatever the event. A draft is nobody's business but the hub's.
    """
    key = f"{event}:{row.id}:{row.version}"
    gone = set(parted)
    for agency_id in gone:
        params = {"title": view.title}
        tell(db, "change.parted", "agency", [agency_id], key=key, params=params, session_id=None)
    if event not in _TOLD:
        return
    kind, audiences = _TOLD[event]
    if "hub" in audiences:
        declined = [one.reason for one in view.participants if one.acceptance == "declined" and one.reason]
        tell_hub(db, view, kind, key=key, reason=reason or "; ".join(declined))
    if "agency" in audiences:
        tell_agencies(db, view, kind, set(agencies) - gone, key=key)
    known = row.state != "draft" and row.cancel_code != HOLD_LAPSED
    if "brand" in audiences and known:
        tell_brands(db, view, kind, row.brand_ids, key=key)
    if "host" in audiences and known:
        tell_hosts(db, view, kind, view.participants, key=key)


def tell_hub(db: Session, view: SessionView, kind: str, *, key: str, until: Any = None, **more: Any) -> None:
    """Tell the hub, which sees everybody who takes part."""
    params = _facts(view) | {"hosts": _names(view.participants)} | more
    tell(db, kind, "hub", [HUB_ID], key=key, params=params, session_id=view.id, useful_until=until)


def tell_agencies(
    db: Session,
    view: SessionView,
    kind: str,
    agency_ids: Iterable[int],
    *,
    key: str,
    until: Any = None,
    people: Sequence[ParticipantView] | None = None,
    **more: Any,
) -> None:
    """Tell agencies, each of its own hosts (those of `people`, else of the session) and of nobody else's."""
    for agency_id in agency_ids:
        own = [one for one in (view.participants if people is None else people) if one.agency_id == agency_id]
        params = _facts(view) | {"hosts": _names(own)} | more
        tell(db, kind, "agency", [agency_id], key=key, params=params, session_id=view.id, useful_until=until)


def tell_brands(
    db: Session, view: SessionView, kind: str, brand_ids: Iterable[int], *, key: str, until: Any = None
) -> None:
    """Tell brands when and where; who else sells there is not theirs to know."""
    params = _facts(view) | {"hosts": _names(view.participants)}
    tell(db, kind, "brand", brand_ids, key=key, params=params, session_id=view.id, useful_until=until)


def tell_hosts(
    db: Session,
    view: SessionView,
    kind: str,
    people: Iterable[ParticipantView],
    *,
    key: str,
    until: Any = None,
    **more: Any,
) -> None:
    """Tell hosts, each for the own card."""
    for one in people:
        if one.host_id is not None:
            params = _facts(view) | {"hosts": _names([one])} | more
            host_ids = [one.host_id]
            until_ = until or view.ends_at
            tell(db, kind, "host", host_ids, key=key, params=params, session_id=view.id, useful_until=until_)


def _facts(view: SessionView) -> dict[str, Any]:
    return {
        "title": view.title,
        "studio": view.studio_name,
        "studio_en": view.studio_name_en,
        "starts_at": written(view.starts_at),
        "ends_at": written(view.ends_at),
    }


def _names(people: Iterable[ParticipantView]) -> list[dict[str, str]]:
    return [{"name": one.name, "name_en": one.name_en} for one in people]
