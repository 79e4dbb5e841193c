"""Work on items gives the same bytes here, in processes and on a cluster; its progress shows."""

import os
import signal
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from dlproof import parallel
from dlproof.data.image_near import take_fingerprints
from dlproof.errors import UserError
from own.data.image import ImageFolder
from PIL import Image

COUNT = 60
SETTINGS = SimpleNamespace(size=8, channels="auto", range="data")


def executor(name, num_workers=2, address=None):
    return SimpleNamespace(name=name, num_workers=num_workers, address=address)


@pytest.fixture
def spread_out(monkeypatch):
    """A few items are many, so that they go to other processes."""
    monkeypatch.setattr(parallel, "SMALL", 0)
    monkeypatch.setattr(parallel, "count_workers", lambda wanted: 2)
    monkeypatch.setattr(parallel.over, "__defaults__", (16,))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Images below a relative path, as a project's are, one of them broken."""
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(0)
    for number in range(COUNT):
        path = tmp_path / "raw" / "ab"[number % 2] / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (12, 9, 3), dtype=np.uint8)).save(path)
    (tmp_path / "raw" / "a" / "broken.png").write_bytes(b"x")
    return "raw"


def prepare(root):
    """Everything that is done to each item, as comparable bytes."""
    images = ImageFolder(root)
    items = images.list_items()
    broken = images.find_problems(items)
    raw = images.read(items[~items["id"].isin(list(broken))])
    state = images.fit(raw, SETTINGS)
    prints = take_fingerprints(raw)
    encode = partial(images.encode, state=state)
    arrays = [part["image"] for part in parallel.over(encode, raw, "encoding")]
    pieces = [prints.bits, prints.shapes, prints.colours, *arrays]
    return items.to_csv(), broken, state, b"".join(piece.tobytes() for piece in pieces)


def die_there(batch):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_is_a_sentence(spread_out):
    with pytest.raises(UserError, match=r"was killed, as the system does .* executor\.num_workers"):
        list(parallel.over(die_there, range(COUNT), "hashing"))


def name_there(batch):
    return os.getpid()


def test_processes_give_the_bytes_that_one_gives(folder, spread_out, monkeypatch):
    with parallel.use(executor("local")):
        found = prepare(folder)
        seen = set(parallel.over(len, list(range(COUNT)), "counting"))
    assert seen == {16, 12}
    monkeypatch.setattr(parallel, "SMALL", 10_000)
    assert prepare(folder) == found


def test_many_items_go_to_other_processes_and_few_stay_here(spread_out, monkeypatch):
    there = set(parallel.over(name_there, list(range(COUNT)), "naming"))
    assert os.getpid() not in there
    monkeypatch.setattr(parallel, "SMALL", 10_000)
    assert set(parallel.over(name_there, list(range(COUNT)), "naming")) == {os.getpid()}


def test_a_dask_cluster_gives_the_bytes_that_one_process_gives(folder):
    distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    alone = prepare(folder)
    with parallel.use(executor("dask")):
        assert prepare(folder) == alone
        workers = distributed.default_client().scheduler_info()["workers"]
        assert len(workers) == 2
        there = set(parallel.over(name_there, list(range(COUNT)), "naming", 4))
    assert os.getpid() not in there
    assert len(there) == 2


def test_a_dask_cluster_is_found_by_its_address(folder):
    distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    alone = prepare(folder)
    start = partial(distributed.LocalCluster, threads_per_worker=1, dashboard_address=None)
    with start(n_workers=2) as own, parallel.use(executor("dask", 2, own.scheduler_address)):
        assert prepare(folder) == alone


def test_ray_gives_the_bytes_that_one_process_gives(folder):
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    alone = prepare(folder)
    with parallel.use(executor("ray")):
        assert prepare(folder) == alone


@pytest.mark.parametrize(("name", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_a_package_that_is_missing_is_named(name, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with (
        parallel.use(executor(name)),
        pytest.raises(UserError, match=f"executor={name} needs the package {package}"),
    ):
        list(parallel.over(len, [1, 2, 3], "counting"))
    assert parallel.POOL.is_local


def test_an_error_in_another_process_is_its_sentence(folder, spread_out):
    images = ImageFolder(folder)
    with pytest.raises(UserError, match=r"broken\.png"):
        images.fit(images.read(images.list_items()), SETTINGS)


def test_without_a_terminal_a_line_says_now_and_then_what_is_left(monkeypatch, capsys):
    monkeypatch.setattr(parallel, "TELL_SECONDS", 0.0)
    list(parallel.over(len, list(range(10)), "counting", 4))
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(", about")[0] for line in lines] == [
        "counting: 4 of 10",
        "counting: 8 of 10",
    ]
    monkeypatch.setattr(parallel, "TELL_SECONDS", 30.0)
    list(parallel.over(len, list(range(10)), "counting", 4))
    assert capsys.readouterr().out == ""


def test_in_a_terminal_a_bar_shows_what_is_left(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(parallel, "QUIET_SECONDS", 0.0)
    list(parallel.over(len, list(range(10)), "counting", 4))
    assert "counting" in capsys.readouterr().err
