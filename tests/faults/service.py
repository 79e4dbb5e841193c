"""Faults of phase 6 in the service: `probe` starts it broken, and says what it answers."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from itertools import count
from typing import Any

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse

from faults.harness import TABLES, Fault, Workspace
from faults.probing import LOAD, probe
from faults.problem import Apply


def serve_broken(**patches: Callable[..., Any]) -> Apply:
    """The service with other methods."""

    def apply(work: Workspace) -> None:
        service = work.module("deployment.service").Service
        for name, method in patches.items():
            work.monkeypatch.setattr(service, name, method)
        probe(work)

    return apply


def serve_another_version(work: Workspace) -> None:
    """`probe` refuses it, as it does an answer that differs."""
    work.edit_report(
        "probe", lambda figures: figures["served"].update(version="exp-2001-01-01-001")
    )


def answer_otherwise_than_offline(work: Workspace) -> None:
    work.edit_report("probe", lambda figures: figures.update(mismatches=1))


async def name_another_file(self: Any) -> dict[str, Any]:
    names = ("version", "data_version", "commit", "dirty", "created")
    return {name: self.model.info[name] for name in names} | {"model_sha256": "0" * 64}


def refuse(status: int, **content: str) -> Apply:
    """Every refusal of a body is another one."""

    def apply(work: Workspace) -> None:
        predict = work.module("deployment.service").Service.predict

        async def predict_or_refuse(self: Any, request: Request) -> Any:
            try:
                return await predict(self, request)
            except HTTPException as error:
                if error.status_code != HTTPStatus.UNPROCESSABLE_ENTITY:
                    raise
                return JSONResponse(content, status)

        serve_broken(predict=predict_or_refuse)(work)

    return apply


def accept_any_size(work: Workspace) -> None:
    async def read_all(request: Any, _: int) -> Any:
        return request

    work.patch("deployment.service", "read_limited", read_all)
    probe(work)


def answer_ready_at_once(work: Workspace) -> None:
    probe(work, is_early=True)


def stop(handle: Callable[[Any], Any]) -> Apply:
    """The signal to stop does something else."""

    def apply(work: Workspace) -> None:
        server = work.module("deployment.serve").DrainingServer
        work.monkeypatch.setattr(server, "handle_exit", lambda self, *_: handle(self))
        probe(work)

    return apply


def stay_ready(server: Any) -> None:
    server.stop_at = time.monotonic() + server.notice_seconds


def stop_at_once(server: Any) -> None:
    server.should_exit = server.force_exit = True


def expect_more_traffic(work: Workspace) -> None:
    work.charter(**{"limits.requests_per_second": 60})


def answer_under_load(hinder: Callable[[int], None]) -> Apply:
    """Something hinders the answers to the load; the items that follow are answered."""

    def apply(work: Workspace) -> None:
        answer, calls = work.module("deployment.service").Service.answer, count()

        def answer_hindered(self: Any, *arguments: Any) -> Any:
            if (number := next(calls)) < LOAD:
                hinder(number)
            return answer(self, *arguments)

        limit = work.module("charter.charter").read_charter()[0]["limits"]["latency_ms"]
        serve_broken(answer=answer_hindered)(work)
        work.charter(**{"limits.latency_ms": limit})

    return apply


ONE = threading.Lock()


def queue_up(_: int) -> None:
    with ONE:
        time.sleep(0.1)


def fail_once(number: int) -> None:
    if number == 0:
        raise RuntimeError("the first request finds something not there yet")


def leave_a_column_out(work: Workspace) -> None:
    data_type = type(work.find("config", "build")(work.project.compose().data))
    describe = data_type.describe_request

    def describe_less(self: Any, state: Any) -> dict[str, Any]:
        body = json.loads(json.dumps(describe(self, state)))
        (content,) = body["content"].values()
        content["schema"]["properties"]["rows"]["items"]["properties"].popitem()
        return body

    work.monkeypatch.setattr(data_type, "describe_request", describe_less)
    probe(work)


def load_whatever_lies_there(work: Workspace) -> None:
    read_json, name = work.module("files").read_json, work.module("deployment.runtime").SIDECAR
    for module in ("runtime", "trials"):
        work.patch(f"deployment.{module}", "read_sidecar", lambda folder: read_json(folder / name))
    probe(work)


ORIGIN = ("DL-37.4",)
RATE = ("DL-36.4", "ML-10")  # which a probe of its own may miss while other tests run
PROBED = [
    Fault("DL-36.1", "another version is served", serve_another_version, also=ORIGIN, edits=True),
    Fault("DL-36.1", "one answer differs", answer_otherwise_than_offline, edits=True),
    Fault(
        "DL-36.1", "another file is served", serve_broken(version=name_another_file), also=ORIGIN
    ),
    Fault("DL-36.2", "a 500", refuse(500, detail="Internal Server Error")),
    Fault("DL-36.2", "nonsense is answered", refuse(200, label="7")),
    Fault("DL-36.2", "a refusal without a word", refuse(422)),
    Fault("DL-36.2", "no limit of size", accept_any_size),
    Fault("DL-36.3", "ready before the model is loaded", answer_ready_at_once),
    Fault("DL-36.3", "ready while draining", stop(stay_ready)),
    Fault("DL-36.3", "no time to drain", stop(stop_at_once)),
    Fault("DL-36.4", "more traffic expected than tried", expect_more_traffic),
    Fault("DL-36.4", "rate not reached", answer_under_load(queue_up)),
    Fault("DL-36.4", "too slow under load", answer_under_load(lambda _: time.sleep(0.4))),
    Fault("DL-36.4", "an error under load", answer_under_load(fail_once)),
    Fault("DL-37.2", "a column missing in OpenAPI", leave_a_column_out, option_set=TABLES),
    Fault("DL-37.4", "a swapped file loads", load_whatever_lies_there),
]
FAULTS = [replace(fault, also=(*fault.also, *RATE)) for fault in PROBED]
