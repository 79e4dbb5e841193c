"""A feature is added by configuration alone: see "A feature" in docs/recipes.md."""

from pathlib import Path

import pytest
from dlproof.data import load_store

pytestmark = [pytest.mark.pipeline, pytest.mark.new_feature]


def test_a_feature_that_the_config_adds_is_fitted_encoded_and_timed(processed, run):
    if Path("raw").is_dir():
        report = run("preprocess", "preprocess.channels=3")
        assert len(load_store("data").state["data"]["mean"]) == 3
        assert report.figures["shapes"]["image"][0] == 3
        return
    stages = ("ingest", "clean", "split", "preprocess")
    before, after = ([run(s, *given) for s in stages][-1] for given in (["data.drop=[colour]"], []))
    assert set(after.figures["cost_ms"]) - set(before.figures["cost_ms"]) == {"colour"}
    assert load_store("data").state["data"]["categories"]["colour"] == ["green", "red"]
    assert before.figures["version"] != after.figures["version"]
