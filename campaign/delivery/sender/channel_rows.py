"""The rows of notices as the sender moves them: fanned out, claimed by channel, given back, noted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from campaign.delivery.backoff import Next
from campaign.delivery.breaker import OPENS_AT, Health, after_answer
from campaign.delivery.notices.robots import Verdict
from campaign.delivery.notices.states import IN_ONE_MESSAGE, PACE, ChannelKind
from campaign.delivery.sender.connection import Connection
from campaign.outbox.notices import URGENT

LEASE = timedelta(seconds=40)
FAN_OUT = 500


@dataclass(frozen=True)
class Line:
    """One notice of a message: its delivery, and what is to be worded."""

    id: int
    step: int
    kind: str
    params: dict[str, Any]
    session_id: int | None


@dataclass(frozen=True)
class Batch:
    """What one channel is to say now, in our hands until `until`."""

    channel_id: int
    kind: ChannelKind
    audience: str
    party_id: int
    address_sealed: bytes
    secret_sealed: bytes | None
    language: str
    zone: str
    probe: bool
    until: datetime
    lines: tuple[Line, ...]


_OF_CHANNEL = ("channel_id", "kind", "audience", "party_id", "address_sealed", "secret_sealed") + (
    ("language", "zone", "probe")
)


_FAN_OUT = f"""
WITH waiting AS (
    SELECT id, kind, audience, party_id, channel_id, useful_until FROM notice
    WHERE fanned_at IS NULL ORDER BY id LIMIT {FAN_OUT} FOR UPDATE SKIP LOCKED
), made AS (
    INSERT INTO notice_delivery
        (notice_id, channel_id, audience, party_id, urgent, state, next_at, useful_until, created_at)
    SELECT n.id, c.id, n.audience, n.party_id, split_part(n.kind, '.', 1) = ANY(%(urgent)s),
           CASE WHEN c.state = 'active' THEN 'pending' ELSE 'held' END, %(now)s, n.useful_until, %(now)s
    FROM waiting n JOIN notice_channel c
      ON c.audience = n.audience AND c.party_id = n.party_id AND c.archived_at IS NULL
    WHERE CASE WHEN n.channel_id IS NULL THEN split_part(n.kind, '.', 1) = ANY(c.groups)
               ELSE c.id = n.channel_id END
    ORDER BY n.id, c.id
    ON CONFLICT DO NOTHING
)
UPDATE notice SET fanned_at = %(now)s FROM waiting WHERE notice.id = waiting.id RETURNING 1
"""

_EXPIRE = """
UPDATE notice_delivery SET state = 'expired', finished_at = %(now)s
WHERE state IN ('pending', 'held') AND useful_until <= %(now)s
"""

# A channel is claimed whole: its row is locked and its pace set, so that of two senders one speaks at a time.
_CLAIM = f"""
WITH hub_time AS (
    SELECT (CAST(%(now)s AS timestamptz) AT TIME ZONE timezone)::time AS wall, timezone FROM hub WHERE id = 1
), ready AS (
    SELECT c.id, c.kind, c.audience, c.party_id, c.address_sealed, c.secret_sealed, c.language,
           h.timezone AS zone, c.streak >= {OPENS_AT} AS probe,
           CASE WHEN c.quiet_from IS NULL THEN false
                WHEN c.quiet_from < c.quiet_to THEN h.wall >= c.quiet_from AND h.wall < c.quiet_to
                ELSE h.wall >= c.quiet_from OR h.wall < c.quiet_to END AS quiet
    FROM notice_channel c CROSS JOIN hub_time h
    WHERE c.state = 'active' AND c.archived_at IS NULL
      AND (c.paused_until IS NULL OR c.paused_until <= %(now)s)
      AND (c.next_send_at IS NULL OR c.next_send_at <= %(now)s)
      AND NOT EXISTS (SELECT 1 FROM notice_delivery d
                      WHERE d.channel_id = c.id AND d.state = 'sending' AND d.next_at > %(now)s)
      AND EXISTS (SELECT 1 FROM notice_delivery d
                  WHERE d.channel_id = c.id AND d.state IN ('pending', 'sending') AND d.next_at <= %(now)s)
    ORDER BY c.next_send_at NULLS FIRST, c.id LIMIT %(channels)s FOR UPDATE OF c SKIP LOCKED
), due AS (
    SELECT r.id AS channel_id, d.id
    FROM ready r CROSS JOIN LATERAL (
        SELECT id FROM notice_delivery
        WHERE channel_id = r.id AND state IN ('pending', 'sending') AND next_at <= %(now)s
          AND (urgent OR NOT r.quiet) AND (useful_until IS NULL OR useful_until > %(now)s)
        ORDER BY urgent DESC, next_at, id
        LIMIT CASE WHEN r.probe THEN 1 ELSE (%(most)s::jsonb ->> r.kind)::int END
        FOR UPDATE SKIP LOCKED
    ) d
), taken AS (
    UPDATE notice_delivery d SET state = 'sending', lease = %(lease)s, next_at = %(until)s
    FROM due WHERE d.id = due.id
    RETURNING d.id, d.channel_id, d.notice_id, d.step
), paced AS (
    UPDATE notice_channel c SET next_send_at = %(now)s + ((%(paces)s::jsonb ->> c.kind)::float * interval '1 second')
    WHERE c.id IN (SELECT channel_id FROM taken)
)
SELECT t.channel_id, r.kind, r.audience, r.party_id, r.address_sealed, r.secret_sealed, r.language, r.zone, r.probe,
       t.id, t.step, n.kind, n.params, n.session_id
FROM taken t JOIN ready r ON r.id = t.channel_id JOIN notice n ON n.id = t.notice_id
ORDER BY t.channel_id, t.id
"""

_RELEASE = """
UPDATE notice_delivery SET state = 'pending', lease = NULL, next_at = %s
WHERE id = ANY(%s) AND lease = %s AND state = 'sending'
"""

_FREE = """
UPDATE notice_delivery SET state = 'pending', lease = NULL, next_at = %s WHERE state = 'sending' AND lease = %s
"""

_NOTE = """
UPDATE notice_delivery
SET state = %(state)s, step = %(step)s, attempts = attempts + 1, next_at = %(due_at)s, lease = NULL,
    last_status = %(status)s, last_error = %(error)s, last_code = %(code)s, last_answer = %(words)s,
    finished_at = CASE WHEN %(state)s IN ('delivered', 'exhausted') THEN CAST(%(now)s AS timestamptz) END
WHERE id = %(id)s AND lease = %(lease)s AND state = 'sending'
"""

_HEALTH = """
SELECT streak, breaker_level, paused_until, failing_since, last_success_at
FROM notice_channel WHERE id = %s FOR UPDATE
"""

_KEEP_HEALTH = """
UPDATE notice_channel SET streak = %(streak)s, breaker_level = %(level)s, paused_until = %(paused_until)s,
    failing_since = %(failing_since)s, last_success_at = %(last_success_at)s
WHERE id = %(id)s
"""

# Disabled: what waits is held, the party is told in the app, the audit knows.
_DISABLE = """
WITH disabled AS (
    UPDATE notice_channel SET state = 'disabled', disabled_reason = %(reason)s, rev = rev + 1, updated_at = %(now)s
    WHERE id = %(id)s AND state = 'active' RETURNING id, name, audience, party_id, rev
), audited AS (
    INSERT INTO audit_entry (at, actor_kind, actor_role, actor_name, action, subject_type, subject_id, detail)
    SELECT %(now)s, 'system', 'system', 'sender', 'notice_channel.disabled', 'notice_channel', id,
           jsonb_build_object('reason', %(reason)s::text)
    FROM disabled
), told AS (
    INSERT INTO notice (kind, audience, party_id, params, key, at)
    SELECT 'system.channel_disabled', audience, party_id, jsonb_build_object('name', name),
           'channel_disabled:' || id || ':' || rev, %(now)s
    FROM disabled ON CONFLICT DO NOTHING
)
UPDATE notice_delivery d SET state = 'held'
FROM disabled WHERE d.channel_id = disabled.id AND d.state = 'pending'
"""


async def fan_out(db: Connection, now: datetime) -> bool:
    """A delivery per notice and channel that wants it; true when more notices wait already."""
    made = await db.execute(_FAN_OUT, {"now": now, "urgent": sorted(URGENT)})
    await db.execute(_EXPIRE, {"now": now})
    return made.rowcount == FAN_OUT


async def claim(db: Connection, *, now: datetime, lease: int, most: int = 1000) -> list[Batch]:
    """What each channel that may speak now has to say, at most one message each; of `most` channels."""
    until = now + LEASE
    given = {"now": now, "lease": lease, "until": until, "most": _MOST, "paces": _PACES, "channels": most}
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in await (await db.execute(_CLAIM, given)).fetchall():
        found.setdefault(row[0], []).append(row)
    return [
        Batch(**dict(zip(_OF_CHANNEL, rows[0], strict=False)), until=until, lines=tuple(map(_line, rows)))
        for rows in found.values()
    ]


def _line(row: tuple[Any, ...]) -> Line:
    return Line(*row[len(_OF_CHANNEL) :])


async def release(db: Connection, lines: Sequence[Line], lease: int, now: datetime) -> None:
    """Give back what was not said; no try is counted."""
    await db.execute(_RELEASE, (now, [line.id for line in lines], lease))


async def free(db: Connection, lease: int, now: datetime) -> None:
    """Give back all that a sender holds: it stops, or has died."""
    await db.execute(_FREE, (now, lease))


async def note(
    db: Connection,
    batch: Batch,
    said: Sequence[tuple[Line, Next]],
    verdict: Verdict,
    lease: int,
    now: datetime,
) -> None:
    """Write down what came of one message, and what it means for the channel."""
    async with db.transaction():
        for line, then in said:
            await db.execute(
                _NOTE,
                {"id": line.id, "lease": lease, "state": then.state, "step": then.step, "due_at": then.due_at}
                | {"status": verdict.status, "error": verdict.error, "code": verdict.code}
                | {"words": verdict.words, "now": now},
            )
        row = await (await db.execute(_HEALTH, (batch.channel_id,))).fetchone()
        if row is None:
            return
        # Of a channel the streak is all that is counted.
        before = Health(row[0], row[1], row[2], row[3], row[4], failures=row[0])
        health = after_answer(before, verdict.status, verdict.retry_after, now, probe=batch.probe)
        await db.execute(
            _KEEP_HEALTH,
            {"id": batch.channel_id, "streak": health.streak, "level": health.level}
            | {"paused_until": health.paused_until, "failing_since": health.failing_since}
            | {"last_success_at": health.last_success_at},
        )
        if health.disabled is not None:
            given = {"id": batch.channel_id, "reason": health.disabled, "now": now}
            await db.execute(_DISABLE, given)


def _jsonb(values: dict[Any, float]) -> str:
    return "{" + ",".join(f'"{kind}":{value}' for kind, value in values.items()) + "}"


_MOST = _jsonb(dict(IN_ONE_MESSAGE))
_PACES = _jsonb({kind: pace.total_seconds() for kind, pace in PACE.items()})
