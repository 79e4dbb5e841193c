"""Checks of phase 2 on faults of the data: found, set apart, filled or grouped."""

import math
from collections import Counter, defaultdict

from .data_split import sources_do_not_drift
from .evidence import Evidence
from .problem import load_state
from .tables import Row, are_classes, read_clean, read_items, read_rows
from .verdict import Finding

LABEL_SHIFT = 0.02  # by which cleaning may move a class's share
NAMED = 100  # items that a report lists at most
KEPT = 0.9  # share of items without classes that cleaning leaves
REPEATED = 0.1  # share that may be taken out as copies before a person should look


def cleaning_keeps_the_shares(project: Evidence) -> Finding:
    """Quarantine takes no special part of the data: classes keep their collected shares."""
    steady, found = sources_do_not_drift(project)
    if not steady:
        return Finding(False, found)
    if not are_classes(project):
        kept, items = len(read_clean(project)), len(read_items(project))
        return Finding(kept >= KEPT * items, f"{found}; {kept:,} of {items:,} items kept")
    before = Counter(row["label"] for row in read_items(project) if row["label"])
    after = Counter(row["label"] for row in read_clean(project))
    moved = {
        label: abs(after[label] / after.total() - count / before.total())
        for label, count in before.items()
    }
    worst = max(moved, key=lambda label: moved[label])
    told = f"{found}; cleaning moved the share of {worst} most, by {moved[worst]:.2%}"
    return Finding(moved[worst] <= LABEL_SHIFT, told)


def faults_of_the_data_are_listed(project: Evidence) -> Finding:
    """Exploring lists every unreadable item by name, and the copies and near copies it counts."""
    figures = project.figures("explore")
    items = read_items(project)
    unreadable, exact = figures["unreadable"], figures["duplicates"]
    near = figures["near_duplicates"]
    repeated = len(items) - len({row["hash"] or row["id"] for row in items})
    missing = figures.get("missing_cells", sum(not row["label"] for row in items))
    told = (
        f"{unreadable['count']} unreadable, {exact['count']} repeated, {near['count']} nearly, "
        f"{missing} missing"
    )
    known = project.figures("clean")["reasons"]["unreadable"]
    if unreadable["count"] != known or exact["count"] != repeated:
        return Finding(False, f"{told}; in fact {known} are unreadable and {repeated} repeated")
    quarantine = {row["id"] for row in read_rows(project, "quarantine.csv")}
    if set(unreadable["items"]) - quarantine or len(unreadable["items"]) != known:
        return Finding(False, f"{told}; the unreadable are not listed by name")
    if any(len(part["items"]) != min(part["count"], NAMED) for part in (exact, near)):
        return Finding(False, f"{told}; not all are listed by name")
    grouped = sum(count_near(read_clean(project)).values())
    return Finding(near["count"] >= grouped, f"{told}; `clean` grouped {grouped}")


def count_near(rows: tuple[Row, ...]) -> dict[str, int]:
    """Cluster -> different contents beside its first member's."""
    contents: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        contents[row["near"]].add(row["hash"])
    return {name: len(hashes) - 1 for name, hashes in contents.items() if name}


def corrupted_items_are_quarantined(project: Evidence) -> Finding:
    """Every unreadable item is in the quarantine with its reason, none is among the usable.

    Items that are equal by nature are not corrupted: where many went as copies, that is said.
    """
    figures = project.figures("clean")
    clean = {row["id"] for row in read_clean(project)}
    quarantine = {row["id"]: row["reason"] for row in read_rows(project, "quarantine.csv")}
    listed = {row["id"] for row in read_items(project)}
    broken = project.figures("explore")["unreadable"]["items"]
    passed = sorted((clean & set(quarantine)) | (clean & set(broken)))
    told = f"{len(quarantine)} of {len(listed):,} items quarantined"
    copies = sum(figures["reasons"].get(kind, 0) for kind in ("duplicate", "conflicting"))
    if copies > REPEATED * len(listed):
        told += f", near the bound: {copies:,} are copies (clean.duplicates=keep keeps them)"
    if passed:
        return Finding(False, f"{told}; yet usable: {', '.join(passed[:3])}")
    if clean | set(quarantine) != listed or not all(quarantine.values()):
        return Finding(False, f"{told}; some items are lost, or have no reason")
    same = figures["raw_hash_before"] == figures["raw_hash_after"]
    return Finding(same, f"{told}; raw data {'unchanged' if same else 'changed'}")


def missing_values_do_not_pass(project: Evidence) -> Finding:
    """No item without a label is usable; what is missing is dropped or has a finite stand-in."""
    unlabelled = sum(not row["label"] for row in read_clean(project))
    if unlabelled:
        return Finding(False, f"{unlabelled} items without a label are usable")
    project.figures("preprocess")
    numeric = load_state(project)["data"].get("numeric", {})
    fills = {name: fitted["fill"] for name, fitted in numeric.items()}
    empty = [name for name, fill in fills.items() if fill is None or not math.isfinite(fill)]
    if empty:
        return Finding(False, f"nothing fills {', '.join(empty[:5])}")
    if not project.figures("sanity")["batches"]["normalised"]["finite"]:
        return Finding(False, "a missing number reaches the network")
    clean = project.figures("clean")
    dropped, left = clean["reasons"].get("incomplete", 0), clean["incomplete_items"]
    if clean["policy"]["missing"] == "drop":
        return Finding(not left, f"{dropped} items with missing values dropped, {left} left")
    impute = project.cfg.preprocess.get("impute")
    told = f", filled with the training {impute}" if impute else ""
    return Finding(True, f"no label missing, {left} items with missing values{told}")


def duplicates_are_grouped(project: Evidence) -> Finding:
    """Copies are dropped or in one cluster, and so is every near copy that `explore` found."""
    figures = project.figures("clean")
    policy = figures["policy"]
    clean = {row["id"]: row for row in read_clean(project)}
    copies: dict[str, list[str]] = defaultdict(list)
    clusters: dict[str, list[str]] = defaultdict(list)
    for row in clean.values():
        copies[row["hash"]].append(row["near"])
        clusters[row["near"]].append(row["id"])
    clusters.pop("", None)
    repeated = [names for names in copies.values() if len(names) > 1]
    if any(policy["duplicates"] == "drop" or len(set(names)) > 1 for names in repeated):
        return Finding(False, f"{len(repeated)} contents are kept more than once, or not grouped")
    found = project.figures("explore")["near_duplicates"]["items"]
    both = [pair for pair in found.items() if set(pair) <= set(clean)]
    apart = [pair for pair in both if len({clean[item]["near"] or item for item in pair}) > 1]
    if apart:
        return Finding(False, f"{len(apart)} near pairs are not grouped, such as {apart[0]}")
    if any(name not in members or len(members) < 2 for name, members in clusters.items()):
        return Finding(False, "a cluster of near duplicates is not named by its first member")
    told = f"{figures['reasons'].get('duplicate', 0)} exact copies removed, "
    told += f"{figures['reasons'].get('nearly duplicate', 0)} near ones; {len(clusters)} clusters "
    return Finding(
        True, f"{told}of items with a similarity of {policy['min_similarity']:g} or more stay whole"
    )
