"""What a brand and an agency see of the campaigns they are in: their own, and nothing of the others."""

import pytest

from campaign.kit import ids
from campaign.schedule import answering
from tests.visitor import visitor_as

CANARY = "外人"


@pytest.fixture
def fair(stage):
    """A fair of two brands and two agencies: each with a session, goals of the whole and of each brand."""
    make = stage.make
    other, agency = make.brand(name=f"{CANARY}品牌"), make.agency(name=f"{CANARY}机构")
    goals = [
        {"brand_id": stage.brand.id, "target_paid_fen": 1111100},
        {"brand_id": other.id, "target_paid_fen": 2222200, "budget_fen": 3333300},
    ]
    campaign = make.campaign(
        name="皮博会",
        brand_ids=[stage.brand.id, other.id],
        agency_ids=[stage.agency.id, agency.id],
        starts_on="2026-10-01",
        ends_on="2026-10-07",
        target_paid_fen=4444400,
        budget_fen=5555500,
        brand_targets=goals,
    )
    own = stage.book(title="自家场", campaign_id=campaign.id)
    stage.act(answering.offer, own.id)
    theirs = stage.book(
        title=f"{CANARY}场",
        campaign_id=campaign.id,
        studio_id=stage.other_studio.id,
        brand_ids=[other.id],
        participants=[{"host_id": make.host(agency=agency, name=f"{CANARY}主播").id}],
        channels=[{"platform": "other"}],
    )
    stage.act(answering.offer, theirs.id)
    make.campaign(name=f"{CANARY}活动", brand_ids=[other.id], agency_ids=[agency.id])
    return campaign


def main(page):
    """What the page says, without its own address and token."""
    return page.text.partition("<main")[2]


OTHERS = (CANARY, "22,222", "33,333", "44,444", "55,555")


def test_a_brand_sees_its_own_share_and_nothing_of_the_others(app, database, stage, fair):
    brand = visitor_as(app, database, "brand", brand_id=stage.brand.id)
    listed = brand.get("/brand/campaigns").text
    path = f"/brand/campaigns/{ids.public('cmp', fair.id)}"
    assert path in listed
    page = brand.get(path).text
    assert "皮博会" in page
    assert "¥11,111.00" in page
    assert "自家场" in page
    for text in (listed, page):
        assert [one for one in OTHERS if one in text] == []


def test_an_agency_sees_name_dates_and_its_own_sessions_and_no_goal(app, database, stage, fair):
    agent = visitor_as(app, database, "agency", agency_id=stage.agency.id)
    listed = agent.get("/agency/campaigns").text
    path = f"/agency/campaigns/{ids.public('cmp', fair.id)}"
    assert path in listed
    page = agent.get(path).text
    assert "10-01" in page
    assert "自家场" in page
    for text in (listed, page):
        assert [one for one in (*OTHERS, "11,111") if one in text] == []


def test_the_hub_sees_all_that_the_others_must_not(app, database, stage, fair):
    """The negative control: what the others are not shown is there to be shown."""
    hub = visitor_as(app, database, "hub", hub_role="viewer")
    page = hub.get(f"/hub/campaigns/{ids.public('cmp', fair.id)}").text
    assert [one for one in OTHERS if one not in page] == [
        "33,333"
    ]  # a brand's own budget stands on the form alone


def test_a_campaign_of_others_is_not_there(app, database, stage, make):
    strangers = make.campaign(brand_ids=[make.brand().id], agency_ids=[make.agency().id])
    for role, scope in (("brand", {"brand_id": stage.brand.id}), ("agency", {"agency_id": stage.agency.id})):
        visitor = visitor_as(app, database, role, **scope)
        found = visitor.get(f"/{role}/campaigns/{ids.public('cmp', strangers.id)}")
        absent = visitor.get(f"/{role}/campaigns/{ids.public('cmp', strangers.id + 999)}")
        assert found.status_code == absent.status_code == 404
        assert main(found) == main(absent)
