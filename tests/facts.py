"""Facts against the catalogue that receivers are given: by shape, and by JSON Schema as a receiver would."""

from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from pydantic import ValidationError
from sqlalchemy import Connection, text

from campaign.outbox.events import CATALOGUE


def faults_of(event_type: str, data: dict[str, Any]) -> list[str]:
    """What of a `data` is not as the catalogue says; fields it does not name are a fault too."""
    found = [
        f"{event_type}: {one.json_path}: {one.message[:200]}"
        for one in _checker(event_type).iter_errors(data)
    ]
    try:
        CATALOGUE[event_type].shape.model_validate(data)
    except ValidationError as error:
        found += [f"{event_type}: {one['loc']}: {one['msg']}" for one in error.errors()]
    return found


def misshapen(connection: Connection) -> list[str]:
    """The faults of every fact that stands in the outbox, as each agency would read it."""
    # A test may have ended inside a transaction that failed.
    if connection.in_nested_transaction():
        return []
    connection.execute(text("RESET ROLE"))
    rows = connection.execute(text("SELECT type, agency_ids, data, agency_data FROM outbox_event")).all()
    return [
        fault
        for event_type, agency_ids, data, agency_data in rows
        for agency_id in agency_ids
        for fault in faults_of(event_type, data | agency_data.get(str(agency_id), {}))
    ]


@lru_cache
def _checker(event_type: str) -> Draft202012Validator:
    schema = CATALOGUE[event_type].schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
