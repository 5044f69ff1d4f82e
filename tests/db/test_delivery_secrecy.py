"""What an agency is sent of a session that another agency's host is in as well: its own part, and no more."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from campaign.delivery.bodies import body_of
from campaign.kit import clock, ids
from campaign.kit.actor import SYSTEM, Actor
from campaign.live import correcting, running
from campaign.schedule import answering, changing, closing, proposing
from campaign.schedule.proposals import proposals_of
from campaign.schedule.schemas import CorrectionIn, SessionChange


@pytest.fixture
def bodies(stage):
    """type, agency id and bytes of every message, as fanning out makes them."""

    def made() -> list[tuple[str, int, bytes]]:
        with stage.database.transaction(SYSTEM) as db:
            rows = db.execute(
                text("SELECT type, agency_ids, data, agency_data FROM outbox_event ORDER BY id")
            ).all()
        return [
            (
                row.type,
                agency,
                body_of(row.type, datetime.now(UTC), row.data, row.agency_data.get(str(agency), {})),
            )
            for row in rows
            for agency in row.agency_ids
        ]

    return made


def test_of_a_shared_session_each_agency_is_sent_its_own_part_alone(stage, bodies):
    other = stage.make.agency(name="晨光机构")
    hers = stage.make.host(agency=other, name="晨星")
    theirs = Actor(kind="user", role="agency", id=8, name="canary-their-user", agency_id=other.id)
    mine = stage.agent
    booked = stage.book(
        notes="canary-notes",
        participants=[{"host_id": stage.signed.id}, {"host_id": hers.id}],
        lineup=[{"product_id": stage.product.id, "live_price_fen": 76543219}],
    )
    my_id, her_id = (person.id for person in booked.participants)
    stage.act(answering.offer, booked.id)
    later = proposing.Counter(starts_at=booked.starts_at.replace(minute=30), reason="canary-my-counter")
    stage.act(proposing.counter, booked.id, later, actor=mine)
    (proposal,) = stage.act(proposals_of, session_ids=[booked.id])
    stage.act(proposing.refuse_proposal, proposal.id, reason="canary-refused-to-me")
    stage.act(answering.accept, booked.id, actor=mine, reason="canary-my-yes")
    stage.act(answering.accept, booked.id, actor=theirs, reason="canary-their-yes")
    change = {"title": "换个题目", "notes": "canary-notes-again", "override": {"reason": "canary-override"}}
    stage.act(changing.change, booked.id, SessionChange.model_validate(change))
    stage.act(answering.decline, booked.id, actor=theirs, reason="canary-their-no")
    alone = {"participants": [{"host_id": stage.signed.id}], "override": {"reason": "canary-override"}}
    stage.act(changing.change, booked.id, SessionChange.model_validate(alone))
    stage.act(changing.change, booked.id, SessionChange.model_validate({"title": "canary-after-they-left"}))
    stage.act(closing.cancel, booked.id, code="other", reason="说给所有人")

    sent = bodies()
    # The hub's own and what nobody outside is to know, in no body at all.
    for secret in ("canary-notes", "canary-override", "76543219", "live_price", "canary-their-user"):
        assert [kind for kind, _, body in sent if secret in body.decode()] == [], secret
    own = {
        stage.agency.id: (
            "canary-my-",
            "canary-refused-to-me",
            ids.public("ptc", my_id),
            ids.public("hst", stage.signed.id),
        ),
        other.id: ("canary-their-", ids.public("ptc", her_id), ids.public("hst", hers.id)),
    }
    for agency, marks in own.items():
        others = [(kind, body.decode()) for kind, to, body in sent if to != agency]
        assert [(kind, mark) for mark in marks for kind, body in others if mark in body] == []
    # The control: what it may see of them is there, each with its answers; they left before the new title.
    told = {
        agency: [(kind, json.loads(body)["data"]) for kind, to, body in sent if to == agency]
        for agency in own
    }
    assert any("canary-my-counter" in str(data) for _, data in told[stage.agency.id])
    assert any("canary-refused-to-me" in str(data) for _, data in told[stage.agency.id])
    assert any("canary-their-no" in str(data) for _, data in told[other.id])
    assert any("canary-after-they-left" in str(data) for _, data in told[stage.agency.id])
    assert not any("canary-after-they-left" in str(data) for _, data in told[other.id])
    assert told[other.id][-1][1]["session"]["state"] == "parted"
    assert {name["name"] for name in told[other.id][0][1]["session"]["hosts"]} == {"南星", "晨星"}


def test_a_correction_tells_an_agency_it_takes_out_that_alone(stage, bodies):
    other = stage.make.agency(name="晨光机构")
    hers = stage.make.host(agency=other, name="晨星")
    starts_at = stage.now() + timedelta(hours=1)
    people = [{"host_id": stage.signed.id}, {"host_id": hers.id}]
    booked = stage.book(participants=people, starts_at=starts_at)
    theirs = Actor(kind="user", role="agency", id=8, name="their-user", agency_id=other.id)
    stage.act(answering.offer, booked.id)
    for agent in (stage.agent, theirs):
        stage.act(answering.accept, booked.id, actor=agent)
    with clock.travel(timedelta(hours=1)):
        stage.act(running.go_live, booked.id)
    with clock.travel(timedelta(hours=5)):
        given = {
            "reason": "canary-reason",
            "state": "ended",
            "studio_id": stage.other_studio.id,
            "participants": [{"host_id": stage.signed.id}, {"host_id": stage.in_house.id}],
        }
        stage.act(correcting.correct, booked.id, CorrectionIn.model_validate(given))

    sent = [(to, json.loads(body)["data"]) for kind, to, body in bodies() if kind == "session.corrected"]
    told = dict(sent)
    assert sorted(told) == sorted([stage.agency.id, other.id])
    assert len(sent) == 2
    # Who stays reads all of it: what was set right, why, and who stood there.
    stays = told[stage.agency.id]
    assert (stays["reason"], stays["fields"]) == ("canary-reason", ["participants", "state", "studio_id"])
    assert {host["name"] for host in stays["session"]["hosts"]} == {"南星", "小棠"}
    # Who is out hears so, by these names and no other.
    public, seq = ids.public("ses", booked.id), stays["seq"]
    version = stays["session"]["version"]
    assert told[other.id] == {
        "session_id": public,
        "seq": seq,
        "session": {"id": public, "title": "专场", "version": version, "state": "parted"},
        "participants": [],
    }
    # And so do its people, once; who stays is not told by a notice what was set right.
    with stage.database.transaction(SYSTEM) as db:
        notices = db.execute(
            text("SELECT party_id, params, session_id FROM notice WHERE kind = 'change.parted'")
        ).all()
        corrected = db.scalars(text("SELECT kind FROM notice WHERE key LIKE 'session.corrected:%'")).all()
    assert notices == [(other.id, {"title": "专场"}, None)]
    assert corrected == ["change.parted"]
