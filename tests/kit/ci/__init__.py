"""Continuous integration as projects write it."""
