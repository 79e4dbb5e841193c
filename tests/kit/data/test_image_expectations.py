"""Images of another mode or size are refused at ingest and when serving, in the same words."""

import pytest
from dlproof.data.image_expectations import find_breach, find_unexpected, read_expectations
from dlproof.data.image_files import Reading
from dlproof.data.image_requests import decode_named
from dlproof.errors import UserError
from own.data.image import ImageFolder
from PIL import Image

RULES = {"modes": ["L"], "min_side": 4, "max_side": 16, "max_kb": 5.0}


@pytest.mark.parametrize(
    ("mode", "size", "reason"),
    [
        ("L", (4, 16), ""),
        ("RGB", (8, 8), "has mode RGB, not L"),
        ("L", (3, 8), "has 3x8 pixels, not 4 to 16 per side"),
        ("L", (8, 17), "has 8x17 pixels, not 4 to 16 per side"),
    ],
)
def test_ingest_and_service_refuse_the_same_images_in_the_same_words(tmp_path, mode, size, reason):

    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "0.png"
    Image.new(mode, size).save(path)
    assert dict(find_unexpected(tmp_path, ["a/0.png"], RULES)).get("a/0.png", "") == reason
    located, _ = ImageFolder("unused").locate(str(path), {"expectations": {"rules": RULES}})
    if not reason:
        assert (
            located[0].size == decode_named("0.png", path.read_bytes(), Reading(RULES)).size == size
        )
        return
    with pytest.raises(UserError, match=reason):
        decode_named("0.png", path.read_bytes(), Reading(RULES))
    with pytest.raises(UserError, match=reason):
        located[0]


def test_a_file_over_the_limit_is_refused(tmp_path):

    image = Image.new("L", (8, 8))
    assert find_breach(image, 5000, RULES) == ""
    assert find_breach(image, 9000, RULES) == "has 9 kB, over 5"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("modes: [", "is not YAML"),
        ("a text", "the file"),
        ("modes: [L]\nmin_side: 1\nmax_side: 9", "max_kb: field required"),
        ("modes: [L]\nmin_side: 1\nmax_side: 9\nmax_kb: 9.0\nsize: 3", "size: extra inputs"),
        ("modes: [L]\nmin_side: 0\nmax_side: 9\nmax_kb: 9.0", "min_side: input should be"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key(tmp_path, text, sentence):
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(UserError, match=sentence):
        read_expectations(tmp_path / "own.yaml")
