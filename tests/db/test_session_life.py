"""The life of a session: who is asked again, counter-offers, swaps, what follows a late show, taps that count once."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import Invalid, NotFound
from campaign.live import bulk, running
from campaign.schedule import answering, changing, offer_rules, proposing, queries, swapping
from campaign.schedule.errors import Conflicting, ProposalClosed
from campaign.schedule.proposals import proposals_of
from campaign.schedule.schemas import SessionChange
from tests.factory import HUB

MIN = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def mixed(stage):
    """An accepted session of a signed, an in-house and an independent host; the first is on to half time only."""
    given = stage.given()
    half = given.starts_at + 90 * MIN
    made = stage.book(
        participants=[
            {"host_id": stage.signed.id, "to": half},
            {"host_id": stage.in_house.id},
            {"host_id": stage.independent.id},
        ]
    )
    stage.act(answering.offer, made.id)
    return stage.act(answering.accept, made.id)


def standing(view):
    return {person.name: person.acceptance for person in view.participants}


def types_of(stage, session_id):
    with stage.database.transaction(SYSTEM) as db:
        rows = db.execute(
            text("SELECT type FROM outbox_event WHERE session_id = :id ORDER BY seq"), {"id": session_id}
        )
        return [row.type for row in rows]


CHANGES = {
    "title": ({"title": "换个题目"}, set()),
    "notes": ({"notes": "自带咖啡"}, set()),
    "studio": ("other_studio", set()),
    "channels": ({"channels": [{"platform": "other"}]}, set()),
    # The signed host leaves at half time: a later end is none of its business.
    "later_end": ("later_end", {"墨墨"}),
    "start": ("start", {"南星", "墨墨"}),
    "agency_person_replaced": ("replaced", {"阿瑞"}),
    "in_house_person_replaced": ("own_replaced", set()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_asks_again_exactly_those_it_touches(stage, mixed, name):
    what, asked = CHANGES[name]
    people = [
        {"host_id": p.host_id, "agency_id": p.agency_id, "from": p.starts_at, "to": p.ends_at}
        for p in mixed.participants
    ]
    at_of = {p.host_id: number for number, p in enumerate(mixed.participants)}
    if what == "replaced":
        other = stage.make.host(agency=stage.agency, name="阿瑞")
        people[at_of[stage.signed.id]] |= {"host_id": other.id}
    elif what == "own_replaced":
        other = stage.make.host(kind="in_house", name="小满")
        people[at_of[stage.in_house.id]] |= {"host_id": other.id}
    given = (
        {
            "other_studio": {"studio_id": stage.other_studio.id},
            "later_end": {"ends_at": mixed.ends_at + HOUR},
            "start": {"starts_at": mixed.starts_at - HOUR, "ends_at": mixed.ends_at - HOUR},
            "replaced": {"participants": people},
            "own_replaced": {"participants": people},
        }.get(what, what)
        if isinstance(what, str)
        else what
    )
    changed = stage.act(
        changing.change, mixed.id, SessionChange.model_validate(given | {"override": {"reason": "试"}})
    )
    assert {name for name, answer in standing(changed).items() if answer == "asked"} == asked
    assert set(standing(changed).values()) <= {"asked", "accepted"}
    assert changed.state == ("offered" if asked else "accepted")


def proposed(stage, session_id, **given):
    stage.act(proposing.counter, session_id, proposing.Counter(**given), actor=stage.agent)
    return stage.act(proposals_of, session_ids=[session_id])[0]


@pytest.fixture
def offered(stage):
    return stage.act(answering.offer, stage.book().id)


def test_an_accepted_counter_moves_the_session_and_counts_as_the_agencys_yes(stage, offered):
    one = proposed(stage, offered.id, starts_at=offered.starts_at + 2 * HOUR, reason="早班")
    assert (one.kind, one.stands, one.agency_id) == ("time", True, stage.agency.id)
    assert stage.act(queries.get_session, offered.id).starts_at == offered.starts_at
    done = stage.act(proposing.accept_proposal, one.id)
    assert (done.state, done.starts_at, done.ends_at - done.starts_at) == (
        "accepted",
        offered.starts_at + 2 * HOUR,
        3 * HOUR,
    )
    assert types_of(stage, offered.id) == [
        "session.offered",
        "session.countered",
        "session.moved",
        "session.accepted",
    ]
    with pytest.raises(ProposalClosed):
        stage.act(proposing.accept_proposal, one.id)


def test_a_counter_by_person_puts_another_host_of_the_same_agency_in_its_place(stage, offered):
    other = stage.make.host(agency=stage.agency, name="阿瑞")
    one = proposed(stage, offered.id, host_id=other.id)
    done = stage.act(proposing.accept_proposal, one.id)
    assert (done.state, standing(done)) == ("accepted", {"阿瑞": "accepted"})


def test_a_host_of_somebody_else_cannot_be_proposed(stage, offered):
    for host in (stage.make.host(agency=stage.make.agency()), stage.independent):
        with pytest.raises(Invalid):
            proposed(stage, offered.id, host_id=host.id)


def test_a_counter_onto_a_taken_place_stays_open_and_changes_nothing(stage, offered):
    host = stage.make.host(kind="in_house")
    starts_at = offered.starts_at + 5 * HOUR
    stage.book(starts_at=starts_at, participants=[{"host_id": host.id}], channels=[{"platform": "other"}])
    one = proposed(stage, offered.id, starts_at=starts_at)
    with pytest.raises(Conflicting):
        stage.act(proposing.accept_proposal, one.id)
    after = stage.act(proposals_of, session_ids=[offered.id])[0]
    assert (after.state, after.stands) == ("open", True)
    assert stage.act(queries.get_session, offered.id).starts_at == offered.starts_at


def test_a_counter_is_overtaken_by_a_move_and_refused_ones_are_told(stage, offered):
    one = proposed(stage, offered.id, starts_at=offered.starts_at + 2 * HOUR)
    stage.act(changing.move, offered.id, starts_at=offered.starts_at + HOUR)
    assert stage.act(proposals_of, waiting=True) == []
    with pytest.raises(ProposalClosed):
        stage.act(proposing.accept_proposal, one.id)
    stage.act(proposing.refuse_proposal, one.id, reason="已改期")
    assert types_of(stage, offered.id)[-1] == "session.counter_refused"


def test_a_counter_outlives_the_deadline_of_its_offer(stage, offered):
    one = proposed(stage, offered.id, starts_at=offered.starts_at + 2 * HOUR)
    with stage.database.transaction(SYSTEM) as db:
        answering.expire(db, running.get_locked(db, SYSTEM, offered.id))
    assert stage.act(queries.get_session, offered.id).state == "draft"
    assert stage.act(proposing.accept_proposal, one.id).state == "accepted"


def test_an_agency_asks_to_cancel_and_the_hub_decides(stage, offered):
    with pytest.raises(Invalid):
        stage.act(proposing.ask_to_cancel, offered.id, code="host_unavailable", reason=" ", actor=stage.agent)
    asked = stage.act(
        proposing.ask_to_cancel, offered.id, code="host_unavailable", reason="发烧", actor=stage.agent
    )
    assert asked.state == "offered"
    one = stage.act(proposals_of, waiting=True)[0]
    done = stage.act(proposing.accept_proposal, one.id)
    assert (done.state, done.cancel_code) == ("cancelled", "host_unavailable")


def test_proposals_are_the_hubs_and_their_agencys_alone(stage, offered):
    one = proposed(stage, offered.id, starts_at=offered.starts_at + HOUR)
    stranger = Actor(kind="user", role="agency", id=9, agency_id=stage.make.agency().id)
    brand = Actor(kind="user", role="brand", id=8, brand_id=stage.brand.id)
    assert [p.id for p in stage.act(proposals_of, actor=stage.agent)] == [one.id]
    assert stage.act(proposals_of, actor=stranger) == []
    assert stage.act(proposals_of, actor=brand) == []
    with pytest.raises(NotFound):
        stage.act(proposing.withdraw, one.id, actor=stranger)
    stage.act(proposing.withdraw, one.id, actor=stage.agent)
    assert stage.act(proposals_of, waiting=True) == []


def test_the_hubs_own_deadline_counts(stage):
    stage.act(offer_rules.set_rules, answer_hours=2, last_answer_minutes=30)
    made = stage.act(answering.offer, stage.book().id)
    assert abs(made.offer_deadline_at - (stage.now() + 2 * HOUR)) < MIN


@pytest.fixture
def pair(stage):
    """Two sessions in different studios and at different times, in-house hosts."""
    first = stage.book(participants=[{"host_id": stage.in_house.id}])
    other = stage.make.host(kind="in_house", name="小满")
    second = stage.book(
        studio_id=stage.other_studio.id,
        starts_at=first.starts_at + 4 * HOUR,
        hours=2,
        participants=[{"host_id": other.id}],
        channels=[{"platform": "other"}],
    )
    return first, second


@pytest.mark.parametrize("what", ["studios", "times", "places", "people"])
def test_two_sessions_swap_and_swap_back(stage, pair, what):
    def seen():
        views = [stage.act(queries.get_session, one.id) for one in pair]
        return [(v.studio_id, v.starts_at, v.ends_at - v.starts_at, sorted(standing(v))) for v in views]

    (s1, t1, l1, p1), (s2, t2, l2, p2) = seen()
    stage.act(swapping.swap, pair[0].id, pair[1].id, what=what, override_reason="对调")
    expected = {
        "studios": [(s2, t1, l1, p1), (s1, t2, l2, p2)],
        "times": [(s1, t2, l1, p1), (s2, t1, l2, p2)],
        "places": [(s2, t2, l1, p1), (s1, t1, l2, p2)],
        "people": [(s1, t1, l1, p2), (s2, t2, l2, p1)],
    }[what]
    assert seen() == expected
    stage.act(swapping.swap, pair[0].id, pair[1].id, what=what, override_reason="对调")
    assert seen() == [(s1, t1, l1, p1), (s2, t2, l2, p2)]


def test_one_that_cannot_swap_leaves_both_as_they_were(stage, pair):
    third = stage.make.host(kind="in_house")
    stage.book(
        studio_id=stage.other_studio.id,
        starts_at=pair[1].starts_at + 3 * HOUR,
        participants=[{"host_id": third.id}],
        channels=[{"platform": "other"}],
    )
    with pytest.raises(Conflicting):
        # The first, three hours long, does not fit before the third in that studio.
        stage.act(swapping.swap, pair[0].id, pair[1].id, what="places", override_reason="对调")
    for one in pair:
        now = stage.act(queries.get_session, one.id)
        assert (now.studio_id, now.starts_at, now.version) == (one.studio_id, one.starts_at, one.version)


def test_a_bulk_answer_is_one_by_one(stage, offered):
    draft = stage.book(starts_at=offered.starts_at + 24 * HOUR)
    done = stage.act(
        bulk.act_on_all, "accept", [draft.id, offered.id, offered.id], bulk.Given(), actor=stage.agent
    )
    assert [(one.session_id, one.view is not None) for one in done] == [(draft.id, False), (offered.id, True)]
    assert stage.act(queries.get_session, offered.id, actor=HUB).state == "accepted"
