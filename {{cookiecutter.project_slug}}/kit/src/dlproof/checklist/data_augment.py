"""Checks of phase 2 on augmentation: what is changed, how, where, and whether labels survive it."""

from typing import Any

from .data_loading import read_batches
from .evidence import Evidence, NotApplicableError
from .verdict import Finding

GEOMETRY = ("crop", "resized_crop", "flip", "flip_vertical", "rotate_degrees", "scale")
LIGHT = ("brightness", "contrast", "saturation")
MIXING = ("mixup", "cutmix")
LEAST_MIXED = 1e-3  # mean share of the other item; alpha 0.1 gives 0.04
LEAST_AGREEMENT = 0.7  # of the model's recall on plain items, in every class
LEAST_LIKENESS = 0.5  # of the reference's recall; a digit upside down keeps less than 0.2
BASIC = ("none", "light")
SHEET = "train_augmented.png"


def training_items_are_augmented(project: Evidence) -> Finding:
    """Training images are moved and lit differently each time, and reach the network so."""
    options = project.cfg.augmentation
    moved = any(options.get(key) for key in (*GEOMETRY, "rand_augment"))
    lit = any(options.get(key) for key in (*LIGHT, "rand_augment"))
    changed = read_batches(project)["changed"]["train"]
    told = f"{options.name}: {changed:.0%} of training items changed"
    lacks = [name for name, on in (("geometry", moved), ("light", lit)) if not on]
    if changed <= 0.5 or not lacks:
        return Finding(changed > 0.5, told)
    return Finding(False, f"{told}, no {' and '.join(lacks)}", choices=("augmentation",))


def advanced_augmentation_has_its_effect(project: Evidence) -> Finding:
    """From medium strength up items are mixed or go through RandAugment, and targets follow."""
    options = project.cfg.augmentation
    if options.name in BASIC:
        raise NotApplicableError(f"{options.name}: MixUp and the like start at medium strength")
    batches = read_batches(project)
    on = {name: options[name] for name in (*MIXING, "rand_augment") if options.get(name)}
    told = ", ".join(f"{name} {value:g}" for name, value in on.items()) or "none of them is enabled"
    if not set(on) & set(MIXING):
        return Finding(bool(on) and batches["changed"]["train"] > 0.5, told)
    mixed = batches["mixed"]
    return Finding(mixed > LEAST_MIXED, f"{told}: {mixed:.1%} of a target is another item's")


def only_training_items_are_augmented(project: Evidence) -> Finding:
    """Validation items reach the network as they are stored."""
    changed = read_batches(project)["changed"]["validation"]
    return Finding(changed == 0, f"{changed:.0%} of validation items changed")


def augmented_items_keep_their_label(project: Evidence) -> Finding:
    """The model, and a reference without mirroring, recognise augmented images of every class."""
    figures = project.figures("train")["augmented"]
    if not figures:
        raise NotApplicableError("no image of a class is changed in training")
    agreed, kind = find_least({"": figures["model"]})
    alike, which = find_least(figures["reference"])
    told = (
        f"the model keeps at least {agreed:.0%} of its recall on plain items (class {kind}), a "
        f"reference without mirroring {alike:.0%} ({which})"
    )
    return Finding(agreed >= LEAST_AGREEMENT and alike >= LEAST_LIKENESS, told, SHEET)


def find_least(shares: dict[str, Any]) -> tuple[float, str]:
    """The smallest share of ways and classes, and whose it is."""
    named = [
        (share, f"{way} {name}".strip())
        for way, classes in shares.items()
        for name, share in classes.items()
    ]
    return min(named, default=(0.0, "of none"))
