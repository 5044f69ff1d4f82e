"""What of a session became another after its figures had been final: the figures now less those that were kept then."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.figures import Totals
from campaign.insight.tallies import COMPARED, NAMES, wall_params, walls
from campaign.kit.actor import Actor


@dataclass(frozen=True)
class AfterFinal:
    """Signed differences by currency, those of nought among them: totals less these are what was first final.

    since: when that was; None where it was not written down yet. Orders and buyers are not among the figures.
    """

    since: datetime | None
    totals: tuple[Totals, ...]

    @property
    def changed(self) -> tuple[Totals, ...]:
        """The currencies in which something is another."""
        return tuple(one for one in self.totals if any(getattr(one, name) for name in COMPARED))


_FINAL = text(
    "SELECT first_final_at FROM session_sales WHERE session_id = :session_id AND first_final_figures IS NOT NULL"
)
_COLUMNS = {name: NAMES[name] for name in COMPARED}
_OWNERS = "currency, brand_id, agency_id, host_id"


def after_final(db: Session, actor: Actor, session_id: int) -> AfterFinal | None:
    """Of what the actor may see; None before the figures were first final, and where it was not kept what they were."""
    values = {"session_id": session_id} | wall_params(actor)
    final = db.execute(_FINAL, values).one_or_none()
    if final is None:
        return None
    now, then = ", ".join(_COLUMNS.values()), ", ".join(f"-{name} AS {name}" for name in _COLUMNS.values())
    sums = ", ".join(f"sum(r.{column})::bigint AS {name}" for name, column in _COLUMNS.items())
    sql = (
        f"SELECT r.currency, {sums} FROM (SELECT {_OWNERS}, {now} FROM session_total WHERE session_id = :session_id"
        f" UNION ALL SELECT {_OWNERS}, {then} FROM session_final WHERE session_id = :session_id) r"
        f" WHERE {' AND '.join(walls(actor, 'r'))} GROUP BY 1 ORDER BY 1"
    )
    # Of other days' sales or of none: nothing here has a rate.
    made = (
        Totals(**row, orders=None, maturing_fen=None, rated=False)
        for row in db.execute(text(sql), values).mappings()
    )
    return AfterFinal(final.first_final_at, tuple(made))
