"""Tests of the kit's room of this name."""
