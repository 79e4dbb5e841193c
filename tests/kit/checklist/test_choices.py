"""What is chosen against a rule of thumb is attested by its reason, and failing without."""

import shutil
from types import SimpleNamespace

import pytest
from dlproof.checklist import (
    ablation,
    data_augment,
    data_loading,
    data_split,
    model,
    training,
    training_log,
    verdict,
)
from dlproof.checklist.bullets import ScoreTest
from dlproof.checklist.evidence import NotApplicableError
from dlproof.checklist.verdict import Finding, judge_check
from dlproof.config import compose, find_mistakes, to_plain
from omegaconf import OmegaConf
from own.config import Config

REASON = "Batch norms bound the gradients here"
CLIP = "trainer.gradient_clip_val"
RECIPES = ("cifar10_resnet18", "cifar10_resnet18_fast", "imagenet_resnet50")
RECIPES += ("imagenet_efficientnet_b0",)
SPLITS = {"train": 12000, "validation": 120, "test": 500}  # about ImageNet's
SOME = ScoreTest("X-1", "model", "It holds.", (), check="a.check")


def judge(check, project, monkeypatch):
    """The verdict of a check of a project as it is now."""
    project.checked = {}
    monkeypatch.setattr(verdict, "find_check", lambda name, known: check)
    return judge_check(SOME, project)


def choose(reasons, **settings):
    """A project with these settings, of which `gradient_clip_val` is one."""
    cfg = {"trainer": {"gradient_clip_val": None} | settings, "split": {"name": "predefined"}}
    return SimpleNamespace(cfg=OmegaConf.create(cfg | {"reasons": reasons}), project=None)


def find(*choices):
    return lambda project: Finding(False, "not clipped", choices=choices)


@pytest.mark.parametrize("written", ["null", "~", "Null"])
def test_a_choice_with_its_reason_is_attested_and_shows_it(monkeypatch, written):
    found = judge(find(CLIP), choose({f"{CLIP}={written}": REASON}), monkeypatch)
    assert found.status == "attested"
    assert found.figure == f"not clipped; chosen: {REASON}"


def test_an_option_of_a_group_is_a_choice_too(monkeypatch):
    project = choose({"split=predefined": REASON})
    assert judge(find("split"), project, monkeypatch).status == "attested"


@pytest.mark.parametrize(
    ("reasons", "choices"),
    [
        ({}, (CLIP,)),
        ({f"{CLIP}=10.0": REASON}, (CLIP,)),
        ({f"{CLIP}=null": ""}, (CLIP,)),
        ({CLIP: REASON}, (CLIP,)),
        ({f"{CLIP}=null": REASON}, ()),
        ({f"{CLIP}=null": REASON}, (CLIP, "split")),
        ({"split=random": REASON}, ("split",)),
        ({"trainer=null": REASON}, ("trainer",)),
    ],
    ids=["none", "of another value", "empty", "of any value", "no choice", "half", "group", "open"],
)
def test_no_other_reason_helps(monkeypatch, reasons, choices):
    assert judge(find(*choices), choose(reasons), monkeypatch).status == "failing"


def test_a_choice_without_a_reason_says_where_one_goes(monkeypatch):
    figure = judge(find(CLIP), choose({}), monkeypatch).figure
    told = "if this was chosen on purpose, say why in `reasons` in configs/"
    assert figure == f"not clipped; {told}: {CLIP}=null"


def test_what_holds_needs_no_reason(monkeypatch):
    def check(project):
        return Finding(True, "clipped to 1", choices=(CLIP,))

    found = judge(check, choose({f"{CLIP}=null": REASON}), monkeypatch)
    assert (found.status, found.figure) == ("verified", "clipped to 1")


@pytest.mark.parametrize("reason", ["", "because", "x1 x1"])
def test_a_word_is_no_reason(at_root, reason):
    cfg = to_plain(compose([]))
    cfg["reasons"] = {f"{CLIP}=null": reason}
    (mistake,) = find_mistakes(cfg, Config)
    assert mistake.startswith(f"reasons.{CLIP}=null={reason!r} must say in a sentence why")


def test_a_reason_names_its_value(at_root):
    cfg = to_plain(compose([]))
    cfg["reasons"] = {CLIP: REASON}
    (mistake,) = find_mistakes(cfg, Config)
    assert f"has no value: write `{CLIP}=value: why`" in mistake


def finish(name, monkeypatch):
    """The evidence that a finished run of a recipe leaves, as far as its choices decide."""
    cfg = compose([f"experiment={name}", "data.root=data"])
    figures = {
        "sanity": {
            "family": "cnn",
            "dropout": [],
            "trainable": 11_000_000,
            "ladder": {"resnet_tiny": 300_000, cfg.model.name: 11_000_000},
            "batches": {"changed": {"train": 0.99}},
        },
        "split": {"items": SPLITS, "left_out": {"count": 0}},
        "train": {
            "total_steps": 1000,
            "groups": [{"weight_decay": 0.0, "vectors": 9}],
            "epochs": 20,
            "steps": 1000,
        },
        "find_lr": {
            "suggestion": 0.002,
            "rates": [10 ** (step - 6) for step in range(11)],
            "losses": [2.0] * 5 + [1.0] * 6,
        },
    }
    record = {"parameters": 11_000_000, "architecture": cfg.model.name, "metrics": {}}
    run = record | {"id": "exp", "optimizer": {"lr": cfg.optimizer.lr}}
    state = {"data": {"shapes": {"image": [3, 32, 32]}}, "task": {"classes": list("abcdefghij")}}
    rows = [
        {"split": split, "label": str(item % 7), "hash": f"{item % 600}", "near": "", "group": ""}
        for split, count in SPLITS.items()
        for item in range(count)
    ]
    monkeypatch.setattr(data_split, "read_split", lambda project: rows)
    monkeypatch.setattr(model, "load_state", lambda project: state)
    monkeypatch.setattr(model, "finished_runs", lambda project: [run])
    return SimpleNamespace(
        cfg=cfg,
        project=None,
        figures=figures.get,
        run=run,
        log={"val/accuracy": [0.5, 0.9]},
        hold_picture=lambda name: None,
        charter=SimpleNamespace(get=lambda key: SimpleNamespace(state="done", value="accuracy")),
    )


CHOICES = (
    ablation.rate_is_near_the_suggestion,
    data_augment.training_items_are_augmented,
    data_loading.batch_size_is_usual,
    data_split.nothing_is_in_two_splits,
    data_split.shares_are_usual,
    data_split.strata_keep_their_shares,
    model.dropout_is_usual,
    model.samples_outnumber_parameters,
    model.simplest_model_ran_first,
    model.weight_decay_is_usual_and_spares_norms,
    training.adam_has_usual_betas,
    training.adamw_has_usual_rate_and_decay,
    training.gradients_are_clipped,
    training.runs_follow_the_success_metric,
    training.sgd_has_momentum,
    training_log.patience_ends_a_flat_run,
    training_log.rates_rise_over_the_warmup,
)


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_a_recipe_does_against_a_rule_has_its_reason(at_root, monkeypatch, recipe):
    monkeypatch.setattr(training_log, "read_rates", lambda _: [(0, 0.001), (100, 0.1)])
    project = finish(recipe, monkeypatch)
    verdicts = {check.__name__: judge(check, project, monkeypatch) for check in CHOICES}
    assert {v.status for v in verdicts.values()} <= {"verified", "present", "attested", "n/a"}, (
        verdicts
    )
    project.cfg.reasons = {}
    bare = {
        check.__name__
        for check in CHOICES
        if judge(check, project, monkeypatch).status == "failing"
    }
    assert {name for name, found in verdicts.items() if found.status == "attested"} - bare <= {
        "rates_rise_over_the_warmup"  # a CNN can do without, with a reason or not
    }
    assert {"gradients_are_clipped", "patience_ends_a_flat_run", "shares_are_usual"} <= bare


def test_items_that_belong_together_are_torn_by_no_choice(at_root, monkeypatch):
    project = finish("cifar10_resnet18", monkeypatch)
    rows = data_split.read_split(project)
    assert judge(data_split.nothing_is_in_two_splits, project, monkeypatch).status == "attested"
    for row in rows:
        row["group"] = f"patient {int(row['hash']) % 50}"
    assert judge(data_split.nothing_is_in_two_splits, project, monkeypatch).status == "failing"


@pytest.fixture
def sgd_only(untouched, monkeypatch):
    """A project that has thrown out every optimizer but SGD."""
    for path in (untouched / "configs" / "optimizer").glob("*.yaml"):
        if path.stem != "sgd":
            path.unlink()
    root = untouched / "configs" / "config.yaml"
    root.write_text(root.read_text().replace("optimizer: adamw", "optimizer: sgd"))
    shutil.rmtree(untouched / "configs" / "experiment")
    return SimpleNamespace(cfg=compose([]), project=None, figures=lambda stage: {})


def test_a_project_with_sgd_alone_is_held_to_sgds_values(sgd_only, monkeypatch):
    found = judge(training.adamw_has_usual_rate_and_decay, sgd_only, monkeypatch)
    assert (found.status, found.figure) == ("verified", "sgd: lr=0.01, weight_decay=0.0005")
    assert judge(training.sgd_has_momentum, sgd_only, monkeypatch).status == "verified"
    with pytest.raises(NotApplicableError, match="has no Adam"):
        training.adam_has_usual_betas(sgd_only)
    sgd_only.cfg.optimizer.lr = 0.5
    assert judge(training.adamw_has_usual_rate_and_decay, sgd_only, monkeypatch).status == "failing"


def test_a_reason_for_the_chosen_rate_excuses_no_other_option(untouched, monkeypatch):
    option = untouched / "configs" / "optimizer" / "adamw.yaml"
    option.write_text(option.read_text().replace("lr: 3.0e-4", "lr: 0.3"))
    cfg = compose(["optimizer=sgd", "optimizer.lr=0.1"])
    project = SimpleNamespace(cfg=cfg, project=None, figures=lambda stage: {})
    project.cfg.reasons = {"optimizer.lr=0.1": REASON, "optimizer.lr=0.3": REASON}
    found = judge(training.adamw_has_usual_rate_and_decay, project, monkeypatch)
    assert found.status == "failing"
    assert "adamw.yaml: optimizer.lr=0.3" in found.figure
