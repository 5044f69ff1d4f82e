"""The result of a session or of a range as a picture to pass on, in the reader's language and of what the reader sees.

Here is said what it shows; templates/pictures/report.typ draws it, and kit.pictures makes the PNG.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response
from sqlalchemy.orm import Session

from campaign.gate.door import Later
from campaign.gate.wording import in_words
from campaign.gate.written import count, fen, fen_short, language, named, names, rate
from campaign.insight.audience import Audience
from campaign.insight.curves import Curve, curves_of
from campaign.insight.figures import Completeness, Group, Minute, ProductRow, Totals
from campaign.insight.summary import brand_summary, session_sales
from campaign.kit.actor import Actor
from campaign.kit.errors import WrongState
from campaign.kit.pictures import png
from campaign.parties.models import Brand
from campaign.parties.queries import get, get_hub, zone_of_hub
from campaign.schedule.queries import get_session
from campaign.schedule.views import SessionView

MOST_PRODUCTS = 5
_WHOLE = 10_000

Told = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What a picture is told, as templates/pictures/report.typ wants it, and the name of its file."""

    name: str
    told: Told

    def drawn(self) -> bytes:
        """The PNG. Raises NoChineseFont, Unavailable; takes half a second: not within a transaction."""
        return png("report.typ", self.told)

    def answer(self) -> Later:
        """The file as an answer, drawn once the database has been given back."""
        return Later(self._answer)

    def _answer(self) -> Response:
        answer = Response(self.drawn(), content_type="image/png")
        answer.headers["Content-Disposition"] = f'attachment; filename="{self.name}.png"'
        return answer


def range_report(
    db: Session, actor: Actor, brand_id: int, first: date, last: date, *, basis: str = "cohort"
) -> Report:
    """A brand's result over business days, both in. Raises NotFound."""
    summary = brand_summary(db, actor, brand_id, first, last, basis=basis)
    zone = zone_of_hub(db, actor)

    curves = _curves(summary.minutes)

    def curve(currency: str) -> Told | None:
        if first != last:
            return _by_day(summary.days, currency, first, last)
        return _by_minute(curves.get(currency), currency, zone) if basis == "cohort" else None

    loose = [
        _say("unattributed", amount=fen(one.unattributed_fen, one.currency))
        for one in summary.beneath
        if one.unattributed_fen
    ]
    days = f"{first}" if first == last else f"{first} – {last}"
    told = _told(db, actor, "range", named(get(db, actor, Brand, brand_id)), [days])
    told["currencies"] = [_block(one, summary.products, curve(one.currency)) for one in summary.totals]
    told["foot"] = [
        _complete(summary.complete, zone),
        f"{_as_of(summary.as_of, zone)} · {_say(basis)}",
        *_meant(summary.totals, rated=basis == "cohort"),
        *loose,
    ]
    return Report(f"report-{first}-{last}", told)


def session_report(db: Session, actor: Actor, session_id: int) -> Report:
    """A session's result, of what the actor sees of it. Raises NotFound, WrongState before it went on air."""
    session = get_session(db, actor, session_id)
    if session.actual_starts_at is None:
        raise WrongState
    sales = session_sales(db, actor, session_id)
    zone = zone_of_hub(db, actor)
    told = _told(db, actor, "session", session.title, _when_and_who(session, zone))
    curves = _curves(sales.minutes)
    told["currencies"] = [
        _block(one, sales.products, _by_minute(curves.get(one.currency), one.currency, zone), sales.audience)
        for one in sales.totals
    ]
    told["foot"] = [
        _complete(sales.complete, zone),
        _as_of(sales.as_of, zone),
        *_meant(sales.totals, rated=True),
        *part_of(actor, session),
    ]
    return Report(f"report-{session.actual_starts_at.astimezone(zone):%Y-%m-%d-%H%M}", told)


def _told(db: Session, actor: Actor, kind: str, title: str, under: Sequence[str]) -> Told:
    return {
        "language": language(),
        "house": named(get_hub(db, actor)),
        "kind": _say(kind),
        "title": title,
        "under": [line for line in under if line],
        "products": _say("products"),
        "total": _word("total"),
    }


def _when_and_who(session: SessionView, zone: ZoneInfo) -> list[str]:
    starts_at = (session.actual_starts_at or session.starts_at).astimezone(zone)
    ends_at = (session.actual_ends_at or session.ends_at).astimezone(zone)
    studio = session.studio_name_en if language() == "en" else ""
    where = [f"{starts_at:%Y-%m-%d %H:%M}–{ends_at:%H:%M}", studio or session.studio_name]
    if session.participants:
        where.append(names(session.participants))
    brands = names(session.brands) if session.brands else ""
    if session.other_brands:
        brands = " ".join([brands, _say("others", num=session.other_brands)]).strip()
    return [" · ".join(where), brands]


def part_of(actor: Actor, session: SessionView) -> list[str]:
    """Says so where the figures are a part of the session."""
    if actor.role in ("agency", "host"):
        return [_say("own_shifts")]
    return [_say("own_brand")] if actor.role == "brand" and session.other_brands else []


def _block(
    one: Totals, products: Sequence[ProductRow], curve: Told | None, audience: Audience | None = None
) -> Told:
    """All of one currency: amounts of two never meet."""
    state = "maturing" if one.maturing else "final"
    short, exact = fen_short(one.paid_gmv_fen, one.currency), fen(one.paid_gmv_fen, one.currency)
    return {
        "currency": one.currency,
        "hero": {"label": _word("paid_gmv_fen"), "value": short, "exact": exact},
        "state": {"code": state, "label": in_words(f"maturity.{state}", {})} if one.rated else None,
        "became": _became(one) if one.rated else [],
        "figures": _figures(one) + (_watched(audience, one) if audience else []),
        "curve": curve,
        "products": _products(one, [row for row in products if row.totals.currency == one.currency]),
        "whole": exact,
    }


def _became(one: Totals) -> list[Told]:
    """What became of the paid amount, with the parts' share of it in ten-thousandths."""
    parts, left = [], _WHOLE
    # Told of a cohort as it is now, which knows both.
    amounts = {"kept": one.kept_fen or 0, "maturing": one.maturing_fen or 0, "refunded": one.refund_fen}
    for code, amount in amounts.items():
        share = min(left, max(0, _share(amount, one.paid_gmv_fen)))
        left -= share
        parts.append({"code": code, "label": _say(code), "value": fen(amount, one.currency), "share": share})
    return parts


def _figures(one: Totals) -> list[Told]:
    found = [
        ("net_gmv_fen", fen_short(one.net_gmv_fen, one.currency)),
        ("refund_fen", fen_short(one.refund_fen, one.currency)),
        ("refund_rate", rate(one.refund_rate)),
        ("orders", count(one.orders)),
        ("units", count(one.units)),
        ("per_order_fen", fen(one.per_order_fen, one.currency)),
    ]
    if one.buyers is not None:
        found += [
            ("buyers", count(one.buyers)),
            ("per_buyer_fen", fen(one.per_buyer_fen, one.currency)),
            ("per_unit_fen", fen(one.per_unit_fen, one.currency)),
        ]
    return [{"label": _word(name), "value": value} for name, value in found]


def _watched(audience: Audience, one: Totals) -> list[Told]:
    viewers = "person_times" if audience.is_person_times else "viewers"
    found = [
        (viewers, audience.viewers, count(audience.viewers)),
        ("views", audience.views, count(audience.views)),
        ("gpm_fen", audience.views, fen(audience.ratios(one).gpm_fen, one.currency)),
    ]
    return [{"label": _word(name), "value": value} for name, told, value in found if told is not None]


def _products(one: Totals, rows: Sequence[ProductRow]) -> list[Told]:
    """Those that sold most, and the rest as one, so that they add up to the total."""
    rows = [row for row in rows if row.totals.paid_gmv_fen]
    twice = Counter(named(row) for row in rows)
    told = [
        _bar(_called(row, twice[named(row)] > 1), row.totals.paid_gmv_fen, one, row.product_id)
        for row in rows[:MOST_PRODUCTS]
    ]
    rest = one.paid_gmv_fen - sum(row.totals.paid_gmv_fen for row in rows[:MOST_PRODUCTS])
    if rest:
        told.append(_bar(_say("rest", num=max(1, len(rows) - MOST_PRODUCTS)), rest, one, None))
    return told


def _called(row: ProductRow, namesake: bool) -> str:
    """Two brands may sell the same by name: then the SKU tells them apart."""
    if row.product_id is None:
        return _say("unknown")
    return f"{named(row)} · {row.sku}" if namesake else named(row)


def _bar(label: str, amount: int, one: Totals, product_id: int | None) -> Told:
    share = min(_WHOLE, max(0, _share(amount, one.paid_gmv_fen)))
    value = fen(amount, one.currency)
    return {"label": label, "value": value, "share": share, "named": product_id is not None}


def _by_day(days: Sequence[Group], currency: str, first: date, last: date) -> Told | None:
    paid = {one.key: sum(t.paid_gmv_fen for t in one.totals if t.currency == currency) for one in days}
    every = [paid.get(str(first + timedelta(days=n)), 0) for n in range((last - first).days + 1)]
    return _drawn(
        every, currency, "days", lambda top: _say("per_day", top=top), (f"{first:%m-%d}", f"{last:%m-%d}")
    )


def _curves(minutes: Sequence[Minute]) -> dict[str, Curve]:
    short = not minutes or max(p.at for p in minutes) - min(p.at for p in minutes) < timedelta(hours=1)
    return curves_of(minutes, least_step=1 if short else 5)


def _by_minute(curve: Curve | None, currency: str, zone: ZoneInfo) -> Told | None:
    if curve is None:
        return None
    ends = (curve.points[0].at.astimezone(zone), curve.points[-1].at.astimezone(zone))
    return _drawn(
        [one.fen for one in curve.points],
        currency,
        "curve",
        lambda top: _say("per_minutes", minutes=curve.step_minutes, top=top),
        (f"{ends[0]:%m-%d %H:%M}", f"{ends[1]:%m-%d %H:%M}"),
    )


def _drawn(
    amounts: Sequence[int], currency: str, form: str, scale: Callable[[str], str], ends: tuple[str, str]
) -> Told | None:
    top = max(amounts)
    if top <= 0:
        return None
    return {
        "form": form,
        "title": _say("over_time"),
        "scale": scale(fen_short(top, currency)),
        "points": [max(0, _share(amount, top)) for amount in amounts],
        "from": ends[0],
        "to": ends[1],
    }


def _complete(shops: Sequence[Completeness], zone: ZoneInfo) -> str:
    """The shop that is furthest behind decides, and shops that sent nothing are counted."""
    known = [one.complete_through for one in shops if one.complete_through is not None]
    if not known:
        return _say("no_data")
    at = f"{min(known).astimezone(zone):%Y-%m-%d %H:%M}"
    silent = len(shops) - len(known)
    return _say("complete_but", at=at, num=silent) if silent else _say("complete", at=at)


def _as_of(at: datetime, zone: ZoneInfo) -> str:
    return _say("as_of", at=f"{at.astimezone(zone):%Y-%m-%d %H:%M}")


def _meant(totals: Sequence[Totals], *, rated: bool) -> list[str]:
    """What the figures are by definition."""
    said = [_say("meant_paid"), _say("meant_net")]
    return [*said, _say("meant_maturing")] if rated and any(one.maturing for one in totals) else said


def _share(part: int, whole: int) -> int:
    return part * _WHOLE // whole if whole > 0 else 0


def _word(name: str) -> str:
    return in_words(f"figure.{name}", {})


def _say(name: str, **params: Any) -> str:
    return in_words(f"report.{name}", params)
