"""Work on many items: in batches and in order, on this machine's cores or a cluster.

One seam: what is done to each item by itself (hashing, decoding, taking fingerprints, encoding)
goes through `over`, and `executor` says where it runs. Batches do not depend on it, so that outputs
are the same to the byte; few are in memory at a time.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import UserError

if TYPE_CHECKING:
    from .schema.data import Executor

BATCH = 256  # items of one call
SMALL = 2048  # items, or `BATCH` times batches, below which starting processes takes longer
AHEAD = 2  # batches a worker that are given out at a time
TELL_SECONDS = 30.0  # between two lines where no terminal shows a bar
QUIET_SECONDS = 2.0  # before a bar appears
# What joblib's own processes, Dask and Ray call it; the latter two may not be installed.
KILLED = ("TerminatedWorkerError", "KilledWorker", "WorkerCrashedError", "OutOfMemoryError")
INSTALL = {"dask": "distributed", "ray": "ray"}

Result = TypeVar("Result")


class Pool:
    """What `use` has opened for the stage that runs: a cluster is connected when first needed."""

    def __init__(self) -> None:
        self.settings: Executor | None = None
        self.opened = ExitStack()
        self.backend = "loky"

    @property
    def is_local(self) -> bool:
        """Whether work stays on this machine, in local processes."""
        return self.settings is None or self.settings.name == "local"

    def connect(self) -> None:
        """Connects to the cluster, or starts one here where no address is given."""
        if self.settings is None or self.is_local or self.backend != "loky":
            return
        connect = {"dask": connect_dask, "ray": connect_ray}[self.settings.name]
        try:
            connect(self.opened, self.settings.address, count_workers(self.settings.num_workers))
        except ImportError as error:
            name = self.settings.name
            raise UserError(
                f"executor={name} needs the package {INSTALL[name]} ({error}): install the extra "
                f"`{name}` (docs/recipes.md), or use executor=local."
            ) from error
        self.backend = self.settings.name


POOL = Pool()


@contextmanager
def use(settings: Any) -> Iterator[None]:
    """Work on items in the block goes where `executor` says; a cluster that it starts ends with it.

    Args:
        settings: `name`, `num_workers` and `address`.
    """
    POOL.settings = settings
    try:
        with POOL.opened:
            yield
    finally:
        POOL.settings, POOL.opened, POOL.backend = None, ExitStack(), "loky"


def over(
    function: Callable[[Any], Result], items: Any, name: str, size: int = BATCH
) -> Iterator[Result]:
    """Results of a function of each batch of items, in order.

    Args:
        function: Of a slice of the items; both are sent to other processes where there are many.
        items: What has a length and can be sliced.
        name: What is done, for the bar: `hashing`.
        size: Items of a batch.
    """
    starts = range(0, len(items), size)
    sizes = [min(size, len(items) - start) for start in starts]
    batches = (items[start : start + size] for start in starts)
    few = min(len(items), BATCH * len(starts)) < SMALL
    alone = POOL.is_local and (few or count_workers("auto") == 1)
    results = map(function, batches) if alone else spread(function, batches)
    yield from show(results, sizes, name)


def spread(function: Callable[[Any], Result], batches: Iterator[Any]) -> Iterator[Result]:
    """The same results from other processes.

    Raises:
        UserError: One of them was killed.
    """
    from joblib import delayed

    POOL.connect()
    there = delayed(partial(work, Path.cwd(), os.getpid(), function))
    try:
        yield from hand_out(map(there, batches))
    except Exception as error:
        if type(error).__name__ not in KILLED:
            raise
        raise UserError(
            "a process that works on items was killed, as the system does when memory runs out: "
            "set a smaller executor.num_workers, then run the same command again."
        ) from error


def hand_out(calls: Iterator[Any]) -> Iterator[Any]:
    """Results of joblib's delayed calls, in order; few are under way at a time."""
    from joblib import Parallel, effective_n_jobs, parallel_config

    wanted = POOL.settings.num_workers if POOL.settings else "auto"
    count = count_workers(wanted) if POOL.is_local else -1
    # Arrays are sent as they are: joblib would hand over large ones as files to be read only.
    options: dict[str, Any] = {"batch_size": 1, "max_nbytes": None}
    with parallel_config(backend=POOL.backend, n_jobs=count) as config:
        if config["backend"].supports_return_generator:
            run = Parallel(return_as="generator", pre_dispatch=f"{AHEAD}*n_jobs", **options)
            yield from run(calls)
            return
        # Ray's backend gives results when all are there.
        while some := list(islice(calls, AHEAD * effective_n_jobs(count))):
            yield from Parallel(**options)(some)


def work(folder: Path, caller: int, function: Callable[[Any], Result], batch: Any) -> Result:
    """One batch in another process, where paths mean the same as in the caller's."""
    if os.getpid() != caller:
        os.chdir(folder)
    return function(batch)


def count_workers(wanted: int | str) -> int:
    """Processes: as many as cores are this process's, or as `executor.num_workers` says."""
    from joblib import cpu_count

    return cpu_count() if wanted == "auto" else int(wanted)


def connect_dask(opened: ExitStack, address: str | None, count: int) -> None:
    """Makes a Dask cluster the one that joblib's backend finds."""
    from distributed import Client, LocalCluster

    if address is None:
        address = opened.enter_context(
            LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None)
        )
    opened.enter_context(Client(address))


def connect_ray(opened: ExitStack, address: str | None, count: int) -> None:
    """Makes a Ray cluster the one that joblib's backend finds."""
    import ray
    from ray.util.joblib import register_ray

    here = {"num_cpus": count, "include_dashboard": False} if address is None else {}
    ray.init(address=address, log_to_driver=False, **here)
    opened.callback(ray.shutdown)
    register_ray()


def show(results: Iterator[Result], sizes: Sequence[int], name: str) -> Iterator[Result]:
    """The results; a bar with what is left in a terminal, elsewhere a line now and then."""
    total, terminal = sum(sizes), sys.stderr.isatty()
    if terminal:
        from tqdm import tqdm

        with tqdm(total=total, desc=name, unit="", delay=QUIET_SECONDS, leave=False) as bar:
            for size, result in zip(sizes, results, strict=True):
                bar.update(size)
                yield result
        return
    started = told = time.monotonic()
    done = 0
    for size, result in zip(sizes, results, strict=True):
        done += size
        now = time.monotonic()
        if now - told >= TELL_SECONDS and done < total:
            left = (now - started) / done * (total - done)
            print(f"{name}: {done:,} of {total:,}, about {left:.0f} s left", flush=True)
            told = now
        yield result
