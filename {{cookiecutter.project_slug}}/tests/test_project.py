"""The config composes, every stage runs, and own code uses only public names of the kit."""

import json
import subprocess
import sys
from pathlib import Path

import dlproof
import pytest
import yaml
from dlproof import UserError
from dlproof.manifest import read_manifest
from dlproof.pipeline import render_dvc
from dlproof.public import find_private_imports

from {{ cookiecutter.package_name }}.config import Config
from {{ cookiecutter.package_name }}.project import PROJECT

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[1]
GROUPS = sorted(path for path in (ROOT / "configs").iterdir() if path.is_dir())
OPTIONS = [(group.name, path.stem) for group in GROUPS for path in sorted(group.glob("*.yaml"))]
OWN = [stage for stage in PROJECT.stages.values() if not stage.is_tool]
SECTIONS = sorted(Config.model_fields.keys() - dlproof.Config.model_fields.keys())
PATCHED: list[str] = []  # files of the kit that this project has changed on purpose


def choose(group, option):
    """The override for an option, with a value for each that it leaves open."""
    text = (ROOT / "configs" / group / f"{option}.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text) or {}
    missing = [f"{group}.{key}=given" for key, value in values.items() if value == "???"]
    return [f"{group}={option}", *missing]


@pytest.fixture
def at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.config
@pytest.mark.parametrize(("group", "option"), [o for o in OPTIONS if o[0] != "hydra"])
def test_the_config_composes_with_every_option_of_every_group(at_root, group, option):
    PROJECT.compose(choose(group, option))


@pytest.mark.config
@pytest.mark.parametrize("section", SECTIONS)
def test_settings_of_own_stages_refuse_a_key_that_they_do_not_know(project, compose, section):
    with pytest.raises(UserError, match=f"{section}.unheard is unknown"):
        compose(f"+{section}.unheard=1")


@pytest.mark.pipeline
@pytest.mark.parametrize("stage", [s for s in OWN if s.in_pipeline], ids=lambda stage: stage.name)
def test_every_own_stage_runs_after_what_it_reads_and_writes_its_outputs(finished, stage):
    report = json.loads(Path("reports", f"{stage.name}.json").read_text())
    assert report["summary"]
    assert not report["failures"]
    assert all(Path(path).exists() for path in stage.outs)
    assert set(report["made_from"]["reports"]) == set(stage.reads)


def test_dvc_yaml_is_what_the_table_of_stages_makes(at_root):
    assert Path("dvc.yaml").read_text(encoding="utf-8") == render_dvc(PROJECT), "run `make dvc`"


def test_the_kit_is_as_released_except_for_what_is_patched_on_purpose():
    kit = ROOT / "kit"
    assert read_manifest(kit / "MANIFEST").find_patched(kit) == PATCHED


def test_own_code_uses_only_public_names_of_the_kit():
    assert find_private_imports(ROOT / "src") == []


def test_data_commands_start_without_torch():
    stages = [PROJECT.stages[name] for name in ("ingest", "split", "serve")]
    listing = "; ".join(f"import {stage.package}.{stage.module}" for stage in stages)
    code = f"import sys; {listing}; sys.exit('torch' in sys.modules)"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == 0
