"""How long steps may wait for their batches, by logs made up for it."""

from types import SimpleNamespace

import pytest
from dlproof.checklist.data_loading import steps_do_not_wait_for_data


@pytest.mark.parametrize(
    ("share", "holds", "near"), [(0.02, True, False), (0.13, True, True), (0.2, False, False)]
)
def test_a_wait_of_about_a_tenth_is_near_the_bound(share, holds, near):
    waits = {"train/data_wait": [0.9, share, 0.0]}
    found = steps_do_not_wait_for_data(SimpleNamespace(log=waits))
    assert found.holds == holds
    assert found.figure.endswith("near the bound") == near
