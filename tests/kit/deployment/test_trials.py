"""What the probe puts a service through finds a service that does it wrong."""

import httpx
import pytest
from dlproof.deployment import probe, trials
from dlproof.deployment.trials import (
    NONSENSE,
    ask_states,
    read_metrics,
    send_load,
    send_nonsense,
    swap_model,
)
from dlproof.errors import UserError
from omegaconf import OmegaConf

LOAD = OmegaConf.create({"requests_per_second": 200, "load_seconds": 0.2})


def answering(handler):
    """A client of a service that is one function."""
    return httpx.Client(transport=httpx.MockTransport(handler), base_url="http://service")


def test_every_kind_of_nonsense_is_refused_with_a_sentence(client, service):
    found = send_nonsense(client, service.max_bytes)
    assert set(found) == {*NONSENSE, "too much"}
    assert {answer["status"] for answer in found.values()} == {413, 422}
    assert all(answer["message"] for answer in found.values())


def test_a_refusal_without_a_sentence_and_an_error_are_told_as_they_are():
    found = send_nonsense(answering(lambda request: httpx.Response(500, text="oops")), 10)
    assert {(answer["status"], answer["message"]) for answer in found.values()} == {(500, "")}


def test_a_refusal_of_blanks_is_no_sentence():
    found = send_nonsense(answering(lambda request: httpx.Response(422, json={"detail": " \n"})), 1)
    assert {answer["message"] for answer in found.values()} == {""}


def test_nobody_there_is_no_answer():
    def refuse(request):
        raise httpx.ConnectError("nobody")

    assert ask_states(answering(refuse)) == {"/live": None, "/ready": None}
    assert send_load(answering(refuse), [{}], LOAD)["errors"] == 40


def test_the_load_keeps_its_rate_and_counts_errors():
    numbers = iter(range(1000))
    found = send_load(
        answering(lambda request: httpx.Response(500 if next(numbers) % 4 == 0 else 200)),
        [{"json": 1}, {"json": 2}],
        LOAD,
    )
    assert (found["answered"], found["errors"]) == (30, 10)
    assert 0 < found["answered_per_second"] <= 150


def test_a_stalled_service_counts_as_late_for_all_that_was_due(monkeypatch):
    monkeypatch.setattr(trials, "CLIENTS", 1)

    def stall(request):
        trials.time.sleep(0.02)
        return httpx.Response(200)

    found = send_load(answering(stall), [{}], LOAD)
    assert found["p95_ms"] > 300  # each took 20 ms; the last ones were due long before


def test_metrics_count_answered_predictions_alone(client, model, raw):
    client.post("/predict", **model.data_type.write_request(raw[:1]))
    client.post("/predict", content=b"\x00")
    found = read_metrics(client.get("/metrics").text)
    assert found["requests"] == {"type": "counter", "count": 1}
    assert found["request_seconds"]["type"] == "histogram"


def test_a_swapped_model_is_refused_and_one_that_loads_is_told(exported, monkeypatch):
    assert "is not the file" in swap_model("models")
    monkeypatch.setattr(trials, "read_sidecar", lambda folder: {})
    assert swap_model("models") == ""


def test_a_service_that_counts_no_requests_is_told_in_a_sentence(client, model, monkeypatch):
    monkeypatch.setattr(probe, "read_metrics", lambda text: {})
    with pytest.raises(UserError, match="not answer as it should on /metrics"):
        probe.observe(client, model, 1)
