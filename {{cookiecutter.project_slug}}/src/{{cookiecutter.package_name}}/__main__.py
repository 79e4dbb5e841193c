"""The command line: the project's console script, or `python -m <package>`."""

from .project import PROJECT


def main() -> None:
    """Runs the command that was typed."""
    PROJECT.main()


if __name__ == "__main__":
    main()
