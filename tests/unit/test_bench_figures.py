"""Bars are judged on ratios of one run, and a bar that is not met is said to be broken."""

import json

from bench.figures import anchor, held, meets, percentile
from bench.rounds import Times


def test_a_ratio_is_judged_by_its_bar() -> None:
    assert meets(1.5, "<= 1.5")
    assert not meets(1.501, "<= 1.5")
    assert meets(4.0, ">= 4")
    assert not meets(3.999, ">= 4")


def test_a_broken_bar_is_said_in_both_forms() -> None:
    figure = held("schedule", "booking", 12.0, "ms", against="10,000 sessions", ratio=1.61, bar="<= 1.5")
    assert figure.holds is False
    assert "DOES NOT HOLD" in figure.as_text()
    assert json.loads(figure.as_line()) == {
        "bench": "schedule",
        "figure": "booking",
        "value": 12.0,
        "unit": "ms",
        "against": "10,000 sessions",
        "ratio": 1.61,
        "bar": "<= 1.5",
        "holds": False,
    }


def test_an_anchor_is_not_judged() -> None:
    assert anchor("schedule", "booking p99", 900.0, "ms", aim="40 ms").holds is None


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(one) for one in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile([7.0], 0.99) == 7


def test_every_kind_is_called_in_every_round_and_turn_by_turn() -> None:
    called: list[str] = []

    def kind(name: str):
        return lambda: lambda: called.append(name)

    times = Times()
    times.take({"one": kind("one"), "other": kind("other")}, rounds=3, count=4)
    counted = called[8:]
    assert called[:8] == ["one"] * 4 + ["other"] * 4
    assert counted == ["one", "other", "other", "one"] * 6
    assert len(times.every("one")) == len(times.every("other")) == 12
    assert times.ratio("one", "one") == 1.0
