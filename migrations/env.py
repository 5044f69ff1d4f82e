"""Alembic's entry: runs the numbered migrations on the connection or URL it is given."""

from alembic import context
from sqlalchemy import create_engine, pool

from campaign.kit.database import driver_url


def run() -> None:
    """Each migration in its own transaction, under lock and statement time-outs."""
    given = context.config.attributes.get("connection")
    if given is not None:
        _with(given)
        return
    engine = create_engine(
        driver_url(context.config.get_main_option("sqlalchemy.url") or ""),
        poolclass=pool.NullPool,
        connect_args={"options": "-c lock_timeout=5000 -c statement_timeout=300000"},
    )
    with engine.connect() as connection:
        _with(connection)
    engine.dispose()


def _with(connection: object) -> None:
    context.configure(connection=connection, transaction_per_migration=True)  # type: ignore[arg-type]
    with context.begin_transaction():
        context.run_migrations()


run()
