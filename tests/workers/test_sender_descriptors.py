"""A sender with few file descriptors: receivers that hang take no more than there are; no try counts that had none."""

import time
from pathlib import Path

import psycopg
import pytest

from campaign.outbox.actions import write
from tests.factory import HUB, Factory
from tests.fakes import receiver as fake
from tests.fakes.senders import add, sending, wait_until

HANGING, AT_ONCE, EVENTS = 8, 16, 20
OURS = "SELECT count(*) FROM webhook_attempt WHERE status IS NULL AND error <> 'timeout'"
AS_IF_THERE_WERE_ENOUGH = (
    "from campaign.delivery.sender import process; process.shares = lambda _: (5000, 5000)"
)


@pytest.fixture
def well(committed_database, settings, receiver):
    agency = Factory(committed_database).agency()
    return add(committed_database, settings, agency.id, f"{receiver.url}/well").endpoint


@pytest.fixture
def hanging(committed_database, settings, agency, receiver):
    made = [
        add(committed_database, settings, agency.id, f"{receiver.url}/hangs/{number}", max_in_flight=AT_ONCE)
        for number in range(HANGING)
    ]
    for number in range(HANGING):
        receiver.behave(fake.HANG, path=f"/hangs/{number}")
    return [one.endpoint for one in made]


def tell(database, *endpoints) -> None:
    for number in range(EVENTS):
        with database.transaction(HUB) as db:
            agencies = sorted({one.agency_id for one in endpoints})
            write(db, "session.moved", session_id=1, agency_ids=agencies, data={"number": number})


def open_files(pid: int) -> int:
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return int(next(line for line in limits if line.startswith("Max open files")).split()[3])


def test_an_agency_whose_receivers_hang_leaves_descriptors_for_the_others(
    committed_database, settings, receiver, hanging, well
):
    with sending(settings, descriptors=96) as sender:
        assert open_files(sender.child.pid) == 96
        tell(committed_database, hanging[0])
        deadline = time.monotonic() + 20
        while len(receiver.received) < 7 and time.monotonic() < deadline:
            time.sleep(0.05)
        tell(committed_database, well)
        receiver.wait_for(EVENTS, path="/well", seconds=10)
        # Sixteen calls, two of them kept for notices, and half of the rest for one agency.
        assert len(receiver.received) - len(receiver.on("/well")) == 7
        delivered = (
            f"SELECT count(*) FROM webhook_delivery WHERE state = 'delivered' AND endpoint_id = {well.id}"
        )
        wait_until(settings.database_url, delivered, EVENTS)
    with psycopg.connect(settings.database_url) as db:
        assert db.execute(OURS).fetchone() == (0,)


def test_without_that_bound_no_try_is_counted_that_found_none(
    committed_database, settings, receiver, hanging, well
):
    with sending(settings, descriptors=70, before=AS_IF_THERE_WERE_ENOUGH):
        tell(committed_database, hanging[0])
        time.sleep(5)
        assert len(receiver.received) < HANGING * AT_ONCE
        with psycopg.connect(settings.database_url) as db:
            assert db.execute(OURS).fetchone() == (0,)
            failed = "SELECT count(*) FROM webhook_endpoint WHERE failures > 0 OR streak > 0"
            assert db.execute(failed).fetchone() == (0,)
            waits = "SELECT count(*) FROM webhook_delivery WHERE state = 'pending' AND attempts = 0"
            assert db.execute(waits).fetchone() > (0,)


def test_it_raises_what_it_may_have_open(settings):
    raised = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 512))"
    with sending(settings, before=raised) as sender:
        assert open_files(sender.child.pid) == 512
