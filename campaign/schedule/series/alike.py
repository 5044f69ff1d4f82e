"""A date's session beside the template of its series: where it was changed singly. Pure."""

from collections.abc import Collection
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from campaign.schedule.schemas import ChannelIn, OverrideIn, ParticipantIn, SessionChange, SessionIn
from campaign.schedule.series.schemas import Template
from campaign.schedule.series.times import instant_within, span_on
from campaign.schedule.spans import Span
from campaign.schedule.views import SessionView

_TIMES = frozenset({"starts", "ends"})
# Fields that session and template have by the same name, compared and carried over as they are.
_SAME = ("title", "studio_id", "brand_ids", "campaign_id", "notes")


def session_of(template: Template, on: date, zone: ZoneInfo, reason: str | None) -> SessionIn:
    """The booking of one date."""
    span = span_on(on, template.starts, template.ends, zone)
    return SessionIn(
        title=template.title,
        studio_id=template.studio_id,
        brand_ids=template.brand_ids,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        campaign_id=template.campaign_id,
        notes=template.notes,
        channels=template.channels,
        participants=people_on(template, on, zone),
        lineup=template.lineup,
        crew=template.crew,
        override=OverrideIn(reason=reason) if reason else None,
    )


def people_on(template: Template, on: date, zone: ZoneInfo) -> list[ParticipantIn]:
    """The hosts of one date, their wall times as instants."""

    def at(wall: Any) -> Any:
        return None if wall is None else instant_within(on, template.starts, wall, zone)

    return [
        ParticipantIn(
            host_id=one.host_id,
            role=one.role,
            agency_id=one.agency_id,
            from_at=at(one.from_time),
            to_at=at(one.to_time),
        )
        for one in template.participants
    ]


def differing(view: SessionView, template: Template, on: date, zone: ZoneInfo) -> set[str]:
    """The fields in which a date's session is not what the template says."""
    span = span_on(on, template.starts, template.ends, zone)
    wanted = {name: getattr(template, name) for name in _SAME} | {
        "starts": span.starts_at,
        "ends": span.ends_at,
        "channels": sorted((one.platform, one.platform_account_id or 0) for one in template.channels),
        "participants": _people(people_on(template, on, zone), span),
        "lineup": [(one.product_id, one.live_price_fen) for one in _in_order(template.lineup)],
        "crew": sorted((one.pool_id, one.units) for one in template.crew),
    }
    stands = {
        "title": view.title,
        "studio_id": view.studio_id,
        "brand_ids": [brand.id for brand in view.brands],
        "campaign_id": view.campaign_id,
        "notes": view.notes,
        "starts": view.starts_at,
        "ends": view.ends_at,
        "channels": sorted((one.platform, one.platform_account_id or 0) for one in view.channels),
        "participants": _standing(view, span),
        "lineup": [(one.product_id, one.live_price_fen) for one in view.lineup],
        "crew": sorted((one.pool_id, one.units) for one in view.crew),
    }
    return {name for name, value in wanted.items() if value != stands[name]}


def change_of(
    view: SessionView, before: Template, after: Template, on: date, zone: ZoneInfo, *,
    fields: Collection[str], overwrite: bool, reason: str | None,
) -> SessionChange | None:  # fmt: skip
    """What makes a date what its series becomes; None where nothing is to do.

    Fields in which the date was changed singly stay its own unless `overwrite`. Times go together.
    """
    own = set() if overwrite else differing(view, before, on, zone)
    if own & _TIMES:
        own |= _TIMES
    wanted = (differing(view, after, on, zone) & set(fields)) - own
    if not wanted:
        return None
    given: dict[str, Any] = {
        name: getattr(after, name) for name in (*_SAME, "lineup", "crew") if name in wanted
    }
    if wanted & _TIMES:
        span = span_on(on, after.starts, after.ends, zone)
        given |= {"starts_at": span.starts_at, "ends_at": span.ends_at}
    if "participants" in wanted:
        given["participants"] = people_on(after, on, zone)
    if "channels" in wanted:
        rooms = {(one.platform, one.platform_account_id): list(one.room_ids) for one in view.channels}
        given["channels"] = [
            ChannelIn(
                platform=one.platform,
                platform_account_id=one.platform_account_id,
                room_ids=rooms.get((one.platform, one.platform_account_id), []),
            )
            for one in after.channels
        ]
    if reason:
        given["override"] = OverrideIn(reason=reason)
    return SessionChange(**given)


def _people(given: list[ParticipantIn], span: Span) -> list[tuple[Any, ...]]:
    return sorted(
        (one.host_id, one.role, one.from_at or span.starts_at, one.to_at or span.ends_at) for one in given
    )


def _standing(view: SessionView, span: Span) -> list[tuple[Any, ...]]:
    """The people of a session; shifts of a moved one as if it had not been moved: they moved with it."""

    def at(instant: Any) -> Any:
        if instant == view.ends_at:
            return span.ends_at
        return None if instant is None else instant - (view.starts_at - span.starts_at)

    return sorted(
        (one.host_id or 0, one.role, at(one.starts_at), at(one.ends_at)) for one in view.participants
    )


def _in_order(lineup: Any) -> list[Any]:
    return (
        sorted(lineup, key=lambda one: one.position or 0) if all(one.position for one in lineup) else lineup
    )
