"""Files are whole or not there."""

import numpy as np
import pytest
import torch
from dlproof.errors import explain
from dlproof.files import atomic, hash_json, hash_tree, read_json, write_json


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


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    for name in ("first", "second"):
        with atomic(tmp_path / "folder") as draft:
            draft.mkdir()
            (draft / name).write_text(name)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["second"]


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
