"""docker-compose.yml without an engine: its shape is right, and each command and health check works here."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
import yaml

from campaign.cli.embedded.ports import free_port
from campaign.cli.process.child import Child, Lifeline, Order
from campaign.cli.setup.environment import with_bytecode
from config import processes

ROOT = Path(__file__).resolve().parents[2]
APP = ("web", "worker", "clock", "sender")
TEXTS = {"type": "array", "minItems": 1, "items": {"type": "string"}}
DURATION = {"type": "string", "pattern": r"^\d+(ms|s|m|h)$"}
# The part of the Compose Specification that this file uses; anything else in it is a slip.
SERVICE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["image"],
    "properties": {
        "image": {"type": "string"},
        "build": {"type": "string"},
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
        "command": TEXTS,
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "volumes": TEXTS,
        "ports": TEXTS,
        "shm_size": {"type": "string"},
        "stop_grace_period": DURATION,
        "ulimits": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["soft", "hard"],
                "properties": {"soft": {"type": "integer"}, "hard": {"type": "integer"}},
            },
        },
        "depends_on": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["condition"],
                "properties": {
                    "condition": {
                        "enum": ["service_started", "service_healthy", "service_completed_successfully"]
                    }
                },
            },
        },
        "healthcheck": {
            "type": "object",
            "additionalProperties": False,
            "required": ["test", "interval", "timeout", "retries"],
            "properties": {
                "test": {**TEXTS, "prefixItems": [{"const": "CMD"}]},
                "interval": DURATION,
                "timeout": DURATION,
                "start_period": DURATION,
                "retries": {"type": "integer", "minimum": 1},
            },
        },
    },
}
COMPOSE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["services"],
    "patternProperties": {"^x-": {}},
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "services": {"type": "object", "additionalProperties": SERVICE},
        "volumes": {"type": "object"},
    },
}


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_it_has_the_shape_of_a_compose_file(compose):
    jsonschema.validate(compose, COMPOSE)


def test_what_it_names_exists(compose):
    services = compose["services"]
    assert set(services) == {*APP, "postgres", "valkey", "migrate"}
    for service in services.values():
        for other, wanted in service.get("depends_on", {}).items():
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in services[other]
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in compose["volumes"]


def test_all_but_the_migration_have_a_health_check(compose):
    assert [n for n, s in compose["services"].items() if "healthcheck" not in s] == ["migrate"]


def test_each_variable_is_told_of_in_the_example(compose):
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    told = set(re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert asked <= told


def test_each_setting_in_the_example_is_one_the_product_reads():
    told = set(re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    read = set(
        re.findall(r'"((?:CAMPAIGN_|DATABASE_|REDIS_)\w+)"', (ROOT / "config/settings.py").read_text())
    )
    assert told - {"POSTGRES_PASSWORD"} <= read


def test_it_runs_the_same_processes_as_up(compose):
    run = {name: compose["services"][name]["command"][1:] for name in APP}
    assert run == {
        "web": processes.web("0.0.0.0", 8000, 1),
        "worker": processes.worker(),
        "clock": processes.clock(),
        "sender": processes.sender(),
    }


def interpolated(text: str, given: dict[str, str]) -> str:
    """Compose's ${NAME:-default} and ${NAME:?}."""

    def value(match: re.Match[str]) -> str:
        return given.get(match["name"]) or match["default"] or ""

    return re.sub(r"\$\{(?P<name>\w+)(?::\?|:-(?P<default>[^}]*))?\}", value, text)


@pytest.fixture
def environ(compose, own_database_url, redis_url, tmp_path) -> dict[str, str]:
    """The environment of the app's services, with the servers of this test run in the place of the containers."""
    given = {"CAMPAIGN_SECRET_KEY": "a-secret-key-for-this-test-of-32-characters", "POSTGRES_PASSWORD": "x"}
    named = {k: interpolated(v, given) for k, v in compose["services"]["web"]["environment"].items()}
    assert named["DATABASE_URL"] == "postgresql://postgres:x@postgres:5432/xinji"
    named |= {"DATABASE_URL": own_database_url, "REDIS_URL": redis_url, "CAMPAIGN_DATA_DIR": str(tmp_path)}
    return {**with_bytecode(os.environ), **named, "CAMPAIGN_ENVIRONMENT": "given"}


def here(command: list[str]) -> list[str]:
    assert command[0] == "python"
    return [sys.executable, *command[1:]]


@pytest.fixture
def start(tmp_path):
    """start(name, argv, environ) → a child that ends with the test."""
    lifeline = Lifeline()
    children = []

    def begin(name: str, argv: list[str], environ: dict[str, str]) -> Child:
        order = Order(name, argv, tmp_path / f"{name}.log", tmp_path / f"{name}.pid", ROOT, environ)
        children.append(Child(order, lifeline))
        children[-1].start()
        return children[-1]

    yield begin
    for child in children:
        child.ask_to_stop()
    assert all(child.wait(8) for child in children)
    lifeline.cut()


def run(argv: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        env=environ,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_migration_succeeds_twice(compose, environ):
    command = here(compose["services"]["migrate"]["command"])
    for _ in range(2):
        done = run(command, environ)
        assert done.returncode == 0, done.stderr


def test_each_process_starts_and_its_health_check_says_so(compose, environ, start):
    services = compose["services"]
    checks = {name: here(services[name]["healthcheck"]["test"][1:]) for name in APP}
    port = str(free_port())
    environ["CAMPAIGN_PORT"] = port
    assert run(checks["sender"], environ).returncode == 1
    assert run(checks["web"], environ).returncode == 1
    children = [
        start(name, [port if word == "8000" else word for word in here(services[name]["command"])], environ)
        for name in APP
    ]
    waiting = dict(checks)
    until = time.monotonic() + 60
    while waiting and time.monotonic() < until:
        waiting = {name: check for name, check in waiting.items() if run(check, environ).returncode != 0}
    assert not waiting, "\n".join(child.last_words() for child in children if child.name in waiting)
    assert [child.name for child in children if child.status is not None] == []


def test_the_servers_commands_are_ones_their_programs_know(compose, tmp_path, start):
    valkey = compose["services"]["valkey"]["command"]
    assert valkey[0] == "valkey-server"
    from campaign.cli.embedded import home

    data = tmp_path / "data"
    data.mkdir()
    at = home.prepare(data)
    port = free_port()
    child = start("valkey", [str(at.valkey), *valkey[1:], "--port", str(port), "--dir", str(tmp_path)], {})
    from campaign.kit import redis

    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            client = redis.connect(f"redis://127.0.0.1:{port}/0")
            assert client.config_get("appendonly") == {"appendonly": "yes"}
            client.close()
            break
        except redis.RedisError:
            time.sleep(0.1)
    else:
        raise AssertionError(child.last_words())
    assert shutil.which("pg_isready", path=str(at.postgres_bin)) or (at.postgres_bin / "postgres").exists()
    home.discard(data)
