"""The batch doubles while that gains, and fits into memory and the training split."""

from pathlib import Path

import pytest
import torch
from dlproof.errors import UserError
from dlproof.training import find_batch_size
from dlproof.training.find_batch_size import choose, climb
from toy.module import Module


def measure(speeds):
    """A stand-in for timing: items a second by size, None where memory is out."""
    return lambda size: speeds[size] and {"batch_size": size, "items_per_second": speeds[size]}


@pytest.mark.parametrize(
    ("speeds", "first", "most", "tried", "best"),
    [
        ({32: 100, 64: 180, 128: 186}, 32, 1000, [32, 64, 128], 64),
        ({32: 100, 64: 180, 128: None}, 32, 1000, [32, 64], 64),
        ({32: 100, 64: 180}, 32, 100, [32, 64], 64),
        ({32: None, 16: None, 8: 50}, 32, 1000, [8], 8),
        ({32: 100, 64: 50}, 32, 1000, [32, 64], 32),
        ({20: 100}, 32, 20, [20], 20),
    ],
    ids=["no gain", "memory out", "all items", "halved", "slower", "few items"],
)
def test_sizes_double_while_they_gain_and_fit(speeds, first, most, tried, best):
    rows = climb(measure(speeds), first, most, 0.05)
    assert [row["batch_size"] for row in rows] == tried
    assert choose(rows, 0.05)["batch_size"] == best


def test_a_model_that_fits_with_no_batch_is_a_sentence():
    with pytest.raises(UserError, match="no batch fits into memory"):
        climb(lambda size: None, 4, 100, 0.05)


def test_memory_that_is_out_ends_the_search_and_other_errors_do_not(checked, run, monkeypatch):
    training_step = Module.training_step

    def fail(error):
        def step(self, batch, index):
            if len(batch["rows"]) > 16:
                raise error
            return training_step(self, batch, index)

        monkeypatch.setattr(Module, "training_step", step)

    settings = ("loader.batch_size=8", "find_batch_size.min_gain=1.0e-9", "find_batch_size.steps=2")
    fail(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    figures = run("find_batch_size", *settings).figures
    assert all(row["batch_size"] <= 16 for row in figures["sizes"])
    assert figures["suggestion"] <= 16
    assert run("find_batch_size", *settings[1:], "loader.batch_size=32").figures["suggestion"] <= 16
    fail(RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes"):
        run("find_batch_size", "loader.batch_size=32")


def test_steps_are_timed_and_nothing_is_kept(checked, run, monkeypatch):
    steps = []
    step = torch.optim.AdamW.step
    monkeypatch.setattr(
        torch.optim.AdamW,
        "step",
        lambda self, *args, **kwargs: steps.append(1) or step(self, *args, **kwargs),
    )
    report = run("find_batch_size", "loader.batch_size=16", "find_batch_size.steps=4")
    rows = report.figures["sizes"]
    assert len(steps) == len(rows) * (find_batch_size.WARM_UP + 4)
    assert all(row["batch_size"] <= report.figures["training_items"] for row in rows)
    for row in rows:
        speed = 1e3 * row["batch_size"] / row["ms_a_step"]
        assert row["items_per_second"] == pytest.approx(speed)
    assert not Path("runs").exists()
    assert Path("reports/find_batch_size.png").stat().st_size > 1000
