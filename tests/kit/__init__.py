"""Tests of the kit, on a toy project and, where they need more of a project, on the real one."""
