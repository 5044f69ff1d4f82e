"""Against the platform: its own figures of a session beside ours, and what parts the two, to the fen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.insight.audience import Audience
from campaign.insight.figures import Totals
from campaign.insight.gaps import Gap, Held, gap
from campaign.insight.tallies import wall_params, walls
from campaign.kit.actor import Actor
from campaign.kit.money import divided

_CURRENCY = "CNY"
_GRACE_MINUTES = 10
"""As attribution has it: what is ordered so long after the end is still the show's."""


@dataclass(frozen=True)
class Against:
    """The platform's figures as of its report. missing: what it told and we have nothing of to hold beside.

    peak_online, average_online (PCU, ACU): the platform's alone. What samples make of them is another figure: 16.4
    where the platform said 22. The average has a fraction, in hundredths.
    click_to_buy: the platform's buyers per person who clicked a product, in ten-thousandths; None where a room's report
    has not both, or nobody clicked.
    """

    as_of: datetime
    rooms: int
    gaps: tuple[Gap, ...]
    missing: Mapping[str, int]
    peak_online: int | None = None
    average_online_hundredths: int | None = None
    click_to_buy: int | None = None

    @property
    def average_online(self) -> int | None:
        """In whole people."""
        exact = self.average_online_hundredths
        return None if exact is None else divided(exact, 100)


_REPORTS = text(
    "SELECT r.exported_at, r.figures FROM session_report r JOIN live_session s ON s.id = r.session_id"
    " WHERE r.session_id = :id AND (CAST(:brand_id AS bigint) IS NULL"
    " OR s.brand_ids = ARRAY[CAST(:brand_id AS bigint)]) ORDER BY r.room_id"
)


def against_platform(
    db: Session, actor: Actor, session_id: int, totals: Sequence[Totals], audience: Audience | None
) -> Against | None:
    """For the hub, and for a brand whose show alone it was; None where no report was brought."""
    if not actor.is_hub and actor.role != "brand":
        return None
    reports = db.execute(_REPORTS, {"id": session_id, "brand_id": actor.brand_id}).all()
    if not reports:
        return None
    figures = [_as_now(one.figures) for one in reports]
    told: dict[str, int] = {}
    for room in figures:
        for name, value in room.items():
            if name not in _NOT_ADDED:
                told[name] = told.get(name, 0) + value
    as_of = min(one.exported_at for one in reports)
    ours = next((one for one in totals if one.currency == _CURRENCY), Totals(_CURRENCY))
    held = dict(db.execute(_held(actor), wall_params(actor) | _params(session_id, as_of)).mappings().one())
    gaps = tuple(_gaps(told, ours, audience, held))
    compared = {one.figure for one in gaps}
    return Against(
        as_of=as_of,
        rooms=len(reports),
        gaps=gaps,
        missing={name: told[name] for name in told if name not in compared},
        peak_online=_peak(figures),
        average_online_hundredths=_average(figures),
        click_to_buy=_click_to_buy(figures),
    )


_ONLINE = text(
    "SELECT session_id, figures FROM session_report WHERE session_id = ANY (:ids) ORDER BY session_id, room_id"
)


def platform_online(db: Session, session_ids: Sequence[int]) -> dict[int, tuple[int | None, int | None]]:
    """Session → the peak, and the average in hundredths, as its page gives them. For shows of one brand alone."""
    rooms: dict[int, list[dict[str, int]]] = {}
    for row in db.execute(_ONLINE, {"ids": list(session_ids)}):
        rooms.setdefault(row.session_id, []).append(_as_now(row.figures))
    return {session_id: (_peak(told), _average(told)) for session_id, told in rooms.items()}


def _peak(rooms: Sequence[Mapping[str, int]]) -> int | None:
    return max((room["peak_online"] for room in rooms if "peak_online" in room), default=None)


_AVERAGE = "average_online_hundredths"
_CLICKERS = "product_clickers"
_NOT_ADDED = frozenset(("peak_online", _AVERAGE, "seconds_on_air"))


def _average(rooms: Sequence[Mapping[str, int]]) -> int | None:
    """In hundredths, weighted by time on air. Of several rooms of which one does not tell either, there is none."""
    if len(rooms) == 1:
        return rooms[0].get(_AVERAGE)
    if any(_AVERAGE not in one or "seconds_on_air" not in one for one in rooms):
        return None
    seconds = sum(one["seconds_on_air"] for one in rooms)
    return divided(sum(one[_AVERAGE] * one["seconds_on_air"] for one in rooms), seconds)


def _click_to_buy(rooms: Sequence[Mapping[str, int]]) -> int | None:
    """The rate of the totals, not the mean of rates."""
    if any("buyers" not in one or _CLICKERS not in one for one in rooms):
        return None
    return divided(sum(one["buyers"] for one in rooms) * 10_000, sum(one[_CLICKERS] for one in rooms))


def _as_now(figures: Mapping[str, int]) -> dict[str, int]:
    """A report's figures by today's names.

    Those brought before averages had fractions tell whole people alone; those who clicked stood there as clicks.
    """
    told = dict(figures)
    if "product_clicks" in told:
        told[_CLICKERS] = told.pop("product_clicks")
    if "average_online" in told:
        told[_AVERAGE] = told.pop("average_online") * 100
    return told


_REPORTED = text("SELECT session_id FROM session_report GROUP BY 1 ORDER BY max(exported_at) DESC LIMIT 200")


def reported_sessions(db: Session, actor: Actor) -> list[int]:
    """Sessions with a report of their platform, the newest 200 first."""
    return list(db.execute(_REPORTED).scalars())


def _params(session_id: int, as_of: datetime) -> dict[str, Any]:
    return {"id": session_id, "as_of": as_of, "grace": _GRACE_MINUTES}


def _gaps(
    told: Mapping[str, int], ours: Totals, audience: Audience | None, held: Mapping[str, int]
) -> list[Gap]:
    """The figures that both sides have."""
    found = []
    if "paid_fen" in told:
        found.append(gap("paid_fen", "fen", ours.paid_gmv_fen, told["paid_fen"], _causes(held, "fen")))
    if "merchant_fen" in told:
        # The platform's "deal amount" has its subsidies in it, beside what buyers paid.
        subsidies = Held("subsidies", ours.merchant_gmv_fen - ours.paid_gmv_fen, certain=True)
        causes = [subsidies, *_causes(held, "fen")]
        found.append(gap("merchant_fen", "fen", ours.paid_gmv_fen, told["merchant_fen"], causes))
    if "orders" in told:
        found.append(gap("orders", "", ours.orders or 0, told["orders"], _causes(held, "orders")))
    if "refund_fen" in told:
        later = Held("refunded_later", -held["refunded_later_fen"], certain=True)
        found.append(gap("refund_fen", "fen", ours.refund_fen, told["refund_fen"], [later]))
    if "buyers" in told and ours.buyers is not None:
        found.append(gap("buyers", "", ours.buyers, told["buyers"], []))
    # Clicks are not among them: the report counts the people who clicked, our samples the clicks.
    for name in ("viewers", "views", "follows"):
        counted = getattr(audience, name) if audience is not None else None
        if name in told and counted is not None:
            found.append(gap(name, "", counted, told[name], []))
    return found


def _causes(held: Mapping[str, int], unit: str) -> list[Held]:
    """Paid later is certain: the report cannot hold it. The others are there to be counted by the platform or not."""
    later = Held("paid_later", -held[f"paid_later_{unit}"], certain=True)
    names = ("unattributed", "unpaid", "samples", "outside_live")
    return [later, *(Held(name, held[f"{name}_{unit}"]) for name in names)]


_SUMS = {
    "paid_later": ("l.session_id = :id AND l.paid_at > :as_of AND {counts}", "l.paid_fen"),
    "unattributed": ("l.bucket = 'unattributed' AND l.paid_at <= :as_of AND {counts}", "l.paid_fen"),
    "unpaid": ("l.session_id = :id AND l.paid_at IS NULL AND {counts}", "l.order_fen"),
    "samples": ("l.kind IN ('gift', 'sample')", "l.order_fen"),
    "outside_live": ("l.bucket = 'outside_live' AND l.paid_at <= :as_of AND {counts}", "l.paid_fen"),
}


# What a line's refunds took from it, less what those had taken that came before: together they take no more than was
# paid, and what exceeds it is compensation.
_REFUNDED_LATER = (
    "SELECT coalesce(sum(m.refund_fen - least(m.paid_fen, r.before_fen)), 0)::bigint FROM line m CROSS JOIN LATERAL"
    " (SELECT coalesce(sum(f.amount_fen) FILTER (WHERE f.succeeded_at <= :as_of), 0) AS before_fen,"
    " bool_or(f.succeeded_at > :as_of) AS later FROM refund f WHERE f.shop_id = m.shop_id AND f.line_id = m.line_id"
    " AND f.status = 'success' AND coalesce(f.currency, m.currency) = m.currency) r WHERE r.later"
    " AND m.session_id = :id AND m.kind IN ('sale', 'service')"
)


def _held(actor: Actor) -> Any:
    """What of the session, or beside it on its accounts within its time, may part the two."""
    columns = []
    for name, (where, amount) in _SUMS.items():
        money, sold = (
            where.format(counts=f"l.kind IN {kinds}") for kinds in ("('sale', 'service')", "('sale')")
        )
        columns.append(f"coalesce(sum({amount}) FILTER (WHERE {money}), 0)::bigint AS {name}_fen")
        columns.append(
            f"count(DISTINCT (l.shop_id, l.parent_order_id)) FILTER (WHERE {sold}) AS {name}_orders"
        )
    wall = " AND ".join(walls(actor, "l"))
    return text(
        "WITH show AS (SELECT s.id, s.actual_starts_at AS from_at, s.actual_ends_at"
        " + make_interval(mins => :grace) AS to_at, array_remove(array_agg(a.external_id), NULL) AS authors,"
        " array_agg(DISTINCT c.platform) AS platforms FROM live_session s"
        " JOIN session_channel c ON c.session_id = s.id LEFT JOIN platform_account a ON a.id = c.platform_account_id"
        " WHERE s.id = :id GROUP BY s.id), line AS ("
        f"SELECT l.* FROM order_line l WHERE l.session_id = :id AND l.known AND l.currency = '{_CURRENCY}' AND {wall}"
        " UNION ALL SELECT l.* FROM show, order_line l WHERE l.session_id IS NULL AND l.known"
        f" AND l.author_id = ANY (show.authors) AND l.platform = ANY (show.platforms) AND l.currency = '{_CURRENCY}'"
        f" AND l.ordered_at >= show.from_at AND l.ordered_at < show.to_at AND {wall})"
        f" SELECT {', '.join(columns)}, ({_REFUNDED_LATER}) AS refunded_later_fen FROM line l"
    )
