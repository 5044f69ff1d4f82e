"""The commands import and export with sheets: exit statuses, JSON, and a week that goes out and comes back."""

from pathlib import Path

import pytest

from campaign.cli.main import main
from campaign.connectors import files
from campaign.connectors.sheets.columns import KINDS
from campaign.kit import queue
from tests.db.test_sales_cli import House, house  # noqa: F401 - a fixture


def test_the_commands_know_every_kind() -> None:
    from importlib import import_module

    assert set(import_module("campaign.cli.commands.import").KINDS) == set(files.KINDS)
    assert set(import_module("campaign.cli.commands.export").KINDS) == set(KINDS)


def test_sheets_go_in_and_the_week_comes_out_and_back(
    house: House,  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hosts = tmp_path / "hosts.csv"
    hosts.write_text("主播,别名,机构\n南星,小南,\n小棠,,没有的机构\n", encoding="gb18030")
    status, said = house.run("import", "hosts", str(hosts), "--all-or-nothing")
    assert (status, said["new"], [one["column"] for one in said["refused"]]) == (1, 1, ["机构"])
    status, said = house.run("import", "hosts", str(hosts), "--dry-run")
    assert (status, said["new"], said["refused"][0]["message"]) == (
        1,
        1,
        "机构: nothing here is called “没有的机构”.",
    )
    status, said = house.run("import", "hosts", str(hosts))
    assert (status, said["new"], said["same"]) == (1, 1, 0)
    hosts.write_text("Host\n小南\n", encoding="utf-8")
    assert house.run("import", "hosts", str(hosts))[1]["same"] == 1
    studios = tmp_path / "studios.csv"
    studios.write_text("直播间\nA1\n")
    assert house.run("import", "studios", str(studios))[0] == 0
    sessions = tmp_path / "sessions.csv"
    row = f"夜场,A1,2030-01-02,23:00-26:00,{house.brand.name},抖音,小南"
    sessions.write_text(f"场次,直播间,日期,时段,品牌,平台账号,主播\n{row}\n")
    status, said = house.run("import", "sessions", str(sessions))
    assert (status, said["new"], said["refused"]) == (0, 1, [])
    for form in ("csv", "xlsx"):
        out = tmp_path / f"week.{form}"
        asked = ("export", "sessions", "--from", "2030-01-01", "--to", "2030-01-07", "--out", str(out))
        assert house.run(*asked)[0] == 0
        status, said = house.run("import", "sessions", str(out))
        assert (status, said["rows"], said["same"]) == (0, 1, 1)
    for wrong in (
        ["--from", "2030-01-07", "--to", "2030-01-01"],
        ["--from", "2030-01-01", "--to", "2031-01-01"],
    ):
        assert house.run("export", "sessions", *wrong)[0] == 1
    assert house.run("export", "sessions")[0] == 2
    assert house.run("export", "template", "hosts", "--out", str(tmp_path / "t.doc"))[0] == 1
    try:
        assert (
            main(["export", "template", "hosts", "--language", "en", "--out", str(tmp_path / "t.csv")]) == 0
        )
    finally:
        queue.use(None)
    assert (tmp_path / "t.csv").read_text("utf-8-sig").startswith("Host,English name,Kind,Aliases")
    assert "bytes" in capsys.readouterr().out
