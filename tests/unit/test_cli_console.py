"""What set-up tells must never stand in what a command answers."""

import pytest

from campaign.cli.setup.console import Step


def test_steps_are_told_beside_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    with Step("environment") as step:
        step.progress("packages")
        step.note("128 packages")
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("  environment  128 packages (")
