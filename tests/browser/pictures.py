"""Takes the pictures: `python -m tests.browser.pictures [--all]` (make pictures).

Six for the README into docs/pictures; with --all every page of every role in four looks into docs/pictures/tmp,
to be looked at.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.tour import ROLES, pages_of
from tests.browser.walker import Site, Walker
from tests.product import ROOT, started

FOLDER = ROOT / "docs" / "pictures"
LOOKS = ((1440, "light", "zh-CN"), (390, "dark", "zh-CN"), (1440, "dark", "en-US"), (390, "light", "en-US"))
# name, role, page, width, scheme, language
README = (
    ("board", "hub", "/hub/board", 1440, "light", "zh-CN"),
    ("board-dark-en", "hub", "/hub/board?rows=24", 1440, "dark", "en-US"),
    ("summary", "brand", "/brand", 1440, "light", "zh-CN"),
    ("live", "hub", "/hub/live", 1440, "light", "zh-CN"),
    ("offers", "agency", "/agency", 1440, "light", "en-US"),
    ("card", "host", "/host", 390, "dark", "zh-CN"),
)


def for_the_readme(chromium: object, site: Site) -> None:
    """Six first impressions."""
    for name, role, path, width, scheme, language in README:
        walker = Walker(chromium, site, width=width, scheme=scheme, language=language)
        walker.sign_in(role)
        walker.go(path)
        walker.page.wait_for_timeout(500)
        walker.page.screenshot(path=FOLDER / f"{name}.png")
        walker.close()


def of_everything(chromium: object, site: Site, folder: Path) -> None:
    """Whole pages, named by role, path and look."""
    for width, scheme, language in LOOKS:
        for role in ROLES:
            walker = Walker(chromium, site, width=width, scheme=scheme, language=language)
            if role != "stranger":
                walker.sign_in(role)
            for number, path in enumerate(pages_of(walker, role)):
                name = f"{role}-{number:02d}{path.split('?')[0].replace('/', '-')[:40]}"
                walker.page.wait_for_timeout(300)
                target = folder / f"{name}-{width}-{scheme}-{walker.language}.png"
                walker.page.screenshot(path=target, full_page=True)
            walker.close()


def main() -> None:
    """Start the product with its demo, take the pictures, leave nothing running."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every page in four looks, into docs/pictures/tmp")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    data_dir = Path(tempfile.mkdtemp(prefix="pictures-"))
    with started(data_dir, "--port", "0") as product, sync_playwright() as playwright:
        product.wait_until_ready()
        password = json.loads((data_dir / "demo.json").read_text())["password"]
        site = Site(product.url, password, data_dir)
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for_the_readme(chromium, site)
        if options.all:
            everything = FOLDER / "tmp"
            everything.mkdir(exist_ok=True)
            of_everything(chromium, site, everything)
        chromium.close()
    shutil.rmtree(data_dir, ignore_errors=True)


if __name__ == "__main__":
    main()
