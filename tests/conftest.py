"""Fixtures on real servers: PostgreSQL and Valkey run for the whole session, data is rolled back or truncated."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, event

from campaign.app import create_app
from campaign.kit import catalogue, clock, queue, redis, schema
from campaign.kit.actor import SYSTEM, Actor
from campaign.kit.arrays import understand
from campaign.kit.database import Database, driver_url
from campaign.kit.parts import Parts
from campaign.sales.intake import Intake
from campaign.wiring import wire
from config.settings import Settings, load
from tests import zones
from tests.emptying import empty
from tests.factory import Factory, keyed
from tests.facts import misshapen
from tests.night import Night
from tests.schedule_kit import Stage

# What they assert is told as a test would tell it.
for _kit in ("sales_kit", "season_kit", "season_hub", "season_sums", "douyin_kit"):
    pytest.register_assert_rewrite(f"tests.{_kit}")

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadFileScheduling | None":
    """Side by side file by file, but all that walk in a browser in one process: they share one running product."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByProduct(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return "tests/browser" if file.startswith("tests/browser/") else file

    return ByProduct(config, log)


@dataclass(frozen=True)
class Servers:
    """Where the session's servers listen; database_url is a maintenance database of a superuser."""

    database_url: str
    redis_url: str


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers given by TEST_DATABASE_URL and TEST_REDIS_URL, else embedded ones of our own."""
    given = os.environ.get("TEST_DATABASE_URL"), os.environ.get("TEST_REDIS_URL")
    if given[0] and given[1]:
        # Sixteen Redis databases: runs side by side on given servers keep out of each other's way.
        yield Servers(given[0], f"{given[1].rstrip('/')}/{os.getpid() % 16}")
        return
    from tests.servers import running

    with running(tmp_path_factory.mktemp("servers")) as (database_url, redis_url):
        yield Servers(database_url, redis_url)


@dataclass
class Databases:
    """Makes databases for tests that need one of their own (other processes, dropped constraints)."""

    admin_url: str
    made: list[str]

    def new(self, *, template: str | None = None) -> str:
        """A fresh database, migrated unless copied from a template; gives its URL."""
        name = f"test_{os.getpid()}_{secrets.token_hex(4)}"
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        self.made.append(name)
        url = f"{self.admin_url.rsplit('/', 1)[0]}/{name}"
        if template is None:
            schema.upgrade(url)
            zones.settle(url)
        return url

    def drop(self, url: str) -> None:
        name = url.rsplit("/", 1)[1]
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.made.remove(name)


@pytest.fixture(scope="session", autouse=True)
def _compiled_words() -> None:
    """Pages are read in both languages: the catalogues must be as new as their sources."""
    catalogue.compile_all()


@pytest.fixture(scope="session", autouse=True)
def _today() -> Iterator[None]:
    """The day the suite takes for today."""
    with clock.travel(zones.offset()):
        yield


@pytest.fixture(scope="session")
def databases(servers: Servers) -> Iterator[Databases]:
    made = Databases(servers.database_url, [])
    yield made
    for name in list(made.made):
        made.drop(f"/{name}")


@pytest.fixture(scope="session")
def template_url(databases: Databases) -> str:
    """A migrated database nobody writes to: copied where a test needs its own."""
    return databases.new()


@pytest.fixture(scope="session")
def database_url(databases: Databases, template_url: str) -> str:
    """The session's migrated database."""
    return databases.new(template=template_url.rsplit("/", 1)[1])


@pytest.fixture
def statements(engine: Any) -> Callable[[], AbstractContextManager[list[str]]]:
    """`with statements() as sent`: the SQL that was sent meanwhile, in order."""

    @contextmanager
    def listening() -> Iterator[list[str]]:
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            sent.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return listening


@pytest.fixture
def own_database_url(databases: Databases, template_url: str) -> Iterator[str]:
    """A database of this test alone, for what commits from several processes."""
    url = databases.new(template=template_url.rsplit("/", 1)[1])
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Any]:
    made = create_engine(driver_url(database_url), connect_args={"options": "-c timezone=UTC"})
    event.listen(made, "connect", lambda connection, _: understand(connection))
    yield made
    made.dispose()


@pytest.fixture
def database(engine: Any, request: pytest.FixtureRequest) -> Iterator[Database]:
    """All transactions of the test live in one outer one, which is rolled back.

    Whatever fact the test led to must read as the catalogue of events says; `made_up_facts` marks tests whose
    facts are no real ones.
    """
    with engine.connect() as connection:
        outer = connection.begin()
        yield Database(connection)
        faults = [] if request.node.get_closest_marker("made_up_facts") else misshapen(connection)
        outer.rollback()
    assert faults == []


@pytest.fixture
def committed_database(database_url: str, engine: Any) -> Iterator[Database]:
    """Real commits, seen by other connections; every table is emptied afterwards."""
    made = Database.connect(database_url, pool_size=20)
    yield made
    made.dispose()
    with engine.begin() as connection:
        empty(connection)


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """An empty Redis database."""
    client = redis.connect(servers.redis_url)
    client.flushdb()
    client.close()
    return servers.redis_url


@pytest.fixture
def settings(database_url: str, redis_url: str, tmp_path: Path) -> Settings:
    return load(
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "CAMPAIGN_DATA_DIR": str(tmp_path),
            "CAMPAIGN_SECRET_KEY": "test-secret-key-of-more-than-32-characters",
            "CAMPAIGN_OUTGOING_ALLOW": "127.0.0.0/8",
            "CAMPAIGN_CLOCK_OFFSET": str(zones.offset().total_seconds()),
        }
    )


@pytest.fixture
def parts(settings: Settings, database: Database) -> Iterator[Parts]:
    """The joined parts on the rolled-back database; no nudges leave."""
    made = wire(settings, database=database, nudges=False)
    yield made
    made.redis.close()
    queue.use(None)


@pytest.fixture(scope="session")
def built() -> list[Any]:
    """The one application of the session, once a test has asked for it, with its extensions and settings as built."""
    return []


@pytest.fixture
def app(parts: Parts, built: list[Any]) -> Iterator[Any]:
    """The application on this test's parts. Built once: its routes and templates take a quarter of a second."""
    if not built:
        made = create_app(parts)
        built.extend((made, dict(made.extensions), dict(made.config)))
    made, extensions, config = built
    made.extensions.update(parts=parts, intake=Intake(parts.database, parts.settings.secret_key))
    made.config["SETTINGS"] = parts.settings
    made.testing = False  # errors are answered as in production
    yield made
    # What a test or a request kept on the application is not there for the next one.
    for kept, first in ((made.extensions, extensions), (made.config, config)):
        kept.clear()
        kept.update(first)


@pytest.fixture
def client(app: Any) -> FlaskClient:
    made: FlaskClient = app.test_client()
    return made


@pytest.fixture
def make(database: Database) -> Factory:
    """Makes parties and sessions in the rolled-back database."""
    return Factory(database)


@pytest.fixture
def stage(make: Factory) -> Stage:
    """A small world of the schedule: studios, a brand, an agency, hosts."""
    return Stage(make)


@pytest.fixture(params=zones.NIGHTS, ids=str)
def night(request: pytest.FixtureRequest, parts: Parts, make: Factory) -> Iterator[Night]:
    """Each night in which clocks change, three and a half days before it. After the parts: they set the clock too."""
    change: zones.Change = request.param
    before = datetime.combine(change.day, time(0), tzinfo=ZoneInfo(change.zone)) - timedelta(days=3, hours=12)
    with make.database.transaction(SYSTEM) as db:
        now = clock.now(db)
    with clock.travel(before - now):
        yield Night(make, change)


@pytest.fixture
def call(client: FlaskClient, database: Database) -> Any:
    """call(actor, method, path, json=…, headers=…): an API call with a key of that actor's role."""

    def send(actor: Actor | None, method: str, path: str, **kwargs: Any) -> Any:
        headers = dict(kwargs.pop("headers", {}))
        if actor is not None:
            headers["Authorization"] = f"Bearer {keyed(database, actor)}"
        return client.open(f"/api/v1{path}", method=method, headers=headers, **kwargs)

    return send
