"""Checks of phase 2 on what was collected and looked at."""

import math
from collections import Counter
from pathlib import Path

from ..charter.charter import GROUP_TOLERANCE
from .evidence import Evidence, NotYetError
from .tables import are_classes, read_items
from .verdict import Finding

FEW_OF_A_CLASS = 20  # fewer leave a tenth of the data with one or none
FEW_ITEMS = 100
SPREAD = ("min", "median", "max", "mean", "std")


def declared_groups_are_in_the_data(project: Evidence) -> Finding:
    """Every declared group is in the data, with about its share of the population."""
    declared = project.answer("data.groups")
    found = project.figures("explore")["groups"]
    if not declared:
        return Finding(True, "no groups declared", proof="attested")
    absent = [name for name in declared if name not in found]
    if absent:
        known = ", ".join(list(found)[:3]) or "none"
        return Finding(False, f"not in the data: {', '.join(absent[:5])}; it has {known} …")
    gaps = {name: abs(found[name] - share) for name, share in declared.items()}
    worst = max(gaps, key=lambda name: gaps[name])
    told = f"{worst}: {found[worst]:.1%} of the data, {declared[worst]:.1%} of the population"
    return Finding(gaps[worst] <= GROUP_TOLERANCE, f"{len(declared)} groups; furthest off {told}")


def every_class_has_enough_items(project: Evidence) -> Finding:
    """No class, and not the whole, is too small to be split and measured.

    Raises:
        NotYetError: The whole is: no figure of it says much before there is more.
    """
    figures = project.figures("explore")
    items, count, told = figures["items"], FEW_OF_A_CLASS, f"{figures['items']:,} items"
    if are_classes(project):
        ((name, count),) = figures["labels"]["smallest"].items()
        told += f", the fewest of {name}: {count}"
    if items < FEW_ITEMS:
        more = f"collect {FEW_ITEMS - items} more"
        if count < FEW_OF_A_CLASS:
            more += f", and {FEW_OF_A_CLASS} of every class"
        raise NotYetError(f"{told}; a tenth of so few measures little: {more}")
    return Finding(count >= FEW_OF_A_CLASS, told, "explore_labels.png" * are_classes(project))


def class_distribution_is_known(project: Evidence) -> Finding:
    """The explored balance is that of the items as they are listed now."""
    figures = project.figures("explore")["labels"]
    labels = [row["label"] for row in read_items(project) if row["label"]]
    if figures["kind"] == "numbers":
        mean = sum(map(float, labels)) / len(labels)
        told = f"{figures['min']:g} to {figures['max']:g}, mean {figures['mean']:g}"
        holds = math.isclose(mean, figures["mean"], rel_tol=1e-3, abs_tol=1e-3)
        return Finding(holds, told, "explore_labels.png")
    counts = Counter(labels).most_common()
    imbalance = round(counts[0][1] / counts[-1][1], 2)
    holds = imbalance == figures["imbalance"] and len(counts) == figures["classes"]
    told = f"{figures['classes']} classes, largest {figures['imbalance']:g} times the smallest"
    if not holds:
        told += f"; but listed are {len(counts)}, {imbalance:g} times"
    return Finding(holds, told, "explore_labels.png")


def feature_distributions_are_known(project: Evidence) -> Finding:
    """Range, moments and outliers of every feature, all finite."""
    figures = project.figures("explore")
    columns = figures.get("columns")
    if columns is None:
        columns = {name: figures[name] for name in ("brightness", "contrast", "width", "height")}
    numbers = {name: found for name, found in columns.items() if found.get("kind") != "text"}
    bare = [
        name
        for name, found in numbers.items()
        if any(found.get(part) is None for part in SPREAD)  # null: not finite
    ]
    if bare:
        return Finding(False, f"no full statistics of {', '.join(bare[:5])}")
    scales = [found["std"] for found in numbers.values() if found["std"] > 0]
    apart = f"scales up to {max(scales) / min(scales):,.0f} times apart" if scales else "constant"
    told = f"{len(columns)} features, {apart}, {figures['outliers']['count']} outlying items"
    return Finding(True, told, "explore_columns.png" * ("columns" in figures))


def samples_show_every_class(project: Evidence) -> Finding:
    """The sample sheet has a row of every class, or values across the range of a measure.

    It is there to be looked at; nothing shows that somebody has.
    """
    report = project.report("explore")
    shown = set(report.figures["sampled_classes"])
    sheet = next((name for name in report.pictures if "samples" in name), "")
    if not sheet:
        return Finding(False, "no sample sheet")
    project.hold_picture(sheet)
    labels = {row["label"] for row in read_items(project) if row["label"]}
    if not are_classes(project):
        return Finding(len(shown) >= 5, f"{len(shown)} values in {sheet}", proof="present")
    missing = sorted(labels - shown)
    told = f"{len(labels & shown)} of {len(labels)} classes in {sheet}"
    if missing:
        told += f", without {', '.join(missing[:5])}"
    picture = sheet if sheet.endswith(".png") else ""
    return Finding(not missing, told, picture, proof="present")


def raw_data_stays_apart(project: Evidence) -> Finding:
    """Cleaning and preprocessing leave raw data as it was, and write elsewhere."""
    clean, processed = (project.raw_report(name).figures for name in ("clean", "preprocess"))
    wrote = [
        name
        for name, before, after in (
            ("clean", clean["raw_hash_before"], clean["raw_hash_after"]),
            ("preprocess", processed["raw_before"], processed["raw_after"]),
        )
        if before != after
    ]
    if wrote:
        return Finding(False, f"raw data changed while `{' and '.join(wrote)}` ran")
    project.report("preprocess")  # raises when it no longer holds
    raw = Path(project.cfg.data.get("root") or project.cfg.data.path)
    folder = Path(project.cfg.paths.data_dir, "processed")
    apart = not folder.resolve().is_relative_to(raw.resolve())
    return Finding(apart, f"{raw} unchanged, {folder} derived")
