"""Making the demo: the cast first, then what they do, evening by evening."""

from collections.abc import Callable

from campaign.cli.demo.ahead import lay_out
from campaign.cli.demo.hooks import add_endpoints, deliver
from campaign.cli.demo.parties import SIGNED_BEFORE, make_cast, make_connector, make_logins
from campaign.cli.demo.plan import live_now, sessions_around
from campaign.cli.demo.playing import Player
from campaign.kit import clock
from campaign.kit.actor import SYSTEM
from campaign.kit.database import Database
from campaign.parties.queries import today, zone_of_hub
from config.settings import Settings


def make(database: Database, settings: Settings, password: str, say: Callable[[str], None]) -> None:
    """Parties, logins with one password, two weeks of sessions played and sold, one of them live now."""
    with database.transaction(SYSTEM) as db:
        cast = make_cast(db)
        with clock.travel(-SIGNED_BEFORE):
            endpoints = add_endpoints(db, cast, settings.secret_key)
        make_logins(db, cast, password)
        make_connector(db, settings.secret_key)
        now, zone = clock.now(db), zone_of_hub(db, SYSTEM)
    player = Player(database, cast, now, settings.secret_key)
    planned = list(sessions_around(now, zone))
    say(f"{len(planned) + 1} sessions over two weeks")
    player.play([*planned, live_now(now, planned)])
    with database.transaction(SYSTEM) as db:
        lay_out(db, player.hub, cast, today(db, SYSTEM))
    say("a series and a plan")
    say(f"{player.push_sales()} events of sales")
    with database.transaction(SYSTEM) as db:
        say(f"{deliver(db, endpoints)} webhooks")
