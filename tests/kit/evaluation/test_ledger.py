"""The test split opens once for each model, or with a reason."""

import pytest
from dlproof.errors import UserError
from dlproof.evaluation.ledger import Ledger


def test_a_second_opening_needs_a_reason(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.open("data", "model", "exp-1", reason="")
    with pytest.raises(UserError, match="exp-1 met this test split"):
        ledger.open("data", "model", "exp-1", reason="")
    ledger.open("data", "model", "exp-1", reason="the picture was lost")
    assert [entry["reason"] for entry in ledger.entries()] == ["", "the picture was lost"]


def test_another_model_or_other_data_is_no_repeat(tmp_path):
    ledger = Ledger(tmp_path)
    for data, model in (("data", "model"), ("data", "other"), ("new", "model")):
        ledger.open(data, model, "exp-1", reason="")
    assert len(ledger.entries()) == 3
