"""A command with subcommands, each a row of a table: its function, name, summary and arguments."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

Commands = Mapping[Callable[..., None], tuple[str, str, dict[str, dict[str, Any]]]]


def parse(
    name: str, about: str | None, commands: Commands, arguments: list[str]
) -> argparse.Namespace:
    """The chosen subcommand's arguments, and its `function`.

    Args:
        name: The command's.
        about: It in a few words, for its help.
        commands: The table.
        arguments: As they are typed behind the command.
    """
    parser = argparse.ArgumentParser(prog=name, description=about)
    listed = parser.add_subparsers(required=True, metavar="COMMAND")
    for function, (own, summary, options) in commands.items():
        command = listed.add_parser(own, help=summary, description=summary)
        command.set_defaults(function=function)
        for flags, settings in options.items():
            command.add_argument(flags, **settings)
    return parser.parse_args(arguments)
