"""What a release says: one fact for each agency, one notice for each party, of its own matter alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.kit.instants import written
from campaign.outbox import actions as outbox
from campaign.outbox.notices import HUB_ID, Audience, tell
from campaign.schedule.events import Digest, own_participants
from campaign.schedule.plans.comparing import Difference, compare, sheet_of
from campaign.schedule.reading import reduced
from campaign.schedule.views import SessionView

NOTICE = "change.schedule_released"

_NOT_FOR_HOSTS = frozenset({"lineup", "brands", "channels"})


@dataclass(frozen=True)
class Batch:
    """What was released: a plan (pln) or a change of a series (srs), by its id and version, and the days it spans."""

    prefix: str
    id: int
    version: int
    first_day: date
    last_day: date


@dataclass(frozen=True)
class Touched:
    """A session before and after the release; before is None for a new one. told: agencies that knew of it."""

    before: SessionView | None
    after: SessionView
    told: frozenset[int]


@dataclass(frozen=True)
class News:
    """What one party hears of one session. what: added, changed, cancelled or parted (it takes part no more)."""

    what: str
    view: SessionView
    differences: tuple[Difference, ...] = ()

    @property
    def kinds(self) -> list[str]:
        return [one.kind for one in self.differences]


def tell_release(db: Session, actor: Actor, batch: Batch, touched: Sequence[Touched], digest: Digest) -> None:
    """In the release's own transaction. Whom nothing of it touches hears nothing."""
    by_party = news_by_party(touched, digest)
    agencies = {party_id: news for (audience, party_id), news in by_party.items() if audience == "agency"}
    if agencies:
        outbox.write(
            db,
            "schedule.released",
            agency_ids=agencies,
            data={
                "release_id": ids.public(batch.prefix, batch.id),
                "first_day": batch.first_day.isoformat(),
                "last_day": batch.last_day.isoformat(),
            },
            per_agency={
                agency_id: {"sessions": [_fact(one, agency_id) for one in news]}
                for agency_id, news in agencies.items()
            },
        )
    for (audience, party_id), news in by_party.items():
        tell(
            db,
            NOTICE,
            audience,
            [party_id],
            key=f"released:{batch.id}:{batch.version}",
            params=_params(batch, news),
        )


def news_by_party(touched: Sequence[Touched], digest: Digest) -> dict[tuple[Audience, int], list[News]]:
    """(audience, party) → what it hears, each session once, by time."""
    found: dict[tuple[Audience, int], list[News]] = {}
    for one in touched:
        for audience, party_id in _parties(one, digest):
            news = _news(one, audience, party_id, digest)
            if news is not None:
                found.setdefault((audience, party_id), []).append(news)
    return found


def _parties(one: Touched, digest: Digest) -> Iterable[tuple[Audience, int]]:
    yield "hub", HUB_ID
    for agency_id in sorted(digest.told.get(one.after.id, ())):
        yield "agency", agency_id
    if _draft(one):
        # A draft is nobody's business but the hub's.
        return
    views = [view for view in (one.before, one.after) if view is not None and view.state != "draft"]
    for brand_id in sorted({brand.id for view in views for brand in view.brands}):
        yield "brand", brand_id
    hosts = {person.host_id for view in views for person in view.participants if person.host_id is not None}
    for host_id in sorted(hosts):
        yield "host", host_id


def _draft(one: Touched) -> bool:
    if one.after.state == "cancelled":
        return one.before is None or one.before.state == "draft"
    return one.after.state == "draft"


def _news(one: Touched, audience: Audience, party_id: int, digest: Digest) -> News | None:
    """None where nothing that this party may see has changed."""
    before = None if one.before is None else _seen(one.before, audience, party_id)
    after = _seen(one.after, audience, party_id)
    if audience == "agency" and party_id in digest.parted.get(one.after.id, ()):
        return News("parted", after)
    knew = before is not None and _takes_part(before, audience, party_id)
    if audience == "agency":
        knew = knew and party_id in one.told
    if before is None or not knew:
        return News("added", after) if _takes_part(after, audience, party_id) else None
    if after.state == "cancelled":
        return News("cancelled", after)
    if not _takes_part(after, audience, party_id):
        return News("parted", after)
    differences = compare(sheet_of(before), sheet_of(after))
    if audience == "host":
        differences = [found for found in differences if found.kind not in _NOT_FOR_HOSTS]
    return News("changed", after, tuple(differences)) if differences else None


def _takes_part(view: SessionView, audience: Audience, party_id: int) -> bool:
    if audience == "brand":
        return any(brand.id == party_id for brand in view.brands)
    if audience == "agency":
        return any(person.agency_id == party_id for person in view.participants)
    if audience == "host":
        return any(person.host_id == party_id for person in view.participants)
    return True


def _seen(view: SessionView, audience: Audience, party_id: int) -> SessionView:
    """A session as that party may read it; a host's own part of it alone."""
    if audience == "hub":
        return view
    actor = Actor(kind="system", role=audience, **{f"{audience}_id": party_id})  # type: ignore[arg-type]
    seen = reduced(actor, view)
    if audience == "host":
        own = tuple(person for person in seen.participants if person.host_id == party_id)
        return replace(seen, participants=own)
    return seen


def _fact(news: News, agency_id: int) -> dict[str, Any]:
    """One session as an agency reads it in schedule.released."""
    view = news.view
    known: dict[str, Any] = {
        "id": ids.public("ses", view.id),
        "title": view.title,
        "version": view.version,
        "what": news.what,
    }
    if news.what == "parted":
        return known | {"state": "parted"}
    was = {one.kind: one.before for one in news.differences}
    return known | {
        "state": view.state,
        "changed": news.kinds,
        "starts_at": written(view.starts_at),
        "ends_at": written(view.ends_at),
        "was_starts_at": written(was["moved"]) if "moved" in was else None,
        "studio": {"id": ids.public("std", view.studio_id), "name": view.studio_name},
        "answer_by": written(view.offer_deadline_at) if view.offer_deadline_at else None,
        "cancel_code": view.cancel_code,
        "participants": own_participants(view.participants, agency_id),
    }


def _params(batch: Batch, news: Sequence[News]) -> dict[str, Any]:
    """What fills the words of a digest: plain JSON."""
    return {
        "days": [batch.first_day.isoformat(), batch.last_day.isoformat()],
        "total": len(news),
        "sessions": [_line(one) for one in news],
    }


def _line(news: News) -> dict[str, Any]:
    view = news.view
    known = {"title": view.title, "what": news.what, "changed": news.kinds}
    if news.what == "parted":
        # Where and when it now is, is no longer this party's matter.
        return known
    return known | {
        "starts_at": written(view.starts_at),
        "studio": view.studio_name,
        "studio_en": view.studio_name_en,
    }
