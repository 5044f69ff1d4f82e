"""Who asks: a planner who signed in, anybody by a key, and an agency by its own."""

import pytest

from campaign.kit.actor import Actor
from tests.factory import keyed
from tests.visitor import visitor_as


@pytest.fixture
def planner(app, database):
    """A scheduler of the hub, signed in."""
    return visitor_as(app, database, "hub", hub_role="scheduler")


@pytest.fixture
def page(app, client, database):
    """page(actor, path, form): a page as a browser gets it; a POST when a form is given."""
    # The form token is the browser's matter and has tests of its own.
    app.config["WTF_CSRF_ENABLED"] = False

    def get(actor, path, form=None, language="en"):
        headers = {"Authorization": f"Bearer {keyed(database, actor)}", "Accept-Language": language}
        if form is None:
            return client.get(path, headers=headers)
        return client.post(path, headers=headers, data=form)

    return get


@pytest.fixture
def agency(make):
    return make.agency()


@pytest.fixture
def mine(agency):
    """That agency, asking by a key."""
    return Actor(kind="key", role="agency", agency_id=agency.id, name="mine")
