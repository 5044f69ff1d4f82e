"""Plans: laid out beside the board, compared with it as it stands, released whole or not at all."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask_babel import force_locale
from sqlalchemy import text

from campaign.gate.notices import say
from campaign.kit.actor import SYSTEM
from campaign.kit.errors import Forbidden, Stale, WrongState
from campaign.schedule import answering, changing, queries
from campaign.schedule.errors import Conflicting, NeedsOverride
from campaign.schedule.plans import drafting, looking, releasing
from campaign.schedule.plans import queries as plans
from campaign.schedule.plans.errors import (
    AlreadyPlanned,
    PlanEmpty,
    ReleaseNeedsReason,
    ReleaseRefused,
)
from campaign.schedule.plans.schemas import PlanChange, PlanEntryIn, PlanIn, ReleaseIn
from campaign.schedule.schemas import SessionChange


def opened(stage, **given):
    first = (stage.now() + timedelta(days=1)).date()
    values = {"name": "下周", "first_day": first, "last_day": first + timedelta(days=6)}
    return stage.act(drafting.open_plan, PlanIn(**values | given))


def put(stage, plan, kind, session=None, entry_id=None, **part):
    values = {"kind": kind, "session_id": getattr(session, "id", None)}
    if kind == "book":
        values["book"] = stage.given(**part)
    else:
        values[kind] = part
    given = PlanEntryIn.model_validate(values)
    return stage.act(drafting.put_entry, plan.id, given, entry_id=entry_id)


def look(stage, plan):
    return stage.act(lambda db, actor: looking.look(db, actor, plans.get_plan(db, actor, plan.id)))


def kinds(stage, plan):
    return {one.title: [found.kind for found in one.differences] for one in look(stage, plan)}


def release(stage, plan, **given):
    return stage.act(releasing.release, plan.id, ReleaseIn(**given))


def refused(stage, plan, error=ReleaseRefused, **given):
    with pytest.raises(error) as caught:
        release(stage, plan, **given)
    assert type(caught.value) is error
    return {one.title: one.error for one in caught.value.troubles}


def counted(stage, table):
    with stage.database.transaction(SYSTEM) as db:
        return db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def facts(stage):
    with stage.database.transaction(SYSTEM) as db:
        rows = db.execute(text("SELECT type, agency_ids, data, agency_data FROM outbox_event ORDER BY id"))
        return [tuple(row) for row in rows]


def notices(stage):
    with stage.database.transaction(SYSTEM) as db:
        rows = db.execute(
            text("SELECT kind, audience, party_id, params FROM notice ORDER BY audience, party_id")
        )
        return [tuple(row) for row in rows]


def accepted(stage, **given):
    made = stage.act(answering.offer, stage.book(**given).id)
    return stage.act(answering.accept, made.id, actor=stage.agent)


def session(stage, session_id):
    return stage.act(queries.get_session, session_id)


def test_a_plan_takes_no_claim_and_tells_nobody(stage):
    stood = accepted(stage)
    told, taken = (facts(stage), notices(stage)), counted(stage, "claim")
    plan = opened(stage)
    put(stage, plan, "book", hours=2, starts_at=stood.starts_at + timedelta(days=1))
    put(stage, plan, "change", stood, studio_id=stage.other_studio.id)
    assert (facts(stage), notices(stage)) == told
    assert counted(stage, "claim") == taken
    assert session(stage, stood.id) == stood


def test_every_kind_of_change_is_seen_beside_what_stands(stage):
    day = timedelta(days=1)
    stood = [
        accepted(stage, title=str(at), starts_at=stage.given().starts_at + at * day, hours=3)
        for at in range(6)
    ]
    plan = opened(stage)
    put(stage, plan, "change", stood[0], starts_at=stood[0].starts_at + timedelta(hours=1))
    put(stage, plan, "change", stood[1], ends_at=stood[1].ends_at + timedelta(hours=1))
    put(stage, plan, "change", stood[2], studio_id=stage.other_studio.id)
    put(stage, plan, "change", stood[3], participants=[{"host_id": stage.in_house.id}])
    put(stage, plan, "change", stood[4], lineup=[{"product_id": stage.product.id, "live_price_fen": 100}])
    put(stage, plan, "cancel", stood[5], code="other")
    put(stage, plan, "book", title="new", starts_at=stood[5].starts_at + day)
    assert kinds(stage, plan) == {
        "0": ["moved", "shorter"],
        "1": ["longer"],
        "2": ["studio"],
        "3": ["people"],
        "4": ["lineup"],
        "5": ["cancelled"],
        "new": ["added"],
    }
    assert [one.error for one in look(stage, plan)] == [None] * 7


def test_a_released_plan_stands_as_it_was_laid_out(stage):
    day = timedelta(days=1)
    moved = accepted(stage, title="moved")
    gone = accepted(stage, title="gone", starts_at=moved.starts_at + day)
    plan = opened(stage)
    put(stage, plan, "change", moved, starts_at=moved.starts_at + 2 * day, ends_at=moved.ends_at + 2 * day)
    put(stage, plan, "cancel", gone, code="weather")
    put(stage, plan, "book", title="new", starts_at=gone.starts_at)
    done = release(stage, plan)
    assert (done.state, done.released_by is not None) == ("released", True)
    assert session(stage, moved.id).starts_at == moved.starts_at + 2 * day
    assert session(stage, gone.id).cancel_code == "weather"
    assert kinds(stage, plan) == {"moved": [], "gone": [], "new": []}
    new = next(one.view for one in look(stage, plan) if one.title == "new")
    assert (new.state, new.offer_deadline_at is not None) == ("offered", True)
    with pytest.raises(WrongState):
        release(stage, plan)


def test_sessions_of_a_plan_trade_places_and_are_not_in_each_others_way(stage):
    one = accepted(stage, title="one")
    other = accepted(stage, title="other", starts_at=one.starts_at + timedelta(days=1))
    plan = opened(stage)
    put(stage, plan, "change", one, starts_at=other.starts_at, ends_at=other.ends_at)
    put(stage, plan, "change", other, starts_at=one.starts_at, ends_at=one.ends_at)
    assert [(seen.hard, seen.soft) for seen in look(stage, plan)] == [((), ()), ((), ())]
    release(stage, plan)
    assert session(stage, one.id).starts_at == other.starts_at
    assert session(stage, other.id).starts_at == one.starts_at


def test_a_refusal_names_every_entry_in_the_way_and_nothing_stands(stage):
    day = timedelta(days=1)
    stood = accepted(stage, title="stood")
    stale = accepted(stage, title="stale", starts_at=stood.starts_at + day)
    plan = opened(stage)
    put(stage, plan, "book", title="on top", starts_at=stood.starts_at)
    put(stage, plan, "book", title="fine", starts_at=stood.starts_at + 2 * day)
    put(stage, plan, "book", title="twice", starts_at=stood.starts_at + 2 * day)
    put(stage, plan, "change", stale, title="otherwise")
    stage.act(changing.change, stale.id, SessionChange(notes="x"))
    seen = {one.title: one for one in look(stage, plan)}
    assert [one.rule for one in seen["on top"].hard] == ["studio_overlap", "host_overlap", "account_overlap"]
    assert {one.rule for one in seen["twice"].hard} == {"studio_overlap", "host_overlap", "account_overlap"}
    assert {one.session_id for one in seen["twice"].hard} == {None}
    assert {one.params["name"] for one in seen["twice"].hard} == {"A", "南星", "辛皮记旗舰店"}
    assert seen["otherwise"].differences[0].kind == "overtaken"
    before = (facts(stage), notices(stage), counted(stage, "claim"), counted(stage, "live_session"))
    troubles = refused(stage, plan)
    assert set(troubles) == {"on top", "twice", "otherwise"}
    assert isinstance(troubles["on top"], Conflicting)
    assert isinstance(troubles["otherwise"], Stale)
    assert (facts(stage), notices(stage), counted(stage, "claim"), counted(stage, "live_session")) == before
    assert stage.act(plans.get_plan, plan.id).state == "draft"


def test_an_overtaken_entry_can_catch_up_with_the_board(stage):
    stood = accepted(stage)
    plan = opened(stage)
    entry = put(stage, plan, "change", stood, title="otherwise")
    stage.act(changing.change, stood.id, SessionChange(notes="x"))
    refused(stage, plan)
    stage.act(drafting.catch_up, plan.id, entry.id)
    release(stage, plan)
    assert (session(stage, stood.id).title, session(stage, stood.id).notes) == ("otherwise", "x")


def test_what_only_a_soft_rule_minds_asks_for_one_reason_for_all(stage):
    plan = opened(stage)
    start = stage.given().starts_at
    put(stage, plan, "book", title="long", starts_at=start, hours=8)
    put(stage, plan, "book", title="long too", starts_at=start + timedelta(days=1), hours=8)
    assert {one.title: {found.rule for found in one.soft} for one in look(stage, plan)} == {
        "long": {"host_stretch"},
        "long too": {"host_stretch"},
    }
    troubles = refused(stage, plan, ReleaseNeedsReason)
    assert [type(one) for one in troubles.values()] == [NeedsOverride] * 2
    release(stage, plan, reason="大促")
    reasons = [warning["reason"] for one in look(stage, plan) for warning in one.view.warnings]
    assert reasons == ["大促"] * 2


def test_each_agency_hears_once_of_its_own_sessions_alone(stage):
    other_agency = stage.make.agency(name="别家机构")
    theirs = stage.make.host(agency=other_agency, name="阿瑞")
    day = timedelta(days=1)
    moved = accepted(stage, title="moved")
    kept = accepted(stage, title="kept", starts_at=moved.starts_at + day)
    handed = accepted(stage, title="handed", starts_at=moved.starts_at + 2 * day)
    before = len(facts(stage)), len(notices(stage))
    plan = opened(stage)
    put(stage, plan, "change", moved, starts_at=moved.starts_at + timedelta(hours=1))
    put(stage, plan, "change", kept, notes="nobody's news")
    put(stage, plan, "change", handed, participants=[{"host_id": theirs.id}])
    put(
        stage,
        plan,
        "book",
        title="new",
        starts_at=moved.starts_at + 3 * day,
        participants=[{"host_id": theirs.id}],
    )
    release(stage, plan)
    ((name, audience, data, own),) = facts(stage)[before[0] :]
    assert (name, audience) == ("schedule.released", sorted([stage.agency.id, other_agency.id]))
    assert "sessions" not in data
    mine = {one["title"]: one for one in own[str(stage.agency.id)]["sessions"]}
    assert {title: one["what"] for title, one in mine.items()} == {"moved": "changed", "handed": "parted"}
    assert mine["moved"]["changed"] == ["moved", "shorter"]
    assert mine["moved"]["answer_by"] is not None
    assert [one["acceptance"] for one in mine["moved"]["participants"]] == ["asked"]
    other = {one["title"]: one for one in own[str(other_agency.id)]["sessions"]}
    assert {title: one["what"] for title, one in other.items()} == {"handed": "added", "new": "added"}
    assert all(one["answer_by"] for one in other.values())
    assert "南星" not in str(other)
    assert "阿瑞" not in str(mine)


def test_each_party_gets_one_digest_of_its_own_matter(stage):
    day = timedelta(days=1)
    other_brand = stage.make.brand(name="别家牌")
    moved = accepted(stage, title="moved")
    gone = accepted(stage, title="gone", starts_at=moved.starts_at + day)
    with stage.database.transaction(SYSTEM) as db:
        db.execute(text("DELETE FROM notice"))
    plan = opened(stage)
    put(stage, plan, "change", moved, studio_id=stage.other_studio.id)
    put(stage, plan, "cancel", gone, code="other")
    put(
        stage,
        plan,
        "book",
        title="new",
        starts_at=moved.starts_at + 2 * day,
        brand_ids=[other_brand.id],
        participants=[{"host_id": stage.in_house.id}],
    )
    release(stage, plan)
    found = notices(stage)
    assert {kind for kind, *_ in found} == {"change.schedule_released"}
    told = {
        (audience, party): {one["title"]: (one["what"], one["changed"]) for one in params["sessions"]}
        for _, audience, party, params in found
    }
    assert len(told) == len(found)
    both = {"moved": ("changed", ["studio"]), "gone": ("cancelled", [])}
    new = {"new": ("added", [])}
    assert told == {
        ("hub", 0): both | new,
        ("agency", stage.agency.id): both,
        ("host", stage.signed.id): both,
        ("brand", stage.brand.id): both,
        ("brand", other_brand.id): new,
        ("host", stage.in_house.id): new,
    }


def test_a_draft_is_released_to_nobody_but_the_hub(stage):
    plan = opened(stage)
    put(stage, plan, "book")
    release(stage, plan, offer=False)
    assert facts(stage) == []
    assert [audience for _, audience, *_ in notices(stage)] == ["hub"]


def test_a_week_is_copied_by_wall_time(stage):
    stood = accepted(stage, lineup=[{"product_id": stage.product.id, "live_price_fen": 9900}])
    dropped = stage.book(starts_at=stood.starts_at + timedelta(days=1), title="draft")
    first = stood.starts_at.date()
    plan = opened(stage, copy_from=first, first_day=first + timedelta(7), last_day=first + timedelta(13))
    seen = look(stage, plan)
    assert [(one.title, one.after.starts_at) for one in seen] == [
        (one.title, one.starts_at + timedelta(days=7)) for one in (stood, dropped)
    ]
    assert [one.hard for one in seen] == [(), ()]
    release(stage, plan)
    new = look(stage, plan)[0].view
    assert [(one.product_id, one.live_price_fen) for one in new.lineup] == [(stage.product.id, 9900)]
    assert new.participants[0].agency_id == stage.agency.id


def test_a_plan_is_the_hubs_alone_and_guards_its_own_versions(stage):
    plan = opened(stage)
    with pytest.raises(Forbidden):
        stage.act(plans.get_plan, plan.id, actor=stage.agent)
    with stage.database.transaction(stage.agent) as db:
        assert db.execute(text("SELECT count(*) FROM week_plan")).scalar_one() == 0
    with pytest.raises(PlanEmpty):
        release(stage, plan)
    stood = stage.book()
    entry = put(stage, plan, "cancel", stood, code="other")
    with pytest.raises(AlreadyPlanned):
        put(stage, plan, "change", stood, title="x")
    put(stage, plan, "change", stood, entry_id=entry.id, title="x")
    with pytest.raises(Stale):
        stage.act(drafting.change_plan, plan.id, PlanChange(name="y"), expected_rev=plan.rev - 1)
    stage.act(drafting.remove_entry, plan.id, entry.id)
    assert look(stage, plan) == []
    stage.act(drafting.drop_plan, plan.id)
    with pytest.raises(WrongState):
        put(stage, plan, "book")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "zh_CN",
            "11-30 – 12-06 的排期已发布：变更（改时间、加长）「专场」12-01 20:00 A；不再由您参与",
        ),
        (
            "en",
            "The schedule of 11-30 – 12-06 was released: changed (moved, longer) “专场” 12-01 20:00 A; no longer",
        ),
    ],
)
def test_a_digest_is_one_sentence_in_both_languages(app, language, sentence, monkeypatch):
    monkeypatch.setattr("campaign.gate.notices._MOST_RELEASED", 2)
    known = {"title": "专场", "starts_at": "2026-12-01T12:00:00Z", "studio": "A", "studio_en": "A"}
    parted = {"title": "清仓", "what": "parted", "changed": []}
    sessions = [known | {"what": "changed", "changed": ["moved", "longer"]}, parted, parted]
    with app.test_request_context(), force_locale(language):
        params = {"days": ["2026-11-30", "2026-12-06"], "total": 3, "sessions": sessions}
        said = say("change.schedule_released", params, ZoneInfo("Asia/Shanghai"), "agency")
    assert said.startswith(sentence)


def test_a_release_that_is_rolled_back_has_told_nobody(stage):
    stood = accepted(stage)
    plan = opened(stage)
    put(stage, plan, "change", stood, studio_id=stage.other_studio.id)
    put(stage, plan, "book", starts_at=stood.starts_at + timedelta(days=1))
    before = facts(stage), notices(stage), counted(stage, "claim")

    def released_then_lost(db, actor):
        releasing.release(db, actor, plan.id, ReleaseIn())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stage.act(released_then_lost)
    assert (facts(stage), notices(stage), counted(stage, "claim")) == before
    assert session(stage, stood.id) == stood
    release(stage, plan)
