"""Holds a project against what the template would generate for it today (`make compare`)."""
