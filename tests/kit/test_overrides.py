"""What the documentation of Hydra and Lightning shows is taken, or refused for a true reason."""

import logging
import shlex
from contextlib import suppress
from types import SimpleNamespace

import pytest
import torch
from dlproof import cli
from dlproof.config import to_plain
from dlproof.errors import UserError
from dlproof.training.module import build_optimizer
from dlproof.training.trainer import build_trainer
from omegaconf import OmegaConf

LIGHTNING = "lightning.pytorch"
LOCAL = f"{LIGHTNING}.plugins.environments.LightningEnvironment"
TAKEN = [
    ("trainer.max_time=00:12:00:00", "trainer.max_time", "00:12:00:00"),
    ("'trainer.max_time={hours: 12}'", "trainer.max_time.hours", 12),
    ("trainer.max_time=null", "trainer.max_time", None),
    ("trainer.max_steps=100", "trainer.max_steps", 100),
    ("trainer.val_check_interval=0.5", "trainer.val_check_interval", 0.5),
    ("trainer.val_check_interval=100", "trainer.val_check_interval", 100),
    ("trainer.limit_train_batches=0.1", "trainer.limit_train_batches", 0.1),
    ("trainer.overfit_batches=10", "trainer.overfit_batches", 10),
    ("trainer.fast_dev_run=7", "trainer.fast_dev_run", 7),
    ("trainer.gradient_clip_val=0.5", "trainer.gradient_clip_val", 0.5),
    ("+trainer.gradient_clip_algorithm=value", "trainer.gradient_clip_algorithm", "value"),
    ("trainer.accumulate_grad_batches=4", "trainer.accumulate_grad_batches", 4),
    ("trainer.profiler=simple", "trainer.profiler", "simple"),
    ("trainer.profiler=advanced", "trainer.profiler", "advanced"),
    ("trainer.precision=bf16-mixed", "trainer.precision", "bf16-mixed"),
    ("trainer.precision=64", "trainer.precision", 64),
    ("trainer.devices=auto", "trainer.devices", "auto"),
    ("trainer.devices=2", "trainer.devices", 2),
    ("trainer.deterministic=true", "trainer.deterministic", True),
    ("trainer.detect_anomaly=true", "trainer.detect_anomaly", True),
    (f"'trainer.plugins={{_target_: {LOCAL}}}'", "trainer.plugins._target_", LOCAL),
    (f"'trainer.plugins=[{{_target_: {LOCAL}}}]'", "trainer.plugins.0._target_", LOCAL),
    ("+trainer.benchmark=true", "trainer.benchmark", True),
    ("+trainer.barebones=false", "trainer.barebones", False),
    ("+trainer.inference_mode=false", "trainer.inference_mode", False),
    ("+trainer.enable_model_summary=true", "trainer.enable_model_summary", True),
    (
        "+trainer.reload_dataloaders_every_n_epochs=1",
        "trainer.reload_dataloaders_every_n_epochs",
        1,
    ),
    ("++trainer.max_epochs=5", "trainer.max_epochs", 5),
    ("++trainer.benchmark=false", "trainer.benchmark", False),
    ("+optimizer.fused=true", "optimizer.fused", True),
    ("+optimizer.foreach=false", "optimizer.foreach", False),
    ("optimizer.betas=[0.9,0.99]", "optimizer.betas", [0.9, 0.99]),
    ("optimizer=sgd optimizer.momentum=0.8", "optimizer.momentum", 0.8),
    ("optimizer._target_=torch.optim.NAdam", "optimizer._target_", "torch.optim.NAdam"),
    ("optimizer._target_=torch.optim.RAdam +optimizer.decoupled_weight_decay=true", "seed", 42),
    ("~callbacks.early_stopping", "callbacks.early_stopping", None),
    ("callbacks.early_stopping=null", "callbacks.early_stopping", None),
    ("callbacks.early_stopping.patience=3", "callbacks.early_stopping.patience", 3),
    ("callbacks=[ema]", "callbacks.weight_average.decay", 0.998),
    ("logger=tensorboard", "logger.csv", None),
    ("logger=[csv,tensorboard]", "seed", 42),
    ("goal='\"quoted: with, signs\"'", "goal", "quoted: with, signs"),
    ('''goal="'as, well'"''', "goal", "as, well"),
    ("'goal=plain words'", "goal", "plain words"),
    ("experiment={first_experiment}", "seed", 42),
    ("hydra.run.dir=elsewhere", "seed", 42),
    ("hydra.verbose=true", "seed", 42),
    ("hydra.job.chdir=false", "seed", 42),
    ("hydra/launcher=basic", "seed", 42),
    ("--run seed=3", "seed", 3),
    ("--config-name config seed=3", "seed", 3),
    ("seed=3 --config-name config", "seed", 3),
]
ADDED = [  # callbacks of Lightning's own
    ("ModelSummary", "max_depth: 2"),
    ("RichModelSummary", "max_depth: 2"),
    ("RichProgressBar", "leave: true"),
    ("TQDMProgressBar", "refresh_rate: 10"),
    ("StochasticWeightAveraging", "swa_lrs: 1e-2"),
    ("DeviceStatsMonitor", "cpu_stats: true"),
    ("Timer", "duration: '00:12:00:00'"),
    ("LambdaCallback", "on_fit_start: null"),
    ("BackboneFinetuning", "unfreeze_backbone_at_epoch: 2"),
    ("OnExceptionCheckpoint", "filename: last"),
]
SWEPT = [
    ("-m seed=1,2,3", "seed", [1, 2, 3]),
    ("--multirun seed=1,2", "seed", [1, 2]),
    ("seed=1,2 --multirun", "seed", [1, 2]),
    ("goal=x -m seed=1,2", "seed", [1, 2]),
    ("-m seed=range(1,4)", "seed", [1, 2, 3]),
    ("-m seed=choice(4,2)", "seed", [4, 2]),
    ("-m seed=shuffle(range(1,3)) hydra.sweep.dir=elsewhere", None, [None, None]),
    ("-m seed=sort(3,1,reverse=true)", "seed", [3, 1]),
    ("-m optimizer=glob(adam*)", "optimizer.name", ["adam", "adamw"]),
    ("-m optimizer=adam,sgd optimizer.lr=1e-3,1e-2", "optimizer.lr", [1e-3, 1e-2] * 2),
    ("-m optimizer.betas=[0.9,0.99],[0.8,0.9]", "optimizer.betas", [[0.9, 0.99], [0.8, 0.9]]),
]
REFUSED = [
    ("trainer.devices=[0,1]", "should be an int > 0"),
    ("trainer.precision=fp8", "'bf16-mixed'"),
    ("trainer.benchmark=true", "add it with `+trainer.benchmark=…`"),
    ("trainer.gpus=1", "unknown key trainer.gpus: did you mean trainer.devices?"),
    ("+trainer.gpus=1", "trainer.gpus is unknown: did you mean devices?"),
    ("trainer.callbacks=[]", "callbacks cannot be set here, only by config group `callbacks`"),
    ("+trainer.logger=false", "logger cannot be set here, only by config group `logger`"),
    ("+trainer.enable_checkpointing=false", "only by config group `callbacks`"),
    ("trainer.strategy=deepspeed", "deepspeed"),
    ("trainer.accelerator=tpu", "torch_xla"),
    ("'trainer.plugins={_target_: nowhere.Plugin}'", "No module named 'nowhere'"),
    ("+trainer.foo={a:1}", "trainer.foo is unknown"),
    ("+optimizer.unheard=1", "optimizer.unheard is unknown"),
    ("optimizer.momentum=0.8", "unknown key optimizer.momentum"),
    ("+optimizer.momentum=0.8", "optimizer=adamw cannot be built"),
    ("+callbacks.own._target_=nowhere.Own", "imported: No module named 'nowhere'"),
    ("+callbacks.timer._target_=lightning.pytorch.callbacks.Timer +callbacks.timer.x=1", "'x'"),
    ("seed=1,2", "`-m` runs the command once for each"),
    ("seed=range(1,4)", "--multirun"),
    ("seed=[1,2]", "seed=[1, 2] should be a valid integer"),
    ("~callbacks.unheard", "unheard"),
    ("seed", "missing EQUAL at '<EOF>'"),
    ("'goal=half (a text'", "quote a text with signs twice"),
    ("'goal=one, two'", "`'goal=\"one, two\"'` a text"),
    ("hydra/launcher=joblib", "joblib is not an option. Options: basic."),
    ("hydra/sweeper=optuna", "optuna is not an option. Options: basic."),
    ("hydra.run.unheard=1", "Hydra has no key hydra.run.unheard"),
    ("-m hydra.launcher.unheard=1 seed=1", "Hydra has no key hydra.launcher.unheard"),
    ("--config-name other", "Cannot find primary config 'other'"),
    ("-m optimizer.lr=interval(1e-4,1e-3)", "interval"),
    ("--resolve", "--cfg"),
    ("+experiment=unheard", "unheard is not an option"),
    ("++trainer.max_epoch=1", "did you mean max_epochs?"),
]
PRINTED = [
    ("--cfg job", "num_sanity_val_steps: 0"),
    ("--cfg hydra", "chdir:"),
    ("--cfg all --package trainer", "deterministic: warn"),
    ("--cfg job --resolve", "monitor: val/accuracy"),
    ("seed=3 --cfg job", "seed: 3"),
    ("--info defaults", "optimizer/adamw"),
    ("--info searchpath", "file://"),
    ("--hydra-help", "--multirun"),
    ("--version", "Hydra 1."),
]


@pytest.fixture
def package():
    return "own"


@pytest.fixture
def logs():
    """Leaves the logs as they were before Hydra has set them up."""
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    yield
    root.level, root.handlers = before


@pytest.fixture
def try_train(project, declared, tmp_path, monkeypatch, logs):
    """`try_train("seed=1")`: configs of the jobs, for whose values trainer and optimizer build."""
    jobs = []

    def build(project, stage, overrides, cfg):
        build_trainer(cfg, tmp_path)
        option = to_plain(cfg.optimizer)
        weights = torch.nn.Parameter(torch.zeros(2, 2))
        build_optimizer(option, [{"params": [weights], "weight_decay": option["weight_decay"]}])
        jobs.append(cfg)
        return SimpleNamespace(figures={})

    for module in ("launch", "sweep"):
        monkeypatch.setattr(f"dlproof.{module}.launch", build)

    def run(line):
        first = sorted(path.stem for path in (project / "configs" / "experiment").iterdir())[0]
        words = shlex.split(line.replace("{first_experiment}", first))
        cli.run_command(declared, "train", words)
        return jobs

    return run


def look_up(cfg, key):
    """A value of a config as plain Python."""
    found = None if key is None else OmegaConf.select(cfg, key)
    return OmegaConf.to_container(found) if OmegaConf.is_config(found) else found


@pytest.mark.parametrize(("line", "key", "value"), TAKEN, ids=[row[0] for row in TAKEN])
def test_an_override_is_taken(try_train, line, key, value):
    (cfg,) = try_train(line)
    assert look_up(cfg, key) == value


def test_a_setting_of_hydras_leaves_no_empty_log(try_train, project):
    try_train("hydra.job.chdir=false")
    assert list(project.glob("*.log")) == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "settings"), ADDED, ids=[row[0] for row in ADDED])
def test_a_callback_of_lightnings_own_is_added(try_train, name, settings):
    node = f"{{_target_: {LIGHTNING}.callbacks.{name}, {settings}}}"
    (cfg,) = try_train(f'"+callbacks.added={node}"')
    assert cfg.callbacks.added["_target_"].endswith(name)


@pytest.mark.slow
@pytest.mark.parametrize(("line", "key", "values"), SWEPT, ids=[row[0] for row in SWEPT])
def test_a_sweep_runs_each_value_once(try_train, line, key, values):
    assert [look_up(cfg, key) for cfg in try_train(line)] == values


@pytest.mark.parametrize(("line", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_an_override_is_refused_for_what_is_wrong_with_it(try_train, capsys, line, words):
    with pytest.raises((UserError, SystemExit)) as refusal:
        try_train(line)
    told = f"{refusal.value}{capsys.readouterr().err}"
    assert words in told
    assert "Traceback" not in told


@pytest.mark.parametrize(("line", "words"), PRINTED, ids=[row[0] for row in PRINTED])
def test_what_hydra_prints_runs_nothing(try_train, capsys, line, words):
    with suppress(SystemExit):  # as argparse ends behind the version
        assert try_train(line) == []
    assert words in capsys.readouterr().out
