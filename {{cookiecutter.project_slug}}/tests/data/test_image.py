"""Images of any size, mode and name become arrays of one shape; what is unusable is named."""

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from dlproof import UserError
from dlproof.data import load_store
from PIL import Image

from {{ cookiecutter.package_name }}.data.image import ImageFolder

pytestmark = pytest.mark.unit
SETTINGS = SimpleNamespace(size=16, channels="auto", range="data")


def draw(mode, size=(9, 5), seed=0):
    """A random image that depends on the seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    if mode == "I;16":
        return Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    return Image.fromarray(pixels).convert(mode)


def to_bytes(image, kind="PNG"):
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Two classes, every common mode, sizes and formats, names in several scripts, a subfolder."""
    root, number = tmp_path / "own", 0
    for name in ("café 猫", "ünïcode"):
        (root / name / "Тест").mkdir(parents=True)
        (root / name / "notes.txt").write_text("x")
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"):
            for place in (root / name, root / name / "Тест"):
                number += 1
                image = draw(mode, size=(5 + number, 40 - number), seed=number)
                kind = "TIFF" if mode in ("CMYK", "I;16") else "PNG"
                path = place / f"bild {mode} {number}.{kind.lower()}"
                path.write_bytes(to_bytes(image, kind))
    return root


def test_an_item_is_an_image_file_and_its_class_the_first_folder(folder):
    items = ImageFolder(str(folder)).list_items()
    assert len(items) == 32
    assert set(items["label"]) == {"café 猫", "ünïcode"}
    assert items["id"].is_unique
    assert items["id"].is_monotonic_increasing
    assert items["hash"].is_unique
    assert items.attrs["ignored"] == 2
    assert (items[["group", "time", "origin"]] == "").all(axis=None)


def test_composed_and_decomposed_names_are_one_class(tmp_path):
    for name in ("caf\u00e9", "cafe\u0301", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(to_bytes(draw("L")))
    assert set(ImageFolder(str(tmp_path)).list_items()["label"]) == {"caf\u00e9", "other"}


def test_below_folders_of_splits_the_class_is_the_second_folder(tmp_path):
    for split in ("train", "val", "test"):
        for name in ("cat", "dog"):
            (tmp_path / split / name).mkdir(parents=True)
            (tmp_path / split / name / "a.png").write_bytes(to_bytes(draw("L")))
    with pytest.raises(UserError, match=r"data\.layout=split/class"):
        ImageFolder(str(tmp_path)).list_items()
    items = ImageFolder(str(tmp_path), layout="split/class").list_items()
    assert items["label"].tolist() == ["cat", "dog"] * 3


def test_deep_pixels_are_encoded_by_the_range_that_training_images_use():
    raw = [draw("L"), Image.fromarray(np.array([[0, 1023]], np.float32))]
    images = ImageFolder("unused")
    state = images.fit(raw, SETTINGS)
    assert state["range"] == [0, 1023]
    found = images.encode(raw, state)["image"]
    assert (found[1].min(), found[1].max()) == (0, 255)
    assert "range" not in images.fit(raw[:1], SETTINGS)


def test_every_mode_and_size_becomes_one_shape(folder):
    images = ImageFolder(str(folder))
    items = images.list_items()
    assert images.find_problems(items) == {}
    raw = images.read(items)
    state = images.fit(raw, SETTINGS)
    arrays = images.encode(raw, state)
    assert arrays["image"].shape == (32, *state["shapes"]["image"]) == (32, 3, 16, 16)
    assert arrays["image"].dtype == np.uint8
    assert images.encode([], state)["image"].shape == (0, 3, 16, 16)


def test_statistics_are_those_of_the_encoded_training_pixels():
    raw, images = [draw("RGB", seed=seed) for seed in range(5)], ImageFolder("unused")
    state = images.fit(raw, SETTINGS)
    pixels = images.encode(raw, state)["image"] / 255
    np.testing.assert_allclose(state["mean"], pixels.mean(axis=(0, 2, 3)), atol=1e-5)
    np.testing.assert_allclose(state["std"], pixels.std(axis=(0, 2, 3)), atol=1e-5)


def test_channels_are_one_only_when_all_are_grey_and_constant_ones_divide_by_one():
    for modes, channels in (("LL", 1), (("L", "RGB"), 3)):
        raw = [draw(mode) for mode in modes]
        assert ImageFolder("unused").fit(raw, SETTINGS)["channels"] == channels
    white = [Image.new("L", (4, 4), 255)] * 3
    assert ImageFolder("unused").fit(white, SETTINGS)["std"] == [1.0]


def test_a_declared_pattern_gives_each_item_its_group(folder):
    items = ImageFolder(str(folder), group=r"bild (\S+)", time=r"(\d+)\.").list_items()
    assert set(items["group"]) == {"1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"}
    assert set(map(int, items["time"])) == set(range(1, 33))
    with pytest.raises(UserError, match=r"data\.group=patient-\(.* does not match this path"):
        ImageFolder(str(folder), group=r"patient-(\d+)").list_items()


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "nothing at all"),
        (["a/x.heic", "a/y.heic"], ".heic"),
        (["x.png"], "no class folders"),
    ],
)
def test_a_folder_without_usable_images_is_refused_with_what_it_holds(tmp_path, files, sentence):
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UserError, match=sentence):
        ImageFolder(str(tmp_path)).list_items()


@pytest.mark.pipeline
def test_your_own_folder_goes_through_the_data_phase_and_broken_files_to_the_quarantine(
    project, run, folder
):
    (folder / "ünïcode" / "broken.png").write_bytes(b"x")
    (folder / "ünïcode" / "half.png").write_bytes(to_bytes(draw("RGB", (60, 60)))[:200])
    for command in ("ingest", "clean", "split", "preprocess"):
        report = run(command, f"data.root='{folder}'")
    assert report.figures["items"] == {"train": 26, "validation": 3, "test": 3}
    quarantined = pd.read_csv("data/quarantine.csv")["id"].tolist()
    assert quarantined == ["ünïcode/broken.png", "ünïcode/half.png"]
    store = load_store("data")
    store.open_test()
    assert store.arrays["image"].shape == (32, 3, 16, 16)
    assert set(store.items["label"]) == {"café 猫", "ünïcode"}
