"""What continuous integration runs: its files read, and make, nox, tox and scripts followed."""
