"""The template's own Python: what cookiecutter's questions and hooks share."""
