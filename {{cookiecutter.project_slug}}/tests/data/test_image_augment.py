"""Each training image is changed by its own random draw, in the project's order."""

from dataclasses import fields
from pathlib import Path

import pytest
import torch
from dlproof import build

from {{ cookiecutter.package_name }}.data.image_augment import ImageAugmentation

pytestmark = pytest.mark.unit
CLASSES = "abcde"
STATE = {"data": {"shapes": {"image": [3, 16, 16]}}, "task": {"classes": list(CLASSES)}}
OPTIONS = sorted(p.stem for p in Path(__file__).parents[2].glob("configs/augmentation/*.yaml"))
CHANGES = {
    "crop": 0.2,
    "resized_crop": 0.1,
    "flip": True,
    "flip_vertical": True,
    "rotate_degrees": 30.0,
    "scale": 0.3,
    "brightness": 0.5,
    "contrast": 0.5,
    "saturation": 0.5,
    "rand_augment": 9,
    "erase": 1.0,
    "mixup": 1.0,
    "cutmix": 1.0,
}
TARGETS = torch.arange(32) % len(CLASSES)


def draw(count=32, channels=3, size=16):
    generator = torch.Generator().manual_seed(0)
    shape = (count, channels, size, size)
    return torch.randint(256, shape, dtype=torch.uint8, generator=generator)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def test_every_field_is_a_change_that_is_tried_here():
    assert {field.name for field in fields(ImageAugmentation)} == {"state", *CHANGES}


def test_without_settings_an_image_stays_as_it_is():
    inputs, targets = ImageAugmentation(STATE)({"image": draw()}, TARGETS)
    assert torch.equal(inputs["image"], draw().float())
    assert torch.equal(targets, TARGETS)


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_acts_alone_and_keeps_shape_and_range(name):
    change = ImageAugmentation(STATE, **{name: CHANGES[name]})
    changed = change({"image": draw()}, TARGETS)[0]["image"]
    assert changed.shape == draw().shape
    assert changed.dtype == torch.float32
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert (changed != draw()).flatten(1).any(dim=1).float().mean() > 0.2


@pytest.mark.parametrize("name", [name for name in CHANGES if name not in ("mixup", "cutmix")])
def test_every_item_has_its_own_draw_and_keeps_its_label(name):
    same = draw(count=1).expand(64, -1, -1, -1).contiguous()
    inputs, targets = ImageAugmentation(STATE, **{name: CHANGES[name]})(
        {"image": same}, torch.zeros(64)
    )
    assert len(inputs["image"].unique(dim=0)) > (1 if "flip" in name else 8)
    assert torch.equal(targets, torch.zeros(64))


@pytest.mark.parametrize("option", [name for name in OPTIONS if name != "none"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_option_changes_most_items_and_repeats_with_the_seed(
    project, compose, option, channels
):
    change = build(compose(f"augmentation={option}").augmentation, state=STATE)
    outcomes = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        outcomes.append(change({"image": draw(channels=channels)}, TARGETS)[0]["image"])
    assert torch.equal(outcomes[0], outcomes[1])
    assert not torch.equal(outcomes[0], outcomes[2])
    assert (outcomes[0] != draw(channels=channels)).flatten(1).any(dim=1).float().mean() > 0.9


def test_a_box_is_erased_last_and_stays_black_whatever_the_light():
    grey = torch.full((64, 3, 16, 16), 128, dtype=torch.uint8)
    changed = ImageAugmentation(STATE, brightness=0.5, rotate_degrees=30.0, erase=1.0).change(grey)
    assert (changed == 0).all(dim=1).flatten(1).any(dim=1).all()


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_mixing_gives_shares_that_sum_to_one_and_match_the_pixels(name):
    image = torch.zeros(4, 1, 16, 16, dtype=torch.uint8)
    image[1::2] = 200
    change = ImageAugmentation(STATE, **{name: 1.0})
    inputs, shares = change({"image": image}, torch.tensor([0, 1, 0, 1]))
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(4))
    light = inputs["image"].mean(dim=(1, 2, 3)) / 200
    torch.testing.assert_close(light, shares[:, 1], atol=1e-5, rtol=0)


def test_numbers_as_targets_are_not_mixed():
    change = ImageAugmentation({"task": {"mean": 0.0}}, mixup=1.0, cutmix=1.0)
    targets = torch.rand(32)
    assert torch.equal(change({"image": draw()}, targets)[1], targets)
