"""Checks of phase 2 on versions of the data, and on the card that describes them."""

import re
from pathlib import Path

import yaml

from ..files import hash_file, hash_json, read_json
from .evidence import Evidence, NotYetError
from .problem import load_state
from .verdict import Finding

TRACKED = {
    "annotations": ("data/items.csv", "data/clean.csv", "data/versions"),
    "splits": ("data/splits.csv",),
    "data": ("data/processed",),
    "models": ("models/model.ckpt", "models/model.onnx"),
}


def data_version_is_recorded(project: Evidence) -> Finding:
    """One content hash in the data, the run and the model, with DVC's own id of the raw data."""
    folder = Path(project.cfg.paths.data_dir)
    project.figures("preprocess")
    state = load_state(project)
    paths = [
        folder / "clean.csv",
        folder / "splits.csv",
        *sorted((folder / "processed").glob("*.npy")),
    ]
    fitted = {part: state[part] for part in ("data", "task")}
    if hash_json([*((path.name, hash_file(path)) for path in paths), fitted]) != state["version"]:
        return Finding(False, "the processed files are not those that the version names")
    if not (folder / "versions" / f"{state['version']}.csv").exists():
        return Finding(False, f"version {state['version'][:8]} is not in {folder}/versions")
    project.figures("export")
    model = read_json(Path(project.cfg.paths.models_dir, "model.json"))
    versions = {
        "data": (state["version"], state["dvc"]),
        "run": (project.run["data_version"], project.run["data_dvc"]),
        "model": (model["data_version"], model["state"]["dvc"]),
    }
    told = ", ".join(f"{name} {version[:8]}" for name, (version, _) in versions.items())
    raw = Path(project.cfg.data.get("root") or project.cfg.data.path)
    if raw.with_name(f"{raw.name}.dvc").exists():
        ids = {name: (dvc or "none")[:8] for name, (_, dvc) in versions.items()}
        told += f"; DVC {', '.join(dict.fromkeys(ids.values()))}"
        if None in (dvc for _, dvc in versions.values()):
            return Finding(False, f"{told}: DVC's id of {raw} is not recorded")
    return Finding(len(set(versions.values())) == 1, told)


def preprocessing_is_documented(project: Evidence) -> Finding:
    """The data card names the present version and holds the very settings of preprocessing."""
    card = Path(next(iter(project.raw_report("data_card").files)))
    if not card.exists():
        raise NotYetError("run `data_card`")
    text = card.read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(.*?)\n```", text, re.DOTALL)
    described = (yaml.safe_load(block[1]) if block else None) or {}
    present = project.settings("preprocess")
    if described.get("preprocess") != present["preprocess"]:
        return Finding(False, f"{card} describes other settings than configs/preprocess holds")
    version = load_state(project)["version"]
    project.report("data_card")  # raises when it no longer holds
    told = f"{card}: version {version[:8]}, settings {hash_json(present)[:8]}"
    if described != present or version not in text or hash_json(present) not in text:
        return Finding(False, f"{card} was changed by hand, or is of another version")
    return Finding(True, told)


def storage_is_planned(project: Evidence) -> Finding:
    """Data, splits, annotations and models are outputs that DVC keeps by content."""
    stages = yaml.safe_load(Path("dvc.yaml").read_text("utf-8"))["stages"]
    outputs = [out for stage in stages.values() for out in stage.get("outs", [])]
    options = [out if isinstance(out, dict) else {out: {}} for out in outputs]
    kept = {name for out in options for name, how in out.items() if how.get("cache", True)}
    loose = [path for paths in TRACKED.values() for path in paths if path not in kept]
    told = f"{', '.join(TRACKED)}: {len(kept)} outputs under DVC"
    told = f"not under DVC: {', '.join(loose)}" if loose else told
    return Finding(not loose, told, proof="present")
