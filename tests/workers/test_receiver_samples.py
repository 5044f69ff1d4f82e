"""The receivers that agencies start from: what is signed is taken, everything else is refused."""

import http.client
import shutil
import socket
import subprocess
import sys
import time

import pytest

from campaign.kit.signing import new_secret, signed_headers
from campaign.web.agency.curl import as_curl
from campaign.web.assets import FOLDER

SAMPLES = {"python": (sys.executable, "verify.py"), "node": (shutil.which("node"), "verify.mjs")}
BODY = b'{"type": "session.moved", "version": 1, "data": {"session_id": "ses_1", "seq": 3}}'


@pytest.fixture(params=SAMPLES)
def receiver(request):
    """(port, secret, process) of a sample that listens."""
    program, name = SAMPLES[request.param]
    if program is None:
        pytest.skip("no node on this machine: its sample is not run")
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    secret = new_secret()
    process = subprocess.Popen(
        [program, str(FOLDER / "samples" / name), secret, str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        _wait_for(port)
        yield port, secret, process
    finally:
        process.kill()
        process.communicate()


def _wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the sample does not listen")


def send(port, headers, body=BODY):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", "/", body=body, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_sample_takes_what_is_signed_and_nothing_else(receiver):
    port, secret, process = receiver
    now = int(time.time())
    good = signed_headers([secret], "evt_1", now, BODY)
    assert send(port, good) == 204
    assert process.stdout.readline().split() == ["evt_1", "session.moved", "3"]
    # While the secret is being replaced two signatures come.
    assert send(port, signed_headers([new_secret(), secret], "evt_2", now, BODY)) == 204
    assert send(port, good, BODY + b" ") == 401
    assert send(port, good | {"webhook-id": "evt_9"}) == 401
    assert send(port, signed_headers([new_secret()], "evt_3", now, BODY)) == 401
    assert send(port, signed_headers([secret], "evt_4", now - 3600, BODY)) == 401
    assert send(port, {}) == 401


@pytest.mark.skipif(
    not all(map(shutil.which, ("sh", "curl", "openssl", "od"))), reason="no curl or openssl here"
)
def test_a_delivery_as_a_curl_command_is_signed_as_we_sign(receiver):
    port, secret, process = receiver
    body = BODY.replace(b"ses_1", "o'clock $(id) `x` %s 皮衣".encode())
    script = as_curl(f"http://127.0.0.1:{port}/?a=1&b='2", "evt_7", body)
    for given, status in ((secret, "204"), (new_secret(), "401")):
        done = subprocess.run(
            ["sh", "-c", script.replace("whsec_…", given)],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        assert f" {status} " in done.stdout.splitlines()[0]
    assert process.stdout.readline().split()[:2] == ["evt_7", "session.moved"]
