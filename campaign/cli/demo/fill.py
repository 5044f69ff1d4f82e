"""Filling an empty installation with the demo, through the product's own verbs."""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from campaign.cli.demo import people
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.parties.models import Brand
from campaign.parties.queries import page_of
from config.settings import Settings

Say = Callable[[str], None]
_FILE = "demo.json"


@dataclass(frozen=True)
class Login:
    """What the start prints: one per role."""

    role: str
    email: str
    password: str


def fill(settings: Settings, say: Say = lambda _line: None) -> list[Login]:
    """Fill the database unless it already holds a brand; gives the logins (also on later starts).

    `say` is told what is being made. All of it is one transaction: a fill that was killed left nothing, and the
    next start fills again. Logins are kept in data_dir/demo.json, readable by the owner alone.
    """
    database = Database.connect(settings.database_url, pool_size=2)
    try:
        with database.transaction(SYSTEM) as db:
            empty = not page_of(db, SYSTEM, Brand, limit=1).items
        if empty:
            # All verbs of the product: a start that finds its demo there does without loading them.
            from campaign.cli.demo.making import make

            with database.all_or_nothing() as filled:
                make(filled, settings, _new_password(settings.data_dir / _FILE), say)
        return read_logins(settings)
    finally:
        database.dispose()


def read_logins(settings: Settings) -> list[Login]:
    """The demo's logins; empty where the demo was never filled in."""
    try:
        password = json.loads((settings.data_dir / _FILE).read_text())["password"]
    except (FileNotFoundError, KeyError, ValueError):
        return []
    return [Login(role, email, password) for role, email, _ in people.LOGINS]


def _new_password(path: Path) -> str:
    password = "-".join(secrets.token_hex(2) for _ in range(3))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"password": password}, file)
    return password
