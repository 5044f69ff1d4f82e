"""Every page of every role, found the way a person finds it: by links."""

import re
from collections.abc import Iterator

from tests.browser.walker import Walker

HUB = (
    "/hub",
    "/hub/board",
    "/hub/board?rows=24",
    "/hub/board?view=week",
    "/hub/board?by=host",
    "/hub/board/doors",
    "/hub/board/wall",
    "/hub/plans",
    "/hub/series",
    "/hub/series/new",
    "/hub/offers",
    "/hub/slots",
    "/hub/waiting",
    "/hub/waiting/new",
    "/hub/calendars",
    "/hub/rules",
    "/hub/times/hub",
    "/hub/campaigns/new",
    "/hub/calendar",
    "/hub/sessions/new",
    "/hub/live",
    "/hub/live/wall",
    "/hub/imports",
    "/hub/imports/mappings",
    "/hub/imports?kind=sessions",
    "/hub/imports?kind=hosts",
    "/hub/data",
    "/hub/campaigns",
    "/hub/brands",
    "/hub/rankings",
    "/hub/rankings?kind=host",
    "/hub/parties/studios",
    "/hub/parties/hosts",
    "/hub/parties/shops",
    "/hub/parties/products",
    "/webhooks",
    "/notices",
    "/notices/channels",
    "/hub/alerts",
)
# A page, and how a link on it looks that leads one deeper.
_DEEPER = {
    "hub": (
        ("/hub", r"/hub/sessions/ses_\w+"),
        ("/hub/campaigns", r"/hub/campaigns/cmp_\w+"),
        ("/hub/series", r"/hub/series/srs_\w+"),
        ("/hub/plans", r"/hub/plans/pln_\w+"),
        ("/hub/brands", r"/hub/brands/brd_\w+"),
        ("/hub/parties/hosts", r"/hub/parties/hosts/hst_\w+"),
        ("/hub/parties/products", r"/hub/parties/products/prd_\w+"),
        ("/hub/parties/studios", r"/hub/parties/studios/std_\w+/door"),
        ("/hub/parties/hosts", r"/hub/parties/hosts/hst_\w+/card"),
        ("/hub/parties/hosts", r"/hub/parties/hosts/hst_\w+/terms"),
        ("/webhooks", r"/webhooks/whe_\w+"),
    ),
    "brand": (
        ("/brand/sessions", r"/brand/sessions/ses_\w+"),
        ("/brand/campaigns", r"/brand/campaigns/cmp_\w+"),
    ),
    "agency": (
        ("/agency/sessions", r"/agency/sessions/ses_\w+"),
        ("/agency/campaigns", r"/agency/campaigns/cmp_\w+"),
        ("/webhooks", r"/webhooks/whe_\w+"),
    ),
    "host": (),
    "stranger": (),
}
# Where shows on air are found: their page has other parts than that of one ahead. The agency's hosts may all be taken
# in the hour around its evening shows.
_WITH_SHOWS_ON_AIR = {"brand": ("/brand/sessions",), "agency": ("/agency/sessions",)}
_PAGES = {
    "hub": HUB,
    "brand": (
        "/brand",
        "/brand?days=30",
        "/brand?days=30&group=product&basis=cash",
        "/brand/lines?days=30",
        "/brand/shares",
        "/brand/months",
        "/brand/sessions",
        "/brand/campaigns",
        "/notices",
        "/calendar",
    ),
    "agency": (
        "/agency",
        "/agency/sessions",
        "/agency/campaigns",
        "/agency/times",
        "/webhooks",
        "/webhooks/events",
        "/notices",
        "/notices/channels",
        "/calendar",
    ),
    "host": ("/host", "/host/times"),
    "stranger": ("/login", "/nothing-here"),
}
ROLES = tuple(_PAGES)


def pages_of(walker: Walker, role: str) -> Iterator[str]:
    """Opens each page of a role in turn and gives its path; the page stands open while it is looked at."""
    for path in _PAGES[role]:
        walker.go(path)
        yield path
    for path in _WITH_SHOWS_ON_AIR.get(role, ()):
        walker.go(path)
        on_air = walker.page.locator("tr", has=walker.page.locator(".is-live")).locator("a")
        if on_air.count():
            show = str(on_air.first.get_attribute("href"))
            walker.go(show)
            yield show
    for path, deeper in _DEEPER[role]:
        walker.go(path)
        found = re.search(f'href="({deeper})"', walker.page.content())
        if found:
            walker.go(found[1])
            yield found[1]
            if found[1].startswith("/hub/sessions/"):
                yield from _of_session(walker, found[1])
            if found[1].startswith("/webhooks/whe_"):
                yield from _of_endpoint(walker, found[1])
            if found[1].endswith(("/door", "/card")):
                yield from _behind_the_code(walker)


def _of_session(walker: Walker, path: str) -> Iterator[str]:
    for leaf in ("change", "move", "swap", "correct"):
        if walker.page.locator(f'a[href="{path}/{leaf}"]').count():
            walker.go(f"{path}/{leaf}")
            yield f"{path}/{leaf}"
            walker.go(path)


def _of_endpoint(walker: Walker, path: str) -> Iterator[str]:
    """A search of its log that finds nothing, one that is none, and a delivery that has tries."""
    for asked in ("about=nothing%20like%20it", "about=evt_1", "state=delivered"):
        walker.go(f"{path}?{asked}")
        yield f"{path}?{asked}"
    delivery = walker.page.locator('a[href^="/webhooks/deliveries/"]').first.get_attribute("href")
    walker.go(str(delivery))
    yield str(delivery)


def _behind_the_code(walker: Walker) -> Iterator[str]:
    """The phone page that the QR leads to."""
    address = walker.page.locator("main a").get_attribute("href")
    path = re.sub(r"^https?://[^/]+", "", address or "")
    walker.go(path)
    yield path
