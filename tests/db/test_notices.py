"""Notices in the database: told once, in time, to the right party alone."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from campaign.delivery.notices import actions, queries
from campaign.delivery.notices.schemas import NoticeQuery
from campaign.kit import clock
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.errors import NotFound
from campaign.live import clock as ticking
from campaign.live import reminders, running
from campaign.outbox.notices import Notice, tell
from campaign.schedule import answering, changing, closing
from campaign.schedule.queries import get_session
from tests.factory import HUB

CANARY = "canary-7f3a"


@pytest.fixture
def swept(stage):
    """swept(minutes=…): the clock's sweep so much later than now; gives what it told."""

    def sweep(**later: float) -> int:
        with clock.travel(timedelta(**later)), stage.database.transaction(SYSTEM) as db:
            return reminders.sweep(db, SYSTEM)

    return sweep


def told(stage, actor: Actor, prefix: str = "") -> list[Notice]:
    """What an actor reads, oldest first."""
    with stage.database.transaction(actor) as db:
        page = queries.page_of_notices(db, actor, NoticeQuery())
    return [one.notice for one in reversed(page.items) if one.notice.kind.startswith(prefix)]


def kinds(stage, actor: Actor, prefix: str = "") -> list[str]:
    return [one.kind for one in told(stage, actor, prefix)]


def accepted(stage, **changes):
    """A session that its agency accepted; it starts in so many `hours_ahead`."""
    ahead = changes.pop("hours_ahead", 30)
    made = stage.book(starts_at=stage.now() + timedelta(hours=ahead), **changes)
    stage.act(answering.offer, made.id)
    return stage.act(answering.accept, made.id, actor=stage.agent)


def brand_user(stage) -> Actor:
    return Actor(kind="user", role="brand", id=8, name="brand", brand_id=stage.brand.id)


def card_of(host) -> Actor:
    return Actor(kind="user", role="host", id=9, name="host", host_id=host.id)


def test_each_reminder_is_told_once_to_hub_agency_and_host(stage, swept):
    accepted(stage)
    for hours in (5, 6, 6.2, 29, 29.1, 29.75, 29.8, 30.1):
        swept(hours=hours)
        swept(hours=hours)
    wanted = ["reminder.day", "reminder.hour", "reminder.quarter"]
    for actor in (HUB, stage.agent, card_of(stage.signed)):
        assert kinds(stage, actor, "reminder") == wanted
    assert kinds(stage, brand_user(stage)) == []


def test_a_moved_session_is_reminded_of_anew(stage, swept):
    made = accepted(stage, hours_ahead=24)
    swept(minutes=1)
    stage.act(changing.move, made.id, starts_at=made.starts_at + timedelta(hours=5), override_reason="late")
    stage.act(answering.accept, made.id, actor=stage.agent)
    swept(hours=5, minutes=1)
    assert kinds(stage, HUB, "reminder") == ["reminder.day", "reminder.day"]
    assert len({one.params["starts_at"] for one in told(stage, HUB, "reminder")}) == 2


def test_what_is_not_agreed_is_not_reminded_of(stage, swept):
    made = stage.book(starts_at=stage.now() + timedelta(hours=24))
    swept(minutes=1)
    stage.act(answering.offer, made.id)
    swept(minutes=2)
    assert kinds(stage, HUB, "reminder") == []


def test_ten_minutes_without_a_clock_tell_late_what_still_helps(stage, swept):
    accepted(stage, hours_ahead=2)
    swept(minutes=104)  # 16 minutes before the start; then the clock stands still
    swept(minutes=114)  # 6 minutes before it
    (last,) = told(stage, HUB, "reminder.quarter")
    assert last.useful_until == last.useful_until.fromisoformat(last.params["starts_at"])
    assert kinds(stage, HUB, "reminder.missed") == []


def test_a_reminder_whose_start_has_passed_is_dropped_and_said_so(stage, swept):
    accepted(stage, hours_ahead=2)
    swept(minutes=104)
    swept(minutes=121)
    swept(minutes=122)
    assert "reminder.quarter" not in kinds(stage, HUB)
    (missed,) = told(stage, HUB, "reminder.missed")
    with clock.travel(timedelta(minutes=104)):
        assert abs(missed.at.fromisoformat(missed.params["stood_at"]) - stage.now()) < timedelta(minutes=1)
    # Not the agency's matter: it is the house's own fault.
    assert "reminder.missed" not in kinds(stage, stage.agent)


def test_deadlines_are_told_before_and_after_they_pass(stage, swept):
    made = stage.book(starts_at=stage.now() + timedelta(days=3))
    stage.act(answering.offer, made.id, deadline_at=stage.now() + timedelta(hours=6))
    swept(hours=3)
    assert kinds(stage, stage.agent, "deadline") == []
    swept(hours=4, minutes=1)
    swept(hours=5)
    assert kinds(stage, stage.agent, "deadline") == ["deadline.soon"]
    with clock.travel(timedelta(hours=6, minutes=1)):
        ticking.tick(stage.database)
        ticking.tick(stage.database)
    assert kinds(stage, stage.agent, "deadline") == ["deadline.soon", "deadline.expired"]
    assert kinds(stage, HUB, "deadline") == ["deadline.soon", "deadline.expired"]


def test_an_answered_offer_has_no_deadline(stage, swept):
    accepted(stage, hours_ahead=72)
    swept(hours=23, minutes=30)
    assert kinds(stage, HUB, "deadline") == []


def test_who_is_not_here_at_call_time_is_told_of_and_who_is_here_is_not(stage, swept):
    made = accepted(
        stage, hours_ahead=2, participants=[{"host_id": stage.signed.id}, {"host_id": stage.in_house.id}]
    )
    made = stage.act(get_session, made.id)
    person = next(one for one in made.participants if one.host_id == stage.in_house.id)
    with clock.travel(timedelta(minutes=80)):
        stage.act(running.arrive, made.id, participant_id=person.id)
    swept(minutes=89)
    assert kinds(stage, HUB, "arrival") == []
    swept(minutes=91)
    swept(minutes=95)
    (missing,) = told(stage, HUB, "arrival")
    assert [one["name"] for one in missing.params["hosts"]] == ["南星"]
    assert kinds(stage, stage.agent, "arrival") == ["arrival.missing"]
    assert kinds(stage, card_of(stage.signed), "arrival") == ["arrival.missing"]
    assert kinds(stage, card_of(stage.in_house), "arrival") == []


def test_events_are_told_with_the_change_or_not_at_all(stage):
    made = stage.book()

    def offer_and_fail(db, actor):
        answering.offer(db, actor, made.id)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stage.act(offer_and_fail)
    assert kinds(stage, stage.agent) == []
    stage.act(answering.offer, made.id)
    stage.act(answering.decline, made.id, actor=stage.agent, reason="档期冲突")
    assert kinds(stage, stage.agent) == ["change.offered"]
    (declined,) = told(stage, HUB, "change")
    assert (declined.kind, declined.params["reason"]) == ("change.declined", "档期冲突")


def test_a_brand_hears_of_moves_and_cancellations_of_what_was_agreed(stage):
    draft = stage.book()
    stage.act(changing.move, draft.id, studio_id=stage.other_studio.id)
    assert kinds(stage, brand_user(stage)) == []
    made = accepted(stage, hours_ahead=60)
    stage.act(changing.move, made.id, starts_at=made.starts_at + timedelta(hours=1))
    stage.act(closing.cancel, made.id, code="weather")
    assert kinds(stage, brand_user(stage)) == ["change.moved", "change.cancelled"]


def test_no_party_reads_a_word_of_anothers(stage, make, swept):
    """Two agencies in one session, a second brand and agency beside: each canary stays where it belongs."""
    other_agency, other_brand = make.agency(name=f"B机构 {CANARY}"), make.brand(name=f"B {CANARY}")
    stranger = make.host(agency=other_agency, name=f"host {CANARY}")
    both = stage.book(
        starts_at=stage.now() + timedelta(hours=30),
        participants=[{"host_id": stage.signed.id}, {"host_id": stranger.id}],
    )
    stage.act(answering.offer, both.id)
    foreign = stage.book(
        title=f"session {CANARY}",
        brand_ids=[other_brand.id],
        studio_id=stage.other_studio.id,
        channels=[{"platform": "douyin"}],
        participants=[{"host_id": stranger.id}],
        starts_at=stage.now() + timedelta(hours=60),
    )
    theirs = Actor(kind="user", role="agency", id=70, name=f"agent {CANARY}", agency_id=other_agency.id)
    stage.act(answering.offer, foreign.id)
    stage.act(answering.accept, both.id, actor=stage.agent)
    stage.act(answering.decline, both.id, actor=theirs, reason=f"reason {CANARY}")
    stage.act(answering.accept, foreign.id, actor=theirs)
    stage.act(changing.move, foreign.id, starts_at=foreign.starts_at + timedelta(hours=1))
    swept(hours=6, minutes=30)
    swept(hours=37)
    for actor in (stage.agent, brand_user(stage), card_of(stage.signed)):
        with stage.database.transaction(actor) as db:
            # Unscoped on purpose: what row-level security alone lets this actor read.
            raw = str(db.execute(text("SELECT row_to_json(n)::text FROM notice n")).all())
        assert CANARY not in raw, actor.role
        assert "change.offered" in kinds(stage, stage.agent)
    # The control: to whom it belongs, it is there.
    assert CANARY in str([one.params for one in told(stage, theirs)])
    assert CANARY in str([one.params for one in told(stage, HUB)])


def test_a_party_may_tell_another_but_neither_read_nor_change_it(stage):
    with stage.database.transaction(stage.agent) as db:
        tell(db, "change.declined", "hub", [0], key="k", params={"title": "x"})
        tell(db, "change.declined", "hub", [0], key="k", params={"title": "again"})
        assert db.scalars(select(Notice)).all() == []
    (found,) = told(stage, HUB)
    assert found.params == {"title": "x"}
    with pytest.raises(NotFound), stage.database.transaction(stage.agent) as db:
        actions.acknowledge(db, stage.agent, found.id)


def test_the_first_acknowledgement_stands_and_is_audited_once(stage):
    with stage.database.transaction(SYSTEM) as db:
        tell(db, "arrival.missing", "hub", [0], key="k", params={})
    (found,) = told(stage, HUB)
    colleague = Actor(kind="user", role="hub", hub_role="scheduler", id=3, name="second")
    for actor in (HUB, colleague, HUB):
        with stage.database.transaction(actor) as db:
            seen = actions.acknowledge(db, actor, found.id)
            assert (seen.acknowledged_name, seen.acknowledged_by) == (HUB.name, HUB.id)
            noted = db.execute(text("SELECT count(*) FROM audit_entry WHERE action = 'notice.acknowledged'"))
            assert noted.scalar_one() == 1


def test_what_one_reader_has_read_is_unread_for_another(stage):
    colleague = Actor(kind="user", role="hub", hub_role="scheduler", id=3, name="second")

    def unread(actor: Actor) -> int:
        with stage.database.transaction(actor) as db:
            return queries.count_unread(db, actor)

    with stage.database.transaction(SYSTEM) as db:
        for number in range(3):
            tell(db, "arrival.missing", "hub", [0], key=f"k{number}", params={})
        tell(db, "reminder.day", "hub", [0], key="r", params={})
    assert (unread(HUB), unread(colleague)) == (3, 3)
    with stage.database.transaction(SYSTEM) as db:
        db.execute(text("UPDATE notice SET at = at + interval '1 minute' WHERE key = 'k2'"))
    middle = next(one.at for one in told(stage, HUB, "arrival") if one.key == "k1")
    with stage.database.transaction(HUB) as db:
        actions.mark_read(db, HUB, through=middle)
        actions.mark_read(db, HUB, through=middle)
    assert (unread(HUB), unread(colleague)) == (1, 3)
    with stage.database.transaction(HUB) as db:
        page = queries.page_of_notices(db, HUB, NoticeQuery(unread=True))
    assert "k2" in {one.notice.key for one in page.items}
    assert "k0" not in {one.notice.key for one in page.items}
