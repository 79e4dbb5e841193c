"""The real server in a process of its own: starts, answers, drains, stops."""

import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from dlproof.deployment.serve import listen
from dlproof.errors import UserError


def test_the_probe_finds_served_answers_equal_to_offline_ones(exported, run):
    overrides = ("probe.load_seconds=0.2", "serve.notice_seconds=1")
    figures = run("probe", "probe.num_items=5", *overrides).figures
    assert figures["items"] == 5
    assert figures["mismatches"] == 0
    assert figures["load"]["errors"] == 0
    assert figures["clean_exit"]
    assert figures["states"] == {
        "starting": {"/live": None, "/ready": None},
        "running": {"/live": 200, "/ready": 200},
        "draining": {"/live": 200, "/ready": 503},
    }


@pytest.fixture
def running(package):
    """`running(*overrides)`: the command `serve` in a child process, ready."""
    return partial(serve, package)


@contextmanager
def serve(package, *overrides):
    """Process and client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", package, "serve", f"serve.port={port}", *overrides]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert wait_for(client, 200)
            yield server, client
    finally:
        server.kill()
        server.communicate()


def wait_for(client, status):
    """Whether /ready answers with a status within half a minute."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if client.get("/ready").status_code == status:
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_fails_readiness_first_and_then_ends_cleanly(running, model, raw, number):
    with running() as (server, client):
        server.send_signal(number)
        assert wait_for(client, 503)
        answer = client.post("/predict", **model.data_type.write_request(raw[:1]))
        assert answer.status_code == 200
        output, _ = server.communicate(timeout=20)
    assert server.returncode == 0
    assert "drained and stopped" in output
    assert not Path("reports/serve.json").exists()


def test_a_request_under_way_is_answered_before_the_end(running, model, raw):
    with running("serve.notice_seconds=0.0") as (server, client):
        request = client.build_request("POST", "/predict", **model.data_type.write_request(raw[:1]))
        body, kind = request.read(), request.headers["content-type"]

        def send_slowly():
            yield body[:10]
            server.send_signal(signal.SIGTERM)
            time.sleep(1)
            yield body[10:]

        answer = client.post("/predict", content=send_slowly(), headers={"content-type": kind})
        assert answer.status_code == 200
        assert server.wait(timeout=20) == 0


def test_answers_do_not_wait_for_the_clients_acknowledgement():
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_taken_port_is_told_in_a_sentence():
    with listen("127.0.0.1", 0) as taken, pytest.raises(UserError, match=r"serve\.port"):
        listen("127.0.0.1", taken.getsockname()[1])
