"""Ingest lists what is there, as it is."""

from pathlib import Path

import pandas as pd
import pytest
from dlproof import build, read_table


@pytest.mark.pipeline
def test_every_raw_item_is_listed_with_its_label_and_hash_and_stays_as_it_is(project, run, compose):
    data_type = build(compose().data)
    before = data_type.list_items()
    figures = run("ingest").figures
    items = read_table(Path("data/items.csv"), "ingest")
    pd.testing.assert_frame_equal(items.drop(columns="unexpected"), before, check_dtype=False)
    pd.testing.assert_frame_equal(data_type.list_items(), before)
    assert figures["items"] == len(items) > 0
    assert items["id"].is_unique
    assert (items[["label", "hash"]] != "").all(axis=None)
    assert (items["unexpected"] == "").all()
