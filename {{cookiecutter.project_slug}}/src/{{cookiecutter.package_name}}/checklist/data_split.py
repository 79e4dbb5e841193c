"""Checks of phase 2 on the splits."""

from statistics import NormalDist

from .project import Project
from .tables import SPLITS, are_classes, count_by_split, read_split
from .verdict import Finding

USUAL = {"train": (0.6, 0.9), "validation": (0.05, 0.2), "test": (0.05, 0.2)}
SLACK = 0.005  # for the rounding of small data
STRATUM_SLACK = (2.0, 0.05)  # items, or share of a stratum's, by which it may miss its share
REJECTED = 0.01  # p-value over all features together
POWER, LEVEL = 0.8, 0.05  # of a difference between two models on the validation split


def shares_are_usual(project: Project) -> Finding:
    """Train, validation and test have shares between 60/20/20 and 90/5/5."""
    counts = count_by_split(read_split(project))
    total = max(sum(counts.values()), 1)
    shares = {split: count / total for split, count in counts.items()}
    odd = [
        split
        for split, (low, high) in USUAL.items()
        if not low - SLACK <= shares[split] <= high + SLACK
    ]
    sizes = "/".join(f"{counts[split]:,}" for split in SPLITS)
    told = f"{sizes}, {'/'.join(f'{100 * shares[split]:.1f}' for split in SPLITS)} %"
    return Finding(not odd, told)


def strata_keep_their_shares(project: Project) -> Finding:
    """Every class, or quantile of a number, is in each split with that split's share."""
    counts = count_strata(project)
    total = sum(sum(row.values()) for row in counts.values())
    sizes = {split: sum(row[split] for row in counts.values()) for split in SPLITS}
    misses = {
        (name, split): abs(row[split] - sum(row.values()) * sizes[split] / total)
        - max(STRATUM_SLACK[0], STRATUM_SLACK[1] * sum(row.values()) * sizes[split] / total)
        for name, row in counts.items()
        for split in SPLITS
    }
    (name, split), worst = max(misses.items(), key=lambda item: item[1])
    has = f"{name}: {counts[name][split]} of {sum(counts[name].values())} in {split}"
    return Finding(worst <= 0, f"{len(counts)} strata; furthest off {has}")


def count_strata(project: Project) -> dict[str, dict[str, int]]:
    """Class -> split -> items, counted again; of a number, its quantiles as `split` counted."""
    rows = read_split(project)
    if not are_classes(project):
        strata: dict[str, dict[str, int]] = project.figures("split")["strata"]
        return strata
    counts = {row["label"]: dict.fromkeys(SPLITS, 0) for row in rows}
    for row in rows:
        counts[row["label"]][row["split"]] += 1
    return counts


def no_content_is_in_two_splits(project: Project) -> Finding:
    """No content hash is in two splits, and every item is in one."""
    seen: dict[str, str] = {}
    leaks = []
    rows = read_split(project)
    for row in rows:
        if seen.setdefault(row["hash"], row["split"]) != row["split"]:
            leaks.append(row["id"])
    lost = sum(row["split"] not in SPLITS for row in rows)
    told = f"{len(seen):,} contents, {len(leaks)} in two splits"
    if lost:
        told += f", {lost} items in none"
    return Finding(not leaks and not lost, told)


def dev_and_test_hold_every_class(project: Project) -> Finding:
    """Validation and test have items of every class or quantile."""
    counts = count_strata(project)
    fewest, name, split = min(
        (row[split], name, split) for name, row in counts.items() for split in SPLITS[1:]
    )
    return Finding(fewest > 0, f"{len(counts)} strata; fewest {fewest} of {name} in {split}")


def dev_and_test_are_alike(project: Project) -> Finding:
    """A two-sample test of every watched feature does not tell validation from test."""
    values = project.figures("preprocess")["validation_against_test"]
    name = min(values, key=lambda feature: values[feature])
    corrected = min(1.0, values[name] * len(values))
    told = f"smallest p {corrected:.3f} ({name}, corrected for {len(values)} features)"
    return Finding(corrected >= REJECTED, told)


def dev_set_shows_the_expected_gain(project: Project) -> Finding:
    """The validation split can tell two models apart that differ by the charter's gain.

    The spread of one score is taken from the final evaluation's interval; two scores on the same
    items differ by no more than sqrt(2) of it.
    """
    figures = project.figures("evaluate")
    low, high = figures["interval"]
    confidence = NormalDist().inv_cdf(0.5 + project.cfg.evaluate.confidence / 2)
    items = count_by_split(read_split(project))["validation"]
    spread = (high - low) / 2 / confidence * (figures["items"] / items) ** 0.5
    factor = NormalDist().inv_cdf(1 - LEVEL / 2) + NormalDist().inv_cdf(POWER)
    smallest = factor * 2**0.5 * spread
    if are_classes(project):  # rule of three: no error in n items leaves up to 3 / n possible
        smallest = max(smallest, 3 / items)
    gain = project.answer("need.expected_gain")
    told = f"{items} items show a difference of {smallest:.3g}; expected gain {gain:g}"
    return Finding(smallest <= gain, told)
