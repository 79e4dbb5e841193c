"""Checks of phase 2 on the splits."""

from collections import Counter
from itertools import pairwise
from math import ceil, log
from typing import Any

from ..significance import LEVEL, find_quantile, find_smallest
from .evidence import Evidence, NotApplicableError, NotYetError
from .tables import SPLITS, Row, are_classes, count_by_split, read_split
from .trend import find_drift
from .verdict import Finding

USUAL = {"train": (0.6, 0.9), "validation": (0.05, 0.2), "test": (0.05, 0.2)}
SLACK = 0.005  # for the rounding of small data
STRATUM_SLACK = (2.0, 0.05)  # items, or share of a stratum's, by which it may miss its share
REJECTED = 0.01  # p-value over all features together
SEPARABLE = 0.65  # area under the ROC curve: a classifier tells two sets apart
DRIFTED = 0.8  # the same for sources and periods, which differ somewhat by nature
CHANCE = 3.0  # standard deviations of that area where both sets are alike
DRAWN = ("stratified", "random", "kfold")  # methods whose splits differ by chance alone
WHOLE = {"hash": "contents", "near": "near-duplicate clusters", "group": "groups"}


def shares_are_usual(project: Evidence) -> Finding:
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
    return Finding(not odd, told, choices=choose_split(project))


def choose_split(project: Evidence) -> tuple[str, ...]:
    """`split` where a file says which item is where: the choice of whoever published it."""
    return ("split",) * (project.cfg.split.name == "predefined")


def strata_keep_their_shares(project: Evidence) -> Finding:
    """Every class, or quantile of a number, is in each split with that split's share.

    What belongs together is in one split, so a share may be off by the largest group.
    """
    if project.cfg.split.name == "temporal":
        raise NotApplicableError("split=temporal: classes come and go with time")
    counts = count_strata(project)
    total = sum(sum(row.values()) for row in counts.values())
    sizes = {split: sum(row[split] for row in counts.values()) for split in SPLITS}
    least = max(STRATUM_SLACK[0], find_largest_group(read_split(project)))
    misses = {
        (name, split): abs(row[split] - sum(row.values()) * sizes[split] / total)
        - max(least, STRATUM_SLACK[1] * sum(row.values()) * sizes[split] / total)
        for name, row in counts.items()
        for split in SPLITS
    }
    (name, split), worst = max(misses.items(), key=lambda item: item[1])
    has = f"{name}: {counts[name][split]} of {sum(counts[name].values())} in {split}"
    told = f"{len(counts)} strata; furthest off {has}"
    return Finding(worst <= 0, told, choices=choose_split(project))


def find_largest_group(rows: list[Row]) -> int:
    """Items of the largest group or near-duplicate cluster."""
    sizes = (Counter(row[key] for row in rows if row[key]) for key in ("group", "near"))
    return max((count for found in sizes for count in found.values()), default=1)


def count_strata(project: Evidence) -> dict[str, dict[str, int]]:
    """Class -> split -> items, counted again; of a number, its quantiles as `split` counted."""
    rows = [row for row in read_split(project) if row["split"]]
    if not are_classes(project):
        strata: dict[str, dict[str, int]] = project.figures("split")["strata"]
        return strata
    counts = {row["label"]: dict.fromkeys(SPLITS, 0) for row in rows}
    for row in rows:
        counts[row["label"]][row["split"]] += 1
    return counts


def nothing_is_in_two_splits(project: Evidence) -> Finding:
    """No content, near-duplicate cluster or declared group is in two splits, counted again.

    Every item is in a split, but for those that a split by time had to leave out.
    """
    rows = read_split(project)
    told, leaks, torn_groups = [], 0, False
    for key, name in WHOLE.items():
        pairs = {(row[key], row["split"]) for row in rows if row[key] and row["split"]}
        values = Counter(value for value, _ in pairs)
        torn = sorted(value for value, splits in values.items() if splits > 1)
        leaks += len(torn)
        torn_groups |= key == "group" and bool(torn)
        if values:
            first = f" ({torn[0]:.20})" if torn else ""
            told.append(f"{len(values):,} {name}, {len(torn)} in two splits{first}")
    lost = sum(row["split"] not in SPLITS for row in rows)
    if lost:
        told.append(f"{lost} items in none")
    meant = project.figures("split")["left_out"]["count"]
    choices = () if torn_groups or lost != meant else choose_split(project)
    return Finding(not leaks and lost == meant, "; ".join(told), choices=choices)


def training_never_sees_the_future(project: Evidence) -> Finding:
    """Every time in train is before every one in validation, and those before test."""
    if not project.cfg.data.time:
        raise NotApplicableError("no data.time is declared: items have no order")
    import pandas as pd

    from ..data.split_methods import parse_times

    rows = pd.DataFrame([row for row in read_split(project) if row["split"]])
    ends = parse_times(rows).groupby(rows["split"]).agg(["min", "max"])
    told = f"split={project.cfg.split.name}"
    for early, late in pairwise(SPLITS):
        if ends["max"][early] >= ends["min"][late]:
            past = f"{early} ends {ends['max'][early]}, {late} begins {ends['min'][late]}"
            return Finding(False, f"{told}: {past}")
    return Finding(True, f"{told}: {ends['max']['train']} < {ends['min']['test']}")


def the_plan_has_no_leaks(project: Evidence) -> Finding:
    """Nothing is in two splits and, where times are declared, training never sees the future."""
    whole = nothing_is_in_two_splits(project)
    if not whole.holds or not project.cfg.data.time:
        return whole
    order = training_never_sees_the_future(project)
    return Finding(order.holds, f"{whole.figure}; {order.figure}")


def dev_and_test_hold_every_class(project: Evidence) -> Finding:
    """Validation and test have items of every class or quantile.

    A number that drifts with time leaves quantiles out of a split by time: where a line through the
    training items leads to those of validation and test, that is no fault of the split.

    Raises:
        NotYetError: A class or quantile has so few items that chance may leave none in a split.
    """
    counts = count_strata(project)
    fewest, name, split = min(
        (row[split], name, split) for name, row in counts.items() for split in SPLITS[1:]
    )
    told = f"{len(counts)} strata; fewest {fewest} of {name} in {split}"
    if fewest > 0:
        return Finding(True, told)
    by_time = project.cfg.split.name == "temporal" and not are_classes(project)
    if by_time and (drift := find_drift(read_split(project))):
        return Finding(True, f"{told}: {drift}")
    items, total = sum(counts[name].values()), sum(sum(row.values()) for row in counts.values())
    share = sum(row[split] for row in counts.values()) / total
    chance = (1 - share) ** items
    if chance >= LEVEL:
        wanted = ceil(log(LEVEL) / log(1 - share))
        more = f"{wanted} items of it would tell"
        more += ", or split=stratified" if project.cfg.split.name in ("random", "kfold") else ""
        raise NotYetError(f"{told}, as in {chance:.0%} of all draws of its {items}: {more}")
    return Finding(False, told)


def dev_and_test_are_alike(project: Evidence) -> Finding:
    """Neither a test of every watched feature nor a classifier tells validation from test.

    Splits that are drawn must not differ from train either. Periods differ by nature: in a split
    by time the classifier's bound is wider, and p-values, which any trend brings down, do not
    count.
    """
    figures, method = project.figures("preprocess"), project.cfg.split.name
    values = figures["validation_against_test"]
    name = min(values, key=lambda feature: values[feature])
    corrected = min(1.0, values[name] * len(values))
    by_time = method == "temporal"
    apart, told = find_apart(figures["drift"]["splits"], DRIFTED if by_time else SEPARABLE)
    judged = [pair for pair in apart if method in DRAWN or "train" not in pair]
    told += f"; smallest p {corrected:.3f} ({name}, corrected for {len(values)} features)"
    return Finding(not judged and (by_time or corrected >= REJECTED), told)


def sources_do_not_drift(project: Evidence) -> tuple[bool, str]:
    """A classifier hardly tells one declared source from the others, or earlier from later items.

    Part of the check of what was collected: whether it holds, and the figures.

    Raises:
        NotYetError: The charter names several sources, and items do not say where they are from.
    """
    sources = project.answer("data.sources")
    if len(sources) > 1 and not project.cfg.data.origin:
        raise NotYetError(
            f"set data.origin: there are {len(sources)} sources, and items do not say which is "
            "theirs"
        )
    if not project.cfg.data.origin and not project.cfg.data.time:
        return True, "1 source, no dates"
    found = project.figures("preprocess")["drift"]
    apart, told = find_apart(found["origins"] | found["times"], DRIFTED)
    return not apart, told


def find_apart(pairs: dict[str, dict[str, Any]], bound: float) -> tuple[list[str], str]:
    """Pairs that a classifier tells apart by more than a bound and chance, and its scores."""
    told, apart = [], []
    for name, found in pairs.items():
        first, second = found["units"]
        if found["auc"] is None:
            told.append(f"{name}: too few to tell")
            continue
        # The deviation of Mann and Whitney's statistic where both sides are alike.
        chance = ((first + second + 1) / (12 * first * second)) ** 0.5
        limit = max(bound, 0.5 + CHANCE * chance)
        told.append(f"{name} {found['auc']:.2f}")
        if found["auc"] > limit:
            told[-1] += f" > {limit:.2f}"
            apart.append(name)
    return apart, "told apart (AUC): " + ", ".join(told)


def dev_set_shows_the_expected_gain(project: Evidence) -> Finding:
    """The validation split can distinguish two models that differ by the charter's gain.

    How far the model and the best baseline differ from item to item is taken from the interval of
    their difference in the final evaluation, whose items are of the same kind.
    """
    figures = project.figures("evaluate")
    low, high = figures["gain_interval"]
    items = count_by_split(read_split(project))["validation"]
    of_test = (high - low) / 2 / find_quantile((1 + project.cfg.evaluate.confidence) / 2)
    error = of_test * (figures["items"] / items) ** 0.5
    smallest = find_smallest(error, items if are_classes(project) else None)
    gain = project.answer("need.expected_gain")
    told = f"{items} items show a difference of {smallest:.3g}; expected gain {gain:g}"
    return Finding(smallest <= gain, told)
