"""The platform's figure beside ours: by hand, to the fen."""

import itertools

import pytest

from campaign.insight.gaps import Held, gap

CASES = {
    "equal: what lies without a session explains nothing": (
        10_000,
        10_000,
        [("unattributed", 700, False)],
        [],
    ),
    "all of it lies without a session": (
        10_000,
        10_700,
        [("unattributed", 700, False)],
        [("unattributed", 700)],
    ),
    "more is missing than lies there": (
        *(10_000, 11_001),
        [("unattributed", 700, False), ("unpaid", 200, False)],
        [("unattributed", 700), ("unpaid", 200), ("other", 101)],
    ),
    "less is missing than lies there": (
        *(10_000, 10_300),
        [("unattributed", 700, False), ("unpaid", 200, False)],
        [("unattributed", 300)],
    ),
    "paid after the report was made": (
        10_000,
        8_500,
        [("later", -1_500, True), ("unattributed", 700, False)],
        [("later", -1_500)],
    ),
    "paid later, and one without a session in the report": (
        *(10_000, 9_000),
        [("later", -1_500, True), ("unattributed", 700, False)],
        [("later", -1_500), ("unattributed", 500)],
    ),
    "subsidies are in the figure by its meaning": (
        10_000,
        10_050,
        [("subsidies", 80, True), ("unpaid", 999, False)],
        [("subsidies", 80), ("other", -30)],
    ),
    "we count more and nothing says why": (10_000, 9_999, [("unattributed", 700, False)], [("other", -1)]),
    "nothing of ours": (0, 500, [], [("other", 500)]),
    "refunds that came later make ours the greater": (
        4_000,
        1_000,
        [("later", -3_000, True)],
        [("later", -3_000)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_cause_makes_its_part_of_the_gap(case):
    ours, platform, held, wanted = CASES[case]
    found = gap("paid", "fen", ours, platform, [Held(*one) for one in held])
    assert [(part.cause, part.amount) for part in found.parts] == wanted


def test_ours_and_the_causes_are_the_platforms_figure_whatever_is_held():
    amounts = (-900, -1, 0, 1, 350, 5_000)
    for ours, platform in itertools.product((0, 1_000, 7_777), repeat=2):
        for one, two, three in itertools.product(amounts, repeat=3):
            held = [Held("later", one, certain=True), Held("unattributed", two), Held("unpaid", three)]
            found = gap("paid", "fen", ours, platform, held)
            assert found.ours + sum(part.amount for part in found.parts) == found.platform
            assert all(abs(part.amount) <= abs(part.held) for part in found.parts)
