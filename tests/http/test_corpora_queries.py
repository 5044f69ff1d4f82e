"""Each field of each query string, of pages and API, takes each hostile value or refuses it: never a 5xx."""

import pytest

from tests.access.test_access_pages import _path
from tests.access.world import make_world
from tests.factory import ADMIN, keyed
from tests.http.corpora import as_text, sample


@pytest.fixture
def queries(app, database, make):
    """(path, field) of all that is declared, of things that are there."""
    world = make_world(make)
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        spec = getattr(app.view_functions[rule.endpoint], "_spec", {})
        for schema, *_ in spec.get("args", ()):
            if "GET" in rule.methods and hasattr(schema, "model_fields"):
                path = _path(rule.rule, world.own)
                found += [(path, info.alias or name) for name, info in schema.model_fields.items()]
    return sorted(set(found))


def attack(app, database, queries, share):
    client = app.test_client(use_cookies=False)
    headers = {"Authorization": f"Bearer {keyed(database, ADMIN)}"}
    statuses = {}
    for path, field in queries:
        for value in sample(as_text(), f"{path}{field}", share):
            savepoint = database._bind.begin_nested()
            answer = client.get(path, headers=headers, query_string={field: value})
            savepoint.rollback()
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            assert answer.status_code < 500, (path, field, value[:80], answer.text[-500:])
    return statuses


def test_a_hostile_value_in_any_query_is_answered(app, database, queries):
    assert len(queries) > 60
    assert {200, 422} <= set(attack(app, database, queries, 1.0))


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_every_hostile_value_in_every_query_is_answered(app, database, queries):
    attack(app, database, queries, None)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2000-01-01", "2026-02-30", "2026-1-1"])
@pytest.mark.parametrize("view", ["day", "week"])
def test_a_day_at_the_ends_of_time_is_refused_on_the_board(app, database, day, view):
    headers = {"Authorization": f"Bearer {keyed(database, ADMIN)}"}
    answer = app.test_client().get(f"/hub/board?view={view}&day={day}", headers=headers)
    assert answer.status_code == 422


def test_the_last_days_have_days_beside_them(app, database):
    headers = {"Authorization": f"Bearer {keyed(database, ADMIN)}"}
    for day in ("2001-01-01", "2098-12-31"):
        assert app.test_client().get(f"/hub/board?view=week&day={day}", headers=headers).status_code == 200
