"""The table of a project: its order, its seams, and how another process finds it."""

import pickle
import subprocess
import sys

import pytest
from dlproof import Project, Stage
from dlproof.project import SEAMS, load_project, sort_stages
from dlproof.stages import PHASES
from dlproof.tools import TOOLS
from toy.project import PROJECT

PLACES = dict.fromkeys(SEAMS, "nowhere:nothing")
OWN = [stage for stage in PROJECT.stages.values() if not stage.is_tool]


def make(name, phase=2, reads=(), **rest):
    return Stage(name, phase, name, name, reads=reads, **rest)


def test_stages_stand_by_phase_the_pipelines_first_and_each_behind_what_it_reads():
    table = [
        make("tool", in_pipeline=False),
        make("last", reads=("middle",)),
        make("later", phase=4),
        make("middle", reads=("first",)),
        make("first"),
        make("early", phase=1, reads=("last",)),
    ]
    assert list(sort_stages(table)) == ["early", "first", "middle", "last", "tool", "later"]


def test_the_toys_order_is_that_of_its_pipeline():
    phases = [stage.phase for stage in PROJECT.stages.values()]
    assert phases == sorted(phases)
    assert set(phases) == set(PHASES)
    data = [name for name, s in PROJECT.stages.items() if s.phase == 2 and s.in_pipeline]
    for stage in PROJECT.stages.values():
        known = [name for name in stage.reads if name in data and stage.name in data]
        assert all(data.index(name) < data.index(stage.name) for name in known), stage.name


def test_every_tool_of_the_kit_joins_the_projects_own_stages():
    assert {stage.name for stage in TOOLS} <= set(PROJECT.stages)
    own = {name for name, stage in PROJECT.stages.items() if not stage.is_tool}
    assert len(own) == 11
    assert own == set(PROJECT.stages) - {stage.name for stage in TOOLS}
    assert {PROJECT.stages[name].package for name in own} == {"toy"}


def test_a_project_is_pickled_as_the_place_where_it_stands():
    assert pickle.loads(pickle.dumps(PROJECT)) is PROJECT
    assert b"training" not in pickle.dumps(PROJECT)
    assert load_project("toy") is PROJECT


@pytest.mark.parametrize("seam", SEAMS)
def test_a_seam_is_what_its_place_names(seam):
    found = PROJECT.find(seam)
    module, _, name = PROJECT.places[seam].partition(":")
    assert (getattr(found, "__name__", "")).rpartition(".")[2] == (name or module)


def test_a_seam_that_is_not_there_is_found_only_when_it_is_asked_for():
    project = Project(package="toy", stages=OWN, **PLACES)
    with pytest.raises(ModuleNotFoundError, match=r"toy\.nowhere"):
        _ = project.open_data


def test_the_folder_is_that_of_the_package():
    assert (PROJECT.folder / "project.py").exists()


def test_help_imports_no_torch_and_no_own_module():
    code = (
        "import sys; from toy.project import PROJECT; PROJECT.main(['--help']);"
        "own = {name for name in sys.modules if name.startswith('toy.')};"
        "heavy = {'torch', 'lightning', 'pandas', 'hydra', 'pydantic'} & set(sys.modules);"
        "sys.exit(f'{own} {heavy}' if own != {'toy.project'} or heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "  train " in done.stdout


def test_the_config_of_the_project_holds_its_own_sections_and_the_kits(in_configs):
    cfg = PROJECT.compose(["clean.min_similarity=0.5", "sanity.steps=3"])
    assert (cfg.clean.min_similarity, cfg.sanity.steps) == (0.5, 3)


def test_a_stage_takes_its_options_before_what_is_given(project, monkeypatch):
    seen = []
    monkeypatch.setattr("dlproof.stage.execute", lambda p, stage, cfg: seen.append(cfg))
    PROJECT.run("crossvalidate")
    PROJECT.run("crossvalidate", ["split.folds=3"])
    assert [cfg.split.name for cfg in seen] == ["kfold", "kfold"]
    assert [cfg.split.folds for cfg in seen] == [5, 3]
