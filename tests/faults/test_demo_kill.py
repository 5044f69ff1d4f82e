"""The demo's fill is all or nothing: killed half-way it leaves nothing, and the next start fills it whole."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def surroundings(own_database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": own_database_url,
        "REDIS_URL": redis_url,
        "CAMPAIGN_DATA_DIR": str(tmp_path),
        "CAMPAIGN_SECRET_KEY": "test-secret-key-of-more-than-32-characters",
        "PYTHONUNBUFFERED": "1",
    }


def _fill(surroundings: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "campaign", "demo", "fill"],
        cwd=ROOT,
        env=surroundings,
        stdout=subprocess.PIPE,
        text=True,
    )


def _stored(url: str) -> tuple[int, int, int]:
    """(brands, sessions, order lines) that stand in the database."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM brand), (SELECT count(*) FROM live_session),"
            " (SELECT count(*) FROM order_line)"
        ).fetchone()
    assert row is not None
    return row


@pytest.mark.longer
def test_a_fill_that_was_killed_is_filled_whole_by_the_next_start(surroundings: dict[str, str]) -> None:
    url = surroundings["DATABASE_URL"]
    with _fill(surroundings) as filling:
        assert filling.stdout is not None
        # The parties stand by the time this is said, the sessions are on their way.
        assert any("two weeks" in line for line in filling.stdout)
        filling.kill()
    assert filling.returncode == -9
    assert _stored(url) == (0, 0, 0)

    with _fill(surroundings) as filling:
        said = filling.communicate(timeout=120)[0]
    assert filling.returncode == 0, said
    filled = _stored(url)
    assert filled[0] == 5
    assert filled[1] >= 14
    assert filled[2] > 100

    with _fill(surroundings) as filling:
        assert filling.communicate(timeout=60)[0].splitlines() == said.splitlines()[-5:]
    assert _stored(url) == filled
