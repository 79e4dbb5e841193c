"""Runs `sanity` again with what a fault leaves alone, and takes long, as its report has it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from faults.harness import Workspace

LADDER, BY_HEART, PROOF = "climb_ladder", "overfit", "prove_training"


def prove_again(work: Workspace, *kept: str) -> None:
    """Runs `sanity`; it may refuse, and its report says why.

    Args:
        work: The workspace.
        kept: Functions of it in whose place the report's figures stand.
    """
    known = work.load("sanity").figures
    learned = [name for name in known if name.startswith("overfit_")]
    learned += ["finite", "tensors", "without_gradient", "not_moved"]
    figures: dict[str, Any] = {
        LADDER: known["ladder"],
        BY_HEART: {name: known[name] for name in learned},
        PROOF: known["proof"],
    }
    for name in kept:
        work.patch("training.sanity", name, lambda *_, found=figures[name]: found)
    with suppress(work.module("errors").UserError):
        work.run("sanity")


def look_again(work: Workspace) -> None:
    """Looks again at what reaches the network."""
    prove_again(work, LADDER, BY_HEART, PROOF)


def check_broken(work: Workspace, change: Callable[[Any], Any]) -> None:
    """Runs `sanity` on a changed network; it refuses, and its report says why."""
    sanity = work.module("training.sanity")
    make_network = sanity.make_network

    def make_broken(*arguments: Any) -> Any:
        network = make_network(*arguments)
        change(network)
        return network

    work.patch("training.sanity", "make_network", make_broken)
    prove_again(work, LADDER)
