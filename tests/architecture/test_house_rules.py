"""The rules of the house that no linter knows."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

import campaign
from config.periodic import PERIODIC

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path
    for part in ("campaign", "workers", "config", "tests", "bench")
    for path in (ROOT / part).rglob("*.py")
]
PRODUCT = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in ("campaign", "workers", "config")]


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_commit_stands_once():
    places = [_named(path) for path in PRODUCT for _ in re.findall(r"\.commit\(\)", path.read_text())]
    assert places == ["campaign/kit/database.py"]


def test_digits_are_read_in_one_place():
    places = [
        _named(path) for path in PRODUCT if re.search(r"\.is(digit|numeric|decimal)\(\)", path.read_text())
    ]
    assert places == ["campaign/kit/numbers.py"]


def _imported(source: str) -> set[str]:
    """What a module imports anywhere in it, and what it names to be imported by hand."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
        elif isinstance(node, ast.Name) and node.id in ("__import__", "exec", "eval"):
            found.add(node.id)
    return found


def _is_strange_to_the_oracle(name: str) -> bool:
    own = name == "tests.oracle" or name.startswith("tests.oracle.")
    return not own and (name.partition(".")[0] not in sys.stdlib_module_names or name == "importlib")


def test_the_oracle_knows_nothing_of_the_product():
    files = sorted((ROOT / "tests" / "oracle").rglob("*.py"))
    assert len(files) > 5
    strange = {
        _named(path): set(filter(_is_strange_to_the_oracle, _imported(path.read_text()))) for path in files
    }
    assert {name: found for name, found in strange.items() if found} == {}


@pytest.mark.parametrize(
    "line", ["import campaign", "from campaign.sales import images", "from tests.sales_kit import fold_all",
             "from .. import season_kit", "def f():\n    __import__('campaign')", "import importlib",
             "import sqlalchemy"],
)  # fmt: skip
def test_an_oracle_that_peeks_is_found(line):
    assert any(map(_is_strange_to_the_oracle, _imported(line)))


def test_each_route_has_a_permission_or_is_marked_public(app):
    bare = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not hasattr(app.view_functions[rule.endpoint], "permission")
    ]
    assert bare == []


def test_each_task_name_is_registered_once_and_every_periodic_job_exists(settings, monkeypatch):
    names = Counter(
        name
        for path in (ROOT / "workers").glob("*.py")
        for name in re.findall(r'^@task\("([a-z._]+)"\)', path.read_text(), re.MULTILINE)
    )
    assert [name for name, count in names.items() if count > 1] == []
    assert sorted(set(PERIODIC) - set(names)) == []


def test_there_is_one_migration_head_and_numbers_follow_each_other():
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    numbers = sorted(revision.revision for revision in script.walk_revisions())
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]


def test_no_python_file_is_longer_than_400_lines():
    longer = {_named(path): count for path in SOURCES if (count := len(path.read_text().splitlines())) > 400}
    assert longer == {}


def test_no_function_is_longer_than_60_lines():
    longer = [
        f"{_named(path)}:{node.lineno} {node.name} ({node.end_lineno - node.lineno + 1})"
        for path in PRODUCT
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno >= 60
    ]
    assert longer == []


def test_packages_do_no_work_on_import():
    working = [
        _named(path)
        for path in PRODUCT
        if path.name == "__init__.py"
        for node in ast.parse(path.read_text()).body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    assert working == []


def _query_modules():
    for module in pkgutil.walk_packages(campaign.__path__, "campaign."):
        if module.name.rsplit(".", 1)[1] == "queries":
            yield importlib.import_module(module.name)


@pytest.mark.parametrize("module", list(_query_modules()), ids=lambda module: module.__name__)
def test_each_query_takes_the_database_and_an_actor(module):
    bare = []
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ != module.__name__ or name.startswith("_"):
            continue
        first = list(inspect.signature(function).parameters)[:2]
        if [parameter.lstrip("_") for parameter in first] != ["db", "actor"]:
            bare.append(f"{name}({', '.join(first)}, …)")
    assert bare == []


def test_money_is_never_a_float():
    floats = [
        f"{_named(path)}:{number}"
        for path in PRODUCT
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\w*_fen\b[^=#\n]*: float|float\([^)]*_fen", line)
    ]
    assert floats == []


def test_nothing_left_open():
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError|pragma: no cover|mark\.xfail")
    here = Path(__file__)
    left = [
        f"{_named(path)}:{number}"
        for path in SOURCES
        if path != here
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if marks.search(line)
    ]
    assert left == []


def test_no_tracked_file_names_a_registry_or_a_path_of_a_machine():
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    hosts = (
        "pypi" + ".org",
        "registry.npm" + "js",
        "pythonhosted" + ".org",
        "deb.debian" + ".org",
        "/" + "work/",
    )
    found = []
    for name in filter(None, tracked):
        path = ROOT / name
        if not path.is_file() or name.startswith("tests/data/"):
            continue
        content = path.read_bytes()
        found += [f"{name}: {host}" for host in hosts if host.encode() in content]
    assert found == []
