"""The hub's pages ask the database as often for many sessions as for a few."""

from datetime import timedelta

import pytest

from campaign.kit import ids
from campaign.parties import actions
from campaign.schedule import answering, availability, queries
from campaign.schedule.availability import Owner
from campaign.schedule.models import CrewPool
from campaign.schedule.waiting import line
from campaign.schedule.waiting.schemas import EntryIn
from campaign.schedule.window_schemas import ExceptionIn

FEW, MANY = 2, 7

PAGES = (
    "/hub",
    "/hub/board",
    "/hub/board?view=week",
    "/hub/offers",
    "/hub/slots",
    "/hub/waiting",
    "/hub/live",
    "/hub/campaigns",
    "/hub/campaigns/{campaign}",
    "/hub/parties/hosts",
    "/hub/times/hub",
    "/hub/sessions/{session}",
    "/hub/sessions/{session}/swap",
    "/hub/sessions/{session}/change",
)


@pytest.fixture
def more(stage):
    """more(n): n sessions within the hour and as many offers, each with a host, a brand and a crew of its own, in a
    leave; and as many wishes.
    """
    make = stage.make
    campaign = make.campaign(starts_on="2026-10-01", ends_on="2026-10-07")
    made = []

    def add(count):
        for _ in range(count):
            studio, host = make.studio(), make.host(agency=stage.agency)
            crew = stage.act(actions.add, CrewPool(name=f"化妆 {studio.id}", capacity=1, before_minutes=10))
            brand = make.brand()
            given = {
                "studio_id": studio.id,
                "brand_ids": [brand.id],
                "participants": [{"host_id": host.id}, {"host_id": make.host(kind="in_house").id}],
                "channels": [{"platform": "other"}],
                "crew": [{"pool_id": crew.id}],
                "campaign_id": campaign.id,
                "override": {"reason": "test"},
            }
            soon = stage.now().replace(second=0, microsecond=0) + timedelta(minutes=40)
            first = stage.book(starts_at=soon, hours=1, **given)
            second = stage.book(starts_at=soon + timedelta(hours=20), **given)
            stage.act(answering.offer, second.id)
            leave = ExceptionIn(starts_at=soon, ends_at=soon + timedelta(days=2))
            stage.act(availability.add_exception, Owner("host", host.id), leave)
            make.campaign(brand_ids=[brand.id], parent_id=campaign.id, kind="group")
            wish = {
                "title": "候补",
                "brand_ids": [stage.brand.id],
                "studio_ids": [studio.id],
                "host_ids": [host.id],
                "minutes": 120,
                "windows": [{"from": soon, "to": soon + timedelta(hours=3)}],
            }
            stage.act(line.join, EntryIn.model_validate(wish))
            made.append(first)
        return {"campaign": ids.public("cmp", campaign.id), "session": ids.public("ses", made[0].id)}

    return add


def test_pages_take_as_many_statements_for_many_sessions_as_for_a_few(planner, more, statements):
    def counted(names):
        found = {}
        for page in PAGES:
            planner.get(page.format(**names))  # what is looked up once a process is looked up
            with statements() as sent:
                assert planner.get(page.format(**names)).status_code == 200, page
            found[page] = len(sent)
        return found

    few = counted(more(FEW))
    many = counted(more(MANY - FEW))
    assert many == few
    assert max(few.values()) <= 40


def test_the_count_does_see_a_page_that_asks_again_for_each(stage, more, statements):
    """The negative control: read one by one, more sessions cost more statements."""
    more(2)
    with statements() as sent:
        for attention in stage.act(queries.needs_attention):
            stage.act(queries.get_session, attention.session.id)
    one_by_one = len(sent)
    with statements() as sent:
        stage.act(queries.needs_attention)
    assert len(sent) < one_by_one
