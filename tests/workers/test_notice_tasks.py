"""The tasks of notices: in the table of periodic jobs, harmless when they come twice."""

import pytest
from sqlalchemy import text

from campaign.kit.actor import SYSTEM
from campaign.outbox.notices import tell
from config.periodic import PERIODIC
from workers import notices, task


@pytest.fixture(autouse=True)
def _on_these(parts):
    task.use(parts)
    yield
    task.use(None)


@pytest.mark.parametrize("run", [notices.remind, notices.sweep, notices.summaries], ids=lambda run: run.name)
def test_a_task_may_come_twice_and_stands_in_the_table_of_periodic_jobs(run):
    assert run.name in PERIODIC
    run()
    run()


def test_the_sweep_puts_strays_away_and_forgets_what_is_old(database):
    with database.transaction(SYSTEM) as db:
        for number, age in enumerate((0, 59, 61)):
            tell(db, "change.moved", "hub", [0], key=f"k{number}", params={})
            db.execute(
                text("UPDATE notice SET at = now() - :age * interval '1 day' WHERE key = :key"),
                {"age": age, "key": f"k{number}"},
            )
        db.execute(
            text(
                "INSERT INTO notice_channel (audience, party_id, kind, name, address_sealed, address_hint,"
                " language, groups, state) VALUES ('hub', 0, 'wecom', 'x', '', '', 'en', '{change}', 'paused')"
            )
        )
        db.execute(
            text(
                "INSERT INTO notice_delivery (notice_id, channel_id, audience, party_id, urgent, state, next_at,"
                " useful_until, created_at) SELECT n.id, c.id, 'hub', 0, false, 'pending', now(),"
                " CASE WHEN n.key = 'k0' THEN now() - interval '1 minute' END, now() FROM notice n, notice_channel c"
            )
        )
    notices.sweep()
    with database.transaction(SYSTEM) as db:
        left = db.execute(
            text(
                "SELECT n.key, d.state FROM notice n JOIN notice_delivery d ON d.notice_id = n.id ORDER BY n.key"
            )
        ).all()
    assert [tuple(row) for row in left] == [("k0", "expired"), ("k1", "held")]
