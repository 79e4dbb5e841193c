"""The command line, `python -m toy`."""

from .project import PROJECT

if __name__ == "__main__":
    PROJECT.main()
