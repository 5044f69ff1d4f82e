"""Processes that say when a turn of theirs begins, killed in the midst of one."""

import random
import subprocess
import sys
import threading
import time
from itertools import pairwise

from config.settings import Settings
from tests.fakes.senders import ROOT, environment

TURN = "turn"
_MOST_SECONDS = 60.0


def kill_in_the_midst(module: str, *options: str, settings: Settings, chance: random.Random) -> None:
    """Run a module that prints `TURN` at each turn's beginning; SIGKILL it somewhere in one of its first turns.

    How long a turn takes is seen from those before it: a slow machine's turn is broken where a fast one's is.
    """
    begun = []
    with subprocess.Popen(
        [sys.executable, "-m", module, *options],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        too_long = threading.Timer(_MOST_SECONDS, child.kill)
        too_long.start()
        turns = chance.randint(2, 3)
        for line in child.stdout:
            assert line == f"{TURN}\n"
            begun.append(time.monotonic())
            if len(begun) == turns:
                break
        too_long.cancel()
        assert len(begun) == turns, "there was not enough to do"
        time.sleep(chance.random() * min(after - before for before, after in pairwise(begun)))
        child.kill()
