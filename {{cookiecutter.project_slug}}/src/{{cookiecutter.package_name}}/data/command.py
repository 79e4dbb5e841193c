"""`data`: what people do with data beside the stages, such as `data expect`."""

import argparse

from ..configuration import compose
from .expectations import write_expectations


def run(arguments: list[str]) -> None:
    """Runs `data` with its options.

    Raises:
        UserError: What was asked for cannot be done; says why.
    """
    parser = argparse.ArgumentParser(prog="data", description="Work on data beside the stages.")
    actions = parser.add_subparsers(dest="action", required=True)
    expect = actions.add_parser("expect", help="draft expectations/<data>.yaml from the raw data")
    expect.add_argument("overrides", nargs="*", metavar="key=value", help="such as data=folder")
    options = parser.parse_args(arguments)
    path = write_expectations(compose(options.overrides))
    print(f"data: correct what {path} says, and name it in configs/data as `expectations`")
