"""The toy's one check of its own."""

from dlproof import Evidence, Finding


def most_items_are_kept(project: Evidence) -> Finding:
    """Half of the raw items or more are used."""
    figures = project.figures("clean")
    share = figures["usable_items"] / figures["items"]
    return Finding(share >= 0.5, f"{share:.0%} of the items are used")
