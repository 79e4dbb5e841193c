"""Learning rates that `find_lr` suggests on other processors' arithmetic, and DL-21.1's verdict.

Run `python benchmarks/finder.py`. Each default network and data set is tried with the kernels that
PyTorch and oneDNN keep for older processors, with one thread and two, and with several seeds. With
`--options` it is every network and optimizer of the project, with this machine's kernels; those
that start from weights start from scratch. The bar: everything is verified, and not near the bound.
"""

import argparse
import itertools
import json
import logging
import math
import os
import tempfile
import warnings
from pathlib import Path
from types import SimpleNamespace

from projects import PACKAGE, generate, list_sources, run_python

STAGES = ("ingest", "clean", "split", "preprocess")
PROJECTS = {
    "digits, resnet_tiny": {"data_type": "image"},
    "breast_cancer, mlp": {"data_type": "tabular"},
    "diabetes, mlp": {"data_type": "tabular", "task": "regression"},
}
SETTINGS = {  # None: the machine's own
    "ATEN_CPU_CAPABILITY": (None, "avx2", "default"),
    "ONEDNN_MAX_CPU_ISA": (None, "AVX2", "SSE41"),
    "OMP_NUM_THREADS": ("1", "2"),
}


def run(project: Path, settings: dict[str, str | None], *command: object) -> str:
    """What Python prints in a project, under settings of its kernels."""
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    kept |= {"PYTHONPATH": os.pathsep.join(list_sources(project)), "WANDB_MODE": "offline"}
    kept["OMP_WAIT_POLICY"] = "passive"  # threads that wait take no core from other work
    kept |= {name: value for name, value in settings.items() if value is not None}
    return run_python(project, *command, environment=kept)


def suggest(seeds: int, overrides: list[str]) -> None:
    """Prints rate, suggestion, and whether DL-21.1 is met, for each seed; within a project."""
    from dlproof.checklist.ablation import rate_is_near_the_suggestion
    from dlproof.training import find_lr
    from generated.project import PROJECT

    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    found = []
    for seed in range(seeds):
        cfg = PROJECT.compose([f"seed={seed}", "trainer=cpu", *overrides])
        figures = find_lr.run(cfg, PROJECT).figures
        seen = SimpleNamespace(cfg=cfg, figures={"find_lr": figures}.get)
        verdict = rate_is_near_the_suggestion(seen)
        near = verdict.figure.endswith("near the bound")
        found.append((cfg.optimizer.lr, figures["suggestion"], verdict.holds, near))
    print(json.dumps(found))


def print_row(name: str, found: list[tuple[float, float, bool, bool]]) -> None:
    """Range of the suggestions, the farthest that the default is off, and the verdicts."""
    suggestions = [suggestion for _, suggestion, _, _ in found]
    apart = max(abs(math.log10(rate / suggestion)) for rate, suggestion, _, _ in found)
    met, near = (sum(row[place] for row in found) for place in (2, 3))
    print(
        f"| {name} | {min(suggestions):g} to {max(suggestions):g} | {apart:.2f} "
        f"| {met} of {len(found)} | {near} |",
        flush=True,
    )


def try_settings(project: Path, name: str, seeds: int) -> None:
    """Prints a row for each setting of the kernels, and one for all."""
    whole = []
    for values in itertools.product(*SETTINGS.values()):
        settings = dict(zip(SETTINGS, values, strict=True))
        told = run(project, settings, __file__, "--one", f"--seeds={seeds}")
        found = json.loads(told.splitlines()[-1])
        print_row(f"{name}, {', '.join(value or 'own' for value in values)}", found)
        whole += found
    print_row(f"**{name}, all**", whole)


def try_options(project: Path, name: str, seeds: int) -> None:
    """Prints a row for each network and optimizer, over one thread and two."""
    models, optimizers = (
        sorted((project / "configs" / group).glob("*.yaml")) for group in ("model", "optimizer")
    )
    for model, optimizer in itertools.product(models, optimizers):
        chosen = [f"model={model.stem}", f"optimizer={optimizer.stem}"]
        if "pretrained: true" in model.read_text(encoding="utf-8"):
            chosen.append("model.pretrained=false")
        found = []
        for threads in SETTINGS["OMP_NUM_THREADS"]:
            settings = {"OMP_NUM_THREADS": threads}
            told = run(project, settings, __file__, "--one", f"--seeds={seeds}", *chosen)
            found += json.loads(told.splitlines()[-1])
        data = name.partition(",")[0]
        print_row(f"{data}, {model.stem}, {optimizer.stem} {found[0][0]:g}", found)


def main() -> None:
    """Prints a row for each network and setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--options", action="store_true", help="networks and optimizers")
    parser.add_argument("--one", action="store_true", help="within a project, in figures")
    parser.add_argument("overrides", nargs="*", help="of the config, with --one")
    options = parser.parse_args()
    if options.one:
        suggest(options.seeds, options.overrides)
        return
    measure = try_options if options.options else try_settings
    print("| network | suggested | decades off | verified | near the bound |")
    print("| --- | --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, answers) in enumerate(PROJECTS.items()):
            (place := Path(folder, str(number))).mkdir()
            project = generate(place, package_name=PACKAGE, **answers)
            for stage in STAGES:
                run(project, {}, "-m", PACKAGE, stage)
            measure(project, name, options.seeds)


if __name__ == "__main__":
    main()
