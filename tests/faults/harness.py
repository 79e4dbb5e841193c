"""Applies a fault to a copy of a finished project and reads the verdicts before and after."""

import importlib
import importlib.util
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

IMAGES = "image-classification"
TABLES = "tabular-classification"
NUMBERS = "tabular-regression"
EVIDENCE = ("reports/*.json", "runs/*/record.json", "runs/*/metrics.csv")


@dataclass(frozen=True)
class Fault:
    """One thing gone wrong.

    Attributes:
        bullet: The bullet that must turn from met to failing.
        text: The fault in a few words.
        apply: Does it to a workspace.
        also: Other bullets that rightly fail with it.
        option_set: The finished project it is done to.
        becomes: `failing`, or `to do` where an answer is taken away.
        given: What the finished project must be like before, where its defaults do not reach the
            bullet. Faults with the same one share what it leaves on the disk, and no patches.
        edits: Whether a report or a run's log is changed in place of the work that it is about, so
            that the check is tried and the stage is not. Held against what the fault does. An
            edit that shows, and turns the bullet stale, is the fault itself.
    """

    bullet: str
    text: str
    apply: Callable[["Workspace"], None]
    also: tuple[str, ...] = ()
    option_set: str = IMAGES
    becomes: str = "failing"
    given: Callable[["Workspace"], None] | None = None
    edits: bool = False


class Workspace:
    """A copy of a finished project, made of hard links: every change replaces a file.

    Args:
        root: The copy.
        package: Name of the project's package, importable.
        monkeypatch: Undoes patches when the test ends.
    """

    def __init__(self, root: Path, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.package, self.monkeypatch = root, package, monkeypatch
        self.left = self.read_evidence()

    @property
    def project(self) -> Any:
        """The project's stages and seams."""
        return importlib.import_module(f"{self.package}.project").PROJECT

    def module(self, name: str) -> Any:
        """A module of the project's package, such as `data.split`, or else of the kit."""
        own = importlib.util.find_spec(f"{self.package}.{name}") if self.has_room(name) else None
        return importlib.import_module(f"{self.package if own else 'dlproof'}.{name}")

    def has_room(self, name: str) -> bool:
        """Whether the project's package has the folder of a module."""
        source = Path(importlib.import_module(self.package).__file__).parent
        return source.joinpath(*name.split(".")[:-1]).is_dir()

    def find(self, module: str, name: str) -> Any:
        """What a module of the project's package, or else of the kit, has under a name."""
        return getattr(self._having(module, name), name)

    def _having(self, module: str, name: str) -> Any:
        """The module that has a name, the project's before the kit's."""
        own = self.module(module)
        return own if hasattr(own, name) else importlib.import_module(f"dlproof.{module}")

    def write(self, path: str, content: str | bytes, *, settled: bool = True) -> None:
        """Replaces or adds a file, leaving the original's alone.

        Args:
            path: From the project's root.
            content: Of the file.
            settled: Whether an output of a stage is as its run left it, so that the fault is the
                stage's; else it was edited behind the run.
        """
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        if settled:
            self.settle(path)

    def remove(self, path: str) -> None:
        """Removes a file or folder of the copy."""
        target = self.root / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    def edit(self, path: str, old: str, new: str, *, settled: bool = True) -> None:
        """Replaces text in a file, which must hold it; `settled` as in `write`."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text, f"{path} does not hold {old!r}"
        self.write(path, text.replace(old, new), settled=settled)

    def set_config(self, file: str, **values: Any) -> None:
        """Sets keys of `configs/<file>`; `a__b` is `a.b`."""
        self._set_yaml(f"configs/{file}", {k.replace("__", "."): v for k, v in values.items()})

    def charter(self, **values: Any) -> None:
        """Sets answers: `work.charter(**{"success.minimum": 2.0})`."""
        self._set_yaml("project.yaml", values)

    def _set_yaml(self, path: str, values: dict[str, Any]) -> None:
        content = yaml.safe_load((self.root / path).read_text(encoding="utf-8"))
        for key, value in values.items():
            *parents, last = key.split(".")
            node = content
            for part in parents:
                node = node[int(part)] if isinstance(node, list) else node[part]
            node[int(last) if isinstance(node, list) else last] = value
        self.write(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))

    def edit_report(self, stage: str, change: Callable[[dict[str, Any]], Any]) -> None:
        """Lets a stage find other figures, and have drawn the pictures that there are."""
        report = self.load(stage)
        change(report.figures)
        for name in report.pictures:
            report.add_picture(Path("reports", name))
        self.leave(report)

    def load(self, stage: str) -> Any:
        """A stage's report."""
        return self.module("report").load_report(stage, "reports")

    def leave(self, report: Any) -> None:
        """Writes a report as the run of its stage would; those made from it name it."""
        before = self.load(report.stage)
        self._seal(report)
        for name, stage in self.project.stages.items():
            if report.stage not in stage.reads or not Path("reports", f"{name}.json").exists():
                continue
            reader = self.load(name)
            named = reader.made_from["reports"]
            if named.get(report.stage) == before.digest_for(stage.deps):
                named[report.stage] = report.digest_for(stage.deps)
                self._seal(reader)
        if report.stage == "evaluate":
            cfg, store = self.project.compose(), self.module("data.store").load_store("data")
            importlib.import_module("dlproof.evaluation.evaluate").close(cfg, store, report)

    def _seal(self, report: Any) -> None:
        report.seal = report.compute_seal()
        report.write("reports")

    def settle(self, path: str) -> None:
        """Lets a file be as a run left it: its report has its hash, or its run's record."""
        for stage in self.project.stages:
            if not Path("reports", f"{stage}.json").exists():
                continue
            report = self.load(stage)
            kept = [name for name in report.files if f"{path}/".startswith(f"{name}/")]
            for name in kept:
                report.add_file(name)
            if kept:
                self.leave(report)
        parts = Path(path).parts
        if parts[0] == "runs":
            runs, folder = self.module("training.runs"), Path(*parts[:2])
            record = runs.read_record(folder)
            record["seal"] = runs.seal_record(folder, record)
            self.write(f"{folder}/record.json", json.dumps(record), settled=False)

    def run(self, *stages: str, overrides: Sequence[str] = ()) -> None:
        """Runs stages in this process."""
        for name in stages:
            with self.working():
                self.project.run(name, overrides)

    @contextmanager
    def working(self) -> Iterator[None]:
        """What is written meanwhile is the work's own."""
        before = self.read_evidence()
        try:
            yield
        finally:
            after = self.read_evidence()
            self.left |= {path: after[path] for path in after if after[path] != before.get(path)}

    def read_evidence(self) -> dict[str, bytes]:
        """What checks read, by path: reports, records and logs of runs."""
        found = (path for pattern in EVIDENCE for path in self.root.glob(pattern))
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}

    def find_edits(self) -> list[str]:
        """What was changed since the work wrote it, and passes for the work's."""
        now = self.read_evidence()
        changed = [path for path in now if now[path] != self.left.get(path)]
        return [path for path in changed if self._passes(Path(path))]

    def _passes(self, path: Path) -> bool:
        """Whether checks take what lies there for the work of a stage or a run."""
        if path.parts[0] == "runs":
            runs = self.module("training.runs")
            return runs.is_from_run(path.parent, runs.read_record(path.parent))
        return path.stem not in self.project.stages or self.load(path.stem).is_from_run

    def patch(self, module: str, name: str, value: Any) -> None:
        """Swaps something of a module, the project's before the kit's, until the test ends."""
        self.monkeypatch.setattr(self._having(module, name), name, value)

    def judge(self) -> dict[str, Any]:
        """The verdict of every bullet, as the project stands."""
        checklist = self.module("checklist.bullets").load_checklist()
        evidence = self.module("checklist.evidence").Evidence(self.project)
        return self.module("checklist.verdict").judge_all(checklist, evidence)
