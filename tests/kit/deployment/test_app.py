"""The service answers, logs and counts every prediction, and blames bad bodies on their sender."""

import json

import pytest
from dlproof.monitoring.log import LIVE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..projects import IMAGE, TABLE

pytestmark = pytest.mark.parametrize("sort", [IMAGE, TABLE], indirect=True)

REFUSED = {413, 422}
KINDS = ("application/json", "image/png", "multipart/form-data; boundary=x", "text/x", "")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["rows", "width", "colour", "x"]), inner, max_size=3)
    ),
)
fuzz = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def post(client, model, raw):
    return client.post("/predict", **model.data_type.write_request(raw))


def test_an_answer_is_the_offline_prediction_with_version_and_ids(client, model, raw):
    response = post(client, model, raw[:3])
    assert response.status_code == 200
    body = response.json()
    assert body["version"] == model.version
    assert len({answer.pop("id") for answer in body["predictions"]}) == 3
    assert body["predictions"] == model.predict(raw[:3])


def test_every_prediction_is_logged_under_its_id_with_its_inputs_summary(
    client, service, model, raw
):
    answers = post(client, model, raw[:2]).json()["predictions"]
    rows = service.log.newest(model.version, LIVE, 10)
    assert list(rows["id"]) == [answer["id"] for answer in answers]
    assert rows["prediction"].tolist() == model.predict(raw[:2])
    assert set(rows["summary"][0]) == set(model.summarise(model.encode(raw[:1])))


def test_requests_predictions_and_errors_are_counted(client, model, raw):
    post(client, model, raw[:2])
    client.post("/predict", content=b"nothing", headers={"content-type": "text/x"})
    text = client.get("/metrics").text
    assert 'requests_total{path="/predict",status="200"} 1.0' in text
    assert 'requests_total{path="/predict",status="422"} 1.0' in text
    assert 'request_seconds_count{path="/predict"} 2.0' in text
    kind = "prediction_value_count" if "value" in model.predict(raw[:1])[0] else "predictions_total"
    counted = [line for line in text.splitlines() if line.startswith(kind)]
    assert sum(float(line.split()[-1]) for line in counted) == 2


def test_a_draining_service_is_alive_and_answers_but_is_not_ready(client, service, model, raw):
    assert client.get("/ready").status_code == 200
    service.ready = False
    assert client.get("/ready").status_code == 503
    assert client.get("/live").status_code == 200
    assert post(client, model, raw[:1]).status_code == 200


def test_the_version_names_model_data_and_code(client, model):
    version = client.get("/version").json()
    assert version["version"] == model.version
    assert {"data_version", "model_sha256", "commit", "created"} <= set(version)


def test_openapi_describes_the_body_as_the_data_type_does(client, model):
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    described = model.data_type.describe_request(model.info["state"]["data"])
    assert operation["requestBody"] == described


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_is_refused_before_it_is_read_whole(client, service, announced):
    sent = []

    def chunks():
        for _ in range(100):
            sent.append(10_000)
            yield bytes(10_000)

    content = bytes(1_000_000) if announced else chunks()
    response = client.post("/predict", content=content, headers={"content-type": "image/png"})
    assert response.status_code == 413
    assert "serve.max_mb" in response.json()["detail"]


def test_a_log_that_fails_is_counted_and_does_not_fail_the_answer(client, service, model, raw):
    service.log.close()
    assert post(client, model, raw[:2]).status_code == 200
    assert "prediction_log_failures_total 2.0" in client.get("/metrics").text


@fuzz
@given(body=st.binary(max_size=300), kind=st.sampled_from(KINDS))
def test_no_bytes_are_a_server_error(client, body, kind):
    response = client.post("/predict", content=body, headers={"content-type": kind})
    assert response.status_code in REFUSED
    assert response.json()["detail"]


@fuzz
@given(body=JSON)
def test_no_json_is_a_server_error(client, body):
    content = json.dumps(body)
    response = client.post(
        "/predict", content=content, headers={"content-type": "application/json"}
    )
    assert response.status_code in {200, *REFUSED}


@fuzz
@given(
    fields=st.dictionaries(st.sampled_from(["file", "rows", "x"]), st.text(max_size=8), max_size=2),
    files=st.lists(st.tuples(st.sampled_from(["file", "x"]), st.binary(max_size=100)), max_size=3),
)
def test_no_form_is_a_server_error(client, fields, files):
    forms = [(name, ("a.png", content, "image/png")) for name, content in files]
    response = client.post("/predict", data=fields, files=forms or None)
    assert response.status_code in REFUSED


def test_damaged_and_extreme_items_are_refused_or_answered(client, model, raw):
    request = model.data_type.write_request(raw[:1])
    if "json" in request:
        row = request["json"]["rows"][0]
        for value in (1e308, -1e308, 10**400, "", [], {}, True):
            body = {"rows": [dict.fromkeys(row, value)]}
            assert client.post("/predict", json=body).status_code in {200, 422}
        assert client.post("/predict", json={"rows": [{}]}).status_code in {200, 422}
        return
    _, (name, content, kind) = request["files"][0]
    for damaged in (content[:60], content[: len(content) // 2], content[::-1], b"", b"GIF89a"):
        files = {"file": (name, damaged, kind)}
        assert client.post("/predict", files=files).status_code == 422


def test_unforeseen_errors_of_a_reader_are_refusals_too(client, service, model, raw, monkeypatch):
    async def fail(request, state):
        raise ZeroDivisionError

    request = model.data_type.write_request(raw[:1])
    monkeypatch.setattr(service.model.data_type, "receive", fail)
    assert client.post("/predict", **request).status_code == 422
