"""Labels that were made wrong are suspected, and random ones are laid out for a person."""

import numpy as np
import pandas as pd
import pytest
from dlproof.data.labels import choose_sheet, draw, find_suspects, hash_sheet, plant
from dlproof.errors import UserError
from dlproof.files import read_table


def make_blobs(classes=3, size=40):
    """Clouds that hardly touch: features, targets, and a unit for each item."""
    generator = np.random.default_rng(0)
    targets = np.repeat(np.arange(classes), size)
    features = generator.normal(size=(len(targets), 4)) + 4 * np.eye(classes, 4)[targets]
    return features, targets, np.arange(len(targets))


def make_items(count=60):
    ids = [f"item-{number:03d}" for number in range(count)]
    labels = ["x", "y"] * (count // 2)
    return pd.DataFrame({"id": ids, "label": labels, "near": "", "group": ""})


def test_wrong_classes_are_suspected_and_few_right_ones():
    features, targets, units = make_blobs()
    wrong, planted = plant(targets, np.array([], int))
    found, agreement = find_suspects(features, wrong, units, folds=5)
    assert len(planted) == 6
    assert (wrong[planted] != targets[planted]).all()
    assert found.index.isin(planted).sum() >= 5
    assert len(found) <= 8
    assert (found["suggested"] == targets[found.index]).mean() > 0.8
    assert agreement > 0.9


def test_wrong_numbers_are_suspected_where_the_rest_is_predictable():
    generator = np.random.default_rng(0)
    features = generator.uniform(-1, 1, (200, 2))
    targets = (10 * features[:, 0]).astype(np.float32)
    wrong, planted = plant(targets, np.array([], int))
    found, agreement = find_suspects(features, wrong, np.arange(200), folds=5)
    far = planted[np.abs(wrong[planted] - targets[planted]) > 5]
    assert set(far) <= set(found.index)
    assert agreement > 0.5


def test_a_copy_in_its_group_does_not_vouch_for_a_wrong_label():
    """The nearest items are its copies: in other folds, they would confirm the wrong label."""
    features, targets, units = make_blobs(classes=2)
    targets[0] = 1
    features, targets, units = (
        np.concatenate([values, np.repeat(values[:1], 11, axis=0)])
        for values in (features, targets, units)
    )
    found, _ = find_suspects(features, targets, units, folds=5)
    vouched, _ = find_suspects(features, targets, np.arange(len(targets)), folds=5)
    assert 0 in found.index
    assert 0 not in vouched.index


def test_a_class_with_one_item_does_not_hide_a_wrong_label():
    features, targets, units = make_blobs()
    targets[0], targets[1] = 3, 2
    found, _ = find_suspects(features, targets, units, folds=5)
    assert found.index[0] == 1


def test_nothing_to_hold_out_is_said():
    features, targets, units = make_blobs()
    with pytest.raises(UserError, match="nothing can be held out"):
        find_suspects(features, targets, np.zeros_like(units), folds=5)


def test_the_sheet_keeps_its_items_when_others_come_and_its_hash_follows_labels():
    items = make_items()
    suspects = pd.DataFrame({"id": ["item-007"], "label": ["y"], "suggested": ["x"], "score": [0]})
    sheet = choose_sheet(items, suspects, 20)
    more = choose_sheet(make_items(64), suspects, 20)
    drawn = [set(found.loc[found["part"] == "random", "id"]) for found in (sheet, more)]
    assert len(drawn[0]) == 20
    assert len(drawn[0] & drawn[1]) >= 16
    assert sheet["part"].tolist() == ["random"] * 20 + ["suspect"]
    other = sheet.assign(label=["y", *sheet["label"][1:]])
    assert hash_sheet(other) != hash_sheet(sheet)


def test_of_many_items_some_are_drawn_by_their_ids_and_that_is_said(project, run):
    items = pd.DataFrame({"id": [f"item-{number}" for number in range(50)]})
    drawn = set(draw(items, 20)["id"])
    assert len(drawn) == 20
    assert set(draw(items.iloc[::-1], 20)["id"]) == drawn
    assert drawn - {"item-0"} <= set(draw(items.iloc[1:], 20)["id"])
    for stage in ("ingest", "clean"):
        run(stage)
    report = run("labels", "labels.max_items=60")
    assert (report.figures["looked_at"], report.figures["items"]) == (60, 90)
    assert "of 60 labels drawn from 90 (labels.max_items) are suspect" in report.summary


def test_the_stage_lists_suspects_by_name_and_writes_the_sheet(project, run):
    run("ingest")
    run("clean")
    report = run("labels", "labels.spot_check=12")
    suspects = read_table(project / "data" / "label_suspects.csv", "labels")
    sheet = pd.read_csv(project / "reports" / "labels_spot_check.csv")
    assert len(suspects) == report.figures["suspects"]["count"]
    assert set(suspects["id"]) <= set(read_table(project / "data" / "clean.csv", "clean")["id"])
    assert (sheet["part"] == "random").sum() == 12
    assert sheet["right"].isna().all()
    assert all((project / "reports" / name).exists() for name in report.pictures)
    assert report.figures == run("labels", "labels.spot_check=12").figures
