"""The service answers as offline prediction does, and blames bad bodies on their sender."""

import pytest

from {{ cookiecutter.package_name }}.deployment.app import PATHS

pytestmark = pytest.mark.serving


def post(client, model, raw):
    return client.post("/predict", **model.data_type.write_request(raw))


def test_an_answer_is_the_offline_prediction_with_version_and_ids(client, model, raw):
    response = post(client, model, raw[:3])
    assert response.status_code == 200
    body = response.json()
    assert body["version"] == model.version
    assert len({answer.pop("id") for answer in body["predictions"]}) == 3
    assert body["predictions"] == model.predict(raw[:3])


def test_every_prediction_is_logged_under_its_id_with_its_input(client, service, model, raw):
    answers = post(client, model, raw[:2]).json()["predictions"]
    rows = service.log.newest(model.version, service.source, 10)
    assert list(rows["id"]) == [answer["id"] for answer in answers]
    assert set(rows["summary"][0]) == set(model.summarise(model.encode(raw[:1])))


def test_every_path_answers_and_is_measured(client, model, raw):
    post(client, model, raw[:2])
    client.post("/predict", content=b"nothing", headers={"content-type": "text/x"})
    assert all(client.get(path).status_code == 200 for path in PATHS - {"/predict"})
    text = client.get("/metrics").text
    assert 'requests_total{path="/predict",status="200"} 1.0' in text
    assert 'requests_total{path="/predict",status="422"} 1.0' in text
    counts = [line for line in text.splitlines() if line.startswith("request_seconds_count")]
    assert all(any(f'path="{path}"' in line for line in counts) for path in PATHS - {"/metrics"})


def test_a_draining_service_is_alive_and_answers_but_is_not_ready(client, service, model, raw):
    assert client.get("/ready").status_code == 200
    service.ready = False
    assert client.get("/ready").status_code == 503
    assert client.get("/live").status_code == 200
    assert post(client, model, raw[:1]).status_code == 200


def test_openapi_describes_the_body_as_the_data_type_does(client, model):
    paths = client.get("/openapi.json").json()["paths"]
    operation = paths["/predict"]["post"]
    assert set(paths) == PATHS  # all are measured
    described = model.data_type.describe_request(model.info["state"]["data"])
    assert operation["requestBody"] == described
    assert {"200", "413", "422"} <= set(operation["responses"])


@pytest.mark.parametrize("kind", ["application/json", "image/png", "multipart/form-data", ""])
@pytest.mark.parametrize("content", [b"", b"{", b'{"rows": []}', b"\x89PNG\r\n", bytes(300)])
def test_nonsense_is_refused_with_a_sentence(client, kind, content):
    response = client.post("/predict", content=content, headers={"content-type": kind})
    assert response.status_code == 422
    assert response.json()["detail"]
