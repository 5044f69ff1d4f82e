"""Notices: facts for people. Written with the change itself or by the clock; worded where they are read."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BigInteger, FetchedValue
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from campaign.kit import clock
from campaign.kit.database import Base
from campaign.outbox.actions import wake

Audience = Literal["hub", "brand", "agency", "host"]
HUB_ID = 0
"""party_id of the hub: there is one."""

Group = Literal["alert", "arrival", "deadline", "reminder", "change", "system"]
GROUPS: tuple[Group, ...] = ("alert", "arrival", "deadline", "reminder", "change", "system")
"""What a channel chooses by: the part of a kind before the dot."""

URGENT = frozenset(("alert", "arrival"))
"""Groups that go out during quiet hours: somebody must act now, or a show fails."""

FOR_PARTY: dict[str, tuple[Group, ...]] = {
    "hub": GROUPS,
    "agency": ("arrival", "deadline", "reminder", "change", "system"),
    "brand": ("change", "system"),
}
"""The groups each party ever hears of."""


class Notice(Base):
    """One fact for one party. `kind` is group.what; `params` fill its words; `key` lets it be told once."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=FetchedValue())
    kind: Mapped[str]
    audience: Mapped[str]
    party_id: Mapped[int] = mapped_column(BigInteger)
    session_id: Mapped[int | None] = mapped_column(BigInteger)
    alert_id: Mapped[int | None] = mapped_column(BigInteger)
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    key: Mapped[str]
    at: Mapped[datetime]
    useful_until: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_name: Mapped[str | None]
    fanned_at: Mapped[datetime | None]


def group_of(kind: str) -> str:
    """deadline.soon → deadline."""
    return kind.partition(".")[0]


def tell(
    db: Session,
    kind: str,
    audience: Audience,
    party_ids: Iterable[int],
    *,
    key: str,
    params: Mapping[str, Any],
    session_id: int | None = None,
    channel_id: int | None = None,
    useful_until: datetime | None = None,
) -> None:
    """Tell each party this, unless it was told under the same `key` before. The sender takes it from here.

    `params` are plain JSON (instants as ISO text) and hold only what that audience may see: no other party's
    matter. For the hub party_ids is (HUB_ID,). Any actor may tell any party; nobody reads another's.
    """
    rows = [
        {
            "kind": kind,
            "audience": audience,
            "party_id": party_id,
            "session_id": session_id,
            "channel_id": channel_id,
            "params": dict(params),
            "key": key,
            "at": clock.now(db),
            "useful_until": useful_until,
        }
        for party_id in sorted(set(party_ids))
    ]
    if not rows:
        return
    # Without a target: to compare keys the database would have to let the writer read other parties' rows.
    db.execute(insert(Notice).values(rows).on_conflict_do_nothing().inline())
    wake(db)
