"""Two of everything: what belongs to the asking party (own) and what belongs to another (foreign)."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from campaign.accounts.actions import create_connector
from campaign.delivery.notices.channels import House, add_channel
from campaign.delivery.notices.schemas import NoticeChannelIn
from campaign.insight.freezing import freeze
from campaign.insight.sharing import Shown, share
from campaign.insight.standing import send_by_itself
from campaign.kit import clock, ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.outbox.notices import Notice
from campaign.schedule import answering, booking
from campaign.schedule.plans import drafting
from campaign.schedule.plans.schemas import PlanEntryIn, PlanIn
from campaign.schedule.schemas import SessionIn
from campaign.schedule.series import making
from campaign.schedule.series.models import Series
from campaign.schedule.series.schemas import SeriesIn
from tests.factory import HUB, SECRET_KEY, Factory

ROLES = ("admin", "manager", "viewer", "brand", "agency", "host", "connector")


@dataclass
class World:
    """Actors by role, and for each id parameter the text of an own and a foreign id."""

    actors: dict[str, Actor]
    own: dict[str, str]
    foreign: dict[str, str]


def make_world(make: Factory) -> World:
    """Brand, agency, host, product, campaign, session, twice over; the first set belongs to the roles."""
    sides = [_side(make), _side(make)]
    mine = sides[0]
    with make.database.transaction(SYSTEM) as db:
        connector, _ = create_connector(db, SYSTEM, secret_key=SECRET_KEY, name="push", shop_ids=[])
    actors = {
        "admin": Actor(kind="key", role="admin", id=1, name="admin"),
        "manager": HUB,
        "viewer": Actor(kind="key", role="hub", hub_role="viewer", id=2, name="viewer"),
        "brand": Actor(kind="key", role="brand", id=3, name="brand", brand_id=mine["brand"].id),
        "agency": Actor(kind="key", role="agency", id=4, name="agency", agency_id=mine["agency"].id),
        "host": Actor(kind="key", role="host", id=5, name="host", host_id=mine["host"].id),
        "connector": Actor(kind="key", role="connector", id=6, name="connector"),
    }
    own, foreign = (_written(side) | {"connector": ids.public("con", connector.id)} for side in sides)
    return World(actors, own, foreign)


def _side(make: Factory) -> dict[str, Any]:
    brand, agency, studio = make.brand(), make.agency(), make.studio()
    host = make.host(agency=agency)
    account = make.account(host_id=host.id)
    campaign = make.campaign(brand_ids=[brand.id])
    product = make.product(brand)
    with make.database.transaction(SYSTEM) as db:
        starts_at = clock.now(db) + timedelta(days=2)
        session = booking.book(
            db,
            HUB,
            SessionIn.model_validate(
                {
                    "title": "专场",
                    "studio_id": studio.id,
                    "brand_ids": [brand.id],
                    "starts_at": starts_at,
                    "ends_at": starts_at + timedelta(hours=3),
                    "campaign_id": campaign.id,
                    "channels": [{"platform": "douyin", "platform_account_id": account.id}],
                    "participants": [{"host_id": host.id}],
                }
            ),
        )
        answering.offer(db, HUB, session.id)
        series = _repeated(db, studio.id, brand.id, host.id)
        day = starts_at.date()
        plan = drafting.open_plan(db, HUB, PlanIn(name="plan", first_day=day, last_day=day))
        change = {"kind": "change", "session_id": session.id, "change": {"title": "otherwise"}}
        entry = drafting.put_entry(db, HUB, plan.id, PlanEntryIn.model_validate(change))
        shared, _token = share(db, HUB, brand.id, Shown(day, day), days=7)
        freeze(db, HUB, brand.id, date(2020, 1, 1))
        notice = db.scalars(select(Notice).where(Notice.party_id == agency.id)).one()
    agent = Actor(kind="key", role="agency", agency_id=agency.id)
    robot = {"kind": "wecom", "name": "group", "address": "https://qyapi.weixin.qq.com/x?key=secret"}
    with make.database.transaction(agent) as db:
        channel = add_channel(db, agent, NoticeChannelIn(**robot), House(SECRET_KEY, (), False))  # type: ignore[arg-type]
    reader = Actor(kind="key", role="brand", brand_id=brand.id)
    with make.database.transaction(reader) as db:
        to = add_channel(db, reader, NoticeChannelIn(**robot), House(SECRET_KEY, (), False))  # type: ignore[arg-type]
        turn = send_by_itself(db, reader, brand_id=None, channel_id=to.id, every="day", at=time(9))
    return {
        "brand": brand,
        "agency": agency,
        "host": host,
        "studio": studio,
        "shop": make.shop(brand),
        "product": product,
        "account": account,
        "campaign": campaign,
        "session": session,
        "series": series,
        "plan": plan,
        "entry": entry,
        "notice": notice,
        "channel": channel,
        "share": shared,
        "turn": SimpleNamespace(id=turn),
    }


def _repeated(db: Any, studio_id: int, brand_id: int, host_id: int) -> Series:
    given = {
        "title": "系列",
        "studio_id": studio_id,
        "brand_ids": [brand_id],
        "starts": "10:00",
        "ends": "12:00",
        "first_on": (clock.now(db) + timedelta(days=4)).date().isoformat(),
        "rule": "FREQ=DAILY;COUNT=1",
        "channels": [{"platform": "douyin"}],
        "participants": [{"host_id": host_id}],
    }
    return making.repeat(db, HUB, SeriesIn.model_validate(given))


_PREFIXES = {
    "brand": "brd",
    "agency": "agc",
    "host": "hst",
    "studio": "std",
    "shop": "shp",
    "product": "prd",
    "account": "acc",
    "campaign": "cmp",
    "session": "ses",
    "series": "srs",
    "plan": "pln",
    "entry": "ple",
    "notice": "ntc",
    "channel": "nch",
    "share": "shr",
    "turn": "smt",
}


def _written(side: dict[str, Any]) -> dict[str, str]:
    return {name: ids.public(prefix, side[name].id) for name, prefix in _PREFIXES.items()}
