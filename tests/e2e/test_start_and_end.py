"""`up` for real: it comes up, mends itself, ends in order, and leaves nothing behind when it is killed."""

import re
import time
from pathlib import Path

import pytest

from tests.product import PARTS, Product, alive, started

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Longer than a socket's path may be: 107 bytes.
    return tmp_path_factory.mktemp("data") / ("a-long-name-" * 12)


@pytest.fixture(scope="module")
def product(folder: Path):
    with started(folder, "--port", "0", "--empty") as up:
        up.wait_until_ready()
        yield up


def parts_of(product: Product) -> dict[str, int]:
    return {part: product.pid(part) for part in PARTS}


def wait_until(condition, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_it_says_ready_once_with_its_address(product):
    found = [line for line in product.lines if line.startswith("ready")]
    assert len(found) == 1
    assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+", found[0])


def test_all_parts_answer(product):
    assert product.get("/healthz")[0] == 200
    assert product.get("/readyz")[0] == 200
    assert all(alive(pid) for pid in parts_of(product).values())


def test_the_console_stays_readable(product):
    assert all(len(line) < 200 for line in product.lines)
    assert not [line for line in product.lines if "Traceback" in line or "celery" in line.lower()]


def test_a_command_beside_it_finds_its_servers(product):
    done = product.command("config", "check")
    assert done.returncode in (0, 1), done.stderr


def test_a_second_one_in_the_same_folder_is_refused(product, folder):
    second = Product(folder, "--port", "0", "--empty")
    assert second.process.wait(30) == 1
    assert f"is in use by process {product.process.pid}" in "\n".join(second.lines)


def test_a_taken_port_is_named_before_anything_starts(product, tmp_path):
    port = product.url.rsplit(":", 1)[1]
    second = Product(tmp_path / "other", "--port", port, "--empty")
    assert second.process.wait(30) == 1
    assert f"port {port}" in "\n".join(second.lines)
    assert not (tmp_path / "other" / "servers").exists()


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_is_started_again_with_a_line_saying_so(product, part):
    before = product.kill(part)
    product.wait_for_line(f"{part} ended (killed by SIGKILL), started", 10)
    assert wait_until(lambda: product.pid(part) != before and alive(product.pid(part)), 10)


def test_it_is_ready_again_after_all_those_kills(product):
    def ready() -> bool:
        try:
            return product.get("/readyz")[0] == 200
        except OSError:
            return False

    assert wait_until(ready, 40)


def test_asked_to_end_it_ends_within_five_seconds_with_status_0(product):
    parts = parts_of(product)
    asked = time.monotonic()
    assert product.stop() == 0
    assert time.monotonic() - asked < 5
    assert not [part for part, pid in parts.items() if alive(pid)]


def test_the_next_start_finds_its_data_and_a_kill_leaves_nothing_behind(folder, product):
    assert product.process.poll() is not None
    with started(folder, "--port", "0", "--empty") as again:
        again.wait_until_ready()
        parts = parts_of(again)
        again.process.kill()
        again.process.wait()
        assert wait_until(lambda: not any(alive(pid) for pid in parts.values()), 10)
