"""A backup put back is the same database; nothing is written over unasked, and half a backup changes nothing."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from campaign.cli.main import main
from campaign.kit import queue
from tests.conftest import Databases
from tests.db.test_sales_cli import House, house  # noqa: F401 - a fixture


def content(url: str) -> dict[str, Any]:
    """Every table's rows, and the database's own rights and rules."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        found: dict[str, Any] = {
            name: connection.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1').fetchall()
            for (name,) in tables
        }
        found["policies"] = connection.execute("SELECT p::text FROM pg_policies p ORDER BY 1").fetchall()
        found["rights"] = connection.execute(
            "SELECT relname, relacl::text, relforcerowsecurity FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S', 'v') ORDER BY 1"
        ).fetchall()
    return found


def command(*words: str) -> int:
    try:
        return main(list(words))
    finally:
        queue.use(None)


def test_a_backup_put_back_is_the_same_and_nothing_is_lost_unasked(
    house: House,  # noqa: F811
    databases: Databases,
    template_url: str,
    own_database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, before = tmp_path / "all.backup", content(own_database_url)
    assert before["brand"]
    assert command("backup", str(file)) == 0
    assert file.stat().st_mode & 0o077 == 0
    assert command("backup", str(file)) == 1
    assert "is there already" in capsys.readouterr().err
    house.database.dispose()
    assert command("restore", str(file)) == 1
    assert "not empty" in capsys.readouterr().err
    fresh = databases.new(template=template_url.rsplit("/", 1)[1])
    monkeypatch.setenv("DATABASE_URL", fresh)
    try:
        whole = file.read_bytes()
        empty = content(fresh)
        for hundredths in (30, 90, 99):
            (tmp_path / "part.backup").write_bytes(whole[: len(whole) * hundredths // 100])
            assert command("restore", str(tmp_path / "part.backup")) == 1
        assert command("restore", str(Path(__file__))) == 1
        assert content(fresh) == empty
        with psycopg.connect(fresh):
            assert command("restore", str(file)) == 1
            assert "stop the product" in capsys.readouterr().err
        assert command("restore", str(file)) == 0
        assert content(fresh) == before
        with psycopg.connect(fresh, autocommit=True) as connection:
            connection.execute("DELETE FROM shop")
        assert command("restore", str(file), "--overwrite") == 0
        assert content(fresh) == before
    finally:
        databases.drop(fresh)
