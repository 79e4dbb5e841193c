"""Offline prediction of a table: as it was trained on, or told; into no file but its own."""

from pathlib import Path

import pandas as pd
import pytest
from dlproof.errors import UserError

from ..projects import TABLE

pytestmark = pytest.mark.parametrize("sort", [TABLE], indirect=True)


@pytest.fixture
def predict(exported, run):
    """Predicts a changed copy of the raw table; returns the report and the predictions."""

    def go(change, *overrides):
        change(pd.read_csv("raw.csv").head(6)).to_csv("new.csv", index=False)
        report = run("predict", "predict.input=new.csv", *overrides)
        return report, pd.read_csv("data/predictions.csv", keep_default_na=False)

    return go


def test_a_column_that_is_not_there_is_refused_or_allowed_by_name(predict):
    def drop(table):
        return table.drop(columns=["width", "target"])

    with pytest.raises(UserError, match=r"'width' is missing.*predict.absent=\[width\]"):
        predict(drop)
    report, _ = predict(drop, "predict.absent=[width]")
    assert report.figures["predicted"] == 6
    with pytest.raises(UserError, match=r"predict\.absent names 'breadth'"):
        predict(drop, "predict.absent=[breadth]")


def test_values_that_training_had_not_met_are_counted_named_and_told(predict, capsys):
    report, table = predict(lambda table: table.assign(colour=["RED", "red", "blue"] * 2))
    assert report.figures["unknown"] == {"colour": {"RED": 2, "blue": 2}}
    assert "warning: 4 of 6 items have a value of 'colour' that" in capsys.readouterr().out
    assert list(table["unknown"] != "") == [True, False, True] * 2
    assert "unknown" not in predict(lambda table: table)[1]


def test_predictions_of_other_rows_leave_what_the_pipeline_wrote_alone(predict, run):
    run("predict")
    kept = Path("reports/predict.json"), Path("data/validation_predictions.csv")
    before = [path.read_bytes() for path in kept]
    assert predict(lambda table: table)[0].stage == "predict_input"
    assert [path.read_bytes() for path in kept] == before


def test_nothing_predicted_is_a_failure_with_its_reason(predict):
    with pytest.raises(UserError, match=r"no item of 6 was predicted: .*'wide' is not a finite"):
        predict(lambda table: table.assign(width="wide"))


@pytest.mark.parametrize(
    "output",
    ["raw.csv", "new.csv", "data/items.csv", "data", "data/validation_predictions.csv"],
)
def test_no_other_file_is_written_over(predict, output):
    before = Path("raw.csv").read_bytes()
    with pytest.raises(UserError, match=r"set predict\.output to another file"):
        predict(lambda table: table, f"predict.output={output}")
    assert Path("raw.csv").read_bytes() == before


def test_a_file_of_predictions_may_be_written_anew(predict):
    predict(lambda table: table)
    assert len(predict(lambda table: table.head(3))[1]) == 3


def test_an_input_that_is_not_there_names_the_key_that_was_set(exported, run):
    with pytest.raises(UserError, match=r"nowhere\.csv is not a file: set predict.input"):
        run("predict", "predict.input=nowhere.csv")


def test_the_service_names_the_inputs_whose_value_is_unknown_and_counts_them(client, model, raw):
    request = model.data_type.write_request(raw[:2].assign(colour=["RED", "red"]))
    answers = client.post("/predict", **request).json()["predictions"]
    assert [answer.get("unknown") for answer in answers] == [["colour"], None]
    assert 'unknown_values_total{input="colour"} 1.0' in client.get("/metrics").text


def test_a_row_with_the_target_is_answered_and_one_without_an_input_refused(client, model, raw):
    (row,) = model.data_type.write_request(raw[:1])["json"]["rows"]
    assert client.post("/predict", json={"rows": [row | {"target": "big"}]}).status_code == 200
    del row["width"]
    answer = client.post("/predict", json={"rows": [row]})
    assert answer.status_code == 422
    assert "row 1 has no column 'width': send null" in answer.json()["detail"]
