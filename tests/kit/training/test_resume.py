"""A run that was killed ends as if it had not been; what cannot go on is refused in a sentence."""

import json
import random
import shutil
from pathlib import Path

import pytest
import torch
from dlproof.data import stream
from dlproof.data.load import EpochSampler
from dlproof.errors import Terminated, UserError
from dlproof.files import write_json
from dlproof.model.checkpoint import read_checkpoint
from dlproof.training.checkpoints import STATE, ResumeCheckpoint
from dlproof.training.resume import find_begun, find_checkpoint, find_run, rewind
from dlproof.training.runs import read_config
from lives import Nursery, same_end
from omegaconf import OmegaConf
from toy.module import Module
from toy.network import Dense

SHORT = (
    "trainer.max_epochs=3",
    "trainer.accelerator=cpu",
    "logger=[csv]",
    "loader.batch_size=16",
    "callbacks.resume.every_n_train_steps=2",
    "callbacks.periodic.every_n_epochs=1",
)


@pytest.fixture
def stop(checked, run, monkeypatch):
    """`stop(*overrides)`: a signal stops a run after that many batches; gives the run's folder."""
    save_if_due = ResumeCheckpoint.save_if_due

    def begin(*overrides, batches=5):
        def signal_in_time(self, trainer, is_end):
            if trainer.fit_loop.total_batch_idx + 1 >= batches:
                self.note_signal(15, None)
            save_if_due(self, trainer, is_end)

        with monkeypatch.context() as patch:
            patch.setattr(ResumeCheckpoint, "save_if_due", signal_in_time)
            with pytest.raises(Terminated, match="resume=exp"):
                run("train", *SHORT, *overrides)
        return max((checked / "runs").iterdir())

    return begin


@pytest.fixture
def stopped(stop):
    return stop()


def states(folder):
    return sorted(path.name for path in (folder / "checkpoints").glob("resume-*.ckpt"))


@pytest.mark.slow
@pytest.mark.parametrize("loader", ["default", "stream"])
def test_killed_at_any_moment_a_run_ends_with_the_same_bits(package, checked, run, small, loader):
    run("stream", "loader=stream")
    nursery = Nursery(package, checked, [*small, f"loader={loader}"])
    generator = random.Random(0)
    nursery.live()
    whole = nursery.newest()
    # The order of a stream follows from the number of its readers.
    workers = (0, 0, 2) if loader == "default" else (0, 0)
    trials = [nursery.try_kill(number, whole, generator) for number in workers]
    assert all(trial.same_weights and trial.same_log for trial in trials), trials
    assert any(trial.killed_at > 3 for trial in trials)


def test_sigterm_saves_first_and_the_run_goes_on(stopped, checked, run):
    assert json.loads((stopped / "record.json").read_text())["status"] == "stopped"
    assert states(stopped)[-1] == "resume-000000000005.ckpt"
    report = run("train", *SHORT, "resume=latest")
    record = json.loads((stopped / "record.json").read_text())
    assert report.figures["run"] == stopped.name
    assert (record["status"], record["resumed"][0]["step"]) == ("finished", 5)
    assert len(states(stopped)) <= 2
    run("train", *SHORT)
    assert same_end(max((checked / "runs").iterdir()), stopped) == (True, True)


def test_between_two_epochs_a_run_goes_on_with_its_whole_log(stop, checked, run):
    stopped = stop(batches=4)
    record = run("train", *SHORT, "resume=latest")
    run("train", *SHORT)
    assert record.figures["run"] == stopped.name
    assert same_end(max((checked / "runs").iterdir()), stopped) == (True, True)


@pytest.mark.parametrize(
    "setting",
    [
        "trainer.accumulate_grad_batches=2",
        "trainer.max_steps=9",
        "trainer.limit_train_batches=0.8",
        "callbacks=ema",
        "callbacks=swa",
    ],
)
def test_with_these_options_it_goes_on_too(stop, checked, run, setting):
    stopped = stop(setting)
    run("train", *SHORT, setting, "resume=latest")
    run("train", *SHORT, setting)
    assert same_end(max((checked / "runs").iterdir()), stopped) == (True, True)


@pytest.mark.parametrize(
    ("workers", "batches"),
    [
        pytest.param(0, 2, marks=pytest.mark.slow),
        pytest.param(0, 4, marks=pytest.mark.slow),
        (2, 5),
    ],
)
def test_a_stream_goes_on_where_it_stood(stop, checked, run, monkeypatch, workers, batches):
    monkeypatch.setattr(stream, "CHUNK_BYTES", 600)  # so that there are many
    run("stream", "loader=stream")
    given = ("loader=stream", f"loader.num_workers={workers}")
    stopped = stop(*given, batches=batches)
    with pytest.raises(UserError, match=rf"num_workers is 1 and was {workers}"):
        run("train", *SHORT, *given[:1], "loader.num_workers=1", "resume=latest")
    run("train", *SHORT, *given, "resume=latest")
    run("train", *SHORT, *given)
    assert same_end(max((checked / "runs").iterdir()), stopped) == (True, True)


def test_a_mean_that_a_step_logs_goes_on_within_an_epoch(stop, checked, run, monkeypatch):
    step = Module.training_step

    def log_too(self, batch, index):
        loss = step(self, batch, index)
        told = {"on_step": False, "on_epoch": True, "sync_dist": True}
        self.log("train/too", loss.detach(), **told, batch_size=len(batch["targets"]))
        return loss

    monkeypatch.setattr(Module, "training_step", log_too)
    stopped = stop()
    run("train", *SHORT, "resume=latest")
    run("train", *SHORT)
    assert same_end(max((checked / "runs").iterdir()), stopped) == (True, True)


def test_a_run_that_moved_still_knows_its_best_epoch(stop, checked, run, monkeypatch):
    """Another folder's name, or another mount: what is worse later is not published."""
    stopped = stop(batches=7)
    best = read_checkpoint(stopped / "checkpoints" / "best.ckpt")["epoch"]
    monkeypatch.chdir(checked.rename(checked.with_name("moved")))
    worse = torch.tensor(-1.0)
    monkeypatch.setattr(
        Module, "on_validation_epoch_end", lambda module: module.log("val/accuracy", worse)
    )
    report = run("train", *SHORT, "resume=latest")
    assert report.figures["best_val_accuracy"] > worse
    assert read_checkpoint(Path("models/model.ckpt"))["epoch"] == best


@pytest.mark.parametrize("damage", ["cut", "bit"])
def test_a_damaged_state_is_passed_over_with_a_word(stopped, run, capsys, damage):
    newest = stopped / "checkpoints" / states(stopped)[-1]
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content[: len(content) // 2] if damage == "cut" else content)
    before = find_checkpoint(stopped)
    assert before is not None
    assert before.name == states(stopped)[-2]
    assert f"{newest} is damaged" in capsys.readouterr().out
    report = run("train", *SHORT, f"resume={stopped.name}")
    assert report.figures["epochs"] == 3


def test_without_any_state_a_run_starts_over_in_its_folder(stopped, run, capsys):
    shutil.rmtree(stopped / "checkpoints")
    report = run("train", *SHORT, "resume=latest")
    assert "starting at its first step" in capsys.readouterr().out
    assert (report.figures["run"], report.figures["epochs"]) == (stopped.name, 3)


def test_another_config_or_another_data_version_is_refused(stopped, run):
    with pytest.raises(UserError, match=r"optimizer\.lr is 0\.5 and was"):
        run("train", *SHORT, "resume=latest", "optimizer.lr=0.5")
    record = json.loads((stopped / "record.json").read_text())
    (stopped / "record.json").write_text(json.dumps(record | {"data_version": "another"}))
    with pytest.raises(UserError, match=r"the data's version is .* and was another"):
        run("train", *SHORT, "resume=latest")


def test_what_changes_no_weight_may_differ_between_a_runs_lives(stopped, run):
    given = ("max_time=00:08:00:00", "profiler=simple", "detect_anomaly=true")
    given += ("num_sanity_val_steps=2", "inference_mode=false", "enable_model_summary=true")
    told = [f"{'+' * (key[:2] in ('in', 'en'))}trainer.{key}" for key in given]
    report = run("train", *SHORT, "resume=latest", *told)
    assert (report.figures["run"], report.figures["epochs"]) == (stopped.name, 3)


def test_a_run_that_is_not_there_or_has_finished_is_refused(checked, run):
    with pytest.raises(UserError, match="no such run"):
        run("train", *SHORT, "resume=latest")
    report = run("train", *SHORT)
    with pytest.raises(UserError, match="has finished"):
        run("train", *SHORT, "resume=latest")
    with pytest.raises(UserError, match=f"did you mean {report.figures['run']}"):
        run("train", *SHORT, f"resume={report.figures['run']}0")


def test_a_worker_killed_before_the_first_state_leaves_a_run_to_go_on_with(
    checked, run, monkeypatch
):
    """Its error is raised by a signal handler, in whatever line the process is."""

    def die(*_):
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.")

    with monkeypatch.context() as patch:
        patch.setattr(Module, "training_step", die)
        with pytest.raises(UserError, match=r"was killed, as the system .* `train resume=exp-"):
            run("train", *SHORT)
    (folder,) = (checked / "runs").iterdir()
    assert json.loads((folder / "record.json").read_text())["status"] == "stopped"
    report = run("train", *SHORT, f"resume={folder.name}", "loader.num_workers=0")
    assert report.figures["run"] == folder.name


@pytest.mark.parametrize("part", ["layer", "group"])
def test_a_state_of_other_code_is_refused_in_a_sentence(stopped, run, monkeypatch, part):
    build, configure = Dense.__init__, Module.configure_optimizers

    def with_another_layer(self, *args, **kwargs):
        build(self, *args, **kwargs)
        self.extra = torch.nn.Linear(2, 2)

    def with_another_group(self):
        made = configure(self)
        made["optimizer"].add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))]})
        return made

    if part == "layer":
        monkeypatch.setattr(Dense, "__init__", with_another_layer)
    else:
        monkeypatch.setattr(Module, "configure_optimizers", with_another_group)
    words = {"layer": "extra.weight", "group": "parameter groups"}[part]
    with pytest.raises(UserError, match=rf"state does not fit the code as it is now: .*{words}"):
        run("train", *SHORT, "resume=latest")
    monkeypatch.undo()
    monkeypatch.chdir(stopped.parents[1])
    assert run("train", *SHORT, "resume=latest").figures["run"] == stopped.name


def save_state(folder, best="", log_rows=0):
    content = {
        "callbacks": {"best": {"best_model_path": str(best), "monitor": "val/score"}},
        "global_step": 7,
        STATE: {"log_rows": log_rows},
    }
    torch.save(content, folder / "state.ckpt")
    return folder / "state.ckpt"


def test_without_its_best_epoch_a_run_does_not_go_on(tmp_path):
    best = tmp_path / "checkpoints" / "best.ckpt"
    best.parent.mkdir()
    state = save_state(tmp_path, "/where/it/was/checkpoints/best.ckpt")
    with pytest.raises(UserError, match=r"without its best epoch: restore .*best\.ckpt"):
        rewind(tmp_path, state)
    best.touch()
    assert rewind(tmp_path, state) == 7


@pytest.mark.parametrize("log", [None, "", "epoch\n0\n"])
def test_a_log_that_lacks_epochs_is_told_and_an_empty_one_goes_on(tmp_path, capsys, log):
    path = tmp_path / "metrics.csv"
    if log is not None:
        path.write_text(log)
    rewind(tmp_path, save_state(tmp_path, log_rows=2))
    assert "metrics.csv has lost epochs before step 7" in capsys.readouterr().out
    assert path.exists() == (log is not None)
    rewind(tmp_path, None)
    assert not capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "", "a: [", "word", "seed: 1"])
def test_a_config_that_is_lost_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "config.yaml").write_text(content)
    with pytest.raises(UserError, match=r"config\.yaml is missing or damaged: restore it"):
        read_config(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", "[]"])
def test_a_record_that_is_damaged_is_named(tmp_path, content):
    for name in ("a", "b"):
        write_json(tmp_path / name / "record.json", {"id": name, "started": "", "status": ""})
    assert find_run(tmp_path, "latest").name == "b"
    (tmp_path / "a" / "record.json").write_text(content)
    for resume in (None, "latest"):  # a new run writes the page of all runs
        cfg = OmegaConf.create({"paths": {"runs_dir": str(tmp_path)}, "resume": resume})
        with pytest.raises(UserError, match=r"a.record\.json is missing or damaged: restore it"):
            find_begun(cfg)


def test_the_order_goes_on_where_it_stood():
    whole = EpochSampler(20, seed=1, shuffle=True)
    whole.set_epoch(3)
    rest = EpochSampler(20, seed=1, shuffle=True)
    rest.set_epoch(3)
    rest.done = (3, 8)
    assert list(rest) == list(whole)[8:]
    rest.set_epoch(4)
    assert len(list(rest)) == 20
