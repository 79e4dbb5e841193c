"""Runs `probe` against a service whose code is patched, with a little load and a few items."""

import signal
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from faults.harness import Workspace

LOAD = 24  # requests
PATIENT = 2_000  # milliseconds, since a machine that tests is busy


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
    work.charter(**{"limits.latency_ms": PATIENT})
    work.run("probe")
