"""What lies in folders of images is an item, or left out by name; no class is lost unsaid."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from dlproof.data.image_classes import find_split, join_spellings
from dlproof.data.image_folders import JUNK, walk
from dlproof.data.split_methods import read_assignment
from dlproof.data.store import SPLITS
from dlproof.errors import UserError
from own.data.image import ImageFolder
from PIL import Image


def put(path, kind="PNG", seed=0):
    """An image file of random pixels; its content follows the seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(stream, kind)
    path.write_bytes(stream.getvalue())


@pytest.fixture
def root(tmp_path):
    """Two classes of two images."""
    for number, name in enumerate(("cat/0.png", "cat/1.png", "dog/2.png", "dog/3.png")):
        put(tmp_path / name, seed=number)
    return tmp_path


def list_labels(root, **options):
    """Class -> items, and all warnings as one text."""
    items = ImageFolder(str(root), **options).list_items()
    return items["label"].value_counts().to_dict(), "\n".join(items.attrs["warnings"])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.avif", "AVIF"),
        ("a.jfif", "JPEG"),
        ("IMG_4", "JPEG"),
        ("a.JPE", "JPEG"),
        ("a.dat", "PNG"),
    ],
)
def test_what_pillow_decodes_is_an_item_whatever_its_suffix(root, name, kind):
    put(root / "ring" / name, kind)
    assert list_labels(root) == ({"cat": 2, "dog": 2, "ring": 1}, "")


def test_files_that_are_passed_over_are_counted_by_kind_with_the_remedy(root):
    for name in ("a.heic", "b.heic", "notes.txt"):
        (root / "cat" / name).write_bytes(b"x")
    counts, told = list_labels(root)
    assert counts == {"cat": 2, "dog": 2}
    assert "3 files are not images" in told
    assert "2 .heic, 1 .txt" in told
    assert "data.ignore=['*.heic']" in told
    assert "'*.heic' (2 files)" in list_labels(root, ignore=["*.heic", "*.txt"])[1]


def test_a_class_whose_files_are_all_passed_over_stops_ingest_unless_it_is_meant(root):
    for number in range(3):
        (root / "ring" / f"{number}.heic").parent.mkdir(exist_ok=True)
        (root / "ring" / f"{number}.heic").write_bytes(b"x")
    with pytest.raises(UserError, match=r"ring has no image .* 3 \.heic.*data\.ignore=\['ring'\]"):
        list_labels(root)
    assert "'ring' (3 files)" in list_labels(root, ignore=["ring"])[1]


def test_a_folder_of_notes_or_nothing_is_told(root):
    (root / "docs").mkdir()
    (root / "docs" / "README.md").write_text("x")
    (root / "ring").mkdir()
    told = list_labels(root)[1]
    assert "README.md" in told
    assert "'ring' is empty" in told


@pytest.mark.parametrize("name", ["@eaDir", "#recycle", "$Recycle.Bin", "__MACOSX", "lost+found"])
def test_what_storage_adds_is_no_class_and_told_and_can_be_taken(root, name):
    put(root / name / "x.png", seed=9)
    put(root / "cat" / name / "y.png", seed=10)
    counts, told = list_labels(root)
    assert counts == {"cat": 2, "dog": 2}
    assert f"{name!r} (2 files)" in told
    taken, told = list_labels(root, ignore=[f"!{name}"])
    assert taken == {"cat": 3, "dog": 2, name: 1}
    assert told == ""


def test_hidden_images_are_told_and_finder_files_are_not(root):
    put(root / "cat" / ".ipynb_checkpoints" / "0.png")
    (root / "cat" / "._0.png").write_bytes(b"x")
    (root / "cat" / ".DS_Store").write_bytes(b"x")
    assert "1 images" in list_labels(root)[1]


def test_a_second_link_to_a_class_stops_ingest_and_a_deeper_one_is_told(root, tmp_path):
    (root / "alias").symlink_to(root / "dog", target_is_directory=True)
    with pytest.raises(UserError, match=r"alias leads to .*dog.*data\.ignore"):
        list_labels(root)
    assert list_labels(root, ignore=["alias"])[0] == {"cat": 2, "dog": 2}
    (root / "alias").unlink()
    (root / "cat" / "more").symlink_to(root / "dog", target_is_directory=True)
    counts, told = list_labels(root)
    assert counts == {"cat": 2, "dog": 2}
    assert "more leads to" in told


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_cannot_be_opened_stops_ingest(root):
    (root / "dog").chmod(0)
    try:
        with pytest.raises(UserError, match="dog cannot be opened"):
            list_labels(root)
    finally:
        (root / "dog").chmod(0o755)


def test_a_folder_that_fails_to_open_is_named(root, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError, match="cannot be opened"):
        walk(root)


def test_pipes_are_told(root):
    os.mkfifo(root / "cat" / "pipe")
    assert "is a pipe or a device" in list_labels(root)[1]


def test_images_beside_the_class_folders_have_no_label(root):
    put(root / "lost.png", seed=11)
    assert list_labels(root)[0] == {"cat": 2, "dog": 2, "": 1}


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Training", "VALID"), ("a", "test", "dev")]
)
def test_folders_called_like_splits_are_no_classes_until_the_config_says_so(tmp_path, names):
    for number, name in enumerate(names):
        put(tmp_path / name / "cat" / f"{number}.png", seed=number)
        put(tmp_path / name / "dog" / f"{number}.png", seed=10 + number)
    with pytest.raises(UserError, match=r"layout=split/class .*split=predefined .*layout=class"):
        list_labels(tmp_path)
    assert list_labels(tmp_path, layout="class")[0] == dict.fromkeys(names, 2)
    assert list_labels(tmp_path, layout="split/class")[0] == {"cat": len(names), "dog": len(names)}


def test_a_class_called_train_is_a_class(root):
    put(root / "train" / "7.png", seed=12)
    assert list_labels(root)[0] == {"cat": 2, "dog": 2, "train": 1}


def test_items_keep_the_split_of_their_folder():
    root, items = Path("tests"), ["Train/a/1.png", "val/a/2.png", "test/b/3.png"]
    found = read_assignment(root, SPLITS, items)
    assert list(found.values()) == ["train", "validation", "test"]
    with pytest.raises(UserError, match="no folder for validation"):
        read_assignment(root, SPLITS, items[::2])
    with pytest.raises(UserError, match="more is not the name of a split"):
        read_assignment(root, SPLITS, [*items, "more/a/4.png"])


@pytest.mark.parametrize("name", ["val", "Validation", "test_images", "01_train", "TRAIN-SET"])
def test_names_of_splits(name):
    assert find_split(name) in SPLITS
    assert find_split(f"{name} station") is None


@pytest.mark.parametrize("other", ["Cat", "cat ", "ca\u200bt", "\uff43at"])
def test_spellings_of_one_class_are_refused_until_the_config_says_which(other):
    labels = ["cat", "cat", other, "dog"]
    with pytest.raises(UserError, match="differ only in case, width or blanks"):
        join_spellings(labels, None)
    joined, told = join_spellings(labels, True)
    assert joined == ["cat", "cat", "cat", "dog"]
    assert "(1 items)" in told[0]
    assert join_spellings(labels, False) == (labels, [])
    assert join_spellings(labels, {other: "cat"})[0] == joined
    assert join_spellings(labels, {other: "cat", "cat": "tiger"})[0] == [
        "tiger",
        "tiger",
        "cat",
        "dog",
    ]


def test_two_compositions_of_an_accent_are_one_class_and_told():
    joined, told = join_spellings(["caf\u00e9", "cafe\u0301", "other"], None)
    assert joined == ["caf\u00e9", "caf\u00e9", "other"]
    assert len(told) == 1


def test_junk_is_known_by_its_whole_name(root):
    put(root / f"my {JUNK[0]}" / "5.png", seed=13)
    assert list_labels(root)[0] == {"cat": 2, "dog": 2, f"my {JUNK[0]}": 1}
