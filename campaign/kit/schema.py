"""The state of the database's schema: bring it to the newest migration, or tell how far it is."""

from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def _config(url: str = "") -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    # ConfigParser reads % as a reference; passwords may hold one.
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def upgrade(url: str) -> None:
    """Run all migrations that are missing, each in its own transaction."""
    command.upgrade(_config(url), "head")


@lru_cache(maxsize=1)
def newest() -> str:
    """The revision this code needs; raises where there is more than one head."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("no migrations found")
    return head


def is_newest(db: Session) -> bool:
    """Whether the database stands at the revision this code needs."""
    return MigrationContext.configure(db.connection()).get_current_revision() == newest()
