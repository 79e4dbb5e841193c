"""Each training image is changed by its own draw, as a reference does it one by one."""

import pytest
import torch
from dlproof.config import build, compose
from dlproof.data import image_augment, randaugment
from own.data.image_augment import ImageAugmentation
from scipy.stats import ks_2samp
from torchvision.transforms import RandomResizedCrop, v2
from torchvision.transforms.v2 import functional

CLASSES = 5
STATE = {"data": {"shapes": {"image": [3, 16, 16]}}, "task": {"classes": list("abcde")}}
STRENGTHS = ("light", "medium", "strong")


def draw(count=32, channels=3, size=16):
    generator = torch.Generator().manual_seed(0)
    shape = (count, channels, size, size)
    return torch.randint(256, shape, dtype=torch.uint8, generator=generator)


def augment(**options):
    return ImageAugmentation(STATE, **options)


@pytest.fixture
def package():
    return "own"


@pytest.fixture(autouse=True)
def seeded(in_configs):
    torch.manual_seed(0)


def fix_uniform(monkeypatch, values):
    """The n-th call of `uniform` gives the n-th of `values`, as (N, 1, 1, 1)."""
    calls = iter(values)
    monkeypatch.setattr(image_augment, "uniform", lambda like, limit: next(calls).view(-1, 1, 1, 1))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_it_keeps_its_own_precision_in_a_network_of_another(dtype):
    change = augment(crop=0.1, rotate_degrees=10.0, scale=0.1, brightness=0.2, saturation=0.2)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)  # as Lightning does for 64-true and bf16-true
    try:
        inputs, _ = change({"image": draw()}, torch.arange(32) % CLASSES)
    finally:
        torch.set_default_dtype(before)
    assert inputs["image"].dtype == torch.float32


@pytest.mark.parametrize("option", STRENGTHS)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_strength_keeps_shape_and_range_and_changes_items(option, channels):
    image = draw(channels=channels)
    change = build(compose([f"augmentation={option}"]).augmentation, state=STATE)
    inputs, targets = change({"image": image}, torch.arange(32) % CLASSES)
    changed = inputs["image"]
    assert changed.shape == image.shape
    assert changed.dtype == torch.float32
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert (changed != image).flatten(1).any(dim=1).float().mean() > 0.9
    assert len(targets) == 32


@pytest.mark.parametrize(
    "options",
    [
        {"crop": 0.2},
        {"resized_crop": 0.08},
        {"rotate_degrees": 30.0, "scale": 0.2},
        {"brightness": 0.5},
        {"contrast": 0.5},
        {"saturation": 0.5},
        {"erase": 1.0},
        {"rand_augment": 9},
        {"flip": True, "flip_vertical": True},
    ],
    ids=lambda options: next(iter(options)),
)
def test_every_change_is_drawn_for_each_item(options):
    one = draw(count=1)
    changed = augment(**options).change(one.expand(64, -1, -1, -1).contiguous())
    assert len(changed.unique(dim=0)) > (3 if "flip" in options else 8)


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_uniform_grey_image_stays_so_under_everything_but_light_and_padding(value):
    image = torch.full((16, 3, 16, 16), value, dtype=torch.uint8)
    changed = augment(flip=True, flip_vertical=True, contrast=0.5, saturation=0.5).change(image)
    torch.testing.assert_close(changed, image.float(), atol=0.05, rtol=0)


def test_a_crop_is_a_window_of_the_padded_image():
    image = draw(count=64)
    changed = augment(crop=0.2).change(image)
    padded = functional.pad(image, [3, 3]).float()
    windows = padded.unfold(2, 16, 1).unfold(3, 16, 1)
    same = (windows == changed[:, :, None, None]).flatten(4).all(dim=4).all(dim=1)
    assert same.flatten(1).any(dim=1).all()
    places = {tuple(place) for place in same.nonzero()[:, 1:].tolist()}
    assert len(places) > 20
    assert {0, 6} <= {place for pair in places for place in pair}


@pytest.mark.parametrize(("option", "axis"), [("flip", -1), ("flip_vertical", -2)])
def test_a_flip_mirrors_about_half_of_the_items_exactly(option, axis):
    image = draw(count=200)
    changed = augment(**{option: True}).change(image)
    mirrored = (changed == image.flip(axis)).flatten(1).all(dim=1)
    kept = (changed == image).flatten(1).all(dim=1)
    assert (mirrored | kept).all()
    assert 70 < mirrored.sum() < 130


def test_resampling_without_a_turn_gives_what_picking_gives():
    image = draw()
    picking, resampling = augment(crop=0.2, flip=True), augment(crop=0.2, flip=True, scale=1e-9)
    torch.manual_seed(1)
    picked = picking.change(image)
    torch.manual_seed(1)
    torch.testing.assert_close(resampling.change(image), picked, atol=0.1, rtol=0)


def test_a_turn_is_that_of_torchvision(monkeypatch):
    image = draw(count=3)
    degrees = torch.tensor([-20.0, 0.0, 35.0])
    fix_uniform(monkeypatch, [torch.deg2rad(degrees), torch.zeros(3)])
    changed = augment(rotate_degrees=35.0).change(image)
    for ours, item, angle in zip(changed, image, degrees, strict=True):
        bilinear = functional.InterpolationMode.BILINEAR
        theirs = functional.rotate(item.float(), float(angle), bilinear)
        inner = (slice(None), slice(1, -1), slice(1, -1))  # torchvision fades the edge otherwise
        torch.testing.assert_close(ours[inner], theirs[inner], atol=0.5, rtol=0)


def test_windows_are_drawn_as_torchvision_draws_them():
    sides, shift = image_augment.draw_windows(4000, 0.08, torch.device("cpu"))
    assert ((1 - sides - shift.abs()) > -1e-6).all()  # all of a window is inside
    whole = torch.empty(3, 224, 224)
    theirs = [RandomResizedCrop.get_params(whole, (0.08, 1), (3 / 4, 4 / 3)) for _ in range(4000)]
    top, left, height, width = (torch.tensor(theirs) / 224).T
    places = torch.stack([2 * top + height - 1, 2 * left + width - 1])
    for ours, reference in (
        (sides.prod(dim=0), height * width),
        (sides[1] / sides[0], width / height),
        *zip(shift, places, strict=True),
    ):
        assert ks_2samp(ours, reference).statistic < 0.05


def test_a_resized_crop_is_that_of_torchvision(monkeypatch):
    image = draw(count=3, size=32)
    sides = torch.tensor([[8, 32, 16], [16, 32, 24]]) / 32
    corner = torch.tensor([[4, 0, 16], [0, 0, 8]]) / 32
    shift = 2 * corner + sides - 1
    monkeypatch.setattr(image_augment, "draw_windows", lambda *_: (sides, shift))
    changed = augment(resized_crop=0.08).change(image)
    for ours, item, place, size in zip(changed, image, corner.T, sides.T, strict=True):
        box = [round(32 * float(value)) for value in (*place, *size)]
        theirs = functional.resized_crop(item.float(), *box, [32, 32], antialias=False)
        inner = (slice(None), slice(3, -3), slice(3, -3))  # torchvision stops at the window's edge
        torch.testing.assert_close(ours[inner], theirs[inner], atol=0.1, rtol=0)


def test_a_resized_crop_of_an_even_image_is_even_to_its_edges():
    image = torch.full((64, 3, 16, 16), 200, dtype=torch.uint8)
    changed = augment(resized_crop=0.08, flip=True).change(image)
    torch.testing.assert_close(changed, image.float(), atol=0.05, rtol=0)


@pytest.mark.parametrize("channels", [1, 3])
def test_light_is_that_of_torchvision_one_after_the_other(monkeypatch, channels):
    image = 100 + draw(count=4, channels=channels) // 8  # far from the ends, where both clip
    draws = 0.4 * torch.rand(3, 4) - 0.2
    fix_uniform(monkeypatch, draws)
    changed = augment(brightness=0.2, contrast=0.2, saturation=0.2).change(image)
    for number, item in enumerate(image):
        theirs = item / 255
        for name, factor in zip(("brightness", "contrast", "saturation"), 1 + draws, strict=True):
            theirs = getattr(functional, f"adjust_{name}")(theirs, float(factor[number]))
        torch.testing.assert_close(changed[number], 255 * theirs, atol=0.1, rtol=0)


def test_erasing_blackens_one_box_in_the_given_share_of_items():
    image = torch.full((400, 1, 32, 32), 9, dtype=torch.uint8)
    black = augment(erase=0.25).change(image)[:, 0] == 0
    chosen = black.flatten(1).any(dim=1)
    assert 60 < chosen.sum() < 140
    for item in black[chosen]:
        rows, columns = item.any(dim=1), item.any(dim=0)
        assert torch.equal(item, rows[:, None] & columns)
        assert 1 <= item.sum() <= 0.45 * 32 * 32


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("number", range(len(randaugment.OPERATIONS)))
@pytest.mark.parametrize("way", [1, -1])
def test_rand_augment_does_to_each_item_what_torchvision_does(channels, number, way):
    image = draw(count=4, channels=channels, size=32)
    drawn, sign = torch.full((4,), number), torch.full((4,), way)
    ours = randaugment.apply_drawn(image, drawn, sign, 9 / 30)
    theirs = v2.RandAugment(num_ops=1, magnitude=9)
    name = list(theirs._AUGMENTATION_SPACE)[number]
    magnitudes, signed = theirs._AUGMENTATION_SPACE[name]
    levels = magnitudes(31, 32, 32)
    level = 0.0 if levels is None else float(levels[9]) * (way if signed else 1)
    options = {"interpolation": theirs.interpolation, "fill": {}}
    for mine, item in zip(ours, image, strict=True):
        expected = theirs._apply_image_or_video_transform(item, name, level, **options)
        torch.testing.assert_close(mine, expected, atol=1, rtol=0)  # of 255: float32's rounding


def test_rand_augment_gives_each_item_its_own_operation_and_no_other():
    image = draw(count=50, size=32)
    drawn = torch.arange(50) % len(randaugment.OPERATIONS)
    sign = 1 - 2 * (torch.arange(50) % 2)
    together = randaugment.apply_drawn(image, drawn, sign, 0.3)
    for row in range(50):
        one = slice(row, row + 1)
        alone = randaugment.apply_drawn(image[one], drawn[one], sign[one], 0.3)
        assert torch.equal(together[one], alone)


@pytest.mark.parametrize("option", ["mixup", "cutmix"])
def test_mixing_gives_shares_that_sum_to_one_and_match_the_pixels(option):
    image = torch.zeros(4, 1, 16, 16, dtype=torch.uint8)
    image[1::2] = 200
    targets = torch.tensor([0, 1, 0, 1])
    inputs, shares = augment(**{option: 1.0})({"image": image}, targets)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(4))
    assert shares.max() < 1
    light = inputs["image"].mean(dim=(1, 2, 3)) / 200
    torch.testing.assert_close(light, shares[:, 1], atol=1e-5, rtol=0)


def test_numbers_as_targets_are_not_mixed():
    change = ImageAugmentation({"task": {"mean": 0.0}}, mixup=1.0, cutmix=1.0)
    targets = torch.rand(8)
    assert torch.equal(change({"image": draw(count=8)}, targets)[1], targets)


@pytest.mark.parametrize("option", STRENGTHS)
def test_the_same_seed_gives_the_same_changes(option):
    change = build(compose([f"augmentation={option}"]).augmentation, state=STATE)
    image, targets = draw(), torch.arange(32) % CLASSES
    outcomes = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        outcomes.append(change({"image": image}, targets)[0]["image"])
    assert torch.equal(outcomes[0], outcomes[1])
    assert not torch.equal(outcomes[0], outcomes[2])


def test_half_precision_outside_leaves_the_changes_exact():
    image = draw()
    change = augment(crop=0.1, rotate_degrees=10.0, brightness=0.1)
    plain = change.change(image)
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = change.change(image)
    assert torch.equal(plain, mixed)
