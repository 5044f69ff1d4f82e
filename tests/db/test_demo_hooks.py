"""The demo's webhooks: a log as the product itself would have written it, and nothing left that would be sent."""

import pytest
from sqlalchemy import text

from campaign.cli.demo.hooks import add_endpoints, deliver
from campaign.cli.demo.parties import SIGNED_BEFORE, make_cast
from campaign.cli.demo.people import ENDPOINTS
from campaign.cli.demo.plan import sessions_around
from campaign.cli.demo.playing import Player
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.parties.queries import zone_of_hub
from tests.factory import SECRET_KEY

_LOG = """
SELECT e.url, d.state, d.created_at, d.attempts, d.last_status,
       (SELECT array_agg(coalesce(a.status::text, a.error) ORDER BY a.at) FROM webhook_attempt a
        WHERE a.delivery_id = d.id) AS answers,
       (SELECT bool_and(a.at >= d.created_at) FROM webhook_attempt a WHERE a.delivery_id = d.id) AS is_after
FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id ORDER BY d.id
"""
MAIN, SALES, OLD = (one.url for one in ENDPOINTS)


@pytest.fixture
def filled(database):
    """The shows of the agencies' hosts, without what was sold: that takes long and is tested elsewhere."""
    with database.transaction(SYSTEM) as db:
        cast = make_cast(db)
        with clock.travel(-SIGNED_BEFORE):
            endpoints = add_endpoints(db, cast, SECRET_KEY)
        now, zone = clock.now(db), zone_of_hub(db, SYSTEM)
    shows = [one for one in sessions_around(now, zone) if one.host in (0, 1, 2)]
    Player(database, cast, now, SECRET_KEY).play(shows)
    with database.transaction(SYSTEM) as db:
        made = deliver(db, endpoints)
    with database.transaction(SYSTEM) as db:
        return made, db.execute(text(_LOG)).all(), db.execute(text("SELECT * FROM webhook_endpoint")).all()


def test_the_demo_has_every_fate_of_a_delivery_in_the_order_of_events_and_sends_nothing(filled):
    made, log, endpoints = filled
    assert {row.url: (row.state, row.disabled_reason) for row in endpoints} == {
        MAIN: ("paused", None),
        SALES: ("paused", None),
        OLD: ("disabled", "gone"),
    }
    assert {row.state for row in log} == {"delivered", "exhausted", "held"}
    assert made == sum(row.attempts for row in log) > 50
    answers = {(row.state, tuple(row.answers or ())) for row in log if row.url == MAIN}
    for fate in (
        ("delivered", ("200",)),
        ("delivered", ("503", "503", "200")),
        ("delivered", ("timeout", "200")),
        ("exhausted", ("422",) * 5),
    ):
        assert fate in answers
    assert {"500"} in [set(tries) for state, tries in answers if state == "held"]
    assert ("held", ("410",)) in {(row.state, tuple(row.answers or ())) for row in log if row.url == OLD}
    # Lists are read by number: these are given in the order in which things happened.
    times = [row.created_at for row in log]
    assert times == sorted(times)
    assert {row.is_after for row in log} <= {True, None}
