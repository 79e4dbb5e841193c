"""Checks of phase 2 on what comes in: expectations, personal data, what must not be used."""

from pathlib import Path, PurePath
from typing import Any

from ..files import hash_file, read_json
from .evidence import Evidence, NotYetError
from .problem import load_state
from .tables import read_clean
from .verdict import Finding


def expectations_are_enforced(project: Evidence) -> Finding:
    """The file of expectations is the one that ingest enforced and that the model carries."""
    path = project.cfg.data.expectations
    if path is None:
        raise NotYetError("run `data expect`, and name the file in configs/data as `expectations`")
    if not Path(path).is_file():
        return Finding(False, f"{path} does not exist")
    enforced = project.figures("ingest")["expectations"]
    used = {row["id"] for row in read_clean(project) if row["unexpected"]}
    if used:
        return Finding(False, f"used although unexpected: {', '.join(sorted(used)[:3])}")
    project.figures("export")
    served = read_json(Path(project.cfg.paths.models_dir, "model.json"))["state"]["data"]
    carried = served.get("expectations", {})
    told = f"{path}: {enforced['rules']} rules, {enforced['unexpected_items']} unexpected items"
    listed = read_json(Path(project.cfg.paths.data_dir, "expectations.json"))
    for place, found in (("ingest", enforced["sha256"]), ("the model", carried.get("sha256"))):
        if found != hash_file(path):
            return Finding(False, f"{told}; {place} holds another version of it")
    same = carried["rules"] == listed["rules"] and bool(listed["rules"])
    return Finding(same, told if same else f"{told}; the model holds other rules")


def personal_data_is_answered(project: Evidence) -> Finding:
    """The charter says of every kind of personal data in the raw data why it may be there."""
    found: dict[str, Any] = project.figures("ingest")["personal"]
    answered = project.answer("data.personal_found")
    for kind in found.keys() - answered.keys():
        place = found[kind]["places"][0]
        return Finding(False, f"{kind} in {place}, and no answer in data.personal_found")
    if not found:
        return Finding(True, "nothing found")
    told = ", ".join(f"{found[kind]['count']} {kind}" for kind in found)
    return Finding(True, f"{told}; all answered", proof="attested")


def forbidden_columns_are_absent(project: Evidence) -> Finding:
    """No feature, source, origin or folder of the usable items is one that the charter forbids."""
    forbidden = {name.casefold(): name for name in project.answer("data.forbidden")}
    rows = read_clean(project)
    project.figures("preprocess")
    state = load_state(project)["data"]
    used = {*state.get("numeric", {}), *state.get("categories", {})}
    used |= {source["name"] for source in project.answer("data.sources")}
    used |= {row["origin"] for row in rows}
    used |= {part for row in rows for part in PurePath(row["source"]).parts}
    broken = sorted(forbidden[name.casefold()] for name in used if name.casefold() in forbidden)
    if broken:
        return Finding(False, f"forbidden and used: {', '.join(broken[:5])}")
    if not forbidden:
        return Finding(True, "none forbidden", proof="attested")
    return Finding(True, f"none of {len(forbidden)} forbidden")
