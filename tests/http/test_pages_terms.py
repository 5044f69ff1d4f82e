"""A host's contracts and promises on their page, and that booking heeds them."""

import pytest

from campaign.kit import ids
from campaign.parties import bonds
from campaign.parties.models import Host
from campaign.parties.queries import contracts_of, get
from tests.http.test_pages_schedule import typed
from tests.visitor import visitor_as


@pytest.fixture
def manager(app, database):
    return visitor_as(app, database, "hub", hub_role="manager")


def path(stage):
    return f"/hub/parties/hosts/{ids.public('hst', stage.signed.id)}/terms"


def rev(stage):
    return stage.act(get, Host, stage.signed.id).rev


def contracts(stage):
    return [
        (row.agency_id, str(row.during.lower), str(row.during.upper), row.exclusive)
        for row in stage.act(contracts_of, stage.signed.id)
    ]


def row(agency, starts, ends="", at=0, **more):
    values = {"agency_id": ids.public("agc", agency.id), "starts_on": starts, "ends_on": ends} | more
    return {f"contracts__{at}__{name}": value for name, value in values.items()}


def test_contracts_are_read_made_exclusive_and_taken_out(stage, manager):
    assert path(stage) in manager.get("/hub/parties/hosts").text
    page = manager.get(path(stage)).text
    assert f'value="{ids.public("agc", stage.agency.id)}" selected' in page
    other = stage.make.agency()
    two = row(stage.agency, "2026-01-01", "2026-07-01", exclusive="yes") | row(other, "2026-07-01", at=1)
    assert manager.post(f"{path(stage)}/contracts", **two, _rev=str(rev(stage))).status_code == 303
    assert contracts(stage) == [
        (stage.agency.id, "2026-01-01", "2026-07-01", True),
        (other.id, "2026-07-01", "None", False),
    ]
    manager.follow()
    assert manager.post(f"{path(stage)}/contracts", **two, _rev="1").status_code == 412
    # The first row emptied goes; the fault of what was the second stands beside the second.
    gone = two | {"contracts__0__agency_id": "", "contracts__1__ends_on": "2026-06-30"}
    refused = manager.post(f"{path(stage)}/contracts", **gone, _rev=str(rev(stage)))
    assert refused.status_code == 422
    assert 'id="contracts.1.ends_on-about"' in refused.text
    gone |= {"contracts__1__ends_on": ""}
    assert manager.post(f"{path(stage)}/contracts", **gone, _rev=str(rev(stage))).status_code == 303
    assert contracts(stage) == [(other.id, "2026-07-01", "None", False)]


def test_contracts_that_overlap_are_refused_beside_their_row(stage, manager):
    manager.get(path(stage))
    before = contracts(stage)
    two = row(stage.agency, "2026-01-01") | row(stage.make.agency(), "2026-03-01", at=1)
    refused = manager.post(f"{path(stage)}/contracts", **two, _rev=str(rev(stage)))
    assert "Two contracts of one host overlap." in refused.text
    assert 'id="contracts.1.agency_id-about"' in refused.text
    assert contracts(stage) == before


def test_a_promise_set_on_the_page_stands_in_the_way_of_other_brands(stage, manager, planner):
    brand = stage.make.brand(name="独家品牌")
    manager.get(path(stage))
    promise = {
        "promises__0__brand_id": ids.public("brd", brand.id),
        "promises__0__scope": "all",
        "promises__0__starts_on": "2026-01-01",
    }
    assert manager.post(f"{path(stage)}/promises", **promise, _rev=str(rev(stage))).status_code == 303
    assert [one.brand_id for one in stage.act(bonds.exclusivities_of, stage.signed.id)] == [brand.id]
    assert "独家品牌" in manager.follow().text
    planner.get("/hub/sessions/new")
    page = planner.post("/hub/sessions/new", **typed(stage))
    assert page.status_code == 409
    assert "独家品牌" in page.text
    manager.post(f"{path(stage)}/promises", _rev=str(rev(stage)))
    assert stage.act(bonds.exclusivities_of, stage.signed.id) == []
    # Negative control: without the promise it is booked.
    assert planner.post("/hub/sessions/new", **typed(stage)).status_code == 303


def test_who_may_only_look_sees_no_button_and_promises_are_the_managers(stage, planner, app, database):
    viewer = visitor_as(app, database, "hub", hub_role="viewer")
    assert "Save the" not in viewer.get(path(stage)).text
    assert viewer.post(f"{path(stage)}/contracts").status_code == 403
    page = planner.get(path(stage)).text
    assert "Save the contracts" in page
    assert "Save the promises" not in page
    assert planner.post(f"{path(stage)}/promises").status_code == 403
