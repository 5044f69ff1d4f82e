"""Why a session needs somebody now. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaign.schedule.views import SessionView

_SOON_DUE = timedelta(hours=2)


@dataclass(frozen=True)
class Attention:
    """A session that needs somebody, and why (a code)."""

    session: SessionView
    code: str


def attention_codes(view: SessionView, now: datetime) -> list[str]:
    """Why a session needs somebody; empty when it does not."""
    codes = []
    if view.state != "live" and any(p.acceptance in ("declined", "expired") for p in view.participants):
        codes.append("person_missing")
    if view.state == "offered" and view.offer_deadline_at and view.offer_deadline_at < now + _SOON_DUE:
        codes.append("offer_soon_due")
    if view.state in ("accepted", "ready") and view.starts_at <= now:
        codes.append("late_start")
    if view.state in ("draft", "offered") and view.starts_at < now + _SOON_DUE:
        codes.append("not_confirmed")
    if view.state == "live" and view.ends_at <= now:
        codes.append("overrunning")
    return codes
