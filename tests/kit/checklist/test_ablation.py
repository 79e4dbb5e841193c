"""How far a rate may lie from the suggestion, by reports made up for it."""

from types import SimpleNamespace

import numpy as np
import pytest
from dlproof.checklist.ablation import rate_is_near_the_suggestion
from omegaconf import OmegaConf

CURVE = {"rates": list(np.logspace(-7, 0, 100)), "losses": list(np.linspace(2, 1, 100))}


@pytest.mark.parametrize(
    ("chosen", "holds", "near"),
    [
        (2e-3, True, False),
        (2.5e-2, True, True),
        (1.6e-4, True, True),
        (3e-2, False, False),
        (1e-4, False, False),
    ],
)
def test_a_rate_about_a_decade_off_is_near_the_bound(chosen, holds, near):
    figures = {**CURVE, "suggestion": 2e-3}
    cfg = OmegaConf.create({"optimizer": {"lr": chosen}})
    found = rate_is_near_the_suggestion(SimpleNamespace(cfg=cfg, figures=lambda _: figures))
    assert found.holds == holds
    assert found.figure.endswith("near the bound") == near
