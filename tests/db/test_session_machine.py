"""Every verb in every state, in any order: what stands is what the domain says, after each step and each refusal."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from campaign.schedule import states
from tests.db.evening import Evening


@pytest.fixture
def machine(stage):
    """The machine with a small cast: two agencies, signed, own and free hosts, few places to fight for."""
    make = stage.make
    other = make.agency(name="北辰机构")
    signed = [stage.signed, make.host(agency=stage.agency), make.host(agency=other), make.host(agency=other)]
    agency_of = [stage.agency.id, stage.agency.id, other.id, other.id]
    hosts = [(host.id, agency, True) for host, agency in zip(signed, agency_of, strict=True)]
    hosts += [(stage.independent.id, None, True), (stage.in_house.id, None, False)]
    cast = {
        "database": stage.database,
        "studios": [stage.studio.id, stage.other_studio.id],
        "accounts": [stage.account.id, make.account().id, None],
        "brand": stage.brand.id,
        "agencies": [stage.agency.id, other.id],
        "hosts": hosts,
    }
    return type("AnEvening", (Evening,), {"cast": cast, "seen": Counter()})


def run(machine, examples, steps):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            # A failure prints its steps; to make them fewer takes minutes and one transaction's patience.
            phases=[Phase.explicit, Phase.generate],
        ),
    )


@pytest.mark.timeout(200)
def test_verbs_in_any_order_do_what_the_domain_says(machine):
    run(machine, 10, 30)
    done = {name for name, told in machine.seen if told is None}
    assert {"book", "offer", "start"} <= done, machine.seen


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_verbs_in_any_order_do_what_the_domain_says_for_long(machine):
    run(machine, 200, 50)
    done = {name for name, told in machine.seen if told is None}
    refused = {name for name, told in machine.seen if told is not None}
    # Each verb was done and, but for those that cannot be, refused.
    assert len(done) >= 25, machine.seen
    assert len(refused) >= 20, machine.seen


@pytest.mark.parametrize("fault", ["too_much_allowed", "claims_kept"])
def test_the_machine_notices(machine, monkeypatch, fault):
    if fault == "too_much_allowed":
        monkeypatch.setitem(states.VERBS, "arrive", frozenset(states.STATES))
    else:
        monkeypatch.setattr("campaign.schedule.claims.release", lambda *_, **__: None)
    with pytest.raises(AssertionError):
        run(machine, 60, 30)
