"""Who looks at pages: a planner who signed in, and anybody by a key."""

import pytest

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
