"""What a start says when it cannot go on: a sentence, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.product import ROOT


def campaign(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "campaign", *words],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_a_command_it_lists_them_all_and_ends_with_2():
    done = campaign()
    assert done.returncode == 2
    assert all(f"  {name} " in done.stdout for name in ("up", "test", "config", "openapi"))


def test_help_ends_with_0_and_names_the_options():
    done = campaign("up", "--help")
    assert done.returncode == 0
    assert "--data-dir" in done.stdout


def test_an_unknown_command_is_wrong_usage():
    assert campaign("upp").returncode == 2


def test_an_unknown_option_is_wrong_usage():
    assert campaign("up", "--nonsense").returncode == 2


def test_the_document_of_the_api_needs_no_server_and_a_wrong_setting_is_a_sentence(tmp_path):
    given = {"DATABASE_URL": "", "REDIS_URL": "", "CAMPAIGN_DATA_DIR": str(tmp_path)}
    document = json.loads(campaign("openapi", **given).stdout)
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/sessions" in document["paths"]
    for command in ("openapi", "sender", "reconcile"):
        done = campaign(command, **given, CAMPAIGN_PORT="many")
        assert done.returncode == 1
        assert "CAMPAIGN_PORT must be a number" in done.stderr
        assert "Traceback" not in done.stderr


def test_config_check_names_every_fault_at_once(tmp_path):
    done = campaign(
        "config",
        "check",
        CAMPAIGN_DATA_DIR=str(tmp_path),
        CAMPAIGN_PORT="many",
        CAMPAIGN_OUTGOING_ALLOW="somewhere",
        DATABASE_URL="mysql://x",
        REDIS_URL="",
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 3
    assert "Traceback" not in done.stderr


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = campaign("up", "--port", "0", "--empty", "--data-dir", str(tmp_path / "file" / "var"))
    assert done.returncode == 1
    assert "data folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_not_there_is_said(tmp_path: Path):
    done = campaign(
        "up",
        *("--port", "0", "--empty", "--data-dir", str(tmp_path)),
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    assert done.returncode == 1
    assert "could not be prepared" in done.stderr
    assert not (tmp_path / "servers").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_said(tmp_path: Path):
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this machine does not let us mount")
    try:
        done = campaign("up", "--port", "0", "--empty", "--data-dir", str(tmp_path / "var"))
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
    assert done.returncode == 1
    assert "disk is full" in done.stderr
    assert "Traceback" not in done.stderr
