"""No statement joins, sorts and locks rows of a table in partitions: PostgreSQL leaves rows out there (decision 22)."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import TextClause

import campaign
from campaign.kit.database import Base
from tests.architecture.catalogue import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
PARTITIONED = {
    line.split()[1] for line in CATALOGUE.read_text().splitlines() if line.startswith("partitioned: ")
}
_NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_LOCKS = re.compile(r"\bFOR\s+(?:NO\s+KEY\s+UPDATE|UPDATE|KEY\s+SHARE|SHARE)\b", re.IGNORECASE)
_SORTS = re.compile(r"\bORDER\s+BY\b", re.IGNORECASE)
_FROM = re.compile(r"\bFROM\b(.*?)(?:\bWHERE\b|\bORDER\s+BY\b|$)", re.IGNORECASE | re.DOTALL)
_JOINS = re.compile(r"\bJOIN\b|,", re.IGNORECASE)


def levels(sql: str) -> Iterator[tuple[str, str]]:
    """Each SELECT of a statement: (its own words, what stands in brackets left out; the same with all of it)."""
    open_: list[list[str]] = [["", ""]]
    for char in _NOISE.sub("''", sql):
        if char == "(":
            open_.append(["", ""])
        elif char == ")" and len(open_) > 1:
            own, whole = open_.pop()
            yield own, whole
            open_[-1][0] += "()"
            open_[-1][1] += f"({whole})"
        else:
            open_[-1][0] += char
            open_[-1][1] += char
    for own, whole in open_:
        yield own, whole


def loses_rows(sql: str) -> bool:
    """Whether a SELECT sorts a join and locks its rows, and a table in partitions is among what it reads."""
    for own, whole in levels(sql):
        joined = any(_JOINS.search(read) for read in _FROM.findall(own))
        read = " ".join(_FROM.findall(own)) + " ".join(re.findall(r"\((.*)\)", whole, re.DOTALL))
        if (
            _LOCKS.search(own)
            and _SORTS.search(own)
            and joined
            and PARTITIONED & set(re.findall(r"\w+", read))
        ):
            return True
    return False


def test_the_rule_finds_the_statement_it_was_made_for() -> None:
    """As lines were locked before (decision 22), in a few disguises."""
    plain = "SELECT l.* FROM wanted w JOIN order_line l USING (shop_id) ORDER BY l.shop_id, l.line_id FOR UPDATE OF l"
    assert loses_rows(plain)
    assert loses_rows(plain.replace(" JOIN order_line l USING (shop_id)", ", order_line AS l"))
    assert loses_rows(plain.lower().replace("for update of l", "for no key update skip locked"))
    assert loses_rows(f"WITH locked AS ({plain}) UPDATE order_line SET x = 1 FROM locked")
    assert loses_rows("SELECT * FROM keys JOIN (SELECT * FROM refund) r USING (id) ORDER BY 1 FOR SHARE")
    assert loses_rows(f"SELECT 1 -- one, 'two\n; {plain}")
    assert loses_rows(plain.replace("ORDER BY", "WHERE l.state <> 'a) -- b' ORDER BY"))


@pytest.mark.parametrize(
    "sql",
    [
        # Locked one by one, below any sort: as it is done now.
        "SELECT l.* FROM keys k, LATERAL (SELECT * FROM refund o WHERE o.id = k.id FOR UPDATE) l ORDER BY k.id",
        "SELECT * FROM order_line WHERE shop_id = ANY (:ids) ORDER BY shop_id, line_id FOR UPDATE",
        "SELECT * FROM wanted w JOIN order_line l USING (shop_id) FOR UPDATE OF l",
        "SELECT * FROM wanted w JOIN order_line l USING (shop_id) ORDER BY 1",
        # No table in partitions is read.
        "SELECT s.id FROM session_sales s JOIN live_session v ON v.id = s.session_id ORDER BY 1 FOR UPDATE OF s",
        "UPDATE order_line l SET x = 1 FROM wanted w WHERE l.shop_id = w.shop_id",
    ],
)
def test_the_rule_lets_others_pass(sql: str) -> None:
    assert not loses_rows(sql)


def _modules() -> Iterator[object]:
    for found in pkgutil.walk_packages(campaign.__path__, "campaign."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def _made() -> Iterator[tuple[str, str]]:
    """Statements as modules hold them: put together from whatever parts."""
    for module in _modules():
        for name, value in vars(module).items():
            if isinstance(value, (TextClause, str)):
                yield f"{module.__name__}.{name}", str(value)  # type: ignore[attr-defined]


def _written() -> Iterator[tuple[str, str]]:
    """Texts as they stand within functions; what is put into them is left out."""
    for path in [one for part in ("campaign", "workers") for one in (ROOT / part).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
                yield f"{path.relative_to(ROOT)}:{node.lineno}", "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def _in_functions(connection: object) -> Iterator[tuple[str, str]]:
    """Statements of the database's own functions."""
    found = connection.exec_driver_sql(  # type: ignore[attr-defined]
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'"
    )
    yield from (tuple(row) for row in found)


def test_no_statement_joins_sorts_and_locks_rows_of_a_table_in_partitions(engine: object) -> None:
    with engine.connect() as connection:  # type: ignore[attr-defined]
        told = [*_made(), *_written(), *_in_functions(connection)]
    locking = [where for where, sql in told if _LOCKS.search(sql)]
    assert len(locking) > 30, "the statements are found at all"
    assert [where for where, sql in told if loses_rows(sql)] == []


def test_no_model_of_such_a_table_stands_where_models_are_locked() -> None:
    list(_modules())
    models = {one.class_.__name__ for one in Base.registry.mappers if one.local_table.name in PARTITIONED}  # type: ignore[attr-defined]
    assert models, "the models are found at all"
    texts = {path: path.read_text() for path in (ROOT / "campaign").rglob("*.py")}
    locking = [path for path, source in texts.items() if "with_for_update" in source]
    assert len(locking) > 5
    assert [str(one) for one in locking if models & set(re.findall(r"\w+", texts[one]))] == []
