"""Offline prediction covers every item, and says why where it cannot."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from dlproof.deployment.predict import predict_all
from dlproof.errors import UserError

from ..projects import IMAGE, TABLE

pytestmark = pytest.mark.parametrize("sort", [IMAGE, TABLE], indirect=True)


@pytest.fixture
def place(exported):
    """A folder or table of four items, the second of which cannot be read."""
    if Path("raw").is_dir():
        folder = Path("mine")
        folder.mkdir()
        images = sorted(Path("raw").rglob("*.png"))[:3]
        for number, image in zip((0, 2, 3), images, strict=True):
            shutil.copy(image, folder / f"{number}.png")
        (folder / "1.png").write_bytes(b"no image")
        return folder
    table = pd.read_csv("raw.csv").head(4).astype(object)
    table.loc[1, "width"] = "wide"
    table.to_csv("mine.csv", index=False)
    return Path("mine.csv")


def test_no_input_means_the_validation_split(exported, run, model, raw):
    report = run("predict")
    table = pd.read_csv("data/validation_predictions.csv")
    items = pd.read_csv("data/processed/items.csv")
    assert list(table["item"]) == list(items.loc[items["split"] == "validation", "id"])
    assert report.figures["predicted"] == len(table) == len(raw)
    assert str(table.iloc[0, 1]) == str(next(iter(model.predict(raw[:1])[0].values())))


def test_unreadable_items_are_listed_with_their_reason(exported, run, place):
    report = run("predict", f"predict.input={place}", "predict.output=out/mine.csv")
    assert (report.figures["predicted"], report.figures["refused"]) == (3, 1)
    reasons = pd.read_csv("out/mine.csv")["reason"]
    assert list(reasons.notna()) == [False, True, False, False]
    assert len(reasons[1]) > 10


def test_every_item_is_predicted_however_many_are_at_a_time(model, raw, monkeypatch):
    whole = predict_all(model, raw, names := [f"item {number}" for number in range(len(raw))])
    assert list(whole["item"]) == names
    for size in (1, 3):
        monkeypatch.setattr("dlproof.deployment.predict.BATCH", size)
        pd.testing.assert_frame_equal(predict_all(model, raw, names), whole)


def test_a_missing_input_leaves_the_older_output_alone(exported, run):
    run("predict")
    before = Path("data/validation_predictions.csv").read_bytes()
    with pytest.raises(UserError, match="nowhere"):
        run("predict", "predict.input=nowhere.csv")
    assert Path("data/validation_predictions.csv").read_bytes() == before
