"""The same tap from several threads at once: it counts once, and every one of them is answered."""

import threading
from datetime import timedelta

from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.live import links, running
from campaign.schedule import answering
from tests.factory import SECRET_KEY, Factory
from tests.schedule_kit import Stage

PRESSES = 8
QUARTER = timedelta(minutes=15)


def tapped(database, *, once):
    """A show on air, `extend` pressed by all threads at once; how far its end went."""
    stage = Stage(Factory(database))
    starts_at = stage.now().replace(second=0, microsecond=0) + timedelta(minutes=30)
    made = stage.book(participants=[{"host_id": stage.in_house.id}], starts_at=starts_at)
    stage.act(answering.confirm, made.id)
    stage.act(running.go_live, made.id)
    token = links.door_token(SECRET_KEY, stage.studio)
    gate, faults = threading.Barrier(PRESSES), []

    def press(number):
        gate.wait()
        try:
            with database.transaction(SYSTEM) as db:
                tap = links.Tap(once=once(number))
                links.door_verb(db, SECRET_KEY, token, made.id, "extend", tap)
        except Exception as fault:  # noqa: BLE001 - all of them are looked at
            faults.append(fault)

    threads = [threading.Thread(target=press, args=(number,)) for number in range(PRESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with database.transaction(SYSTEM) as db:
        row = db.execute(
            text("SELECT ends_at, version FROM live_session WHERE id = :id"), {"id": made.id}
        ).one()
        assert clock.now(db) < row.ends_at
        history = db.execute(
            text("SELECT count(*) FROM session_history WHERE session_id = :id"), {"id": made.id}
        ).scalar_one()
    assert history == row.version
    return (row.ends_at - made.ends_at) // QUARTER


def test_one_press_sent_by_all_counts_once(committed_database):
    assert tapped(committed_database, once=lambda _: "a" * 20) == 1


def test_without_the_token_each_would_count(committed_database):
    """The control: what the token keeps from happening."""
    assert tapped(committed_database, once=lambda _: "") == PRESSES
