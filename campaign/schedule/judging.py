"""Putting a planned session to the rules with what surrounds it, and finding a way out where it is refused."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.kit import clock
from campaign.kit.actor import Actor
from campaign.parties.models import Studio
from campaign.parties.queries import get_hub, zone_of_hub
from campaign.schedule import alternatives, claims, crew, gathering, ranking
from campaign.schedule.alternatives import Slot
from campaign.schedule.errors import Conflicting, NeedsOverride, written_conflict
from campaign.schedule.models import LiveSession, Participant, SessionChannel
from campaign.schedule.rules.conflict import Conflict
from campaign.schedule.rules.facts import Taken
from campaign.schedule.rules.judging import Findings, judge
from campaign.schedule.rules.plan import Plan
from campaign.schedule.rules.settings import RestRules
from campaign.schedule.spans import Span, Wanted, claims_of


def findings_of(
    db: Session,
    actor: Actor,
    plan: Plan,
    before: Plan | None = None,
    *,
    taken: Sequence[Taken] = (),
    beside: Sequence[Plan] = (),
) -> Findings:
    """What stands in a plan's way. `before`: the plan that stood, whose own troubles are no news.
    `beside`: plans to be looked at in the place of their sessions.
    """
    plans = [plan] if before is None else [plan, before]
    facts = gathering.facts_of(db, actor, plans, taken=taken)
    if taken:
        facts = replace(facts, names={**facts.names, **account_names(db, taken)})
    if beside:
        facts = replace(
            facts.beside(beside), names={**facts.names, **thing_names(db, actor, [plan, *beside])}
        )
    return judge(plan, facts, before)


_NAMES = text("""
    SELECT 'product' AS kind, id, sku AS name FROM product WHERE id = ANY (CAST(:products AS bigint[]))
    UNION ALL SELECT 'platform_account', id, name FROM platform_account WHERE id = ANY (CAST(:accounts AS bigint[]))
""")


def thing_names(db: Session, actor: Actor, plans: Sequence[Plan]) -> dict[tuple[str, int], str]:
    """("product" | "platform_account", id) → what words call it, for plans that meet each other before they stand."""
    products = {product_id for plan in plans for product_id in plan.product_ids}
    accounts = {account_id for plan in plans for account_id in plan.account_ids}
    rows = db.execute(_NAMES, {"products": sorted(products), "accounts": sorted(accounts)})
    return {(row.kind, row.id): row.name for row in rows}


def refuse_hard(db: Session, actor: Actor, plan: Plan, findings: Findings) -> None:
    """Raise Conflicting when a hard rule is broken: what is taken is told in the same breath."""
    if findings.hard:
        refuse(db, actor, plan, in_the_way(db, actor, plan))


def in_the_way(db: Session, actor: Actor, plan: Plan) -> list[Taken]:
    """Other sessions' claims on what the plan needs: studio, hosts, accounts, crews."""
    now = clock.now(db)
    taken = claims.in_the_way(db, actor, plan.session_id, plan.wanted(), now=now)
    return taken + crew.in_the_way(db, actor, plan.session_id, plan.session, plan.crew, now=now)


def refuse(db: Session, actor: Actor, plan: Plan, taken: Sequence[Taken]) -> None:
    """Raise Conflicting, naming what is in the way and where it would fit instead."""
    hard: Sequence[Conflict] = findings_of(db, actor, plan, taken=taken).hard
    if not hard:
        # The other booking may have gone between our claim and this look: still refused, said plainly.
        hard = [Conflict("just_taken", "session", None, plan.session.starts_at, plan.session.ends_at)]
    raise Conflicting(hard, lambda later: find_alternatives(later, actor, plan))


_SAME = ("rule", "resource_id", "starts_at", "ends_at")


def kept_warnings(
    findings: Findings, reason: str | None, known: Sequence[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """Soft findings as warnings to keep, where a reason lets them through; raises NeedsOverride else.

    `known` are warnings that have their reason already: the same one is not asked for twice.
    """
    reasons = {tuple(warning[name] for name in _SAME): warning["reason"] for warning in known}
    kept, asking = [], []
    for conflict in findings.known:
        warning = written_conflict(conflict)
        if (same := tuple(warning[name] for name in _SAME)) in reasons:
            kept.append(warning | {"reason": reasons[same]})
    for conflict in findings.soft:
        warning = written_conflict(conflict)
        why = reason or reasons.get(tuple(warning[name] for name in _SAME))
        kept.append(warning | {"reason": why})
        if why is None:
            asking.append(conflict)
    if asking:
        raise NeedsOverride(asking)
    return kept


def account_names(db: Session, taken: Sequence[Taken]) -> dict[tuple[str, int], str]:
    """("platform_account", id) → its name, for words about what is taken."""
    ids = [other.thing_id for other in taken if other.kind == "platform_account"]
    if not ids:
        return {}
    rows = db.execute(
        text("SELECT id, name FROM platform_account WHERE id = ANY (CAST(:ids AS bigint[]))"), {"ids": ids}
    )
    return {("platform_account", row.id): row.name for row in rows}


def find_alternatives(db: Session, actor: Actor, plan: Plan) -> list[Slot]:
    """Up to five places where all of the plan would fit: nothing taken, nobody away, nothing closed.

    Ranked as free places are, less what they lie away from the time that was wanted.
    """
    now = clock.now(db)
    day = timedelta(days=1)
    within = Span(
        plan.session.starts_at - alternatives.REACH - day, plan.session.ends_at + alternatives.REACH + day
    )
    studios = db.execute(
        select(Studio.id, Studio.setup_minutes, Studio.teardown_minutes)
        .where(Studio.archived_at.is_(None))
        .order_by(Studio.sort_key, Studio.id)
    ).all()
    studio_ids = [studio.id for studio in studios]
    wanted = plan.wanted()
    by_kind = claims.things(wanted) | {"studio": studio_ids}
    taken = claims.taken_near(db, actor, by_kind, within, now=now, but=plan.session_id)
    shut = shut_spans(db, actor, sorted(plan.host_ids), studio_ids, within)
    rooms = alternatives.by_studio(
        {one: taken.get(("studio", one), []) + shut.get(("studio", one), []) for one in studio_ids},
        [(studio.id, studio.setup_minutes, studio.teardown_minutes) for studio in studios],
    )
    people = [
        (want.span, taken.get((want.kind, want.thing_id), []) + shut.get((want.kind, want.thing_id), []))
        for want in wanted
        if want.kind != "studio"
    ]
    people.append((plan.session, shut.get(("hub", 0), [])))
    for need in plan.crew:
        full = crew.full_spans(db, actor, need, within, now=now, but=plan.session_id)
        people.append((need.span(plan.session), full))
    found = alternatives.near(
        plan.session, plan.studio.id, rooms, people, not_before=now, most=4 * alternatives.MOST
    )
    settings, zone = get_hub(db, actor).settings, zone_of_hub(db, actor)
    scene = ranking.Scene(
        prime=ranking.Prime.of(settings).spans(within, zone),
        busy=[
            span for want in wanted if want.kind == "host" for span in taken.get(("host", want.thing_id), [])
        ],
        rest=timedelta(minutes=RestRules.of(settings).break_minutes),
    )
    weighed = ranking.weigh(found, rooms, within, scene)
    return list(ranking.nearest(weighed, plan.session.starts_at)[: alternatives.MOST])


def shut_spans(
    db: Session, actor: Actor, host_ids: Sequence[int], studio_ids: Sequence[int], within: Span
) -> dict[tuple[str, int], list[Span]]:
    """("host" | "studio", id) and ("hub", 0) → when it is away or closed within a span."""
    zone = zone_of_hub(db, actor)
    windows = gathering.windows_of(db, actor, host_ids, studio_ids, within)
    return {key: [one.span for one in part.shut(within, zone)] for key, part in windows.items()}


def wanted_of(db: Session, actor: Actor, row: LiveSession) -> list[Wanted]:
    """The claims a session as it stands would need: to take them again where they were released."""
    studio = db.get(Studio, row.studio_id)
    people = db.scalars(select(Participant).where(Participant.session_id == row.id))
    accounts = db.scalars(
        select(SessionChannel.platform_account_id).where(
            SessionChannel.session_id == row.id, SessionChannel.platform_account_id.is_not(None)
        )
    )
    return claims_of(
        Span(row.starts_at, row.ends_at),
        studio_id=row.studio_id,
        setup_minutes=studio.setup_minutes if studio else 0,
        teardown_minutes=studio.teardown_minutes if studio else 0,
        hosts=[(person.host_id, Span(person.starts_at, person.ends_at)) for person in people],
        account_ids=[account_id for account_id in accounts if account_id is not None],
    )
