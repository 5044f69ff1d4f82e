"""Accounts on fake platforms, asked by a worker on the test's database."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.factory import Factory
from tests.fakes.platforms import Douyin, TikTokShop
from tests.fakes.receiver import Receiver
from tests.platform_kit import Account
from workers import task


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An agency's receiver, well behaved until told otherwise."""
    with Receiver() as running:
        yield running


@pytest.fixture
def agency(committed_database: Any) -> Any:
    """One that is there for other processes too."""
    return Factory(committed_database).agency()


@pytest.fixture
def at_work(parts: Any) -> Iterator[None]:
    """Tasks run on the test's parts."""
    task.use(parts)
    yield
    task.use(None)


@pytest.fixture
def tiktok(client: Any, database: Any, settings: Any, at_work: None) -> Iterator[Account]:
    with TikTokShop() as fake:
        yield Account(client, database, settings, fake, "tiktok_shop")


@pytest.fixture
def douyin(client: Any, database: Any, settings: Any, at_work: None) -> Iterator[Account]:
    with Douyin() as fake:
        yield Account(client, database, settings, fake, "douyin")
