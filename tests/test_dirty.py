"""What is planted into clean data is found, kind by kind, and little else is taken for it."""

import pytest
from conftest import bake
from dirty_data import measure

COUNT = 8


@pytest.mark.slow
@pytest.mark.parametrize("data_type", ["image", "tabular"])
def test_planted_dirt_is_found(data_type, tmp_path, cookiecutter_config):
    answers = {"package_name": "dirty", "data_type": data_type}
    project = bake(tmp_path, cookiecutter_config, **answers)
    found = measure(project, "dirty", data_type, COUNT)
    labels = found.loc["wrong label"]
    assert labels["recall"] >= 0.7
    assert labels["false alarms"] <= 0.5 * labels["planted"]
    rest = found.drop(index="wrong label")
    assert rest["recall"].min() >= 0.85, rest
    assert (rest["planted"] >= COUNT).all()
    broken = rest[~rest.index.str.contains("copy|cell off|class|exact")]
    assert broken["false alarms"].max() == 0
