"""One browser window that watches for what a page must never do: script errors, policy violations, overflow."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from campaign.gate.identity import COOKIE

AXE = "node_modules/axe-core/axe.min.js"
_AUDIT = """axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.map(
    one => one.id + ': ' + one.nodes.map(node => node.html.slice(0, 160)).join(' | ')))"""
_WATCH = """document.addEventListener('securitypolicyviolation', event => {
    console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + (event.sample || ''));
});"""


@dataclass(frozen=True)
class Site:
    """Where the product answers, the demo's password, and its data folder."""

    url: str
    password: str
    data_dir: Path
    signed_in: dict[str, Any] = field(default_factory=dict)
    """The sign-in cookie of each role that came by the form."""


class Walker:
    """A window of a given width, colour scheme and language."""

    def __init__(
        self,
        chromium: Any,
        site: Site,
        *,
        width: int = 1440,
        scheme: str = "light",
        language: str = "zh-CN",
        scripts: bool = True,
    ) -> None:
        self.site = site
        self.context = chromium.new_context(
            viewport={"width": width, "height": 844 if width < 800 else 900},
            color_scheme=scheme,
            locale=language,
            java_script_enabled=scripts,
        )
        self.context.add_init_script(_WATCH)
        self.page = self.context.new_page()
        self.language = "en" if language.startswith("en") else "zh_CN"
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        # A refused form is a 4xx answer, which Chromium reports as a failed load: that is no fault of the page.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def sign_in(self, role: str) -> None:
        """Signed in as the role; by the form the first time, then by its cookie: the door limits sign-ins."""
        if role in self.site.signed_in:
            self.context.add_cookies(self.site.signed_in[role])
            self.go("/")
        else:
            self._by_form(role)
            kept = [cookie for cookie in self.context.cookies() if cookie["name"] == COOKIE]
            self.site.signed_in[role] = kept
        self.speak(self.language)

    def _by_form(self, role: str) -> None:
        self.go("/login")
        self.page.fill("#email", f"{role}@xinji.example")
        self.page.fill("#password", self.site.password)
        self.page.click("main button")
        self.page.wait_for_url(lambda url: not url.endswith("/login"))

    def speak(self, language: str) -> None:
        """Switch to a language where the page offers it; it offers the other one only."""
        switch = self.page.locator(f'button[name="locale"][value="{language}"]')
        if switch.count():
            switch.click()
            self.page.wait_for_load_state()

    def go(self, path: str) -> Any:
        """Open a page; it must not be wider than the window."""
        answer = self.page.goto(self.site.url + path)
        self.page.wait_for_load_state()
        return answer

    def overflows(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))

    def audit(self, axe: str) -> list[str]:
        """What axe finds; its source comes over the debugging channel, past the page's own policy."""
        channel = self.context.new_cdp_session(self.page)
        channel.send("Runtime.evaluate", {"expression": axe})
        channel.detach()
        found: list[str] = self.page.evaluate(_AUDIT)
        return found

    def close(self) -> None:
        self.context.close()
