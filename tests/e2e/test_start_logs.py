"""Logs of the parts: kept three runs deep, and never longer than the disk can bear."""

import subprocess

from campaign.cli import place
from campaign.cli.place import Place


def test_what_earlier_runs_said_is_kept_three_deep(tmp_path):
    here = Place(tmp_path)
    here.make()
    for run in range(6):
        here.log("web").write_text(f"run {run}")
    found = {path.name: path.read_text() for path in here.log_dir.iterdir()}
    assert found == {"web.log": "run 5", "web.log.1": "run 4", "web.log.2": "run 3", "web.log.3": "run 2"}


def test_a_log_that_grew_too_long_begins_anew_under_its_writer(tmp_path, monkeypatch):
    monkeypatch.setattr(place, "_LONGEST_LOG_BYTES", 10)
    here = Place(tmp_path)
    here.make()
    path = here.log("web")
    with path.open("ab") as log, subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log) as writer:
        assert writer.stdin is not None
        writer.stdin.write(b"more than ten bytes\n")
        writer.stdin.flush()
        while path.stat().st_size == 0:
            pass
        here.trim_logs()
        writer.stdin.write(b"after\n")
    assert path.read_bytes() == b"after\n"
    assert (here.log_dir / "web.log.1").read_bytes() == b"more than ten bytes\n"


def test_the_folder_and_its_addresses_are_for_the_owner_alone(tmp_path):
    here = Place(tmp_path / "var")
    with here.hold():
        here.publish("postgresql://x:secret@h/d", "redis://h")
    assert here.run_dir.stat().st_mode & 0o077 == 0
    assert (here.run_dir / "addresses.json").stat().st_mode & 0o077 == 0
    assert here.published()["DATABASE_URL"] == "postgresql://x:secret@h/d"
