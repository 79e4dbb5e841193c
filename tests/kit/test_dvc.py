"""`dvc.yaml` and `params.yaml` are written from the table of stages."""

import json
from pathlib import Path

import pytest
import yaml
from dlproof.closure import Code
from dlproof.config import to_plain
from dlproof.errors import UserError
from dlproof.inputs import describe_settled
from dlproof.pipeline import HEAD, describe_stage, render_dvc, run_pipeline, write_dvc, write_params
from dlproof.report import load_report
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


def test_dvc_watches_what_the_report_of_each_stage_is_compared_with(declared, in_configs):
    for name, entry in read_dvc(declared).items():
        if name == "config":
            continue
        stage = declared.stages[name]
        assert entry["cmd"] == f"{COMMAND} {name}"
        report = {f"reports/{name}.json": {"cache": False, "persist": True}}
        assert entry["outs"][-1] == report
        digests = [key for key in entry["params"] if isinstance(key, dict)]
        listed = [path for path in stage.deps if path.startswith("reports/")]
        assert digests == [{path: ["digest"]} for path in listed]
        files = [path for path in stage.deps if path not in listed]
        assert [path for path in entry["deps"] if "${" not in path] == files
        settled = describe_settled(Code(declared), stage, to_plain(declared.compose()))
        watched = [key for key in entry["params"] if isinstance(key, str)]
        named = {key.removeprefix(f"made_from.{name}.") for key in watched}
        sections = {key for key in named if key in settled["config"]}
        hashed = {key.removeprefix("config.") for key in named if key.startswith("config.")}
        assert sections | hashed == set(settled["config"])
        assert named >= settled.keys() - {"config", "answers"}
        assert ("answers" in named) == bool(settled["answers"])


def test_a_section_of_which_a_part_is_left_out_is_watched_by_its_hash(declared, in_configs):
    params = read_dvc(declared)["sanity"]["params"]
    assert "optimizer" not in params
    assert "made_from.sanity.config.optimizer" in params


def test_a_stage_reads_every_report_that_it_lists(declared):
    for package in ("toy", "own"):
        for stage in find_project(package).stages.values():
            listed = [Path(path).stem for path in stage.deps if path.startswith("reports/")]
            assert set(listed) <= set(stage.reads), stage.name


@pytest.mark.parametrize(
    ("sort", "key"), list(zip(SORTS, ("root", "path", "path"), strict=True)), indirect=["sort"]
)
def test_what_reads_raw_data_watches_it_where_the_data_type_has_it(declared, in_configs, key):
    assert read_dvc(declared)["ingest"]["deps"] == ["${data." + key + "}"]


def test_how_dvc_keeps_an_output_is_said_where_it_is_unusual():
    stage = Stage(
        *("card", 2, "card", "writes"),
        outs=("plain", "kept", "both"),
        kept=("kept", "both"),
        uncached=("both",),
    )
    assert describe_stage(stage, COMMAND, "root")["outs"][:-1] == [
        "plain",
        {"kept": {"persist": True}},
        {"both": {"cache": False, "persist": True}},
    ]


def test_what_a_stage_reads_is_what_another_makes(declared, in_configs):
    made = {"data/predictions_newest.json"}  # the service's
    stages = read_dvc(declared)
    for entry in stages.values():
        made |= {out if isinstance(out, str) else next(iter(out)) for out in entry.get("outs", [])}
    for name, entry in stages.items():
        if name not in ("config", "ingest"):
            assert set(entry["deps"]) <= made, name


@pytest.mark.parametrize("sort", SORTS, indirect=True)
def test_the_templates_file_is_the_one_that_its_table_gives(sort, tmp_path, monkeypatch):
    names = ("configs", "dvc.yaml", "expectations", "project.yaml", "requirements.lock")
    render(tmp_path, "own", sort, *names)
    for name in ("src", "kit/src"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "kit" / "MANIFEST").touch()
    monkeypatch.chdir(tmp_path)
    written = Path("dvc.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(written) == yaml.safe_load(render_dvc(find_project("own")))


def test_params_hold_the_config_and_what_each_stage_is_made_from(project, declared):
    path = write_params(declared, ["seed=7"])
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert params["seed"] == 7
    made_from = params["made_from"]
    assert set(made_from) == {s.name for s in declared.stages.values() if s.in_pipeline}
    assert len({made_from[name]["code"] for name in ("ingest", "clean", "train")}) == 3
    assert write_params(declared, ["seed=7"]).read_bytes() == path.read_bytes()


def test_a_report_holds_exactly_as_long_as_dvc_has_nothing_to_run(project, declared, run):
    """Both compare the same description: what the report recorded, and what is watched now."""
    run("ingest")
    recorded = load_report("ingest", "reports").made_from
    settled = describe_settled(
        Code(declared), declared.stages["ingest"], to_plain(declared.compose())
    )
    assert {key: recorded[key] for key in settled} == settled


def test_the_newest_prediction_is_named_before_any_stage_asks(project, declared):
    write_params(declared)
    assert json.loads(Path("data/predictions_newest.json").read_text()) == {}


def test_ten_numbers_and_a_runs_curves_are_shown(in_configs, declared):
    shown = yaml.safe_load(render_dvc(declared))
    assert shown["metrics"] == ["reports/dvc/metrics.json"]
    curves = [plot for plot in shown["plots"] if isinstance(plot, dict)]
    columns = [column for plot in curves for part in plot.values() for column in find_y(part)]
    assert {"train/loss", "val/loss", "val/${task.metric}", "learning_rate"} <= set(columns)


def find_y(plot):
    return next(iter(plot["y"].values()))


def test_the_file_is_written_with_what_it_is_for(project, declared):
    text = write_dvc(declared).read_text(encoding="utf-8")
    assert text.startswith(HEAD)
    assert yaml.safe_load(text)["stages"]["train"]["cmd"] == f"{COMMAND} train"


def test_the_pipeline_takes_no_values():
    with pytest.raises(UserError, match="takes its values from configs/"):
        run_pipeline(["seed=1"])
