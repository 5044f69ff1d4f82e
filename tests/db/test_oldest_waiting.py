"""Since when the oldest of what waits for an endpoint does: its own, held or due, from when it was asked for."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from campaign.delivery import health
from campaign.kit.actor import SYSTEM
from tests.db.test_delivery_sweep import endpoint, put
from tests.factory import HUB

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def agency(make):
    return make.agency()


@pytest.fixture
def mine(database, agency):
    return endpoint(database, agency.id)


@pytest.fixture
def waits(database):
    """waits(endpoint, "held", 3, again=1): a delivery of an event 3 hours ago, asked for again an hour ago."""
    numbers = iter(range(1, 100))

    def add(of, state: str, hours: float, again: float | None = None) -> None:
        number = next(numbers)
        put(database, of.id, state if state != "sending" else "pending", event_id=number)
        with database.transaction(SYSTEM) as db:
            db.execute(
                text(
                    "UPDATE webhook_delivery SET created_at = :at, again_at = :again, state = :state,"
                    " lease = CASE WHEN :state = 'sending' THEN 1 END WHERE event_id = :number"
                ),
                {
                    "at": NOW - timedelta(hours=hours),
                    "again": None if again is None else NOW - timedelta(hours=again),
                    "state": state,
                    "number": number,
                },
            )

    return add


@pytest.fixture
def oldest(database):
    """oldest(endpoint): so many hours ago; None where nothing waits."""

    def read(of) -> float | None:
        with database.transaction(HUB) as db:
            found = health.oldest_waiting(db, HUB, of)
        return None if found is None else (NOW - found) / timedelta(hours=1)

    return read


@pytest.mark.parametrize("state", ["pending", "sending", "held"])
def test_what_waits_counts_in_whichever_way_it_does(mine, waits, oldest, state):
    assert oldest(mine) is None
    waits(mine, state, 3)
    waits(mine, state, 2)
    assert oldest(mine) == 3


@pytest.mark.parametrize(("held", "due"), [(5, 4), (4, 5)])
def test_the_older_of_what_is_held_and_what_is_due_is_told(mine, waits, oldest, held, due):
    waits(mine, "held", held)
    waits(mine, "pending", due)
    assert oldest(mine) == 5


@pytest.mark.parametrize("state", ["delivered", "exhausted", "aborted", "expired"])
def test_what_is_over_waits_no_more(mine, waits, oldest, state):
    waits(mine, state, 9)
    assert oldest(mine) is None
    waits(mine, "held", 1)
    assert oldest(mine) == 1


def test_what_is_asked_for_again_waits_from_then_on(mine, waits, oldest):
    waits(mine, "pending", 200, again=0.5)
    assert oldest(mine) == 0.5
    waits(mine, "held", 2)
    assert oldest(mine) == 2


def test_each_endpoint_has_its_own(database, agency, mine, waits, oldest, monkeypatch):
    other = endpoint(database, agency.id)
    waits(other, "held", 9)
    waits(other, "pending", 8)
    waits(mine, "pending", 1)
    assert (oldest(mine), oldest(other)) == (1, 9)

    # The control: without its condition the statement tells of the other's.
    written = health._OLDEST.text
    assert written.count("endpoint_id = :endpoint AND ") == 2
    open_to_all = written.replace("endpoint_id = :endpoint AND ", "(true OR id = :endpoint) AND ")
    monkeypatch.setattr(health, "_OLDEST", text(open_to_all))
    assert oldest(mine) == 9


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("greatest(created_at, again_at)", "created_at", 200),  # from the event, though it was asked for anew
        ("state = 'held'", "state = 'none'", 0.5),  # what is held left out
        ("state IN ('pending', 'sending')", "state = 'none'", 2),  # what is due left out
    ],
)
def test_the_controls_each_part_of_the_rule_is_seen_to_matter(
    mine, waits, oldest, monkeypatch, before, after, told
):
    waits(mine, "pending", 200, again=0.5)
    waits(mine, "held", 2)
    if "IN" in before:
        waits(mine, "pending", 3)
    truth = oldest(mine)
    assert before in health._OLDEST.text
    monkeypatch.setattr(health, "_OLDEST", text(health._OLDEST.text.replace(before, after)))
    assert oldest(mine) == told != truth
