"""The commands of links, closed months and scheduled summaries, with their exit statuses and JSON."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from campaign.cli.main import main
from campaign.delivery.notices.channels import House, add_channel
from campaign.delivery.notices.schemas import NoticeChannelIn
from campaign.kit import queue
from campaign.kit.actor import Actor
from campaign.kit.database import Database
from campaign.kit.ids import public
from tests.factory import HUB, Factory

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def database_of(own_database_url: str) -> Iterator[Database]:
    made = Database.connect(own_database_url, pool_size=2)
    yield made
    made.dispose()


@pytest.fixture
def run(
    own_database_url: str,
    redis_url: str,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """run(*words): exit status, and each line of JSON, else what was said on standard error."""
    environ = {
        "DATABASE_URL": own_database_url,
        "REDIS_URL": redis_url,
        "CAMPAIGN_DATA_DIR": str(tmp_path),
        "CAMPAIGN_ENVIRONMENT": "given",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    def command(*words: str) -> tuple[int, Any]:
        try:
            status = main([*words, "--json"])
        except SystemExit as wrong_use:
            status = int(wrong_use.code or 0)
        finally:
            queue.use(None)
        said = capsys.readouterr()
        return status, [json.loads(line) for line in said.out.splitlines()] or said.err

    return command


def test_links_are_made_listed_and_ended(run: Run, database_of: Database) -> None:
    brand = public("brd", Factory(database_of).brand().id)
    days = ("--from", "2026-11-01", "--to", "2026-11-07")
    status, (made,) = run("shares", "make", "--brand", brand, *days, "--days", "30", "--group-by", "product")
    assert (status, made["state"], made["from"], made["group_by"]) == (0, "open", "2026-11-01", "product")
    assert "/s/" in made["url"]
    assert run("shares", "list", "--brand", brand) == (0, [{k: v for k, v in made.items() if k != "url"}])
    assert run("shares", "end", made["id"], "--brand", brand)[1][0]["state"] == "ended"
    assert run("shares", "list", "--brand", brand) == (0, "")
    assert [one["state"] for one in run("shares", "list", "--brand", brand, "--all")[1]] == ["ended"]
    assert run("shares", "end", public("shr", 7), "--brand", brand) == (1, "shares: not_found\n")
    assert run("shares", "make", "--brand", brand, *days, "--days", "91")[0] == 1
    assert run("shares", "make", "--brand", brand)[0] == 2


def test_months_are_closed_listed_and_shown(run: Run, database_of: Database) -> None:
    brand = public("brd", Factory(database_of).brand().id)
    status, (closed,) = run("months", "close", "--brand", brand, "--month", "2026-01")
    assert (status, closed["month"], closed["cohort"]) == (0, "2026-01", {"whole": [], "days": []})
    assert run("months", "show", "--brand", brand, "--month", "2026-01") == (0, [closed])
    assert run("months", "list", "--brand", brand) == (0, [closed])
    assert run("months", "close", "--brand", brand, "--month", "2026-01") == (1, "months: month_closed\n")
    assert run("months", "close", "--brand", brand, "--month", "2098-01") == (
        1,
        "months: month: month_not_over\n",
    )
    assert run("months", "show", "--brand", brand, "--month", "2025-01") == (1, "months: not_found\n")
    assert run("months", "show", "--brand", brand, "--month", "January")[0] == 2


def test_summaries_are_scheduled_for_the_hub_and_for_a_brand(run: Run, database_of: Database) -> None:
    brand = Factory(database_of).brand()
    own = Actor(kind="user", role="brand", id=5, brand_id=brand.id)
    wanted = NoticeChannelIn(kind="mail", name="老板", address="boss@brand.example")
    for actor in (HUB, own):
        with database_of.transaction(actor) as db:
            add_channel(db, actor, wanted, House(b"k" * 32, (), True))
    party = ("--for", public("brd", brand.id))
    (hubs,) = run("summaries", "channels")[1]
    (brands,) = run("summaries", "channels", *party)[1]
    assert hubs["id"] != brands["id"]
    when = ("--every", "day", "--at", "09:00")
    assert run("summaries", "make", "--channel", brands["id"], *when) == (1, "summaries: not_found\n")
    status, (made,) = run("summaries", "make", "--channel", brands["id"], *when, *party)
    assert (status, made["state"], made["brand_id"]) == (0, "active", public("brd", brand.id))
    assert run("summaries", "list") == (0, "")
    (changed,) = run("summaries", "change", made["id"], "--at", "08:30", *party)[1]
    assert (changed["at"], changed["every"]) == ("08:30", "day")
    assert run("summaries", "pause", made["id"], *party)[1][0]["state"] == "paused"
    assert run("summaries", "pause", made["id"]) == (1, "summaries: not_found\n")
    assert run("summaries", "resume", made["id"], *party)[1][0]["state"] == "active"
    assert run("summaries", "change", made["id"], *party)[0] == 1
    assert run("summaries", "end", made["id"], *party) == (0, [{"id": made["id"], "state": "ended"}])
    assert run("summaries", "list", *party) == (0, "")
