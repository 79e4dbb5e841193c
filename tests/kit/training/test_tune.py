"""A search is shared, resumed and pruned, sees no test item, and ends in an experiment to train."""

import multiprocessing
import os
import re
import shutil
import signal
import time
from math import log10
from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest
from dlproof.cheatsheet import load_cheatsheet
from dlproof.checklist.evidence import Evidence, NotYetError, StaleError
from dlproof.checklist.model_tests import hyperparameters_are_tuned
from dlproof.closure import Code
from dlproof.config import compose
from dlproof.data.store import TEST, Store
from dlproof.errors import UserError
from dlproof.files import hash_tree, read_json
from dlproof.training import tune, tune_study
from dlproof.training.tune_space import build_space
from dlproof.training.tune_study import count, open_storage
from optuna.storages import RDBStorage
from toy.project import PROJECT

TUNED = Path("configs/experiment/tuned.yaml")
fork = multiprocessing.get_context("fork")


def settle(project):
    """Gives a project configs of its own, which a test may edit."""
    source = (project / "configs").resolve()
    (project / "configs").unlink()
    shutil.copytree(source, project / "configs")
    (project / "configs" / "experiment").mkdir(exist_ok=True)


def by_rate(project, cfg, given, trial, folder):
    """An objective that the learning rate alone decides: best at 1e-3."""
    distance = (log10(trial.user_attrs["values"]["optimizer.lr"]) + 3) ** 2
    return distance if cfg.task.mode == "min" else -distance


def last_is_best(project, cfg, given, trial, folder):
    """An objective with a winner whatever was drawn: with a database no two searches draw alike."""
    return -trial.number if cfg.task.mode == "min" else trial.number


@pytest.fixture
def search(checked, monkeypatch):
    """`search("tune.trials=4", objective=by_rate)`: a search without training, and its figures."""
    settle(checked)

    def start(*overrides, objective=by_rate):
        monkeypatch.setattr(tune, "score", objective)
        return PROJECT.run("tune", overrides).figures

    return start


def open_study(url=None):
    """The one study of the project."""
    (folder,) = (path for path in Path("runs/tune").iterdir())
    storage = open_storage(url, folder)
    return optuna.load_study(study_name=folder.name, storage=storage)


def values_of(figures):
    return [trial["values"] for trial in figures["trials"]]


def test_the_space_is_that_of_the_cheat_sheets_rows(search):
    keys = "optimizer.lr,loader.batch_size,optimizer.name,trainer.gradient_clip_val,schedule.warmup"
    narrow = "+tune.ranges={schedule.warmup:[0.0,0.1]}"
    space = build_space(compose([f"tune.keys=[{keys}]", narrow]))
    sheet = load_cheatsheet(Path("configs/cheatsheet.yaml"))
    rows = {key: row for row in sheet for key in row["keys"]}
    rate = space["optimizer.lr"]
    assert [rate.low, rate.high] == rows["optimizer.lr"]["range"]
    assert rate.log
    clip = space["trainer.gradient_clip_val"]
    assert [clip.low, clip.high, clip.log] == [*rows["trainer.gradient_clip_val"]["range"], False]
    files = {path.stem for path in Path("configs/optimizer").glob("*.yaml")}
    options = [name for name in rows["optimizer.name"]["options"] if name in files]
    assert list(space["optimizer.name"].choices) == options
    low, high = rows["loader.batch_size"]["range"]
    sizes = space["loader.batch_size"].choices
    assert (sizes[0], sizes[-1]) == (low, high)
    assert all(size & (size - 1) == 0 for size in sizes)
    assert space["schedule.warmup"].high == 0.1


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["tune.keys=[model.unicorn]"], "model.unicorn, which is not a key of"),
        (["model.dropout=null"], "model.dropout, which this config lacks"),
        (["tune.keys=[split.train]"], "acts before training"),
        (["optimizer.lr=0.5"], "optimizer.lr=0.5 is not in 1e-05 to 0.01"),
        (["loader.batch_size=24"], "loader.batch_size=24 is not in 16 32 64"),
        (["+tune.ranges={optimizer.lr:[0.001,0.5]}"], "beyond configs/cheatsheet.yaml"),
        (["trainer.devices=2"], "one process per trial"),
        (["tune.storage=postgresql+nothing://me:secret@host/db"], "driver"),
    ],
)
def test_what_cannot_be_searched_is_a_sentence(search, overrides, words):
    with pytest.raises(UserError, match=re.escape(words)) as told:
        search(*overrides)
    assert "secret" not in str(told.value)
    assert not Path("reports/tune.json").exists()


def test_a_resumed_search_has_the_trials_of_one_that_was_not_stopped(search):
    calls = []

    def stop_at_the_fourth(project, cfg, given, trial, folder):
        calls.append(trial.number)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return by_rate(project, cfg, given, trial, folder)

    whole = search("tune.trials=7")
    shutil.rmtree("runs/tune")
    with pytest.raises(KeyboardInterrupt, match="run `tune` again"):
        search("tune.trials=7", objective=stop_at_the_fourth)
    resumed = search("tune.trials=7")
    assert len(whole["trials"]) == len(resumed["trials"]) == 7
    assert values_of(resumed)[:4] == values_of(whole)[:4]
    assert search("tune.trials=7")["trials"] == resumed["trials"]
    assert len(search("tune.trials=9")["trials"]) == 9


def test_a_worker_waits_while_another_makes_the_databases_tables(search, monkeypatch):
    refusals = iter([RuntimeError("duplicate key value violates unique constraint")])

    def refuse_once(*given, **options):
        for refusal in refusals:
            raise refusal
        return RDBStorage(*given, **options)

    monkeypatch.setattr(tune_study, "RDBStorage", refuse_once)
    figures = search("tune.trials=4", "tune.storage=sqlite:///trials.db")
    assert len(figures["trials"]) == 4


def start_worker(*overrides):
    worker = fork.Process(target=PROJECT.run, args=("tune", overrides))
    worker.start()
    return worker


@pytest.mark.slow
@pytest.mark.parametrize("url", [None, "sqlite:///trials.db"])
def test_two_workers_share_the_total_and_no_trial_is_run_twice(search, monkeypatch, url):
    def slow(project, cfg, given, trial, folder):
        trial.set_user_attr("worker", os.getpid())
        time.sleep(0.1)
        return by_rate(project, cfg, given, trial, folder)

    monkeypatch.setattr(tune, "score", slow)
    storage = [f"tune.storage={url}"] if url else []
    workers = [start_worker("tune.trials=12", *storage) for _ in range(2)]
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    trials = open_study(url).trials
    assert len(trials) == 12
    assert len({trial.user_attrs["worker"] for trial in trials}) == 2
    assert len({str(trial.params) for trial in trials}) == 12


@pytest.mark.slow
def test_a_killed_workers_trial_does_not_count_and_is_run_again(search, monkeypatch):
    def hang_at_the_second(project, cfg, given, trial, folder):
        if trial.number == 1:
            time.sleep(60)
        return by_rate(project, cfg, given, trial, folder)

    monkeypatch.setattr(tune, "score", hang_at_the_second)
    worker = start_worker("tune.trials=4")
    while not Path("runs/tune").exists() or not list(Path("runs/tune").glob("*/0001/.lock")):
        time.sleep(0.05)
    time.sleep(0.5)  # its values are told before it trains
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    figures = search("tune.trials=4")
    assert [trial["number"] for trial in figures["trials"]] == [0, 2, 3, 4]
    killed, again = open_study().trials[1:3]
    assert killed.state == optuna.trial.TrialState.FAIL
    assert again.params == killed.params
    assert count(open_study().trials) == 4


def test_poor_trials_are_pruned_and_the_config_as_it_is_never(search):
    def by_epoch(project, cfg, given, trial, folder):
        tune.ReportEpoch.trial = trial
        metric = cfg.task.metric
        module = SimpleNamespace(hparams={"task": {"metric": metric}})
        for epoch in range(cfg.tune.epochs):
            value = 100.0 if cfg.task.mode == "min" else -100.0
            value = value if trial.number == 0 else by_rate(project, cfg, given, trial, folder)
            trainer = SimpleNamespace(
                callback_metrics={f"val/{metric}": value},
                current_epoch=epoch,
                max_epochs=cfg.tune.epochs,
            )
            tune.ReportEpoch().on_validation_end(trainer, module)
        return value

    figures = search("tune.trials=10", objective=by_epoch)
    states = [trial["state"] for trial in figures["trials"]]
    assert states[0] == "complete"
    assert 4 <= states.count("pruned") <= 8
    assert all(trial["epochs"] == 2 for trial in figures["trials"] if trial["state"] == "pruned")


def test_a_failed_trial_is_told_and_the_search_goes_on(search):
    def fail_at_times(project, cfg, given, trial, folder):
        if trial.number in (2, 4):
            raise UserError("it broke.") if trial.number == 2 else RuntimeError("shape\nlong")
        return by_rate(project, cfg, given, trial, folder)

    figures = search("tune.trials=6", objective=fail_at_times)
    assert len(figures["trials"]) == 6
    assert figures["trials"][2]["why"] == "failed: it broke."
    assert figures["trials"][4]["why"] == "failed: RuntimeError: shape"


def test_a_search_of_which_all_fails_is_a_sentence(search):
    def fail(project, cfg, given, trial, folder):
        raise UserError("it broke.")

    with pytest.raises(UserError, match=r"all 3 trials of .* failed; the last failed: it broke\."):
        search("tune.trials=3", objective=fail)
    assert not Path("reports/tune.json").exists()


def test_importance_names_the_key_that_matters(search):
    figures = search("tune.trials=25")
    assert max(figures["importance"], key=figures["importance"].get) == "optimizer.lr"
    assert figures["importance"]["optimizer.lr"] > 0.5
    assert Path("reports/tune.png").stat().st_size > 10_000


@pytest.mark.slow
def test_another_space_or_config_is_another_study(search):
    names = {
        search("tune.trials=2", *overrides)["study"]
        for overrides in ([], ["tune.keys=[optimizer.lr]"], ["seed=1"], ["tune.epochs=9"])
    }
    assert len(names) == 4


def test_code_that_changed_begins_another_study(search, monkeypatch):
    before = search("tune.trials=1")
    monkeypatch.setattr(Code, "hash", lambda code, stage, config: {"code": "another"})
    after = search("tune.trials=1", objective=last_is_best)
    assert after["study"] != before["study"]
    assert [trial["number"] for trial in after["trials"]] == [0]


def test_the_winner_is_an_experiment_which_an_edit_protects(search):
    storage = "tune.storage=sqlite:///hunter2.db"
    figures = search("tune.trials=8", storage, "trainer.max_epochs=7", objective=last_is_best)
    best = figures["best"]["values"]
    assert figures["overrides"] == ["trainer.max_epochs=7"]
    kept = [path for path in Path().rglob("*.*") if path.suffix in (".json", ".yaml", ".csv")]
    assert not [path for path in kept if "hunter2" in path.read_text()]
    cfg = compose(["experiment=tuned"])
    assert cfg.optimizer.lr == best["optimizer.lr"]
    assert cfg.loader.batch_size == best["loader.batch_size"]
    assert figures["study"] in cfg.change
    written = TUNED.read_text()
    search("tune.trials=8", "seed=3", objective=last_is_best)
    assert TUNED.read_text() != written
    edited = written.replace("goal: ", "goal: My own way to ")
    TUNED.write_text(edited)
    search("tune.trials=8", "seed=4", objective=last_is_best)
    assert TUNED.read_text() == edited


@pytest.mark.slow
def test_the_choice_of_an_optimizer_is_a_group_of_the_experiment(search):
    def prefer_sgd(project, cfg, given, trial, folder):
        value = float(trial.params["optimizer.name"] == "sgd")
        return -value if cfg.task.mode == "min" else value

    search("tune.keys=[optimizer.name,optimizer.lr]", "tune.trials=12", objective=prefer_sgd)
    assert compose(["experiment=tuned"]).optimizer.momentum == 0.9


def set_in(path, old, new):
    """Edits a config as a person would."""
    path = Path("configs", path)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_tuning_is_proven_by_a_search_whose_winner_is_at_hand(search):
    with pytest.raises(NotYetError, match="run `tune`"):
        hyperparameters_are_tuned(Evidence(PROJECT))
    search()
    found = hyperparameters_are_tuned(Evidence(PROJECT))
    assert found.holds
    assert "best of 10 trials over 5 whole ranges; configs/experiment/tuned.yaml" in found.figure
    TUNED.unlink()
    found = hyperparameters_are_tuned(Evidence(PROJECT))
    assert not found.holds
    assert found.figure.endswith("is gone")


@pytest.mark.slow
def test_few_trials_or_narrowed_ranges_prove_no_tuning(search):
    set_in("stages.yaml", "trials: 10", "trials: 4")
    search()
    assert not hyperparameters_are_tuned(Evidence(PROJECT)).holds
    set_in("stages.yaml", "trials: 4", "trials: 10")
    with pytest.raises(StaleError, match="config"):
        hyperparameters_are_tuned(Evidence(PROJECT))
    narrow = (
        "optimizer.lr: [1.0e-4, 1.0e-2]",
        "model.dropout: [0, 0.2]",
        "schedule.warmup: [0, 0.1]",
    )
    set_in("stages.yaml", "ranges: {}", "ranges: {" + ", ".join(narrow) + "}")
    search()
    assert not hyperparameters_are_tuned(Evidence(PROJECT)).holds


@pytest.mark.slow
def test_a_config_that_takes_the_winner_over_stays_proven_until_it_changes(search):
    search()
    set_in("config.yaml", "experiment: null", "experiment: tuned")
    found = hyperparameters_are_tuned(Evidence(PROJECT))
    assert found.holds
    assert found.figure.endswith("in use")
    set_in("config.yaml", "seed: 42", "seed: 43")
    with pytest.raises(StaleError, match="config"):
        hyperparameters_are_tuned(Evidence(PROJECT))


def test_a_winner_in_the_place_of_a_rate_that_was_found_is_no_other_config(search):
    set_in("optimizer/adamw.yaml", "lr: 3.0e-4", "lr: auto")
    PROJECT.run("find_lr", ())
    search(objective=last_is_best)
    set_in("config.yaml", "experiment: null", "experiment: tuned")
    hyperparameters_are_tuned(Evidence(PROJECT))


def refuse_test(store, *splits):
    assert TEST not in splits
    return kept_rows(store, *splits)


kept_rows = Store.rows


@pytest.mark.slow
def test_a_search_trains_on_train_and_leaves_the_project_as_it_was(checked, monkeypatch):
    settle(checked)
    monkeypatch.setattr(Store, "rows", refuse_test)
    before = {name: hash_tree(name) for name in ("data", "models")}
    short = ("tune.trials=2", "tune.epochs=1", "trainer.accelerator=cpu")
    figures = PROJECT.run("tune", short).figures
    assert {name: hash_tree(name) for name in before} == before
    assert not Path("reports/train.json").exists()
    for trial in figures["trials"]:
        (record,) = Path(figures["runs"], f"{trial['number']:04d}").glob("*/record.json")
        metric = figures["metric"].removeprefix("val/")
        content = read_json(record)
        assert content[f"best_val_{metric}"] == trial["value"]
        assert content["batch_size"] == trial["values"]["loader.batch_size"]
        is_best = trial["number"] == figures["best"]["number"]
        assert (record.parent / "checkpoints").exists() == is_best
        assert not (record.parent / "wandb").exists()


def test_the_winner_is_trained_by_its_experiment(search):
    best = search("tune.trials=8")["best"]["values"]
    short = ("experiment=tuned", "trainer.max_epochs=1", "trainer.accelerator=cpu", "logger=[csv]")
    run = PROJECT.run("train", short).figures["run"]
    record = read_json(Path("runs", run, "record.json"))
    assert record["optimizer"]["lr"] == best["optimizer.lr"]
    assert record["batch_size"] == best["loader.batch_size"]
    assert record["schedule"]["warmup"] == best["schedule.warmup"]


@pytest.mark.slow
def test_a_rate_that_was_found_is_that_of_the_config_as_it_is(checked):
    settle(checked)
    quick = ("find_lr.steps=40", "trainer.accelerator=cpu")
    found = PROJECT.run("find_lr", quick).figures["suggestion"]
    short = (*quick, "optimizer.lr=auto", "tune.trials=2", "tune.epochs=1")
    figures = PROJECT.run("tune", short).figures
    assert figures["default"]["values"]["optimizer.lr"] == found
    assert [trial["state"] for trial in figures["trials"]] == ["complete", "complete"]
    for trial in figures["trials"]:
        (record,) = Path(figures["runs"], f"{trial['number']:04d}").glob("*/record.json")
        assert read_json(record)["optimizer"]["lr"] == trial["values"]["optimizer.lr"]
