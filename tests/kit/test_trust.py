"""What a file may have built is a short list, whatever way it asks for something else."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from dlproof.errors import UserError
from dlproof.project import Project
from dlproof.trust import DECLARED, refuse_foreign
from toy.project import PROJECT

NETWORK = {"_target_": "toy.network.Dense", "hidden_dim": 8}
FOREIGN = [
    "torch.utils.collect_env.run",
    "os.system",
    "builtins.eval",
    "hydra.utils.get_method",
    "hydra.utils.instantiate",
    "torch.nn.modules.module.os.system",
    "torch.nn.modules.module.torch.utils.collect_env.run",
    "torch.optim.lr_scheduler.partial",
    "torch.nn.functional.relu",
    "torch.nn.init.normal_",
    "torch.load",
    "timm.models.load_state_dict",
    "timm.create_model",
    "dlproof.files.write_json",
    "dlproof.project.Project",
    "dlproof.project.load_project",
    "dlproof.data.store.load_store",
    "dlproof.data.store.Path",
    "dlproof.data.ingest.Path.write_text",
    "toy.predict.Path",
    "toy.predict.run",
    "toy.network.torch.utils.collect_env.run",
    "toy.network.Dense.forward",
    "toy.network.build",
    "toy.project.PROJECT.main",
    "toy.project.Project",
    "toys.network.Dense",
    "models.evil.Network",
    "toy",
    "",
    ".toy.network.Dense",
    "toy.network",
    "toy.network.",
    "toy.network.Missing",
    "toy.missing.Dense",
    ["os.system"],
    {"_target_": "os.system"},
    None,
]


@pytest.mark.parametrize("target", FOREIGN, ids=str)
def test_what_no_model_consists_of_is_refused_with_its_name(target):
    for node in ({"_target_": target}, {"x": [0, ({"y": {"_target_": target}},)]}):
        with pytest.raises(UserError, match=r"m\.ckpt asks for|cannot be imported") as refused:
            refuse_foreign("m.ckpt", {"model": {**NETWORK, "nested": node}}, {"toy"})
        assert str(target) in str(refused.value)


@pytest.mark.parametrize(
    "target",
    [
        "toy.network.Dense",
        "toy.data.rows.Table",
        "toy.network.build_network",
        "torch.nn.Linear",
        "torch.optim.AdamW",
        "timm.optim.Lion",
        "timm.models.resnet.ResNet",
        "dlproof.tasks.FocalLoss",
        "dlproof.data.TableKind",
    ],
)
def test_what_models_consist_of_is_not(target):
    refuse_foreign("m.ckpt", {"model": {"_target_": target, "depth": 3, "bias": None}}, {"toy"})


def test_a_function_of_the_project_that_others_call_may_be_named():
    refuse_foreign("m.ckpt", {"s": {"_target_": "toy.module.cosine", "_partial_": True}}, {"toy"})
    with pytest.raises(UserError, match=r"toy\.module\.cosine in s,"):
        refuse_foreign("m.ckpt", {"s": {"_target_": "toy.module.cosine"}}, {"toy"})


@pytest.mark.parametrize("value", ["${oc.env:HOME}", "a ${x.y} b", "${hydra:runtime.cwd}"])
def test_a_file_refers_to_nothing_outside(value):
    with pytest.raises(UserError, match=r"m\.ckpt has .* in model\.sizes\.1"):
        refuse_foreign("m.ckpt", {"model": {**NETWORK, "sizes": [1, value]}}, {"toy"})


def test_a_group_that_is_text_would_be_read_as_yaml_and_is_refused():
    with pytest.raises(UserError, match="a text for task"):
        refuse_foreign("m.ckpt", {"task": "{_target_: os.system}"}, {"toy"})


def test_the_projects_that_are_imported_are_known_and_others_are_not(monkeypatch):
    monkeypatch.setattr("dlproof.project.DECLARED", known := set())
    own = [stage for stage in PROJECT.stages.values() if stage.package == "toy"]
    Project(package="another", stages=own, **PROJECT.places)
    assert known == {"another"}
    assert "toy" in DECLARED
    with pytest.raises(UserError, match=r"another\.network\.Dense"):
        refuse_foreign("m.ckpt", {"model": {"_target_": "another.network.Dense"}})


def test_nothing_is_imported_of_a_package_that_models_do_not_come_from(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    for name in ("__init__", "project"):
        (tmp_path / "models" / f"{name}.py").write_text("open('ran', 'w')\nPROJECT = None\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=r"models\.project\.Network"):
        refuse_foreign("m.ckpt", {"model": {"_target_": "models.project.Network"}}, {"toy"})
    assert not Path("ran").exists()


def test_an_object_counts_by_where_it_is_defined(monkeypatch):
    module = ModuleType("toy.borrowed")
    module.Popen = __import__("subprocess").Popen
    module.Network = type("Network", (), {"__module__": "toy.borrowed"})
    monkeypatch.setitem(sys.modules, "toy.borrowed", module)
    refuse_foreign("m.ckpt", {"model": {"_target_": "toy.borrowed.Network"}}, {"toy"})
    with pytest.raises(UserError, match=r"toy\.borrowed\.Popen"):
        refuse_foreign("m.ckpt", {"model": {"_target_": "toy.borrowed.Popen"}}, {"toy"})


def test_a_package_that_is_not_there_may_be_an_earlier_name_of_the_projects():
    node = {"model": {"_target_": "former.model.mlp.MLP"}}
    with pytest.raises(UserError, match=r"There is no former here: .* run `train` and `export`"):
        refuse_foreign("model.ckpt", node, {"toy"})
    with pytest.raises(UserError) as refusal:
        refuse_foreign("model.ckpt", {"model": {"_target_": "os.system"}}, {"toy"})
    assert "There is no" not in str(refusal.value)
