"""Two who change one endpoint at once: both count, and the sender hears of both."""

import pytest

from campaign.delivery import actions
from campaign.delivery.queries import get_endpoint
from campaign.delivery.schemas import EndpointChange, EndpointIn
from campaign.kit.errors import NotFound, Stale
from campaign.kit.sealing import unseal
from tests.factory import HUB, Factory

KEY = b"k" * 32


@pytest.fixture
def endpoint_id(committed_database):
    agency = Factory(committed_database).agency()
    given = EndpointIn(url="https://hooks.agency.example/", agency_id=agency.id)
    with committed_database.transaction(HUB) as db:
        return actions.add_endpoint(db, HUB, given, secret_key=KEY, allow=()).endpoint.id


def test_of_two_who_rotate_at_once_each_raises_the_revision(committed_database, endpoint_id):
    """The sender keeps secrets by revision: two changes under one number would leave it signing with the first."""
    with committed_database.transaction(HUB) as late:
        read = get_endpoint(late, HUB, endpoint_id)
        with committed_database.transaction(HUB) as db:
            actions.rotate_secret(db, HUB, get_endpoint(db, HUB, endpoint_id), secret_key=KEY)
        secret, _ = actions.rotate_secret(late, HUB, read, secret_key=KEY)
    with committed_database.transaction(HUB) as db:
        assert get_endpoint(db, HUB, endpoint_id).rev == 3
        current = db.query(actions.WebhookSecret).filter_by(endpoint_id=endpoint_id, active_until=None).one()
        assert unseal(KEY, current.sealed, context=actions.SECRET_CONTEXT) == secret


def test_of_two_who_saw_the_same_the_second_is_told_that_it_is_stale(committed_database, endpoint_id):
    with committed_database.transaction(HUB) as late:
        read = get_endpoint(late, HUB, endpoint_id)
        with committed_database.transaction(HUB) as db:
            change = EndpointChange(description="first")
            actions.change_endpoint(
                db, HUB, get_endpoint(db, HUB, endpoint_id), change, allow=(), expected_rev=1
            )
        change = EndpointChange(description="second")
        with pytest.raises(Stale):
            actions.change_endpoint(late, HUB, read, change, allow=(), expected_rev=1)
    with committed_database.transaction(HUB) as db:
        assert get_endpoint(db, HUB, endpoint_id).description == "first"


def test_what_was_removed_meanwhile_is_not_changed(committed_database, endpoint_id):
    with committed_database.transaction(HUB) as late:
        read = get_endpoint(late, HUB, endpoint_id)
        with committed_database.transaction(HUB) as db:
            actions.remove_endpoint(db, HUB, get_endpoint(db, HUB, endpoint_id))
        with pytest.raises(NotFound):
            actions.enable(late, HUB, read)
