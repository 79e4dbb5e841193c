"""A feature is added by configuration alone: see "A feature" in docs/recipes.md."""

from pathlib import Path

import pytest
from dlproof.data.store import load_state

from ..projects import IMAGE, TABLE


@pytest.mark.parametrize("package", ["own"], indirect=True)
@pytest.mark.parametrize("sort", [IMAGE, TABLE], indirect=True)
def test_a_feature_that_the_config_adds_is_fitted_encoded_and_timed(processed, run):
    if Path("raw").is_dir():
        report = run("preprocess", "preprocess.channels=3")
        assert len(load_state("data")["data"]["mean"]) == 3
        assert report.figures["shapes"]["image"][0] == 3
        return
    run_without = ("ingest", "clean", "split", "preprocess")
    for stage in run_without:
        before = run(stage, "data.drop=[colour]")
    assert "colour" not in before.figures["cost_ms"]
    for stage in run_without:
        after = run(stage)
    assert set(after.figures["cost_ms"]) - set(before.figures["cost_ms"]) == {"colour"}
    assert load_state("data")["data"]["categories"]["colour"] == ["green", "red"]
    assert before.figures["version"] != after.figures["version"]
