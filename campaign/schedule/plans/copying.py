"""A session of another week as a new one. Pure."""

from zoneinfo import ZoneInfo

from campaign.schedule.crew_schemas import CrewIn
from campaign.schedule.schemas import ChannelIn, LineupIn, ParticipantIn, SessionIn
from campaign.schedule.spans import Span, moved_days, moved_shift
from campaign.schedule.views import ParticipantView, SessionView


def copied(view: SessionView, days: int, zone: ZoneInfo) -> SessionIn:
    """The same show so many days later, both ends at their wall time over a clock change too.

    Room ids are of one evening, and who represents a host is for the contract of the day to say.
    """
    before = Span(view.starts_at, view.ends_at)
    after = moved_days(before, days, zone)
    return SessionIn(
        title=view.title,
        studio_id=view.studio_id,
        brand_ids=[brand.id for brand in view.brands],
        starts_at=after.starts_at,
        ends_at=after.ends_at,
        campaign_id=view.campaign_id,
        notes=view.notes,
        channels=[
            ChannelIn.model_validate(
                {"platform": one.platform, "platform_account_id": one.platform_account_id}
            )
            for one in view.channels
        ],
        participants=[_person(one, before, after, zone) for one in view.participants],
        lineup=[
            LineupIn(
                product_id=one.product_id,
                live_price_fen=one.live_price_fen or 0,
                currency=one.currency,
                position=one.position,
            )
            for one in view.lineup
        ],
        crew=[CrewIn(pool_id=one.pool_id, units=one.units) for one in view.crew],
    )


def _person(one: ParticipantView, before: Span, after: Span, zone: ZoneInfo) -> ParticipantIn:
    given: dict[str, object] = {"host_id": one.host_id, "role": one.role}
    if one.starts_at is not None and one.ends_at is not None:
        shift = Span(one.starts_at, one.ends_at)
        if shift != before:
            moved = moved_shift(shift, before, after, zone)
            given |= {"from": moved.starts_at, "to": moved.ends_at}
    return ParticipantIn.model_validate(given)
