"""The database's catalogue as sorted lines: tables, columns, constraints, indexes, policies, functions."""

import re
import tempfile
from pathlib import Path

from sqlalchemy import Connection, create_engine, text

from campaign.kit import schema
from campaign.kit.database import driver_url
from tests.servers import running

CATALOGUE = Path(__file__).resolve().parents[2] / "migrations" / "catalogue.txt"

_PARTS = {
    "column": "SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)"
    " || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END"
    " || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')"
    " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
    " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped"
    " AND c.relnamespace = 'public'::regnamespace",
    "constraint": "SELECT c.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid)"
    " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
    " WHERE NOT c.relispartition AND k.contype <> 'n' AND c.relnamespace = 'public'::regnamespace",
    "index": "SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
    " WHERE NOT c.relispartition AND c.relnamespace = 'public'::regnamespace",
    "policy": "SELECT tablename || ' ' || policyname || ' ' || cmd || ' to ' || array_to_string(roles, ',')"
    " || coalesce(' using ' || qual, '') || coalesce(' check ' || with_check, '') FROM pg_policies",
    "partitioned": "SELECT c.relname || ' ' || pg_get_partkeydef(c.oid) FROM pg_class c WHERE c.relkind = 'p'"
    " AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition",
    "function": "SELECT p.proname || '(' || pg_get_function_arguments(p.oid) || ') ' || md5(p.prosrc)"
    " FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
    " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')",
    "trigger": "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    " WHERE NOT t.tgisinternal AND NOT c.relispartition",
    "grant": "SELECT table_name || ' ' || grantee || ' ' || string_agg(privilege_type, ',' ORDER BY privilege_type)"
    " FROM information_schema.role_table_grants g JOIN pg_class c ON c.relname = g.table_name"
    " AND NOT c.relispartition WHERE grantee LIKE 'xinji%' GROUP BY table_name, grantee",
}


def lines_of(connection: Connection) -> list[str]:
    """What stands in the database, one thing a line, sorted within its kind."""
    return [
        f"{kind}: {line}"
        for kind, query in _PARTS.items()
        for line in sorted(re.sub(r"\s+", " ", str(row)) for row in connection.execute(text(query)).scalars())
    ]


def rewrite() -> None:
    """Write the catalogue of a database fresh from the migrations to where the drift test looks for it."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as (url, _):
        schema.upgrade(url)
        with create_engine(driver_url(url)).connect() as opened:
            CATALOGUE.write_text("\n".join(lines_of(opened)) + "\n")


if __name__ == "__main__":
    rewrite()
