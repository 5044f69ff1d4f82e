"""A live sale where nobody is scheduled: the hub is rung, whatever brought the sale."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.live.alerts import open_alerts
from campaign.sales.ingest import Source, ingest
from campaign.sales.submissions import prepared
from tests.db.test_sales_ingest import CONNECTOR, SALT, event
from tests.factory import HUB
from tests.sales_kit import add_session, fold_all

AT = datetime(2026, 11, 6, 12, 5, tzinfo=UTC)
HALF = timedelta(minutes=30)


@pytest.fixture
def rung(database, make):
    """rung(state, sale) → (kind, session is ours) of the alerts after a sale on the account of one session."""

    def tell(state, *, ours=True, **sale):
        brand, account = make.brand(), make.account(external_id="777001")
        session_id = add_session(make, AT - HALF, AT + HALF, brand=brand, account=account, state=state)
        author = "777001" if ours else "777002"
        with clock.travel(AT + HALF - datetime.now(UTC)):
            with database.transaction(SYSTEM) as db:
                told = [event(1, author_id=author) | sale]
                taken, refused = prepared(told, salt=SALT)
                ingest(db, CONNECTOR, taken, Source("push", 5), refused)
            fold_all(database)
        with database.transaction(HUB) as db:
            return [(one.kind, one.session_id == session_id) for one in open_alerts(db, HUB)]

    return tell


@pytest.mark.parametrize("state", ["draft", "offered"])
def test_a_live_sale_on_a_session_nobody_confirmed_rings(rung, state):
    assert rung(state) == [("live_unscheduled", True)]


def test_a_sale_of_a_scheduled_session_does_not_ring(rung):
    assert rung("accepted") == []


def test_a_sale_off_the_stream_does_not_ring(rung):
    assert rung("draft", traffic="shelf") == []


def test_a_sale_on_another_account_does_not_ring(rung):
    assert rung("draft", ours=False) == []
