"""The models say what the migrations made; the whole catalogue is as committed."""

from sqlalchemy import inspect, text

from campaign.kit.database import Base
from tests.architecture.catalogue import CATALOGUE, lines_of


def _import_models():
    import importlib
    import pkgutil

    import campaign

    for module in pkgutil.walk_packages(campaign.__path__, "campaign."):
        if module.name.rsplit(".", 1)[1] in ("models", "tables"):
            importlib.import_module(module.name)


def test_each_model_has_the_columns_of_its_table(engine):
    _import_models()
    found = inspect(engine)
    wrong = []
    for table in Base.metadata.tables.values():
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        if set(columns) != set(table.columns.keys()):
            wrong.append(f"{table.name}: {sorted(set(columns) ^ set(table.columns.keys()))}")
            continue
        for column in table.columns:
            real = columns[column.name]
            said, is_ = column.type.compile(engine.dialect), real["type"].compile(engine.dialect)
            if said.replace("VARCHAR", "TEXT") != is_.replace("VARCHAR", "TEXT"):
                wrong.append(f"{table.name}.{column.name}: model {said}, database {is_}")
            if column.nullable != real["nullable"]:
                wrong.append(f"{table.name}.{column.name}: nullable {column.nullable} in the model")
    assert wrong == []


def test_the_catalogue_is_as_committed(engine):
    """Constraints, policies, partitions and functions are unseen by Alembic: `make catalogue` after a migration."""
    with engine.connect() as connection:
        assert lines_of(connection) == CATALOGUE.read_text().splitlines()


def test_row_level_security_is_forced_on_every_table(engine):
    with engine.connect() as connection:
        bare = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
                " AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"
                " AND NOT (relrowsecurity AND relforcerowsecurity)"
            )
        ).scalars()
        assert list(bare) == []
