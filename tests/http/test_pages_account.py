"""Signing in and out, languages, colours, errors, assets and headers."""

import re

import pytest

from campaign.web.targets import this_page
from tests.visitor import PASSWORD, Visitor, visitor_as


@pytest.fixture
def stranger(client):
    return Visitor(client)


def test_a_stranger_is_asked_to_sign_in_and_led_back_afterwards(stranger, app, database):
    answer = stranger.get("/hub/board?day=2026-11-23")
    assert answer.status_code == 302
    stranger.follow()
    assert "/hub/board?day=2026-11-23" in stranger.page.text
    user = visitor_as(app, database, "hub", hub_role="viewer")
    assert user.page.headers["Location"] == "/"


def menu_of(page):
    rows = re.findall(r'<nav class="menu(?: below)?".*?</nav>', page, re.DOTALL)
    return [href for row in rows for href in re.findall(r'href="(/[^"]*)"', row)]


def test_each_role_comes_to_its_first_screen_and_sees_only_its_menu(app, database, make):
    brand, agency, host = make.brand(), make.agency(), make.host()
    for role, scope, start in (
        ("admin", {}, "/hub"),
        ("hub", {"hub_role": "viewer"}, "/hub"),
        ("brand", {"brand_id": brand.id}, "/brand"),
        ("agency", {"agency_id": agency.id}, "/agency"),
        ("host", {"host_id": host.id}, "/host"),
    ):
        visitor = visitor_as(app, database, role, **scope)
        visitor.get("/")
        assert visitor.page.headers["Location"] == start
        page = visitor.follow()
        links = set(menu_of(page.text))
        for link in sorted(links):
            answer = visitor.get(link)
            assert answer.status_code in (200, 302), link
            # A group's second row.
            links |= set(menu_of(answer.text))
        for link in sorted(links):
            assert visitor.get(link).status_code in (200, 302), link
        own = {"brand": "/brand", "agency": "/agency", "host": "/card"}.get(role)
        if own:
            assert all(link.startswith((own, "/webhooks", "/calendar")) for link in links), links


def test_a_wrong_password_says_so_and_keeps_the_address(stranger):
    stranger.get("/login")
    page = stranger.post("/login", email="nobody@example.com", password="wrong")
    assert page.status_code == 401
    assert "E-mail or password is wrong." in page.text
    assert 'value="nobody@example.com"' in page.text
    assert "wrong" not in re.findall(r'type="password" value="([^"]*)"', page.text)


def test_a_form_without_its_token_is_refused(client):
    answer = client.post("/login", data={"email": "a@b.c", "password": PASSWORD})
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers or "xinji_live" not in answer.headers["Set-Cookie"]


def test_signing_out_makes_the_cookie_worthless(app, database):
    visitor = visitor_as(app, database, "hub", hub_role="viewer")
    cookie = visitor.client.get_cookie("xinji_live").value
    visitor.get("/hub")
    assert visitor.post("/logout").status_code == 303
    visitor.client.set_cookie("xinji_live", cookie)
    assert visitor.get("/hub").status_code == 302


def test_the_language_chosen_holds_on_every_page_and_in_the_account(app, database):
    visitor = visitor_as(app, database, "hub", language="zh-CN", hub_role="viewer")
    assert 'lang="zh-CN"' in visitor.get("/hub").text
    visitor.post("/language", locale="en", next="/hub/board")
    assert visitor.page.headers["Location"] == "/hub/board"
    assert 'lang="en"' in visitor.follow().text
    visitor.client.delete_cookie("xinji_locale")
    assert 'lang="en"' in visitor.get("/hub").text


def test_the_colours_chosen_stand_in_the_page_itself(stranger):
    assert "data-theme" not in stranger.get("/login").text
    stranger.post("/theme", theme="dark", next="/login")
    assert 'data-theme="dark"' in stranger.follow().text
    stranger.post("/theme", theme="nonsense", next="/login")
    assert 'data-theme="dark"' in stranger.follow().text


@pytest.mark.parametrize("path", ["/language", "/theme"])
def test_a_switch_never_leads_to_another_site(stranger, path):
    stranger.get("/login")
    stranger.post(path, next="https://evil.example/", locale="en", theme="dark")
    assert stranger.page.headers["Location"] == "/"


def test_the_address_of_a_buttons_answer_leads_to_the_page_it_stands_on(app, database):
    """Opened again, or where the language is changed on it: it was an error, and the start page."""
    visitor = visitor_as(app, database, "hub", language="en", hub_role="manager")
    for path, page in (
        ("/webhooks/whe_1/rotate-secret", "/webhooks/whe_1"),
        ("/hub/connectors/con_1/secret", "/hub/connectors/con_1"),
    ):
        assert visitor.get(path).headers["Location"] == page
        with app.test_request_context(path, method="POST"):
            assert this_page() == page
    assert visitor.get("/logout").status_code == 405


def test_what_is_not_there_is_a_page_in_the_readers_language(stranger):
    page = stranger.get("/nothing")
    assert page.status_code == 404
    assert "There is no such thing here." in page.text
    assert page.mimetype == "text/html"


def test_assets_are_kept_for_ever_under_their_hash_and_nothing_else_is_served(stranger):
    page = stranger.get("/login").text
    (css,) = re.findall(r'href="(/assets/css/main\.[0-9a-f]{10}\.css)"', page)
    answer = stranger.get(css)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    old = stranger.get("/assets/css/main.0000000000.css")
    assert old.status_code == 200
    assert "immutable" not in old.headers["Cache-Control"]
    for path in ("/assets/css/main.css", "/assets/../config/settings.0000000000.py", "/static/css/main.css"):
        assert stranger.get(path).status_code == 404


def test_every_answer_carries_the_security_headers_and_pages_are_not_kept(stranger):
    for path in ("/login", "/nothing", "/api/v1/brands", "/healthz"):
        headers = stranger.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert stranger.get("/login").headers["Cache-Control"] == "no-store"


def test_no_template_holds_inline_script_style_or_handlers():
    from campaign.app import ROOT

    wrong = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", re.IGNORECASE)
    templates = sorted((ROOT / "templates").rglob("*.html"))
    assert templates
    assert [str(path) for path in templates if wrong.search(path.read_text(encoding="utf-8"))] == []
