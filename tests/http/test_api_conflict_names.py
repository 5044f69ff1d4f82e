"""What stands in a session's way is called as the reader's language calls it; `params` keep the Chinese name."""

from datetime import timedelta

from sqlalchemy import text

from campaign.kit.ids import public
from campaign.kit.instants import written
from campaign.parties.actions import set_contracts
from campaign.parties.models import Host
from campaign.parties.schemas import ContractIn
from campaign.schedule import availability
from tests.factory import HUB

ENGLISH = {"Accept-Language": "en"}


def body(stage, **changes):
    starts_at = stage.given().starts_at
    values = {
        "title": "双十一",
        "studio_id": public("std", stage.studio.id),
        "brand_ids": [public("brd", stage.brand.id)],
        "starts_at": written(starts_at),
        "ends_at": written(starts_at + timedelta(hours=3)),
        "channels": [{"platform": "douyin"}],
        "participants": [{"host_id": public("hst", stage.signed.id)}],
    }
    return values | changes


def name(stage, **english):
    """studio="Hall", host="Nan Xing" … as the English names of the stage's own."""
    things = {"studio": stage.studio, "host": stage.signed, "agency": stage.agency, "brand": stage.brand}
    with stage.database.transaction(HUB) as db:
        for kind, called in english.items():
            query = text(f"UPDATE {kind} SET name_en = :name WHERE id = :id")
            db.execute(query, {"name": called, "id": things[kind].id})


def messages(answer, rule):
    return [one["message"] for one in answer.json["conflicts"] if one["rule"] == rule]


def test_a_taken_studio_and_host_have_their_english_names(call, stage):
    name(stage, studio="Hall", host="Nan Xing")
    stage.book()
    answer = call(HUB, "POST", "/sessions", json=body(stage), headers=ENGLISH)
    assert answer.status_code == 409
    assert messages(answer, "studio_overlap")[0].startswith("Studio Hall is taken")
    assert messages(answer, "host_overlap")[0].startswith("Nan Xing is in")
    assert {one["params"]["name"] for one in answer.json["conflicts"]} == {"A", "南星"}
    chinese = call(HUB, "POST", "/sessions", json=body(stage), headers={"Accept-Language": "zh"})
    assert "南星" in messages(chinese, "host_overlap")[0]


def test_an_agency_too_and_a_host_without_an_english_name_keeps_its_own(call, stage, make):
    name(stage, agency="South Star")
    other = make.agency()
    with stage.database.transaction(HUB) as db:
        host = availability.get(db, HUB, Host, stage.signed.id)
        on = ContractIn(agency_id=stage.agency.id, starts_on=stage.now().date(), exclusive=True)
        set_contracts(db, HUB, host, [on])
    people = [{"host_id": public("hst", stage.signed.id), "agency_id": public("agc", other.id)}]
    answer = call(HUB, "POST", "/sessions", json=body(stage, participants=people), headers=ENGLISH)
    assert messages(answer, "agency_exclusive") == ["南星 works through South Star alone on that day."]
