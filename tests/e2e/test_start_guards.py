"""A child and all it started end with its starter, however stubborn they are and whoever is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from campaign.cli.process.child import Child, Lifeline, Order
from tests.product import ROOT, alive

# Writes its own id and its child's, and hears no polite signal; neither does the child.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(600)
"""

STARTER = """
import sys, time
from pathlib import Path
from tests.e2e.test_start_guards import order
from campaign.cli.process.child import Child, Lifeline
lifeline = Lifeline()
Child(order(Path(sys.argv[1])), lifeline).start()
time.sleep(600)
"""


def order(folder: Path) -> Order:
    return Order(
        name="stubborn",
        argv=[sys.executable, "-c", STUBBORN, str(folder / "ids")],
        log=folder / "log",
        pid_file=folder / "pid",
        cwd=Path("/"),
        grace=0.3,
    )


def ids(folder: Path) -> list[int]:
    """The child's and the grandchild's process ids."""
    assert wait_until((folder / "ids").exists)
    return [int(word) for word in (folder / "ids").read_text().split()]


def wait_until(condition, seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return condition()


@pytest.fixture
def child(tmp_path):
    lifeline = Lifeline()
    made = Child(order(tmp_path), lifeline)
    made.start()
    yield made
    lifeline.cut()
    made.wait(10)


def test_a_stubborn_child_is_killed_after_its_grace(child, tmp_path):
    family = ids(tmp_path)
    child.ask_to_stop()
    assert child.wait(5)
    assert child.status == 128 + signal.SIGKILL
    assert not [pid for pid in family if alive(pid)]


def test_what_a_killed_child_leaves_behind_is_cleared(child, tmp_path):
    family = ids(tmp_path)
    os.kill(family[0], signal.SIGKILL)
    assert child.wait(5)
    assert not [pid for pid in family if alive(pid)]


def test_it_can_be_started_again(child, tmp_path):
    first = ids(tmp_path)
    os.kill(first[0], signal.SIGKILL)
    assert child.wait(5)
    (tmp_path / "ids").unlink()
    child.start()
    assert ids(tmp_path)[0] == child.pid != first[0]
    assert child.status is None


def test_when_the_starter_is_killed_all_are_gone(tmp_path):
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path)], cwd=ROOT)
    family = ids(tmp_path)
    assert all(alive(pid) for pid in family)
    starter.kill()
    starter.wait()
    assert wait_until(lambda: not any(alive(pid) for pid in family), 5)
