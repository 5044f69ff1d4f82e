"""A schedule as a sheet: booked by the rules, changed in what differs, and written so that it reads back the same."""

import csv
import io
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from xlsxwriter import Workbook

from campaign.catalog.models import Campaign
from campaign.connectors import files
from campaign.connectors.imports import ImportReport
from campaign.connectors.sheets.export import export_sessions
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.parties import actions
from campaign.parties.models import Brand, Host, Studio
from campaign.schedule import changing
from campaign.schedule.models import CrewPool
from campaign.schedule.queries import get_session
from campaign.schedule.schemas import SessionChange
from campaign.schedule.views import SessionView
from tests import zones
from tests.db.test_sheets import all_rows, bring, counts, told
from tests.factory import HUB
from tests.schedule_kit import Stage

ZONE = ZoneInfo(zones.hub_zone())
HEADER = "场次,直播间,开始时间,结束时间,品牌,平台账号,主播"


def day_ahead(stage: Stage, days: int = 3) -> str:
    return str((stage.now() + timedelta(days=days)).astimezone(ZONE).date())


def show(database: Database, title: str) -> SessionView:
    with database.transaction(HUB) as db:
        number = db.execute(text("SELECT id FROM live_session WHERE title = :t"), {"t": title}).scalar_one()
        return get_session(db, HUB, number)


def local(at: datetime | None) -> str:
    assert at is not None
    return at.astimezone(ZONE).strftime("%H:%M")


def written(database: Database, stage: Stage, *, form: str = "csv", language: str = "zh_CN") -> bytes:
    first = stage.now() - timedelta(days=1)
    with database.transaction(HUB, readonly=True) as db:
        return export_sessions(
            db, HUB, first, first + timedelta(days=60), form=form, language=language, words=lambda code: code
        )


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheet(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


@pytest.mark.parametrize(
    ("columns", "hours"),
    [
        ("日期,时段", "{day},20:00-02:00"),
        ("日期,时段", "{day},20:00-26:00"),
        ("日期,开始,结束", "{day},20:00,26:00"),
        ("开始时间,结束时间", "{day} 20:00,02:00"),
        ("开始时间,结束时间", "{day}T20:00:00{offset},{next} 02:00"),
        ("Start,End", "{slashed} 20：00,{next} 2:00"),
    ],
)
def test_hours_past_midnight_are_read_as_people_write_them(
    columns: str, hours: str, stage: Stage, database: Database
) -> None:
    day, after = day_ahead(stage), day_ahead(stage, 4)
    offset = datetime.fromisoformat(f"{day}T20:00").replace(tzinfo=ZONE).isoformat()[-6:]
    row = hours.format(day=day, next=after, slashed=day.replace("-", "/"), offset=offset)
    report = bring(
        database,
        "sessions",
        f"场次,直播间,{columns},品牌,平台账号,主播\n夜场,A,{row},辛皮记,抖音/{stage.account.external_id},小棠@22:00-01:00\n",
    )
    assert (told(report), report.new) == ([], 1)
    view = show(database, "夜场")
    assert str(view.starts_at.astimezone(ZONE).date()) == day
    assert (local(view.starts_at), local(view.ends_at)) == ("20:00", "02:00")
    person = view.participants[0]
    assert (local(person.starts_at), local(person.ends_at)) == ("22:00", "01:00")


def test_rows_meet_the_rules_and_a_reason_lets_the_soft_ones_through(
    stage: Stage, database: Database
) -> None:
    day = day_ahead(stage)
    account = f"douyin/{stage.account.external_id}"
    rows = [
        [*HEADER.split(","), "放行理由"],
        ["甲", "A", f"{day} 12:00", f"{day} 14:00", "辛皮记", account, "南星", ""],
        ["乙", "A", f"{day} 13:00", f"{day} 15:00", "辛皮记", "douyin", "小棠", ""],
        ["丙", "B", "2025-01-01 12:00", "2025-01-01 14:00", "辛皮记", "douyin", "小棠", ""],
        ["丁", "B", "2025-01-02 12:00", "2025-01-02 14:00", "辛皮记", "douyin", "小棠", "补录"],
        ["戊", "C", f"{day} 20:00", f"{day} 22:00", "辛皮记", "douyin", "小棠", ""],
        ["己", "B", f"{day} 20:00", f"{day} 19:00:61", "辛皮记", "douyin", "小棠", ""],
        ["庚", "B", f"{day} 20:00", f"{day} 22:00", "辛皮记", "bilibili", "小棠", ""],
        ["辛", "B", f"{day} 20:00", f"{day} 22:00", "辛皮记", "douyin", "", ""],
    ]
    report = bring(database, "sessions", sheet(rows))
    assert report.new == 2
    assert told(report) == [
        (3, "studio_overlap", None),
        (4, "past_start", "放行理由"),
        (6, "unknown_name", "直播间"),
        (7, "bad_time", "结束时间"),
        (8, "bad_choice", "平台账号"),
        (9, "missing_value", "主播"),
    ]
    assert show(database, "丁").warnings[0]["reason"] == "补录"
    again = bring(database, "sessions", sheet(rows))
    assert (again.new, again.changed, again.same) == (0, 0, 2)


@pytest.fixture
def week(stage: Stage, database: Database) -> Stage:
    """Sessions with everything a sheet can say, and names that try to break one."""
    make = stage.make
    odd = make.studio(name="'=cmd|A1;x")
    twins = make.host(name="双双", kind="in_house"), make.host(name="双双", kind="in_house")
    at_sign = make.host(name="@小棠@20:00-22:00", kind="in_house")
    foreign = make.product(stage.brand, sku="-US=1;2")
    campaign = make.campaign(name="+618")
    with database.transaction(SYSTEM) as db:
        pool = actions.add(db, SYSTEM, CrewPool(name="化妆*2", capacity=4, before_minutes=60, into_minutes=0))
    start = (stage.now() + timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0)
    people = [
        {"host_id": stage.in_house.id},
        {"host_id": twins[0].id, "role": "assistant", "from": start, "to": start + timedelta(hours=1)},
        {"host_id": twins[1].id, "role": "assistant", "from": start + timedelta(hours=1)},
        {"host_id": at_sign.id, "role": "influencer"},
    ]
    stage.book(
        title="=1+1",
        studio_id=odd.id,
        starts_at=start,
        hours=6,
        participants=people,
        notes='\'-第一行\n"第二行", =A1',
        campaign_id=campaign.id,
        hold_until=start - timedelta(days=1),
        crew=[{"pool_id": pool.id, "units": 2}],
        channels=[
            {"platform": "douyin", "platform_account_id": stage.account.id, "room_ids": ["7301#a;b", "7302"]},
            {"platform": "tiktok_shop"},
        ],
        lineup=[
            {"product_id": foreign.id, "live_price_fen": 12345, "currency": "USD"},
            {"product_id": stage.product.id, "live_price_fen": 0},
        ],
        override={"reason": "long"},
    )
    stage.book(title="-", starts_at=start + timedelta(days=1))
    gone = stage.book(title="已停用的人", starts_at=start + timedelta(days=2), override={"reason": "x"})
    with database.transaction(SYSTEM) as db:
        for model, number in ((Studio, gone.studio_id), (Brand, stage.brand.id), (Host, stage.signed.id)):
            actions.archive(db, SYSTEM, db.get_one(model, number))
        actions.archive(db, SYSTEM, db.get_one(Campaign, campaign.id))
    return stage


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_an_export_goes_back_in_without_a_change(
    form: str, language: str, week: Stage, database: Database
) -> None:
    content = written(database, week, form=form, language=language)
    before = all_rows(database)
    report = bring(database, "sessions", content)
    assert told(report) == []
    assert counts(report) == (0, 0, 3, 0)
    assert all_rows(database) == before


def test_no_cell_of_an_export_starts_a_formula(week: Stage, database: Database) -> None:
    cells = [cell for row in table(written(database, week)) for cell in row]
    assert [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell] == []
    assert "'=1+1" in cells


def test_an_edited_export_changes_what_was_edited(stage: Stage, database: Database) -> None:
    view = stage.book(
        title="原名",
        participants=[{"host_id": stage.signed.id}, {"host_id": stage.in_house.id, "role": "assistant"}],
        channels=[{"platform": "douyin", "platform_account_id": stage.account.id, "room_ids": ["7301"]}],
    )
    rows = table(written(database, stage))
    at = {name: rows[0].index(name) for name in ("场次", "开始时间", "结束时间", "主播", "排品", "平台账号")}
    rows[1][at["场次"]] = "改名"
    rows[1][at["主播"]] = "墨墨"
    rows[1][at["排品"]] = f"{stage.product.sku}=¥999.50"
    rows[1][at["平台账号"]] = f"{rows[1][at['平台账号']]}; 快手"
    moved = view.starts_at + timedelta(hours=1)
    rows[1][at["开始时间"]] = moved.astimezone(ZONE).strftime("%Y/%m/%d %H:%M")
    report = bring(database, "sessions", sheet(rows), dry_run=True)
    assert told(report) == []
    assert report.preview[0].columns == ("开始时间", "场次", "平台账号", "主播", "排品")
    with database.transaction(HUB) as db:
        assert get_session(db, HUB, view.id).version == view.version
    bring(database, "sessions", sheet(rows))
    after = show(database, "改名")
    assert (after.id, after.starts_at, after.ends_at) == (view.id, moved, view.ends_at)
    assert sorted((p.name, p.role, p.starts_at) for p in after.participants) == [
        ("墨墨", "host", moved),
        ("小棠", "assistant", moved),
    ]
    assert {(c.platform, c.room_ids) for c in after.channels} == {("douyin", ("7301",)), ("kuaishou", ())}
    assert [(item.sku, item.live_price_fen) for item in after.lineup] == [(stage.product.sku, 99950)]
    assert counts(bring(database, "sessions", sheet(rows))) == (0, 0, 1, 0)


def test_a_row_is_judged_by_what_stands_when_it_is_taken_over(stage: Stage, database: Database) -> None:
    day = day_ahead(stage)
    row = f"{HEADER}\n新场,A,{day} 12:00,{day} 14:00,辛皮记,douyin,南星\n"
    looked = bring(database, "sessions", row, dry_run=True)
    assert counts(looked) == (1, 0, 0, 0)
    bring(database, "sessions", row.replace("12:00", "13:00").replace("新场", "先到"))
    with database.transaction(HUB) as db:
        done: ImportReport = files.apply_checked(db, HUB, looked.id)
    assert told(done) == [(2, "studio_overlap", None)]


def test_a_row_is_about_the_session_of_its_id(stage: Stage, database: Database) -> None:
    view = stage.book(title="场")
    rows = table(written(database, stage))
    stage.act(changing.change, view.id, SessionChange(title="场二"))
    report = bring(database, "sessions", sheet(rows))
    assert counts(report) == (0, 1, 0, 0)
    rows[1][0] = "ses_zzz"
    assert told(bring(database, "sessions", sheet(rows))) == [(2, "unknown_name", "场次ID")]


def test_a_workbook_with_real_dates_numbers_and_merged_cells_is_read(
    stage: Stage, database: Database
) -> None:
    day = (
        (stage.now() + timedelta(days=3))
        .astimezone(ZONE)
        .replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    )
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet()
        when, clock = (
            book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            book.add_format({"num_format": "hh:mm"}),
        )
        for at, heading in enumerate(["场次", "直播间", "开始时间", "结束时间", "品牌", "平台账号", "主播"]):
            page.write(0, at, heading)
        for number, hours in enumerate((10, 14), start=1):
            page.write(number, 0, number)
            page.write_datetime(number, 2, day + timedelta(hours=hours), when)
            page.write_number(number, 3, (hours + 3) / 24, clock)
            for at, cell in ((4, "辛皮记"), (5, "抖音"), (6, "小棠")):
                page.write(number, at, cell)
        page.merge_range(1, 1, 2, 1, "A")
    report = bring(database, "sessions", out.getvalue())
    # A merged cell stands in its first row alone.
    assert told(report) == [(3, "missing_value", "直播间")]
    view = show(database, "1")
    assert (local(view.starts_at), local(view.ends_at)) == ("10:00", "13:00")
