"""`dvc.yaml` and `params.yaml` are written from the table of stages."""

from pathlib import Path

import pytest
import yaml
from dlproof.errors import UserError
from dlproof.pipeline import HEAD, describe_stage, render_dvc, run_pipeline, write_dvc, write_params
from dlproof.stages import Stage

from .projects import SORTS, find_project, render

COMMAND = "python -m toy"


def read_dvc(project):
    return yaml.safe_load(render_dvc(project))["stages"]


def test_every_stage_of_the_pipeline_is_there_behind_the_config(declared, in_configs):
    stages = read_dvc(declared)
    expected = [stage.name for stage in declared.stages.values() if stage.in_pipeline]
    assert list(stages) == ["config", *expected]
    assert stages["config"]["cmd"] == f"{COMMAND} config"
    assert stages["config"]["outs"] == [{"params.yaml": {"cache": False}}]
    assert "configs" in stages["config"]["deps"]


def test_dvc_watches_the_settings_and_the_code_of_each_stage(declared, in_configs):
    for name, entry in read_dvc(declared).items():
        if name == "config":
            continue
        stage = declared.stages[name]
        assert entry["cmd"] == f"{COMMAND} {name}"
        assert entry["params"] == ["paths", "data", "task", *stage.settings, f"code.{name}"]
        assert entry["metrics"] == [{f"reports/{name}.json": {"cache": False, "persist": True}}]
        assert [*entry["deps"]][-len(stage.deps) or len(entry["deps"]) :] == [*stage.deps]


@pytest.mark.parametrize(
    ("sort", "key"), list(zip(SORTS, ("root", "path", "path"), strict=True)), indirect=["sort"]
)
def test_what_reads_raw_data_watches_it_where_the_data_type_has_it(declared, in_configs, key):
    assert read_dvc(declared)["ingest"]["deps"] == ["${data." + key + "}", "expectations"]


def test_how_dvc_keeps_an_output_is_said_where_it_is_unusual():
    stage = Stage(
        *("card", 2, "card", "writes"),
        outs=("plain", "kept", "both"),
        kept=("kept", "both"),
        uncached=("both",),
    )
    assert describe_stage(stage, COMMAND, "root")["outs"] == [
        "plain",
        {"kept": {"persist": True}},
        {"both": {"cache": False, "persist": True}},
    ]


def test_what_a_stage_reads_is_what_another_makes(declared, in_configs):
    made = {"project.yaml"}
    stages = read_dvc(declared)
    for entry in stages.values():
        made |= {out if isinstance(out, str) else next(iter(out)) for out in entry.get("outs", [])}
        made |= {next(iter(metric)) for metric in entry.get("metrics", [])}
    for name, entry in stages.items():
        if name not in ("config", "ingest"):
            assert set(entry["deps"]) <= made, name


@pytest.mark.parametrize("sort", SORTS, indirect=True)
def test_the_templates_file_is_the_one_that_its_table_gives(sort, tmp_path, monkeypatch):
    render(tmp_path, "own", sort, "configs", "dvc.yaml")
    for name in ("src", "kit/src"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "kit" / "MANIFEST").touch()
    monkeypatch.chdir(tmp_path)
    written = Path("dvc.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(written) == yaml.safe_load(render_dvc(find_project("own")))


def test_params_hold_the_config_and_a_hash_of_each_stages_code(project, declared):
    path = write_params(declared, ["seed=7"])
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert params["seed"] == 7
    assert set(params["code"]) == {s.name for s in declared.stages.values() if s.in_pipeline}
    assert len({params["code"][name] for name in ("ingest", "clean", "train")}) == 3
    assert write_params(declared, ["seed=7"]).read_bytes() == path.read_bytes()


def test_the_file_is_written_with_what_it_is_for(project, declared):
    text = write_dvc(declared).read_text(encoding="utf-8")
    assert text.startswith(HEAD)
    assert yaml.safe_load(text)["stages"]["train"]["cmd"] == f"{COMMAND} train"


def test_the_pipeline_takes_no_values():
    with pytest.raises(UserError, match="takes its values from configs/"):
        run_pipeline(["seed=1"])
