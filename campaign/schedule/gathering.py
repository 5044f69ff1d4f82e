"""Gathering what surrounds plans, for the rules: a fixed number of statements for any number of plans."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.kit.names import Bilingual
from campaign.parties.queries import get_hub, zone_of_hub
from campaign.schedule import claims
from campaign.schedule.rules.facts import AgencyBond, BrandBond, Days, Facts, Neighbour, Shift, Taken
from campaign.schedule.rules.plan import Plan
from campaign.schedule.rules.settings import RuleSettings
from campaign.schedule.spans import LONGEST, Span
from campaign.schedule.states import HOLDING
from campaign.schedule.windows import Dated, Weekly, Windows

_NEAR = timedelta(hours=36)

_WINDOW = """
    SELECT 'window' AS fact, w.host_id AS one, w.studio_id AS other, w.starts_at, w.ends_at,
           jsonb_build_object('shut', w.shut, 'weekday', w.weekday, 'from', w.from_time, 'to', w.to_time,
                              'reason', w.reason) AS detail
    FROM time_window w
    WHERE (w.weekday IS NOT NULL
           OR (w.starts_at < CAST(:to_at AS timestamptz) AND w.ends_at > CAST(:from_at AS timestamptz)))
      AND (w.host_id = ANY (CAST(:hosts AS bigint[])) OR w.studio_id = ANY (CAST(:studios AS bigint[]))
           OR (w.host_id IS NULL AND w.studio_id IS NULL))
"""
_FACTS = text(f"""
    {_WINDOW}
    UNION ALL
    SELECT 'shift', p.host_id, p.session_id, p.starts_at, p.ends_at, NULL
    FROM participant p JOIN live_session s ON s.id = p.session_id
    WHERE p.host_id = ANY (CAST(:hosts AS bigint[])) AND s.state = ANY (CAST(:holding AS text[]))
      AND p.starts_at < CAST(:rest_to AS timestamptz) AND p.starts_at > CAST(:rest_since AS timestamptz)
      AND p.ends_at > CAST(:rest_from AS timestamptz)
    UNION ALL
    SELECT 'agency', c.host_id, c.agency_id, NULL, NULL,
           jsonb_build_object('name', a.name, 'name_en', a.name_en, 'first', lower(c.during), 'after', upper(c.during))
    FROM host_contract c JOIN agency a ON a.id = c.agency_id
    WHERE c.exclusive AND c.host_id = ANY (CAST(:hosts AS bigint[]))
    UNION ALL
    SELECT 'brand', x.host_id, x.brand_id, NULL, NULL,
           jsonb_build_object('name', b.name, 'name_en', b.name_en,
                              'first', lower(x.during), 'after', upper(x.during), 'scope', x.scope)
    FROM host_exclusivity x JOIN brand b ON b.id = x.brand_id
    WHERE x.host_id = ANY (CAST(:hosts AS bigint[]))
    UNION ALL
    SELECT 'name', b.id, NULL, NULL, NULL, jsonb_build_object('name', b.name, 'name_en', b.name_en)
    FROM brand b
    WHERE b.id = ANY (CAST(:brands AS bigint[]))
      AND EXISTS (SELECT 1 FROM host_exclusivity x WHERE x.host_id = ANY (CAST(:hosts AS bigint[])))
    UNION ALL
    SELECT DISTINCT 'rival', beside.brand_id, NULL::bigint, NULL::timestamptz, NULL::timestamptz,
           jsonb_build_object('name', b.name, 'name_en', b.name_en, 'group', beside.name)
    FROM rival_group own JOIN rival_group beside ON beside.name = own.name JOIN brand b ON b.id = beside.brand_id
    WHERE own.brand_id = ANY (CAST(:brands AS bigint[]))
""")
_WINDOWS = text(_WINDOW)

# No session is longer than 24 h, so the index on starts_at bounds the search on both sides.
_NEIGHBOURS = text("""
    WITH near AS MATERIALIZED (
        SELECT s.id, s.title, s.starts_at, s.ends_at, s.studio_id, s.brand_ids, s.host_ids FROM live_session s
        WHERE s.starts_at < CAST(:to_at AS timestamptz) AND s.starts_at > CAST(:since AS timestamptz)
          AND s.ends_at > CAST(:from_at AS timestamptz) AND s.state = ANY (CAST(:holding AS text[])))
    SELECT near.*, goods.product_ids, goods.skus, outlets.platforms, outlets.accounts
    FROM near
    LEFT JOIN LATERAL (
        SELECT array_agg(l.product_id) AS product_ids, array_agg(p.sku) AS skus
        FROM lineup_item l JOIN product p ON p.id = l.product_id
        WHERE l.session_id = near.id AND l.product_id = ANY (CAST(:products AS bigint[]))) goods ON true
    LEFT JOIN LATERAL (
        SELECT array_agg(c.platform) AS platforms, array_agg(c.platform_account_id) AS accounts
        FROM session_channel c WHERE c.session_id = near.id) outlets ON true
    WHERE goods.product_ids IS NOT NULL OR near.brand_ids && CAST(:rivals AS bigint[])
""")


def facts_of(db: Session, actor: Actor, plans: Sequence[Plan], *, taken: Sequence[Taken] = ()) -> Facts:
    """What the rules need to judge these plans: two statements, a third where goods or rivals play a part.

    Bookings of one host, product, studio, account or crew take turns from here until they commit. Rest and goods
    are no overlap, so no constraint guards them; and where claims are given up and taken anew, the constraint
    alone would let two wait for each other in a circle.
    """
    hub, zone = get_hub(db, actor), zone_of_hub(db, actor)
    hosts = {host_id for plan in plans for host_id in plan.host_ids}
    products = {product_id for plan in plans for product_id in plan.product_ids}
    claims.take_turns(db, actor, {thing for plan in plans for thing in plan.things})
    within = Span(min(p.around.starts_at for p in plans), max(p.around.ends_at for p in plans))
    rows = db.execute(
        _FACTS,
        {
            "hosts": sorted(hosts),
            "studios": sorted({plan.studio.id for plan in plans}),
            "brands": sorted({brand_id for plan in plans for brand_id in plan.brand_ids}),
            "from_at": within.starts_at,
            "to_at": within.ends_at,
            "rest_from": within.starts_at - _NEAR,
            "rest_to": within.ends_at + _NEAR,
            "rest_since": within.starts_at - _NEAR - LONGEST,
            "holding": sorted(HOLDING),
        },
    ).all()
    found = _Sorter(rows)
    settings = RuleSettings.of(hub.settings)
    neighbours = _neighbours(db, settings, plans, within, sorted(found.groups), products, found.names)
    return Facts(
        now=clock.now(db),
        zone=zone,
        opens=hub.opens,
        closes=hub.closes,
        settings=settings,
        shifts=found.shifts,
        hub_windows=found.windows.get(("hub", 0), Windows()),
        studio_windows={key[1]: one for key, one in found.windows.items() if key[0] == "studio"},
        host_windows={key[1]: one for key, one in found.windows.items() if key[0] == "host"},
        agency_bonds=found.agency_bonds,
        brand_bonds=found.brand_bonds,
        groups={brand_id: frozenset(names) for brand_id, names in found.groups.items()},
        neighbours=neighbours,
        names=found.names,
        taken=taken,
    )


def windows_of(
    db: Session, actor: Actor, host_ids: Sequence[int], studio_ids: Sequence[int], within: Span
) -> dict[tuple[str, int], Windows]:
    """("host", id), ("studio", id) and ("hub", 0) → its windows, dated ones as far as they touch `within`."""
    values = {"hosts": list(host_ids), "studios": list(studio_ids)}
    rows = db.execute(_WINDOWS, values | {"from_at": within.starts_at, "to_at": within.ends_at})
    return _Sorter(rows.all()).windows


class _Sorter:
    """Rows of (fact, one, other, starts_at, ends_at, detail), each put where it belongs."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self.shifts: dict[int, list[Shift]] = defaultdict(list)
        self.agency_bonds: dict[int, list[AgencyBond]] = defaultdict(list)
        self.brand_bonds: dict[int, list[BrandBond]] = defaultdict(list)
        self.groups: dict[int, set[str]] = defaultdict(set)
        self.names: dict[tuple[str, int], str] = {}
        weekly: dict[tuple[str, int], list[Weekly]] = defaultdict(list)
        dated: dict[tuple[str, int], list[Dated]] = defaultdict(list)
        for fact, one, other, starts_at, ends_at, detail in rows:
            if fact == "shift":
                self.shifts[one].append(Shift(other, Span(starts_at, ends_at)))
            elif fact == "agency":
                self.agency_bonds[one].append(AgencyBond(other, _name(detail), _days(detail)))
            elif fact == "brand":
                bond = BrandBond(other, _name(detail), detail["scope"], _days(detail))
                self.brand_bonds[one].append(bond)
                self.names["brand", other] = _name(detail)
            elif fact == "name":
                self.names["brand", one] = _name(detail)
            elif fact == "rival":
                self.groups[one].add(detail["group"])
                self.names["brand", one] = _name(detail)
            elif detail["weekday"] is None:
                dated[_owner(one, other)].append(
                    Dated(Span(starts_at, ends_at), detail["shut"], detail["reason"])
                )
            else:
                weekly[_owner(one, other)].append(_weekly(detail))
        self.windows = {key: Windows(weekly[key], dated[key]) for key in {*weekly, *dated}}


def _owner(host_id: int | None, studio_id: int | None) -> tuple[str, int]:
    if host_id is not None:
        return "host", host_id
    return ("studio", studio_id) if studio_id is not None else ("hub", 0)


def _weekly(detail: dict[str, Any]) -> Weekly:
    from_time, to_time = time.fromisoformat(detail["from"]), time.fromisoformat(detail["to"])
    return Weekly(detail["weekday"], from_time, to_time, detail["shut"])


def _name(detail: dict[str, Any]) -> Bilingual:
    return Bilingual(detail["name"], detail["name_en"])


def _days(detail: dict[str, Any]) -> Days:
    first, after = detail["first"], detail["after"]
    return Days(date.fromisoformat(first) if first else None, date.fromisoformat(after) if after else None)


def _neighbours(
    db: Session,
    settings: RuleSettings,
    plans: Sequence[Plan],
    within: Span,
    rivals: list[int],
    products: set[int],
    names: dict[tuple[str, int], str],
) -> list[Neighbour]:
    wants_goods = products and settings.level("same_sku") != "off"
    wants_rivals = rivals and settings.level("rival_brands") != "off"
    if not (wants_goods or wants_rivals):
        return []
    gap = max(settings.sku_gap, settings.rival_gap)
    from_at: datetime = within.starts_at - gap
    rows = db.execute(
        _NEIGHBOURS,
        {
            "from_at": from_at,
            "to_at": within.ends_at + gap,
            "since": from_at - LONGEST,
            "holding": sorted(HOLDING),
            "products": sorted(products) if wants_goods else [],
            "rivals": rivals if wants_rivals else [],
        },
    )
    return [_neighbour(row, names) for row in rows]


def _neighbour(row: Any, names: dict[tuple[str, int], str]) -> Neighbour:
    for product_id, sku in zip(row.product_ids or (), row.skus or (), strict=True):
        names["product", product_id] = sku
    return Neighbour(
        session_id=row.id,
        title=row.title,
        span=Span(row.starts_at, row.ends_at),
        studio_id=row.studio_id,
        host_ids=frozenset(row.host_ids),
        account_ids=frozenset(account for account in row.accounts or () if account is not None),
        platforms=frozenset(row.platforms or ()),
        brand_ids=frozenset(row.brand_ids),
        product_ids=frozenset(row.product_ids or ()),
    )
