"""Offline prediction covers every item, and says why where it cannot."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from dlproof import UserError

pytestmark = pytest.mark.pipeline


@pytest.fixture
def place(finished):
    """A folder or table of four items, the second of which cannot be read."""
    if Path("raw").is_dir():
        Path("mine").mkdir()
        images = sorted(Path("raw").rglob("*.png"))[:3]
        for number, image in zip((0, 2, 3), images, strict=True):
            shutil.copy(image, f"mine/{number}.png")
        Path("mine/1.png").write_bytes(b"no image")
        return "mine"
    table = pd.read_csv("raw.csv").head(4).astype(object)
    table.loc[1, "width"] = "wide"
    table.to_csv("mine.csv", index=False)
    return "mine.csv"


def test_no_input_means_the_validation_split(finished, run, model, raw):
    report = run("predict")
    table = pd.read_csv("data/validation_predictions.csv")
    items = pd.read_csv("data/processed/items.csv")
    assert list(table["item"]) == list(items.loc[items["split"] == "validation", "id"])
    assert report.figures["predicted"] == len(table) == len(raw)
    assert str(table.iloc[0, 1]) == str(next(iter(model.predict(raw[:1])[0].values())))


def test_unreadable_items_are_listed_with_their_reason(finished, run, place):
    report = run("predict", f"predict.input={place}", "predict.output=out/mine.csv")
    assert (report.figures["predicted"], report.figures["refused"]) == (3, 1)
    reasons = pd.read_csv("out/mine.csv")["reason"]
    assert list(reasons.notna()) == [False, True, False, False]
    assert len(reasons[1]) > 10


def test_a_missing_input_leaves_the_older_output_alone(finished, run):
    before = Path("data/validation_predictions.csv").read_bytes()
    with pytest.raises(UserError, match="nowhere"):
        run("predict", "predict.input=nowhere.csv")
    assert Path("data/validation_predictions.csv").read_bytes() == before
