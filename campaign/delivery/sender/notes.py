"""Writing down what came of a batch of tries, and what it means for the health of their endpoints."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from campaign.delivery.backoff import Next
from campaign.delivery.breaker import Health, after_answer
from campaign.delivery.sender.claims import Claimed
from campaign.delivery.sender.connection import Connection
from campaign.kit.arrays import Column, bigints, byteas, dates, instants, texts
from campaign.kit.outgoing import Answer


@dataclass(frozen=True, slots=True)
class Try:
    """One POST that came back, from which address, and the verdict on its delivery."""

    claimed: Claimed
    url: str
    answer: Answer
    verdict: Next
    at: datetime


# Columns made ready in bytes (kit.arrays): psycopg's own arrays took a tenth of what a delivery costs the sender.
_OVER = "coalesce(d.last_error = 'superseded' AND g.state <> 'delivered', false)"
_NOTE = f"""
WITH given AS (
    SELECT g.day, g.id, g.lease, g.endpoint_id, g.agency_id, g.state, g.step::int, g.due_at, g.at, g.took_ms::int,
           g.status::int, g.error, g.answer, g.url
    FROM unnest(
        %(days)b, %(ids)b, %(leases)b, %(endpoints)b, %(agencies)b, %(states)b, %(steps)b, %(dues)b, %(ats)b,
        %(tooks)b, %(statuses)b, %(errors)b, %(answers)b, %(urls)b
    ) AS g (day, id, lease, endpoint_id, agency_id, state, step, due_at, at, took_ms, status, error, answer, url)
), noted AS (
    -- Of totals that newer ones superseded while they were on their way none is tried again.
    UPDATE webhook_delivery d
    SET state = CASE WHEN {_OVER} THEN 'expired' ELSE g.state END,
        step = g.step, attempts = d.attempts + 1, next_at = g.due_at, lease = NULL, last_status = g.status,
        last_error = CASE WHEN {_OVER} THEN d.last_error ELSE g.error END,
        finished_at = CASE WHEN g.state IN ('delivered', 'exhausted') OR {_OVER} THEN g.at END, updated_at = g.at
    FROM given g WHERE d.day = g.day AND d.id = g.id AND d.lease = g.lease
)
-- The try is kept even where the lease was lost: it did reach out.
INSERT INTO webhook_attempt (day, delivery_id, endpoint_id, agency_id, at, took_ms, status, error, answer, url)
SELECT (at AT TIME ZONE 'UTC')::date, id, endpoint_id, agency_id, at, took_ms, status, error, answer, url
FROM given
"""

# Whose row somebody holds waits alone.
_HEALTH = """
SELECT id, url, streak, breaker_level, paused_until, failing_since, last_success_at, failures
FROM webhook_endpoint WHERE id = ANY(%s) ORDER BY id FOR UPDATE SKIP LOCKED
"""

# What readers see of it, but for each success, is a change of the endpoint: it costs no write of its own here. The
# revision stays, by which secrets and addresses are kept.
_KEEP_HEALTH = """
UPDATE webhook_endpoint
SET updated_at = CASE WHEN (failing_since, paused_until) IS DISTINCT FROM
                           (%(failing_since)s::timestamptz, %(paused_until)s::timestamptz)
                      THEN %(now)s ELSE updated_at END,
    streak = %(streak)s, breaker_level = %(level)s, paused_until = %(paused_until)s,
    failing_since = %(failing_since)s, last_success_at = %(last_success_at)s, failures = %(failures)s
WHERE id = %(id)s
"""

# Its own state and no more: what waits for it may be a million rows, and follows by the sweep (moving.py). The hub is
# party 0 of its own audience (campaign.outbox.notices).
_DISABLE = r"""
WITH disabled AS (
    UPDATE webhook_endpoint
    SET state = 'disabled', disabled_reason = %(reason)s, rev = rev + 1, updated_at = %(now)s
    WHERE id = %(id)s AND state = 'active' RETURNING id, agency_id, url, rev
), audited AS (
    INSERT INTO audit_entry (at, actor_kind, actor_role, actor_name, action, subject_type, subject_id, detail)
    SELECT %(now)s, 'system', 'system', 'sender', 'webhook_endpoint.disabled', 'webhook_endpoint', id,
           jsonb_build_object('reason', %(reason)s::text)
    FROM disabled
)
INSERT INTO notice (kind, audience, party_id, params, key, at)
SELECT 'system.endpoint_disabled_' || %(reason)s, party.audience, party.id,
       jsonb_strip_nulls(jsonb_build_object('address', party.prefix || host, 'address_en', party.english || host)),
       'endpoint:' || d.id || ':disabled:' || d.rev, %(now)s
FROM disabled d JOIN agency a ON a.id = d.agency_id,
LATERAL (SELECT substring(d.url FROM '^\w+://([^/?#]+)') AS host) AS address,
LATERAL (VALUES ('agency', d.agency_id, '', NULL), ('hub', 0, a.name || ' · ', nullif(a.name_en, '') || ' · '))
    AS party (audience, id, prefix, english)
ON CONFLICT DO NOTHING
"""


async def note(
    db: Connection, tries: Sequence[Try], to_judge: Iterable[int], now: datetime
) -> dict[int, Health]:
    """Keep the tries; gives the new health of the endpoints in `to_judge`, which need a look.

    Those whose row somebody holds are left out: they are judged later (`judge`).
    """
    judged = sorted(set(to_judge))
    # Fanning out locks rows in this order too.
    tries = sorted(tries, key=lambda one: one.claimed.id)
    if not judged:
        # A statement is a transaction.
        await db.execute(_NOTE, _columns(tries))
        return {}
    async with db.transaction():
        await db.execute(_NOTE, _columns(tries))
        return await judge(db, tries, judged, now)


def _columns(tries: Sequence[Try]) -> dict[str, Column]:
    claims = [one.claimed for one in tries]
    answers = [one.answer for one in tries]
    return {
        "days": dates([one.day for one in claims]),
        "ids": bigints([one.id for one in claims]),
        "leases": bigints([one.lease for one in claims]),
        "endpoints": bigints([one.endpoint_id for one in claims]),
        "agencies": bigints([one.agency_id for one in claims]),
        "states": texts([one.verdict.state for one in tries]),
        "steps": bigints([one.verdict.step for one in tries]),
        "dues": instants([one.verdict.due_at for one in tries]),
        "ats": instants([one.at for one in tries]),
        "tooks": bigints([one.took_ms for one in answers]),
        "statuses": bigints([one.status for one in answers]),
        "errors": texts([one.error for one in answers]),
        "answers": byteas([one.body for one in answers]),
        "urls": texts([one.url for one in tries]),
    }


async def judge(
    db: Connection, tries: Sequence[Try], endpoints: list[int], now: datetime
) -> dict[int, Health]:
    """What tries that were kept mean for their endpoints; in a transaction, without those that somebody holds."""
    by_endpoint: dict[int, list[Try]] = defaultdict(list)
    for one in sorted(tries, key=lambda each: each.at):
        by_endpoint[one.claimed.endpoint_id].append(one)
    found: dict[int, Health] = {}
    rows = await (await db.execute(_HEALTH, (endpoints,))).fetchall()
    for endpoint_id, url, *columns in rows:
        health = Health(*columns)
        for one in by_endpoint[endpoint_id]:
            if one.url != url:
                # What its old address answers says nothing of where it is now.
                continue
            health = after_answer(
                health, one.answer.status, one.answer.retry_after, one.at, probe=one.claimed.probe
            )
        await db.execute(_KEEP_HEALTH, _kept(endpoint_id, health) | {"now": now})
        if health.disabled is not None:
            await db.execute(_DISABLE, {"id": endpoint_id, "reason": health.disabled, "now": now})
        found[endpoint_id] = health
    return found


def _kept(endpoint_id: int, health: Health) -> dict[str, object]:
    return {
        "id": endpoint_id,
        "streak": health.streak,
        "level": health.level,
        "paused_until": health.paused_until,
        "failing_since": health.failing_since,
        "last_success_at": health.last_success_at,
        "failures": health.failures,
    }
