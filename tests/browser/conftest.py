"""A real browser on the real product with its demo; skipped, visibly, where there is no Chromium."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.walker import AXE, Site, Walker
from tests.product import ROOT, started


# Of the package, not the session: playwright's event loop, and the product, would stay on beside all later tests.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """System Chromium, driven by playwright."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium on this machine: browser walks are not run")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, installed by the developers' set-up."""
    path = ROOT / AXE
    if not path.exists():
        pytest.skip("axe-core is not installed (python3 -m campaign setup --dev): pages are not audited")
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="package")
def site(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """`up` with demo data in a folder of its own."""
    folder: Path = tmp_path_factory.mktemp("site")
    with started(folder, "--port", "0") as product:
        product.wait_until_ready()
        password = json.loads((folder / "demo.json").read_text())["password"]
        yield Site(product.url, password, folder)


@pytest.fixture
def walk(chromium: Any, site: Site) -> Iterator[Callable[..., Walker]]:
    """walk(role, width=…, scheme=…, language=…): a signed-in browser of its own; None stays a stranger."""
    opened: list[Walker] = []

    def start(role: str | None = None, **look: Any) -> Walker:
        walker = Walker(chromium, site, **look)
        opened.append(walker)
        if role is not None:
            walker.sign_in(role)
        return walker

    yield start
    for walker in opened:
        walker.close()
