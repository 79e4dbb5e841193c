"""The toy's data."""
