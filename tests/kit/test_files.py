"""Files are whole or not there."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from dlproof import files
from dlproof.errors import explain
from dlproof.files import (
    atomic,
    hash_json,
    hash_tree,
    read_json,
    read_table,
    swap,
    write_json,
    write_table,
)


def write_half(path):
    with atomic(path) as draft:
        draft.write_text("half")
        raise OSError("the plug was pulled")


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path):
    path = tmp_path / "report.json"
    write_json(path, {"old": 1})
    with pytest.raises(OSError, match="pulled"):
        write_half(path)
    assert read_json(path) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def write_folder(path, name):
    with atomic(path) as draft:
        draft.mkdir()
        (draft / name).write_text(name)


@pytest.fixture(params=["swapped", "moved aside"])
def way(request, tmp_path, monkeypatch):
    """How a folder is replaced: at once, or on a file system that cannot, in two steps."""
    if request.param == "moved aside":
        monkeypatch.setattr("dlproof.files.swap", lambda one, other: False)
    elif not swap(tmp_path, tmp_path):
        pytest.skip("this file system cannot swap folders")
    return request.param


@pytest.mark.parametrize("name", ["folder", "a[1]*.b", "replaced"])
def test_a_folder_is_replaced_by_its_successor(tmp_path, way, name):
    for content in ("old", "new"):
        write_folder(tmp_path / name, content)
    assert [path.name for path in tmp_path.rglob("*")] == [name, "new"]


def test_a_block_that_writes_nothing_leaves_the_old_folder(tmp_path, way):
    write_folder(tmp_path / "folder", "old")
    with pytest.raises(FileNotFoundError, match=r"nothing was written.*folder"), \
            atomic(tmp_path / "folder"):  # fmt: skip
        pass
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "old"]


@pytest.mark.parametrize("error", [OSError("no"), KeyboardInterrupt()])
def test_a_step_that_fails_leaves_the_old_folder(tmp_path, way, monkeypatch, error):
    def fail(*paths):
        raise error

    write_folder(tmp_path / "folder", "old")
    step = "dlproof.files.swap" if way == "swapped" else "pathlib.Path.replace"
    monkeypatch.setattr(step, fail)
    with pytest.raises(type(error)):
        write_folder(tmp_path / "folder", "new")
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "old"]


KILLED = """
import os, sys
from pathlib import Path
from dlproof import files

way, kind, path = sys.argv[1:3] + [Path(sys.argv[3])]
if way == "moved aside":
    files.swap = lambda one, other: False

def write(content):
    with files.atomic(path) as draft:
        if kind == "folder":
            draft.mkdir()
            draft = draft / "content"
        draft.write_text(content)

def die_at(number):
    left = number
    def count(event, given):
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), 9)
    sys.addaudithook(count)  # Python tells it of nearly every call of the system, before it is made

def read():
    place = path / "content" if kind == "folder" else path
    return place.read_text() if place.exists() else "nothing"

write("old")
number = status = 1
while status:
    pid = os.fork()
    if not pid:
        die_at(number)
        write("new")
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    seen = read()
    try:
        with files.atomic(path):
            raise ZeroDivisionError
    except ZeroDivisionError:
        print(seen, read())
    if read() == "new":
        write("old")
    number += 1
"""


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_process_killed_at_any_call_of_the_system_leaves_the_old_or_the_new(tmp_path, way, kind):
    command = [sys.executable, "-c", KILLED, way, kind, str(tmp_path / "target")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lives = [line.split() for line in done.stdout.splitlines()]
    assert len(lives) > 5
    assert lives[0] == ["old", "old"]
    assert lives[-1] == ["new", "new"]
    assert {after for _, after in lives} == {"old", "new"}
    seen = {before for before, _ in lives} - {"old", "new"}
    assert seen == ({"nothing"} if (way, kind) == ("moved aside", "folder") else set())


def test_one_changed_byte_or_name_changes_the_hash_of_a_folder(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    first = hash_tree(tmp_path)
    (tmp_path / "a").write_bytes(b"2")
    second = hash_tree(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, second, hash_tree(tmp_path)}) == 3


def test_equal_content_has_one_hash_whatever_the_order_of_keys():
    assert hash_json({"a": 1, "b": 2}) == hash_json({"b": 2, "a": 1})


def test_a_full_disk_is_explained_and_a_bug_is_not():
    assert "disk is full" in (explain(OSError(28, "No space left on device", "model.ckpt")) or "")
    assert explain(KeyError("bug")) is None


@pytest.mark.parametrize("claim", [np.empty, torch.empty])
def test_memory_that_is_out_is_explained(claim):
    with pytest.raises((MemoryError, RuntimeError)) as refused:
        claim(1 << 55)
    on_gpu = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    for error in (refused.value, on_gpu):
        assert "smaller loader.batch_size" in explain(error)
        assert "llocate" in explain(error)


def test_a_file_that_nobody_may_read_does_not_stop_the_hash_of_its_folder(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(path)

    (tmp_path / "a").write_bytes(b"1")
    readable = hash_tree(tmp_path)
    monkeypatch.setattr("dlproof.files.hash_file", refuse)
    assert hash_tree(tmp_path) not in ("", readable)


@pytest.mark.parametrize("odd", ["plain", "NA", 'a "word"', "two, parts", "", " blank ", "\u2028"])
def test_a_large_table_is_read_as_a_small_one_is(tmp_path, monkeypatch, odd):
    table = pd.DataFrame({"id": ["001", "1e5", "x"], "label": ["", odd, "null"]})
    write_table(table, tmp_path / "t.csv")
    small = read_table(tmp_path / "t.csv", "ingest")
    monkeypatch.setattr(files, "LARGE", 1)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv", "ingest"), small)
    assert small.equals(table)
