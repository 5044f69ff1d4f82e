"""What the demo's planners have in hand: a weekly night as a series, and the week after next as a plan."""

from datetime import date, time, timedelta

from sqlalchemy.orm import Session

from campaign.cli.demo.parties import Cast
from campaign.kit import ids
from campaign.kit.actor import Actor
from campaign.schedule.plans import drafting
from campaign.schedule.plans.schemas import PlanIn
from campaign.schedule.series import making
from campaign.schedule.series.schemas import SeriesIn

_FRIDAY = 4


def lay_out(db: Session, actor: Actor, cast: Cast, today: date) -> None:
    """Fridays late at night from the second week on, and a plan filled with the days that come."""
    first = today + timedelta(days=8 + (_FRIDAY - today.weekday() - 8) % 7)
    given = {
        "title": "周五尾货夜场",
        "studio_id": ids.public("std", cast.studios[-1].id),
        "brand_ids": [ids.public("brd", cast.brands[0].id)],
        "starts": f"{time(23):%H:%M}",
        "ends": f"{time(1):%H:%M}",
        "channels": [{"platform": "douyin", "platform_account_id": ids.public("acc", cast.accounts[-1].id)}],
        "participants": [{"host_id": ids.public("hst", cast.hosts[-1].id)}],
        "first_on": first.isoformat(),
        "rule": "FREQ=WEEKLY;COUNT=6",
        "skip_conflicts": True,
        "override": {"reason": "演示排期"},
    }
    making.repeat(db, actor, SeriesIn.model_validate(given))
    plan = {
        "name": "下周草案",
        "note": "照这几天的场次排，等机构档期定了再发布。",
        "first_day": (today + timedelta(days=8)).isoformat(),
        "last_day": (today + timedelta(days=14)).isoformat(),
        "copy_from": (today + timedelta(days=1)).isoformat(),
    }
    drafting.open_plan(db, actor, PlanIn.model_validate(plan))
