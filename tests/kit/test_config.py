"""The config composes, and what it refuses it names."""

import subprocess
import sys
from pathlib import Path

import pytest
from dlproof.cheatsheet import find_outside_range, load_cheatsheet
from dlproof.config import build, find_root, warn_outside_cheatsheet
from dlproof.errors import UserError
from own.project import PROJECT

from .projects import SORTS, configs

REQUIRED = {
    "data=folder": ["data.root=photos"],
    "data=csv": ["data.path=table.csv"],
    "split=predefined": ["split.path=splits.csv"],
}
OPTIONS = [
    (sort, path.parent.name, path.stem)
    for sort in SORTS
    for path in sorted((configs("own", sort) / "configs").glob("*/*.yaml"))
]


@pytest.fixture
def package():
    """The configs that are generated, with their many options."""
    return "own"


@pytest.fixture(autouse=True)
def in_project(in_configs):
    pass


def compose(overrides=()):
    return PROJECT.compose(overrides)


@pytest.mark.parametrize(
    ("sort", "group", "option"), [o for o in OPTIONS if o[1] != "hydra"], indirect=["sort"]
)
def test_every_option_composes_and_passes_the_schema(group, option):
    override = f"{group}={option}"
    compose([override, *REQUIRED.get(override, [])])


@pytest.mark.parametrize(
    ("sort", "group", "option"),
    [o for o in OPTIONS if o[1] in ("data", "task")],
    indirect=["sort"],
)
def test_every_option_of_the_two_axes_builds(group, option):
    override = f"{group}={option}"
    assert build(compose([override, *REQUIRED.get(override, [])])[group]).name


@pytest.mark.parametrize("sort", SORTS, indirect=True)
def test_the_defaults_lie_within_the_cheat_sheet():
    assert find_outside_range(compose(), Path("configs/cheatsheet.yaml")) == []


def test_every_row_of_the_cheat_sheet_has_a_default_within_its_own_range():
    for row in load_cheatsheet(Path("configs/cheatsheet.yaml")):
        values = row["default"] if isinstance(row["default"], list) else [row["default"]]
        if "range" in row:
            assert all(row["range"][0] <= value <= row["range"][1] for value in values), row
        else:
            assert set(values) <= set(row["options"]), row


def test_a_value_outside_its_range_is_named_with_the_note():
    cfg = compose(["optimizer.lr=0.3", "loader.batch_size=4"])
    findings = find_outside_range(cfg, Path("configs/cheatsheet.yaml"))
    assert len(findings) == 2
    assert "optimizer.lr=0.3" in findings[0]
    assert "1e-05 to 0.01" in findings[0]


def test_a_reason_explains_its_value_and_no_other(capsys):
    for value, is_explained in ((0.3, True), (0.5, False)):
        cfg = compose([f"optimizer.lr={value}", "strict=true"])
        cfg.reasons = {"optimizer.lr=0.3": "an experiment"}
        if not is_explained:
            with pytest.raises(UserError, match=r"optimizer\.lr=0\.5"):
                warn_outside_cheatsheet(cfg)
            cfg.strict = False
        warn_outside_cheatsheet(cfg)
        told = capsys.readouterr().out
        assert told.startswith("note: " if is_explained else "warning: ")
        assert ("an experiment" in told) == is_explained


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("optimizer.lrr=1", "did you mean optimizer.lr?"),
        ("optimizer=adamww", "did you mean adamw?"),
        ("+trainer.max_epoch=1", "did you mean max_epochs?"),
        ("optimizer.lr=fast", "optimizer.lr='fast'"),
        ("optimizer.lr=true", "optimizer.lr=True"),
        ("loader.batch_size=0", "greater than or equal to 1"),
        ("split.train=1.5", "split.train=1.5"),
        ("seed=-1", "seed=-1"),
        ("sanity=skip", "is a group: set its keys (steps, "),
        ("loader.num_workers=-1", "num_workers=-1 should be 'auto' or should be greater than"),
        ("trainer.max_epochs=-1", "greater than or equal to 1"),
        ("trainer.precision=9", "'bf16-mixed'"),
        ("trainer.limit_val_batches=0", "limit_val_batches=0 should be greater"),
        ("trainer.devices=0", "devices=0 should be"),
        ("trainer.devices=abc", "devices='abc' should be"),
        ("trainer.benchmark=true", "not in configs/ yet: add it with `+trainer.benchmark=…`"),
        ("trainer.benchmar=true", "did you mean trainer.benchmark?"),
        ("+trainer.benchmark=maybe", "benchmark='maybe' should be a valid boolean"),
        ("+trainer.benchmar=true", "did you mean benchmark?"),
        ("+trainer.logger=true", "logger cannot be set here, only by config group `logger`"),
        (
            "+trainer.default_root_dir=x",
            "default_root_dir cannot be set here, only by paths.runs_dir",
        ),
        ("trainer.val_check_interval=1.5", "val_check_interval=1.5 should be"),
        ("+optimizer.amsgrad=3", "amsgrad=3 should be a valid boolean"),
        ("+optimizer.amsgra=true", "did you mean amsgrad?"),
        ("optimizer.fused=true", "add it with `+optimizer.fused=…`"),
        ("optimizer.weight_decay=-1", "greater than or equal to 0"),
        ("logger=null", "logger=null leaves no logger. Options: csv, "),
        ("logger=[]", "logger=[] leaves no logger. Options: csv, "),
        ("model=3", "cannot be composed (model=3)"),
        ("tune.ranges={optimizer.lr:[1e-4,1e-3]}", "add them with `+tune.ranges=…`"),
        ("ablate.components={}", "such as `~ablate.components.augmentation`"),
    ],
)
def test_a_wrong_override_is_refused_with_the_nearest_key(override, words):
    with pytest.raises(UserError) as refusal:
        compose([override])
    assert words in str(refusal.value)


def test_what_a_class_of_ones_own_takes_needs_no_row_in_the_schema(monkeypatch, tmp_path):
    source = """
from dataclasses import dataclass
from own.data.image_augment import ImageAugmentation

@dataclass
class Blurred(ImageAugmentation):
    blur: float = 0.0

def polynomial(step, total, *, warmup, power=1.0):
    return (1 - step / total) ** power

def any_adam(params, lr, weight_decay, **options):
    pass
"""
    (tmp_path / "mine.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    named = [
        f"{g}._target_=mine.{c}"
        for g, c in (("augmentation", "Blurred"), ("schedule", "polynomial"))
    ]
    cfg = compose([*named, "+augmentation.blur=0.5", "+schedule.power=2"])
    assert (cfg.augmentation.blur, cfg.schedule.power) == (0.5, 2)
    for wrong, words in (
        ("+augmentation.blurr=0.5", "did you mean blur?"),
        ("+augmentation.blur=much", "blur='much' should be a valid number"),
        ("+schedule.state=2", "state is unknown"),  # which code passes
        ("+data.anything=2", "anything is unknown"),
    ):
        with pytest.raises(UserError) as refusal:
            compose([*named, wrong])
        assert words in str(refusal.value)
    assert compose(["optimizer._target_=mine.any_adam", "+optimizer.whatever=1"]).optimizer.whatever
    with pytest.raises(UserError, match=r"mine\.no_such cannot be imported"):
        compose(["optimizer._target_=mine.no_such", "+optimizer.whatever=1"])


def test_a_config_as_it_is_has_no_class_looked_up():
    code = (
        "import sys; from own.project import PROJECT; PROJECT.compose(['split=random']);"
        "sys.exit('torch' in sys.modules or 'lightning' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_serves_needs_no_torch_for_what_training_alone_is_given():
    given = "['+trainer.benchmark=true', '+optimizer.amsgrad=true']"
    code = (
        "import sys; from own.project import PROJECT; stages = PROJECT.stages;"
        f"[PROJECT.compose({given}, stages[s]) for s in ('serve', 'benchmark', 'predict')];"
        "sys.exit('torch' in sys.modules or 'lightning' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_a_command_does_not_use_is_refused_by_those_that_use_it(declared):
    for stage, wrong in (("benchmark", "trainer.unicorn"), ("split", "optimizer.unicorn")):
        assert declared.compose([f"+{wrong}=1"], declared.stages[stage])
        with pytest.raises(UserError, match=rf"{wrong} is unknown"):
            declared.compose([f"+{wrong}=1"], declared.stages["train"])
        with pytest.raises(UserError, match=rf"{wrong} is unknown"):
            declared.compose([f"+{wrong}=1"])
    with pytest.raises(UserError, match=r"benchmark\.unicorn is unknown"):
        declared.compose(["+benchmark.unicorn=1"], declared.stages["split"])
    given = ["trainer.max_epochs=many", "+trainer.benchmark=true"]
    with pytest.raises(UserError, match=r"trainer\.max_epochs='many'"):
        declared.compose(given, declared.stages["serve"])


def test_all_that_the_schema_refuses_is_named_at_once():
    wrong = {
        "optimizer.betas=null": "betas=None should be a valid list",
        "optimizer.eps=null": "eps=None should be a valid number",
        "+optimizer.momentum=null": "momentum=None should be a valid number",
        "+optimizer.nesterov=null": "nesterov=None should be a valid boolean",
        "+schedule.factor=-1": "factor=-1 should be greater than or equal to 0",
        "+schedule.start=2": "start=2 should be less than or equal to 1",
        "+schedule.end=null": "end=None should be a valid number",
        "find_lr.high=inf": "high=inf should be a finite number",
        "find_lr.steps=20": "steps=20 should be greater than or equal to 30",
    }
    with pytest.raises(UserError) as refusal:
        compose(list(wrong))
    assert all(words in str(refusal.value) for words in wrong.values())


def test_what_a_refusal_advises_composes():
    compose(["+tune.ranges={optimizer.lr: [1e-4, 1e-3]}", "~ablate.components.augmentation"])


@pytest.mark.parametrize(
    ("sort", "group", "option"),
    [o for o in OPTIONS if f"{o[1]}={o[2]}" in REQUIRED],
    indirect=["sort"],
)
def test_a_required_value_that_is_missing_is_named(group, option):
    (needed,) = REQUIRED[f"{group}={option}"]
    with pytest.raises(UserError, match=needed.partition("=")[0]):
        compose([f"{group}={option}"])


def test_debug_wins_over_an_experiment():
    experiment = next(option for _, group, option in OPTIONS if group == "experiment")
    cfg = compose([f"experiment={experiment}", "debug=limit"])
    assert cfg.trainer.max_epochs == 3


def test_commands_find_the_project_from_a_folder_inside_it(in_configs, tmp_path):
    assert find_root(in_configs / "configs" / "data") == in_configs.resolve()
    with pytest.raises(UserError, match="not inside a project"):
        find_root(tmp_path)
