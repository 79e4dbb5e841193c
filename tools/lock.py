"""Write both lock files: `make lock`, or `make lock UPGRADE=1` for the newest versions.

The generated project's lock holds what any option set needs, so that one lock is tested and one
environment serves all of them. The template's own is compiled under the same pins, so that both
go into one environment.
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[1]
TEMPLATE_LOCK = TEMPLATE / "requirements.lock"
PROJECT_LOCK = TEMPLATE / "{{cookiecutter.project_slug}}" / "requirements.lock"
OPTION_SETS = (
    {"data_type": "image", "task": "classification"},
    {"data_type": "tabular", "task": "classification"},
    {"data_type": "tabular", "task": "regression"},
)
# Every platform and Python, hashes, and nothing that names the machine it was written on.
FLAGS = (
    "--quiet",
    "--universal",
    "--python-version=3.11",
    "--fork-strategy=fewest",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-package=dlproof",  # the kit is in the project's tree: no hash, no index
)


def bake_every_option(folder: Path) -> list[Path]:
    """Generate one project for each option set, on one kit, and return their pyproject files."""
    os.environ["DL_TEMPLATE_QUIET"] = "1"
    config = folder / "cookiecutter.yaml"
    config.write_text(f"replay_dir: {folder / 'replay'}\ncookiecutters_dir: {folder / 'clones'}\n")
    projects = [
        cookiecutter(
            str(TEMPLATE),
            no_input=True,
            extra_context={**answers, "project_slug": f"locked-{number}"},
            output_dir=str(folder),
            config_file=str(config),
        )
        for number, answers in enumerate(OPTION_SETS)
    ]
    sources = [Path(project) / "pyproject.toml" for project in projects]
    for source in sources:  # the kits are equal, and only one of them can be `dlproof`
        text = source.read_text(encoding="utf-8").replace("{root:uri}", sources[0].parent.as_uri())
        source.write_text(text, encoding="utf-8")
    return sources


def compile_lock(uv: str, sources: list[Path], output: Path, extra: list[str]) -> None:
    """Pin the dependencies and the dev group of the sources; pins that still fit are kept."""
    groups = [f"--group={source}:dev" for source in sources]
    command = [uv, "pip", "compile", *FLAGS, *groups, *extra, f"--output-file={output}"]
    subprocess.run([*command, *map(str, sources)], check=True)
    pins = [line for line in output.read_text().splitlines() if not line.startswith(" ")]
    print(f"{output.relative_to(TEMPLATE)}: {len(pins)} packages")


def main() -> None:
    """Write the project's lock, then the template's under it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uv", default="uv", help="the uv to compile with")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    options = parser.parse_args()
    upgrade = ["--upgrade"] if options.upgrade else []
    with tempfile.TemporaryDirectory() as folder:
        compile_lock(options.uv, bake_every_option(Path(folder)), PROJECT_LOCK, upgrade)
    extra = [f"--constraints={PROJECT_LOCK}", *upgrade]
    compile_lock(options.uv, [TEMPLATE / "pyproject.toml"], TEMPLATE_LOCK, extra)


if __name__ == "__main__":
    main()
