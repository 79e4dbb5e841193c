"""The monitor reads the newest logged predictions and gives a verdict, or says why not."""

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dlproof.errors import UserError
from dlproof.monitoring.drift import describe_distribution
from dlproof.monitoring.log import LIVE, PROBE, Entry, PredictionLog, log_path
from dlproof.monitoring.monitor import count_unknown, describe_unknown
from omegaconf import OmegaConf
from own.monitoring.monitor import run


@pytest.fixture
def cfg(tmp_path):
    """A project with a reference and no predictions yet."""
    generator = np.random.default_rng(0)
    watched = {
        "input/size": describe_distribution(generator.normal(size=500)),
        "prediction": describe_distribution(generator.choice(["a", "b"], 500)),
        "confidence": describe_distribution(generator.uniform(0.5, 1, 500)),
    }
    (tmp_path / "models").mkdir()
    reference = {"version": "exp-1", "watched": watched}
    (tmp_path / "models" / "reference.json").write_text(json.dumps(reference))
    names = ("data_dir", "models_dir", "reports_dir")
    paths = {name: str(tmp_path / name.removesuffix("_dir")) for name in names}
    monitor = {"max_psi": 0.2, "min_items": 50, "window": 200}
    return OmegaConf.create({"paths": paths, "monitor": monitor})


def log_predictions(cfg, count, shift=0.0, version="exp-1", source=LIVE, classes="ab"):
    generator = np.random.default_rng(1)
    entries = []
    for number in range(count):
        label, probability = str(generator.choice(list(classes))), generator.uniform(0.5, 1)
        prediction = {"label": label, "probability": probability}
        summary = {"size": generator.normal() + shift}
        entries.append(Entry(f"{version}-{source}-{shift}-{number}", prediction, summary))
    with closing(PredictionLog(log_path(cfg.paths.data_dir))) as log:
        log.add(entries, version, source)


def test_a_stream_like_training_is_quiet_and_drawn(cfg):
    log_predictions(cfg, 200)
    report = run(cfg)
    assert (report.figures["enough"], report.figures["drift"]) == (True, False)
    assert list(report.pictures) == ["monitor.png"]
    assert Path(cfg.paths.reports_dir, "monitor.png").stat().st_size > 1000


def test_the_share_of_unsure_answers_is_near_the_references(cfg):
    log_predictions(cfg, 200)
    low = run(cfg).figures["low_confidence"]
    assert low["below"] == pytest.approx(0.525, abs=0.02)
    assert low["share"] == pytest.approx(low["expected"], abs=0.04)


def test_a_shifted_feature_is_drift_and_is_named(cfg):
    log_predictions(cfg, 200, shift=1.0)
    report = run(cfg)
    assert report.figures["drifted"] == ["input/size"]
    assert "input/size" in report.summary


def test_a_change_of_predicted_classes_is_drift(cfg):
    log_predictions(cfg, 200, classes="aaaab")
    assert run(cfg).figures["drifted"] == ["prediction"]


def test_only_the_newest_window_counts(cfg):
    log_predictions(cfg, 300, shift=3.0)
    log_predictions(cfg, 200)
    assert not run(cfg).figures["drift"]


@pytest.mark.parametrize("count", [0, 49])
def test_too_few_predictions_give_no_verdict_and_say_so(cfg, count):
    log_predictions(cfg, count)
    report = run(cfg)
    assert (report.figures["enough"], report.figures["drift"]) == (False, None)
    assert "50 are needed" in report.summary


def test_predictions_of_other_models_do_not_count(cfg):
    log_predictions(cfg, 200, shift=3.0, version="exp-0")
    assert run(cfg).figures["items"] == 0


def test_probes_count_only_while_there_is_no_live_prediction(cfg):
    log_predictions(cfg, 60, source=PROBE)
    assert run(cfg).figures["source"] == PROBE
    log_predictions(cfg, 60, shift=3.0)
    report = run(cfg)
    assert (report.figures["source"], report.figures["items"]) == (LIVE, 60)


def test_without_an_export_the_command_to_run_is_named(cfg):
    Path(cfg.paths.models_dir, "reference.json").unlink()
    with pytest.raises(UserError, match="run `export`"):
        run(cfg)


def test_values_that_training_had_not_met_are_counted_by_input():
    rows = pd.DataFrame({"prediction": [{"unknown": ["a", "b"]}, {"unknown": ["a"]}, {}]})
    assert count_unknown(rows) == {"a": 2, "b": 1}
    assert describe_unknown({"unknown": count_unknown(rows)}) == ", unknown values in a (2), b (1)"
    assert describe_unknown({"unknown": {}}) == ""
