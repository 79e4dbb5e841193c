"""Faults of phase 6 in the service: `probe` starts it broken, and says what it answers."""

import json
import signal
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from itertools import count
from types import SimpleNamespace
from typing import Any

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse

from faults.harness import TABLES, Fault, Workspace
from faults.problem import Apply

LOAD = 8  # requests


class Process:
    """The service in a thread, so that what is patched here is broken there; else as a process.

    Args:
        target: Serves.
        args: Of it; the fifth is the listening socket.
        daemon: As of a thread.
    """

    exitcode = 0

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...], daemon: bool) -> None:
        self.asked, self.servers = threading.Event(), list[Any]()
        self.thread = threading.Thread(target=self.serve, args=(target, *args), daemon=daemon)

    def serve(self, target: Callable[..., None], *arguments: Any) -> None:
        """Begins when it was asked in vain, as a process does that has to import everything."""
        assert self.asked.wait(60)
        target(*arguments)

    def start(self) -> None:
        """Begins to wait."""
        self.thread.start()

    def terminate(self) -> None:
        """As SIGTERM; a server that stops at once has stopped then."""
        self.servers[0].handle_exit(signal.SIGTERM, None)
        self.thread.join(10 if self.servers[0].force_exit else 0)

    def is_alive(self) -> bool:
        """Whether it serves."""
        return self.thread.is_alive()

    def join(self, seconds: float | None = None) -> None:
        """Waits for its end."""
        self.thread.join(seconds)

    def kill(self) -> None:
        """After a failure: nobody waits for its end."""
        for server in self.servers:
            server.should_exit = server.force_exit = True


def probe(work: Workspace, *, is_early: bool = False) -> None:
    """Asks the service, with a little load and a few items.

    Args:
        work: The workspace.
        is_early: Whether it answers when it is first asked.
    """
    started: list[Process] = []
    module, serve = work.module("deployment.probe"), work.module("deployment.serve")
    ask, listen = module.ask_states, module.listen

    class Server(serve.DrainingServer):
        """Is known to the process that it runs in."""

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            started[0].servers.append(self)

    def start(**arguments: Any) -> Process:
        started.append(Process(**arguments))
        return started[0]

    def ask_states(client: Any) -> dict[str, int | None]:
        if is_early and not started[0].asked.is_set():
            started[0].asked.set()
            module.wait_until_ready(client, started[0])
        states = ask(client)
        started[0].asked.set()
        return states

    def listen_twice(*address: Any) -> Any:
        listener = listen(*address)
        kept.append(listener.dup())  # a process of its own would have a copy
        return listener

    kept: list[Any] = []
    threads = SimpleNamespace(get_context=lambda _: SimpleNamespace(Process=start))
    work.patch("deployment.serve", "DrainingServer", Server)
    work.patch("deployment.probe", "multiprocessing", threads)
    work.patch("deployment.probe", "ask_states", ask_states)
    work.patch("deployment.probe", "listen", listen_twice)
    serve_forever = module.serve_forever

    def serve_copy(*arguments: Any) -> None:
        *first, _, source = arguments
        serve_forever(*first, kept[0], source)

    work.patch("deployment.probe", "serve_forever", serve_copy)
    rate = work.project.compose().probe.requests_per_second
    work.set_config("stages.yaml", probe__num_items=40, probe__load_seconds=LOAD / rate)
    work.run("probe")


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

        serve_broken(answer=answer_hindered)(work)

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
FAULTS = [
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
    Fault("DL-36.4", "more traffic expected than tried", expect_more_traffic, also=("ML-10",)),
    Fault("DL-36.4", "rate not reached", answer_under_load(queue_up), also=("ML-10",)),
    Fault(
        "DL-36.4",
        "too slow under load",
        answer_under_load(lambda _: time.sleep(0.4)),
        also=("ML-10",),
    ),
    Fault("DL-36.4", "an error under load", answer_under_load(fail_once), also=("ML-10",)),
    Fault("DL-37.2", "a column missing in OpenAPI", leave_a_column_out, option_set=TABLES),
    Fault("DL-37.4", "a swapped file loads", load_whatever_lies_there),
]
