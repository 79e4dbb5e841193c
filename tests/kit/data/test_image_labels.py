"""An augmentation that turns one class into another is caught, and a harmless one is not."""

import numpy as np
import pandas as pd
import torch
from dlproof.data.image_labels import find_nearest, judge_labels
from dlproof.data.store import Store
from own.data.image import ImageFolder
from own.data.image_augment import ImageAugmentation

CLASSES = ["below", "above"]
CHANGES = {"crop": 0.1, "brightness": 0.1}


def make_store(tmp_path, mirrored=False):
    """A light bar below or above the middle; left and right mean nothing."""
    generator = np.random.default_rng(0)
    image = generator.integers(0, 60, (80, 1, 16, 16)).astype(np.uint8)
    targets = np.arange(80) % 2
    image[targets == 0, :, 10:13] += 150
    image[targets == 1, :, 3:6] += 150
    items = pd.DataFrame({"split": ["train"] * 80})
    state = {"data": {"size": 16}, "task": {"classes": CLASSES}}
    return Store(tmp_path, items, {"image": image}, targets, state)


def judge(store, predict, **options):
    data = ImageFolder("unused")
    augment = ImageAugmentation(store.state, **CHANGES, **options)
    return judge_labels(augment, store, predict, lambda a: data.features(a, store.state["data"])[0])


def sees_bars(image):
    """A model that knows the classes."""
    halves = torch.stack([image[:, 0, 8:].float().sum((1, 2)), image[:, 0, :8].float().sum((1, 2))])
    return halves.T


def learned_by_heart(image):
    """A model that finds any item right, as the items alternate."""
    return torch.eye(2)[torch.arange(len(image)) % 2]


def test_a_harmless_mirror_keeps_every_class(tmp_path):
    found = judge(make_store(tmp_path), sees_bars, flip=True)
    assert found["items"] == 80
    assert found["model"] == dict.fromkeys(CLASSES, 1.0)
    assert set(found["reference"]) == {"still", "flip"}
    assert all(min(shares.values()) > 0.9 for shares in found["reference"].values())


def test_a_mirror_that_swaps_classes_is_caught_though_the_model_forgives_it(tmp_path):
    found = judge(make_store(tmp_path), learned_by_heart, flip_vertical=True)
    assert found["model"] == dict.fromkeys(CLASSES, 1.0)
    assert min(found["reference"]["flip_vertical"].values()) < 0.1
    assert min(found["reference"]["still"].values()) > 0.9


def test_the_model_sees_what_the_augmentation_destroys(tmp_path):
    found = judge(make_store(tmp_path), sees_bars, rotate_degrees=180.0)
    assert min(found["model"].values()) < 0.8


def test_judging_leaves_the_random_state_of_training_alone(tmp_path):
    store = make_store(tmp_path)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    first = judge(store, sees_bars, flip=True)
    assert torch.equal(torch.rand(3), expected)
    assert judge(store, sees_bars, flip=True) == first


def test_an_item_is_no_neighbour_of_itself():
    support = torch.tensor([[[0.0], [0.1], [0.2], [0.3], [9.0], [9.1], [9.2], [9.3]]])
    codes = torch.tensor([1, 0, 0, 0, 0, 1, 1, 1])
    found = find_nearest(support, codes, support[0])
    assert found.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
