"""Which URLs and addresses may be called: a corpus of hostile ones, judged without connecting to any."""

import ipaddress
import json
from pathlib import Path

import pytest

from campaign.kit.addresses import Blocked, check_address, check_url

CORPUS = Path(__file__).parent.parent / "data" / "ssrf_urls.jsonl"
ROWS = [json.loads(line) for line in CORPUS.read_text().splitlines()]
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def verdict(row) -> str:
    """What becomes of one try: the URL is checked, its name looked up (pretended), each answer checked."""
    try:
        url = check_url(row["url"])
        host = url.split("/")[2].rpartition(":")[0] or url.split("/")[2]
        if not host.startswith("[") and not host.replace(".", "").isdigit():
            for address in row.get("dns", {}).get(host, [["93.184.216.34"]])[0]:
                check_address(address)
    except Blocked:
        return "block"
    return "allow"


def wanted(row) -> str:
    if row["expect"] == "pin":
        first = next(iter(row["dns"].values()))[0]
        return "block" if "127.0.0.1" in first else "allow"
    return "block" if row["expect"] == "block" else "allow"


def test_the_corpus_is_judged_without_a_mistake():
    wrong = [(row["id"], row["url"][:80], verdict(row)) for row in ROWS if verdict(row) != wanted(row)]
    assert wrong == []
    assert len(ROWS) == 141


@pytest.mark.parametrize(
    ("url", "called"),
    [
        ("https://Hooks.Agency.Example/In?x=1&y=%20", "https://hooks.agency.example/In?x=1&y=%20"),
        ("https://good.example", "https://good.example/"),
        ("https://good.example?x=1", "https://good.example/?x=1"),
        ("https://good.example.:8443/a", "https://good.example:8443/a"),
        ("https://皮革.example/收", "https://xn--oyy411e.example/%E6%94%B6"),
        ("https://[2606:4700:4700:0:0:0:0:1111]/", "https://[2606:4700:4700::1111]/"),
        ("https://93.184.216.34/", "https://93.184.216.34/"),
    ],
)
def test_a_good_url_is_written_in_one_form(url, called):
    assert check_url(url) == called
    assert check_url(called) == called


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://good.example/", "url_not_https"),
        ("https://good.example:25/", "url_port"),
        ("https://good.example:0/", "url_port"),
        ("https://user:pass@good.example/", "url_malformed"),
        ("https://good.example/#frag", "url_malformed"),
        ("https://good.example/a b", "url_malformed"),
        ("https://good.example/\u202e", "url_malformed"),
        ("https://my_hook.example/", "url_host"),
        ("https://intern/", "url_host"),
        ("https://printer.local/", "url_host"),
        ("https://db.internal/", "url_host"),
        ("https://[fe80::1%25eth0]/", "url_malformed"),
        ("https://[::ffff:93.184.216.34]/", "url_address"),
        ("https://192.168.1.1/", "url_address"),
        ("https://1.2.3.256/", "url_address"),
        ("", "url_malformed"),
        ("https://good.example/" + "a" * 2048, "url_malformed"),
    ],
)
def test_a_bad_url_says_why(url, code):
    with pytest.raises(Blocked) as caught:
        check_url(url)
    assert caught.value.error_code == code


def test_an_allowed_range_opens_that_range_alone():
    assert check_url("http://127.0.0.1:9000/in", LOOPBACK) == "http://127.0.0.1:9000/in"
    assert check_url("http://localhost:9000/", LOOPBACK) == "http://localhost:9000/"
    for address in ("10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"):
        with pytest.raises(Blocked):
            check_address(address, LOOPBACK)


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1:80", "good.example", "1.2.3", "fe80::1%eth0", "2606:4700::1%1"]
)
def test_what_is_no_plain_address_is_blocked(text):
    with pytest.raises(Blocked):
        check_address(text)
