"""`evaluate`."""

from dlproof import Report, build
from dlproof.data import load_store
from dlproof.evaluation import calibrate, evaluate

from .network import build_network


def run(cfg):
    """Opens the test split once."""
    store, task = load_store(cfg.paths.data_dir), build(cfg.task)
    store.state["task"] |= calibrate(cfg, store, task, build_network)
    rows = store.open_test()
    predicted = evaluate.predict_once(cfg, store, task, rows, build_network)
    figures = evaluate.evidence(cfg, store, task, rows, predicted)
    tried = cfg, store, task, rows, predicted[0], build_network
    figures["robustness"] = evaluate.score_disturbed(*tried)
    figures["clusters"] = evaluate.cluster_errors(*tried)
    report = Report("evaluate", figures)
    return evaluate.close(cfg, store, report)
