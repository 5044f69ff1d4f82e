"""Ten minutes without clock and worker: the evening ends as it would have, each transition once.

The same evening is played twice, with and without the outage. What was reported meanwhile comes in after it, with
its own times. All that stands is compared row by row; of times only those at which the clock itself decided differ.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.live import clock as ticking
from campaign.live import edges, evidence
from campaign.schedule import answering
from tests.factory import Factory
from tests.schedule_kit import Stage

MIN = timedelta(minutes=1)
STEP = timedelta(seconds=30)
OUT = (0, 10)
"""In minutes from the moment the outage begins; so are all times here."""
CATCHES_UP = 2
"""How long after the outage what waited outside has come in."""

STATES = {
    "a hold runs out": "cancelled",
    "an answer is due": "draft",
    "people must be there": "ended",
    "nobody comes": "no_show",
    "it ends unheard": "ended",
    "it runs over": "ended",
    "it begins late": "ended",
    "it is closed": "ended",
    "it lies before": "ended",
    "it lies after": "no_show",
}


@dataclass
class Evening:
    """Sessions by what falls into the outage, and what the platform reports of them: (minute, what to do)."""

    stage: Stage
    zero: datetime
    ids: dict[str, int] = field(default_factory=dict)
    reports: list[tuple[float, Callable[[Any], Any]]] = field(default_factory=list)

    def at(self, minute: float) -> datetime:
        return self.zero + minute * MIN

    def plan(self, name: str, first: float, last: float, **given: Any) -> int:
        """A session with studio, host and account of its own."""
        make = self.stage.make
        account = make.account()
        self.ids[name] = self.stage.book(
            title=name,
            studio_id=make.studio(setup_minutes=0, teardown_minutes=0).id,
            starts_at=self.at(first),
            ends_at=self.at(last),
            channels=[
                {"platform": "douyin", "platform_account_id": account.id, "room_ids": [account.external_id]}
            ],
            **{"participants": [{"host_id": make.host(kind="in_house").id}]} | given,
        ).id
        return self.ids[name]

    def agreed(
        self, name: str, first: float, last: float, *, on: float | None = None, off: float | None = None
    ) -> None:
        """An accepted one; its room opens and closes at these minutes."""
        number = self.plan(name, first, last)
        self.stage.act(answering.confirm, number)
        with self.stage.database.transaction(SYSTEM) as db:
            room = db.execute(
                text("SELECT room_ids[1] FROM session_channel WHERE session_id = :id"), {"id": number}
            ).scalar_one()
        for minute, verb in ((on, evidence.platform_started), (off, evidence.platform_ended)):
            if minute is not None:
                self.report(minute, verb, "douyin", room, None, None, self.at(minute))

    def report(self, minute: float, verb: Callable[..., Any], *args: Any) -> None:
        self.reports.append((minute, lambda db: verb(db, *args)))


def planned(stage: Stage, zero: datetime) -> Evening:
    evening = Evening(stage, zero)
    with clock.travel(evening.at(-200) - stage.now()):
        evening.plan("a hold runs out", 120, 180, hold_until=evening.at(3))
        asked = evening.plan("an answer is due", 100, 160, participants=[{"host_id": stage.signed.id}])
        stage.act(answering.offer, asked, deadline_at=evening.at(4))
        evening.agreed("people must be there", 35, 65, on=34, off=64)  # ready at 5
        evening.agreed("nobody comes", -10, 50)  # its grace ends at 5
        evening.agreed("it ends unheard", -50, -9, on=-50)  # inferred at 6
        evening.agreed("it runs over", -50, 2, on=-50, off=20)
        evening.agreed("it begins late", -8, 40, on=5, off=40)  # its grace ends at 7
        evening.agreed("it is closed", -30, 30, on=-30, off=5)
        evening.agreed("it lies before", -60, -20, on=-60, off=-21)
        evening.agreed("it lies after", 45, 75)
        for minute in (4, 7, 11, 15, 19):
            evening.report(minute, evidence.sign_of_life, evening.ids["it runs over"], evening.at(minute))
    return evening


def played(evening: Evening, outage: tuple[float, float] | None) -> dict[str, Any]:
    """The whole evening, ticked twice a minute but in the outage; gives all that stands of it, by title."""
    database = evening.stage.database
    with database.transaction(SYSTEM) as db:
        db.execute(text("DELETE FROM clock_beat"))

    def due(minute: float) -> float:
        """When a report comes in."""
        return outage[1] + CATCHES_UP if outage and outage[0] <= minute < outage[1] + CATCHES_UP else minute

    waiting = sorted(evening.reports, key=lambda one: (due(one[0]), one[0]))
    minute = -95.0
    while minute <= 95:
        with clock.travel(evening.at(minute) - evening.stage.now()):
            while waiting and due(waiting[0][0]) <= minute:
                _, report = waiting.pop(0)
                with database.transaction(SYSTEM) as db:
                    report(db)
            if outage is None or not outage[0] <= minute < outage[1]:
                ticking.tick(database)
        minute += STEP / MIN
    assert waiting == []
    return standing(evening)


_SESSIONS = """
    SELECT title, state, version, starts_at, ends_at, actual_starts_at, actual_ends_at, start_evidence, end_evidence,
           overrunning_at IS NOT NULL AS overran, attempts, due_at, hold_until, offer_deadline_at
    FROM live_session WHERE id = ANY (:ids)"""
_STEPS = """
    SELECT s.title, h.version, h.verb, h.from_state, h.to_state, h.evidence, h.actor_kind
    FROM session_history h JOIN live_session s ON s.id = h.session_id
    WHERE s.id = ANY (:ids) ORDER BY s.id, h.version"""
_TOLD = """
    SELECT s.title, e.type FROM outbox_event e JOIN live_session s ON s.id = e.session_id
    WHERE s.id = ANY (:ids) ORDER BY s.id, e.seq"""
_HEARD = """
    SELECT s.title, r.type, r.at FROM room_event r JOIN live_session s ON s.id = r.session_id
    WHERE s.id = ANY (:ids) ORDER BY s.id, r.at"""
_HELD = """
    SELECT s.title, r.kind, count(*) FROM claim c JOIN resource r ON r.id = c.resource_id
    JOIN live_session s ON s.id = c.session_id
    WHERE s.id = ANY (:ids) AND upper(c.span) > :end GROUP BY 1, 2 ORDER BY 1, 2"""


def standing(evening: Evening) -> dict[str, Any]:
    """What stands: sessions, their steps, what was told and heard, what is still held."""
    given = {"ids": list(evening.ids.values()), "end": evening.at(95)}
    found = {}
    with evening.stage.database.transaction(SYSTEM) as db:
        for name, sql in (
            ("sessions", _SESSIONS), ("steps", _STEPS), ("told", _TOLD), ("heard", _HEARD), ("held", _HELD)
        ):  # fmt: skip
            found[name] = (
                sorted(tuple(row) for row in db.execute(text(sql), given))
                if name == "sessions"
                else [tuple(row) for row in db.execute(text(sql), given)]
            )
    return found


@pytest.fixture
def both(database) -> Callable[..., tuple[dict[str, Any], dict[str, Any]]]:
    """The same evening without and with the outage, each with people and rooms of its own."""

    def play() -> tuple[dict[str, Any], dict[str, Any]]:
        make = Factory(database)
        stage = Stage(make)
        zero = stage.now().replace(second=0, microsecond=0) + timedelta(hours=6)
        whole = played(planned(stage, zero), None)
        broken = played(planned(Stage(make), zero), OUT)
        return whole, broken

    return play


def test_ten_minutes_without_a_clock_leave_the_evening_as_it_would_have_been(both):
    whole, broken = both()
    assert {row[0]: row[1] for row in whole["sessions"]} == STATES
    assert broken == whole
    assert all(whole[part] for part in ("sessions", "steps", "told", "heard"))
    # Each step once.
    steps = [(row[0], row[1]) for row in broken["steps"]]
    assert len(set(steps)) == len(steps)
    assert {row[2] for row in whole["steps"]} >= {"ready", "no_show", "overrun", "end", "start", "cancel"}


def test_negative_control_a_clock_that_looks_at_the_last_minute_alone_leaves_things_undone(both, monkeypatch):
    forgetful = ticking._CLAIM.text.replace(
        "WHERE due_at <= CAST(:now AS timestamptz)",
        "WHERE due_at <= CAST(:now AS timestamptz) AND due_at > CAST(:now AS timestamptz) - interval '1 minute'",
    )
    assert forgetful != ticking._CLAIM.text
    monkeypatch.setattr(ticking, "_CLAIM", text(forgetful))
    whole, broken = both()
    assert {row[0]: row[1] for row in whole["sessions"]} == STATES
    left = {row[0] for row in broken["sessions"]} & {
        row[0] for row, other in zip(broken["sessions"], whole["sessions"], strict=True) if row[1] != other[1]
    }
    assert left >= {"a hold runs out", "an answer is due", "nobody comes", "it ends unheard"}


def test_negative_control_a_clock_that_judges_at_once_gives_up_a_show_that_was_on(both, monkeypatch):
    monkeypatch.setattr(edges, "no_show_at", lambda starts_at, _resumed: starts_at + edges.START_GRACE)
    whole, broken = both()
    steps = {
        name: [row[2] for row in found["steps"] if row[0] == "it begins late"]
        for name, found in (("whole", whole), ("broken", broken))
    }
    assert "no_show" not in steps["whole"]
    assert "no_show" in steps["broken"]
