"""Changing, offering and answering: who is asked, who hears of it, and what a stale edit may not do."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import Forbidden, Invalid, NotFound, Stale, WrongState
from campaign.live import running
from campaign.schedule import answering, changing, queries, swapping
from campaign.schedule.errors import (
    Conflicting,
    MustBeAsked,
    NobodyToAsk,
    NothingToAnswer,
    NotWhileLive,
)
from campaign.schedule.schemas import SessionChange, SessionFilter
from tests.factory import HUB, SECRET_KEY


def events_of(stage, session_id):
    with stage.database.transaction(SYSTEM) as db:
        rows = db.execute(
            text("SELECT type, seq, agency_ids, data FROM outbox_event WHERE session_id = :id ORDER BY seq"),
            {"id": session_id},
        )
        return [tuple(row) for row in rows]


def types_of(stage, session_id):
    return [event[0] for event in events_of(stage, session_id)]


def change(stage, session_id, **fields):
    return stage.act(changing.change, session_id, SessionChange.model_validate(fields))


def offered(stage, **given):
    return stage.act(answering.offer, stage.book(**given).id)


def accepted(stage, **given):
    return stage.act(answering.accept, offered(stage, **given).id, actor=stage.agent)


def test_an_offer_asks_the_agency_and_its_yes_accepts(stage):
    made = offered(stage)
    assert (made.state, made.participants[0].acceptance) == ("offered", "asked")
    assert made.offer_deadline_at is not None
    done = stage.act(answering.accept, made.id, actor=stage.agent)
    assert (done.state, done.participants[0].acceptance, done.version) == ("accepted", "accepted", 3)
    assert types_of(stage, made.id) == ["session.offered", "session.accepted"]
    assert events_of(stage, made.id)[0][2] == [stage.agency.id]


def test_an_agency_sees_a_session_from_the_offer_on_and_no_other(stage):
    made = stage.book()
    with pytest.raises(NotFound):
        stage.act(queries.get_session, made.id, actor=stage.agent)
    stage.act(answering.offer, made.id)
    assert stage.act(queries.get_session, made.id, actor=stage.agent).state == "offered"
    stranger = Actor(kind="user", role="agency", id=9, agency_id=stage.make.agency().id)
    with pytest.raises(NotFound):
        stage.act(answering.accept, made.id, actor=stranger)
    assert stage.act(queries.page_of_sessions, SessionFilter(), limit=50, actor=stranger).items == []


def test_a_decline_with_a_reason_goes_back_to_draft_and_keeps_the_claims(stage):
    made = offered(stage)
    with pytest.raises(Invalid):
        stage.act(answering.decline, made.id, reason=" ", actor=stage.agent)
    done = stage.act(answering.decline, made.id, reason="档期冲突", actor=stage.agent)
    assert (done.state, done.participants[0].acceptance) == ("draft", "declined")
    assert types_of(stage, made.id)[-1] == "session.declined"
    with pytest.raises(Conflicting):
        stage.book()


def test_a_replaced_person_is_asked_and_the_one_before_hears_that_it_is_over(stage):
    made = accepted(stage)
    other_agency = stage.make.agency()
    other = stage.make.host(agency=other_agency, name="阿瑞")
    changed = change(stage, made.id, participants=[{"host_id": other.id}])
    assert (changed.state, [p.acceptance for p in changed.participants]) == ("offered", ["asked"])
    told = {event[0]: event[2] for event in events_of(stage, made.id)}
    assert told["session.people_changed"] == [stage.agency.id]
    assert events_of(stage, made.id)[-1][0] == "session.offered"
    assert events_of(stage, made.id)[-1][2] == [other_agency.id]
    with pytest.raises(NotFound):
        stage.act(queries.get_session, made.id, actor=stage.agent)


def test_moving_an_accepted_session_asks_again_but_another_studio_only_notifies(stage):
    made = accepted(stage)
    other_studio = stage.act(changing.move, made.id, studio_id=stage.other_studio.id)
    assert other_studio.state == "accepted"
    moved = stage.act(changing.move, made.id, starts_at=made.starts_at + timedelta(hours=1))
    assert (moved.state, moved.ends_at - moved.starts_at) == ("offered", timedelta(hours=3))
    assert moved.participants[0].acceptance == "asked"
    assert moved.participants[0].round == 2
    assert types_of(stage, made.id)[2:] == ["session.moved", "session.moved"]


def test_line_up_and_title_only_notify(stage):
    made = accepted(stage)
    changed = change(
        stage, made.id, title="皮衣专场", lineup=[{"product_id": stage.product.id, "live_price_fen": 88800}]
    )
    assert (changed.state, changed.title, len(changed.lineup)) == ("accepted", "皮衣专场", 1)
    assert types_of(stage, made.id)[-1] == "session.updated"
    assert "88800" not in str(events_of(stage, made.id)[-1][3])


def test_notes_are_nobodys_news(stage):
    made = accepted(stage)
    before = types_of(stage, made.id)
    assert change(stage, made.id, notes="自带咖啡").notes == "自带咖啡"
    assert types_of(stage, made.id) == before


def test_a_stale_edit_changes_nothing(stage):
    made = stage.book()
    stage.act(changing.move, made.id, studio_id=stage.other_studio.id, expected_version=1)
    with pytest.raises(Stale):
        stage.act(changing.move, made.id, studio_id=stage.studio.id, expected_version=1)
    assert stage.act(queries.get_session, made.id).studio_id == stage.other_studio.id


def test_a_move_onto_a_taken_place_is_refused_and_the_old_place_kept(stage):
    first = stage.book()
    host = stage.make.host(kind="in_house")
    second = stage.book(
        studio_id=stage.other_studio.id,
        participants=[{"host_id": host.id}],
        channels=[{"platform": "other"}],
    )
    with pytest.raises(Conflicting):
        stage.act(changing.move, second.id, studio_id=stage.studio.id)
    with pytest.raises(Conflicting):
        stage.book(
            studio_id=stage.other_studio.id,
            participants=[{"host_id": stage.in_house.id}],
            channels=[{"platform": "other"}],
        )
    assert stage.act(queries.get_session, first.id).version == 1


def test_two_sessions_swap_studios_in_one_transaction(stage):
    first = stage.book()
    host = stage.make.host(kind="in_house")
    second = stage.book(
        studio_id=stage.other_studio.id,
        participants=[{"host_id": host.id}],
        channels=[{"platform": "other"}],
    )
    swapped = stage.act(swapping.swap, first.id, second.id)
    assert swapped.studio_id == stage.other_studio.id
    assert stage.act(queries.get_session, second.id).studio_id == stage.studio.id


def test_with_nobody_to_ask_the_hub_confirms(stage):
    made = stage.book(participants=[{"host_id": stage.in_house.id}])
    with pytest.raises(NobodyToAsk):
        stage.act(answering.offer, made.id)
    done = stage.act(answering.confirm, made.id)
    assert (done.state, done.participants[0].acceptance) == ("accepted", "accepted")
    with pytest.raises(MustBeAsked):
        stage.act(answering.confirm, stage.book(starts_at=made.starts_at + timedelta(days=2)).id)


def test_an_independent_host_answers_by_link_once_per_round(stage):
    made = offered(stage, participants=[{"host_id": stage.independent.id}])
    token = answering.answer_link_token(SECRET_KEY, made.participants[0])
    with stage.database.transaction(SYSTEM) as db:
        view, person = answering.read_answer_link(db, SECRET_KEY, token)
        assert (view.id, person.name) == (made.id, "墨墨")
        done = answering.answer_by_link(db, SECRET_KEY, token, answer="accept")
        assert done.state == "accepted"
        assert answering.answer_by_link(db, SECRET_KEY, token, answer="accept").version == done.version
    stage.act(changing.move, made.id, starts_at=made.starts_at + timedelta(hours=1))
    with stage.database.transaction(SYSTEM) as db, pytest.raises(NotFound):
        answering.answer_by_link(db, SECRET_KEY, token, answer="decline", reason="旧链接")


def test_all_who_must_answer_have_to(stage):
    parts = [{"host_id": stage.signed.id}, {"host_id": stage.independent.id}, {"host_id": stage.in_house.id}]
    made = offered(stage, participants=parts)
    assert [person.acceptance for person in made.participants] == ["asked", "asked", "accepted"]
    half = stage.act(answering.accept, made.id, actor=stage.agent)
    assert half.state == "offered"
    with pytest.raises(NothingToAnswer):
        stage.act(answering.accept, made.id, actor=stage.agent)
    host = Actor(kind="user", role="host", id=3, host_id=stage.independent.id)
    assert stage.act(answering.accept, made.id, actor=host).state == "accepted"


def test_co_hosts_of_others_are_a_name_and_prices_are_hidden(stage):
    parts = [{"host_id": stage.signed.id}, {"host_id": stage.independent.id}]
    made = offered(
        stage,
        participants=parts,
        notes="底价另议",
        lineup=[{"product_id": stage.product.id, "live_price_fen": 77700}],
    )
    seen = stage.act(queries.get_session, made.id, actor=stage.agent)
    own, other = sorted(seen.participants, key=lambda person: person.host_id is None)
    assert (own.host_id, own.acceptance) == (stage.signed.id, "asked")
    assert (other.name, other.host_id, other.acceptance) == ("墨墨", None, None)
    assert (seen.notes, seen.lineup[0].live_price_fen) == ("", None)
    assert "77700" not in str(events_of(stage, made.id))
    assert "底价另议" not in str(events_of(stage, made.id))


def test_a_brand_sees_its_own_rows_and_others_as_a_count(stage):
    other = stage.make.brand(name="鹿皮匠")
    foreign = stage.make.product(other)
    made = stage.book(
        brand_ids=[stage.brand.id, other.id],
        lineup=[
            {"product_id": stage.product.id, "live_price_fen": 1},
            {"product_id": foreign.id, "live_price_fen": 2},
        ],
    )
    user = Actor(kind="user", role="brand", id=4, brand_id=stage.brand.id)
    seen = stage.act(queries.get_session, made.id, actor=user)
    assert ([brand.id for brand in seen.brands], seen.other_brands) == ([stage.brand.id], 1)
    assert [item.live_price_fen for item in seen.lineup] == [1]
    assert seen.participants[0].agency_id is None
    with pytest.raises(Forbidden):
        stage.act(queries.page_of_sessions, SessionFilter(agency_id=stage.agency.id), limit=5, actor=user)


def test_while_live_only_rooms_line_up_and_end_change(stage):
    soon = stage.now() + timedelta(minutes=10)
    made = accepted(stage, starts_at=soon, hours=2)
    stage.act(running.go_live, made.id)
    for fields in (
        {"title": "x"},
        {"starts_at": soon + timedelta(hours=1)},
        {"channels": [{"platform": "other"}]},
    ):
        with pytest.raises(NotWhileLive):
            change(stage, made.id, **fields)
    with stage.database.transaction(HUB) as db:
        given = SessionChange.model_validate(
            {
                "ends_at": made.ends_at + timedelta(minutes=30),
                "channels": [
                    {"platform": "douyin", "platform_account_id": stage.account.id, "room_ids": ["7401"]}
                ],
            }
        )
        changed = changing.change(db, HUB, made.id, given)
    assert (changed.state, changed.channels[0].room_ids) == ("live", ("7401",))
    with pytest.raises(WrongState):
        stage.act(changing.move, made.id, studio_id=stage.other_studio.id)


def test_the_last_declined_person_replaced_by_an_in_house_one_accepts_the_offer(stage):
    made = offered(stage)
    changed = change(stage, made.id, participants=[{"host_id": stage.in_house.id}])
    assert changed.state == "accepted"
    assert changed.offer_deadline_at is None


def test_a_ready_session_moved_far_away_is_accepted_again(stage):
    soon = stage.now() + timedelta(minutes=10)
    made = stage.book(participants=[{"host_id": stage.in_house.id}], starts_at=soon)
    stage.act(answering.confirm, made.id)
    stage.act(running.make_ready, made.id)
    moved = stage.act(changing.move, made.id, starts_at=soon + timedelta(days=1))
    assert moved.state == "accepted"


def test_seq_rises_without_gaps(stage):
    made = accepted(stage)
    stage.act(changing.move, made.id, studio_id=stage.other_studio.id)
    assert [event[1] for event in events_of(stage, made.id)] == [1, 2, 3]


def test_pages_follow_each_other_and_cost_the_same_for_one_and_three_rows(stage, engine):
    from sqlalchemy import event

    starts_at = stage.given().starts_at
    made = [stage.book(starts_at=starts_at + timedelta(days=day)).id for day in range(3)]
    counts = []

    def count(*_):
        counts[-1] += 1

    event.listen(engine, "before_cursor_execute", count)
    try:
        for limit in (1, 3):
            counts.append(0)
            with stage.database.transaction(HUB) as db:
                page = queries.page_of_sessions(db, HUB, SessionFilter(), limit=limit)
    finally:
        event.remove(engine, "before_cursor_execute", count)
    assert counts[0] == counts[1]
    assert [view.id for view in page.items] == made
    with stage.database.transaction(HUB) as db:
        first = queries.page_of_sessions(db, HUB, SessionFilter(), limit=2)
        rest = queries.page_of_sessions(db, HUB, SessionFilter(), limit=2, cursor=first.next_cursor)
    assert [view.id for view in [*first.items, *rest.items]] == made
    assert rest.next_cursor is None


def test_a_deadline_in_the_past_is_refused(stage):
    made = stage.book()
    with pytest.raises(Invalid):
        stage.act(answering.offer, made.id, deadline_at=stage.now() - timedelta(hours=1))


def test_attention_names_what_is_wrong(stage):
    made = offered(stage)
    stage.act(answering.decline, made.id, reason="病假", actor=stage.agent)
    assert [(item.session.id, item.code) for item in stage.act(queries.needs_attention)] == [
        (made.id, "person_missing")
    ]
    with clock.travel(timedelta(days=1)):
        codes = {item.code for item in stage.act(queries.needs_attention)}
    assert "person_missing" in codes
