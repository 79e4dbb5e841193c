"""Lets `python -m <package>` be the command line, for shells without the console script."""

from .cli import main

if __name__ == "__main__":
    main()
