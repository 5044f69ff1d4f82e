"""A released plan as receivers get it: one webhook for each agency, signed, of its own sessions alone."""

import json
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from campaign.schedule.plans import drafting, releasing
from campaign.schedule.plans.schemas import PlanEntryIn, PlanIn, ReleaseIn
from tests.factory import Factory
from tests.facts import faults_of
from tests.fakes.receiver import Receiver
from tests.fakes.senders import add, sending, wait_until
from tests.schedule_kit import Stage

LEFT = "SELECT count(*) FROM webhook_delivery WHERE state IN ('pending', 'sending')"
WAITING = "SELECT count(*) FROM outbox_event WHERE fanned_at IS NULL"


@pytest.fixture
def receiver():
    with Receiver() as running:
        yield running


def test_each_agency_gets_one_webhook_with_what_is_its_own(committed_database, settings, receiver):
    stage = Stage(Factory(committed_database))
    other = stage.make.agency(name="别家机构")
    theirs = stage.make.host(agency=other, name="阿瑞")
    secrets = {
        name: add(committed_database, settings, agency.id, f"{receiver.url}/{name}").secret
        for name, agency in (("own", stage.agency), ("other", other))
    }
    start = stage.given().starts_at
    day = start.date()
    plan = stage.act(drafting.open_plan, PlanIn(name="下周", first_day=day, last_day=day + timedelta(days=6)))
    for at, host in enumerate((stage.signed, stage.signed, theirs)):
        book = stage.given(
            title=host.name, starts_at=start + timedelta(days=at), participants=[{"host_id": host.id}]
        )
        stage.act(drafting.put_entry, plan.id, PlanEntryIn(kind="book", book=book))
    with sending(settings):
        stage.act(releasing.release, plan.id, ReleaseIn())
        requests = receiver.wait_for(2)
        wait_until(settings.database_url, WAITING, 0)
        wait_until(settings.database_url, LEFT, 0)
    assert len(receiver.received) == 2
    found = {}
    for request in requests:
        name = request.target.rpartition("/")[2]
        Webhook(secrets[name]).verify(request.body, request.headers)
        body = json.loads(request.body)
        assert body["type"] == "schedule.released"
        assert faults_of("schedule.released", body["data"]) == []
        found[name] = body["data"]
    assert [one["title"] for one in found["own"]["sessions"]] == ["南星", "南星"]
    assert [one["title"] for one in found["other"]["sessions"]] == ["阿瑞"]
    assert all(one["answer_by"] and one["what"] == "added" for one in found["own"]["sessions"])
    assert found["own"]["release_id"] == found["other"]["release_id"]
