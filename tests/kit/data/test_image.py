"""Images of any size, mode and name become arrays of one shape; what is broken is named."""

import asyncio
import io
from contextlib import suppress
from types import SimpleNamespace

import httpx
import numpy as np
import pandas as pd
import pytest
from dlproof.data.image_files import BrokenImageError, decode_image, fit_square
from dlproof.data.image_folders import find_files
from dlproof.data.image_plots import share_folders
from dlproof.data.store import load_store
from dlproof.errors import UserError
from dlproof.files import hash_tree
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from own.data.image import ImageFolder
from PIL import Image

SETTINGS = SimpleNamespace(size=16, channels="auto", range="data")


@pytest.fixture
def package():
    return "own"


def to_bytes(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def draw(mode, size=(9, 5), seed=0):
    """A random image; its content follows the seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    if mode == "I;16":
        return Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    return image.convert(mode)


@pytest.fixture
def folder(tmp_path):
    """Two classes, every common mode, sizes and formats, names in several scripts, a subfolder."""
    root = tmp_path / "own"
    number = 0
    for name in ("café 猫", "ünïcode"):
        (root / name / "Тест").mkdir(parents=True)
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"):
            for copy in range(2):
                number += 1
                image = draw(mode, size=(5 + number, 40 - number), seed=number)
                place = root / name / ("Тест" if copy else "") / f"bild {mode} {number}"
                kind = "TIFF" if mode in ("CMYK", "I;16") else "PNG"
                place.with_suffix(f".{kind.lower()}").write_bytes(to_bytes(image, kind))
        (root / name / ".DS_Store").write_text("x")
        (root / name / "notes.txt").write_text("x")
    return root


def test_every_mode_and_size_becomes_one_shape(folder):
    images = ImageFolder(str(folder))
    items = images.list_items()
    assert len(items) == 32
    assert set(items["label"]) == {"café 猫", "ünïcode"}
    assert items["id"].is_unique
    assert items["id"].is_monotonic_increasing
    assert items.attrs["ignored"] == 2
    assert images.find_problems(items) == {}
    raw = images.read(items)
    state = images.fit(raw, SETTINGS)
    arrays = images.encode(raw, state)
    assert arrays["image"].shape == (32, 3, 16, 16)
    assert arrays["image"].dtype == np.uint8
    assert len(state["mean"]) == len(state["std"]) == 3


def test_statistics_are_those_of_the_encoded_training_pixels():
    raw = [draw("RGB", seed=seed) for seed in range(5)]
    images = ImageFolder("unused")
    state = images.fit(raw, SETTINGS)
    pixels = images.encode(raw, state)["image"] / 255
    np.testing.assert_allclose(state["mean"], pixels.mean(axis=(0, 2, 3)), atol=1e-5)
    np.testing.assert_allclose(state["std"], pixels.std(axis=(0, 2, 3)), atol=1e-5)


@pytest.mark.parametrize(("modes", "channels"), [("LL", 1), (("L", "RGB"), 3)])
def test_channels_are_one_only_when_all_are_grey(modes, channels):
    raw = [draw(mode) for mode in modes]
    assert ImageFolder("unused").fit(raw, SETTINGS)["channels"] == channels


def test_a_constant_image_set_divides_by_one():
    state = ImageFolder("unused").fit([Image.new("L", (4, 4), 7)] * 3, SETTINGS)
    assert state["std"] != [0.0]
    assert np.isfinite(state["std"]).all()


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 40), st.sampled_from([1, 3]))
def test_any_size_fits_the_square_and_keeps_its_proportions(width, height, size, channels):
    square = fit_square(Image.new("L", (width, height), 255), size, channels)
    assert square.shape == (channels, size, size)
    filled = square[0] == 255
    assert max(filled.any(axis=0).sum(), filled.any(axis=1).sum()) == size
    shorter = min(filled.any(axis=0).sum(), filled.any(axis=1).sum())
    assert abs(shorter - size * min(width, height) / max(width, height)) <= 1


def test_sixteen_bits_keep_their_range():
    deep = Image.fromarray(np.array([[0, 32768, 65535]], dtype=np.uint16))
    kept = decode_image(to_bytes(deep))
    assert np.asarray(kept).tolist() == [[0, 32768, 65535]]
    assert fit_square(kept, 3, 1)[0, 1].tolist() == [0, 128, 255]


def test_transparent_parts_become_white():
    assert decode_image(to_bytes(Image.new("RGBA", (1, 1), (9, 9, 9, 0)))).getpixel((0, 0)) == (
        255,
        255,
        255,
    )


def test_exif_orientation_turns_the_image_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    assert decode_image(to_bytes(draw("RGB", (9, 5)), "JPEG", exif=exif)).size == (5, 9)


def test_truncated_foreign_and_oversized_files_are_problems_by_name(folder):
    whole = to_bytes(draw("RGB", (60, 60)))
    bomb = to_bytes(Image.new("1", (8_100, 8_100)))
    broken = {"half.png": whole[:200], "text.jpg": b"hello", "empty.gif": b"", "bomb.png": bomb}
    for name, content in broken.items():
        (folder / "ünïcode" / name).write_bytes(content)
    (folder / "ünïcode" / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "ünïcode" / "loop.png").symlink_to("loop.png")
    images = ImageFolder(str(folder))
    problems = images.find_problems(images.list_items())
    assert {item.partition("/")[2] for item in problems} == {*broken, "gone.png", "loop.png"}
    assert "pixels" in problems["ünïcode/bomb.png"]
    assert "damaged" in problems["ünïcode/half.png"]


def test_a_loop_of_links_is_walked_once(folder):
    (folder / "ünïcode" / "again").symlink_to(folder, target_is_directory=True)
    assert sum(path.suffix == ".txt" for path in find_files(folder)) == 2


def test_composed_and_decomposed_names_are_one_class(tmp_path):
    for name in ("caf\u00e9", "cafe\u0301", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(to_bytes(draw("L")))
    assert set(ImageFolder(str(tmp_path)).list_items()["label"]) == {"caf\u00e9", "other"}


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


def test_a_missing_folder_names_the_setting():
    with pytest.raises(UserError, match=r"data\.root"):
        ImageFolder("nowhere").list_items()


def test_the_embedded_digits_are_written_once_and_never_over_your_files(tmp_path):
    root = tmp_path / "raw"
    ImageFolder(str(root), embedded="digits").provide()
    assert len(ImageFolder(str(root)).list_items()) == 1797
    (root / "0" / "0000.png").unlink()
    ImageFolder(str(root), embedded="digits").provide()
    assert len(ImageFolder(str(root)).list_items()) == 1796


def serve(state):
    """A service that answers with the sizes of what it received."""
    app = FastAPI()

    @app.post("/")
    async def sizes(request: Request):
        try:
            return [image.size for image in await ImageFolder("unused").receive(request, state)]
        except UserError as error:
            return str(error)

    return app


def post(app, **arguments):
    async def send():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.post("/", **arguments)).json()

    return asyncio.run(send())


def test_a_request_is_a_form_with_files_or_one_body():
    app = serve({})
    raw = [draw("L", (3, 4)), draw("RGB", (5, 6))]
    assert post(app, **ImageFolder("unused").write_request(raw)) == [[3, 4], [5, 6]]
    headers = {"content-type": "image/png"}
    assert post(app, content=to_bytes(raw[0]), headers=headers) == [[3, 4]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"files": {"file": ("cat.png", b"no image")}}, "cat.png is not an image"),
        ({"files": {"picture": ("cat.png", b"x")}}, "'picture'"),
        ({"data": {"file": "text"}, "files": {"file": ("a.png", b"x")}}, "image files"),
        ({"content": b"", "headers": {"content-type": "image/png"}}, "the body is not an image"),
        ({"json": {}}, "application/json"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, "form"),
    ],
)
def test_a_wrong_request_is_answered_with_a_sentence(arguments, sentence):
    answer = post(serve({}), **arguments)
    assert isinstance(answer, str)
    assert sentence in answer


@given(st.binary(max_size=300))
def test_any_bytes_are_an_image_or_a_reason(content):
    with suppress(BrokenImageError):  # and no other
        decode_image(content)


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_a_damaged_image_is_an_image_or_a_reason(position, junk):
    whole = to_bytes(draw("P", (20, 20)), "GIF")
    position %= len(whole)
    with suppress(BrokenImageError):
        decode_image(whole[:position] + junk + whole[position + len(junk) :])


@pytest.mark.filterwarnings("ignore:Glyph")  # the plot's font has no cat
def test_folders_are_groups_that_a_charter_can_name():
    ids = ["cat/north/1.png", "cat/south/2.png", "dog/north/3.png", "dog/4.png"]
    items = pd.DataFrame({"id": ids, "label": ["cat", "cat", "dog", "dog"]})
    assert share_folders(items) == {"folder=north": 0.5, "folder=south": 0.25}


def test_your_own_folder_goes_through_the_data_phase_untouched(project, run, folder):
    (folder / "ünïcode" / "broken.png").write_bytes(b"x")
    before = hash_tree(folder)
    for command in ("ingest", "explore", "clean", "split", "preprocess"):
        report = run(command, f"data.root='{folder}'")
    assert hash_tree(folder) == before
    assert report.figures["items"] == {"train": 26, "validation": 3, "test": 3}
    store = load_store("data")
    store.open_test()
    assert store.arrays["image"].shape == (32, 3, 32, 32)
    assert pd.read_csv("data/quarantine.csv")["id"].tolist() == ["ünïcode/broken.png"]
    assert set(store.items["label"]) == {"café 猫", "ünïcode"}


def test_features_and_summaries_are_finite_and_named():
    images = ImageFolder("unused")
    raw = [draw("RGB", (40, 40), seed) for seed in range(3)]
    state = images.fit(raw, SimpleNamespace(size=50, channels=3, range="data"))
    arrays = images.encode(raw, state)
    features, names = images.features(arrays, state)
    assert features.shape == (3, len(names))
    assert np.isfinite(features).all()
    summary = images.summarise(arrays, state)
    assert all(values.shape == (3,) and np.isfinite(values).all() for values in summary.values())


def test_images_for_prediction_need_no_class_folders(tmp_path):
    (tmp_path / "a.png").write_bytes(to_bytes(draw("L")))
    images = ImageFolder("unused")
    assert images.locate(str(tmp_path), {})[1] == ["a.png"]
    assert images.locate(str(tmp_path / "a.png"), {})[1] == ["a.png"]
    with pytest.raises(UserError, match="does not exist"):
        images.locate(str(tmp_path / "b.png"), {})
